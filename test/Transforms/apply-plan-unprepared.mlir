// RUN: not mempl-opt %s --pass-pipeline="builtin.module(mempl-extract-instance{target=tiny},mempl-solve{solver=greedy},mempl-apply-plan{target=tiny})" 2>&1 | FileCheck %s --implicit-check-not="internal error"
// RUN: mempl-opt %s --pass-pipeline="builtin.module(mempl-prepare,mempl-extract-instance{target=tiny},mempl-solve{solver=greedy},mempl-apply-plan{target=tiny})" | FileCheck %s --check-prefix=PREPARED

// Two products write into one filled tensor. What has not been prepared is the
// user's mistake, and not one of the placement.
// CHECK: apply-plan-unprepared.mlir:[[#@LINE+3]]:1: error: 'f' is not prepared: several ops write into one tensor; run mempl-prepare before mempl-extract-instance
// CHECK: note: the second one
// PREPARED: mempl.alloc
func.func @f(%a: tensor<4x4xf32>, %b: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<4x4xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<4x4xf32>) -> tensor<4x4xf32>
  %empty2 = tensor.empty() : tensor<4x4xf32>
  %fill2 = linalg.fill ins(%zero : f32) outs(%empty2 : tensor<4x4xf32>) -> tensor<4x4xf32>
  %1 = linalg.matmul ins(%a, %b : tensor<4x4xf32>, tensor<4x4xf32>) outs(%fill : tensor<4x4xf32>) -> tensor<4x4xf32>
  %2 = linalg.matmul ins(%1, %a : tensor<4x4xf32>, tensor<4x4xf32>) outs(%fill2 : tensor<4x4xf32>) -> tensor<4x4xf32>
  %3 = linalg.matmul ins(%2, %b : tensor<4x4xf32>, tensor<4x4xf32>) outs(%fill : tensor<4x4xf32>) -> tensor<4x4xf32>
  %4 = linalg.matmul ins(%3, %a : tensor<4x4xf32>, tensor<4x4xf32>) outs(%fill2 : tensor<4x4xf32>) -> tensor<4x4xf32>
  return %4 : tensor<4x4xf32>
}
