// RUN: mempl-opt %s --mempl-prepare --split-input-file | FileCheck %s

// Padding becomes a fill and an insertion.
// CHECK-LABEL: func.func @padding
// CHECK: linalg.fill
// CHECK: tensor.insert_slice
// CHECK-NOT: tensor.pad
func.func @padding(%a: tensor<4x4xf32>) -> tensor<6x6xf32> {
  %z = arith.constant 0.0 : f32
  %p = tensor.pad %a low[1, 1] high[1, 1] {
  ^bb0(%i: index, %j: index):
    tensor.yield %z : f32
  } : tensor<4x4xf32> to tensor<6x6xf32>
  return %p : tensor<6x6xf32>
}

// -----

// A kernel's new result gets a destination.
// CHECK-LABEL: func.func @kernel(
// CHECK: %[[E:.*]] = bufferization.alloc_tensor() : tensor<8xf32>
// CHECK: mempl.kernel "k"(%{{.*}}, %[[E]]) {bytes = array<i64: -1, 16>, outs = array<i64: 1>
func.func @kernel(%a: tensor<4xf32>) -> tensor<8xf32> {
  %r = mempl.kernel "k"(%a) {seconds = 1.0 : f64, result_bytes = array<i64: 16>} : (tensor<4xf32>) -> tensor<8xf32>
  return %r : tensor<8xf32>
}

// -----

// The copy that bufferization would make is an op that nothing folds away.
// CHECK-LABEL: func.func @copied(
// CHECK-SAME: %[[A:.*]]: tensor<16xf32>
// CHECK: %[[E:.*]] = bufferization.alloc_tensor() : tensor<16xf32>
// CHECK: %[[T:.*]] = mempl.transfer %[[A]] to %[[E]]
// CHECK: tensor.insert %{{.*}} into %[[T]]
func.func @copied(%a: tensor<16xf32>, %x: f32, %i: index) -> (tensor<16xf32>, tensor<16xf32>) {
  %r = tensor.insert %x into %a[%i] : tensor<16xf32>
  return %r, %a : tensor<16xf32>, tensor<16xf32>
}

// -----

// An argument that must not be written is copied first.
// CHECK-LABEL: func.func @not_writable(
// CHECK: mempl.transfer
func.func @not_writable(%a: tensor<16xf32> {bufferization.writable = false}, %x: f32, %i: index) -> tensor<16xf32> {
  %r = tensor.insert %x into %a[%i] : tensor<16xf32>
  return %r : tensor<16xf32>
}

// -----

// Elements and generated tensors are written into a destination.
// CHECK-LABEL: func.func @elements
// CHECK: tensor.insert
// CHECK-NOT: tensor.from_elements
// CHECK: linalg.generic
// CHECK-NOT: tensor.generate
func.func @elements(%x: f32, %n: index) -> (tensor<2xf32>, tensor<4xindex>) {
  %a = tensor.from_elements %x, %x : tensor<2xf32>
  %b = tensor.generate {
  ^bb0(%i: index):
    tensor.yield %i : index
  } : tensor<4xindex>
  return %a, %b : tensor<2xf32>, tensor<4xindex>
}

// -----

// What `cse` makes of three fills: each op that writes into the one gets its own,
// where it is needed.
// CHECK-LABEL: func.func @shared_fill(
// CHECK-NOT: mempl.transfer
// CHECK: %[[E0:.*]] = bufferization.alloc_tensor() : tensor<8x8xf32>
// CHECK-NEXT: %[[F0:.*]] = linalg.fill {{.*}} outs(%[[E0]] :
// CHECK-NEXT: %[[M0:.*]] = linalg.matmul {{.*}} outs(%[[F0]] :
// CHECK-NEXT: %[[E1:.*]] = bufferization.alloc_tensor() : tensor<8x8xf32>
// CHECK-NEXT: %[[F1:.*]] = linalg.fill {{.*}} outs(%[[E1]] :
// CHECK-NEXT: linalg.matmul ins(%[[M0]], %{{.*}}) outs(%[[F1]] :
// CHECK-NEXT: return
func.func @shared_fill(%x: tensor<8x8xf32>, %w: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<8x8xf32>) -> tensor<8x8xf32>
  %a = linalg.matmul ins(%x, %w : tensor<8x8xf32>, tensor<8x8xf32>) outs(%f : tensor<8x8xf32>) -> tensor<8x8xf32>
  %b = linalg.matmul ins(%a, %w : tensor<8x8xf32>, tensor<8x8xf32>) outs(%f : tensor<8x8xf32>) -> tensor<8x8xf32>
  return %b : tensor<8x8xf32>
}

// -----

// One that others read is filled again for the last op, which writes it.
// CHECK-LABEL: func.func @filled_again(
// CHECK: %[[F:.*]] = linalg.fill
// CHECK-NEXT: %[[E:.*]] = bufferization.alloc_tensor()
// CHECK-NEXT: %[[X:.*]] = linalg.max ins(%{{.*}}, %[[F]] : {{.*}} outs(%[[E]] :
// CHECK-NEXT: %[[G:.*]] = linalg.fill {{.*}} outs(%[[F]] :
// CHECK-NEXT: linalg.matmul ins(%[[X]], {{.*}} outs(%[[G]] :
func.func @filled_again(%x: tensor<8x8xf32>, %w: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<8x8xf32>) -> tensor<8x8xf32>
  %a = linalg.max ins(%x, %f : tensor<8x8xf32>, tensor<8x8xf32>) outs(%e : tensor<8x8xf32>) -> tensor<8x8xf32>
  %b = linalg.matmul ins(%a, %w : tensor<8x8xf32>, tensor<8x8xf32>) outs(%f : tensor<8x8xf32>) -> tensor<8x8xf32>
  return %b : tensor<8x8xf32>
}

// -----

// A constant of one number is no more to copy than to fill.
// CHECK-LABEL: func.func @constant_destination(
// CHECK-NOT: mempl.transfer
// CHECK: linalg.fill
// CHECK: linalg.matmul
func.func @constant_destination(%x: tensor<8x8xf32>, %w: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %z = arith.constant dense<0.0> : tensor<8x8xf32>
  %a = linalg.matmul ins(%x, %w : tensor<8x8xf32>, tensor<8x8xf32>) outs(%z : tensor<8x8xf32>) -> tensor<8x8xf32>
  return %a : tensor<8x8xf32>
}

// -----

// An allocation for a body of a loop is in the body again, however often others
// use it.
// CHECK-LABEL: func.func @shared_with_a_body(
// CHECK: scf.for
// CHECK-NEXT: %[[E:.*]] = bufferization.alloc_tensor()
// CHECK-NEXT: linalg.exp {{.*}} outs(%[[E]] :
func.func @shared_with_a_body(%a: tensor<16xf32>, %b: tensor<16xf32>) -> (tensor<16xf32>, tensor<16xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c10 = arith.constant 10 : index
  %e = tensor.empty() : tensor<16xf32>
  %s = linalg.exp ins(%b : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  %r = scf.for %i = %c0 to %c10 step %c1 iter_args(%x = %a) -> tensor<16xf32> {
    %y = linalg.exp ins(%b : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
    %z = linalg.log ins(%y : tensor<16xf32>) outs(%x : tensor<16xf32>) -> tensor<16xf32>
    scf.yield %z : tensor<16xf32>
  }
  return %r, %s : tensor<16xf32>, tensor<16xf32>
}

// -----

// The slice that an insertion puts back stays a slice of what it is put into.
// CHECK-LABEL: func.func @slice_put_back(
// CHECK: %[[F:.*]] = linalg.fill
// CHECK: %[[S:.*]] = tensor.extract_slice %[[F]]
// CHECK: %[[X:.*]] = linalg.exp {{.*}} outs(%[[S]] :
// CHECK: tensor.insert_slice %[[X]] into %[[F]]
func.func @slice_put_back(%a: tensor<8xf32>) -> tensor<16xf32> {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<16xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  %s = tensor.extract_slice %f[4] [8] [1] : tensor<16xf32> to tensor<8xf32>
  %x = linalg.exp ins(%a : tensor<8xf32>) outs(%s : tensor<8xf32>) -> tensor<8xf32>
  %r = tensor.insert_slice %x into %f[4] [8] [1] : tensor<8xf32> into tensor<16xf32>
  return %r : tensor<16xf32>
}

// -----

// Amounts of a pad that are constants, given as values, and a size that the
// type does not know.
// CHECK-LABEL: func.func @pad_constant_amounts
func.func @pad_constant_amounts(%a: tensor<4xf32>, %v: tensor<8xf32>) -> (tensor<?xf32>, tensor<?xf32>) {
  %k = arith.constant 2.0 : f32
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  // CHECK: %[[SIZE:.*]] = arith.constant 6 : index
  // CHECK: %[[E:.*]] = tensor.empty(%[[SIZE]])
  // CHECK: %[[F:.*]] = linalg.fill {{.*}} outs(%[[E]]
  // CHECK: tensor.insert_slice %{{.*}} into %[[F]][0] [4] [1]
  %0 = tensor.pad %a low[%c0] high[%c2] {
  ^bb0(%i: index):
    tensor.yield %k : f32
  } : tensor<4xf32> to tensor<?xf32>
  // CHECK: linalg.generic
  // CHECK: %[[I:.*]] = linalg.index 0
  // CHECK: %[[X:.*]] = tensor.extract %{{.*}}[%[[I]]]
  // CHECK: linalg.yield %[[X]]
  // CHECK: tensor.insert_slice %{{.*}} into %{{.*}}[2] [4] [1]
  %1 = tensor.pad %a low[%c2] high[%c0] {
  ^bb0(%i: index):
    %x = tensor.extract %v[%i] : tensor<8xf32>
    tensor.yield %x : f32
  } : tensor<4xf32> to tensor<?xf32>
  return %0, %1 : tensor<?xf32>, tensor<?xf32>
}

// A negative amount removes elements.
// CHECK-LABEL: func.func @pad_removes(
func.func @pad_removes(%a: tensor<8x?xf32>, %n: index) -> (tensor<9x?xf32>, tensor<8x?xf32>) {
  %k = arith.constant 2.0 : f32
  // CHECK: %[[S:.*]] = tensor.extract_slice %arg0[2, 0] [6, %{{.*}}] [1, 1]
  // CHECK: %[[F:.*]] = linalg.fill
  // CHECK: tensor.insert_slice %[[S]] into %[[F]][0, %arg1] [6, %{{.*}}] [1, 1]
  %0 = tensor.pad %a low[-2, %n] high[3, 1] {
  ^bb0(%i: index, %j: index):
    tensor.yield %k : f32
  } : tensor<8x?xf32> to tensor<9x?xf32>
  // What a size that is not known loses is not known, either.
  // CHECK: tensor.pad %arg0 low[0, -1] high[0, 0]
  %1 = tensor.pad %a low[0, -1] high[0, 0] {
  ^bb0(%i: index, %j: index):
    tensor.yield %k : f32
  } : tensor<8x?xf32> to tensor<8x?xf32>
  return %0, %1 : tensor<9x?xf32>, tensor<8x?xf32>
}

// Pieces without an element are not inserted, and one that is all needs not be.
// CHECK-LABEL: func.func @no_elements
func.func @no_elements(%a: tensor<4xf32>, %b: tensor<0xf32>, %c: tensor<?xf32>) -> (tensor<4xf32>, tensor<0xf32>, tensor<2xf32>, tensor<2xf32>) {
  %k = arith.constant 2.0 : f32
  // CHECK-NOT: tensor.insert_slice
  // CHECK: return %arg0,
  %0 = tensor.concat dim(0) %a, %b : (tensor<4xf32>, tensor<0xf32>) -> tensor<4xf32>
  %1 = tensor.concat dim(0) %b, %b : (tensor<0xf32>, tensor<0xf32>) -> tensor<0xf32>
  %2 = tensor.pad %b low[2] high[0] {
  ^bb0(%i: index):
    tensor.yield %k : f32
  } : tensor<0xf32> to tensor<2xf32>
  %3 = tensor.pad %c low[1] high[1] {
  ^bb0(%i: index):
    tensor.yield %k : f32
  } : tensor<?xf32> to tensor<2xf32>
  return %0, %1, %2, %3 : tensor<4xf32>, tensor<0xf32>, tensor<2xf32>, tensor<2xf32>
}

// -----

// A copy that nothing uses is none, as for bufferization.
// CHECK-LABEL: func.func @unused_copy(
// CHECK-NEXT: return
func.func @unused_copy(%a: tensor<16xf32>) {
  %b = bufferization.alloc_tensor() copy(%a) : tensor<16xf32>
  return
}

// -----

// What a loop yields twice would be one buffer in the next trip.
// CHECK-LABEL: func.func @yielded_twice(
func.func @yielded_twice(%a: tensor<16xf32>) -> tensor<16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %k = arith.constant 5.0 : f32
  // CHECK: scf.for
  %r:2 = scf.for %i = %c0 to %c2 step %c1 iter_args(%x = %a, %y = %a) -> (tensor<16xf32>, tensor<16xf32>) {
    %w = tensor.insert %k into %x[%c1] : tensor<16xf32>
    %u = tensor.extract %w[%c1] : tensor<16xf32>
    vector.print %u : f32
    %v = tensor.extract %y[%c1] : tensor<16xf32>
    vector.print %v : f32
    %e = tensor.empty() : tensor<16xf32>
    // CHECK: %[[NEW:.*]] = linalg.exp
    %new = linalg.exp ins(%a : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
    // CHECK: %[[DEST:.*]] = bufferization.alloc_tensor() : tensor<16xf32>
    // CHECK: %[[COPY:.*]] = mempl.transfer %[[NEW]] to %[[DEST]]
    // CHECK: scf.yield %[[NEW]], %[[COPY]]
    scf.yield %new, %new : tensor<16xf32>, tensor<16xf32>
  }
  return %r#1 : tensor<16xf32>
}

// -----

// Which use of a tensor is the last is not known between blocks.
// CHECK-LABEL: func.func @blocks(
// CHECK: return
func.func @blocks(%c: i1) -> tensor<16xf32> {
  %k = arith.constant 5.0 : f32
  %e = tensor.empty() : tensor<16xf32>
  %f = linalg.fill ins(%k : f32) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  %x = linalg.exp ins(%f : tensor<16xf32>) outs(%f : tensor<16xf32>) -> tensor<16xf32>
  cf.cond_br %c, ^then, ^end
^then:
  %y = linalg.log ins(%f : tensor<16xf32>) outs(%f : tensor<16xf32>) -> tensor<16xf32>
  return %y : tensor<16xf32>
^end:
  return %x : tensor<16xf32>
}

// -----

// An original of itself, of an original, or the second one of a function is an
// ordinary function.
// CHECK: func.func @itself()
// CHECK: func.func private @second()
// CHECK: func.func private @of_second()
// CHECK: func.func @of_two()
func.func @itself() attributes {mempl.original = @itself} {
  return
}
func.func private @first() attributes {mempl.original = @of_two} {
  return
}
func.func private @second() attributes {mempl.original = @of_two} {
  return
}
func.func private @of_second() attributes {mempl.original = @second} {
  return
}
func.func @of_two() {
  return
}

// -----

// The size of a copy is asked for where the tensor begins: as a name of what is
// written last it would stay in slow memory when that is placed.
// CHECK-LABEL: func.func @size_of_copy(
// CHECK: %[[WRITTEN:.*]] = linalg.fill
// CHECK: %[[NAME:.*]] = tensor.cast %[[WRITTEN]]
// CHECK-NOT: tensor.dim
// CHECK: %[[SIZE:.*]] = arith.constant 16 : index
// CHECK: %[[COPY:.*]] = bufferization.alloc_tensor(%[[SIZE]]) : tensor<?xf32>
// CHECK: mempl.transfer %[[NAME]] to %[[COPY]]
func.func @size_of_copy(%x: f32, %i: index) -> (tensor<?xf32>, tensor<?xf32>) {
  %e = tensor.empty() : tensor<16xf32>
  %f = linalg.fill ins(%x : f32) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  %c = tensor.cast %f : tensor<16xf32> to tensor<?xf32>
  %r = tensor.insert %x into %c[%i] : tensor<?xf32>
  return %r, %c : tensor<?xf32>, tensor<?xf32>
}

// -----

// That of a slice is an operand of it.
// CHECK-LABEL: func.func @size_of_slice(
// CHECK-SAME: %[[N:[a-z0-9]+]]: index)
// CHECK-NOT: tensor.dim
// CHECK: bufferization.alloc_tensor(%[[N]]) : tensor<?xf32>
func.func @size_of_slice(%x: f32, %i: index, %n: index) -> (tensor<?xf32>, tensor<?xf32>) {
  %e = tensor.empty() : tensor<16xf32>
  %f = linalg.fill ins(%x : f32) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  %c = tensor.extract_slice %f[0] [%n] [1] : tensor<16xf32> to tensor<?xf32>
  %r = tensor.insert %x into %c[%i] : tensor<?xf32>
  return %r, %c : tensor<?xf32>, tensor<?xf32>
}
