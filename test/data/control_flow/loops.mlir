// Loops that hand over tensors.

func.func @swapped(%a: tensor<64xf32>, %b: tensor<64xf32>) -> (tensor<64xf32>, tensor<64xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c10 = arith.constant 10 : index
  %r:2 = scf.for %i = %c0 to %c10 step %c1 iter_args(%x = %a, %y = %b) -> (tensor<64xf32>, tensor<64xf32>) {
    scf.yield %y, %x : tensor<64xf32>, tensor<64xf32>
  }
  return %r#0, %r#1 : tensor<64xf32>, tensor<64xf32>
}

func.func @swapped_and_written(%a: tensor<64xf32>, %b: tensor<64xf32>) -> tensor<64xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c10 = arith.constant 10 : index
  %r:2 = scf.for %i = %c0 to %c10 step %c1 iter_args(%x = %a, %y = %b) -> (tensor<64xf32>, tensor<64xf32>) {
    %s = linalg.exp ins(%x : tensor<64xf32>) outs(%y : tensor<64xf32>) -> tensor<64xf32>
    scf.yield %s, %x : tensor<64xf32>, tensor<64xf32>
  }
  return %r#0 : tensor<64xf32>
}

func.func @rotated(%a: tensor<64xf32>, %b: tensor<64xf32>, %c: tensor<64xf32>) -> (tensor<64xf32>, tensor<64xf32>, tensor<64xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c10 = arith.constant 10 : index
  %r:3 = scf.for %i = %c0 to %c10 step %c1 iter_args(%x = %a, %y = %b, %z = %c) -> (tensor<64xf32>, tensor<64xf32>, tensor<64xf32>) {
    %e = tensor.empty() : tensor<64xf32>
    %s = linalg.add ins(%x, %z : tensor<64xf32>, tensor<64xf32>) outs(%e : tensor<64xf32>) -> tensor<64xf32>
    scf.yield %y, %z, %s : tensor<64xf32>, tensor<64xf32>, tensor<64xf32>
  }
  return %r#0, %r#1, %r#2 : tensor<64xf32>, tensor<64xf32>, tensor<64xf32>
}

func.func @ignored(%a: tensor<64xf32>, %b: tensor<64xf32>) -> tensor<64xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c10 = arith.constant 10 : index
  %r = scf.for %i = %c0 to %c10 step %c1 iter_args(%x = %a) -> tensor<64xf32> {
    scf.yield %b : tensor<64xf32>
  }
  return %r : tensor<64xf32>
}

func.func @ignored_and_read(%a: tensor<64xf32>, %b: tensor<64xf32>, %o: tensor<64xf32>) -> (tensor<64xf32>, tensor<64xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c10 = arith.constant 10 : index
  %r:2 = scf.for %i = %c0 to %c10 step %c1 iter_args(%x = %a, %s = %o) -> (tensor<64xf32>, tensor<64xf32>) {
    %t = linalg.add ins(%x, %s : tensor<64xf32>, tensor<64xf32>) outs(%s : tensor<64xf32>) -> tensor<64xf32>
    scf.yield %b, %t : tensor<64xf32>, tensor<64xf32>
  }
  return %r#0, %r#1 : tensor<64xf32>, tensor<64xf32>
}

func.func @new_each_trip(%x: tensor<64x64xf32>, %w: tensor<64x64xf32>) -> tensor<64x64xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c100 = arith.constant 100 : index
  %z = arith.constant 0.0 : f32
  %r = scf.for %i = %c0 to %c100 step %c1 iter_args(%a = %x) -> tensor<64x64xf32> {
    %e = tensor.empty() : tensor<64x64xf32>
    %f = linalg.fill ins(%z : f32) outs(%e : tensor<64x64xf32>) -> tensor<64x64xf32>
    %b = linalg.matmul ins(%a, %w : tensor<64x64xf32>, tensor<64x64xf32>) outs(%f : tensor<64x64xf32>) -> tensor<64x64xf32>
    scf.yield %b : tensor<64x64xf32>
  }
  return %r : tensor<64x64xf32>
}

func.func @while(%a: tensor<64xf32>, %b: tensor<64xf32>, %limit: f32) -> tensor<64xf32> {
  %c3 = arith.constant 3 : index
  %r = scf.while (%x = %a) : (tensor<64xf32>) -> tensor<64xf32> {
    %v = tensor.extract %x[%c3] : tensor<64xf32>
    %p = arith.cmpf olt, %v, %limit : f32
    scf.condition(%p) %x : tensor<64xf32>
  } do {
  ^bb0(%y: tensor<64xf32>):
    %s = linalg.add ins(%y, %b : tensor<64xf32>, tensor<64xf32>) outs(%y : tensor<64xf32>) -> tensor<64xf32>
    scf.yield %s : tensor<64xf32>
  }
  return %r : tensor<64xf32>
}

func.func @while_new_each_trip(%a: tensor<64xf32>, %b: tensor<64xf32>, %limit: f32) -> (tensor<64xf32>, tensor<64xf32>) {
  %c3 = arith.constant 3 : index
  %r:2 = scf.while (%x = %a, %o = %b) : (tensor<64xf32>, tensor<64xf32>) -> (tensor<64xf32>, tensor<64xf32>) {
    %v = tensor.extract %x[%c3] : tensor<64xf32>
    %p = arith.cmpf olt, %v, %limit : f32
    scf.condition(%p) %x, %o : tensor<64xf32>, tensor<64xf32>
  } do {
  ^bb0(%y: tensor<64xf32>, %o: tensor<64xf32>):
    %e = tensor.empty() : tensor<64xf32>
    %s = linalg.add ins(%y, %o : tensor<64xf32>, tensor<64xf32>) outs(%e : tensor<64xf32>) -> tensor<64xf32>
    scf.yield %s, %y : tensor<64xf32>, tensor<64xf32>
  }
  return %r#0, %r#1 : tensor<64xf32>, tensor<64xf32>
}

func.func @while_swapped(%a: tensor<64xf32>, %b: tensor<64xf32>, %limit: f32) -> (tensor<64xf32>, tensor<64xf32>, tensor<64xf32>) {
  %c3 = arith.constant 3 : index
  %r:2 = scf.while (%x = %a, %o = %b) : (tensor<64xf32>, tensor<64xf32>) -> (tensor<64xf32>, tensor<64xf32>) {
    %v = tensor.extract %x[%c3] : tensor<64xf32>
    %p = arith.cmpf olt, %v, %limit : f32
    scf.condition(%p) %o, %x : tensor<64xf32>, tensor<64xf32>
  } do {
  ^bb0(%y: tensor<64xf32>, %o: tensor<64xf32>):
    %s = linalg.exp ins(%y : tensor<64xf32>) outs(%o : tensor<64xf32>) -> tensor<64xf32>
    scf.yield %s, %y : tensor<64xf32>, tensor<64xf32>
  }
  return %r#0, %r#1, %b : tensor<64xf32>, tensor<64xf32>, tensor<64xf32>
}

// Both arguments are read after the loop that would overwrite them.
func.func @while_kept(%a: tensor<64xf32>, %b: tensor<64xf32>, %limit: f32) -> (tensor<64xf32>, tensor<64xf32>) {
  %c3 = arith.constant 3 : index
  %e = tensor.empty() : tensor<64xf32>
  %t = linalg.exp ins(%a : tensor<64xf32>) outs(%e : tensor<64xf32>) -> tensor<64xf32>
  %r = scf.while (%x = %t) : (tensor<64xf32>) -> tensor<64xf32> {
    %v = tensor.extract %x[%c3] : tensor<64xf32>
    %p = arith.cmpf olt, %v, %limit : f32
    scf.condition(%p) %x : tensor<64xf32>
  } do {
  ^bb0(%y: tensor<64xf32>):
    %i = arith.constant 5 : index
    %s = tensor.insert %limit into %y[%i] : tensor<64xf32>
    scf.yield %s : tensor<64xf32>
  }
  %f = tensor.empty() : tensor<64xf32>
  %u = linalg.add ins(%t, %r : tensor<64xf32>, tensor<64xf32>) outs(%f : tensor<64xf32>) -> tensor<64xf32>
  return %u, %r : tensor<64xf32>, tensor<64xf32>
}

func.func @nested(%a: tensor<64xf32>, %b: tensor<64xf32>) -> tensor<64xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c10 = arith.constant 10 : index
  %r = scf.for %i = %c0 to %c10 step %c1 iter_args(%x = %a) -> tensor<64xf32> {
    %q = scf.for %j = %c0 to %c10 step %c1 iter_args(%y = %x) -> tensor<64xf32> {
      %e = tensor.empty() : tensor<64xf32>
      %s = linalg.add ins(%y, %b : tensor<64xf32>, tensor<64xf32>) outs(%e : tensor<64xf32>) -> tensor<64xf32>
      scf.yield %s : tensor<64xf32>
    }
    scf.yield %q : tensor<64xf32>
  }
  return %r : tensor<64xf32>
}

func.func @read_after_the_loop(%a: tensor<64xf32>, %b: tensor<64xf32>) -> (tensor<64xf32>, tensor<64xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c10 = arith.constant 10 : index
  %r = scf.for %i = %c0 to %c10 step %c1 iter_args(%x = %a) -> tensor<64xf32> {
    %k = arith.constant 1.0 : f32
    %s = tensor.insert %k into %x[%i] : tensor<64xf32>
    scf.yield %s : tensor<64xf32>
  }
  %e = tensor.empty() : tensor<64xf32>
  %t = linalg.add ins(%a, %r : tensor<64xf32>, tensor<64xf32>) outs(%e : tensor<64xf32>) -> tensor<64xf32>
  return %t, %r : tensor<64xf32>, tensor<64xf32>
}

func.func @forall(%a: tensor<64xf32>, %b: tensor<64xf32>) -> (tensor<64xf32>, tensor<64xf32>) {
  %r = scf.forall (%i) in (8) shared_outs(%o = %b) -> tensor<64xf32> {
    %j = affine.apply affine_map<(d0) -> (d0 * 8)>(%i)
    %x = tensor.extract_slice %a[%j] [8] [1] : tensor<64xf32> to tensor<8xf32>
    %y = tensor.extract_slice %o[%j] [8] [1] : tensor<64xf32> to tensor<8xf32>
    %s = linalg.exp ins(%x : tensor<8xf32>) outs(%y : tensor<8xf32>) -> tensor<8xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %s into %o[%j] [8] [1] : tensor<8xf32> into tensor<64xf32>
    }
  }
  return %r, %b : tensor<64xf32>, tensor<64xf32>
}
