// RUN: mempl-opt %s --learned-memory-placement="target=tiny solver=greedy" 2>%t.remarks | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK < %t.remarks

// Nothing fits: the function stays as it was, and one remark says why.
// REMARK: remark: 'too_large': nothing placed in fast memory: 8192 bytes of 2 values because each is larger than fast memory
// REMARK-NOT: remark
// CHECK-LABEL: func.func @too_large
// CHECK-NOT: mempl
func.func @too_large(%a: tensor<1024xf32>) -> tensor<1024xf32> {
  %e = tensor.empty() : tensor<1024xf32>
  %x = linalg.exp ins(%a : tensor<1024xf32>) outs(%e : tensor<1024xf32>) -> tensor<1024xf32>
  return %x : tensor<1024xf32>
}
