// RUN: mempl-opt %s --learned-memory-placement="target=tiny solver=greedy" --one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" --canonicalize --cse --canonicalize | FileCheck %s

// Pieces of a concatenation are computed in their place in fast memory, also
// where one concatenation is a piece of another: no copy, no other buffer.
// CHECK-LABEL: func.func @nested_pieces
// CHECK-NOT: memref.copy
// CHECK: %[[ALL:.*]] = mempl.alloc <fast> at {{[0-9]+}} bytes 256
// CHECK-NOT: memref.copy
// CHECK: linalg.log ins(%[[ALL]] :
// CHECK-NOT: memref.copy
// CHECK: return
func.func @nested_pieces(%a: tensor<16xf32>) -> tensor<64xf32> {
  %cst = arith.constant 0.0 : f32
  %e0 = tensor.empty() : tensor<16xf32>
  %0 = linalg.exp ins(%a : tensor<16xf32>) outs(%e0 : tensor<16xf32>) -> tensor<16xf32>
  %e1 = tensor.empty() : tensor<16xf32>
  %1 = linalg.log ins(%a : tensor<16xf32>) outs(%e1 : tensor<16xf32>) -> tensor<16xf32>
  %e2 = tensor.empty() : tensor<32xf32>
  %p = tensor.insert_slice %0 into %e2[0] [16] [1] : tensor<16xf32> into tensor<32xf32>
  %q = tensor.insert_slice %1 into %p[16] [16] [1] : tensor<16xf32> into tensor<32xf32>
  %e3 = tensor.empty() : tensor<32xf32>
  %c = linalg.fill ins(%cst : f32) outs(%e3 : tensor<32xf32>) -> tensor<32xf32>
  %e4 = tensor.empty() : tensor<64xf32>
  %r = tensor.insert_slice %q into %e4[0] [32] [1] : tensor<32xf32> into tensor<64xf32>
  %s = tensor.insert_slice %c into %r[32] [32] [1] : tensor<32xf32> into tensor<64xf32>
  %e5 = tensor.empty() : tensor<64xf32>
  %t = linalg.log ins(%s : tensor<64xf32>) outs(%e5 : tensor<64xf32>) -> tensor<64xf32>
  return %t : tensor<64xf32>
}

// A value that is written reshaped is read in its own shape.
// CHECK-LABEL: func.func @reshaped
// CHECK-NOT: memref.copy
// CHECK: %[[V:.*]] = mempl.alloc
// CHECK: %[[E:.*]] = memref.expand_shape %[[V]]
// CHECK: linalg.exp {{.*}} outs(%[[E]] :
// CHECK: linalg.log ins(%[[V]] :
// CHECK-NOT: memref.copy
// CHECK: return
func.func @reshaped(%a: tensor<4x4xf32>) -> tensor<16xf32> {
  %e = tensor.empty() : tensor<16xf32>
  %w = tensor.expand_shape %e [[0, 1]] output_shape [4, 4] : tensor<16xf32> into tensor<4x4xf32>
  %x = linalg.exp ins(%a : tensor<4x4xf32>) outs(%w : tensor<4x4xf32>) -> tensor<4x4xf32>
  %c = tensor.collapse_shape %x [[0, 1]] : tensor<4x4xf32> into tensor<16xf32>
  %f = tensor.empty() : tensor<16xf32>
  %y = linalg.log ins(%c : tensor<16xf32>) outs(%f : tensor<16xf32>) -> tensor<16xf32>
  return %y : tensor<16xf32>
}
