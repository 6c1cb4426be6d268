// Files are about one function: the only one that is placed, or the one that
// the option 'function' names. The others are placed all the same.

// RUN: rm -rf %t && mkdir %t
// RUN: mempl-opt %s --learned-memory-placement="target=tiny solver=greedy function=second plan-out=%t/plan.json instance-out=%t/instance.json trace-out=%t/trace.json report=%t/page.html" 2>%t/remarks | FileCheck %s
// CHECK-LABEL: func.func @first(
// CHECK: mempl.copy_start
// CHECK-LABEL: func.func @second(
// CHECK: mempl.copy_start
// RUN: FileCheck %s --check-prefix=JSON < %t/plan.json
// JSON: "instance":"second"
// RUN: mempl-solve %t/instance.json --check=%t/plan.json --no-bound | FileCheck %s --check-prefix=VALID
// VALID: plan.json: valid
// RUN: FileCheck %s --check-prefix=TRACE < %t/trace.json
// TRACE: second
// RUN: FileCheck %s --check-prefix=PAGE < %t/page.html
// PAGE: {"program":"second","target":"tiny",
// PAGE-SAME: "plans":[{"name":"greedy"

// RUN: not mempl-opt %s --learned-memory-placement="target=tiny plan-out=%t/no.json" 2>&1 | FileCheck %s --check-prefix=SEVERAL
// SEVERAL: error: options 'plan-out', 'instance-out', 'trace-out' and 'report': expected one function, found @first, @second; choose with the option 'function'
// RUN: not mempl-opt %s --learned-memory-placement="target=tiny function=branches plan-out=%t/no.json" 2>&1 | FileCheck %s --check-prefix=BLOCKS
// BLOCKS: error: options 'plan-out', 'instance-out', 'trace-out' and 'report': function @branches is not placed: it has several blocks
// RUN: not mempl-opt %s --learned-memory-placement="target=tiny function=buffers plan-out=%t/no.json" 2>&1 | FileCheck %s --check-prefix=BUFFERS
// BUFFERS: function @buffers is not placed: it is bufferized; run this pass before
// RUN: not mempl-opt %s --learned-memory-placement="target=tiny function=secnd plan-out=%t/no.json" 2>&1 | FileCheck %s --check-prefix=NEAR
// NEAR: expected a function @secnd, found @first, @second; did you mean 'second'?
// RUN: not mempl-opt %s --learned-memory-placement="target=tiny function=second" 2>&1 | FileCheck %s --check-prefix=ALONE
// ALONE: error: option 'function': expected one of the options 'plan-out', 'instance-out', 'trace-out' and 'report' with it
// RUN: not ls %t/no.json

// So does mempl-solve.

// RUN: mempl-solve %s --target=tiny --function=first --solver=greedy --no-bound
// RUN: not mempl-solve %s --target=tiny 2>&1 | FileCheck %s --check-prefix=TOOL
// TOOL: placement-files.mlir: error: expected one function, found @first, @second{{.*}}; choose with --function
// RUN: not mempl-solve %s --target=tiny --function=branches 2>&1 | FileCheck %s --check-prefix=TOOL-BLOCKS
// TOOL-BLOCKS: placement-files.mlir: error: function @branches is not placed: it has several blocks

func.func @first(%a: tensor<32xf32>, %b: tensor<32xf32>) -> tensor<32xf32> {
  %x = linalg.exp ins(%a : tensor<32xf32>) outs(%b : tensor<32xf32>) -> tensor<32xf32>
  %y = linalg.mul ins(%x, %a : tensor<32xf32>, tensor<32xf32>) outs(%b : tensor<32xf32>) -> tensor<32xf32>
  %z = linalg.mul ins(%y, %a : tensor<32xf32>, tensor<32xf32>) outs(%b : tensor<32xf32>) -> tensor<32xf32>
  return %z : tensor<32xf32>
}

func.func @second(%a: tensor<16xf32>, %b: tensor<16xf32>) -> tensor<16xf32> {
  %x = linalg.exp ins(%a : tensor<16xf32>) outs(%b : tensor<16xf32>) -> tensor<16xf32>
  %y = linalg.mul ins(%x, %a : tensor<16xf32>, tensor<16xf32>) outs(%b : tensor<16xf32>) -> tensor<16xf32>
  %z = linalg.mul ins(%y, %a : tensor<16xf32>, tensor<16xf32>) outs(%b : tensor<16xf32>) -> tensor<16xf32>
  return %z : tensor<16xf32>
}

func.func @branches(%a: tensor<16xf32>, %c: i1) -> tensor<16xf32> {
  cf.cond_br %c, ^one, ^two
^one:
  return %a : tensor<16xf32>
^two:
  return %a : tensor<16xf32>
}

func.func @buffers(%a: memref<16xf32>, %b: memref<16xf32>) {
  linalg.exp ins(%a : memref<16xf32>) outs(%b : memref<16xf32>)
  return
}
