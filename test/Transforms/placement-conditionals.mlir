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
