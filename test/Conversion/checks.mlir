// REQUIRES: runner
// The runtime finds what mempl-check-placement was not asked about.
// RUN: split-file %s %t
// RUN: mempl-opt --mempl-lower-to-cpu %t/early.mlir -o %t/early.llvm
// RUN: mempl-opt --mempl-lower-to-cpu %t/late.mlir -o %t/late.llvm
// RUN: mempl-opt --mempl-lower-to-cpu %t/source.mlir -o %t/source.llvm
// RUN: not env MEMPL_RUNTIME_CHECK=1 %run_main %t/early.llvm 2>&1 | FileCheck %s --check-prefix=EARLY
// RUN: not env MEMPL_RUNTIME_CHECK=1 %run_main %t/late.llvm 2>&1 | FileCheck %s --check-prefix=LATE
// RUN: not env MEMPL_RUNTIME_CHECK=1 %run_main %t/source.llvm 2>&1 | FileCheck %s --check-prefix=SOURCE
// RUN: not env MEMPL_RUNTIME_FAST_CAPACITY=32 %run_main %t/early.llvm 2>&1 | FileCheck %s --check-prefix=CAPACITY

// CAPACITY: mempl-runtime: error: storage of 64 bytes at byte 0 is outside of the 32 bytes of fast memory

//--- early.mlir
!fast = memref<16xf32, #mempl.space<vmem>>

// EARLY: mempl-runtime: error: step 'linalg.fill' at {{.*}} writes bytes that the copy of {{.*}} is still writing
func.func @main() {
  %zero = arith.constant 0.0 : f32
  %slow = memref.alloc() : memref<16xf32>
  %fast = mempl.alloc <vmem> at 0 bytes 64 : !fast
  %t = mempl.copy_start %slow to %fast : memref<16xf32> to !fast
  linalg.fill ins(%zero : f32) outs(%fast : !fast)
  mempl.copy_wait %t, %slow to %fast : memref<16xf32> to !fast
  return
}

//--- late.mlir
!fast = memref<16xf32, #mempl.space<vmem>>

// LATE: mempl-runtime: error: step 'linalg.fill' at {{.*}} writes byte 64 of fast memory, which is no storage
func.func @main() {
  %zero = arith.constant 0.0 : f32
  %fast = mempl.alloc <vmem> at 64 bytes 64 : !fast
  mempl.release %fast : !fast
  linalg.fill ins(%zero : f32) outs(%fast : !fast)
  return
}

//--- source.mlir
!fast = memref<16xf32, #mempl.space<vmem>>

// SOURCE: mempl-runtime: error: step 'linalg.fill' at {{.*}} writes bytes that the copy of {{.*}} is still reading
func.func @main() {
  %zero = arith.constant 0.0 : f32
  %slow = memref.alloc() : memref<16xf32>
  %fast = mempl.alloc <vmem> at 0 bytes 64 : !fast
  %t = mempl.copy_start %slow to %fast : memref<16xf32> to !fast
  linalg.fill ins(%zero : f32) outs(%slow : memref<16xf32>)
  mempl.copy_wait %t, %slow to %fast : memref<16xf32> to !fast
  return
}
