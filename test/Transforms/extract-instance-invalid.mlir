// RUN: mempl-opt %s --mempl-extract-instance="target=tiny" -split-input-file -verify-diagnostics

// The op brings a buffer in slow memory, unless preparation gives it one.
func.func @pinned_and_not_prepared(%a: tensor<16xf32>, %c: f32) -> tensor<32xf32> {
  // expected-error @below {{'v1' is constrained to fast memory by 'mempl.pin', but 'tensor.pad' works on it in slow memory}}
  %p = tensor.pad %a low[0] high[16] {
  ^bb0(%i: index):
    tensor.yield %c : f32
  } {mempl.pin} : tensor<16xf32> to tensor<32xf32>
  return %p : tensor<32xf32>
}

// -----

// expected-error @below {{'mempl.pin' pins a tensor into fast memory that is a buffer already}}
func.func @buffer(%b: memref<64xf32> {mempl.pin = #mempl.space<fast>}, %t: tensor<64xf32>) -> tensor<64xf32> {
  %r = linalg.exp ins(%t : tensor<64xf32>) outs(%t : tensor<64xf32>) -> tensor<64xf32>
  return %r : tensor<64xf32>
}
