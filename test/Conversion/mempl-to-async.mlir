// RUN: mempl-opt --convert-mempl-to-async %s | FileCheck %s

!fast = memref<16xf32, #mempl.space<vmem>>

// Two copies in, one after the other; one out, beside them.
// CHECK-LABEL: func.func @order
// CHECK-SAME:    %[[A:.*]]: memref<16xf32>, %[[B:.*]]: memref<16xf32>
func.func @order(%a: memref<16xf32>, %b: memref<16xf32>, %x: !fast) {
  // CHECK: %[[FA:.*]] = mempl.alloc
  // CHECK: %[[FB:.*]] = mempl.alloc
  %fa = mempl.alloc <vmem> at 0 bytes 64 : !fast
  %fb = mempl.alloc <vmem> at 64 bytes 64 : !fast
  // CHECK: %[[FIRST:.*]] = async.execute {
  // CHECK-NEXT: memref.copy %[[A]], %[[FA]]
  %t0 = mempl.copy_start prefetch %a to %fa : memref<16xf32> to !fast
  // CHECK: %[[OUT:.*]] = async.execute {
  %t1 = mempl.copy_start evict %x to %b : !fast to memref<16xf32>
  // CHECK: %[[SECOND:.*]] = async.execute [%[[FIRST]]] {
  // CHECK-NEXT: memref.copy %[[A]], %[[FB]]
  %t2 = mempl.copy_start prefetch %a to %fb : memref<16xf32> to !fast
  // CHECK: async.await %[[SECOND]] : !async.token
  mempl.copy_wait %t2, %a to %fb : memref<16xf32> to !fast
  // CHECK: async.await %[[FIRST]] : !async.token
  mempl.copy_wait %t0, %a to %fa : memref<16xf32> to !fast
  // CHECK: async.await %[[OUT]] : !async.token
  mempl.copy_wait %t1, %x to %b : !fast to memref<16xf32>
  // CHECK: memref.copy %[[A]], %[[B]]
  mempl.transfer %a to %b : memref<16xf32> to memref<16xf32>
  return
}

// CHECK-LABEL: func.func @on_each_path
func.func @on_each_path(%a: memref<16xf32>, %x: !fast, %c: i1) {
  // CHECK: %[[TOKEN:.*]] = async.execute
  %t = mempl.copy_start %a to %x : memref<16xf32> to !fast
  // CHECK: scf.if
  // CHECK-NEXT: async.await %[[TOKEN]]
  // CHECK-NEXT: } else {
  // CHECK-NEXT: async.await %[[TOKEN]]
  scf.if %c {
    mempl.copy_wait %t, %a to %x : memref<16xf32> to !fast
  } else {
    mempl.copy_wait %t, %a to %x : memref<16xf32> to !fast
  }
  return
}
