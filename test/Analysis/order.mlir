// RUN: mempl-opt %s --allow-unregistered-dialect --mempl-prepare --mempl-test-print-program -o /dev/null | FileCheck %s

// In which orders the steps of a function may run. What follows from their
// accesses is not said again.

// Ops that only compute stay behind what they use.
// CHECK-LABEL: function independent
// CHECK: step 0 linalg.exp:
// CHECK-NOT: after
// CHECK: step 1 linalg.log:
// CHECK-NOT: after
func.func @independent(%a: tensor<16xf32>, %b: tensor<16xf32>) -> (tensor<16xf32>, tensor<16xf32>) {
  %e = tensor.empty() : tensor<16xf32>
  %x = linalg.exp ins(%a : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  %f = tensor.empty() : tensor<16xf32>
  %y = linalg.log ins(%b : tensor<16xf32>) outs(%f : tensor<16xf32>) -> tensor<16xf32>
  return %x, %y : tensor<16xf32>, tensor<16xf32>
}

// A scalar comes to its user through ops that are no steps.
// CHECK-LABEL: function scalars
// CHECK: step 0 tensor.extract: reads {{[0-9]+}} of arg0{{$}}
// CHECK: step 1 linalg.exp: {{.*}} of arg1, writes 64 of v{{[0-9]}}, compute {{[^,]*$}}
// CHECK: step 2 linalg.fill: writes 64 of v{{[0-9]}}, after 0{{$}}
func.func @scalars(%a: tensor<16xf32>, %b: tensor<16xf32>) -> (tensor<16xf32>, tensor<16xf32>) {
  %c0 = arith.constant 0 : index
  %s = tensor.extract %a[%c0] : tensor<16xf32>
  %t = arith.addf %s, %s : f32
  %e = tensor.empty() : tensor<16xf32>
  %x = linalg.exp ins(%b : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  %f = tensor.empty() : tensor<16xf32>
  %y = linalg.fill ins(%t : f32) outs(%f : tensor<16xf32>) -> tensor<16xf32>
  return %x, %y : tensor<16xf32>, tensor<16xf32>
}

// Calls, and ops that nobody knows, stay in order among themselves; what only
// computes may pass them.
func.func private @unknown(tensor<16xf32>) -> tensor<16xf32>
// CHECK-LABEL: function calls
// CHECK: step 0 func.call:
// CHECK-NOT: after
// CHECK: step 1 linalg.exp:
// CHECK-NOT: after
// CHECK: step 2 foreign.op: {{.*}}, after 0{{$}}
// CHECK: step 3 func.call: {{.*}}, after 2{{$}}
func.func @calls(%a: tensor<16xf32>, %b: tensor<16xf32>, %c: tensor<16xf32>, %d: tensor<16xf32>) -> (tensor<16xf32>, tensor<16xf32>, tensor<16xf32>, tensor<16xf32>) {
  %w = func.call @unknown(%a) : (tensor<16xf32>) -> tensor<16xf32>
  %e = tensor.empty() : tensor<16xf32>
  %x = linalg.exp ins(%b : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  %y = "foreign.op"(%c) : (tensor<16xf32>) -> tensor<16xf32>
  %z = func.call @unknown(%d) : (tensor<16xf32>) -> tensor<16xf32>
  return %w, %x, %y, %z : tensor<16xf32>, tensor<16xf32>, tensor<16xf32>, tensor<16xf32>
}

// A store is no step. It stays behind the load before it, and keeps the one
// after it behind: so the two steps stay in order.
// CHECK-LABEL: function stores
// CHECK: step 0 linalg.generic: {{.*}}{{$}}
// CHECK-NOT: after
// CHECK: step 1 linalg.generic: {{.*}}, after 0{{$}}
// The last two only read.
// CHECK: step 2 linalg.generic: {{.*}}, after 0{{$}}
func.func @stores(%m: memref<f32>, %s: f32) -> (tensor<16xf32>, tensor<16xf32>, tensor<16xf32>) {
  %x = tensor.generate {
  ^bb0(%i: index):
    %v = memref.load %m[] : memref<f32>
    tensor.yield %v : f32
  } : tensor<16xf32>
  memref.store %s, %m[] : memref<f32>
  %y = tensor.generate {
  ^bb0(%i: index):
    %v = memref.load %m[] : memref<f32>
    tensor.yield %v : f32
  } : tensor<16xf32>
  %z = tensor.generate {
  ^bb0(%i: index):
    %v = memref.load %m[] : memref<f32>
    %w = arith.addf %v, %v : f32
    tensor.yield %w : f32
  } : tensor<16xf32>
  return %x, %y, %z : tensor<16xf32>, tensor<16xf32>, tensor<16xf32>
}

// Tensors that are buffers as well: the store may be to one of them, and what
// is read after it stays there.
// CHECK-LABEL: function buffers
// CHECK: step [[READ:[0-9]+]] linalg.exp:
// CHECK: step {{[0-9]+}} bufferization.to_tensor: {{.*}}, after [[READ]]{{$}}
func.func @buffers(%m: memref<16xf32>, %n: memref<16xf32>, %s: f32) -> (tensor<16xf32>, tensor<16xf32>) {
  %c0 = arith.constant 0 : index
  %a = bufferization.to_tensor %m restrict : memref<16xf32> to tensor<16xf32>
  %e = tensor.empty() : tensor<16xf32>
  %x = linalg.exp ins(%a : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  memref.store %s, %m[%c0] : memref<16xf32>
  %b = bufferization.to_tensor %n restrict : memref<16xf32> to tensor<16xf32>
  %f = tensor.empty() : tensor<16xf32>
  %y = linalg.log ins(%b : tensor<16xf32>) outs(%f : tensor<16xf32>) -> tensor<16xf32>
  return %x, %y : tensor<16xf32>, tensor<16xf32>
}

// A division that the program may never come to stays behind the call.
// CHECK-LABEL: function divisions
// CHECK: step 0 func.call:
// CHECK: step 1 linalg.generic: {{.*}}, after 0{{$}}
// CHECK: step 2 linalg.generic:
// CHECK-NOT: after
func.func @divisions(%a: tensor<16xf32>, %b: tensor<16xi32>, %c: tensor<16xi32>) -> (tensor<16xf32>, tensor<16xi32>, tensor<16xi32>) {
  %x = func.call @unknown(%a) : (tensor<16xf32>) -> tensor<16xf32>
  %e = tensor.empty() : tensor<16xi32>
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]} ins(%b, %c : tensor<16xi32>, tensor<16xi32>) outs(%e : tensor<16xi32>) {
  ^bb0(%p: i32, %q: i32, %o: i32):
    %v = arith.divsi %p, %q : i32
    linalg.yield %v : i32
  } -> tensor<16xi32>
  %f = tensor.empty() : tensor<16xi32>
  %z = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]} ins(%b, %c : tensor<16xi32>, tensor<16xi32>) outs(%f : tensor<16xi32>) {
  ^bb0(%p: i32, %q: i32, %o: i32):
    %v = arith.muli %p, %q : i32
    linalg.yield %v : i32
  } -> tensor<16xi32>
  return %x, %y, %z : tensor<16xf32>, tensor<16xi32>, tensor<16xi32>
}

// In the body of a loop: the old part is read before it is written again,
// though its storage is not the body's own.
// CHECK-LABEL: function bodies
// CHECK: step 0 scf.for:
// CHECK:   step 0 linalg.exp: writes 64 of v0, compute {{[^,]*$}}
// CHECK:   step 1 linalg.exp: writes 64 of v1, compute {{[^,]*$}}
// CHECK:   step 2 linalg.log: reads 64 of v1, compute {{[^,]*}}, after 0{{$}}
// CHECK:   step 3 linalg.add: reads 64 of v0, compute {{[^,]*}}, after 2{{$}}
func.func @bodies(%a: tensor<16xf32>, %b: tensor<16xf32>) -> tensor<16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c10 = arith.constant 10 : index
  %r = scf.for %i = %c0 to %c10 step %c1 iter_args(%x = %a) -> tensor<16xf32> {
    %e = tensor.empty() : tensor<16xf32>
    %y = linalg.exp ins(%x : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
    %f = tensor.empty() : tensor<16xf32>
    %w = linalg.exp ins(%b : tensor<16xf32>) outs(%f : tensor<16xf32>) -> tensor<16xf32>
    %z = linalg.log ins(%w : tensor<16xf32>) outs(%x : tensor<16xf32>) -> tensor<16xf32>
    %u = linalg.add ins(%y, %z : tensor<16xf32>, tensor<16xf32>) outs(%z : tensor<16xf32>) -> tensor<16xf32>
    scf.yield %u : tensor<16xf32>
  }
  return %r : tensor<16xf32>
}

// Which of its operands bufferization copies depends on the order of ops: that
// of this function is fixed.
// CHECK-LABEL: function copied, in its order
// CHECK-NOT: after
func.func @copied(%a: tensor<16xf32>, %b: tensor<16xf32>, %flag: i1) -> (tensor<16xf32>, tensor<16xf32>) {
  %x = scf.if %flag -> tensor<16xf32> {
    %y = linalg.exp ins(%b : tensor<16xf32>) outs(%a : tensor<16xf32>) -> tensor<16xf32>
    scf.yield %y : tensor<16xf32>
  } else {
    scf.yield %a : tensor<16xf32>
  }
  %z = linalg.log ins(%a : tensor<16xf32>) outs(%b : tensor<16xf32>) -> tensor<16xf32>
  return %x, %z : tensor<16xf32>, tensor<16xf32>
}

// A conditional gives one of two tensors: both are read before they are written.
// CHECK-LABEL: function conditionals
// CHECK: step [[READ:[0-9]+]] linalg.exp:
// CHECK: step {{[0-9]+}} linalg.log: {{.*}}, after {{.*}}[[READ]]
func.func @conditionals(%a: tensor<16xf32>, %b: tensor<16xf32>, %c: tensor<16xf32>, %flag: i1) -> (tensor<16xf32>, tensor<16xf32>) {
  %x = scf.if %flag -> tensor<16xf32> {
    scf.yield %a : tensor<16xf32>
  } else {
    scf.yield %b : tensor<16xf32>
  }
  %e = tensor.empty() : tensor<16xf32>
  %y = linalg.exp ins(%x : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  %z = linalg.log ins(%c : tensor<16xf32>) outs(%a : tensor<16xf32>) -> tensor<16xf32>
  return %y, %z : tensor<16xf32>, tensor<16xf32>
}
