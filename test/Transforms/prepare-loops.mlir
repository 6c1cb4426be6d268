// RUN: mempl-opt %s --mempl-prepare | FileCheck %s

// Loops without an order are nests of scf.for, each part of the output inserted
// into what the trip before has left.
// CHECK-LABEL: func.func @forall(
// CHECK-SAME: %[[A:.*]]: tensor<8x8xf32>, %[[O:.*]]: tensor<8x8xf32>
// CHECK: %[[R:.*]] = scf.for %[[I:.*]] = %{{.*}} to %{{.*}} step %{{.*}} iter_args(%[[X:.*]] = %[[O]])
// CHECK: %[[S:.*]] = scf.for %[[J:.*]] = %{{.*}} to %{{.*}} step %{{.*}} iter_args(%[[Y:.*]] = %[[X]])
// CHECK: %[[Z:.*]] = linalg.exp
// CHECK: %[[T:.*]] = tensor.insert_slice %[[Z]] into %[[Y]][%[[I]], %[[J]]]
// CHECK: scf.yield %[[T]]
// CHECK: scf.yield %[[S]]
// CHECK: return %[[R]]
func.func @forall(%a: tensor<8x8xf32>, %o: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %r = scf.forall (%i, %j) = (0, 0) to (8, 8) step (4, 2) shared_outs(%x = %o) -> tensor<8x8xf32> {
    %s = tensor.extract_slice %a[%i, %j] [4, 2] [1, 1] : tensor<8x8xf32> to tensor<4x2xf32>
    %t = tensor.extract_slice %x[%i, %j] [4, 2] [1, 1] : tensor<8x8xf32> to tensor<4x2xf32>
    %y = linalg.exp ins(%s : tensor<4x2xf32>) outs(%t : tensor<4x2xf32>) -> tensor<4x2xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %y into %x[%i, %j] [4, 2] [1, 1] : tensor<4x2xf32> into tensor<8x8xf32>
    }
  }
  return %r : tensor<8x8xf32>
}

// A loop that is mapped to a machine, and one over memrefs, stay what they are.
// CHECK-LABEL: func.func @mapped(
// CHECK: scf.forall
// CHECK-LABEL: func.func @buffers(
// CHECK: scf.forall
// CHECK: affine.for
func.func @mapped(%a: tensor<8xf32>, %o: tensor<8xf32>) -> tensor<8xf32> {
  %r = scf.forall (%i) = (0) to (8) step (4) shared_outs(%x = %o) -> tensor<8xf32> {
    %s = tensor.extract_slice %a[%i] [4] [1] : tensor<8xf32> to tensor<4xf32>
    %t = tensor.extract_slice %x[%i] [4] [1] : tensor<8xf32> to tensor<4xf32>
    %y = linalg.exp ins(%s : tensor<4xf32>) outs(%t : tensor<4xf32>) -> tensor<4xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %y into %x[%i] [4] [1] : tensor<4xf32> into tensor<8xf32>
    }
  } {mapping = [#gpu.block<x>]}
  return %r : tensor<8xf32>
}
func.func @buffers(%a: memref<8xf32>, %b: memref<8xf32>) {
  scf.forall (%i) in (8) {
    %v = memref.load %a[%i] : memref<8xf32>
    memref.store %v, %b[%i] : memref<8xf32>
  }
  affine.for %i = 0 to 8 {
    %v = affine.load %a[%i] : memref<8xf32>
    affine.store %v, %b[%i] : memref<8xf32>
  }
  return
}

// What an scf.parallel reduces is carried; a told number of trips stays told.
// CHECK-LABEL: func.func @parallel(
// CHECK: scf.for {{.*}} iter_args(%[[X:.*]] = %{{.*}})
// CHECK: %[[S:.*]] = tensor.extract_slice
// CHECK: linalg.add ins(%[[X]], %[[S]] {{.*}} outs(%[[X]]
// CHECK: } {mempl.trips = 5 : i64}
func.func @parallel(%a: tensor<8x4xf32>, %o: tensor<4xf32>, %n: index) -> tensor<4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.parallel (%i) = (%c0) to (%n) step (%c1) init (%o) -> tensor<4xf32> {
    %s = tensor.extract_slice %a[%i, 0] [1, 4] [1, 1] : tensor<8x4xf32> to tensor<4xf32>
    scf.reduce (%s : tensor<4xf32>) {
    ^bb0(%x: tensor<4xf32>, %y: tensor<4xf32>):
      %z = linalg.add ins(%x, %y : tensor<4xf32>, tensor<4xf32>) outs(%x : tensor<4xf32>) -> tensor<4xf32>
      scf.reduce.return %z : tensor<4xf32>
    }
  } {mempl.trips = 5 : i64}
  return %r : tensor<4xf32>
}

// CHECK-LABEL: func.func @affine(
// CHECK-NOT: affine.for
// CHECK: scf.for
// CHECK: scf.for
// CHECK: linalg.add
// CHECK-NOT: affine.for
// CHECK: return
func.func @affine(%a: tensor<8x8xf32>, %o: tensor<4xf32>) -> tensor<4xf32> {
  %r = affine.for %i = 0 to 8 iter_args(%x = %o) -> tensor<4xf32> {
    %q = affine.for %j = affine_map<(d0) -> (d0)>(%i) to 8 step 4 iter_args(%y = %x) -> tensor<4xf32> {
      %s = tensor.extract_slice %a[%i, %j] [1, 4] [1, 1] : tensor<8x8xf32> to tensor<4xf32>
      %z = linalg.add ins(%y, %s : tensor<4xf32>, tensor<4xf32>) outs(%y : tensor<4xf32>) -> tensor<4xf32>
      affine.yield %z : tensor<4xf32>
    }
    affine.yield %q : tensor<4xf32>
  }
  return %r : tensor<4xf32>
}

// What is the same in all trips leaves the loop; a slice that all of them update
// is carried alone, through both loops.
// CHECK-LABEL: func.func @invariant(
// CHECK-SAME: %[[A:.*]]: tensor<8x8xf32>, %[[O:.*]]: tensor<8x8xf32>
// CHECK-DAG: %[[W:.*]] = tensor.extract_slice %[[A]][0, %{{.*}}] [4, 4] [1, 1]
// CHECK-DAG: %[[T:.*]] = tensor.extract_slice %[[O]][%{{.*}}, 0] [4, 4] [1, 1]
// CHECK: %[[R:.*]] = scf.for {{.*}} iter_args(%[[X:.*]] = %[[T]]) -> (tensor<4x4xf32>)
// CHECK-NEXT: scf.for {{.*}} iter_args(%[[Y:.*]] = %[[X]]) -> (tensor<4x4xf32>)
// CHECK-NEXT: linalg.add ins(%[[W]], %[[Y]]
// CHECK: tensor.insert_slice %[[R]] into %[[O]][%{{.*}}, 0] [4, 4] [1, 1]
func.func @invariant(%a: tensor<8x8xf32>, %o: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %r = scf.for %i = %c0 to %c8 step %c1 iter_args(%x = %o) -> tensor<8x8xf32> {
    %q = scf.for %j = %c0 to %c8 step %c1 iter_args(%y = %x) -> tensor<8x8xf32> {
      %c4 = arith.constant 4 : index
      %s = tensor.extract_slice %a[0, %c4] [4, 4] [1, 1] : tensor<8x8xf32> to tensor<4x4xf32>
      %t = tensor.extract_slice %y[%c4, 0] [4, 4] [1, 1] : tensor<8x8xf32> to tensor<4x4xf32>
      %z = linalg.add ins(%s, %t : tensor<4x4xf32>, tensor<4x4xf32>) outs(%t : tensor<4x4xf32>) -> tensor<4x4xf32>
      %u = tensor.insert_slice %z into %y[%c4, 0] [4, 4] [1, 1] : tensor<4x4xf32> into tensor<8x8xf32>
      scf.yield %u : tensor<8x8xf32>
    }
    scf.yield %q : tensor<8x8xf32>
  }
  return %r : tensor<8x8xf32>
}

// What was just put into a slice is not taken out of it again.
// CHECK-LABEL: func.func @put_and_taken(
// CHECK: scf.for {{.*}} iter_args(%[[X:.*]] = %{{.*}})
// CHECK: %[[S:.*]] = tensor.extract_slice
// CHECK-NEXT: %[[Y:.*]] = linalg.exp {{.*}} outs(%[[S]] :
// CHECK-NEXT: %[[Z:.*]] = linalg.log ins(%[[Y]] :
// CHECK-NEXT: tensor.insert_slice %[[Z]] into %[[X]]
// CHECK-NEXT: scf.yield
func.func @put_and_taken(%o: tensor<8x4xf32>) -> tensor<8x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %r = scf.for %i = %c0 to %c8 step %c1 iter_args(%x = %o) -> tensor<8x4xf32> {
    %s = tensor.extract_slice %x[%i, 0] [1, 4] [1, 1] : tensor<8x4xf32> to tensor<4xf32>
    %y = linalg.exp ins(%s : tensor<4xf32>) outs(%s : tensor<4xf32>) -> tensor<4xf32>
    %a = tensor.insert_slice %y into %x[%i, 0] [1, 4] [1, 1] : tensor<4xf32> into tensor<8x4xf32>
    %t = tensor.extract_slice %a[%i, 0] [1, 4] [1, 1] : tensor<8x4xf32> to tensor<4xf32>
    %z = linalg.log ins(%t : tensor<4xf32>) outs(%t : tensor<4xf32>) -> tensor<4xf32>
    %b = tensor.insert_slice %z into %a[%i, 0] [1, 4] [1, 1] : tensor<4xf32> into tensor<8x4xf32>
    scf.yield %b : tensor<8x4xf32>
  }
  return %r : tensor<8x4xf32>
}

// A slice that an inner loop puts into the same place in every trip, and that
// the outer one takes out, is no slice of the outer one.
// CHECK-LABEL: func.func @put_inside
// CHECK: scf.for {{.*}} iter_args(%[[OUTER:.*]] = %arg1)
// CHECK:   tensor.extract_slice %[[OUTER]][4, 0]
// CHECK:   scf.for {{.*}} iter_args(%[[INNER:.*]] = %[[OUTER]])
// CHECK:     %[[SUM:.*]] = linalg.add
// CHECK:     %[[PUT:.*]] = tensor.insert_slice %[[SUM]] into %[[INNER]][4, 0]
// CHECK:     scf.yield %[[PUT]]
func.func @put_inside(%a: tensor<4x4xf32>, %b: tensor<8x4xf32>, %n: index) -> tensor<8x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%x = %b) -> (tensor<8x4xf32>) {
    %p = tensor.extract_slice %x[4, 0] [4, 4] [1, 1] : tensor<8x4xf32> to tensor<4x4xf32>
    %s = scf.for %j = %c0 to %i step %c1 iter_args(%y = %x) -> (tensor<8x4xf32>) {
      %t = linalg.add ins(%a, %p : tensor<4x4xf32>, tensor<4x4xf32>) outs(%p : tensor<4x4xf32>) -> tensor<4x4xf32>
      %u = tensor.insert_slice %t into %y[4, 0] [4, 4] [1, 1] : tensor<4x4xf32> into tensor<8x4xf32>
      scf.yield %u : tensor<8x4xf32>
    }
    scf.yield %s : tensor<8x4xf32>
  }
  return %r : tensor<8x4xf32>
}

// CHECK-LABEL: func.func @with_while
// CHECK: scf.for
// CHECK:   scf.while
func.func @with_while(%a: tensor<16xf32>, %n: index, %c: i1) -> tensor<16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%x = %a) -> (tensor<16xf32>) {
    %w = scf.while (%y = %x) : (tensor<16xf32>) -> tensor<16xf32> {
      scf.condition(%c) %y : tensor<16xf32>
    } do {
    ^bb0(%z: tensor<16xf32>):
      %e = linalg.exp ins(%z : tensor<16xf32>) outs(%z : tensor<16xf32>) -> tensor<16xf32>
      scf.yield %e : tensor<16xf32>
    }
    scf.yield %w : tensor<16xf32>
  }
  return %r : tensor<16xf32>
}
