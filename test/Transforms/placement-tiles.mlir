// Runs of ops are split where the program is faster so, and only there.

// RUN: mempl-opt %s --learned-memory-placement="target=tiny capacity=2KiB summary=true function=chain instance-out=%t.json plan-out=%t.plan.json" --remarks-filter="mempl.*" -o %t.mlir > %t.out 2> %t.err
// RUN: FileCheck %s < %t.mlir
// RUN: FileCheck %s --check-prefix=SUMMARY < %t.err
// RUN: FileCheck %s --check-prefix=REMARK < %t.err

// The files are about the function as it is split.
// RUN: mempl-solve %t.json --plan-in=%t.plan.json --no-bound | FileCheck %s --check-prefix=FILES

// The same again, whatever the seed of anything else.
// RUN: mempl-opt %s --learned-memory-placement="target=tiny capacity=2KiB" -o %t.again.mlir 2> /dev/null
// RUN: cmp %t.mlir %t.again.mlir

// Nothing is split if that is not wanted, without a placement, where the parts
// are not known, and where all fits.
// RUN: mempl-opt %s --learned-memory-placement="target=tiny capacity=2KiB tile=false" 2> /dev/null | FileCheck %s --check-prefix=WHOLE
// RUN: mempl-opt %s --learned-memory-placement="target=tiny capacity=2KiB solver=none" 2> /dev/null | FileCheck %s --check-prefix=WHOLE
// RUN: mempl-opt %s --learned-memory-placement="target=tiny capacity=2KiB profile=%S/Inputs/profile-exp.json" 2> /dev/null | FileCheck %s --check-prefix=WHOLE
// RUN: mempl-opt %s --learned-memory-placement="target=tiny capacity=1MiB" 2> /dev/null | FileCheck %s --check-prefix=WHOLE
// WHOLE-NOT: scf.for

// A limit on time is a limit on the search.
// RUN: mempl-opt %s --learned-memory-placement="target=tiny capacity=2KiB budget=0 time-limit-ms=200" -o /dev/null

// A mistake that only the split function has: the whole one is placed.
// RUN: rm -rf %t.dir && mkdir %t.dir && cd %t.dir
// RUN: mempl-opt-broken %s --learned-memory-placement="target=tiny capacity=2KiB solver=oversized-loops summary=true" -o out.mlir 2> err
// RUN: FileCheck %s --check-prefixes=WHOLE,INSTEAD < out.mlir
// RUN: FileCheck %s --check-prefix=MISTAKE --implicit-check-not=tiled < err
// RUN: mempl-opt %s --learned-memory-placement="target=tiny capacity=2KiB solver=greedy tile=false" 2> /dev/null | cmp - out.mlir
// INSTEAD: mempl.alloc
// MISTAKE: warning: internal error: the placed function misuses fast memory; 'chain' is placed without being split; please report it
// MISTAKE: chain: 5 steps
// MISTAKE: placed {{.*}}oversized-loops

// SUMMARY-LABEL: chain: 3 steps
// SUMMARY: slow memory only
// SUMMARY-NEXT: placed whole {{.*}}
// SUMMARY-NEXT: tiled 1 run of 3 ops in {{[0-9]+}} parts
// SUMMARY-NEXT: placed {{.*}} (
// SUMMARY-LABEL: pinned:
// SUMMARY-NOT: tiled
// SUMMARY-LABEL: two:
// SUMMARY: tiled
// REMARK: remark: {{.*}}'chain': 1 run of 3 ops in
// FILES: chain: 3 steps

// CHECK-LABEL: func.func @chain(
// CHECK: scf.for
// CHECK: mempl.alloc <fast>
// CHECK: linalg.exp
func.func @chain(%a: tensor<16x64xf32>, %s: tensor<64xf32>) -> (tensor<16x64xf32>, tensor<64xf32>) {
  %e = tensor.empty() : tensor<16x64xf32>
  %x = linalg.exp ins(%a : tensor<16x64xf32>) outs(%e : tensor<16x64xf32>) -> tensor<16x64xf32>
  %y = linalg.log ins(%x : tensor<16x64xf32>) outs(%e : tensor<16x64xf32>) -> tensor<16x64xf32>
  %z = linalg.abs ins(%y : tensor<16x64xf32>) outs(%e : tensor<16x64xf32>) -> tensor<16x64xf32>
  %f = tensor.empty() : tensor<64xf32>
  %t = linalg.exp {mempl.pin} ins(%s : tensor<64xf32>) outs(%f : tensor<64xf32>) -> tensor<64xf32>
  %v = linalg.log ins(%t : tensor<64xf32>) outs(%f : tensor<64xf32>) -> tensor<64xf32>
  return %z, %v : tensor<16x64xf32>, tensor<64xf32>
}

// Who pins or forbids a tensor means all of it.

// CHECK-LABEL: func.func @pinned(
// CHECK-NOT: scf.for
// CHECK: return
func.func @pinned(%a: tensor<16x64xf32>) -> tensor<16x64xf32> {
  %e = tensor.empty() : tensor<16x64xf32>
  %x = linalg.exp {mempl.forbid} ins(%a : tensor<16x64xf32>) outs(%e : tensor<16x64xf32>) -> tensor<16x64xf32>
  %y = linalg.log {mempl.forbid} ins(%x : tensor<16x64xf32>) outs(%e : tensor<16x64xf32>) -> tensor<16x64xf32>
  return %y : tensor<16x64xf32>
}

// A function that calls, and two runs that are like each other.

func.func private @called(%a: tensor<64xf32>) -> tensor<64xf32> {
  return %a : tensor<64xf32>
}

// CHECK-LABEL: func.func @two(
// CHECK: scf.for
// CHECK: call @called
// CHECK: scf.for
func.func @two(%a: tensor<16x64xf32>, %b: tensor<16x64xf32>, %s: tensor<64xf32>) -> (tensor<16x64xf32>, tensor<16x64xf32>, tensor<64xf32>) {
  %e = tensor.empty() : tensor<16x64xf32>
  %x = linalg.exp ins(%a : tensor<16x64xf32>) outs(%e : tensor<16x64xf32>) -> tensor<16x64xf32>
  %y = linalg.log ins(%x : tensor<16x64xf32>) outs(%e : tensor<16x64xf32>) -> tensor<16x64xf32>
  %c = call @called(%s) : (tensor<64xf32>) -> tensor<64xf32>
  %f = tensor.empty() : tensor<16x64xf32>
  %v = linalg.exp ins(%b : tensor<16x64xf32>) outs(%f : tensor<16x64xf32>) -> tensor<16x64xf32>
  %w = linalg.log ins(%v : tensor<16x64xf32>) outs(%f : tensor<16x64xf32>) -> tensor<16x64xf32>
  return %y, %w, %c : tensor<16x64xf32>, tensor<16x64xf32>, tensor<64xf32>
}
