// RUN: mempl-opt --split-input-file --verify-diagnostics --mempl-lower-to-cpu %s

func.func @kernel(%w: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{'mempl.kernel' op cannot be lowered}}
  %r = mempl.kernel "k"(%w) : (tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}

// -----

// An op that upstream's passes leave as it is.
func.func @left() -> index {
  // expected-error @+1 {{'gpu.thread_id' was not lowered}}
  %i = gpu.thread_id x
  return %i : index
}
