// An op that gives a tensor another name or type, and writes nothing, makes no
// new version of its storage: reads of the tensor read what they read before.
// RUN: mempl-opt %s --learned-memory-placement="target=tiny solver=greedy" | FileCheck %s
// RUN: mempl-opt %s --learned-memory-placement="target=tiny solver=greedy" \
// RUN:   --remark-format=emitRemark --remarks-filter='mempl.*' -o %t 2>&1 \
// RUN:   | FileCheck %s --check-prefix=REMARK
// What is placed is used in place: bufferization allocates nothing in fast
// memory, and copies nothing there.
// RUN: mempl-opt %s --pass-pipeline='builtin.module(learned-memory-placement{target=tiny solver=greedy},one-shot-bufferize{bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map})' \
// RUN:   | FileCheck %s --check-prefix=BUFFERS
// BUFFERS-NOT: memref.copy

#id = affine_map<(d0) -> (d0)>

// CHECK-LABEL: func.func @reshape_then_original
func.func @reshape_then_original(%a: tensor<8x8xf32>, %i: index) -> (tensor<4x16xf32>, f32) {
  // CHECK: %[[STORAGE:.+]] = mempl.alloc <fast> at 0 bytes 256 : tensor<8x8xf32>
  // CHECK: %[[X:.+]] = linalg.mul {{.*}} outs(%[[STORAGE]] :
  %e = tensor.empty() : tensor<8x8xf32>
  %x = linalg.mul ins(%a, %a : tensor<8x8xf32>, tensor<8x8xf32>) outs(%e : tensor<8x8xf32>) -> tensor<8x8xf32>
  // CHECK: %[[LINE:.+]] = tensor.collapse_shape %[[X]]
  // CHECK: %[[W:.+]] = tensor.expand_shape %[[LINE]]
  %sh = arith.constant dense<[4, 16]> : tensor<2xindex>
  %w = tensor.reshape %x(%sh) : (tensor<8x8xf32>, tensor<2xindex>) -> tensor<4x16xf32>
  // CHECK: linalg.add ins(%[[W]], %[[W]]
  %e2 = tensor.empty() : tensor<4x16xf32>
  %y = linalg.add ins(%w, %w : tensor<4x16xf32>, tensor<4x16xf32>) outs(%e2 : tensor<4x16xf32>) -> tensor<4x16xf32>
  // CHECK: tensor.extract %[[X]][
  %v = tensor.extract %x[%i, %i] : tensor<8x8xf32>
  return %y, %v : tensor<4x16xf32>, f32
}

// CHECK-LABEL: func.func @rank_zero
func.func @rank_zero(%a: tensor<1x1xf32>, %s0: tensor<0xindex>, %s1: tensor<1xindex>) -> (f32, f32) {
  %c0 = arith.constant 0 : index
  // CHECK: %[[X:.+]] = linalg.exp
  %e = tensor.empty() : tensor<1x1xf32>
  %x = linalg.exp ins(%a : tensor<1x1xf32>) outs(%e : tensor<1x1xf32>) -> tensor<1x1xf32>
  %w = tensor.reshape %x(%s0) : (tensor<1x1xf32>, tensor<0xindex>) -> tensor<f32>
  // CHECK: %[[LINE:.+]] = tensor.collapse_shape %[[X]] {{.*}} into tensor<1xf32>
  // CHECK: %[[W:.+]] = tensor.collapse_shape %[[LINE]] [] : tensor<1xf32> into tensor<f32>
  // CHECK: linalg.exp ins(%[[W]] : tensor<f32>)
  %e2 = tensor.empty() : tensor<f32>
  %y = linalg.exp ins(%w : tensor<f32>) outs(%e2 : tensor<f32>) -> tensor<f32>
  %z = tensor.reshape %y(%s1) : (tensor<f32>, tensor<1xindex>) -> tensor<1xf32>
  %u = tensor.extract %x[%c0, %c0] : tensor<1x1xf32>
  %v = tensor.extract %z[%c0] : tensor<1xf32>
  return %u, %v : f32, f32
}

// CHECK-LABEL: func.func @index_cast_then_original
func.func @index_cast_then_original(%a: tensor<8xindex>) -> (i64, index) {
  %c0 = arith.constant 0 : index
  // CHECK: %[[A:.+]] = linalg.generic
  %e = tensor.empty() : tensor<8xindex>
  %x = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%a : tensor<8xindex>) outs(%e : tensor<8xindex>) {
  ^bb0(%p: index, %o: index):
    %q = arith.addi %p, %p : index
    linalg.yield %q : index
  } -> tensor<8xindex>
  // CHECK: %[[B:.+]] = arith.index_cast %[[A]]
  // CHECK-NEXT: tensor.extract %[[B]][
  %b = arith.index_cast %x : tensor<8xindex> to tensor<8xi64>
  %u = tensor.extract %b[%c0] : tensor<8xi64>
  // CHECK-NEXT: tensor.extract %[[A]][
  %v = tensor.extract %x[%c0] : tensor<8xindex>
  return %u, %v : i64, index
}

// A write through another name is a new version of the whole storage.
// CHECK-LABEL: func.func @write_through_index_cast
func.func @write_through_index_cast(%a: tensor<8xindex>) -> index {
  %c0 = arith.constant 0 : index
  // CHECK: %[[A:.+]] = linalg.generic {{.*}} ins(
  %e = tensor.empty() : tensor<8xindex>
  %x = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%a : tensor<8xindex>) outs(%e : tensor<8xindex>) {
  ^bb0(%p: index, %o: index):
    %q = arith.addi %p, %p : index
    linalg.yield %q : index
  } -> tensor<8xindex>
  // CHECK: %[[B:.+]] = arith.index_cast %[[A]]
  %b = arith.index_cast %x : tensor<8xindex> to tensor<8xi64>
  // CHECK: %[[C:.+]] = linalg.generic {{.*}} outs(%[[B]] :
  %c = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel"]} outs(%b : tensor<8xi64>) {
  ^bb0(%o: i64):
    %q = arith.muli %o, %o : i64
    linalg.yield %q : i64
  } -> tensor<8xi64>
  // CHECK: %[[D:.+]] = arith.index_cast %[[C]] : tensor<8xi64> to tensor<8xindex>
  // CHECK-NEXT: %[[E:.+]] = arith.index_cast %[[D]]
  // CHECK-NEXT: %[[F:.+]] = arith.index_cast %[[E]]
  // CHECK-NEXT: tensor.extract %[[F]][
  %d = arith.index_cast %c : tensor<8xi64> to tensor<8xindex>
  %v = tensor.extract %d[%c0] : tensor<8xindex>
  return %v : index
}

// A shape that is not known cannot be given again.
// CHECK-LABEL: func.func @dynamic
func.func @dynamic(%a: tensor<8x8xf32>, %sh: tensor<2xindex>, %i: index) -> (f32, f32) {
  // CHECK: %[[STORAGE:.+]] = bufferization.alloc_tensor() : tensor<8x8xf32>
  // CHECK: %[[X:.+]] = linalg.mul {{.*}} outs(%[[STORAGE]] :
  // REMARK: 'v2' (256 bytes) slow: it is renamed by 'tensor.reshape', which cannot be done again in fast memory
  %e = tensor.empty() : tensor<8x8xf32>
  %x = linalg.mul ins(%a, %a : tensor<8x8xf32>, tensor<8x8xf32>) outs(%e : tensor<8x8xf32>) -> tensor<8x8xf32>
  // CHECK: %[[W:.+]] = tensor.reshape %[[X]](
  %w = tensor.reshape %x(%sh) : (tensor<8x8xf32>, tensor<2xindex>) -> tensor<?x?xf32>
  // CHECK: tensor.extract %[[X]][
  %v = tensor.extract %x[%i, %i] : tensor<8x8xf32>
  // CHECK: tensor.extract %[[W]][
  %u = tensor.extract %w[%i, %i] : tensor<?x?xf32>
  return %v, %u : f32, f32
}

// Who holds the buffer may use it at any time.
// CHECK-LABEL: func.func @as_buffer
func.func @as_buffer(%a: tensor<8xf32>, %i: index) -> (f32, f32) {
  // CHECK: %[[STORAGE:.+]] = tensor.empty() : tensor<8xf32>
  // CHECK: %[[X:.+]] = linalg.exp {{.*}} outs(%[[STORAGE]] :
  // REMARK: 'v1' (32 bytes) slow: it is used as a buffer, which 'bufferization.to_buffer' gives
  %e = tensor.empty() : tensor<8xf32>
  %x = linalg.exp ins(%a : tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  // CHECK: bufferization.to_buffer %[[X]]
  %m = bufferization.to_buffer %x read_only : tensor<8xf32> to memref<8xf32>
  %v = tensor.extract %x[%i] : tensor<8xf32>
  %u = memref.load %m[%i] : memref<8xf32>
  return %v, %u : f32, f32
}
