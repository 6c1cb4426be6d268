// RUN: mempl-opt --split-input-file --verify-diagnostics --convert-mempl-to-memref %s
// RUN: not mempl-opt --convert-mempl-to-memref=copies=maybe /dev/null 2>&1 | FileCheck %s --check-prefix=COPIES
// RUN: not mempl-opt --convert-mempl-to-memref=alignment=24 /dev/null 2>&1 | FileCheck %s --check-prefix=ALIGN

// COPIES: error: option 'copies': expected dma, sync or keep, got 'maybe'
// ALIGN: error: option 'alignment': expected a power of two, got 24

func.func @columns(%slow: memref<4x8xf32, strided<[1, 4]>>, %fast: memref<4x8xf32, #mempl.space<vmem>>) {
  // expected-error @+1 {{cannot be lowered to a DMA: expected contiguous memrefs, or blocks at one distance in slow memory}}
  %token = mempl.copy_start %slow to %fast
      : memref<4x8xf32, strided<[1, 4]>> to memref<4x8xf32, #mempl.space<vmem>>
  mempl.copy_wait %token, %slow to %fast
      : memref<4x8xf32, strided<[1, 4]>> to memref<4x8xf32, #mempl.space<vmem>>
  return
}

// -----

func.func @two_distances(%slow: memref<2x3x4xf32, strided<[100, 10, 1]>>, %fast: memref<2x3x4xf32, #mempl.space<vmem>>) {
  // expected-error @+1 {{cannot be lowered to a DMA}}
  %token = mempl.copy_start %slow to %fast
      : memref<2x3x4xf32, strided<[100, 10, 1]>> to memref<2x3x4xf32, #mempl.space<vmem>>
  mempl.copy_wait %token, %slow to %fast
      : memref<2x3x4xf32, strided<[100, 10, 1]>> to memref<2x3x4xf32, #mempl.space<vmem>>
  return
}

// -----

func.func @dynamic_blocks(%slow: memref<?x4xf32, strided<[8, 1]>>, %fast: memref<?x4xf32, #mempl.space<vmem>>) {
  // expected-error @+1 {{cannot be lowered to a DMA}}
  %token = mempl.copy_start %slow to %fast
      : memref<?x4xf32, strided<[8, 1]>> to memref<?x4xf32, #mempl.space<vmem>>
  mempl.copy_wait %token, %slow to %fast
      : memref<?x4xf32, strided<[8, 1]>> to memref<?x4xf32, #mempl.space<vmem>>
  return
}

// -----

func.func @one_memory(%a: memref<4xf32>, %b: memref<4xf32>) {
  // expected-error @+1 {{cannot be lowered to a DMA: expected one side in fast memory and the other in the default space}}
  %token = mempl.copy_start %a to %b : memref<4xf32> to memref<4xf32>
  mempl.copy_wait %token, %a to %b : memref<4xf32> to memref<4xf32>
  return
}

// -----

gpu.module @kernels {
  gpu.func @elsewhere() kernel {
    // expected-error @+1 {{cannot be lowered: it is inside of 'gpu.module', which does not see the arenas of the module}}
    %a = mempl.alloc <shared> at 0 bytes 16 : memref<4xf32, #mempl.space<shared>>
    gpu.return
  }
}
