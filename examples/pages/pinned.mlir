func.func @scale(%x: tensor<64xf32> {mempl.pin}, %factor: tensor<64xf32>) -> tensor<64xf32> {
  %empty = tensor.empty() : tensor<64xf32>
  %product = linalg.mul ins(%x, %factor : tensor<64xf32>, tensor<64xf32>)
                        outs(%empty : tensor<64xf32>) -> tensor<64xf32>
  return %product : tensor<64xf32>
}
