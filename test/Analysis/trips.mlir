// RUN: mempl-opt %s --mempl-prepare --mempl-test-print-program -o /dev/null | FileCheck %s

// What a loop does counts once per trip, whatever kind of loop it is. Trips
// that depend on values are told, or the most that the bounds allow.

// An scf.forall becomes a nest of loops that update its outputs in place.
// CHECK-LABEL: function par
// CHECK-NEXT: value arg0: 16384 bytes, input{{$}}
// CHECK-NEXT: value arg1: 16384 bytes, inout{{$}}
// CHECK-NEXT: step 0 scf.for: updates 16384 of arg1, reads 16384 of arg0, 4 trips
// CHECK-NEXT:   step 0 scf.for: 2 trips
// CHECK-NEXT:     step 0 linalg.exp: compute 4.096e-06
func.func @par(%a: tensor<64x64xf32>, %o: tensor<64x64xf32> {bufferization.writable=true}) -> tensor<64x64xf32> {
  %r = scf.forall (%i, %j) = (0, 0) to (64, 64) step (16, 32) shared_outs(%x = %o) -> tensor<64x64xf32> {
    %s = tensor.extract_slice %a[%i, %j] [16, 32] [1, 1] : tensor<64x64xf32> to tensor<16x32xf32>
    %e = tensor.empty() : tensor<16x32xf32>
    %y = linalg.exp ins(%s : tensor<16x32xf32>) outs(%e : tensor<16x32xf32>) -> tensor<16x32xf32>
    scf.forall.in_parallel { tensor.parallel_insert_slice %y into %x[%i, %j] [16, 32] [1, 1] : tensor<16x32xf32> into tensor<64x64xf32> }
  }
  return %r : tensor<64x64xf32>
}

// CHECK-LABEL: function while
// CHECK: step 0 scf.while: {{.*}} 1280 of carried{{.*}}compute 1.28e-06
func.func @while(%a: tensor<16xf32>) -> tensor<16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = arith.constant 10 : index
  %r:2 = scf.while (%x = %a, %i = %c0) : (tensor<16xf32>, index) -> (tensor<16xf32>, index) {
    %go = arith.cmpi slt, %i, %n : index
    scf.condition(%go) %x, %i : tensor<16xf32>, index
  } do {
  ^bb0(%x: tensor<16xf32>, %i: index):
    %y = linalg.exp ins(%x : tensor<16xf32>) outs(%x : tensor<16xf32>) -> tensor<16xf32>
    %j = arith.addi %i, %c1 : index
    scf.yield %y, %j : tensor<16xf32>, index
  }
  return %r#0 : tensor<16xf32>
}

// CHECK-LABEL: function affine
// CHECK: step 0 scf.for: updates 1280 of arg0, reads 640 of arg1, 10 trips
// CHECK-NEXT:   step 0 linalg.add: compute 1.6e-08
func.func @affine(%a: tensor<16xf32>, %b: tensor<16xf32>) -> tensor<16xf32> {
  %r = affine.for %i = 0 to 40 step 4 iter_args(%x = %a) -> tensor<16xf32> {
    %y = linalg.add ins(%x, %b : tensor<16xf32>, tensor<16xf32>) outs(%x : tensor<16xf32>) -> tensor<16xf32>
    affine.yield %y : tensor<16xf32>
  }
  return %r : tensor<16xf32>
}

// CHECK-LABEL: function buffers
// CHECK: step 0 affine.for: reads 256 of arg0, updates 256 of arg1, 64 trips
// CHECK: step 1 affine.parallel: reads 256 of arg0, updates 256 of arg1, 64 trips
// CHECK: step 2 scf.parallel: reads 256 of arg0, updates 256 of arg1, 64 trips
// CHECK: step 3 scf.forall: reads 256 of arg0, updates 256 of arg1, 64 trips
// CHECK: step 4 scf.while: reads 256 of arg0, updates 256 of arg1
func.func @buffers(%a: memref<64xf32>, %b: memref<64xf32>) {
  affine.for %i = 0 to 64 {
    %x = affine.load %a[%i] : memref<64xf32>
    affine.store %x, %b[%i] : memref<64xf32>
  }
  affine.parallel (%i, %j) = (0, 0) to (8, 8) {
    %x = affine.load %a[%i * 8 + %j] : memref<64xf32>
    affine.store %x, %b[%i * 8 + %j] : memref<64xf32>
  }
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  scf.parallel (%i) = (%c0) to (%c64) step (%c1) {
    %x = memref.load %a[%i] : memref<64xf32>
    memref.store %x, %b[%i] : memref<64xf32>
  }
  scf.forall (%i) in (64) {
    %x = memref.load %a[%i] : memref<64xf32>
    memref.store %x, %b[%i] : memref<64xf32>
  }
  %r = scf.while (%i = %c0) : (index) -> (index) {
    %go = arith.cmpi ult, %i, %c64 : index
    scf.condition(%go) %i : index
  } do {
  ^bb0(%i: index):
    %x = memref.load %a[%i] : memref<64xf32>
    memref.store %x, %b[%i] : memref<64xf32>
    %j = arith.addi %i, %c1 : index
    scf.yield %j : index
  }
  return
}

// Upper bounds: a minimum of trips, a minimum of the size of a slice.
// CHECK-LABEL: function bounded
// CHECK: step 0 scf.for: updates 196608 of arg1, reads 196608 of arg0, 48 trips
// CHECK-NEXT: step 0 linalg.exp: compute 8.192e-06
func.func @bounded(%a: tensor<64x64xf32>, %o: tensor<64x64xf32> {bufferization.writable=true}, %n: index) -> tensor<64x64xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c48 = arith.constant 48 : index
  %m = arith.minsi %n, %c48 : index
  %r = scf.for %i = %c0 to %m step %c1 iter_args(%x = %o) -> tensor<64x64xf32> {
    %k = affine.min affine_map<(d0) -> (16, 48 - d0)>(%i)
    %s = tensor.extract_slice %a[%i, 0] [%k, 64] [1, 1] : tensor<64x64xf32> to tensor<?x64xf32>
    %t = tensor.extract_slice %x[%i, 0] [%k, 64] [1, 1] : tensor<64x64xf32> to tensor<?x64xf32>
    %y = linalg.exp ins(%s : tensor<?x64xf32>) outs(%t : tensor<?x64xf32>) -> tensor<?x64xf32>
    %z = tensor.insert_slice %y into %x[%i, 0] [%k, 64] [1, 1] : tensor<?x64xf32> into tensor<64x64xf32>
    scf.yield %z : tensor<64x64xf32>
  }
  return %r : tensor<64x64xf32>
}

// What is the size of a slice is no more than what it is a slice of.
// CHECK-LABEL: function slice
// CHECK: value v1: 16384 bytes, output{{$}}
// CHECK: step 0 linalg.exp: reads 16384 of arg0, writes 16384 of v1, compute 3.2768e-05
func.func @slice(%a: tensor<64x64xf32>, %n: index) -> tensor<?x64xf32> {
    %s = tensor.extract_slice %a[0, 0] [%n, 64] [1, 1] : tensor<64x64xf32> to tensor<?x64xf32>
    %e = tensor.empty(%n) : tensor<?x64xf32>
    %y = linalg.exp ins(%s : tensor<?x64xf32>) outs(%e : tensor<?x64xf32>) -> tensor<?x64xf32>
    return %y : tensor<?x64xf32>
}

// A remainder is less than its divisor, as an integer and as an index.
// CHECK-LABEL: function empty
// CHECK: value v1: 156 bytes
// CHECK: step 0 linalg.exp: reads 156 of arg0, writes 156 of v1, compute 3.12e-07
// CHECK: step 1 linalg.exp: updates 312 of v1, compute 3.12e-07
func.func @empty(%a: tensor<64xf32>, %n: i64) -> tensor<?xf32> {
    %c = arith.constant 40 : i64
    %m = arith.remui %n, %c : i64
    %d = arith.index_cast %m : i64 to index
    %e = tensor.empty(%d) : tensor<?xf32>
    %s = tensor.extract_slice %a[0] [%d] [1] : tensor<64xf32> to tensor<?xf32>
    %y = linalg.exp ins(%s : tensor<?xf32>) outs(%e : tensor<?xf32>) -> tensor<?xf32>
    %ex = tensor.expand_shape %y [[0, 1]] output_shape [%d, 1] : tensor<?xf32> into tensor<?x1xf32>
    %c2 = tensor.collapse_shape %ex [[0, 1]] : tensor<?x1xf32> into tensor<?xf32>
    %z = linalg.exp ins(%c2 : tensor<?xf32>) outs(%c2 : tensor<?xf32>) -> tensor<?xf32>
    return %z : tensor<?xf32>
}

// The counter of an scf.while may go down, be compared from the other side, as
// one of two conditions, or in a loop that does its work in the condition.
// CHECK-LABEL: function down
// CHECK: step 0 scf.while: reads 28 of arg0, updates 28 of arg1
func.func @down(%a: memref<64xf32>, %b: memref<64xf32>) {
  %c0 = arith.constant 0 : i32
  %c2 = arith.constant 2 : i32
  %c14 = arith.constant 14 : i32
  %z = arith.constant 0 : index
  %r = scf.while (%i = %c14) : (i32) -> (i32) {
    %go = arith.cmpi slt, %c0, %i : i32
    scf.condition(%go) %i : i32
  } do {
  ^bb0(%i: i32):
    %x = memref.load %a[%z] : memref<64xf32>
    memref.store %x, %b[%z] : memref<64xf32>
    %j = arith.subi %i, %c2 : i32
    scf.yield %j : i32
  }
  return
}
// CHECK-LABEL: function doing_first
// CHECK: step 0 scf.while: reads 40 of arg0, updates 40 of arg1
func.func @doing_first(%a: memref<64xf32>, %b: memref<64xf32>, %more: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c10 = arith.constant 10 : index
  %r = scf.while (%i = %c0) : (index) -> (index) {
    %x = memref.load %a[%i] : memref<64xf32>
    memref.store %x, %b[%i] : memref<64xf32>
    %j = arith.addi %i, %c1 : index
    %less = arith.cmpi ne, %j, %c10 : index
    %go = arith.andi %less, %more : i1
    scf.condition(%go) %j : index
  } do {
  ^bb0(%i: index):
    scf.yield %i : index
  }
  return
}

// Triangular loops: the most that the inner one runs.
// CHECK-LABEL: function triangle
// CHECK: step 0 affine.for: reads 512 of arg0, updates 512 of arg1, 8 trips
// CHECK: step 0 affine.for: 16 trips
func.func @triangle(%a: memref<64xf32>, %b: memref<64xf32>) {
  affine.for %i = 0 to 16 step 2 {
    affine.for %j = 0 to min affine_map<(d0) -> (d0 + 1, 60)>(%i) {
      %x = affine.load %a[%j] : memref<64xf32>
      affine.store %x, %b[%j] : memref<64xf32>
    }
  }
  return
}

// `mempl.trips` works on every kind of loop, and one that nothing is known of
// counts once, with a note.
// CHECK-LABEL: function told
// CHECK: step 0 scf.parallel: reads 28 of arg0, updates 28 of arg1, 7 trips
// CHECK: step 1 affine.for: reads 20 of arg0, updates 20 of arg1, 5 trips
// CHECK: step 2 scf.while: reads 36 of arg0, updates 36 of arg1
// CHECK: step 3 scf.forall: reads 4 of arg0, updates 4 of arg1, 1 trips
// CHECK: note: the number of trips is not known and taken as 1; 'mempl.trips' gives it
func.func @told(%a: memref<64xf32>, %b: memref<64xf32>, %n: index, %go: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.parallel (%i) = (%c0) to (%n) step (%c1) {
    %x = memref.load %a[%i] : memref<64xf32>
    memref.store %x, %b[%i] : memref<64xf32>
  } {mempl.trips = 7 : i64}
  affine.for %i = 0 to %n {
    %x = affine.load %a[%i] : memref<64xf32>
    affine.store %x, %b[%i] : memref<64xf32>
  } {mempl.trips = 5 : i64}
  scf.while : () -> () {
    scf.condition(%go)
  } do {
    %x = memref.load %a[%c0] : memref<64xf32>
    memref.store %x, %b[%c0] : memref<64xf32>
    scf.yield
  } attributes {mempl.trips = 9 : i64}
  scf.forall (%i) in (%n) {
    %x = memref.load %a[%i] : memref<64xf32>
    memref.store %x, %b[%i] : memref<64xf32>
  }
  return
}

// A loop in a conditional, and a call in a loop: as often as they run.
// CHECK-LABEL: function inside
// CHECK: step 0 scf.if: {{.*}}reads 1600 of arg1, {{.*}}compute 4e-07
func.func @inside(%c: i1, %a: tensor<16xf32>, %o: tensor<16xf32> {bufferization.writable = true}) -> tensor<16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c25 = arith.constant 25 : index
  %r = scf.if %c -> tensor<16xf32> {
    %l = scf.for %i = %c0 to %c25 step %c1 iter_args(%x = %o) -> tensor<16xf32> {
      %y = linalg.add ins(%x, %a : tensor<16xf32>, tensor<16xf32>) outs(%x : tensor<16xf32>) -> tensor<16xf32>
      scf.yield %y : tensor<16xf32>
    }
    scf.yield %l : tensor<16xf32>
  } else {
    scf.yield %o : tensor<16xf32>
  }
  return %r : tensor<16xf32>
}

// What a parallel loop that stays one allocates is slow: its trips may run
// together.
// CHECK-LABEL: function parallel_allocation
// CHECK: step 0 scf.forall:
// CHECK-NEXT: value v0: 64 bytes, temporary slow
// CHECK: note: {{.*}}is allocated in a parallel loop, whose trips may run at the same time
func.func @parallel_allocation(%a: tensor<64xf32>, %o: tensor<64xf32> {bufferization.writable = true}) -> tensor<64xf32> {
  %r = scf.forall (%i) = (0) to (64) step (16) shared_outs(%x = %o) -> tensor<64xf32> {
    %s = tensor.extract_slice %a[%i] [16] [1] : tensor<64xf32> to tensor<16xf32>
    %d = tensor.extract_slice %x[%i] [16] [1] : tensor<64xf32> to tensor<16xf32>
    %e = tensor.empty() : tensor<16xf32>
    %y = linalg.exp ins(%s : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
    %z = linalg.add ins(%y, %s : tensor<16xf32>, tensor<16xf32>) outs(%d : tensor<16xf32>) -> tensor<16xf32>
    scf.forall.in_parallel { tensor.parallel_insert_slice %z into %x[%i] [16] [1] : tensor<16xf32> into tensor<64xf32> }
  } {mapping = [#gpu.block<x>]}
  return %r : tensor<64xf32>
}

// The shape of an elementwise op, of which upstream's models know nothing.
// CHECK-LABEL: function of_arithmetic
// CHECK: step 1 scf.for: updates {{.*}} trips
func.func @of_arithmetic(%a: tensor<?xi32>, %b: tensor<?xi32>, %o: tensor<64xf32> {bufferization.writable = true}) -> tensor<64xf32> {
  %c0 = arith.constant 0 : index
  %t = arith.addi %a, %b : tensor<?xi32>
  %d = tensor.dim %t, %c0 : tensor<?xi32>
  %m = affine.min affine_map<(d0) -> (d0, 48)>(%d)
  %n = arith.index_cast %m : index to i32
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  %r = scf.for %i = %zero to %n step %one iter_args(%x = %o) -> (tensor<64xf32>) : i32 {
    %y = linalg.exp ins(%x : tensor<64xf32>) outs(%x : tensor<64xf32>) -> tensor<64xf32>
    scf.yield %y : tensor<64xf32>
  }
  return %r : tensor<64xf32>
}
