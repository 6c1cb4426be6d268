// RUN: mempl-opt %s --allow-unregistered-dialect --mempl-prepare --mempl-test-print-program -o /dev/null | FileCheck %s

// A called function is not placed.
// CHECK: function callee is not placed: it is called by another function of the module; inline it to place it

// A conditional is one step; a tensor that it only reads can be placed, one that
// it chooses or allocates cannot.
// CHECK-LABEL: function conditional
// CHECK: value arg1: 64 bytes, input{{$}}
// CHECK: step 0 scf.if: reads 64 of arg1,
// CHECK: note: {{.*}}is chosen by a conditional
func.func @conditional(%c: i1, %a: tensor<16xf32>) -> tensor<16xf32> {
  %r = scf.if %c -> tensor<16xf32> {
    %e = tensor.empty() : tensor<16xf32>
    %y = linalg.exp ins(%a : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
    scf.yield %y : tensor<16xf32>
  } else {
    %e = tensor.empty() : tensor<16xf32>
    %y = linalg.log ins(%a : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
    scf.yield %y : tensor<16xf32>
  }
  return %r : tensor<16xf32>
}

// CHECK-LABEL: function while
// CHECK: value arg0: 64 bytes, {{.*}}slow
// CHECK: step 0 scf.while:
// CHECK: note: 'arg0' stays in slow memory: it is passed into 'scf.while', whose inside is not placed
func.func @while(%a: tensor<16xf32>, %n: index) -> tensor<16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
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

// A call takes the time of its body.
// CHECK-LABEL: function caller
// CHECK: value arg0: 64 bytes, input slow
// CHECK: step 0 func.call: {{.*}}compute
// CHECK: note: 'arg0' stays in slow memory: it is passed to or returned by the call of @callee (run inline first)
func.func private @callee(%a: tensor<16xf32>) -> tensor<16xf32> {
  %e = tensor.empty() : tensor<16xf32>
  %y = linalg.exp ins(%a : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  return %y : tensor<16xf32>
}
func.func @caller(%a: tensor<16xf32>) -> tensor<16xf32> {
  %r = func.call @callee(%a) : (tensor<16xf32>) -> tensor<16xf32>
  return %r : tensor<16xf32>
}

// An op that says nothing about itself uses slow memory.
// CHECK-LABEL: function unknown_op
// CHECK: value arg0: 64 bytes, input slow
// CHECK: step 0 test.unknown: reads 64 of arg0 slow, writes 64 of v1 slow
func.func @unknown_op(%a: tensor<16xf32>) -> tensor<16xf32> {
  %r = "test.unknown"(%a) : (tensor<16xf32>) -> tensor<16xf32>
  return %r : tensor<16xf32>
}

// Tensors that a conditional chooses from are in slow memory there, and anywhere
// before and after. Nothing is copied to tell them apart.
// CHECK-LABEL: function chosen
// CHECK-NEXT: value arg1: 64 bytes, input{{$}}
// CHECK-NEXT: value arg2: 64 bytes, input{{$}}
// CHECK: step 0 linalg.exp: reads 64 of arg1,
// CHECK-NEXT: step 1 scf.if: reads 0 of arg1 slow, reads 0 of arg2 slow, writes 0 of [[R:v[0-9]+]] slow
// CHECK-NEXT: step 2 linalg.add: reads 64 of [[R]], reads 64 of arg2,
// CHECK-NEXT: note: '[[R]]' stays in slow memory: it is chosen by a conditional
func.func @chosen(%c: i1, %a: tensor<16xf32>, %b: tensor<16xf32>) -> (tensor<16xf32>, tensor<16xf32>) {
  %e = tensor.empty() : tensor<16xf32>
  %x = linalg.exp ins(%a : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  %r = scf.if %c -> tensor<16xf32> {
    scf.yield %a : tensor<16xf32>
  } else {
    scf.yield %b : tensor<16xf32>
  }
  %f = tensor.empty() : tensor<16xf32>
  %y = linalg.add ins(%r, %b : tensor<16xf32>, tensor<16xf32>) outs(%f : tensor<16xf32>) -> tensor<16xf32>
  return %x, %y : tensor<16xf32>, tensor<16xf32>
}

// One storage, updated in one branch, is one storage after the conditional.
// CHECK-LABEL: function updated_or_not
// CHECK-NEXT: value arg1: 64 bytes, inout{{$}}
// CHECK-NEXT: value arg2: 64 bytes, input{{$}}
// CHECK-NEXT: step 0 scf.if: updates {{[0-9]+}} of arg1, reads 64 of arg2,
// CHECK-NOT: note
// CHECK-LABEL: function copied_in_a_branch
func.func @updated_or_not(%c: i1, %a: tensor<16xf32>, %b: tensor<16xf32>) -> tensor<16xf32> {
  %r = scf.if %c -> tensor<16xf32> {
    %x = linalg.add ins(%a, %b : tensor<16xf32>, tensor<16xf32>) outs(%a : tensor<16xf32>) -> tensor<16xf32>
    scf.yield %x : tensor<16xf32>
  } else {
    scf.yield %a : tensor<16xf32>
  }
  return %r : tensor<16xf32>
}

// The old contents are read later: bufferization copies them in the branch, and
// that copy is another storage. If they are read in fast memory later, it may
// write them after all.
// CHECK-NEXT: value arg1: 64 bytes, input{{$}}
// CHECK: step 0 scf.if: updates {{[0-9]+}} of arg1 slow, writes {{[0-9]+}} of [[COPY:v[0-9]+]] slow,
// CHECK: note: '[[COPY]]' stays in slow memory: it is a copy that bufferization makes
func.func @copied_in_a_branch(%c: i1, %a: tensor<16xf32>, %x: f32, %i: index) -> (tensor<16xf32>, tensor<16xf32>) {
  %r = scf.if %c -> tensor<16xf32> {
    %y = tensor.insert %x into %a[%i] : tensor<16xf32>
    scf.yield %y : tensor<16xf32>
  } else {
    scf.yield %a : tensor<16xf32>
  }
  %e = tensor.empty() : tensor<16xf32>
  %y = linalg.exp ins(%a : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  return %r, %y : tensor<16xf32>, tensor<16xf32>
}

// No copy of what a call takes is under way meanwhile, not even of a constant.
// CHECK-LABEL: function constant_to_call
// CHECK: step 0 func.call: updates 0 of constant0 slow,
func.func @constant_to_call() -> (tensor<16xf32>, tensor<16xf32>) {
  %k = arith.constant dense<[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]> : tensor<16xf32>
  %r = func.call @callee(%k) : (tensor<16xf32>) -> tensor<16xf32>
  %e = tensor.empty() : tensor<16xf32>
  %x = linalg.exp ins(%k : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  return %r, %x : tensor<16xf32>, tensor<16xf32>
}
