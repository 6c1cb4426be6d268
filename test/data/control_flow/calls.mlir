// Functions that call others, and functions that are not placed.

func.func private @callee(%a: tensor<64xf32>, %b: tensor<64xf32>, %p: i1) -> tensor<64xf32> {
  %e = tensor.empty() : tensor<64xf32>
  %s = linalg.add ins(%a, %b : tensor<64xf32>, tensor<64xf32>) outs(%e : tensor<64xf32>) -> tensor<64xf32>
  %r = scf.if %p -> tensor<64xf32> {
    scf.yield %s : tensor<64xf32>
  } else {
    scf.yield %a : tensor<64xf32>
  }
  return %r : tensor<64xf32>
}

func.func private @writes_its_argument(%a: tensor<64xf32>, %x: f32) -> tensor<64xf32> {
  %i = arith.constant 7 : index
  %s = tensor.insert %x into %a[%i] : tensor<64xf32>
  return %s : tensor<64xf32>
}

func.func @calls(%a: tensor<64xf32>, %b: tensor<64xf32>, %p: i1, %x: f32) -> (tensor<64xf32>, tensor<64xf32>) {
  %e = tensor.empty() : tensor<64xf32>
  %t = linalg.exp ins(%a : tensor<64xf32>) outs(%e : tensor<64xf32>) -> tensor<64xf32>
  %r = func.call @callee(%t, %b, %p) : (tensor<64xf32>, tensor<64xf32>, i1) -> tensor<64xf32>
  %q = func.call @writes_its_argument(%t, %x) : (tensor<64xf32>, f32) -> tensor<64xf32>
  %f = tensor.empty() : tensor<64xf32>
  %u = linalg.add ins(%t, %r : tensor<64xf32>, tensor<64xf32>) outs(%f : tensor<64xf32>) -> tensor<64xf32>
  return %u, %q : tensor<64xf32>, tensor<64xf32>
}

func.func @nothing_to_place(%a: tensor<4096x4096xf32>, %x: f32) -> tensor<4096x4096xf32> {
  %f = linalg.fill ins(%x : f32) outs(%a : tensor<4096x4096xf32>) -> tensor<4096x4096xf32>
  return %f : tensor<4096x4096xf32>
}

func.func @several_blocks(%a: tensor<64xf32>, %p: i1) -> tensor<64xf32> {
  %e = tensor.empty() : tensor<64xf32>
  cf.cond_br %p, ^bb1, ^bb2(%a : tensor<64xf32>)
^bb1:
  %s = linalg.exp ins(%a : tensor<64xf32>) outs(%e : tensor<64xf32>) -> tensor<64xf32>
  cf.br ^bb2(%s : tensor<64xf32>)
^bb2(%r: tensor<64xf32>):
  return %r : tensor<64xf32>
}
