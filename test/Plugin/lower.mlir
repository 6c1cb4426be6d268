// Placed programs are lowered by stock mlir-opt, too, to a CPU and to a GPU, as
// mempl-opt does it.
// REQUIRES: stock-mlir-opt

// RUN: %stock_opt_with_mempl %s -o %t.plugin --pass-pipeline="builtin.module(mempl-lower-to-gpu)"
// RUN: mempl-opt %s -o %t.opt --pass-pipeline="builtin.module(mempl-lower-to-gpu)"
// RUN: cmp %t.plugin %t.opt
// RUN: FileCheck %s --check-prefix=GPU < %t.plugin
// GPU: llvm.func @sum
// GPU: gpu.binary
// GPU-SAME: .target sm_90

// RUN: %stock_opt_with_mempl %s -o %t.plugin --pass-pipeline="builtin.module(mempl-lower-to-cpu)"
// RUN: mempl-opt %s -o %t.opt --pass-pipeline="builtin.module(mempl-lower-to-cpu)"
// RUN: cmp %t.plugin %t.opt
// RUN: FileCheck %s --check-prefix=CPU < %t.plugin
// CPU: llvm.func @sum

func.func @sum(%w: tensor<16xf32>) -> tensor<16xf32> {
  %a = mempl.alloc <hbm> at 0 bytes 64 : tensor<16xf32>
  %f = mempl.copy_start prefetch %w to %a : tensor<16xf32>
  %c = mempl.copy_wait %f : tensor<16xf32>
  %e = bufferization.alloc_tensor() : tensor<16xf32>
  %r = linalg.add ins(%c, %c : tensor<16xf32>, tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  mempl.release %c : tensor<16xf32>
  return %r : tensor<16xf32>
}
