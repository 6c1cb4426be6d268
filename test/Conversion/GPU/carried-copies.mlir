// RUN: mempl-opt %s --convert-mempl-to-gpu | FileCheck %s

!fast = memref<4x8xf32, #mempl.space<hbm>>
!slice = memref<4x8xf32, strided<[64, 1], offset: ?>>

// Copies that a loop carries are numbers of the runtime, which copies rows; the
// host waits for the work before and for the copies.
// CHECK-LABEL: func.func @carried(
// CHECK: gpu.wait [
// CHECK: scf.if {{.*}} -> (i64)
// CHECK: %[[T0:.*]] = llvm.call @mempl_gpu_copy_start(
// CHECK: scf.yield %[[T0]] : i64
// CHECK: %[[ZERO:.*]] = llvm.mlir.constant(0 : i64)
// CHECK: scf.yield %[[ZERO]] : i64
// CHECK: scf.for {{.*}} iter_args(%[[T:.*]] = %{{.*}}) -> (i64)
// CHECK: arith.select
// CHECK: memref.view
// CHECK: llvm.call @mempl_gpu_copy_wait(%[[T]])
// CHECK: gpu.launch async
// CHECK: %[[OUT:.*]] = llvm.mlir.constant(1 : i32)
// CHECK: %[[V:.*]] = llvm.call @mempl_gpu_copy_start({{.*}}, %[[OUT]])
// CHECK: scf.yield %[[V]] : i64
// CHECK-NOT: memref.copy
// CHECK-NOT: mempl.token
// CHECK-NOT: unrealized_conversion_cast
func.func @carried(%w: memref<4x64xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %a = mempl.alloc <hbm> at 0 bytes 128 : !fast
  %any = arith.cmpi ult, %c0, %n : index
  %t0 = scf.if %any -> !mempl.token {
    %s = memref.subview %w[0, %c0] [4, 8] [1, 1] : memref<4x64xf32> to !slice
    %t1 = mempl.copy_start_carried prefetch %s to %a : !slice to !fast
    scf.yield %t1 : !mempl.token
  } else {
    %none = mempl.no_copy
    scf.yield %none : !mempl.token
  }
  %r = scf.for %i = %c0 to %n step %c8 iter_args(%t = %t0) -> !mempl.token {
    %odd = arith.cmpi ne, %i, %c8 : index
    %b = mempl.alloc <hbm> at 128 or 256 if %odd bytes 128 : !fast
    mempl.copy_wait_carried %t
    gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
               threads(%x, %y, %z) in (%sx = %c8, %sy = %c1, %sz = %c1) {
      %p = memref.load %a[%c0, %x] : !fast
      memref.store %p, %b[%c0, %x] : !fast
      gpu.terminator
    }
    %s = memref.subview %w[0, %i] [4, 8] [1, 1] : memref<4x64xf32> to !slice
    %v = mempl.copy_start_carried evict %b to %s : !fast to !slice
    %same = memref.subview %w[0, %i] [4, 8] [1, 1] : memref<4x64xf32> to !slice
    memref.copy %s, %same : !slice to !slice
    scf.yield %v : !mempl.token
  }
  mempl.copy_wait_carried %r
  return
}

// Slices that are waited for in the same trip: rows, too.
// CHECK-LABEL: func.func @slices(
// CHECK: %[[T:.*]] = llvm.call @mempl_gpu_copy_start(
// CHECK: llvm.call @mempl_gpu_copy_wait(%[[T]])
// CHECK: %[[U:.*]] = llvm.call @mempl_gpu_copy_start(
// CHECK-NEXT: llvm.call @mempl_gpu_copy_wait(%[[U]])
func.func @slices(%w: memref<4x8xf32, strided<[16, 1]>>) {
  %a = mempl.alloc <hbm> at 0 bytes 128 : !fast
  %t = mempl.copy_start %w to %a : memref<4x8xf32, strided<[16, 1]>> to !fast
  mempl.copy_wait %t, %w to %a : memref<4x8xf32, strided<[16, 1]>> to !fast
  mempl.transfer %a to %w : !fast to memref<4x8xf32, strided<[16, 1]>>
  return
}
