// RUN: mempl-opt %s --allow-unregistered-dialect --mempl-pack-allocs --split-input-file --verify-diagnostics | FileCheck %s
// RUN: mempl-opt %s --allow-unregistered-dialect --mempl-pack-allocs --split-input-file --remarks-filter="mempl.*" 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK
// REMARK: pack-allocs.mlir:[[#]]:1: remark: {{.*}}'chain': 3 buffers of 768 bytes share 512 bytes
// RUN: not mempl-opt %s --allow-unregistered-dialect --mempl-pack-allocs="alignment=48" --split-input-file 2>&1 | FileCheck %s --check-prefix=ALIGNMENT
// ALIGNMENT: error: option 'alignment': expected a power of two, found 48
// RUN: not mempl-opt %s --allow-unregistered-dialect --mempl-pack-allocs="node-limit=-1" --split-input-file 2>&1 | FileCheck %s --check-prefix=NODES
// NODES: error: option 'node-limit': expected at least 0, found -1

// The first and the third never live at the same time. Deallocations go; the
// arena is freed where the function returns.
// CHECK-LABEL: func.func @chain
// CHECK-NEXT: %[[ARENA:.+]] = memref.alloc() {alignment = 64 : i64} : memref<512xi8>
// CHECK: %[[AT:.+]] = arith.constant [[#%u,FIRST:]] : index
// CHECK: memref.view %[[ARENA]][%[[AT]]][] : memref<512xi8> to memref<64xf32>
// CHECK-NOT: memref.alloc
// CHECK: %[[C2:.+]] = arith.constant {{256|0}} : index
// CHECK: memref.view %[[ARENA]][%[[C2]]][] : memref<512xi8> to memref<64xf32>
// CHECK: %[[C3:.+]] = arith.constant [[#FIRST]] : index
// CHECK: memref.view %[[ARENA]][%[[C3]]][] : memref<512xi8> to memref<64xf32>
// CHECK-NOT: memref.dealloc %{{[^a]}}
// CHECK: memref.dealloc %[[ARENA]]
// CHECK-NEXT: return
func.func @chain(%in: memref<64xf32>, %out: memref<64xf32>) {
  %a = memref.alloc() : memref<64xf32>
  linalg.exp ins(%in : memref<64xf32>) outs(%a : memref<64xf32>)
  %b = memref.alloc() : memref<64xf32>
  linalg.exp ins(%a : memref<64xf32>) outs(%b : memref<64xf32>)
  memref.dealloc %a : memref<64xf32>
  %c = memref.alloc() : memref<64xf32>
  linalg.exp ins(%b : memref<64xf32>) outs(%c : memref<64xf32>)
  memref.dealloc %b : memref<64xf32>
  memref.copy %c, %out : memref<64xf32> to memref<64xf32>
  memref.dealloc %c : memref<64xf32>
  return
}

// -----

// A buffer lives to the last use of its last view, and to the end of a loop that
// uses it. %b shares nothing with %a.
// CHECK-LABEL: func.func @views
// CHECK: memref.alloc() {alignment = 64 : i64} : memref<128xi8>
func.func @views(%in: memref<16xf32>, %n: index) -> f32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %a = memref.alloc() : memref<16xf32>
  memref.copy %in, %a : memref<16xf32> to memref<16xf32>
  %view = memref.subview %a[8] [8] [1] : memref<16xf32> to memref<8xf32, strided<[1], offset: 8>>
  %sum = scf.for %i = %c0 to %n step %c1 iter_args(%s = %zero) -> f32 {
    %x = memref.load %view[%c0] : memref<8xf32, strided<[1], offset: 8>>
    // One per trip, and dead at its end.
    %b = memref.alloc() : memref<16xf32>
    linalg.exp ins(%in : memref<16xf32>) outs(%b : memref<16xf32>)
    %y = memref.load %b[%c0] : memref<16xf32>
    %z = arith.addf %x, %y : f32
    %t = arith.addf %s, %z : f32
    scf.yield %t : f32
  }
  return %sum : f32
}

// -----

// Where it is deallocated does not matter.
// CHECK-LABEL: func.func @late
// CHECK: memref.alloc() {alignment = 64 : i64} : memref<512xi8>
// CHECK-COUNT-3: memref.view
func.func @late(%in: memref<64xf32>, %out: memref<64xf32>) {
  %a = memref.alloc() : memref<64xf32>
  linalg.exp ins(%in : memref<64xf32>) outs(%a : memref<64xf32>)
  %b = memref.alloc() : memref<64xf32>
  linalg.exp ins(%a : memref<64xf32>) outs(%b : memref<64xf32>)
  %c = memref.alloc() : memref<64xf32>
  linalg.exp ins(%b : memref<64xf32>) outs(%c : memref<64xf32>)
  memref.copy %c, %out : memref<64xf32> to memref<64xf32>
  memref.dealloc %a : memref<64xf32>
  memref.dealloc %b : memref<64xf32>
  memref.dealloc %c : memref<64xf32>
  return
}

// -----

// Branches share.
// CHECK-LABEL: func.func @branches
// CHECK: memref.alloc() {alignment = 64 : i64} : memref<64xi8>
// CHECK-COUNT-2: memref.view
func.func @branches(%in: memref<16xf32>, %out: memref<16xf32>, %c: i1) {
  scf.if %c {
    %a = memref.alloc() : memref<16xf32>
    linalg.exp ins(%in : memref<16xf32>) outs(%a : memref<16xf32>)
    memref.copy %a, %out : memref<16xf32> to memref<16xf32>
  } else {
    %a = memref.alloc() : memref<16xf32>
    linalg.log ins(%in : memref<16xf32>) outs(%a : memref<16xf32>)
    memref.copy %a, %out : memref<16xf32> to memref<16xf32>
  }
  return
}

// -----

// A memref that a conditional passes on is both of its buffers.
// CHECK-LABEL: func.func @passed_on
// CHECK: memref.alloc() {alignment = 64 : i64} : memref<192xi8>
func.func @passed_on(%in: memref<16xf32>, %out: memref<16xf32>, %c: i1) {
  %a = memref.alloc() : memref<16xf32>
  linalg.exp ins(%in : memref<16xf32>) outs(%a : memref<16xf32>)
  %b = memref.alloc() : memref<16xf32>
  linalg.log ins(%in : memref<16xf32>) outs(%b : memref<16xf32>)
  %x = scf.if %c -> memref<16xf32> {
    scf.yield %a : memref<16xf32>
  } else {
    scf.yield %b : memref<16xf32>
  }
  %d = memref.alloc() : memref<16xf32>
  linalg.exp ins(%in : memref<16xf32>) outs(%d : memref<16xf32>)
  linalg.add ins(%x, %d : memref<16xf32>, memref<16xf32>) outs(%out : memref<16xf32>)
  return
}

// -----

// A space has an arena of its own; alignments are kept, those that are assumed
// too.
// CHECK-LABEL: func.func @spaces
// CHECK-DAG: memref.alloc() {alignment = 64 : i64} : memref<72xi8>
// CHECK-DAG: memref.alloc() {alignment = 256 : i64} : memref<72xi8, 1>
func.func @spaces(%x: f32) {
  %c0 = arith.constant 0 : index
  %a = memref.alloc() : memref<2xf32>
  %b = memref.alloc() : memref<2xf32>
  %d = memref.alloc() : memref<2xf32, 1>
  %e = memref.alloc() : memref<2xf32, 1>
  %f = memref.assume_alignment %e, 256 : memref<2xf32, 1>
  memref.store %x, %a[%c0] : memref<2xf32>
  memref.store %x, %b[%c0] : memref<2xf32>
  memref.store %x, %d[%c0] : memref<2xf32, 1>
  memref.store %x, %f[%c0] : memref<2xf32, 1>
  memref.store %x, %a[%c0] : memref<2xf32>
  memref.store %x, %d[%c0] : memref<2xf32, 1>
  return
}

// -----

// What stays: results, what a loop carries, dynamic shapes, layouts, DMAs,
// tensors, pointers, parallel loops, conditional deallocations, and views that
// upstream's analysis does not know.
// CHECK-LABEL: func.func @stay
// CHECK-NOT: memref.view
// CHECK-NOT: memref<{{[0-9]+}}xi8
func.func @stay(%in: memref<16xf32>, %n: index, %c: i1) -> memref<16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %result = memref.alloc() : memref<16xf32>
  %init = memref.alloc() : memref<16xf32>
  %carried = scf.for %i = %c0 to %n step %c1 iter_args(%m = %init) -> memref<16xf32> {
    %next = memref.alloc() : memref<16xf32>
    linalg.exp ins(%m : memref<16xf32>) outs(%next : memref<16xf32>)
    scf.yield %next : memref<16xf32>
  }
  memref.copy %carried, %result : memref<16xf32> to memref<16xf32>
  memref.dealloc %carried : memref<16xf32>
  %dynamic = memref.alloc(%n) : memref<?xf32>
  memref.dealloc %dynamic : memref<?xf32>
  %strided = memref.alloc() : memref<16xf32, strided<[2]>>
  memref.dealloc %strided : memref<16xf32, strided<[2]>>
  %tag = memref.alloc() : memref<1xi32>
  %dma = memref.alloc() : memref<16xf32, 1>
  memref.dma_start %in[%c0], %dma[%c0], %c16, %tag[%c0] : memref<16xf32>, memref<16xf32, 1>, memref<1xi32>
  memref.dma_wait %tag[%c0], %c16 : memref<1xi32>
  %tensor = memref.alloc() : memref<16xf32>
  %t = bufferization.to_tensor %tensor restrict : memref<16xf32> to tensor<16xf32>
  %pointer = memref.alloc() : memref<16xf32>
  %p = memref.extract_aligned_pointer_as_index %pointer : memref<16xf32> -> index
  scf.parallel (%i) = (%c0) to (%n) step (%c1) {
    %own = memref.alloc() : memref<16xf32>
    linalg.exp ins(%in : memref<16xf32>) outs(%own : memref<16xf32>)
    scf.reduce
  }
  %cast = memref.alloc() : memref<16xindex>
  %integers = arith.index_cast %cast : memref<16xindex> to memref<16xi64>
  %maybe = memref.alloc() : memref<16xf32>
  scf.if %c {
    memref.dealloc %maybe : memref<16xf32>
  }
  "test.unknown"(%maybe, %p, %t, %integers) : (memref<16xf32>, index, tensor<16xf32>, memref<16xi64>) -> ()
  return %result : memref<16xf32>
}

// -----

// Blocks that branches join: what stays within one is packed.
// CHECK-LABEL: func.func @blocks
// CHECK: %[[ARENA:.+]] = memref.alloc() {alignment = 64 : i64} : memref<64xi8>
// CHECK-COUNT-2: memref.view %[[ARENA]]
// CHECK: memref.alloc() : memref<16xf32>
// CHECK: memref.dealloc %[[ARENA]]
func.func @blocks(%in: memref<16xf32>, %out: memref<16xf32>, %c: i1) {
  %a = memref.alloc() : memref<16xf32>
  linalg.exp ins(%in : memref<16xf32>) outs(%a : memref<16xf32>)
  memref.copy %a, %out : memref<16xf32> to memref<16xf32>
  cf.cond_br %c, ^one, ^two
^one:
  %b = memref.alloc() : memref<16xf32>
  linalg.exp ins(%out : memref<16xf32>) outs(%b : memref<16xf32>)
  memref.copy %b, %out : memref<16xf32> to memref<16xf32>
  %d = memref.alloc() : memref<16xf32>
  linalg.exp ins(%out : memref<16xf32>) outs(%d : memref<16xf32>)
  cf.br ^three(%d : memref<16xf32>)
^two:
  cf.br ^three(%in : memref<16xf32>)
^three(%x : memref<16xf32>):
  memref.copy %x, %out : memref<16xf32> to memref<16xf32>
  return
}
