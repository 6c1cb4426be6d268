// RUN: mempl-opt %s --learned-memory-placement="target=tiny solver=greedy" | FileCheck %s
// RUN: mempl-opt %s --learned-memory-placement="target=tiny solver=greedy" --one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" | FileCheck %s --check-prefix=BUF

// A branch reads a value in fast memory; what it allocates stays outside.
// CHECK-LABEL: func.func @read_in_a_branch
// CHECK: mempl.alloc <fast>
// CHECK: %[[T:.*]] = linalg.exp
// CHECK: scf.if
// CHECK: bufferization.alloc_tensor
// CHECK: linalg.log ins(%[[T]] :
// CHECK: mempl.release %[[T]]
// BUF-LABEL: func.func @read_in_a_branch
// BUF-NOT: memref.copy
// BUF: scf.if
// BUF: linalg.log ins(%{{.*}} : memref<16xf32, #mempl.space<fast>>) outs(%{{.*}} : memref<16xf32>)
// BUF-NOT: memref.copy
func.func @read_in_a_branch(%c: i1, %a: tensor<16xf32>) -> tensor<16xf32> {
  %e = tensor.empty() : tensor<16xf32>
  %t = linalg.exp ins(%a : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  %r = scf.if %c -> tensor<16xf32> {
    %f = tensor.empty() : tensor<16xf32>
    %y = linalg.log ins(%t : tensor<16xf32>) outs(%f : tensor<16xf32>) -> tensor<16xf32>
    scf.yield %y : tensor<16xf32>
  } else {
    %f = tensor.empty() : tensor<16xf32>
    %y = linalg.sqrt ins(%t : tensor<16xf32>) outs(%f : tensor<16xf32>) -> tensor<16xf32>
    scf.yield %y : tensor<16xf32>
  }
  return %r : tensor<16xf32>
}

// What a branch may write, as it is read in fast memory later, is not copied there
// while the branch runs.
// CHECK-LABEL: func.func @written_in_a_branch(
// CHECK-SAME: %{{[a-z0-9]+}}: i1, %[[A:[a-z0-9]+]]: tensor<16xf32>, %{{[a-z0-9]+}}: tensor<16xf32>, %[[X:[a-z0-9]+]]: f32
// CHECK-NOT: mempl.copy_start {{.*}}%[[A]]
// CHECK: scf.if
// CHECK: tensor.insert %[[X]] into %[[A]]
// CHECK: mempl.copy_start prefetch %[[A]]
// BUF-LABEL: func.func @written_in_a_branch(
func.func @written_in_a_branch(%c: i1, %a: tensor<16xf32>, %b: tensor<16xf32>, %x: f32, %i: index) -> (tensor<16xf32>, tensor<16xf32>) {
  %r = scf.if %c -> tensor<16xf32> {
    scf.yield %a : tensor<16xf32>
  } else {
    %y = tensor.insert %x into %a[%i] : tensor<16xf32>
    scf.yield %y : tensor<16xf32>
  }
  %e = tensor.empty() : tensor<16xf32>
  %u = linalg.exp ins(%a : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  %f = tensor.empty() : tensor<16xf32>
  %v = linalg.add ins(%a, %u : tensor<16xf32>, tensor<16xf32>) outs(%f : tensor<16xf32>) -> tensor<16xf32>
  %g = tensor.empty() : tensor<16xf32>
  %w = linalg.mul ins(%a, %v : tensor<16xf32>, tensor<16xf32>) outs(%g : tensor<16xf32>) -> tensor<16xf32>
  return %r, %w : tensor<16xf32>, tensor<16xf32>
}

// A slice that comes out of a conditional as it went in is not written, so that
// the rest of the tensor may be copied out meanwhile.
// CHECK-LABEL: func.func @passed_through_a_conditional(
// CHECK: %[[X:.*]] = linalg.exp ins(%{{.*}}) outs(%{{.*}} : tensor<16xf32>)
// CHECK: mempl.copy_start evict %[[X]]
// CHECK: %[[SLICE:.*]] = tensor.extract_slice %[[X]]
// CHECK: scf.if
// CHECK-NOT: tensor.insert_slice
// CHECK: linalg.log ins(%[[SLICE]] :
// CHECK: mempl.copy_wait
// CHECK: mempl.release %[[X]]
// BUF-LABEL: func.func @passed_through_a_conditional(
// BUF-NOT: memref.copy
func.func @passed_through_a_conditional(%a: tensor<16xf32>, %c: i1) -> (tensor<16xf32>, tensor<8xf32>) {
  %e = tensor.empty() : tensor<16xf32>
  %x = linalg.exp ins(%a : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  %y = linalg.exp ins(%x : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  %slice = tensor.extract_slice %x[1] [8] [1] : tensor<16xf32> to tensor<8xf32>
  %r = scf.if %c -> tensor<8xf32> {
    func.call @effect() : () -> ()
    scf.yield %slice : tensor<8xf32>
  } else {
    scf.yield %slice : tensor<8xf32>
  }
  %f = tensor.empty() : tensor<8xf32>
  %z = linalg.log ins(%r : tensor<8xf32>) outs(%f : tensor<8xf32>) -> tensor<8xf32>
  %w = linalg.exp ins(%y : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  return %x, %z : tensor<16xf32>, tensor<8xf32>
}
func.func private @effect()
