func.func @rows(%a: tensor<64x64xf32>, %o: tensor<64x64xf32>) -> tensor<64x64xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  %r = scf.for %i = %c0 to %c64 step %c1 iter_args(%x = %o) -> tensor<64x64xf32> {
    %s = tensor.extract_slice %a[%i, 0] [1, 64] [1, 1] : tensor<64x64xf32> to tensor<64xf32>
    %t = tensor.extract_slice %x[%i, 0] [1, 64] [1, 1] : tensor<64x64xf32> to tensor<64xf32>
    %y = linalg.exp ins(%s : tensor<64xf32>) outs(%t : tensor<64xf32>) -> tensor<64xf32>
    %z = linalg.mul ins(%s, %y : tensor<64xf32>, tensor<64xf32>) outs(%y : tensor<64xf32>) -> tensor<64xf32>
    %w = linalg.add ins(%s, %z : tensor<64xf32>, tensor<64xf32>) outs(%z : tensor<64xf32>) -> tensor<64xf32>
    %u = tensor.insert_slice %w into %x[%i, 0] [1, 64] [1, 1] : tensor<64xf32> into tensor<64x64xf32>
    scf.yield %u : tensor<64x64xf32>
  }
  return %r : tensor<64x64xf32>
}
