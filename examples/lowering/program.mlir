// Something to place, lower and run.
func.func @main() {
  %input = arith.constant dense<[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]> : tensor<2x4xf32>
  %weights = arith.constant dense<0.5> : tensor<4x4xf32>
  %zero = arith.constant 0.0 : f32
  %e0 = tensor.empty() : tensor<2x4xf32>
  %f0 = linalg.fill ins(%zero : f32) outs(%e0 : tensor<2x4xf32>) -> tensor<2x4xf32>
  %first = linalg.matmul ins(%input, %weights : tensor<2x4xf32>, tensor<4x4xf32>)
                         outs(%f0 : tensor<2x4xf32>) -> tensor<2x4xf32>
  %e1 = tensor.empty() : tensor<2x4xf32>
  %f1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<2x4xf32>) -> tensor<2x4xf32>
  %second = linalg.matmul ins(%first, %weights : tensor<2x4xf32>, tensor<4x4xf32>)
                          outs(%f1 : tensor<2x4xf32>) -> tensor<2x4xf32>
  %i = arith.constant 0 : index
  %r = vector.transfer_read %second[%i, %i], %zero : tensor<2x4xf32>, vector<2x4xf32>
  vector.print %r : vector<2x4xf32>
  return
}
