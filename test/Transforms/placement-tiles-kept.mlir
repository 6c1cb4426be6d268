// Where the pass looks for what to split: in functions of inner modules by
// themselves, whatever others are called, and not where the gain is none.

// RUN: mempl-opt %s --learned-memory-placement="target=tiny capacity=2KiB solver=greedy" --remarks-filter="mempl.*" -o %t.mlir 2> %t.err
// RUN: FileCheck %s < %t.mlir
// RUN: FileCheck %s --check-prefix=REMARK < %t.err

// REMARK: remark: {{.*}}'f': 1 run of 3 ops in 4 parts:
// REMARK: remark: {{.*}}'f': 1 run of 3 ops in {{[0-9]+}} parts:

// CHECK-LABEL: func.func @f(
// CHECK: scf.for
// CHECK: linalg.exp {{.*}} -> tensor<4x64xf32>
func.func @f(%a: tensor<16x64xf32>) -> tensor<16x64xf32> {
  %e = tensor.empty() : tensor<16x64xf32>
  %x = linalg.exp ins(%a : tensor<16x64xf32>) outs(%e : tensor<16x64xf32>) -> tensor<16x64xf32>
  %y = linalg.log ins(%x : tensor<16x64xf32>) outs(%e : tensor<16x64xf32>) -> tensor<16x64xf32>
  %z = linalg.abs ins(%y : tensor<16x64xf32>) outs(%e : tensor<16x64xf32>) -> tensor<16x64xf32>
  return %z : tensor<16x64xf32>
}

// CHECK-LABEL: module @inner
// CHECK: func.func @f(
// CHECK: mempl.alloc
// CHECK: linalg.floor {{.*}} -> tensor<3x64xf32>
module @inner {
  func.func @f(%a: tensor<32x64xf32>, %b: tensor<32x64xf32>) -> tensor<32x64xf32> {
    %e = tensor.empty() : tensor<32x64xf32>
    %x = linalg.floor ins(%a : tensor<32x64xf32>) outs(%e : tensor<32x64xf32>) -> tensor<32x64xf32>
    %y = linalg.ceil ins(%x : tensor<32x64xf32>) outs(%e : tensor<32x64xf32>) -> tensor<32x64xf32>
    %z = linalg.add ins(%y, %b : tensor<32x64xf32>, tensor<32x64xf32>) outs(%e : tensor<32x64xf32>) -> tensor<32x64xf32>
    return %z : tensor<32x64xf32>
  }
}

// All of it fits. A loop would read its argument while the other op runs, if the
// model is to be believed; that is no reason for a loop.

// CHECK-LABEL: func.func @fits(
// CHECK-NOT: scf.for
// CHECK: mempl.alloc <fast> at 0 bytes 64
// CHECK-NOT: scf.for
// CHECK: return
func.func @fits(%a: tensor<16xf32>) -> tensor<16xf32> {
  %e = tensor.empty() : tensor<16xf32>
  %x = linalg.exp ins(%a : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  %f = tensor.empty() : tensor<16xf32>
  %y = linalg.exp ins(%x : tensor<16xf32>) outs(%f : tensor<16xf32>) -> tensor<16xf32>
  return %y : tensor<16xf32>
}
