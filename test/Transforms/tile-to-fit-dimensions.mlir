// RUN: mempl-opt %s --mempl-tile-to-fit="target=tiny capacity=4KiB" | FileCheck %s
// RUN: mempl-opt %s --mempl-tile-to-fit="target=tiny capacity=4KiB unroll=true" | FileCheck %s --check-prefix=UNROLL
// RUN: mempl-opt %s --mempl-tile-to-fit="target=tiny capacity=4KiB" --learned-memory-placement="target=tiny capacity=4KiB solver=greedy" | FileCheck %s --check-prefix=PLACED

// PLACED: mempl.alloc <fast>

#all = affine_map<(d0, d1) -> (d0, d1)>

// Rows of an image under a convolution of 3 x 3: the trips are written out,
// their inputs overlap, and what overlaps is computed once. The first trip and
// the last are padded.

// CHECK-LABEL: func @halo(
// CHECK-SAME: %[[X:.*]]: tensor<1x16x16x4xf32>
// CHECK-NOT: scf.for
// CHECK: %[[X0:.*]] = tensor.extract_slice %[[X]][0, 0, 0, 0] [1, [[#A:]], 16, 4]
// CHECK: %[[E0:.*]] = linalg.exp ins(%[[X0]] : tensor<1x[[#A]]x16x4xf32>)
// CHECK: %[[P0:.*]] = tensor.pad %[[E0]] low[0, 1, 1, 0] high[0, 0, 1, 0]
// CHECK: linalg.conv_2d_nhwc_hwcf {{.*}} outs(%{{.*}} : tensor<1x[[#A-1]]x16x4xf32>)
// CHECK: linalg.exp
// CHECK: tensor.insert_slice %{{.*}} into %{{.*}}[0, 0, 0, 0] [1, [[#A-1]], 16, 4]
// CHECK: %[[X1:.*]] = tensor.extract_slice %[[X]][0, [[#A]], 0, 0]
// CHECK: %[[E1:.*]] = linalg.exp ins(%[[X1]]
// CHECK: linalg.fill
// CHECK: %[[NEW:.*]] = tensor.insert_slice %[[E1]] into %{{.*}}[0, 2, 1, 0]
// CHECK: %[[OLD:.*]] = tensor.extract_slice %[[P0]][0, [[#A-1]], 0, 0] [1, 2, 18, 4]
// CHECK: tensor.insert_slice %[[OLD]] into %[[NEW]][0, 0, 0, 0] [1, 2, 18, 4]
// CHECK: linalg.conv_2d_nhwc_hwcf
// CHECK: tensor.insert_slice %{{.*}}[0, 2, 1, 0] [1, 3, 16, 4] {{.*}} into tensor<1x6x18x4xf32>
func.func @halo(%x: tensor<1x16x16x4xf32>, %w: tensor<3x3x4x4xf32>)
    -> tensor<1x16x16x4xf32> {
  %zero = arith.constant 0.0 : f32
  %e0 = tensor.empty() : tensor<1x16x16x4xf32>
  %a = linalg.exp ins(%x : tensor<1x16x16x4xf32>)
      outs(%e0 : tensor<1x16x16x4xf32>) -> tensor<1x16x16x4xf32>
  %p = tensor.pad %a low[0, 1, 1, 0] high[0, 1, 1, 0] {
  ^bb0(%i: index, %j: index, %k: index, %l: index):
    %inside = arith.constant 0.0 : f32
    tensor.yield %inside : f32
  } : tensor<1x16x16x4xf32> to tensor<1x18x18x4xf32>
  %e1 = tensor.empty() : tensor<1x16x16x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e1 : tensor<1x16x16x4xf32>)
      -> tensor<1x16x16x4xf32>
  %c = linalg.conv_2d_nhwc_hwcf
      ins(%p, %w : tensor<1x18x18x4xf32>, tensor<3x3x4x4xf32>)
      outs(%f : tensor<1x16x16x4xf32>) -> tensor<1x16x16x4xf32>
  %e2 = tensor.empty() : tensor<1x16x16x4xf32>
  %r = linalg.exp ins(%c : tensor<1x16x16x4xf32>)
      outs(%e2 : tensor<1x16x16x4xf32>) -> tensor<1x16x16x4xf32>
  return %r : tensor<1x16x16x4xf32>
}

// Two dimensions of scores are split, heads and rows: a nest of loops, of which
// the outer one has what the inner one uses again.

// CHECK-LABEL: func @heads(
// CHECK-SAME: %[[Q:.*]]: tensor<8x32x4xf32>, %[[K:.*]]: tensor<8x4x32xf32>, %[[V:.*]]: tensor<8x32x4xf32>
// CHECK: scf.for %[[H:[a-z0-9]+]] =
// CHECK-DAG: %[[KH:.*]] = tensor.extract_slice %[[K]][%[[H]], 0, 0] [1, 4, 32]
// CHECK-DAG: %[[VH:.*]] = tensor.extract_slice %[[V]][%[[H]], 0, 0] [1, 32, 4]
// CHECK: scf.for %[[R:[a-z0-9]+]] =
// CHECK: %[[QR:.*]] = tensor.extract_slice %[[Q]][%[[H]], %[[R]], 0]
// CHECK: linalg.batch_matmul ins(%[[QR]], %[[KH]]
// CHECK: linalg.exp
// CHECK: linalg.batch_matmul ins(%{{.*}}, %[[VH]]
// CHECK: tensor.insert_slice %{{.*}}[%[[H]], %[[R]], 0]
// CHECK: scf.yield
// CHECK: scf.yield
func.func @heads(%q: tensor<8x32x4xf32>, %k: tensor<8x4x32xf32>,
                 %v: tensor<8x32x4xf32>) -> tensor<8x32x4xf32> {
  %zero = arith.constant 0.0 : f32
  %e0 = tensor.empty() : tensor<8x32x32xf32>
  %f0 = linalg.fill ins(%zero : f32) outs(%e0 : tensor<8x32x32xf32>)
      -> tensor<8x32x32xf32>
  %s = linalg.batch_matmul ins(%q, %k : tensor<8x32x4xf32>, tensor<8x4x32xf32>)
      outs(%f0 : tensor<8x32x32xf32>) -> tensor<8x32x32xf32>
  %e1 = tensor.empty() : tensor<8x32x32xf32>
  %x = linalg.exp ins(%s : tensor<8x32x32xf32>)
      outs(%e1 : tensor<8x32x32xf32>) -> tensor<8x32x32xf32>
  %e2 = tensor.empty() : tensor<8x32x4xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<8x32x4xf32>)
      -> tensor<8x32x4xf32>
  %o = linalg.batch_matmul ins(%x, %v : tensor<8x32x32xf32>, tensor<8x32x4xf32>)
      outs(%f2 : tensor<8x32x4xf32>) -> tensor<8x32x4xf32>
  return %o : tensor<8x32x4xf32>
}

// One row, whose columns and those of the weights are split.

// CHECK-LABEL: func @channels(
// CHECK-SAME: %[[X:.*]]: tensor<1x32xf32>, %[[W:.*]]: tensor<32x2048xf32>
// CHECK: scf.for %[[C:[a-z0-9]+]] =
// CHECK: %[[COLUMN:.*]] = arith.muli %[[C]]
// CHECK: %[[WC:.*]] = tensor.extract_slice %[[W]][0, %[[COLUMN]]] [32, [[#N:]]] [1, 1]
// CHECK: %[[M:.*]] = linalg.matmul ins(%[[X]], %[[WC]] : tensor<1x32xf32>, tensor<32x[[#N]]xf32>)
// CHECK: %[[E:.*]] = linalg.exp ins(%[[M]]
// CHECK: tensor.expand_shape %[[E]] {{\[\[}}0], [1, 2]] output_shape [1, [[#div(N,16)]], 16]
// UNROLL-LABEL: func @channels(
// UNROLL-NOT: scf.for
// UNROLL: tensor.extract_slice %{{.*}}[0, 0] [32, [[#N:]]] [1, 1]
// UNROLL: tensor.extract_slice %{{.*}}[0, [[#N]]] [32,
func.func @channels(%x: tensor<1x32xf32>, %w: tensor<32x2048xf32>)
    -> tensor<1x128x16xf32> {
  %zero = arith.constant 0.0 : f32
  %e0 = tensor.empty() : tensor<1x2048xf32>
  %f0 = linalg.fill ins(%zero : f32) outs(%e0 : tensor<1x2048xf32>)
      -> tensor<1x2048xf32>
  %m = linalg.matmul ins(%x, %w : tensor<1x32xf32>, tensor<32x2048xf32>)
      outs(%f0 : tensor<1x2048xf32>) -> tensor<1x2048xf32>
  %e1 = tensor.empty() : tensor<1x2048xf32>
  %a = linalg.exp ins(%m : tensor<1x2048xf32>) outs(%e1 : tensor<1x2048xf32>)
      -> tensor<1x2048xf32>
  %s = tensor.expand_shape %a [[0], [1, 2]] output_shape [1, 128, 16]
      : tensor<1x2048xf32> into tensor<1x128x16xf32>
  %e2 = tensor.empty() : tensor<1x128x16xf32>
  %r = linalg.exp ins(%s : tensor<1x128x16xf32>)
      outs(%e2 : tensor<1x128x16xf32>) -> tensor<1x128x16xf32>
  return %r : tensor<1x128x16xf32>
}

// Seventeen rows have no divisor: as a loop, every trip has one. Written out,
// the parts are of two sizes.

// CHECK-LABEL: func @prime(
// CHECK: scf.for
// CHECK: tensor.extract_slice %{{.*}} [1, 127]
// UNROLL-LABEL: func @prime(
// UNROLL: tensor.extract_slice %{{.*}}[0, 0] [3, 127]
// UNROLL: tensor.extract_slice %{{.*}}[3, 0] [3, 127]
// UNROLL: tensor.extract_slice %{{.*}}[6, 0] [4, 127]
func.func @prime(%x: tensor<17x127xf32>) -> tensor<17x127xf32> {
  %e0 = tensor.empty() : tensor<17x127xf32>
  %a = linalg.exp ins(%x : tensor<17x127xf32>) outs(%e0 : tensor<17x127xf32>)
      -> tensor<17x127xf32>
  %e1 = tensor.empty() : tensor<17x127xf32>
  %b = linalg.exp ins(%a : tensor<17x127xf32>) outs(%e1 : tensor<17x127xf32>)
      -> tensor<17x127xf32>
  return %b : tensor<17x127xf32>
}
