// RUN: mempl-opt %s --learned-memory-placement="target=tiny policy=greedy" 2>%t.remarks | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK < %t.remarks

// Nothing fits: the function stays as it was, and one remark says what would
// have to fit.
// REMARK: remark: nothing placed in fast memory: step 0 (linalg.exp) needs 8192 bytes and 1024 are free; largest in use there: 'arg0' (4096 bytes), 'v1' (4096 bytes)
// REMARK-NOT: remark
// CHECK-LABEL: func.func @too_large
// CHECK-NOT: mempl
func.func @too_large(%a: tensor<1024xf32>) -> tensor<1024xf32> {
  %e = tensor.empty() : tensor<1024xf32>
  %x = linalg.exp ins(%a : tensor<1024xf32>) outs(%e : tensor<1024xf32>) -> tensor<1024xf32>
  return %x : tensor<1024xf32>
}
