// REQUIRES: runner
// Tensors that go through blocks, and ops with several blocks.
// RUN: mempl-opt --mempl-lower-to-cpu %s -o %t.mlir
// RUN: %count_buffers %t.mlir | FileCheck %s

func.func private @first(%t: tensor<4xf32>) {
  %c0 = arith.constant 0 : index
  %v = tensor.extract %t[%c0] : tensor<4xf32>
  vector.print %v : f32
  return
}

func.func private @either(%a: tensor<4xf32>, %b: tensor<4xf32>, %c: i1) -> tensor<4xf32> {
  cf.cond_br %c, ^sum(%a : tensor<4xf32>), ^sum(%b : tensor<4xf32>)
^sum(%t: tensor<4xf32>):
  %e = tensor.empty() : tensor<4xf32>
  %r = linalg.add ins(%t, %t : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}

func.func private @choose(%a: tensor<4xf32>, %b: tensor<4xf32>, %n: i32) -> tensor<4xf32> {
  cf.switch %n : i32, [
    default: ^end(%a : tensor<4xf32>),
    3: ^end(%b : tensor<4xf32>)
  ]
^end(%t: tensor<4xf32>):
  return %t : tensor<4xf32>
}

func.func private @twice(%a: tensor<4xf32>, %n: index) -> tensor<4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  cf.br ^loop(%a, %c0 : tensor<4xf32>, index)
^loop(%t: tensor<4xf32>, %i: index):
  %e = tensor.empty() : tensor<4xf32>
  %r = linalg.add ins(%t, %t : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %j = arith.addi %i, %c1 : index
  %c = arith.cmpi slt, %j, %n : index
  cf.cond_br %c, ^loop(%r, %j : tensor<4xf32>, index), ^end
^end:
  return %r : tensor<4xf32>
}

func.func private @region(%a: tensor<4xf32>, %c: i1) -> tensor<4xf32> {
  %r = scf.execute_region -> tensor<4xf32> {
    cf.cond_br %c, ^same, ^double
  ^same:
    scf.yield %a : tensor<4xf32>
  ^double:
    %e = tensor.empty() : tensor<4xf32>
    %d = linalg.add ins(%a, %a : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
    scf.yield %d : tensor<4xf32>
  }
  return %r : tensor<4xf32>
}

// CHECK: {{^}}2
// CHECK: {{^}}10
// CHECK: {{^}}5
// CHECK: {{^}}8
// CHECK: {{^}}1
// CHECK: {{^}}10
// CHECK: not freed: 0
func.func @main() {
  %true = arith.constant true
  %false = arith.constant false
  %n3 = arith.constant 3 : i32
  %c3 = arith.constant 3 : index
  %one = arith.constant 1.0 : f32
  %five = arith.constant 5.0 : f32
  %e = tensor.empty() : tensor<4xf32>
  %a = linalg.fill ins(%one : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %b = linalg.fill ins(%five : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %0 = call @either(%a, %b, %true) : (tensor<4xf32>, tensor<4xf32>, i1) -> tensor<4xf32>
  call @first(%0) : (tensor<4xf32>) -> ()
  %1 = call @either(%a, %b, %false) : (tensor<4xf32>, tensor<4xf32>, i1) -> tensor<4xf32>
  call @first(%1) : (tensor<4xf32>) -> ()
  %2 = call @choose(%a, %b, %n3) : (tensor<4xf32>, tensor<4xf32>, i32) -> tensor<4xf32>
  call @first(%2) : (tensor<4xf32>) -> ()
  %3 = call @twice(%a, %c3) : (tensor<4xf32>, index) -> tensor<4xf32>
  call @first(%3) : (tensor<4xf32>) -> ()
  %4 = call @region(%a, %true) : (tensor<4xf32>, i1) -> tensor<4xf32>
  call @first(%4) : (tensor<4xf32>) -> ()
  %5 = call @region(%b, %false) : (tensor<4xf32>, i1) -> tensor<4xf32>
  call @first(%5) : (tensor<4xf32>) -> ()
  return
}
