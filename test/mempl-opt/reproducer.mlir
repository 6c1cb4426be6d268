// What goes in, and how, is written before anything runs.

// RUN: mempl-opt %s --pass-pipeline="builtin.module(canonicalize,learned-memory-placement{target=tiny solver=greedy seed=7})" --reproducer=%t.mlir -o %t.out
// RUN: FileCheck %s < %t.mlir
// CHECK: // mempl {{[0-9.]+}}, LLVM {{[0-9.]+}}
// CHECK-NEXT: // {{.*}}mempl-opt {{.*}}--reproducer=
// CHECK: func.func @network(
// CHECK-NOT: mempl.alloc
// CHECK: pipeline: "builtin.module(canonicalize{{.*}},learned-memory-placement{{.*}}seed=7 {{.*}}target=tiny

// RUN: mempl-opt --run-reproducer %t.mlir | cmp - %t.out

// Also where the run fails, from a pipe, and where the input is wrong.
// RUN: cat %s | not mempl-opt --pass-pipeline="builtin.module(learned-memory-placement{target=nowhere})" --reproducer=%t.fails.mlir
// RUN: not mempl-opt --run-reproducer %t.fails.mlir 2>&1 | FileCheck %s --check-prefix=FAILS
// FAILS: nowhere
// RUN: echo "func.func @wrong(" | not mempl-opt --canonicalize --reproducer=%t.wrong.mlir
// RUN: FileCheck %s --check-prefix=WRONG < %t.wrong.mlir
// WRONG: // mempl {{[0-9.]+}}, LLVM {{[0-9.]+}}
// WRONG: func.func @wrong(

// RUN: not mempl-opt %s --split-input-file --reproducer=%t.split.mlir 2>&1 | FileCheck %s --check-prefix=SPLIT
// SPLIT: mempl-opt: error: --reproducer: expected one module, without --split-input-file

func.func @network(%a: tensor<16xf32>) -> tensor<16xf32> {
  %e = tensor.empty() : tensor<16xf32>
  %x = linalg.exp ins(%a : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  %f = tensor.empty() : tensor<16xf32>
  %y = linalg.log ins(%x : tensor<16xf32>) outs(%f : tensor<16xf32>) -> tensor<16xf32>
  return %y : tensor<16xf32>
}
