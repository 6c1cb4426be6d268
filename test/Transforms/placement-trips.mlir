// RUN: mempl-opt %s --learned-memory-placement="target=tiny capacity=7KiB solver=greedy fallback=error" | FileCheck %s
// RUN: mempl-opt %s --learned-memory-placement="target=tiny capacity=7KiB solver=greedy fallback=error" --one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" --canonicalize --cse --canonicalize | FileCheck %s --check-prefix=BUFFERS --implicit-check-not="memref.{{alloc|copy}}"

// Both of two loops have copies across trips: while the outer one brings its next
// slice, each trip of it runs all trips of the inner one.
// CHECK-LABEL: func.func @nest(
// CHECK: mempl.copy_start_carried prefetch
// CHECK: scf.for {{.*}} !mempl.token
// CHECK: scf.if
// CHECK: mempl.copy_start_carried prefetch
// CHECK: %[[S:.*]] = mempl.copy_wait_carried %{{.*}} to
// CHECK: mempl.copy_start_carried prefetch
// CHECK: scf.for {{.*}} !mempl.token
// CHECK: scf.if
// CHECK: mempl.copy_start_carried prefetch
// CHECK: %[[T:.*]] = mempl.copy_wait_carried %{{.*}} to
// CHECK: linalg.add ins(%[[T]], %[[S]]
// CHECK: mempl.release %[[T]]
// CHECK: scf.yield {{.*}} !mempl.token
// CHECK: mempl.release %[[S]]
// CHECK: mempl.copy_start_carried evict
// CHECK: tensor.insert_slice
// CHECK: scf.yield {{.*}} !mempl.token

// BUFFERS-LABEL: func.func @nest(
func.func @nest(%w: tensor<64x32xf32>, %v: tensor<64x32xf32>, %o: tensor<64x32xf32>) -> tensor<64x32xf32> {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  %c64 = arith.constant 64 : index
  %r = scf.for %i = %c0 to %c64 step %c8 iter_args(%x = %o) -> tensor<64x32xf32> {
    %s = tensor.extract_slice %w[%i, 0] [8, 32] [1, 1] : tensor<64x32xf32> to tensor<8x32xf32>
    %so = tensor.extract_slice %x[%i, 0] [8, 32] [1, 1] : tensor<64x32xf32> to tensor<8x32xf32>
    %e = linalg.exp ins(%s : tensor<8x32xf32>) outs(%so : tensor<8x32xf32>) -> tensor<8x32xf32>
    %q = scf.for %j = %c0 to %c64 step %c8 iter_args(%y = %e) -> tensor<8x32xf32> {
      %t = tensor.extract_slice %v[%j, 0] [8, 32] [1, 1] : tensor<64x32xf32> to tensor<8x32xf32>
      %a = linalg.add ins(%t, %s : tensor<8x32xf32>, tensor<8x32xf32>) outs(%y : tensor<8x32xf32>) -> tensor<8x32xf32>
      %b = linalg.mul ins(%a, %s : tensor<8x32xf32>, tensor<8x32xf32>) outs(%a : tensor<8x32xf32>) -> tensor<8x32xf32>
      %b2 = linalg.exp ins(%b : tensor<8x32xf32>) outs(%b : tensor<8x32xf32>) -> tensor<8x32xf32>
      scf.yield %b2 : tensor<8x32xf32>
    }
    %x1 = tensor.insert_slice %q into %x[%i, 0] [8, 32] [1, 1] : tensor<8x32xf32> into tensor<64x32xf32>
    scf.yield %x1 : tensor<64x32xf32>
  }
  return %r : tensor<64x32xf32>
}

// The numbers of trips may be narrow, and without a sign.
// CHECK-LABEL: func.func @narrow(
// CHECK: arith.cmpi ult, %{{.*}}, %arg0 : i32
// CHECK: scf.for unsigned %[[I:[a-z0-9]+]] =
// CHECK: arith.divui %[[I]], %{{.*}} : i32
// CHECK: %[[NEXT:.*]] = arith.addi %[[I]], %{{.*}} : i32
// CHECK: arith.cmpi ult, %[[NEXT]], %arg0 : i32
// CHECK: scf.if
// CHECK: %[[AT:.*]] = arith.index_cast %[[NEXT]]
// CHECK: tensor.extract_slice %{{.*}}[%[[AT]], 0]
// CHECK: mempl.copy_start_carried prefetch

// BUFFERS-LABEL: func.func @narrow(
func.func @narrow(%n: i32, %w: tensor<128x16xf32>, %o: tensor<64x16xf32>) -> tensor<64x16xf32> {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 2 : i32
  %r = scf.for unsigned %k = %c0 to %n step %c1 iter_args(%x = %o) -> tensor<64x16xf32> : i32 {
    %i = arith.index_cast %k : i32 to index
    %s = tensor.extract_slice %w[%i, 0] [2, 16] [1, 1] : tensor<128x16xf32> to tensor<2x16xf32>
    %so = tensor.extract_slice %x[%i, 0] [2, 16] [1, 1] : tensor<64x16xf32> to tensor<2x16xf32>
    %e = linalg.exp ins(%s : tensor<2x16xf32>) outs(%so : tensor<2x16xf32>) -> tensor<2x16xf32>
    %f = linalg.exp ins(%e : tensor<2x16xf32>) outs(%e : tensor<2x16xf32>) -> tensor<2x16xf32>
    %g = linalg.add ins(%f, %s : tensor<2x16xf32>, tensor<2x16xf32>) outs(%f : tensor<2x16xf32>) -> tensor<2x16xf32>
    %x1 = tensor.insert_slice %g into %x[%i, 0] [2, 16] [1, 1] : tensor<2x16xf32> into tensor<64x16xf32>
    scf.yield %x1 : tensor<64x16xf32>
  } {mempl.trips = 20}
  return %r : tensor<64x16xf32>
}

// Its first bound is the largest that the type has: whatever the last one is,
// there is no trip, and the check must not take one for granted.
// CHECK-LABEL: func.func @narrow_wrapping
// CHECK: mempl.copy_start_carried prefetch
func.func @narrow_wrapping(%arg0: i32, %arg1: tensor<128x16xf32>, %arg2: tensor<64x16xf32>) -> tensor<64x16xf32> {
  %c-1_i32 = arith.constant -1 : i32
  %c2_i32 = arith.constant 2 : i32
  %0 = scf.for unsigned %arg3 = %c-1_i32 to %arg0 step %c2_i32 iter_args(%arg4 = %arg2) -> (tensor<64x16xf32>)  : i32 {
    %1 = arith.index_cast %arg3 : i32 to index
    %extracted_slice = tensor.extract_slice %arg1[%1, 0] [2, 16] [1, 1] : tensor<128x16xf32> to tensor<2x16xf32>
    %extracted_slice_0 = tensor.extract_slice %arg4[%1, 0] [2, 16] [1, 1] : tensor<64x16xf32> to tensor<2x16xf32>
    %2 = linalg.exp ins(%extracted_slice : tensor<2x16xf32>) outs(%extracted_slice_0 : tensor<2x16xf32>) -> tensor<2x16xf32>
    %3 = linalg.exp ins(%2 : tensor<2x16xf32>) outs(%2 : tensor<2x16xf32>) -> tensor<2x16xf32>
    %4 = linalg.add ins(%3, %extracted_slice : tensor<2x16xf32>, tensor<2x16xf32>) outs(%3 : tensor<2x16xf32>) -> tensor<2x16xf32>
    %inserted_slice = tensor.insert_slice %4 into %arg4[%1, 0] [2, 16] [1, 1] : tensor<2x16xf32> into tensor<64x16xf32>
    scf.yield %inserted_slice : tensor<64x16xf32>
  } {mempl.trips = 20 : i64}
  return %0 : tensor<64x16xf32>
}
