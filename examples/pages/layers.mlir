func.func @layers(%x: tensor<16384x1024xbf16>, %w1: tensor<8x1024x4096xbf16>,
                  %w2: tensor<8x4096x1024xbf16>) -> tensor<16384x1024xbf16> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %zero = arith.constant 0.0 : bf16
  %r = scf.for %i = %c0 to %c8 step %c1 iter_args(%h = %x) -> tensor<16384x1024xbf16> {
    %a = tensor.extract_slice %w1[%i, 0, 0] [1, 1024, 4096] [1, 1, 1]
        : tensor<8x1024x4096xbf16> to tensor<1024x4096xbf16>
    %b = tensor.extract_slice %w2[%i, 0, 0] [1, 4096, 1024] [1, 1, 1]
        : tensor<8x4096x1024xbf16> to tensor<4096x1024xbf16>
    %e = tensor.empty() : tensor<16384x4096xbf16>
    %f = linalg.fill ins(%zero : bf16) outs(%e : tensor<16384x4096xbf16>) -> tensor<16384x4096xbf16>
    %up = linalg.matmul ins(%h, %a : tensor<16384x1024xbf16>, tensor<1024x4096xbf16>)
        outs(%f : tensor<16384x4096xbf16>) -> tensor<16384x4096xbf16>
    %t = linalg.tanh ins(%up : tensor<16384x4096xbf16>) outs(%e : tensor<16384x4096xbf16>) -> tensor<16384x4096xbf16>
    %d = tensor.empty() : tensor<16384x1024xbf16>
    %g = linalg.fill ins(%zero : bf16) outs(%d : tensor<16384x1024xbf16>) -> tensor<16384x1024xbf16>
    %down = linalg.matmul ins(%t, %b : tensor<16384x4096xbf16>, tensor<4096x1024xbf16>)
        outs(%g : tensor<16384x1024xbf16>) -> tensor<16384x1024xbf16>
    scf.yield %down : tensor<16384x1024xbf16>
  }
  return %r : tensor<16384x1024xbf16>
}
