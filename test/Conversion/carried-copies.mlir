// RUN: mempl-opt %s --convert-mempl-to-memref --canonicalize --cse | FileCheck %s --check-prefix=DMA
// RUN: mempl-opt %s --convert-mempl-to-llvm | FileCheck %s --check-prefix=LLVM
// RUN: mempl-opt %s --mempl-complete-carried-copies | FileCheck %s --check-prefix=DONE
// RUN: mempl-opt %s --convert-mempl-to-memref=copies=sync | FileCheck %s --check-prefix=SYNC
// RUN: mempl-opt %s --convert-mempl-to-async | FileCheck %s --check-prefix=ASYNC

!fast = memref<16xf32, #mempl.space<fast>>
!slice = memref<16xf32, strided<[1], offset: ?>>

// Columns ahead and behind: what bufferization makes of a rotating loop.

// The arena reaches to the end of the farther of two offsets.
// DMA: memref.global "private" @mempl_arena_fast : memref<320xi8,

// A tag for the first copy, two where trips take turns, one for the copy back.
// The loop carries the place of the tag, and how much to wait for.
// DMA-LABEL: func.func @rotating(
// DMA-SAME: %[[W:.*]]: memref<64xf32>, %[[O:.*]]: memref<64xf32>
// DMA-DAG: %[[NONE:.*]] = arith.constant -1 : index
// DMA-DAG: %[[C0:.*]] = arith.constant 0 : index
// DMA-DAG: %[[C1:.*]] = arith.constant 1 : index
// DMA-DAG: %[[C2:.*]] = arith.constant 2 : index
// DMA-DAG: %[[C3:.*]] = arith.constant 3 : index
// DMA-DAG: %[[C16:.*]] = arith.constant 16 : index
// DMA: %[[TAGS:.*]] = memref.alloca() : memref<4xi32>
// DMA: memref.dma_start %{{.*}}, %{{.*}}, %[[C16]], %[[TAGS]][%[[C0]]]
// DMA: %[[R:.*]]:4 = scf.for {{.*}} iter_args(%[[T:.*]] = %[[C0]], %[[N:.*]] = %[[C16]], %[[U:.*]] = %[[NONE]], %[[M:.*]] = %[[C0]])
// DMA: scf.if {{.*}} -> (index)
// DMA: %[[TURN:.*]] = arith.select %{{.*}}, %[[C2]], %[[C1]] : index
// DMA: memref.dma_start %{{.*}}, %{{.*}}, %[[C16]], %[[TAGS]][%[[TURN]]]
// DMA: scf.yield %[[TURN]]
// DMA: else
// DMA-NEXT: scf.yield %[[NONE]]
// DMA: %[[SOME:.*]] = arith.cmpi ne, %[[T]], %[[NONE]]
// DMA-NEXT: scf.if %[[SOME]] {
// DMA-NEXT: memref.dma_wait %[[TAGS]][%[[T]]], %[[N]]
// DMA: memref.dma_wait %[[TAGS]][%[[U]]], %[[M]]
// DMA: memref.dma_start %{{.*}}, %{{.*}}, %[[C16]], %[[TAGS]][%[[C3]]]
// DMA-NOT: memref.copy
// DMA: scf.yield %{{.*}}, %{{.*}}, %[[C3]], %[[C16]]
// DMA: memref.dma_wait %[[TAGS]][%[[R]]#2], %[[R]]#3

// A copy is a number, none is 0, and the runtime is told that it is carried.
// LLVM-LABEL: func.func @rotating(
// LLVM: %[[NO:.*]] = llvm.mlir.constant(0 : i64)
// LLVM: %[[T0:.*]] = llvm.call @mempl_copy_start(
// LLVM-NEXT: llvm.call @mempl_copy_carry(%[[T0]])
// LLVM: %[[R:.*]]:2 = scf.for {{.*}} iter_args(%[[T:.*]] = %[[T0]], %[[U:.*]] = %[[NO]]) -> (i64, i64)
// LLVM: %[[N:.*]] = scf.if {{.*}} -> (i64)
// LLVM: llvm.select %{{.*}} : i1, i64
// LLVM: llvm.call @mempl_alloc(
// LLVM: %[[T1:.*]] = llvm.call @mempl_copy_start(
// LLVM-NEXT: llvm.call @mempl_copy_carry(%[[T1]])
// LLVM: scf.yield %[[T1]] : i64
// LLVM: llvm.call @mempl_copy_wait(%[[T]])
// LLVM: llvm.call @mempl_copy_wait(%[[U]])
// LLVM: %[[V:.*]] = llvm.call @mempl_copy_start(
// LLVM-NEXT: llvm.call @mempl_copy_carry(%[[V]])
// LLVM-NOT: memref.copy
// LLVM: scf.yield %[[N]], %[[V]] : i64, i64
// LLVM: llvm.call @mempl_copy_wait(%[[R]]#1)

// DONE-LABEL: func.func @rotating(
// DONE: mempl.copy_start prefetch
// DONE-NEXT: mempl.copy_wait
// DONE: scf.for {{[^()]*}} {
// DONE: scf.if %{{[0-9a-z_]+}} {
// DONE: mempl.copy_start prefetch
// DONE-NEXT: mempl.copy_wait
// DONE-NOT: token
// DONE: mempl.copy_start evict
// DONE-NEXT: mempl.copy_wait

// SYNC-LABEL: func.func @rotating(
// SYNC-NOT: mempl.copy
// SYNC-COUNT-3: memref.copy
// SYNC-NOT: memref.copy
// SYNC-LABEL: func.func @strided

// ASYNC-LABEL: func.func @rotating(
// ASYNC-NOT: mempl.copy
// ASYNC-COUNT-3: async.execute
func.func @rotating(%w: memref<64xf32>, %o: memref<64xf32>) {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %no = mempl.no_copy
  %s0 = memref.subview %w[0] [16] [1] : memref<64xf32> to memref<16xf32, strided<[1]>>
  %a0 = mempl.alloc <fast> at 0 bytes 64 : !fast
  %t0 = mempl.copy_start_carried prefetch %s0 to %a0 : memref<16xf32, strided<[1]>> to !fast
  %r:2 = scf.for %i = %c0 to %c64 step %c16 iter_args(%t = %t0, %u = %no) -> (!mempl.token, !mempl.token) {
    %trip = arith.divui %i, %c16 : index
    %parity = arith.remui %trip, %c2 : index
    %even = arith.cmpi eq, %parity, %c0 : index
    %odd = arith.cmpi ne, %parity, %c0 : index
    %next = arith.addi %i, %c16 : index
    %more = arith.cmpi ult, %next, %c64 : index
    %tn = scf.if %more -> !mempl.token {
      %s = memref.subview %w[%next] [16] [1] : memref<64xf32> to !slice
      %a = mempl.alloc <fast> at 0 or 256 if %even bytes 64 : !fast
      %t1 = mempl.copy_start_carried prefetch %s to %a : !slice to !fast
      scf.yield %t1 : !mempl.token
    } else {
      %none = mempl.no_copy
      scf.yield %none : !mempl.token
    }
    %b = mempl.alloc <fast> at 0 or 256 if %odd bytes 64 : !fast
    mempl.copy_wait_carried %t
    mempl.copy_wait_carried %u
    %e = mempl.alloc <fast> at 128 bytes 64 : !fast
    linalg.exp ins(%b : !fast) outs(%e : !fast)
    mempl.release %b : !fast
    %so = memref.subview %o[%i] [16] [1] : memref<64xf32> to !slice
    %v = mempl.copy_start_carried evict %e to %so : !fast to !slice
    %same = memref.subview %o[%i] [16] [1] : memref<64xf32> to !slice
    memref.copy %so, %same : !slice to !slice
    scf.yield %tn, %v : !mempl.token, !mempl.token
  }
  mempl.copy_wait_carried %r#1
  return
}

// Blocks of 8 at a distance of 64; and a select of tokens.
// DMA-LABEL: func.func @strided(
// DMA-DAG: %[[C32:.*]] = arith.constant 32 : index
// DMA-DAG: %[[C64:.*]] = arith.constant 64 : index
// DMA-DAG: %[[C8:.*]] = arith.constant 8 : index
// DMA: memref.dma_start {{.*}}, %[[C32]], %{{.*}}[%{{.*}}], %[[C64]], %[[C8]]
// DMA-COUNT-2: arith.select
// LLVM-LABEL: func.func @strided(
// LLVM: %[[T:.*]] = llvm.call @mempl_copy_start_strided(
// LLVM-NEXT: llvm.call @mempl_copy_carry(%[[T]])
// LLVM: %[[S:.*]] = arith.select %{{.*}}, %[[T]], %{{.*}} : i64
// LLVM: llvm.call @mempl_copy_wait(%[[S]])
func.func @strided(%w: memref<4x8xf32, strided<[64, 1], offset: ?>>, %c: i1) {
  %a = mempl.alloc <fast> at 0 bytes 128 : memref<4x8xf32, #mempl.space<fast>>
  %t = mempl.copy_start_carried prefetch %w to %a
      : memref<4x8xf32, strided<[64, 1], offset: ?>> to memref<4x8xf32, #mempl.space<fast>>
  %none = mempl.no_copy
  %s = arith.select %c, %t, %none : !mempl.token
  mempl.copy_wait_carried %s
  return
}

// Whether two copies may be under way is not to be seen: it is waited for at once.
// DMA-LABEL: func.func @unknown_storage(
// DMA: memref.dma_start
// DMA-NEXT: memref.dma_wait
// DMA-NOT: memref.dma_wait
func.func @unknown_storage(%w: memref<16xf32>, %a: !fast) {
  %t = mempl.copy_start_carried prefetch %w to %a : memref<16xf32> to !fast
  mempl.copy_wait_carried %t
  return
}
