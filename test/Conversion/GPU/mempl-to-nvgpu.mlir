// RUN: mempl-opt %s --convert-mempl-to-nvgpu --split-input-file | FileCheck %s
// RUN: mempl-opt %s --pass-pipeline="builtin.module(convert-mempl-to-nvgpu,gpu.module(convert-nvgpu-to-nvvm,expand-strided-metadata,lower-affine,convert-scf-to-cf,convert-gpu-to-nvvm))" --split-input-file | FileCheck %s --check-prefix=NVVM

// Two tiles are fetched; the wait for the first leaves the second under way.
// CHECK-LABEL: gpu.module @tiles
gpu.module @tiles {
  // CHECK: memref.global "private" @mempl_tiles : memref<4096xi8, #gpu.address_space<workgroup>> = uninitialized {alignment = 16 : i64}
  // CHECK-LABEL: gpu.func @two(
  // CHECK-SAME: %[[X:[^:]*]]: memref<16x32xf32>, %[[Y:[^:]*]]: memref<16x32xf32>
  // NVVM-LABEL: llvm.func @two
  // NVVM: nvvm.cp.async.shared.global {{.*}}, 16, cache
  // NVVM: nvvm.cp.async.commit.group
  // NVVM: nvvm.cp.async.commit.group
  // NVVM: nvvm.cp.async.wait.group 1
  // NVVM: nvvm.barrier
  // NVVM: nvvm.cp.async.wait.group 0
  gpu.func @two(%x: memref<16x32xf32>, %y: memref<16x32xf32>, %out: memref<16x32xf32>, %i: index) kernel {
    // CHECK: %[[ALL:.*]] = memref.get_global @mempl_tiles
    // CHECK: %[[A:.*]] = memref.view %[[ALL]]{{.*}} to memref<16x32xf32, #gpu.address_space<workgroup>>
    %a = mempl.alloc <shared> at 0 bytes 2048 : memref<16x32xf32, #mempl.space<shared>>
    %b = mempl.alloc <shared> at 2048 bytes 2048 : memref<16x32xf32, #mempl.space<shared>>
    // CHECK: %[[CHUNKS:.*]] = arith.constant 128 : index
    // CHECK: scf.for %[[I:.*]] = %{{.*}} to %[[CHUNKS]] step
    // CHECK: %[[AT:.*]]:2 = affine.delinearize_index %[[I]] into (16, 8)
    // CHECK: %[[COLUMN:.*]] = arith.muli %[[AT]]#1, %{{.*}} : index
    // CHECK: nvgpu.device_async_copy %[[X]][%[[AT]]#0, %[[COLUMN]]], %[[A]][%[[AT]]#0, %[[COLUMN]]], 4
    // CHECK: %[[G:.*]] = nvgpu.device_async_create_group
    // CHECK: %[[H:.*]] = nvgpu.device_async_create_group
    %s = mempl.copy_start %x to %a : memref<16x32xf32> to memref<16x32xf32, #mempl.space<shared>>
    %t = mempl.copy_start %y to %b : memref<16x32xf32> to memref<16x32xf32, #mempl.space<shared>>
    // CHECK: nvgpu.device_async_wait %[[G]] {numGroups = 1 : i32}
    // CHECK-NEXT: gpu.barrier
    mempl.copy_wait %s, %x to %a : memref<16x32xf32> to memref<16x32xf32, #mempl.space<shared>>
    %p = memref.load %a[%i, %i] : memref<16x32xf32, #mempl.space<shared>>
    memref.store %p, %out[%i, %i] : memref<16x32xf32>
    // CHECK: nvgpu.device_async_wait %[[H]] {numGroups = 0 : i32}
    mempl.copy_wait %t, %y to %b : memref<16x32xf32> to memref<16x32xf32, #mempl.space<shared>>
    %q = memref.load %b[%i, %i] : memref<16x32xf32, #mempl.space<shared>>
    memref.store %q, %out[%i, %i] : memref<16x32xf32>
    // CHECK: gpu.barrier
    // CHECK: gpu.barrier
    // CHECK-NOT: mempl.
    mempl.release %a : memref<16x32xf32, #mempl.space<shared>>
    mempl.release %b : memref<16x32xf32, #mempl.space<shared>>
    gpu.return
  }
}

// -----

// Rows that lie far apart, of an offset that is not known: 4 bytes at a time.
// Storage of the host's plan around the kernel keeps its space.
// CHECK-LABEL: func.func @launch
func.func @launch(%x: memref<8x64xf32>, %j: index) {
  // CHECK: %[[B:.*]] = mempl.alloc <hbm>
  %c1 = arith.constant 1 : index
  %b = mempl.alloc <hbm> at 0 bytes 2048 : memref<8x64xf32, #mempl.space<hbm>>
  %s = memref.subview %x[0, %j] [8, 4] [1, 1] : memref<8x64xf32> to memref<8x4xf32, strided<[64, 1], offset: ?>>
  // CHECK: gpu.launch
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %c1, %sy = %c1, %sz = %c1) {
    // CHECK: nvgpu.device_async_copy %{{.*}}, 1 : memref<8x4xf32, strided<[64, 1], offset: ?>> to memref<8x4xf32, #gpu.address_space<workgroup>>
    // CHECK: nvgpu.device_async_wait
    %a = mempl.alloc <shared> at 0 bytes 128 : memref<8x4xf32, #mempl.space<shared>>
    mempl.transfer %s to %a : memref<8x4xf32, strided<[64, 1], offset: ?>> to memref<8x4xf32, #mempl.space<shared>>
    %v = memref.load %a[%tx, %ty] : memref<8x4xf32, #mempl.space<shared>>
    // CHECK: memref.store {{.*}} : memref<8x64xf32, #mempl.space<hbm>>
    memref.store %v, %b[%tx, %ty] : memref<8x64xf32, #mempl.space<hbm>>
    mempl.release %a : memref<8x4xf32, #mempl.space<shared>>
    gpu.terminator
  }
  mempl.release %b : memref<8x64xf32, #mempl.space<hbm>>
  return
}
