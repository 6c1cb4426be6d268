// RUN: mempl-opt %s --verify-diagnostics --mempl-prepare
// RUN: mempl-opt %s --verify-diagnostics --pass-pipeline="builtin.module(learned-memory-placement{target=tiny})"
// RUN: mempl-opt %s --verify-diagnostics --pass-pipeline="builtin.module(mempl-extract-instance{target=tiny})"
// RUN: mempl-opt %s --verify-diagnostics --mempl-lower-to-cpu

// Upstream has -2^63 in place of amounts that are operands.
func.func @no_operand(%x: tensor<?xf32>, %zero: f32) -> tensor<?xf32> {
  // expected-error @below {{expected amounts of padding above -2^63, which stands for an operand}}
  %padded = tensor.pad %x low[-9223372036854775808] high[3] {
  ^bb0(%i: index):
    tensor.yield %zero : f32
  } : tensor<?xf32> to tensor<?xf32>
  return %padded : tensor<?xf32>
}
