// RUN: mempl-opt %s --mempl-prepare --mempl-test-print-program -o /dev/null | FileCheck %s

// A fill and the ops that write into it in turn share one storage; every
// allocation is a value, and what is returned is an output.
// CHECK-LABEL: function matmul
// CHECK-NEXT: value arg0: 512 bytes, input
// CHECK-NEXT: value arg1: 128 bytes, input
// CHECK-NEXT: value v2: 256 bytes, temporary
// CHECK-NEXT: value v3: 256 bytes, output
// CHECK-NEXT: step 0 linalg.fill: writes 256 of v2
// CHECK-NEXT: step 1 linalg.matmul: reads 512 of arg0, reads 128 of arg1, updates 512 of v2
// CHECK-NEXT: step 2 linalg.exp: reads 256 of v2, writes 256 of v3
func.func @matmul(%a: tensor<16x8xf32>, %b: tensor<8x4xf32>) -> tensor<16x4xf32> {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<16x4xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<16x4xf32>) -> tensor<16x4xf32>
  %m = linalg.matmul ins(%a, %b : tensor<16x8xf32>, tensor<8x4xf32>) outs(%f : tensor<16x4xf32>) -> tensor<16x4xf32>
  %e2 = tensor.empty() : tensor<16x4xf32>
  %x = linalg.exp ins(%m : tensor<16x4xf32>) outs(%e2 : tensor<16x4xf32>) -> tensor<16x4xf32>
  return %x : tensor<16x4xf32>
}

// An argument that is written in place and returned is there before and after.
// CHECK-LABEL: function update_in_place
// CHECK-NEXT: value arg0: 64 bytes, inout
// CHECK-NEXT: step 0 linalg.exp: updates 128 of arg0
func.func @update_in_place(%a: tensor<16xf32>) -> tensor<16xf32> {
  %x = linalg.exp ins(%a : tensor<16xf32>) outs(%a : tensor<16xf32>) -> tensor<16xf32>
  return %x : tensor<16xf32>
}

// Tensors that are still read later are not written in place: the ops get
// destinations of their own, as bufferization gives them.
// CHECK-LABEL: function read_after_the_write
// CHECK-NEXT: value arg0: 64 bytes, input
// CHECK-NEXT: value v1: 64 bytes, output
// CHECK-NEXT: value v2: 64 bytes, output
// CHECK-NEXT: step 0 linalg.exp: reads 64 of arg0, writes 64 of v1
// CHECK-NEXT: step 1 linalg.add: reads 64 of v1, reads 64 of arg0, writes 64 of v2
// CHECK-NOT: step
func.func @read_after_the_write(%a: tensor<16xf32>) -> (tensor<16xf32>, tensor<16xf32>) {
  %x = linalg.exp ins(%a : tensor<16xf32>) outs(%a : tensor<16xf32>) -> tensor<16xf32>
  %y = linalg.add ins(%x, %a : tensor<16xf32>, tensor<16xf32>) outs(%x : tensor<16xf32>) -> tensor<16xf32>
  return %y, %x : tensor<16xf32>, tensor<16xf32>
}

// Where the old contents are read by the write itself, they are copied first,
// and the copy is a step.
// CHECK-LABEL: function copied_before_the_update
// CHECK: step 0 mempl.transfer: reads 64 of arg0, writes 64 of v1
// CHECK-NEXT: step 1 tensor.insert: updates {{.*}} of v1
// CHECK-NEXT: step 2 linalg.exp: reads 64 of arg0
func.func @copied_before_the_update(%a: tensor<16xf32>, %x: f32, %i: index) -> (tensor<16xf32>, tensor<16xf32>) {
  %r = tensor.insert %x into %a[%i] : tensor<16xf32>
  %e = tensor.empty() : tensor<16xf32>
  %y = linalg.exp ins(%a : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  return %r, %y : tensor<16xf32>, tensor<16xf32>
}

// Two ops that share a destination, as `cse` makes them, get one each.
// CHECK-LABEL: function shared_destination
// CHECK: value v1: 64 bytes, output
// CHECK-NEXT: value v2: 64 bytes, output
// CHECK-NEXT: step 0 linalg.exp: reads 64 of arg0, writes 64 of [[A:v[12]]]
// CHECK-NOT: writes 64 of [[A]]
// CHECK: step 1 linalg.log: reads 64 of arg0, writes 64 of
func.func @shared_destination(%a: tensor<16xf32>) -> (tensor<16xf32>, tensor<16xf32>) {
  %e = tensor.empty() : tensor<16xf32>
  %x = linalg.exp ins(%a : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  %y = linalg.log ins(%a : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  return %x, %y : tensor<16xf32>, tensor<16xf32>
}

// A constant is an input that nobody writes.
// CHECK-LABEL: function constants
// CHECK-NEXT: value constant0: 16 bytes, input
// CHECK: step 0 linalg.exp: reads 16 of constant0, writes 16 of
func.func @constants() -> tensor<4xf32> {
  %c = arith.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %e = tensor.empty() : tensor<4xf32>
  %x = linalg.exp ins(%c : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  return %x : tensor<4xf32>
}

// An argument that is handed back as it came is no output: nothing writes it.
// CHECK-LABEL: function handed_back
// CHECK-NEXT: value arg0: 16 bytes, input
// CHECK-NOT: step
func.func @handed_back(%a: tensor<4xf32>) -> tensor<4xf32> {
  return %a : tensor<4xf32>
}

// Names come from locations.
// CHECK-LABEL: function named
// CHECK-NEXT: value weights: 16 bytes, input
// CHECK: step 0 softmax: reads 16 of weights
func.func @named(%w: tensor<4xf32> loc("weights")) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  %x = linalg.exp ins(%w : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32> loc("softmax")
  return %x : tensor<4xf32>
}
