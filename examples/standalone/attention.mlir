// Something with an op whose cost mempl does not know: docs/extending/cost-model.md.
func.func @attention(%scores: tensor<256x256xf32>, %values: tensor<256x64xf32>) -> tensor<256x64xf32> {
  %zero = arith.constant 0.0 : f32
  %e0 = tensor.empty() : tensor<256x256xf32>
  %shares = linalg.softmax dimension(1) ins(%scores : tensor<256x256xf32>) outs(%e0 : tensor<256x256xf32>) -> tensor<256x256xf32>
  %e1 = tensor.empty() : tensor<256x64xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%e1 : tensor<256x64xf32>) -> tensor<256x64xf32>
  %result = linalg.matmul ins(%shares, %values : tensor<256x256xf32>, tensor<256x64xf32>)
                          outs(%fill : tensor<256x64xf32>) -> tensor<256x64xf32>
  return %result : tensor<256x64xf32>
}
