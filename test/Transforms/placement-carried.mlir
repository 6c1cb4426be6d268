// RUN: mempl-opt %s --learned-memory-placement="target=tiny solver=greedy" | FileCheck %s
// RUN: mempl-opt %s --learned-memory-placement="target=tiny solver=greedy" --one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map allow-return-allocs-from-loops" --canonicalize --cse --canonicalize | FileCheck %s --check-prefix=BUF
// RUN: mempl-opt %s --mempl-prepare | FileCheck %s --check-prefix=PREPARE

// A loop that makes a tensor anew each trip, and reads the old one while it does:
// two buffers take turns, and both are in fast memory around the loop.
// CHECK-LABEL: func.func @alternating(
// CHECK: %[[A:.*]] = mempl.copy_wait
// CHECK: %[[B:.*]] = mempl.alloc <fast>
// CHECK: %[[C4:.*]] = arith.constant 4 : index
// CHECK: %[[C2:.*]] = arith.constant 2 : index
// BUF-LABEL: func.func @alternating(
// BUF-NOT: memref.{{alloc|copy}}
// BUF: scf.for
// BUF: linalg.fill {{.*}} outs(%[[B:.*]] : memref<4x4xf32, #mempl.space<fast>>)
// BUF: linalg.matmul ins(%[[A:.*]], %{{.*}} : {{.*}}) outs(%[[B]] :
// BUF: linalg.fill {{.*}} outs(%[[A]] : memref<4x4xf32, #mempl.space<fast>>)
// BUF: linalg.matmul ins(%[[B]], %{{.*}} : {{.*}}) outs(%[[A]] :
// BUF-NOT: memref.{{alloc|copy}}
// BUF: return
// PREPARE-LABEL: func.func @alternating(
// PREPARE: scf.for
// PREPARE-NEXT: bufferization.alloc_tensor
func.func @alternating(%x: tensor<4x4xf32>, %w: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c100 = arith.constant 100 : index
  %z = arith.constant 0.0 : f32
  %r = scf.for %i = %c0 to %c100 step %c1 iter_args(%a = %x) -> tensor<4x4xf32> {
    %e = tensor.empty() : tensor<4x4xf32>
    %f = linalg.fill ins(%z : f32) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
    %b = linalg.matmul ins(%a, %w : tensor<4x4xf32>, tensor<4x4xf32>) outs(%f : tensor<4x4xf32>) -> tensor<4x4xf32>
    scf.yield %b : tensor<4x4xf32>
  }
  return %r : tensor<4x4xf32>
}

// The last of an odd number of trips follows the loop.
// BUF-LABEL: func.func @odd(
// BUF: scf.for
// BUF: linalg.matmul
// BUF: linalg.matmul
// BUF: }
// BUF: linalg.matmul
// BUF: return
func.func @odd(%x: tensor<4x4xf32>, %w: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %c0 = arith.constant 3 : index
  %c2 = arith.constant 2 : index
  %c100 = arith.constant 100 : index
  %z = arith.constant 0.0 : f32
  %r = scf.for %i = %c0 to %c100 step %c2 iter_args(%a = %x) -> tensor<4x4xf32> {
    %e = tensor.empty() : tensor<4x4xf32>
    %f = linalg.fill ins(%z : f32) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
    %b = linalg.matmul ins(%a, %w : tensor<4x4xf32>, tensor<4x4xf32>) outs(%f : tensor<4x4xf32>) -> tensor<4x4xf32>
    scf.yield %b : tensor<4x4xf32>
  }
  return %r : tensor<4x4xf32>
}

// Where the old tensor has been read before the new one is begun, or element by
// element, it is updated in place.
// PREPARE-LABEL: func.func @in_place(
// PREPARE: scf.for {{.*}} iter_args(%[[A:.*]] = %{{.*}}, %[[S:.*]] = %{{.*}})
// PREPARE: linalg.exp ins(%[[A]] :
// PREPARE: linalg.log {{.*}} outs(%[[A]] :
// PREPARE: linalg.add ins(%[[S]], {{.*}} outs(%[[S]] :
func.func @in_place(%x: tensor<16xf32>, %s: tensor<16xf32>) -> (tensor<16xf32>, tensor<16xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c10 = arith.constant 10 : index
  %r:2 = scf.for %i = %c0 to %c10 step %c1 iter_args(%a = %x, %t = %s) -> (tensor<16xf32>, tensor<16xf32>) {
    %e = tensor.empty() : tensor<16xf32>
    %y = linalg.exp ins(%a : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
    %f = tensor.empty() : tensor<16xf32>
    %z = linalg.log ins(%y : tensor<16xf32>) outs(%f : tensor<16xf32>) -> tensor<16xf32>
    %g = tensor.empty() : tensor<16xf32>
    %u = linalg.add ins(%t, %z : tensor<16xf32>, tensor<16xf32>) outs(%g : tensor<16xf32>) -> tensor<16xf32>
    scf.yield %z, %u : tensor<16xf32>, tensor<16xf32>
  }
  return %r#0, %r#1 : tensor<16xf32>, tensor<16xf32>
}

// Tensors that change places are handed over as bufferization does it.
// PREPARE-LABEL: func.func @swapped(
// PREPARE: scf.for
// PREPARE: mempl.transfer
// PREPARE: mempl.transfer
// PREPARE: scf.yield
func.func @swapped(%a: tensor<16xf32>, %b: tensor<16xf32>) -> (tensor<16xf32>, tensor<16xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c10 = arith.constant 10 : index
  %r:2 = scf.for %i = %c0 to %c10 step %c1 iter_args(%x = %a, %y = %b) -> (tensor<16xf32>, tensor<16xf32>) {
    scf.yield %y, %x : tensor<16xf32>, tensor<16xf32>
  }
  return %r#0, %r#1 : tensor<16xf32>, tensor<16xf32>
}

// The bounds of the loop over two trips at a time would not be of the type i8.
// CHECK-LABEL: func.func @narrow(
// CHECK: arith.constant 40 : i8
// CHECK: scf.for {{.*}} : i8 {
func.func @narrow(%x: tensor<4x4xf32>, %w: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %c0 = arith.constant 0 : i8
  %c40 = arith.constant 40 : i8
  %c127 = arith.constant 127 : i8
  %z = arith.constant 0.0 : f32
  %r = scf.for %i = %c0 to %c127 step %c40 iter_args(%a = %x) -> (tensor<4x4xf32>) : i8 {
    %e = tensor.empty() : tensor<4x4xf32>
    %f = linalg.fill ins(%z : f32) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
    %b = linalg.matmul ins(%a, %w : tensor<4x4xf32>, tensor<4x4xf32>) outs(%f : tensor<4x4xf32>) -> tensor<4x4xf32>
    scf.yield %b : tensor<4x4xf32>
  }
  return %r : tensor<4x4xf32>
}
