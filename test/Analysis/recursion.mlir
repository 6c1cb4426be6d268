// RUN: mempl-opt %s --mempl-prepare --mempl-test-print-program -o /dev/null | FileCheck %s
// RUN: mempl-opt %s --learned-memory-placement="target=tiny" -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// Functions that call themselves, and through whom.
// CHECK-DAG: function self is not placed: it calls itself, so it cannot be inlined; write it as a loop to place it
// CHECK-DAG: function even is not placed: it calls itself through @odd, so it cannot be inlined
// CHECK-DAG: function odd is not placed: it calls itself through @even, so it cannot be inlined
// CHECK-DAG: function leaf is not placed: it is called by another function of the module; inline it to place it
// REMARK-DAG: remark: 'self' is not placed: it calls itself, so it cannot be inlined; write it as a loop to place it
func.func private @self(%a: tensor<16xf32>, %c: i1) -> tensor<16xf32> {
  %r = scf.if %c -> tensor<16xf32> {
    %y = func.call @self(%a, %c) : (tensor<16xf32>, i1) -> tensor<16xf32>
    scf.yield %y : tensor<16xf32>
  } else {
    scf.yield %a : tensor<16xf32>
  }
  return %r : tensor<16xf32>
}
func.func private @even(%a: tensor<16xf32>) -> tensor<16xf32> {
  %x = call @leaf(%a) : (tensor<16xf32>) -> tensor<16xf32>
  %y = call @odd(%x) : (tensor<16xf32>) -> tensor<16xf32>
  return %y : tensor<16xf32>
}
func.func private @odd(%a: tensor<16xf32>) -> tensor<16xf32> {
  %y = call @even(%a) : (tensor<16xf32>) -> tensor<16xf32>
  return %y : tensor<16xf32>
}
func.func private @leaf(%a: tensor<16xf32>) -> tensor<16xf32> {
  return %a : tensor<16xf32>
}
func.func private @elsewhere(tensor<16xf32>) -> tensor<16xf32>
func.func private @branches(%a: tensor<16xf32>) -> tensor<16xf32> {
  cf.br ^next
^next:
  return %a : tensor<16xf32>
}

// Who calls them is placed; what its time leaves out is said once.
// CHECK-LABEL: function main
// CHECK: note: the call of @self counts as no time: it calls itself
// CHECK-NOT: the call of @self
// CHECK: note: the call of @even counts as no time: it calls itself through @odd
// CHECK: note: the call of @elsewhere counts as no time: its body is not in the module
// CHECK: note: the call of @branches counts as no time: it has several blocks
func.func @main(%a: tensor<16xf32>, %c: i1) -> tensor<16xf32> {
  %x = call @self(%a, %c) : (tensor<16xf32>, i1) -> tensor<16xf32>
  %y = call @self(%x, %c) : (tensor<16xf32>, i1) -> tensor<16xf32>
  %z = call @even(%y) : (tensor<16xf32>) -> tensor<16xf32>
  %u = call @elsewhere(%z) : (tensor<16xf32>) -> tensor<16xf32>
  %v = call @branches(%u) : (tensor<16xf32>) -> tensor<16xf32>
  return %v : tensor<16xf32>
}
