// RUN: mempl-opt %s --learned-memory-placement="target=tiny capacity=512 solver=search tile=false" --one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" | FileCheck %s

// Half of what is live fits: the plan chooses, offsets stay below the capacity,
// and bufferization adds no copy.
// CHECK-LABEL: func.func @pressure
// CHECK-NOT: memref.copy
// CHECK-NOT: mempl.alloc <fast> at 512
// CHECK: mempl.alloc <fast> at {{[0-9]+}} bytes 256
// CHECK-NOT: memref.copy
// CHECK: return
func.func @pressure(%a: tensor<64xf32>) -> tensor<64xf32> {
  %e0 = tensor.empty() : tensor<64xf32>
  %0 = linalg.exp ins(%a : tensor<64xf32>) outs(%e0 : tensor<64xf32>) -> tensor<64xf32>
  %e1 = tensor.empty() : tensor<64xf32>
  %1 = linalg.exp ins(%0 : tensor<64xf32>) outs(%e1 : tensor<64xf32>) -> tensor<64xf32>
  %e2 = tensor.empty() : tensor<64xf32>
  %2 = linalg.exp ins(%1 : tensor<64xf32>) outs(%e2 : tensor<64xf32>) -> tensor<64xf32>
  %e3 = tensor.empty() : tensor<64xf32>
  %3 = linalg.add ins(%0, %1 : tensor<64xf32>, tensor<64xf32>) outs(%e3 : tensor<64xf32>) -> tensor<64xf32>
  %e4 = tensor.empty() : tensor<64xf32>
  %4 = linalg.add ins(%2, %3 : tensor<64xf32>, tensor<64xf32>) outs(%e4 : tensor<64xf32>) -> tensor<64xf32>
  %e5 = tensor.empty() : tensor<64xf32>
  %5 = linalg.add ins(%0, %4 : tensor<64xf32>, tensor<64xf32>) outs(%e5 : tensor<64xf32>) -> tensor<64xf32>
  return %5 : tensor<64xf32>
}
