// RUN: mempl-opt %s --mempl-prepare --split-input-file | FileCheck %s

// Padding becomes a fill and an insertion.
// CHECK-LABEL: func.func @padding
// CHECK: linalg.fill
// CHECK: tensor.insert_slice
// CHECK-NOT: tensor.pad
func.func @padding(%a: tensor<4x4xf32>) -> tensor<6x6xf32> {
  %z = arith.constant 0.0 : f32
  %p = tensor.pad %a low[1, 1] high[1, 1] {
  ^bb0(%i: index, %j: index):
    tensor.yield %z : f32
  } : tensor<4x4xf32> to tensor<6x6xf32>
  return %p : tensor<6x6xf32>
}

// -----

// A kernel's new result gets a destination.
// CHECK-LABEL: func.func @kernel(
// CHECK: %[[E:.*]] = bufferization.alloc_tensor() : tensor<8xf32>
// CHECK: mempl.kernel "k"(%{{.*}}, %[[E]]) {bytes = array<i64: -1, 16>, outs = array<i64: 1>
func.func @kernel(%a: tensor<4xf32>) -> tensor<8xf32> {
  %r = mempl.kernel "k"(%a) {seconds = 1.0 : f64, result_bytes = array<i64: 16>} : (tensor<4xf32>) -> tensor<8xf32>
  return %r : tensor<8xf32>
}

// -----

// The copy that bufferization would make is an op that nothing folds away.
// CHECK-LABEL: func.func @copied(
// CHECK-SAME: %[[A:.*]]: tensor<16xf32>
// CHECK: %[[E:.*]] = bufferization.alloc_tensor() : tensor<16xf32>
// CHECK: %[[T:.*]] = mempl.transfer %[[A]] to %[[E]]
// CHECK: tensor.insert %{{.*}} into %[[T]]
func.func @copied(%a: tensor<16xf32>, %x: f32, %i: index) -> (tensor<16xf32>, tensor<16xf32>) {
  %r = tensor.insert %x into %a[%i] : tensor<16xf32>
  return %r, %a : tensor<16xf32>, tensor<16xf32>
}

// -----

// An argument that must not be written is copied first.
// CHECK-LABEL: func.func @not_writable(
// CHECK: mempl.transfer
func.func @not_writable(%a: tensor<16xf32> {bufferization.writable = false}, %x: f32, %i: index) -> tensor<16xf32> {
  %r = tensor.insert %x into %a[%i] : tensor<16xf32>
  return %r : tensor<16xf32>
}

// -----

// Elements and generated tensors are written into a destination.
// CHECK-LABEL: func.func @elements
// CHECK: tensor.insert
// CHECK-NOT: tensor.from_elements
// CHECK: linalg.generic
// CHECK-NOT: tensor.generate
func.func @elements(%x: f32, %n: index) -> (tensor<2xf32>, tensor<4xindex>) {
  %a = tensor.from_elements %x, %x : tensor<2xf32>
  %b = tensor.generate {
  ^bb0(%i: index):
    tensor.yield %i : index
  } : tensor<4xindex>
  return %a, %b : tensor<2xf32>, tensor<4xindex>
}
