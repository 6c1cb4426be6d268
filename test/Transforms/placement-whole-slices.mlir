// RUN: mempl-opt %s --pass-pipeline="builtin.module(learned-memory-placement{target=edge-npu},canonicalize,func.func(mempl-check-placement))" | FileCheck %s
// RUN: mempl-opt %s --mempl-prepare | FileCheck %s --check-prefix=PREPARED

// A slice that is all of a tensor is that tensor. It would go when anything
// folds after placement, and leave a release of what is not in fast memory.
// CHECK-LABEL: func.func @whole(
// CHECK-NOT: mempl.release %arg
// CHECK: return
// PREPARED-LABEL: func.func @whole(
// PREPARED-NOT: _slice
// PREPARED: linalg.exp ins(%arg0
// PREPARED-NOT: _slice
// PREPARED: return
func.func @whole(%x: tensor<64x64xf32>) -> tensor<64x64xf32> {
  %z = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %e = tensor.empty() : tensor<64x64xf32>
  %g = linalg.fill ins(%z : f32) outs(%e : tensor<64x64xf32>) -> tensor<64x64xf32>
  %s = tensor.insert_slice %x into %g[0, %c0] [64, 64] [1, 1] : tensor<64x64xf32> into tensor<64x64xf32>
  %e1 = tensor.empty() : tensor<64x64xf32>
  %a = linalg.exp ins(%s : tensor<64x64xf32>) outs(%e1 : tensor<64x64xf32>) -> tensor<64x64xf32>
  %t = tensor.extract_slice %a[0, 0] [64, 64] [1, 1] : tensor<64x64xf32> to tensor<64x64xf32>
  %e2 = tensor.empty() : tensor<64x64xf32>
  %b = linalg.add ins(%t, %s : tensor<64x64xf32>, tensor<64x64xf32>) outs(%e2 : tensor<64x64xf32>) -> tensor<64x64xf32>
  return %b : tensor<64x64xf32>
}

// One that moves, drops or leaves out something stays.
// PREPARED-LABEL: func.func @parts(
// PREPARED: tensor.extract_slice %arg0[0, 0] [4, 8] [2, 1]
// PREPARED: tensor.extract_slice %arg1[0, 0] [1, 8] [1, 1]
func.func @parts(%x: tensor<8x8xf32>, %y: tensor<1x8xf32>) -> tensor<4x8xf32> {
  %s = tensor.extract_slice %x[0, 0] [4, 8] [2, 1] : tensor<8x8xf32> to tensor<4x8xf32>
  %r = tensor.extract_slice %y[0, 0] [1, 8] [1, 1] : tensor<1x8xf32> to tensor<8xf32>
  %e = tensor.empty() : tensor<4x8xf32>
  %b = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%s, %r : tensor<4x8xf32>, tensor<8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %sum = arith.addf %p, %q : f32
    linalg.yield %sum : f32
  } -> tensor<4x8xf32>
  return %b : tensor<4x8xf32>
}
