// RUN: mempl-opt --split-input-file --convert-mempl-to-llvm %s | FileCheck %s

// CHECK-DAG: llvm.func @mempl_alloc(i64, i64) -> !llvm.ptr
// CHECK-DAG: llvm.func @mempl_copy_start(!llvm.ptr, !llvm.ptr, i64, !llvm.ptr) -> i64
// CHECK-DAG: llvm.func @mempl_copy_wait(i64)
// CHECK-DAG: llvm.func @mempl_release(!llvm.ptr)
// CHECK-DAG: llvm.mlir.global internal constant @mempl_string_0("weights\00")

!fast = memref<4x4xf32, #mempl.space<vmem>>

// CHECK-LABEL: func.func @copy
// CHECK-SAME:    %[[SLOW:.*]]: memref<4x4xf32>
func.func @copy(%slow: memref<4x4xf32>, %c: i1) {
  // CHECK: %[[OFFSET:.*]] = llvm.mlir.constant(128 : i64)
  // CHECK: %[[BYTES:.*]] = llvm.mlir.constant(64 : i64)
  // CHECK: llvm.call @mempl_alloc(%[[OFFSET]], %[[BYTES]])
  // CHECK: %[[FAST:.*]] = builtin.unrealized_conversion_cast %{{.*}} : !llvm.struct<{{.*}}> to memref<4x4xf32, #mempl.space<vmem>>
  %fast = mempl.alloc <vmem> at 128 bytes 64 : !fast
  // CHECK: %[[COPY:.*]] = llvm.call @mempl_copy_start(
  %t = mempl.copy_start %slow to %fast : memref<4x4xf32> to !fast loc("weights")
  // CHECK: scf.if
  // CHECK-NEXT: llvm.call @mempl_copy_wait(%[[COPY]])
  // CHECK: else
  // CHECK-NEXT: llvm.call @mempl_copy_wait(%[[COPY]])
  scf.if %c {
    mempl.copy_wait %t, %slow to %fast : memref<4x4xf32> to !fast
  } else {
    mempl.copy_wait %t, %slow to %fast : memref<4x4xf32> to !fast
  }
  // CHECK: memref.copy %[[FAST]], %[[SLOW]]
  mempl.transfer %fast to %slow : !fast to memref<4x4xf32>
  // CHECK: llvm.call @mempl_release(
  mempl.release %fast : !fast
  return
}

// -----

// CHECK-LABEL: func.func @strided
func.func @strided(%slow: memref<?x4xf32, strided<[?, 1], offset: ?>>, %n: index) {
  // Sizes and strides of both sides are in an array that the function has once.
  // CHECK: %[[SIX:.*]] = llvm.mlir.constant(6 : i64)
  // CHECK: %[[SHAPE:.*]] = llvm.alloca %[[SIX]] x i64
  // CHECK: builtin.unrealized_conversion_cast %{{.*}} : index to i64
  // CHECK: scf.for
  // CHECK-NOT: alloca
  // CHECK: llvm.call @mempl_copy_start_strided(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %[[SHAPE]], %{{.*}})
  %fast = mempl.alloc <vmem> at 0 bytes 64 (%n) : memref<?x4xf32, #mempl.space<vmem>>
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  scf.for %i = %zero to %n step %one {
    %t = mempl.copy_start %slow to %fast
        : memref<?x4xf32, strided<[?, 1], offset: ?>> to memref<?x4xf32, #mempl.space<vmem>>
    mempl.copy_wait %t, %slow to %fast
        : memref<?x4xf32, strided<[?, 1], offset: ?>> to memref<?x4xf32, #mempl.space<vmem>>
  }
  return
}

// -----

// A module inside of a module has declarations of its own.
// CHECK-LABEL: module @inside
// CHECK: llvm.func @mempl_alloc(
// CHECK: func.func @nested
// CHECK: llvm.call @mempl_alloc(
module @inside {
  func.func @nested() {
    %fast = mempl.alloc <vmem> at 0 bytes 64 : memref<16xf32, #mempl.space<vmem>>
    return
  }
}

// -----

// The runtime knows one address space.
// CHECK-LABEL: func.func @space
// CHECK: %[[SOURCE:.*]] = llvm.addrspacecast %{{.*}} : !llvm.ptr<1> to !llvm.ptr
// CHECK: llvm.call @mempl_copy_start(%{{.*}}, %[[SOURCE]],
func.func @space(%slow: memref<16xf32, 1>) {
  %fast = mempl.alloc <vmem> at 0 bytes 64 : memref<16xf32, #mempl.space<vmem>>
  %t = mempl.copy_start %slow to %fast : memref<16xf32, 1> to memref<16xf32, #mempl.space<vmem>>
  mempl.copy_wait %t, %slow to %fast : memref<16xf32, 1> to memref<16xf32, #mempl.space<vmem>>
  return
}
