// RUN: mempl-opt %s --learned-memory-placement="target=tiny solver=greedy capacity=64 fallback=error" | FileCheck %s

// A call may take a tensor that was overwritten before if the callee does not
// read it: that is no other tensor than before.
// CHECK-LABEL: func.func @caller(
// CHECK: mempl.copy_start prefetch %arg0
// CHECK: call @ignores(
func.func private @ignores(%a0: tensor<16xf32>, %a1: tensor<16xf32>) -> tensor<16xf32> {
  return %a1 : tensor<16xf32>
}
func.func @caller(%a0: tensor<16xf32>, %a1: tensor<16xf32>) -> (tensor<16xf32>, tensor<16xf32>) {
  %0 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} ins(%a0, %a0 : tensor<16xf32>, tensor<16xf32>) outs(%a0 : tensor<16xf32>) {
  ^bb0(%b0: f32, %b1: f32, %b2: f32):
    %s0 = arith.addf %b0, %b1 : f32
    %s1 = arith.mulf %s0, %b2 : f32
    linalg.yield %s1 : f32
  } -> tensor<16xf32>
  %1 = func.call @ignores(%a0, %a1) : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
  %2 = linalg.exp ins(%0 : tensor<16xf32>) outs(%0 : tensor<16xf32>) -> tensor<16xf32>
  return %1, %2 : tensor<16xf32>, tensor<16xf32>
}

// A copy in the place of what it copies has the same contents.
// CHECK-LABEL: func.func @copied(
// CHECK: mempl.alloc
func.func @copied(%a: tensor<16xf32>, %v: vector<4xf32>) -> tensor<16xf32> {
  %c4 = arith.constant 4 : index
  %e0 = tensor.empty() : tensor<16xf32>
  %0 = linalg.exp ins(%a : tensor<16xf32>) outs(%e0 : tensor<16xf32>) -> tensor<16xf32>
  %e1 = tensor.empty() : tensor<16xf32>
  %1 = linalg.copy ins(%0 : tensor<16xf32>) outs(%e1 : tensor<16xf32>) -> tensor<16xf32>
  %2 = vector.transfer_write %v, %0[%c4] {in_bounds = [true]} : vector<4xf32>, tensor<16xf32>
  %e2 = tensor.empty() : tensor<16xf32>
  %3 = linalg.exp ins(%2 : tensor<16xf32>) outs(%e2 : tensor<16xf32>) -> tensor<16xf32>
  return %3 : tensor<16xf32>
}
