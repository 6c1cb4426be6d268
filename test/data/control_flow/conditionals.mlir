// Conditionals that yield tensors which exist already.

func.func @existing_or_new(%a: tensor<64xf32>, %b: tensor<64xf32>, %p: i1) -> (tensor<64xf32>, tensor<64xf32>) {
  %r:2 = scf.if %p -> (tensor<64xf32>, tensor<64xf32>) {
    %e = tensor.empty() : tensor<64xf32>
    %s = linalg.add ins(%a, %b : tensor<64xf32>, tensor<64xf32>) outs(%e : tensor<64xf32>) -> tensor<64xf32>
    scf.yield %s, %a : tensor<64xf32>, tensor<64xf32>
  } else {
    scf.yield %a, %b : tensor<64xf32>, tensor<64xf32>
  }
  return %r#0, %r#1 : tensor<64xf32>, tensor<64xf32>
}

func.func @one_of_two(%a: tensor<64xf32>, %b: tensor<64xf32>, %p: i1) -> tensor<64xf32> {
  %r = scf.if %p -> tensor<64xf32> {
    scf.yield %a : tensor<64xf32>
  } else {
    scf.yield %b : tensor<64xf32>
  }
  %e = tensor.empty() : tensor<64xf32>
  %s = linalg.exp ins(%r : tensor<64xf32>) outs(%e : tensor<64xf32>) -> tensor<64xf32>
  return %s : tensor<64xf32>
}

func.func @updated_or_not(%a: tensor<64xf32>, %b: tensor<64xf32>, %p: i1) -> tensor<64xf32> {
  %r = scf.if %p -> tensor<64xf32> {
    %s = linalg.add ins(%a, %b : tensor<64xf32>, tensor<64xf32>) outs(%a : tensor<64xf32>) -> tensor<64xf32>
    scf.yield %s : tensor<64xf32>
  } else {
    scf.yield %a : tensor<64xf32>
  }
  return %r : tensor<64xf32>
}

// The update is of a copy, as the old contents are read later.
func.func @updated_and_read_later(%a: tensor<64xf32>, %b: tensor<64xf32>, %p: i1) -> (tensor<64xf32>, tensor<64xf32>) {
  %r = scf.if %p -> tensor<64xf32> {
    %i = arith.constant 3 : index
    %x = arith.constant 1.0 : f32
    %s = tensor.insert %x into %a[%i] : tensor<64xf32>
    scf.yield %s : tensor<64xf32>
  } else {
    scf.yield %a : tensor<64xf32>
  }
  %e = tensor.empty() : tensor<64xf32>
  %s = linalg.add ins(%r, %a : tensor<64xf32>, tensor<64xf32>) outs(%e : tensor<64xf32>) -> tensor<64xf32>
  return %r, %s : tensor<64xf32>, tensor<64xf32>
}

func.func @chosen_then_written(%a: tensor<64xf32>, %b: tensor<64xf32>, %p: i1) -> (tensor<64xf32>, tensor<64xf32>) {
  %r = scf.if %p -> tensor<64xf32> {
    scf.yield %a : tensor<64xf32>
  } else {
    scf.yield %b : tensor<64xf32>
  }
  %i = arith.constant 3 : index
  %x = arith.constant 1.0 : f32
  %s = tensor.insert %x into %r[%i] : tensor<64xf32>
  return %s, %b : tensor<64xf32>, tensor<64xf32>
}

func.func @nested(%a: tensor<64xf32>, %b: tensor<64xf32>, %p: i1, %q: i1) -> tensor<64xf32> {
  %e = tensor.empty() : tensor<64xf32>
  %t = linalg.exp ins(%a : tensor<64xf32>) outs(%e : tensor<64xf32>) -> tensor<64xf32>
  %r = scf.if %p -> tensor<64xf32> {
    %n = scf.if %q -> tensor<64xf32> {
      scf.yield %t : tensor<64xf32>
    } else {
      %f = tensor.empty() : tensor<64xf32>
      %u = linalg.log ins(%t : tensor<64xf32>) outs(%f : tensor<64xf32>) -> tensor<64xf32>
      scf.yield %u : tensor<64xf32>
    }
    scf.yield %n : tensor<64xf32>
  } else {
    scf.yield %b : tensor<64xf32>
  }
  %g = tensor.empty() : tensor<64xf32>
  %s = linalg.add ins(%r, %t : tensor<64xf32>, tensor<64xf32>) outs(%g : tensor<64xf32>) -> tensor<64xf32>
  return %s : tensor<64xf32>
}

func.func @switch(%a: tensor<64xf32>, %b: tensor<64xf32>, %i: index) -> tensor<64xf32> {
  %e = tensor.empty() : tensor<64xf32>
  %t = linalg.exp ins(%a : tensor<64xf32>) outs(%e : tensor<64xf32>) -> tensor<64xf32>
  %r = scf.index_switch %i -> tensor<64xf32>
  case 0 {
    scf.yield %t : tensor<64xf32>
  }
  case 1 {
    %f = tensor.empty() : tensor<64xf32>
    %u = linalg.log ins(%t : tensor<64xf32>) outs(%f : tensor<64xf32>) -> tensor<64xf32>
    scf.yield %u : tensor<64xf32>
  }
  default {
    scf.yield %b : tensor<64xf32>
  }
  %g = tensor.empty() : tensor<64xf32>
  %s = linalg.add ins(%r, %t : tensor<64xf32>, tensor<64xf32>) outs(%g : tensor<64xf32>) -> tensor<64xf32>
  return %s : tensor<64xf32>
}

func.func @select(%a: tensor<64xf32>, %b: tensor<64xf32>, %p: i1) -> (tensor<64xf32>, tensor<64xf32>) {
  %r = arith.select %p, %a, %b : tensor<64xf32>
  %e = tensor.empty() : tensor<64xf32>
  %s = linalg.exp ins(%r : tensor<64xf32>) outs(%e : tensor<64xf32>) -> tensor<64xf32>
  return %s, %r : tensor<64xf32>, tensor<64xf32>
}

func.func @select_of_new(%a: tensor<64xf32>, %p: i1) -> tensor<64xf32> {
  %e = tensor.empty() : tensor<64xf32>
  %t = linalg.exp ins(%a : tensor<64xf32>) outs(%e : tensor<64xf32>) -> tensor<64xf32>
  %f = tensor.empty() : tensor<64xf32>
  %u = linalg.log ins(%t : tensor<64xf32>) outs(%f : tensor<64xf32>) -> tensor<64xf32>
  %r = arith.select %p, %t, %u : tensor<64xf32>
  %s = linalg.add ins(%r, %t : tensor<64xf32>, tensor<64xf32>) outs(%r : tensor<64xf32>) -> tensor<64xf32>
  return %s : tensor<64xf32>
}

func.func @execute_region(%a: tensor<64xf32>, %b: tensor<64xf32>) -> (tensor<64xf32>, tensor<64xf32>) {
  %e = tensor.empty() : tensor<64xf32>
  %t = linalg.exp ins(%a : tensor<64xf32>) outs(%e : tensor<64xf32>) -> tensor<64xf32>
  %r = scf.execute_region -> tensor<64xf32> {
    %s = linalg.add ins(%t, %b : tensor<64xf32>, tensor<64xf32>) outs(%t : tensor<64xf32>) -> tensor<64xf32>
    scf.yield %s : tensor<64xf32>
  }
  return %r, %t : tensor<64xf32>, tensor<64xf32>
}

// A slice of a chosen tensor, and a chosen slice.
func.func @slices(%a: tensor<8x64xf32>, %b: tensor<8x64xf32>, %p: i1) -> tensor<64xf32> {
  %x = tensor.extract_slice %a[0, 0] [1, 64] [1, 1] : tensor<8x64xf32> to tensor<64xf32>
  %y = tensor.extract_slice %b[3, 0] [1, 64] [1, 1] : tensor<8x64xf32> to tensor<64xf32>
  %r = scf.if %p -> tensor<64xf32> {
    scf.yield %x : tensor<64xf32>
  } else {
    scf.yield %y : tensor<64xf32>
  }
  %e = tensor.empty() : tensor<64xf32>
  %s = linalg.exp ins(%r : tensor<64xf32>) outs(%e : tensor<64xf32>) -> tensor<64xf32>
  return %s : tensor<64xf32>
}

// What is chosen inside of a loop.
func.func @in_a_loop(%a: tensor<64xf32>, %b: tensor<64xf32>, %n: index) -> tensor<64xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c10 = arith.constant 10 : index
  %r = scf.for %i = %c0 to %c10 step %c1 iter_args(%x = %a) -> tensor<64xf32> {
    %m = arith.remui %i, %c2 : index
    %p = arith.cmpi eq, %m, %c0 : index
    %y = scf.if %p -> tensor<64xf32> {
      %s = linalg.add ins(%x, %b : tensor<64xf32>, tensor<64xf32>) outs(%x : tensor<64xf32>) -> tensor<64xf32>
      scf.yield %s : tensor<64xf32>
    } else {
      scf.yield %x : tensor<64xf32>
    }
    scf.yield %y : tensor<64xf32>
  }
  return %r : tensor<64xf32>
}

// The same op writes a tensor that a branch gives back.
func.func @weights_updated_now_and_then(%w: tensor<64x64xf32>, %g: tensor<64x64xf32>, %x: tensor<64x64xf32>, %p: i1)
    -> (tensor<64x64xf32>, tensor<64x64xf32>) {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<64x64xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<64x64xf32>) -> tensor<64x64xf32>
  %y = linalg.matmul ins(%x, %w : tensor<64x64xf32>, tensor<64x64xf32>) outs(%f : tensor<64x64xf32>) -> tensor<64x64xf32>
  %v = scf.if %p -> tensor<64x64xf32> {
    %s = linalg.sub ins(%w, %g : tensor<64x64xf32>, tensor<64x64xf32>) outs(%w : tensor<64x64xf32>) -> tensor<64x64xf32>
    scf.yield %s : tensor<64x64xf32>
  } else {
    scf.yield %w : tensor<64x64xf32>
  }
  return %y, %v : tensor<64x64xf32>, tensor<64x64xf32>
}
