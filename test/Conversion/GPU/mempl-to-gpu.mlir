// RUN: mempl-opt %s --convert-mempl-to-gpu --split-input-file | FileCheck %s

// Copies fork from the work and join it where they are waited for; the host
// waits once, at the end.
// CHECK-LABEL: func.func @prefetch_and_evict(
// CHECK-SAME: %[[W:.*]]: memref<16xf32>, %[[OUT:.*]]: memref<16xf32>
func.func @prefetch_and_evict(%w: memref<16xf32>, %out: memref<16xf32>) {
  // CHECK: gpu.host_register
  // CHECK: gpu.host_register
  // CHECK: %[[BEGIN:.*]] = gpu.wait async
  // CHECK: %[[ARENA:.*]], %[[T0:.*]] = gpu.alloc async [%[[BEGIN]]] () : memref<192xi8>
  // CHECK: %[[AT64:.*]] = arith.constant 64 : index
  // CHECK: %[[A:.*]] = memref.view %[[ARENA]][%[[AT64]]][] : memref<192xi8> to memref<16xf32>
  // CHECK: %[[FORK:.*]] = gpu.wait async [%[[T0]]]
  // CHECK: %[[IN:.*]] = gpu.memcpy async [%[[FORK]]] %[[A]], %[[W]]
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %zero = arith.constant 0.0 : f32
  %a = mempl.alloc <hbm> at 64 bytes 64 : memref<16xf32, #mempl.space<hbm>>
  %t = mempl.copy_start prefetch %w to %a : memref<16xf32> to memref<16xf32, #mempl.space<hbm>>
  %b = mempl.alloc <hbm> at 128 bytes 64 : memref<16xf32, #mempl.space<hbm>>
  // Beside the copy.
  // CHECK: %[[FILL:.*]] = gpu.launch async [%[[T0]]]
  // CHECK: memref.store {{.*}} : memref<16xf32>
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%x, %y, %z) in (%sx = %c16, %sy = %c1, %sz = %c1) {
    memref.store %zero, %b[%x] : memref<16xf32, #mempl.space<hbm>>
    gpu.terminator
  }
  // CHECK: %[[JOIN:.*]] = gpu.wait async [%[[FILL]], %[[IN]]]
  // CHECK: %[[ADD:.*]] = gpu.launch async [%[[JOIN]]]
  mempl.copy_wait %t, %w to %a : memref<16xf32> to memref<16xf32, #mempl.space<hbm>>
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%x, %y, %z) in (%sx = %c16, %sy = %c1, %sz = %c1) {
    %p = memref.load %a[%x] : memref<16xf32, #mempl.space<hbm>>
    %q = memref.load %b[%x] : memref<16xf32, #mempl.space<hbm>>
    %r = arith.addf %p, %q : f32
    memref.store %r, %b[%x] : memref<16xf32, #mempl.space<hbm>>
    gpu.terminator
  }
  mempl.release %a : memref<16xf32, #mempl.space<hbm>>
  // CHECK: %[[FORK2:.*]] = gpu.wait async [%[[ADD]]]
  // CHECK: %[[EVICT:.*]] = gpu.memcpy async [%[[FORK2]]] %[[OUT]], {{.*}}
  // CHECK: %[[JOIN2:.*]] = gpu.wait async [%[[ADD]], %[[EVICT]]]
  %u = mempl.copy_start evict %b to %out : memref<16xf32, #mempl.space<hbm>> to memref<16xf32>
  mempl.copy_wait %u, %b to %out : memref<16xf32, #mempl.space<hbm>> to memref<16xf32>
  // CHECK: %[[FREE:.*]] = gpu.dealloc async [%[[JOIN2]]] %[[ARENA]]
  // CHECK: gpu.wait [%[[FILL]], %[[IN]], %[[ADD]], %[[EVICT]], %[[FREE]]]
  // CHECK-NEXT: gpu.host_unregister
  // CHECK-NOT: mempl
  return
}

// -----

// Copies of one channel are served in their order.
// CHECK-LABEL: func.func @two_prefetches
func.func @two_prefetches(%v: memref<4xf32>, %w: memref<4xf32>) {
  // CHECK: %[[IN:.*]] = gpu.memcpy async
  // CHECK: %[[FORK:.*]] = gpu.wait async [%{{.*}}, %[[IN]]]
  // CHECK: gpu.memcpy async [%[[FORK]]]
  %a = mempl.alloc <hbm> at 0 bytes 16 : memref<4xf32, #mempl.space<hbm>>
  %b = mempl.alloc <hbm> at 16 bytes 16 : memref<4xf32, #mempl.space<hbm>>
  %s = mempl.copy_start prefetch %v to %a : memref<4xf32> to memref<4xf32, #mempl.space<hbm>>
  %t = mempl.copy_start prefetch %w to %b : memref<4xf32> to memref<4xf32, #mempl.space<hbm>>
  mempl.copy_wait %s, %v to %a : memref<4xf32> to memref<4xf32, #mempl.space<hbm>>
  mempl.copy_wait %t, %w to %b : memref<4xf32> to memref<4xf32, #mempl.space<hbm>>
  return
}

// -----

// Slow memory is pinned in every function; what the host alone uses is not.
// CHECK-LABEL: func.func private @on_device
func.func private @on_device() -> memref<4xf32> {
  // CHECK: %[[S:.*]] = gpu.alloc host_shared () : memref<4xf32>
  // CHECK: gpu.memcpy async
  %a = mempl.alloc <hbm> at 0 bytes 16 : memref<4xf32, #mempl.space<hbm>>
  %s = memref.alloc() : memref<4xf32>
  mempl.transfer %a to %s : memref<4xf32, #mempl.space<hbm>> to memref<4xf32>
  // CHECK: return %[[S]]
  return %s : memref<4xf32>
}

// CHECK-LABEL: func.func @on_host
func.func @on_host() -> f32 {
  // CHECK: memref.alloc() : memref<1xindex>
  %c0 = arith.constant 0 : index
  %counts = memref.alloc() : memref<1xindex>
  memref.store %c0, %counts[%c0] : memref<1xindex>
  memref.dealloc %counts : memref<1xindex>
  // CHECK: %[[R:.*]] = call @on_device()
  // CHECK: gpu.dealloc async [{{.*}}] %[[R]]
  %r = call @on_device() : () -> memref<4xf32>
  %v = memref.load %r[%c0] : memref<4xf32>
  memref.dealloc %r : memref<4xf32>
  return %v : f32
}

// -----

// The host waits before it looks, and gets what is in fast memory copied.
// CHECK-LABEL: func.func private @read_on_host
func.func private @read_on_host() -> i32 {
  // CHECK: %[[S:.*]] = gpu.alloc host_shared () : memref<i32>
  // CHECK: %[[T:.*]] = gpu.memcpy async [{{.*}}] %[[S]],
  // CHECK: gpu.wait [%[[T]]]
  // CHECK: memref.load %[[S]][]
  // CHECK: gpu.dealloc async {{.*}} %[[S]]
  %a = mempl.alloc <hbm> at 0 bytes 4 : memref<i32, #mempl.space<hbm>>
  %v = memref.load %a[] : memref<i32, #mempl.space<hbm>>
  return %v : i32
}

// -----

memref.global "private" constant @k : memref<4xf32> = dense<1.0>

// A copy stays under way during a loop; the host waits at the end of each trip,
// and for a copy that is waited for in a branch. Constants are copied once.
// CHECK-LABEL: func.func @loop_and_branch
func.func @loop_and_branch(%w: memref<4xf32>, %n: index, %p: i1) {
  // CHECK: %[[K:.*]] = memref.get_global @k
  // CHECK: %[[PINNED:.*]] = gpu.alloc host_shared () : memref<4xf32>
  // CHECK: memref.copy %[[K]], %[[PINNED]]
  // CHECK: scf.for
  // CHECK: %[[C:.*]] = gpu.memcpy async [{{.*}}] {{.*}}, %[[PINNED]]
  // CHECK: gpu.wait [%[[C]]]
  // CHECK: }
  // CHECK: scf.if
  // CHECK: gpu.wait [%[[IN:.*]]]
  // CHECK: } else {
  // CHECK: gpu.wait [%[[IN]]]
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = mempl.alloc <hbm> at 0 bytes 16 : memref<4xf32, #mempl.space<hbm>>
  %t = mempl.copy_start prefetch %w to %a : memref<4xf32> to memref<4xf32, #mempl.space<hbm>>
  scf.for %i = %c0 to %n step %c1 {
    %k = memref.get_global @k : memref<4xf32>
    %b = mempl.alloc <hbm> at 16 bytes 16 : memref<4xf32, #mempl.space<hbm>>
    mempl.transfer %k to %b : memref<4xf32> to memref<4xf32, #mempl.space<hbm>>
  }
  scf.if %p {
    mempl.copy_wait %t, %w to %a : memref<4xf32> to memref<4xf32, #mempl.space<hbm>>
  } else {
    mempl.copy_wait %t, %w to %a : memref<4xf32> to memref<4xf32, #mempl.space<hbm>>
  }
  return
}

// -----

// Memory of another space keeps it.
// CHECK-LABEL: func.func @space
// CHECK: %[[HOST:.*]] = memref.cast %{{.*}} : memref<16xf32, 1> to memref<*xf32, 1>
// CHECK: gpu.host_register %[[HOST]] : memref<*xf32, 1>
func.func @space(%slow: memref<16xf32, 1>) {
  %fast = mempl.alloc <hbm> at 0 bytes 64 : memref<16xf32, #mempl.space<hbm>>
  %t = mempl.copy_start %slow to %fast : memref<16xf32, 1> to memref<16xf32, #mempl.space<hbm>>
  mempl.copy_wait %t, %slow to %fast : memref<16xf32, 1> to memref<16xf32, #mempl.space<hbm>>
  return
}
