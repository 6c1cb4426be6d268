// Something to place: standalone-opt network.mlir --standalone-place=target=tiny
func.func @network(%input: tensor<16x8xf32>, %weights: tensor<8x4xf32>) -> tensor<16x4xf32> {
  %zero = arith.constant 0.0 : f32
  %e0 = tensor.empty() : tensor<16x4xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%e0 : tensor<16x4xf32>) -> tensor<16x4xf32>
  %product = linalg.matmul ins(%input, %weights : tensor<16x8xf32>, tensor<8x4xf32>)
                           outs(%fill : tensor<16x4xf32>) -> tensor<16x4xf32>
  %e1 = tensor.empty() : tensor<16x4xf32>
  %exp = linalg.exp ins(%product : tensor<16x4xf32>) outs(%e1 : tensor<16x4xf32>) -> tensor<16x4xf32>
  return %exp : tensor<16x4xf32>
}
