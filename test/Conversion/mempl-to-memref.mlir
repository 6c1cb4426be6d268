// RUN: mempl-opt --split-input-file --convert-mempl-to-memref %s | FileCheck %s --check-prefixes=CHECK,DMA
// RUN: mempl-opt --split-input-file --convert-mempl-to-memref="copies=sync alignment=4096" %s \
// RUN:   | FileCheck %s --check-prefixes=CHECK,SYNC
// RUN: mempl-opt --split-input-file --convert-mempl-to-memref="copies=keep" %s | FileCheck %s --check-prefix=KEEP

// The arena holds all storage of all functions.
// DMA: memref.global "private" @mempl_arena_vmem : memref<320xi8, #mempl.space<vmem>> = uninitialized {alignment = 64 : i64}
// SYNC: memref.global "private" @mempl_arena_vmem : memref<320xi8, #mempl.space<vmem>> = uninitialized {alignment = 4096 : i64}

// CHECK-LABEL: func.func @copies
// CHECK-SAME:    %[[SLOW:.*]]: memref<16xf32>
func.func @copies(%slow: memref<16xf32>) {
  // DMA-DAG: %[[TAG:.*]] = memref.alloca() : memref<1xi32>
  // CHECK-DAG: %[[ARENA:.*]] = memref.get_global @mempl_arena_vmem
  // CHECK-DAG: %[[OFFSET:.*]] = arith.constant 128 : index
  // CHECK: %[[FAST:.*]] = memref.view %[[ARENA]][%[[OFFSET]]][] : memref<320xi8, #mempl.space<vmem>> to memref<16xf32, #mempl.space<vmem>>
  // DMA: %[[COUNT:.*]] = arith.constant 16 : index
  // DMA: memref.dma_start %[[SLOW]][%{{.*}}], %[[FAST]][%{{.*}}], %[[COUNT]], %[[TAG]][%{{.*}}]
  // SYNC: memref.copy %[[SLOW]], %[[FAST]]
  // KEEP: mempl.copy_start prefetch
  %fast = mempl.alloc <vmem> at 128 bytes 64 : memref<16xf32, #mempl.space<vmem>>
  %token = mempl.copy_start prefetch %slow to %fast : memref<16xf32> to memref<16xf32, #mempl.space<vmem>>
  // CHECK: call @work
  func.call @work() : () -> ()
  // DMA: memref.dma_wait %[[TAG]][%{{.*}}], %[[COUNT]]
  // SYNC-NOT: memref.copy
  // KEEP: mempl.copy_wait
  mempl.copy_wait %token, %slow to %fast : memref<16xf32> to memref<16xf32, #mempl.space<vmem>>
  // CHECK-NOT: mempl.{{[a-z_]+ }}
  // KEEP-NOT: mempl.release
  mempl.release %fast : memref<16xf32, #mempl.space<vmem>>
  return
}
func.func private @work()

// CHECK-LABEL: func.func @dynamic
// CHECK-SAME:    %[[SLOW:.*]]: memref<?x4xf32>, %[[N:.*]]: index
func.func @dynamic(%slow: memref<?x4xf32>, %n: index) {
  // CHECK: %[[FAST:.*]] = memref.view %{{.*}}[%{{.*}}][%[[N]]]
  // DMA: %[[FOUR:.*]] = arith.constant 4 : index
  // DMA: %[[ROWS:.*]] = memref.dim %[[FAST]]
  // DMA: %[[COUNT:.*]] = arith.muli %[[FOUR]], %[[ROWS]]
  // DMA: memref.dma_start %[[FAST]][%{{.*}}, %{{.*}}], %[[SLOW]][%{{.*}}, %{{.*}}], %[[COUNT]]
  %fast = mempl.alloc <vmem> at 64 bytes 256 (%n) : memref<?x4xf32, #mempl.space<vmem>>
  %token = mempl.copy_start evict %fast to %slow : memref<?x4xf32, #mempl.space<vmem>> to memref<?x4xf32>
  mempl.copy_wait %token, %fast to %slow : memref<?x4xf32, #mempl.space<vmem>> to memref<?x4xf32>
  return
}

// CHECK-LABEL: func.func @transfer
func.func @transfer(%a: memref<4xf32>, %b: memref<4xf32>) {
  // CHECK: memref.copy
  mempl.transfer %a to %b : memref<4xf32> to memref<4xf32>
  return
}

// -----

// Columns 8 to 15 of 32: blocks of 8 at a distance of 32.
// CHECK-LABEL: func.func @blocks
func.func @blocks(%slow: memref<4x8xf32, strided<[32, 1], offset: 8>>) {
  // DMA-DAG: %[[COUNT:.*]] = arith.constant 32 : index
  // DMA-DAG: %[[STRIDE:.*]] = arith.constant 32 : index
  // DMA-DAG: %[[BLOCK:.*]] = arith.constant 8 : index
  // DMA: memref.dma_start {{.*}}, %{{.*}}, %[[BLOCK]] :
  %fast = mempl.alloc <vmem> at 0 bytes 128 : memref<4x8xf32, #mempl.space<vmem>>
  %token = mempl.copy_start %slow to %fast
      : memref<4x8xf32, strided<[32, 1], offset: 8>> to memref<4x8xf32, #mempl.space<vmem>>
  mempl.copy_wait %token, %slow to %fast
      : memref<4x8xf32, strided<[32, 1], offset: 8>> to memref<4x8xf32, #mempl.space<vmem>>
  return
}

// -----

// Each memory has its own arena, and a name that is taken is left alone.
// CHECK-DAG: memref.global "private" @mempl_arena_b : memref<16xi8, #mempl.space<b>>
// CHECK-DAG: memref.global "private" @mempl_arena_a{{_[0-9]+}} : memref<8xi8, #mempl.space<a>>
// CHECK-DAG: func.func private @mempl_arena_a()
func.func private @mempl_arena_a()
func.func @two() {
  %a = mempl.alloc <a> at 0 bytes 8 : memref<2xf32, #mempl.space<a>>
  %b = mempl.alloc <b> at 8 bytes 8 : memref<2xf32, #mempl.space<b>>
  return
}
