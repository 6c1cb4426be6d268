// REQUIRES: runner
// Tensors that upstream's bufferization alone would write in place while they
// are still read, and names of tensors in fast memory.
// RUN: mempl-opt --mempl-lower-to-cpu %s -o %t.mlir
// RUN: env MEMPL_RUNTIME_CHECK=1 %count_buffers %t.mlir | FileCheck %s

func.func private @show(%t: tensor<4xf32>) {
  %c0 = arith.constant 0 : index
  %z = arith.constant 0.0 : f32
  %v = vector.transfer_read %t[%c0], %z : tensor<4xf32>, vector<4xf32>
  vector.print %v : vector<4xf32>
  return
}

// One block writes what a later one reads, that it does not dominate.
func.func private @write_in_block(%a: tensor<4xf32>, %c: i1) -> tensor<4xf32> {
  %k = arith.constant 5.0 : f32
  cf.cond_br %c, ^write, ^end
^write:
  %w = linalg.fill ins(%k : f32) outs(%a : tensor<4xf32>) -> tensor<4xf32>
  func.call @show(%w) : (tensor<4xf32>) -> ()
  cf.br ^end
^end:
  return %a : tensor<4xf32>
}

// In the second trip the first and the last tensor are the same; the first is
// written before the last is yielded.
func.func private @yield_twice(%a: tensor<4xf32>) -> tensor<4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %k = arith.constant 5.0 : f32
  %r:3 = scf.for %i = %c0 to %c2 step %c1 iter_args(%x = %a, %y = %a, %z = %a)
      -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
    %e = tensor.empty() : tensor<4xf32>
    %new = linalg.copy ins(%a : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
    %written = tensor.insert %k into %x[%c1] : tensor<4xf32>
    scf.yield %new, %z, %new : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
  }
  return %r#1 : tensor<4xf32>
}

// The same between the regions of a loop.
func.func private @yield_twice_while(%a: tensor<4xf32>) -> tensor<4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %k = arith.constant 5.0 : f32
  %r:3 = scf.while (%i = %c0, %x = %a, %y = %a) : (index, tensor<4xf32>, tensor<4xf32>)
      -> (index, tensor<4xf32>, tensor<4xf32>) {
    %more = arith.cmpi slt, %i, %c2 : index
    scf.condition(%more) %i, %x, %y : index, tensor<4xf32>, tensor<4xf32>
  } do {
  ^bb0(%i: index, %x: tensor<4xf32>, %y: tensor<4xf32>):
    %written = tensor.insert %k into %x[%c1] : tensor<4xf32>
    func.call @show(%written) : (tensor<4xf32>) -> ()
    func.call @show(%y) : (tensor<4xf32>) -> ()
    %e = tensor.empty() : tensor<4xf32>
    %new = linalg.copy ins(%a : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
    %j = arith.addi %i, %c1 : index
    scf.yield %j, %new, %new : index, tensor<4xf32>, tensor<4xf32>
  }
  return %r#2 : tensor<4xf32>
}

// The cast is a copy, as what it names is written, and so is what the loop
// yields of it: the result is written, too.
func.func private @yield_view(%a: tensor<4xf32>) -> tensor<4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %k = arith.constant 5.0 : f32
  %e = tensor.empty() : tensor<4xf32>
  %new = linalg.copy ins(%a : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %view = tensor.cast %new : tensor<4xf32> to tensor<?xf32>
  %other = tensor.cast %a : tensor<4xf32> to tensor<?xf32>
  %r = scf.for %i = %c0 to %c2 step %c1 iter_args(%x = %other) -> tensor<?xf32> {
    scf.yield %view : tensor<?xf32>
  }
  %written = tensor.insert %k into %new[%c2] : tensor<4xf32>
  func.call @show(%written) : (tensor<4xf32>) -> ()
  %result = tensor.insert %k into %r[%c1] : tensor<?xf32>
  %shown = tensor.cast %result : tensor<?xf32> to tensor<4xf32>
  func.call @show(%shown) : (tensor<4xf32>) -> ()
  %back = tensor.cast %view : tensor<?xf32> to tensor<4xf32>
  return %back : tensor<4xf32>
}

// The same of a call that returns what it is given.
func.func private @same(%a: tensor<4xf32>) -> tensor<4xf32> {
  return %a : tensor<4xf32>
}

func.func private @yield_of_call(%a: tensor<4xf32>) -> tensor<4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %k = arith.constant 5.0 : f32
  %e = tensor.empty() : tensor<4xf32>
  %new = linalg.copy ins(%a : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %view = func.call @same(%new) : (tensor<4xf32>) -> tensor<4xf32>
  %r = scf.for %i = %c0 to %c2 step %c1 iter_args(%x = %a) -> tensor<4xf32> {
    scf.yield %view : tensor<4xf32>
  }
  %written = tensor.insert %k into %new[%c2] : tensor<4xf32>
  func.call @show(%written) : (tensor<4xf32>) -> ()
  %result = tensor.insert %k into %r[%c1] : tensor<4xf32>
  func.call @show(%result) : (tensor<4xf32>) -> ()
  return %view : tensor<4xf32>
}

// Both results are one buffer, and the caller writes one of them.
func.func private @return_twice(%a: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %e = tensor.empty() : tensor<4xf32>
  %new = linalg.copy ins(%a : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %same = scf.execute_region -> tensor<4xf32> {
    scf.yield %new : tensor<4xf32>
  }
  return %new, %same : tensor<4xf32>, tensor<4xf32>
}

func.func private @write_one(%a: tensor<4xf32>) -> tensor<4xf32> {
  %c1 = arith.constant 1 : index
  %k = arith.constant 5.0 : f32
  %r:2 = func.call @return_twice(%a) : (tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
  %written = tensor.insert %k into %r#0[%c1] : tensor<4xf32>
  func.call @show(%written) : (tensor<4xf32>) -> ()
  return %r#1 : tensor<4xf32>
}

// A step of one element is none, and the slice drops a dimension.
func.func private @step_of_one(%a: tensor<1x4xf32>, %b: tensor<1xf32>) -> tensor<4xf32> {
  %s = tensor.extract_slice %a[0, 1] [1, 1] [2, 1] : tensor<1x4xf32> to tensor<1xf32>
  %c = linalg.add ins(%s, %b : tensor<1xf32>, tensor<1xf32>) outs(%b : tensor<1xf32>) -> tensor<1xf32>
  %i = tensor.insert_slice %c into %a[0, 1] [1, 1] [2, 1] : tensor<1xf32> into tensor<1x4xf32>
  %r = tensor.collapse_shape %i [[0, 1]] : tensor<1x4xf32> into tensor<4xf32>
  return %r : tensor<4xf32>
}

// What a while loop yields from outside, its next trip writes.
func.func private @yield_from_outside(%a: tensor<4xf32>) -> tensor<4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %five = arith.constant 5.0 : f32
  %r:2 = scf.while (%i = %c0, %t = %a) : (index, tensor<4xf32>) -> (index, tensor<4xf32>) {
    %w = tensor.insert %five into %t[%c1] : tensor<4xf32>
    %more = arith.cmpi slt, %i, %c2 : index
    scf.condition(%more) %i, %w : index, tensor<4xf32>
  } do {
  ^bb0(%i: index, %t: tensor<4xf32>):
    %n = arith.addi %i, %c1 : index
    scf.yield %n, %a : index, tensor<4xf32>
  }
  %x = tensor.extract %r#1[%c1] : tensor<4xf32>
  %s = tensor.insert %x into %a[%c2] : tensor<4xf32>
  return %s : tensor<4xf32>
}

// So may what a call inside of it returns.
func.func private @yield_from_outside_by_call(%a: tensor<4xf32>) -> tensor<4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %five = arith.constant 5.0 : f32
  %r:2 = scf.while (%i = %c0, %t = %a) : (index, tensor<4xf32>) -> (index, tensor<4xf32>) {
    %w = tensor.insert %five into %t[%c1] : tensor<4xf32>
    %more = arith.cmpi slt, %i, %c2 : index
    scf.condition(%more) %i, %w : index, tensor<4xf32>
  } do {
  ^bb0(%i: index, %t: tensor<4xf32>):
    %n = arith.addi %i, %c1 : index
    %o = func.call @same(%a) : (tensor<4xf32>) -> tensor<4xf32>
    scf.yield %n, %o : index, tensor<4xf32>
  }
  %x = tensor.extract %r#1[%c1] : tensor<4xf32>
  %s = tensor.insert %x into %a[%c2] : tensor<4xf32>
  return %s : tensor<4xf32>
}

// A vector of every other element.
func.func private @strided(%a: tensor<16xf32>) {
  %c4 = arith.constant 4 : index
  %z = arith.constant 0.0 : f32
  %s = tensor.extract_slice %a[1] [8] [2] : tensor<16xf32> to tensor<8xf32>
  %v = vector.transfer_read %s[%c4], %z {in_bounds = [true]} : tensor<8xf32>, vector<4xf32>
  vector.print %v : vector<4xf32>
  return
}

// Elements of another type in the same storage.
func.func private @renamed(%x: tensor<4xi64>, %c: i1) -> tensor<4xindex> {
  %0 = mempl.alloc <vmem> at 0 bytes 32 : tensor<4xi64>
  %1 = linalg.add ins(%x, %x : tensor<4xi64>, tensor<4xi64>) outs(%0 : tensor<4xi64>) -> tensor<4xi64>
  %2 = arith.index_cast %1 : tensor<4xi64> to tensor<4xindex>
  %3 = arith.select %c, %2, %2 : tensor<4xindex>
  %e = tensor.empty() : tensor<4xindex>
  %r = linalg.copy ins(%3 : tensor<4xindex>) outs(%e : tensor<4xindex>) -> tensor<4xindex>
  mempl.release %3 : tensor<4xindex>
  return %r : tensor<4xindex>
}

// CHECK: ( 5, 5, 5, 5 )
// CHECK-NEXT: ( 1, 2, 3, 4 )
// CHECK-NEXT: ( 1, 2, 3, 4 )
// CHECK-NEXT: ( 1, 5, 3, 4 )
// CHECK-NEXT: ( 1, 2, 3, 4 )
// CHECK-NEXT: ( 1, 5, 3, 4 )
// CHECK-NEXT: ( 1, 2, 3, 4 )
// CHECK-NEXT: ( 1, 2, 3, 4 )
// CHECK-NEXT: ( 1, 5, 3, 4 )
// CHECK-NEXT: ( 1, 2, 5, 4 )
// CHECK-NEXT: ( 1, 2, 5, 4 )
// CHECK-NEXT: ( 1, 5, 3, 4 )
// CHECK-NEXT: ( 1, 2, 3, 4 )
// CHECK-NEXT: ( 1, 2, 5, 4 )
// CHECK-NEXT: ( 1, 5, 3, 4 )
// CHECK-NEXT: ( 1, 2, 3, 4 )
// CHECK-NEXT: ( 1, 2, 5, 4 )
// CHECK-NEXT: ( 1, 5, 3, 4 )
// CHECK-NEXT: ( 1, 2, 3, 4 )
// CHECK-NEXT: ( 10, 12, 14, 16 )
// CHECK-NEXT: 6
// CHECK: not freed: 0
func.func @main() {
  %true = arith.constant true
  %a = arith.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %b = bufferization.alloc_tensor() copy(%a) : tensor<4xf32>
  %0 = call @write_in_block(%b, %true) : (tensor<4xf32>, i1) -> tensor<4xf32>
  call @show(%0) : (tensor<4xf32>) -> ()
  %1 = call @yield_twice(%b) : (tensor<4xf32>) -> tensor<4xf32>
  call @show(%1) : (tensor<4xf32>) -> ()
  %2 = call @yield_twice_while(%b) : (tensor<4xf32>) -> tensor<4xf32>
  call @show(%2) : (tensor<4xf32>) -> ()
  %row = arith.constant dense<[[1.0, 2.0, 3.0, 4.0]]> : tensor<1x4xf32>
  %three = arith.constant dense<3.0> : tensor<1xf32>
  %6 = call @step_of_one(%row, %three) : (tensor<1x4xf32>, tensor<1xf32>) -> tensor<4xf32>
  call @show(%6) : (tensor<4xf32>) -> ()
  %outside = call @yield_from_outside(%b) : (tensor<4xf32>) -> tensor<4xf32>
  call @show(%outside) : (tensor<4xf32>) -> ()
  %outside2 = call @yield_from_outside_by_call(%b) : (tensor<4xf32>) -> tensor<4xf32>
  call @show(%outside2) : (tensor<4xf32>) -> ()
  %5 = call @write_one(%b) : (tensor<4xf32>) -> tensor<4xf32>
  call @show(%5) : (tensor<4xf32>) -> ()
  %4 = call @yield_view(%b) : (tensor<4xf32>) -> tensor<4xf32>
  call @show(%4) : (tensor<4xf32>) -> ()
  %7 = call @yield_of_call(%b) : (tensor<4xf32>) -> tensor<4xf32>
  call @show(%7) : (tensor<4xf32>) -> ()
  %s = arith.constant dense<[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 16.0]> : tensor<16xf32>
  call @strided(%s) : (tensor<16xf32>) -> ()
  %i = arith.constant dense<[1, 3, 5, 7]> : tensor<4xi64>
  %3 = call @renamed(%i, %true) : (tensor<4xi64>, i1) -> tensor<4xindex>
  %c1 = arith.constant 1 : index
  %six = tensor.extract %3[%c1] : tensor<4xindex>
  vector.print %six : index
  return
}
