// Stock mlir-opt with the plugin: dialect and passes, as mempl-opt has them.
// REQUIRES: stock-mlir-opt

// RUN: not %stock_opt %s 2>&1 | FileCheck %s --check-prefix=WITHOUT
// WITHOUT: error: Dialect `mempl' not found

// The dialect alone is enough to read and print.
// RUN: %stock_opt --load-dialect-plugin=%plugin %s | FileCheck %s --check-prefix=DIALECT
// DIALECT: mempl.alloc <fast> at 0 bytes 64 : tensor<16xf32>

// RUN: %stock_opt --load-dialect-plugin=%plugin --show-dialects %s | FileCheck %s --check-prefix=SHOW
// SHOW: mempl

// Both, by pipeline, give what mempl-opt gives, byte for byte.
// RUN: %stock_opt_with_mempl %s -o %t.plugin \
// RUN:   --pass-pipeline="builtin.module(learned-memory-placement{target=tiny solver=greedy})"
// RUN: mempl-opt %s -o %t.opt \
// RUN:   --pass-pipeline="builtin.module(learned-memory-placement{target=tiny solver=greedy})"
// RUN: cmp %t.plugin %t.opt
// RUN: FileCheck %s --check-prefix=PLACED < %t.plugin
// PLACED-LABEL: func.func @network(
// PLACED: mempl.copy_start prefetch
// PLACED: mempl.copy_wait
// PLACED: linalg.matmul

// With the passes alone, the dialect and the costs come by themselves.
// RUN: grep -v 'mempl[.]alloc' %s > %t.plain.mlir
// RUN: %stock_opt --load-pass-plugin=%plugin %t.plain.mlir -o %t.passes \
// RUN:   --pass-pipeline="builtin.module(learned-memory-placement{target=tiny solver=greedy})"
// RUN: mempl-opt %t.plain.mlir -o %t.opt \
// RUN:   --pass-pipeline="builtin.module(learned-memory-placement{target=tiny solver=greedy})"
// RUN: cmp %t.passes %t.opt

// And on through upstream's bufferization.
// RUN: %stock_opt_with_mempl %s \
// RUN:   --pass-pipeline="builtin.module(learned-memory-placement{target=tiny solver=greedy},one-shot-bufferize{bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map})" \
// RUN:   | FileCheck %s --check-prefix=BUFFERS
// BUFFERS-LABEL: func.func @network(
// BUFFERS: mempl.alloc <fast> {{.*}} memref<{{.*}}#mempl.space<fast>>

func.func @storage() -> tensor<16xf32> {
  %b = tensor.empty() : tensor<16xf32>
  %a = mempl.alloc <fast> at 0 bytes 64 : tensor<16xf32>
  return %b : tensor<16xf32>
}

func.func @network(%input: tensor<16x8xf32>, %weights: tensor<8x4xf32>) -> tensor<16x4xf32> {
  %zero = arith.constant 0.0 : f32
  %e0 = tensor.empty() : tensor<16x4xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%e0 : tensor<16x4xf32>) -> tensor<16x4xf32>
  %product = linalg.matmul ins(%input, %weights : tensor<16x8xf32>, tensor<8x4xf32>) outs(%fill : tensor<16x4xf32>) -> tensor<16x4xf32>
  %e1 = tensor.empty() : tensor<16x4xf32>
  %exp = linalg.exp ins(%product : tensor<16x4xf32>) outs(%e1 : tensor<16x4xf32>) -> tensor<16x4xf32>
  return %exp : tensor<16x4xf32>
}
