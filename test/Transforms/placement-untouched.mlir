// RUN: mempl-opt %s -o %t.before
// RUN: mempl-opt %s --learned-memory-placement="target=tiny solver=none" -o %t.none
// RUN: cmp %t.before %t.none
// RUN: mempl-opt %s --learned-memory-placement="target=tiny solver=greedy tile=false" -o %t.greedy
// RUN: cmp %t.before %t.greedy

// Functions that are not placed are left as they are, whatever preparation would
// do to them: nothing fits, a called one, several blocks, a conditional that
// yields tensors which exist already.

func.func @too_large(%a: tensor<40x40xf32>) -> tensor<42x40xf32> {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<40x40xf32>
  %x = linalg.exp ins(%a : tensor<40x40xf32>) outs(%e : tensor<40x40xf32>) -> tensor<40x40xf32>
  %p = tensor.pad %x low[1, 0] high[1, 0] {
  ^bb0(%i: index, %j: index):
    tensor.yield %z : f32
  } : tensor<40x40xf32> to tensor<42x40xf32>
  return %p : tensor<42x40xf32>
}

func.func private @callee(%a: tensor<16xf32>, %x: f32, %i: index) -> (tensor<16xf32>, tensor<16xf32>) {
  %r = tensor.insert %x into %a[%i] : tensor<16xf32>
  return %r, %a : tensor<16xf32>, tensor<16xf32>
}

func.func @caller(%a: tensor<16xf32>, %x: f32, %i: index) -> tensor<16xf32> {
  %r:2 = func.call @callee(%a, %x, %i) : (tensor<16xf32>, f32, index) -> (tensor<16xf32>, tensor<16xf32>)
  return %r#0 : tensor<16xf32>
}

func.func @several_blocks(%a: tensor<16xf32>, %p: i1) -> tensor<16xf32> {
  %e = tensor.empty() : tensor<16xf32>
  cf.cond_br %p, ^bb1, ^bb2(%a : tensor<16xf32>)
^bb1:
  %s = linalg.exp ins(%a : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  cf.br ^bb2(%s : tensor<16xf32>)
^bb2(%r: tensor<16xf32>):
  return %r : tensor<16xf32>
}

func.func @existing_tensors(%a: tensor<16xf32>, %b: tensor<16xf32>, %p: i1) -> (tensor<16xf32>, tensor<16xf32>) {
  %r:2 = scf.if %p -> (tensor<16xf32>, tensor<16xf32>) {
    %e = tensor.empty() : tensor<16xf32>
    %s = linalg.add ins(%a, %b : tensor<16xf32>, tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
    scf.yield %s, %a : tensor<16xf32>, tensor<16xf32>
  } else {
    scf.yield %a, %b : tensor<16xf32>, tensor<16xf32>
  }
  return %r#0, %r#1 : tensor<16xf32>, tensor<16xf32>
}
