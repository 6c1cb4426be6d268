// RUN: mempl-opt %s --allow-unregistered-dialect --learned-memory-placement="target=tiny solver=greedy" --split-input-file --verify-diagnostics -o /dev/null
// RUN: not mempl-opt %s --allow-unregistered-dialect --learned-memory-placement="target=tiny solver=greedy" --split-input-file 2>/dev/null | FileCheck %s

// An order is kept, or refused at the order.

// expected-remark @below {{because each is read once}}
func.func @bound_of_a_result(%x: tensor<?x4xf32> {mempl.max_bytes = "128B"}, %w: tensor<4x4xf32>, %n: index) -> tensor<?x4xf32> {
  // The bound holds for the storage that the operation writes, which has it
  // from the first step on.
  // CHECK-LABEL: func.func @bound_of_a_result
  // CHECK: mempl.alloc <fast> at 0 bytes 128(
  // CHECK: linalg.fill
  %c0 = arith.constant 0.0 : f32
  %e = tensor.empty(%n) : tensor<?x4xf32>
  %f = linalg.fill ins(%c0 : f32) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
  %h = linalg.matmul {mempl.max_bytes = 128} ins(%x, %w : tensor<?x4xf32>, tensor<4x4xf32>) outs(%f : tensor<?x4xf32>) -> tensor<?x4xf32>
  %e2 = tensor.empty(%n) {mempl.max_bytes = 128} : tensor<?x4xf32>
  %r = linalg.exp ins(%h : tensor<?x4xf32>) outs(%e2 : tensor<?x4xf32>) -> tensor<?x4xf32>
  return %r : tensor<?x4xf32>
}

// -----

// What preparation makes of an operation has its constraints.
// CHECK-LABEL: func.func @carried_over
// CHECK-DAG: %[[Q:.*]] = bufferization.alloc_tensor() : tensor<48xf32>
// CHECK-DAG: %[[P:.*]] = mempl.alloc <fast> at {{.*}} bytes 128 : tensor<32xf32>
// CHECK: linalg.fill {{.*}} outs(%[[P]] :
// CHECK: tensor.insert_slice {{.*}} into %[[Q]]
// expected-remark @below {{192 bytes of 1 value because it is constrained to slow memory by 'mempl.forbid'}}
func.func @carried_over(%a: tensor<16xf32>) -> (tensor<32xf32>, tensor<48xf32>) {
  %c = arith.constant 0.0 : f32
  %p = tensor.pad %a low[0] high[16] {
  ^bb0(%i: index):
    tensor.yield %c : f32
  } {mempl.pin} : tensor<16xf32> to tensor<32xf32>
  %q = tensor.concat dim(0) %p, %a {mempl.forbid} : (tensor<32xf32>, tensor<16xf32>) -> tensor<48xf32>
  return %p, %q : tensor<32xf32>, tensor<48xf32>
}

// -----

// A memory space that the program asks for is left alone.
// CHECK-LABEL: func.func @memory_spaces(
// CHECK-SAME: %[[M:.*]]: memref<64xf32, 1>
// CHECK: %[[A:.*]] = bufferization.to_tensor %[[M]]
// CHECK: linalg.exp ins(%[[A]] :
// CHECK: %[[F:.*]] = bufferization.alloc_tensor() {memory_space = 3 : i64}
// CHECK: linalg.add ins(%[[A]], {{.*}} outs(%[[F]] :
// CHECK: %[[G:.*]] = bufferization.alloc_tensor() {memory_space = 3 : i64}
// CHECK: mempl.transfer {{.*}} to %[[G]]
// expected-remark @below {{1792 bytes of 3 values because each has a memory space}}
func.func @memory_spaces(%m: memref<64xf32, 1>) -> (tensor<64xf32>, tensor<64xf32>) {
  %a = bufferization.to_tensor %m restrict : memref<64xf32, 1> to tensor<64xf32>
  %e = tensor.empty() : tensor<64xf32>
  %x = linalg.exp ins(%a : tensor<64xf32>) outs(%e : tensor<64xf32>) -> tensor<64xf32>
  %f = bufferization.alloc_tensor() {memory_space = 3 : i64} : tensor<64xf32>
  %y = linalg.add ins(%a, %x : tensor<64xf32>, tensor<64xf32>) outs(%f : tensor<64xf32>) -> tensor<64xf32>
  %g = bufferization.alloc_tensor() copy(%x) {memory_space = 3 : i64} : tensor<64xf32>
  %z = linalg.add ins(%y, %x : tensor<64xf32>, tensor<64xf32>) outs(%g : tensor<64xf32>) -> tensor<64xf32>
  return %x, %z : tensor<64xf32>, tensor<64xf32>
}

// -----

// One error, at the pin.
func.func @too_large(%a: tensor<16xf32>,
    // expected-error @below {{'mempl.pin' cannot be kept: 'arg1' has 4096 bytes, and fast memory has 1024}}
    %b: tensor<1024xf32> {mempl.pin}) -> tensor<1024xf32> {
  %e = tensor.empty() : tensor<1024xf32>
  %x = linalg.exp ins(%b : tensor<1024xf32>) outs(%e : tensor<1024xf32>) -> tensor<1024xf32>
  return %x : tensor<1024xf32>
}

// -----

// expected-error @below {{'mempl.pin' cannot be kept: step 0 (linalg.add) uses 3 pinned values of together 1536 bytes, and fast memory has 1024}}
func.func @together(%a: tensor<128xf32> {mempl.pin},
    // expected-note @below {{'arg1' (512 bytes) is pinned here}}
    %b: tensor<128xf32> {mempl.pin}) -> tensor<128xf32> {
  %e = tensor.empty() : tensor<128xf32>
  // expected-note @below {{(512 bytes) is pinned here}}
  %x = linalg.add {mempl.pin} ins(%a, %b : tensor<128xf32>, tensor<128xf32>) outs(%e : tensor<128xf32>) -> tensor<128xf32>
  return %x : tensor<128xf32>
}

// -----

// expected-error @below {{'mempl.pin' cannot be kept: 'arg0' has 512 bytes, and fast memory has 1024, of which step 0 (mempl.kernel) can use 224 for them}}
func.func @beside_a_kernel(%a: tensor<128xf32> {mempl.pin}) -> tensor<128xf32> {
  %k = mempl.kernel "soft"(%a) {seconds = 1.0e-6 : f64, reserved = 800 : i64} : (tensor<128xf32>) -> tensor<128xf32>
  return %k : tensor<128xf32>
}

// -----

func.func @in_a_loop(%a: tensor<128xf32> {bufferization.writable = true}) -> tensor<128xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %r = scf.for %i = %c0 to %c4 step %c1 iter_args(%x = %a) -> (tensor<128xf32>) {
    // expected-error @below {{has 4096 bytes, and fast memory has 1024}}
    %e = tensor.empty() {mempl.pin} : tensor<1024xf32>
    %s = tensor.extract_slice %e[0] [128] [1] : tensor<1024xf32> to tensor<128xf32>
    %y = linalg.exp ins(%x : tensor<128xf32>) outs(%s : tensor<128xf32>) -> tensor<128xf32>
    %z = linalg.exp ins(%y : tensor<128xf32>) outs(%x : tensor<128xf32>) -> tensor<128xf32>
    scf.yield %z : tensor<128xf32>
  }
  return %r : tensor<128xf32>
}

// -----

func.func @where_nothing_is_placed(%a: tensor<16xf32>) -> tensor<16xf32> {
  %t = arith.constant true
  %r = scf.while (%x = %a) : (tensor<16xf32>) -> tensor<16xf32> {
    scf.condition(%t) %x : tensor<16xf32>
  } do {
  ^bb0(%x: tensor<16xf32>):
    %e = tensor.empty() : tensor<16xf32>
    // expected-error @below {{is constrained to fast memory by 'mempl.pin', but it is allocated inside 'scf.while'}}
    %y = linalg.exp {mempl.pin} ins(%x : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
    scf.yield %y : tensor<16xf32>
  }
  return %r : tensor<16xf32>
}

// -----

func.func @where_nobody_looks(%a: tensor<16xf32>) -> tensor<16xf32> {
  %r = "test.op"(%a) ({
  ^bb0(%x: tensor<16xf32>):
    %e = tensor.empty() : tensor<16xf32>
    // expected-error @below {{is constrained to fast memory by 'mempl.pin', but it is allocated inside 'test.op'}}
    %y = linalg.exp {mempl.pin} ins(%x : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
    "test.yield"(%y) : (tensor<16xf32>) -> ()
  }) : (tensor<16xf32>) -> tensor<16xf32>
  return %r : tensor<16xf32>
}

// -----

// A pin that costs more than it gains: the weight is read once, and there is no
// time to copy it beside the program.
// expected-remark @below {{'slower'}}
func.func @slower(%a: tensor<16xf32>,
    // expected-remark @below {{the pin of 'arg1' makes the program slower: it takes}}
    %b: tensor<16xf32> {mempl.pin}) -> tensor<16xf32> {
  %e = tensor.empty() : tensor<16xf32>
  %x = linalg.add ins(%a, %b : tensor<16xf32>, tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  return %x : tensor<16xf32>
}

// -----

// expected-error @below {{'mempl.max_bytes' says at most 16 bytes, and 'tensor<64xf32>' has 256}}
func.func @less_than_the_type(%a: tensor<64xf32> {mempl.max_bytes = 16}) -> tensor<64xf32> {
  return %a : tensor<64xf32>
}

// -----

// expected-warning @below {{'mempl.max_bytes' has no effect: 'tensor<64xf32>' has a static shape}}
func.func @of_a_static_type(%a: tensor<64xf32> {mempl.max_bytes = "1KiB"}) -> tensor<64xf32> {
  return %a : tensor<64xf32>
}

// -----

func.func @contradicts_the_bounds() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  // expected-warning @below {{'mempl.trips' says 9 trips, and the bounds 4}}
  scf.for %i = %c0 to %c4 step %c1 {
    "test.op"() : () -> ()
  } {mempl.trips = 9 : i64}
  return
}

// -----

// expected-remark @below {{'f' is not placed: it has several blocks}}
// expected-warning @below {{'mempl.pin' has no effect: 'f' is not placed}}
func.func @f(%a: tensor<16xf32> {mempl.pin}) -> tensor<16xf32> {
  cf.br ^end
^end:
  return %a : tensor<16xf32>
}
// expected-warning @below {{'mempl.max_bytes' has no effect: 'outside' is not placed}}
func.func private @outside(tensor<?xf32> {mempl.max_bytes = 64})
