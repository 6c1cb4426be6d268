// RUN: mempl-opt %s --learned-memory-placement="target=tiny solver=greedy" | mempl-opt --learned-memory-placement="target=tiny solver=greedy" 2>%t | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK < %t
// RUN: mempl-opt %s --one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" --learned-memory-placement="target=tiny solver=greedy" 2>&1 | FileCheck %s --check-prefix=BUFFERS

// A function that is placed stays as it is.
// REMARK: remark: 'f' is not placed: it is placed already
// BUFFERS: remark: 'f' is not placed: it is bufferized; run this pass before
// CHECK-COUNT-1: mempl.alloc
// CHECK-NOT: mempl.alloc
func.func @f(%a: tensor<16xf32>) -> tensor<16xf32> {
  %e = tensor.empty() : tensor<16xf32>
  %x = linalg.exp ins(%a : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  %f = tensor.empty() : tensor<16xf32>
  %y = linalg.log ins(%x : tensor<16xf32>) outs(%f : tensor<16xf32>) -> tensor<16xf32>
  return %y : tensor<16xf32>
}

// So does one that somebody began to place by hand.
// REMARK: remark: 'released' is not placed: it is placed already
func.func @released(%a: tensor<16xf32>) -> tensor<16xf32> {
  %x = linalg.exp ins(%a : tensor<16xf32>) outs(%a : tensor<16xf32>) -> tensor<16xf32>
  mempl.release %x : tensor<16xf32>
  %e = tensor.empty() : tensor<16xf32>
  %y = linalg.log ins(%a : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  return %y : tensor<16xf32>
}
