// RUN: mempl-opt %s --convert-linalg-to-gpu-launch="functions=matmul,fill,copy,scalar,pool" | FileCheck %s

// The element is in a register for all of the reduction.
// CHECK-LABEL: func.func @matmul(
// CHECK-SAME: %[[A:.*]]: memref<8x4xf32>, %[[B:.*]]: memref<4x16xf32>, %[[C:.*]]: memref<8x16xf32>
func.func @matmul(%a: memref<8x4xf32>, %b: memref<4x16xf32>, %c: memref<8x16xf32>) {
  // CHECK: gpu.launch
  // CHECK: scf.if
  // CHECK: %[[J:.*]] = arith.remui
  // CHECK: %[[I:.*]] = arith.divui
  // CHECK: %[[OLD:.*]] = memref.load %[[C]][%[[I]], %[[J]]]
  // CHECK: %[[NEW:.*]] = scf.for %[[K:.*]] = {{.*}} iter_args(%[[X:.*]] = %[[OLD]])
  // CHECK: memref.load %[[A]][%[[I]], %[[K]]]
  // CHECK: memref.load %[[B]][%[[K]], %[[J]]]
  // CHECK-NOT: memref.store
  // CHECK: scf.yield
  // CHECK: memref.store %[[NEW]], %[[C]][%[[I]], %[[J]]]
  linalg.matmul ins(%a, %b : memref<8x4xf32>, memref<4x16xf32>) outs(%c : memref<8x16xf32>)
  return
}

// CHECK-LABEL: func.func @fill(
func.func @fill(%x: f32, %c: memref<?x16xf32>) {
  // CHECK: memref.dim
  // CHECK: gpu.launch
  // CHECK-NOT: memref.load
  // CHECK: memref.store
  linalg.fill ins(%x : f32) outs(%c : memref<?x16xf32>)
  return
}

// A copy of contiguous buffers is not for a kernel.
// CHECK-LABEL: func.func @copy(
func.func @copy(%a: memref<4x8xf32, strided<[16, 1]>>, %b: memref<4x8xf32>, %c: memref<4x8xf32>) {
  // CHECK: gpu.launch
  // CHECK: memref.copy
  // CHECK-NOT: gpu.launch
  memref.copy %a, %b : memref<4x8xf32, strided<[16, 1]>> to memref<4x8xf32>
  memref.copy %b, %c : memref<4x8xf32> to memref<4x8xf32>
  return
}

// CHECK-LABEL: func.func @scalar(
func.func @scalar(%a: memref<8xf32>, %s: memref<f32>) {
  // CHECK: gpu.launch
  // CHECK: scf.for
  // CHECK: memref.store {{.*}}[] : memref<f32>
  linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> ()>], iterator_types = ["reduction"]}
      ins(%a : memref<8xf32>) outs(%s : memref<f32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %in, %out : f32
    linalg.yield %0 : f32
  }
  return
}

// The window gives a shape and is not read.
// CHECK-LABEL: func.func @pool(
// CHECK-SAME: %[[X:.*]]: memref<1x4x4x2xf32>, %[[W:.*]]: memref<2x2xf32>
func.func @pool(%x: memref<1x4x4x2xf32>, %w: memref<2x2xf32>, %o: memref<1x3x3x2xf32>) {
  // CHECK: memref.load %[[X]]
  // CHECK-NOT: memref.load %[[W]]
  linalg.pooling_nhwc_max ins(%x, %w : memref<1x4x4x2xf32>, memref<2x2xf32>) outs(%o : memref<1x3x3x2xf32>)
  return
}

// CHECK-LABEL: func.func @another(
// CHECK: linalg.fill
func.func @another(%x: f32, %c: memref<4xf32>) {
  linalg.fill ins(%x : f32) outs(%c : memref<4xf32>)
  return
}
