// RUN: mempl-opt %s --learned-memory-placement="target=tiny solver=portfolio" | FileCheck %s

// A pin is kept although the value is used once and a copy gains nothing; what is
// forbidden stays away.
// CHECK-LABEL: func.func @pinned_and_forbidden(
// CHECK-SAME: %[[A:.*]]: tensor<16xf32> {mempl.pin}, %[[B:.*]]: tensor<16xf32> {mempl.forbid}
// CHECK: mempl.copy_start prefetch %[[A]] to
// CHECK: %[[F:.*]] = mempl.copy_wait
// CHECK: linalg.add ins(%[[F]], %[[B]] :
func.func @pinned_and_forbidden(%a: tensor<16xf32> {mempl.pin}, %b: tensor<16xf32> {mempl.forbid}) -> tensor<16xf32> {
  %e = tensor.empty() {mempl.forbid} : tensor<16xf32>
  %x = linalg.add ins(%a, %b : tensor<16xf32>, tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  return %x : tensor<16xf32>
}
