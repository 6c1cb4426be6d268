// RUN: mempl-opt %s --mempl-tile-to-fit="target=tiny capacity=3KiB share=1" | FileCheck %s
// RUN: mempl-opt %s --mempl-tile-to-fit="target=tiny capacity=1MiB" | FileCheck %s --check-prefix=FITS
// RUN: mempl-opt %s --mempl-tile-to-fit="target=tiny capacity=3KiB share=1" --learned-memory-placement="target=tiny capacity=3KiB solver=greedy" | FileCheck %s --check-prefix=PLACED
// RUN: mempl-opt %s --mempl-tile-to-fit="target=tiny capacity=3KiB share=1" --mempl-prepare --mempl-test-print-program="target=tiny" 2>&1 | FileCheck %s --check-prefix=NOTES --implicit-check-not="does not update it in place"
// RUN: not mempl-opt %s --mempl-tile-to-fit="target=tiny share=0" 2>&1 | FileCheck %s --check-prefix=SHARE
// RUN: not mempl-opt %s --mempl-tile-to-fit="target=tiny share=nan" 2>&1 | FileCheck %s --check-prefix=SHARE
// RUN: not mempl-opt %s --mempl-tile-to-fit="target=tiny capacity=4XB" 2>&1 | FileCheck %s --check-prefix=SIZE
// RUN: not mempl-opt %s --mempl-tile-to-fit="capacity=3KiB" 2>&1 | FileCheck %s --check-prefix=TARGET

// FITS-NOT: scf.for
// PLACED-LABEL: func @residual(
// PLACED: scf.for
// PLACED: mempl.alloc <fast>
// NOTES: func
// SHARE: error: option 'share': expected a number above 0 and at most 1
// SIZE: error: option 'capacity':
// TARGET: error: no target:

#rows = affine_map<(d0, d1) -> (d0, d1)>
#column = affine_map<(d0, d1) -> (d1)>

// A weight is used whole, a tensor with two users is made once, and what is used
// behind the loop is carried: written in place by its only access, copied there
// otherwise.

// CHECK-LABEL: func @residual(
// CHECK-SAME: %[[X:.*]]: tensor<16x64xf32>, %[[W:.*]]: tensor<64x4xf32>
func.func @residual(%x: tensor<16x64xf32>, %w: tensor<64x4xf32>)
    -> (tensor<16x64xf32>, tensor<16x4xf32>) {
  // CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.0
  // CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
  // CHECK-DAG: %[[C16:.*]] = arith.constant 16 : index
  // CHECK-DAG: %[[STEP:.*]] = arith.constant 2 : index
  // CHECK: %[[L:.*]]:2 = scf.for %[[B:.*]] = %[[C0]] to %[[C16]] step %[[STEP]]
  // CHECK-SAME: iter_args(%[[A1:.*]] = %{{.*}}, %[[A2:.*]] = %{{.*}})
  // CHECK: %[[XB:.*]] = tensor.extract_slice %[[X]][%[[B]], 0] [2, 64] [1, 1]
  // CHECK: %[[ROOT:.*]] = linalg.generic {{.*}} ins(%[[XB]] : tensor<2x64xf32>)
  // CHECK: %[[TWICE:.*]] = linalg.add ins(%[[ROOT]], %[[ROOT]] :
  // CHECK: %[[TO:.*]] = tensor.extract_slice %[[A1]][%[[B]], 0] [2, 64] [1, 1]
  // CHECK: %[[R1:.*]] = linalg.add ins(%[[TWICE]], %[[ROOT]] : {{.*}}) outs(%[[TO]] :
  // CHECK: %[[Y1:.*]] = tensor.insert_slice %[[R1]] into %[[A1]][%[[B]], 0] [2, 64] [1, 1]
  // CHECK: linalg.fill ins(%[[ZERO]] : f32) outs(%{{.*}} : tensor<2x4xf32>)
  // CHECK: %[[M:.*]] = linalg.matmul ins(%[[TWICE]], %[[W]] : tensor<2x64xf32>, tensor<64x4xf32>)
  // CHECK: %[[T2:.*]] = tensor.extract_slice %[[A2]][%[[B]], 0] [2, 4] [1, 1]
  // CHECK: %[[R2:.*]] = mempl.transfer %[[M]] to %[[T2]]
  // CHECK: %[[Y2:.*]] = tensor.insert_slice %[[R2]] into %[[A2]][%[[B]], 0] [2, 4] [1, 1]
  // CHECK: scf.yield %[[Y1]], %[[Y2]]
  // CHECK: return %[[L]]#0, %[[L]]#1
  %zero = arith.constant 0.0 : f32
  %e0 = tensor.empty() : tensor<16x64xf32>
  %root = linalg.generic {indexing_maps = [#rows, #rows],
      iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<16x64xf32>) outs(%e0 : tensor<16x64xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = math.sqrt %a : f32
    linalg.yield %r : f32
  } -> tensor<16x64xf32>
  %e1 = tensor.empty() : tensor<16x64xf32>
  %twice = linalg.add ins(%root, %root : tensor<16x64xf32>, tensor<16x64xf32>)
      outs(%e1 : tensor<16x64xf32>) -> tensor<16x64xf32>
  %e2 = tensor.empty() : tensor<16x64xf32>
  %sum = linalg.add ins(%twice, %root : tensor<16x64xf32>, tensor<16x64xf32>)
      outs(%e2 : tensor<16x64xf32>) -> tensor<16x64xf32>
  %e3 = tensor.empty() : tensor<16x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e3 : tensor<16x4xf32>) -> tensor<16x4xf32>
  %m = linalg.matmul ins(%twice, %w : tensor<16x64xf32>, tensor<64x4xf32>)
      outs(%f : tensor<16x4xf32>) -> tensor<16x4xf32>
  return %sum, %m : tensor<16x64xf32>, tensor<16x4xf32>
}

// The index of a row counts on from where the trip begins; a part of the columns
// and a reshape are given again behind the loop; padding stays within a row.

// CHECK-LABEL: func @indices(
// CHECK: scf.for %[[B:.*]] = %{{.*}} iter_args(%[[A:.*]] = %{{.*}}) -> (tensor<16x66xf32>) {
// CHECK: linalg.generic
// CHECK: %[[I:.*]] = linalg.index 0 : index
// CHECK: %[[ROW:.*]] = affine.apply #{{.*}}(%[[B]])[%[[I]]]
// CHECK: arith.index_cast %[[ROW]] : index to i32
// CHECK: %[[P:.*]] = tensor.pad %{{.*}} low[0, 1] high[0, 1]
// CHECK: tensor<{{[0-9]+}}x64xf32> to tensor<{{[0-9]+}}x66xf32>
// CHECK: mempl.transfer %[[P]]
// CHECK: }
// CHECK-NOT: tensor.pad
// CHECK: %[[E:.*]] = tensor.expand_shape %{{.*}} {{\[\[}}0], [1, 2]] output_shape [16, 1, 66]
// CHECK: %[[S:.*]] = tensor.extract_slice %{{.*}}[0, 2] [16, 4] [1, 1]
// CHECK: return %[[E]], %[[S]]
func.func @indices(%x: tensor<16x64xf32>)
    -> (tensor<16x1x66xf32>, tensor<16x4xf32>) {
  %zero = arith.constant 0.0 : f32
  %e0 = tensor.empty() : tensor<16x64xf32>
  %numbered = linalg.generic {indexing_maps = [#rows, #rows],
      iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<16x64xf32>) outs(%e0 : tensor<16x64xf32>) {
  ^bb0(%a: f32, %o: f32):
    %i = linalg.index 0 : index
    %n = arith.index_cast %i : index to i32
    %f = arith.sitofp %n : i32 to f32
    %r = arith.addf %a, %f : f32
    linalg.yield %r : f32
  } -> tensor<16x64xf32>
  %p = tensor.pad %numbered low[0, 1] high[0, 1] {
  ^bb0(%i: index, %j: index):
    %inside = arith.constant 0.0 : f32
    tensor.yield %inside : f32
  } : tensor<16x64xf32> to tensor<16x66xf32>
  %e = tensor.expand_shape %p [[0], [1, 2]] output_shape [16, 1, 66]
      : tensor<16x66xf32> into tensor<16x1x66xf32>
  %s = tensor.extract_slice %p[0, 2] [16, 4] [1, 1]
      : tensor<16x66xf32> to tensor<16x4xf32>
  return %e, %s : tensor<16x1x66xf32>, tensor<16x4xf32>
}

// Rows of one tensor are several rows of another: both are split in equal parts.

// CHECK-LABEL: func @groups(
// CHECK: %[[C:.*]] = arith.constant 16 : index
// CHECK: scf.for %[[B:.*]] = %{{.*}} to %[[C]] step
// CHECK: %[[F:.*]] = arith.constant 8 : index
// CHECK: %[[B8:.*]] = arith.muli %[[B]], %[[F]] : index
// CHECK: tensor.extract_slice %{{.*}}[%[[B]], 0, 0] [4, 8, 8]
// CHECK: tensor.collapse_shape %{{.*}} {{\[\[}}0, 1], [2]] : tensor<4x8x8xf32> into tensor<32x8xf32>
// CHECK: tensor.insert_slice %{{.*}} into %{{.*}}[%[[B8]], 0] [32, 8] [1, 1]
func.func @groups(%x: tensor<16x8x8xf32>) -> tensor<128x8xf32> {
  %e0 = tensor.empty() : tensor<16x8x8xf32>
  %a = linalg.exp ins(%x : tensor<16x8x8xf32>) outs(%e0 : tensor<16x8x8xf32>)
      -> tensor<16x8x8xf32>
  %c = tensor.collapse_shape %a [[0, 1], [2]]
      : tensor<16x8x8xf32> into tensor<128x8xf32>
  %e1 = tensor.empty() : tensor<128x8xf32>
  %b = linalg.exp ins(%c : tensor<128x8xf32>) outs(%e1 : tensor<128x8xf32>)
      -> tensor<128x8xf32>
  %e2 = tensor.empty() : tensor<128x8xf32>
  %d = linalg.exp ins(%b : tensor<128x8xf32>) outs(%e2 : tensor<128x8xf32>)
      -> tensor<128x8xf32>
  return %d : tensor<128x8xf32>
}

// What the run updates and nobody else uses is updated in place.

// CHECK-LABEL: func @update(
// CHECK-SAME: %[[X:.*]]: tensor<16x64xf32>, %[[OLD:.*]]: tensor<16x64xf32>
// CHECK: scf.for %[[B:.*]] = %{{.*}} iter_args(%[[A:.*]] = %[[OLD]])
// CHECK: %[[NEW:.*]] = linalg.exp ins
// CHECK: %[[ROWS:.*]] = tensor.extract_slice %[[A]][%[[B]], 0]
// CHECK: %[[PUT:.*]] = tensor.insert_slice %{{.*}} into %[[ROWS]][0, 32]
// CHECK: tensor.insert_slice %[[PUT]] into %[[A]][%[[B]], 0]
func.func @update(%x: tensor<16x64xf32>, %old: tensor<16x64xf32>)
    -> tensor<16x64xf32> {
  %e0 = tensor.empty() : tensor<16x64xf32>
  %a = linalg.exp ins(%x : tensor<16x64xf32>) outs(%e0 : tensor<16x64xf32>)
      -> tensor<16x64xf32>
  %s = tensor.extract_slice %a[0, 0] [16, 32] [1, 1]
      : tensor<16x64xf32> to tensor<16x32xf32>
  %n = tensor.insert_slice %s into %old[0, 32] [16, 32] [1, 1]
      : tensor<16x32xf32> into tensor<16x64xf32>
  return %n : tensor<16x64xf32>
}

// A sum over all rows keeps the columns, and so does a product with a tensor of
// the run on the right.

// CHECK-LABEL: func @columns(
// CHECK-SAME: %[[X:.*]]: tensor<16x64xf32>, %[[W:.*]]: tensor<16x16xf32>
// CHECK: scf.for %[[B:.*]] = %{{.*}} iter_args(%[[A1:.*]] = %{{.*}}, %[[A2:.*]] = %{{.*}})
// CHECK: %[[XB:.*]] = tensor.extract_slice %[[X]][0, %[[B]]] [16, 8] [1, 1]
// CHECK: %[[E:.*]] = linalg.exp ins(%[[XB]] : tensor<16x8xf32>)
// CHECK: linalg.fill {{.*}} -> tensor<8xf32>
// CHECK: linalg.generic {{.*}}iterator_types = ["reduction", "parallel"]
// CHECK: tensor.insert_slice %{{.*}} into %[[A1]][%[[B]]] [8] [1]
// CHECK: %[[TO:.*]] = tensor.extract_slice %[[A2]][0, %[[B]]] [16, 8] [1, 1]
// CHECK: linalg.matmul ins(%[[W]], %[[E]] : {{.*}}) outs(%[[TO]] :
func.func @columns(%x: tensor<16x64xf32>, %w: tensor<16x16xf32>)
    -> (tensor<64xf32>, tensor<16x64xf32>) {
  %zero = arith.constant 0.0 : f32
  %e0 = tensor.empty() : tensor<16x64xf32>
  %a = linalg.exp ins(%x : tensor<16x64xf32>) outs(%e0 : tensor<16x64xf32>)
      -> tensor<16x64xf32>
  %e1 = tensor.empty() : tensor<64xf32>
  %f1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<64xf32>) -> tensor<64xf32>
  %sum = linalg.generic {indexing_maps = [#rows, #column],
      iterator_types = ["reduction", "parallel"]}
      ins(%a : tensor<16x64xf32>) outs(%f1 : tensor<64xf32>) {
  ^bb0(%in: f32, %out: f32):
    %r = arith.addf %in, %out : f32
    linalg.yield %r : f32
  } -> tensor<64xf32>
  %e2 = tensor.empty() : tensor<16x64xf32>
  %m = linalg.matmul ins(%w, %a : tensor<16x16xf32>, tensor<16x64xf32>)
      outs(%e2 : tensor<16x64xf32>) -> tensor<16x64xf32>
  return %sum, %m : tensor<64xf32>, tensor<16x64xf32>
}

// Sums along rows and along columns have no dimension in common, and a loop
// around one of them alone would gain nothing.

// CHECK-LABEL: func @sums(
// CHECK-NOT: scf.for
// CHECK: return
func.func @sums(%x: tensor<16x64xf32>, %f0: tensor<64xf32>, %f1: tensor<16xf32>)
    -> (tensor<64xf32>, tensor<16xf32>) {
  %s0 = linalg.reduce {arith.addf} ins(%x : tensor<16x64xf32>)
      outs(%f0 : tensor<64xf32>) dimensions = [0]
  %s1 = linalg.reduce {arith.addf} ins(%x : tensor<16x64xf32>)
      outs(%f1 : tensor<16xf32>) dimensions = [1]
  return %s0, %s1 : tensor<64xf32>, tensor<16xf32>
}
