// RUN: mempl-opt %s --learned-memory-placement="target=tiny solver=greedy" | FileCheck %s

// A dynamic size with a bound gets storage for the largest case.
// CHECK-LABEL: func.func @bounded(
// CHECK-SAME: %[[N:.*]]: index
// CHECK: mempl.alloc <fast> at {{[0-9]+}} bytes 128(%{{.*}}) : tensor<?xf32>
// CHECK: linalg.exp
func.func @bounded(%a: tensor<64xf32>, %n: index) -> f32 {
  %c0 = arith.constant 0 : index
  %m = affine.min affine_map<(d0) -> (d0, 32)>(%n)
  %s = tensor.extract_slice %a[0] [%m] [1] : tensor<64xf32> to tensor<?xf32>
  %e = tensor.empty(%m) : tensor<?xf32>
  %x = linalg.exp ins(%s : tensor<?xf32>) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  %r = tensor.extract %x[%c0] : tensor<?xf32>
  return %r : f32
}

// CHECK-LABEL: func.func @bounded_by_the_user(
// CHECK-SAME: %[[A:.*]]: tensor<?xf32>
// CHECK: %[[D:.*]] = tensor.dim %[[A]]
// CHECK: mempl.alloc <fast> at {{[0-9]+}} bytes 256(%[[D]]) : tensor<?xf32>
// CHECK: mempl.copy_start prefetch %[[A]] to
func.func @bounded_by_the_user(%a: tensor<?xf32> {mempl.max_bytes = 256 : i64, mempl.pin}, %i: index) -> (f32, f32) {
  %r = tensor.extract %a[%i] : tensor<?xf32>
  %c0 = arith.constant 0 : index
  %s = tensor.extract %a[%c0] : tensor<?xf32>
  return %r, %s : f32, f32
}

// CHECK-LABEL: func.func @unbounded
// CHECK-NOT: mempl.alloc
// CHECK: return
func.func @unbounded(%a: tensor<?xf32>, %n: index) -> tensor<?xf32> {
  %e = tensor.empty(%n) : tensor<?xf32>
  %x = linalg.exp ins(%a : tensor<?xf32>) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  return %x : tensor<?xf32>
}

// A dimension that a tensor does not have bounds nothing.
// CHECK-LABEL: func.func @beyond
// CHECK-NOT: mempl.alloc
// CHECK: return
func.func @beyond(%a: tensor<?xf32>) -> tensor<?xf32> {
  %c7 = arith.constant 7 : index
  %n = tensor.dim %a, %c7 : tensor<?xf32>
  %e = tensor.empty(%n) : tensor<?xf32>
  %x = linalg.exp ins(%a : tensor<?xf32>) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  return %x : tensor<?xf32>
}
