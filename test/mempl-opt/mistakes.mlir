// After a mistake of ours a program is left as it was: no plan, or a placed
// function that fails a check, is a warning, and an error if asked for.

// RUN: rm -rf %t && mkdir %t && cd %t
// RUN: mempl-opt-broken %s --learned-memory-placement="target=tiny solver=broken" 2> err > out
// RUN: FileCheck %s --check-prefixes=PLAN < err
// RUN: FileCheck %s --check-prefix=LEFT < out
// PLAN: mistakes.mlir:[[# @LINE + 26]]:1: warning: internal error: solver broken returned an invalid plan (V2: {{.*}}); 'network' is not placed and stays in slow memory; please report it with the file mempl-opt-reproducer.json

// RUN: mempl-opt-broken %s --learned-memory-placement="target=tiny solver=oversized summary=true plan-out=plan.json trace-out=trace.json" 2> err > out
// RUN: FileCheck %s --check-prefixes=CHECK < err
// RUN: FileCheck %s --check-prefix=LEFT < out
// RUN: FileCheck %s --check-prefix=FILE < mempl-opt-reproducer-1.json
// RUN: FileCheck %s --check-prefix=EMPTY < plan.json
// RUN: FileCheck %s --check-prefix=TRACE < trace.json
// CHECK: mistakes.mlir:[[# @LINE + 18]]:1: warning: internal error: the placed function misuses fast memory; 'network' is not placed and stays in slow memory; please report it with the file mempl-opt-reproducer-1.json
// CHECK: note: bytes [1099511627776, 1099511627840) are outside of the fast memory
// CHECK-NOT: error
// CHECK: 0 copies in, 0 back
// FILE: "solvers": [
// FILE-NEXT: "oversized"
// FILE: "offset":1099511627776
// EMPTY: "residencies":[]
// TRACE-NOT: {{"fast": *true}}
// LEFT-NOT: mempl.
// LEFT: tensor.empty
// LEFT: linalg.exp
// LEFT-NOT: mempl.

// RUN: not mempl-opt-broken %s --learned-memory-placement="target=tiny solver=oversized fallback=error plan-out=none.json" 2>&1 | FileCheck %s --check-prefix=ERROR
// RUN: not test -e none.json
// ERROR: error: internal error: the placed function misuses fast memory; please report it with the file mempl-opt-reproducer-2.json

func.func @network(%a: tensor<16xf32>) -> tensor<16xf32> {
  %e = tensor.empty() : tensor<16xf32>
  %x = linalg.exp ins(%a : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  return %x : tensor<16xf32>
}
