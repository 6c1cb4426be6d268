// RUN: mempl-opt %s --learned-memory-placement="solver=greedy" 2>%t.remarks | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK < %t.remarks
// RUN: mempl-opt %s --learned-memory-placement="solver=greedy" --emit-bytecode 2>/dev/null | mempl-opt | FileCheck %s

// The target comes from the module; every function that nobody calls is placed
// for itself.
// REMARK-DAG: remark: 'helper' is not placed: it is called by another function of the module; inline it to place it
// REMARK-DAG: remark: 'branches' is not placed: it has several blocks
module attributes {mempl.target = "tiny"} {
  // CHECK-LABEL: func.func @first
  // CHECK: mempl.alloc <fast> at 0
  func.func @first(%a: tensor<16xf32>) -> tensor<16xf32> {
    %e = tensor.empty() : tensor<16xf32>
    %x = linalg.exp ins(%a : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
    %y = linalg.log ins(%x : tensor<16xf32>) outs(%x : tensor<16xf32>) -> tensor<16xf32>
    %f = tensor.empty() : tensor<16xf32>
    %z = linalg.log ins(%y : tensor<16xf32>) outs(%f : tensor<16xf32>) -> tensor<16xf32>
    return %z : tensor<16xf32>
  }
  // CHECK-LABEL: func.func @second
  // CHECK: mempl.alloc <fast> at 0
  func.func @second(%a: tensor<16xi4>) -> tensor<16xi4> {
    %e = tensor.empty() : tensor<16xi4>
    %x = linalg.add ins(%a, %a : tensor<16xi4>, tensor<16xi4>) outs(%e : tensor<16xi4>) -> tensor<16xi4>
    %f = tensor.empty() : tensor<16xi4>
    %y = linalg.add ins(%x, %x : tensor<16xi4>, tensor<16xi4>) outs(%f : tensor<16xi4>) -> tensor<16xi4>
    return %y : tensor<16xi4>
  }
  // CHECK-LABEL: func.func private @helper
  // CHECK-NOT: mempl.alloc
  // CHECK-LABEL: func.func @calls
  func.func private @helper(%a: tensor<16xf32>) -> tensor<16xf32> {
    %x = linalg.exp ins(%a : tensor<16xf32>) outs(%a : tensor<16xf32>) -> tensor<16xf32>
    return %x : tensor<16xf32>
  }
  func.func @calls(%a: tensor<16xf32>) -> tensor<16xf32> {
    %r = func.call @helper(%a) : (tensor<16xf32>) -> tensor<16xf32>
    return %r : tensor<16xf32>
  }
  func.func private @external(tensor<16xf32>)
  func.func @branches(%a: tensor<16xf32>, %c: i1) -> tensor<16xf32> {
    cf.cond_br %c, ^b, ^b
  ^b:
    return %a : tensor<16xf32>
  }
}
