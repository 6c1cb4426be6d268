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

// Each kernel of a module has storage of its own.
// CHECK-LABEL: gpu.module @both
gpu.module @both {
  // CHECK-DAG: memref.global "private" @[[OTHER:mempl_tiles_0]] : memref<128xi8,
  // CHECK-DAG: memref.global "private" @mempl_tiles : memref<64xi8,
  // CHECK-LABEL: gpu.func @first(
  gpu.func @first(%x: memref<16xf32>) kernel {
    // CHECK: memref.get_global @mempl_tiles : memref<64xi8,
    %a = mempl.alloc <shared> at 0 bytes 64 : memref<16xf32, #mempl.space<shared>>
    mempl.transfer %x to %a : memref<16xf32> to memref<16xf32, #mempl.space<shared>>
    mempl.release %a : memref<16xf32, #mempl.space<shared>>
    gpu.return
  }
  // CHECK-LABEL: gpu.func @second(
  gpu.func @second(%x: memref<32xf32>) kernel {
    // CHECK: memref.get_global @[[OTHER]] : memref<128xi8,
    %a = mempl.alloc <shared> at 0 bytes 128 : memref<32xf32, #mempl.space<shared>>
    mempl.transfer %x to %a : memref<32xf32> to memref<32xf32, #mempl.space<shared>>
    mempl.release %a : memref<32xf32, #mempl.space<shared>>
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

// -----

// The tile of the next trip comes in during this one: the loop carries groups,
// an empty one for no copy.
// CHECK-LABEL: gpu.func @rotating(
// CHECK: %[[T0:.*]] = nvgpu.device_async_create_group
// CHECK: scf.for {{.*}} iter_args(%[[T:.*]] = %[[T0]]) -> (!nvgpu.device.async.token)
// CHECK: scf.if {{.*}} -> (!nvgpu.device.async.token)
// CHECK: nvgpu.device_async_copy
// CHECK: %[[T1:.*]] = nvgpu.device_async_create_group
// CHECK: scf.yield %[[T1]]
// CHECK: %[[NONE:.*]] = nvgpu.device_async_create_group
// CHECK-NEXT: scf.yield %[[NONE]]
// CHECK: arith.select
// The copy that this trip starts stays under way.
// CHECK: nvgpu.device_async_wait %[[T]] {numGroups = 1 : i32}
// CHECK-NEXT: gpu.barrier
// NVVM-LABEL: llvm.func @rotating
// NVVM: nvvm.cp.async.wait.group 1
gpu.module @carried {
  gpu.func @rotating(%x: memref<64x32xf32>, %out: memref<64x32xf32>) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %i = gpu.thread_id x
    %s0 = memref.subview %x[0, 0] [16, 32] [1, 1] : memref<64x32xf32> to memref<16x32xf32, strided<[32, 1]>>
    %a0 = mempl.alloc <shared> at 0 bytes 2048 : memref<16x32xf32, #mempl.space<shared>>
    %t0 = mempl.copy_start_carried %s0 to %a0
        : memref<16x32xf32, strided<[32, 1]>> to memref<16x32xf32, #mempl.space<shared>>
    %r = scf.for %k = %c0 to %c4 step %c1 iter_args(%t = %t0) -> !mempl.token {
      %parity = arith.remui %k, %c2 : index
      %odd = arith.cmpi ne, %parity, %c0 : index
      %even = arith.cmpi eq, %parity, %c0 : index
      %next = arith.addi %k, %c1 : index
      %more = arith.cmpi ult, %next, %c4 : index
      %tn = scf.if %more -> !mempl.token {
        %s = memref.subview %x[16, 0] [16, 32] [1, 1] : memref<64x32xf32> to memref<16x32xf32, strided<[32, 1], offset: 512>>
        %a = mempl.alloc <shared> at 0 or 2048 if %even bytes 2048 : memref<16x32xf32, #mempl.space<shared>>
        %t1 = mempl.copy_start_carried %s to %a
            : memref<16x32xf32, strided<[32, 1], offset: 512>> to memref<16x32xf32, #mempl.space<shared>>
        scf.yield %t1 : !mempl.token
      } else {
        %none = mempl.no_copy
        scf.yield %none : !mempl.token
      }
      %b = mempl.alloc <shared> at 0 or 2048 if %odd bytes 2048 : memref<16x32xf32, #mempl.space<shared>>
      mempl.copy_wait_carried %t
      %v = memref.load %b[%c0, %i] : memref<16x32xf32, #mempl.space<shared>>
      memref.store %v, %out[%k, %i] : memref<64x32xf32>
      mempl.release %b : memref<16x32xf32, #mempl.space<shared>>
      scf.yield %tn : !mempl.token
    }
    gpu.return
  }
}
