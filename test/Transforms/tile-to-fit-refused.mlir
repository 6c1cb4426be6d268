// What has no parts, or may not run part by part, stays whole.

// RUN: mempl-opt %s --mempl-tile-to-fit="target=tiny capacity=128" | FileCheck %s
// RUN: mempl-opt %s --learned-memory-placement="target=tiny capacity=128" | FileCheck %s

#rows = affine_map<(d0, d1) -> (d0, d1)>

// Parts of the two would run in turn, and the first would load what the second
// has stored.
// CHECK-LABEL: func.func @effects_in_bodies(
// CHECK-NOT: scf.for
func.func @effects_in_bodies(%m: memref<f32>, %a: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %c7 = arith.constant 7.0 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %x = linalg.generic {indexing_maps = [#rows, #rows], iterator_types = ["parallel", "parallel"]}
      ins(%a : tensor<8x8xf32>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %l = memref.load %m[] : memref<f32>
    %s = arith.addf %l, %in : f32
    linalg.yield %s : f32
  } -> tensor<8x8xf32>
  %y = linalg.generic {indexing_maps = [#rows, #rows], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<8x8xf32>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%in: f32, %out: f32):
    memref.store %c7, %m[] : memref<f32>
    linalg.yield %in : f32
  } -> tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// CHECK-LABEL: func.func @insertion_of_nothing(
// CHECK-NOT: scf.for
func.func @insertion_of_nothing(%a: tensor<0x4xf32>, %b: tensor<8x4xf32>) -> tensor<8x4xf32> {
  %e = tensor.empty() : tensor<8x4xf32>
  %x = linalg.exp ins(%b : tensor<8x4xf32>) outs(%e : tensor<8x4xf32>) -> tensor<8x4xf32>
  %u = tensor.insert_slice %a into %x[0, 0] [0, 4] [1, 1] : tensor<0x4xf32> into tensor<8x4xf32>
  %y = linalg.exp ins(%u : tensor<8x4xf32>) outs(%e : tensor<8x4xf32>) -> tensor<8x4xf32>
  return %y : tensor<8x4xf32>
}

// More rows than can be counted in parts.
// CHECK-LABEL: func.func @too_many_rows(
// CHECK-NOT: scf.for
func.func @too_many_rows(%a: tensor<9223372036854775807xf32>) -> tensor<9223372036854775807xf32> {
  %e = tensor.empty() : tensor<9223372036854775807xf32>
  %x = linalg.exp ins(%a : tensor<9223372036854775807xf32>) outs(%e : tensor<9223372036854775807xf32>)
      -> tensor<9223372036854775807xf32>
  return %x : tensor<9223372036854775807xf32>
}

// A pad that moves elements and removes the first.
// CHECK-LABEL: func.func @shift(
// CHECK-NOT: scf.for
// CHECK-NOT: tensor.extract_slice
func.func @shift(%a: tensor<64xf32>) -> tensor<64xf32> {
  %k = arith.constant 2.0 : f32
  %e = tensor.empty() : tensor<64xf32>
  %x = linalg.exp ins(%a : tensor<64xf32>) outs(%e : tensor<64xf32>) -> tensor<64xf32>
  %p = tensor.pad %x low[-1] high[1] {
  ^bb0(%i: index):
    tensor.yield %k : f32
  } : tensor<64xf32> to tensor<64xf32>
  %y = linalg.exp ins(%p : tensor<64xf32>) outs(%e : tensor<64xf32>) -> tensor<64xf32>
  return %y : tensor<64xf32>
}
