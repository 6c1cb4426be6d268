// RUN: mempl-opt %s --split-input-file --verify-diagnostics --pass-pipeline="builtin.module(mempl-prepare)"
// RUN: mempl-opt %s --split-input-file --verify-diagnostics --pass-pipeline="builtin.module(learned-memory-placement{target=tiny})"
// RUN: mempl-opt %s --split-input-file --verify-diagnostics --pass-pipeline="builtin.module(func.func(mempl-check-placement),mempl-extract-instance{target=tiny})"
// RUN: mempl-opt %s --split-input-file --lift-cf-to-scf --mempl-prepare -o /dev/null
// RUN: mempl-opt %s --split-input-file --mempl-lower-to-cpu -o /dev/null

// Upstream's analysis exhausts the stack on it.
func.func @result_of_itself(%a: tensor<8xf32>, %c: i1) -> tensor<8xf32> {
  cf.br ^bb1(%a : tensor<8xf32>)
^bb1(%t: tensor<8xf32>):
  // expected-error @below {{'scf.execute_region' op has a tensor result in a loop of blocks, which bufferization cannot analyze; --lift-cf-to-scf makes an scf.while of it}}
  %r = scf.execute_region -> tensor<8xf32> {
    scf.yield %t : tensor<8xf32>
  }
  cf.cond_br %c, ^bb1(%r : tensor<8xf32>), ^bb2
^bb2:
  return %r : tensor<8xf32>
}
