// RUN: mempl-opt %s --mempl-test-print-program -o /dev/null | FileCheck %s

// After bufferization: allocations, arguments and globals are values, subviews
// and casts are not, and effects say who reads and writes.
memref.global "private" constant @weights : memref<16xf32> = dense<1.0>

// CHECK-LABEL: function buffers
// CHECK-NEXT: value arg0: 1024 bytes, input
// CHECK-NEXT: value v1: 64 bytes, temporary
// CHECK-NEXT: value weights: 64 bytes, input
// CHECK-NEXT: value v3: 64 bytes, output
// CHECK-NEXT: step 0 memref.copy: reads 64 of arg0, writes 64 of v1
// CHECK-NEXT: step 1 linalg.add: reads 64 of v1, reads 64 of weights, writes 64 of v3
func.func @buffers(%a: memref<16x16xf32>) -> memref<16xf32> {
  %v = memref.alloc() : memref<16xf32>
  %s = memref.subview %a[3, 0] [1, 16] [1, 1] : memref<16x16xf32> to memref<16xf32, strided<[1], offset: 48>>
  memref.copy %s, %v : memref<16xf32, strided<[1], offset: 48>> to memref<16xf32>
  %w = memref.get_global @weights : memref<16xf32>
  %r = memref.alloc() : memref<16xf32>
  linalg.add ins(%v, %w : memref<16xf32>, memref<16xf32>) outs(%r : memref<16xf32>)
  memref.dealloc %v : memref<16xf32>
  return %r : memref<16xf32>
}

// The caller sees what is written to an argument.
// CHECK-LABEL: function written_argument
// CHECK-NEXT: value arg0: 64 bytes, inout
// CHECK-NEXT: step 0 linalg.exp: updates 128 of arg0
// CHECK-NEXT: step 1 memref.store: updates 4 of arg0
func.func @written_argument(%a: memref<16xf32>, %x: f32, %i: index) {
  linalg.exp ins(%a : memref<16xf32>) outs(%a : memref<16xf32>)
  memref.store %x, %a[%i] : memref<16xf32>
  return
}

// CHECK-LABEL: function loop
// CHECK: step 0 scf.for: reads 640 of arg0, updates 640 of arg1, 10 trips
// CHECK-NEXT:   value v0: 64 bytes, temporary
// CHECK-NEXT:   step 0 linalg.exp: writes 64 of v0
// CHECK-NEXT:   step 1 linalg.log: reads 64 of v0
func.func @loop(%a: memref<16xf32>, %b: memref<16xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c10 = arith.constant 10 : index
  scf.for %i = %c0 to %c10 step %c1 {
    %e = memref.alloc() : memref<16xf32>
    linalg.exp ins(%a : memref<16xf32>) outs(%e : memref<16xf32>)
    linalg.log ins(%e : memref<16xf32>) outs(%b : memref<16xf32>)
    memref.dealloc %e : memref<16xf32>
  }
  return
}

// CHECK-LABEL: function one_of_two
// CHECK-NEXT: value arg1: 64 bytes, input slow
// CHECK-NEXT: value arg2: 64 bytes, inout slow
// CHECK: note: 'arg1' stays in slow memory: it is one of several buffers that a memref may be
func.func @one_of_two(%c: i1, %a: memref<16xf32>, %b: memref<16xf32>) {
  %s = arith.select %c, %a, %b : memref<16xf32>
  linalg.exp ins(%s : memref<16xf32>) outs(%b : memref<16xf32>)
  return
}

// CHECK-LABEL: function other_space
// CHECK-NEXT: value arg0: 64 bytes, input slow
// CHECK: note: 'arg0' stays in slow memory: it has a memory space, 3 : i64
func.func @other_space(%a: memref<16xf32, 3>, %b: memref<16xf32> {mempl.pin}) {
  linalg.exp ins(%a : memref<16xf32, 3>) outs(%b : memref<16xf32>)
  return
}

// A view that upstream's analysis does not know: nobody sees what becomes of it.
// CHECK-LABEL: function unknown_view
// CHECK-NEXT: value arg0: 128 bytes, {{.*}}slow
// CHECK: note: 'arg0' stays in slow memory: it is used by 'arith.index_cast', whose result may be a view of it
func.func @unknown_view(%a: memref<16xindex>, %b: memref<16xi64>) {
  %integers = arith.index_cast %a : memref<16xindex> to memref<16xi64>
  memref.copy %integers, %b : memref<16xi64> to memref<16xi64>
  return
}
