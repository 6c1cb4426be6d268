// RUN: mempl-opt %s --split-input-file --learned-memory-placement="target=tiny solver=greedy summary" -o /dev/null 2>&1 | FileCheck %s

// The summary says what it does not know, so that nobody takes its times for
// seconds.
// CHECK-LABEL: dyn: 2 steps
// CHECK: not known times are relative: the sizes of 'arg0', 'v2' taken as 0 bytes ('mempl.max_bytes' gives bounds); the work of linalg.fill ({{.*}}:[[#@LINE+4]]), linalg.matmul ({{.*}}:[[#@LINE+5]]) counted with unknown extents as 1
func.func @dyn(%x: tensor<?x256xf32>, %w: tensor<256x64xf32>, %n: index) -> tensor<?x64xf32> {
  %c0 = arith.constant 0.0 : f32
  %e = tensor.empty(%n) : tensor<?x64xf32>
  %f = linalg.fill ins(%c0 : f32) outs(%e : tensor<?x64xf32>) -> tensor<?x64xf32>
  %h = linalg.matmul ins(%x, %w : tensor<?x256xf32>, tensor<256x64xf32>) outs(%f : tensor<?x64xf32>) -> tensor<?x64xf32>
  return %h : tensor<?x64xf32>
}

// -----

// CHECK-LABEL: trips: 1 steps
// CHECK: not known times are relative: the trips of scf.for ({{.*}}) taken as 1 ('mempl.trips' gives them){{$}}
func.func @trips(%a: tensor<16xf32>, %n: index) -> tensor<16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%x = %a) -> tensor<16xf32> {
    %y = linalg.exp ins(%x : tensor<16xf32>) outs(%x : tensor<16xf32>) -> tensor<16xf32>
    scf.yield %y : tensor<16xf32>
  }
  return %r : tensor<16xf32>
}

// -----

// CHECK-LABEL: known: 1 steps
// CHECK-NOT: not known
func.func @known(%a: tensor<16xf32>) -> tensor<16xf32> {
  %y = linalg.exp ins(%a : tensor<16xf32>) outs(%a : tensor<16xf32>) -> tensor<16xf32>
  return %y : tensor<16xf32>
}
