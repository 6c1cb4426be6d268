func.func @f(%a: tensor<64xf32>, %b: tensor<64xf32>) -> tensor<64xf32> {
  %x = arith.addf %a, %b : tensor<64xf32>
  %y = math.sqrt %x : tensor<64xf32>
  return %y : tensor<64xf32>
}
