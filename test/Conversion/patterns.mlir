// RUN: mempl-opt %s --mempl-test-convert-at-once | FileCheck %s --implicit-check-not=unrealized_conversion_cast

// The public patterns beside those of other dialects, in one conversion.
!fast = memref<4x?xf32, #mempl.space<vmem>>

// CHECK-LABEL: llvm.func @copy(
// CHECK: llvm.call @mempl_alloc(
// CHECK: %[[COPY:.*]] = llvm.call @mempl_copy_start_strided(
// CHECK: llvm.call @mempl_copy_wait(%[[COPY]])
// CHECK: llvm.load
// CHECK: "llvm.intr.memcpy"
// CHECK: llvm.call @mempl_release(
func.func @copy(%slow: memref<4x?xf32, strided<[8, 1]>>, %out: memref<4x4xf32>, %n: index) -> f32 {
  %zero = arith.constant 0 : index
  %fast = mempl.alloc <vmem> at 128 bytes 64 (%n) : !fast
  %t = mempl.copy_start %slow to %fast : memref<4x?xf32, strided<[8, 1]>> to !fast
  mempl.copy_wait %t, %slow to %fast : memref<4x?xf32, strided<[8, 1]>> to !fast
  %v = memref.load %fast[%zero, %zero] : !fast
  %other = mempl.alloc <vmem> at 192 bytes 64 : memref<4x4xf32, #mempl.space<vmem>>
  mempl.transfer %other to %out : memref<4x4xf32, #mempl.space<vmem>> to memref<4x4xf32>
  mempl.release %fast : !fast
  return %v : f32
}
