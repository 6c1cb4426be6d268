// RUN: mempl-opt %s --mempl-prepare --mempl-test-print-program -o /dev/null | FileCheck %s

// A matmul as upstream's tile_using_for leaves it, and as tile_using_forall does
// with a loop over the reduction inside: tiles of the operands come in trip by
// trip, and that of the result is carried through the reduction.
// CHECK-LABEL: function tiled_for
// CHECK-COUNT-3: value arg{{.}}: 4096 bytes, {{.*}} slow
// CHECK: step 0 scf.for: updates 0 of arg2 slow, reads 0 of arg0 slow, reads 0 of arg1 slow, 4 trips
// CHECK-NEXT:   step 0 scf.for: 4 trips
// CHECK-NEXT:     value v0: 256 bytes, inout streamed
// CHECK-NEXT:     step 0 scf.for: updates 2048 of v0, 4 trips
// CHECK-NEXT:       value v0: 256 bytes, input streamed
// CHECK-NEXT:       value v1: 256 bytes, input streamed
// CHECK-NEXT:       step 0 linalg.matmul: reads 256 of v0, reads 256 of v1
func.func @tiled_for(%arg0: tensor<32x32xf32>, %arg1: tensor<32x32xf32>, %arg2: tensor<32x32xf32>) -> tensor<32x32xf32> {
  %c0 = arith.constant 0 : index
  %c32 = arith.constant 32 : index
  %c8 = arith.constant 8 : index
  %0 = scf.for %arg3 = %c0 to %c32 step %c8 iter_args(%arg4 = %arg2) -> (tensor<32x32xf32>) {
    %1 = scf.for %arg5 = %c0 to %c32 step %c8 iter_args(%arg6 = %arg4) -> (tensor<32x32xf32>) {
      %2 = scf.for %arg7 = %c0 to %c32 step %c8 iter_args(%arg8 = %arg6) -> (tensor<32x32xf32>) {
        %a = tensor.extract_slice %arg0[%arg3, %arg7] [8, 8] [1, 1] : tensor<32x32xf32> to tensor<8x8xf32>
        %b = tensor.extract_slice %arg1[%arg7, %arg5] [8, 8] [1, 1] : tensor<32x32xf32> to tensor<8x8xf32>
        %c = tensor.extract_slice %arg8[%arg3, %arg5] [8, 8] [1, 1] : tensor<32x32xf32> to tensor<8x8xf32>
        %3 = linalg.matmul ins(%a, %b : tensor<8x8xf32>, tensor<8x8xf32>) outs(%c : tensor<8x8xf32>) -> tensor<8x8xf32>
        %4 = tensor.insert_slice %3 into %arg8[%arg3, %arg5] [8, 8] [1, 1] : tensor<8x8xf32> into tensor<32x32xf32>
        scf.yield %4 : tensor<32x32xf32>
      }
      scf.yield %2 : tensor<32x32xf32>
    }
    scf.yield %1 : tensor<32x32xf32>
  }
  return %0 : tensor<32x32xf32>
}

// CHECK-LABEL: function tiled_forall
// CHECK-COUNT-3: value arg{{.}}: 4096 bytes, {{.*}} slow
// CHECK: step 0 scf.for: updates 0 of arg2 slow, reads 0 of arg0 slow, reads 0 of arg1 slow, 4 trips
// CHECK-NEXT:   step 0 scf.for: 4 trips
// CHECK-NEXT:     value v0: 256 bytes, inout streamed
// CHECK-NEXT:     step 0 scf.for: updates 2048 of v0, 4 trips
// CHECK-NEXT:       value v0: 256 bytes, input streamed
// CHECK-NEXT:       value v1: 256 bytes, input streamed
// CHECK-NEXT:       step 0 linalg.matmul: reads 256 of v0, reads 256 of v1
func.func @tiled_forall(%arg0: tensor<32x32xf32>, %arg1: tensor<32x32xf32>, %arg2: tensor<32x32xf32>) -> tensor<32x32xf32> {
  %0 = scf.forall (%arg3, %arg4) in (4, 4) shared_outs(%arg5 = %arg2) -> (tensor<32x32xf32>) {
    %1 = affine.apply affine_map<(d0) -> (d0 * 8)>(%arg3)
    %2 = affine.apply affine_map<(d0) -> (d0 * 8)>(%arg4)
    %a = tensor.extract_slice %arg0[%1, 0] [8, 32] [1, 1] : tensor<32x32xf32> to tensor<8x32xf32>
    %b = tensor.extract_slice %arg1[0, %2] [32, 8] [1, 1] : tensor<32x32xf32> to tensor<32x8xf32>
    %c = tensor.extract_slice %arg5[%1, %2] [8, 8] [1, 1] : tensor<32x32xf32> to tensor<8x8xf32>
    %c0 = arith.constant 0 : index
    %c32 = arith.constant 32 : index
    %c8 = arith.constant 8 : index
    %3 = scf.for %arg6 = %c0 to %c32 step %c8 iter_args(%arg7 = %c) -> (tensor<8x8xf32>) {
      %p = tensor.extract_slice %a[0, %arg6] [8, 8] [1, 1] : tensor<8x32xf32> to tensor<8x8xf32>
      %q = tensor.extract_slice %b[%arg6, 0] [8, 8] [1, 1] : tensor<32x8xf32> to tensor<8x8xf32>
      %t = tensor.extract_slice %arg7[0, 0] [8, 8] [1, 1] : tensor<8x8xf32> to tensor<8x8xf32>
      %4 = linalg.matmul ins(%p, %q : tensor<8x8xf32>, tensor<8x8xf32>) outs(%t : tensor<8x8xf32>) -> tensor<8x8xf32>
      %5 = tensor.insert_slice %4 into %arg7[0, 0] [8, 8] [1, 1] : tensor<8x8xf32> into tensor<8x8xf32>
      scf.yield %5 : tensor<8x8xf32>
    }
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %3 into %arg5[%1, %2] [8, 8] [1, 1] : tensor<8x8xf32> into tensor<32x32xf32>
    }
  }
  return %0 : tensor<32x32xf32>
}
