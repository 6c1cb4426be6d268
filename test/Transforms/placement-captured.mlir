// RUN: mempl-opt %s --learned-memory-placement="target=tiny policy=greedy" | FileCheck %s

// A tensor that a payload reads is a use: its storage is not released before,
// and the payload reads it in fast memory.
// CHECK-LABEL: func.func @gather_from_a_temporary
// CHECK: mempl.alloc <fast> at {{[0-9]+}} bytes 64
// CHECK: %[[T:.*]] = linalg.exp
// CHECK-NOT: mempl.release %[[T]]
// CHECK: linalg.generic
// CHECK: tensor.extract %[[T]]
// CHECK: mempl.release %[[T]]
func.func @gather_from_a_temporary(%a: tensor<16xf32>, %i: tensor<64xi32>) -> tensor<64xf32> {
  %e = tensor.empty() : tensor<16xf32>
  %t = linalg.exp ins(%a : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  %f = tensor.empty() : tensor<64xf32>
  %x = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%i : tensor<64xi32>) outs(%f : tensor<64xf32>) {
  ^bb0(%in: i32, %out: f32):
    %n = arith.index_cast %in : i32 to index
    %v = tensor.extract %t[%n] : tensor<16xf32>
    linalg.yield %v : f32
  } -> tensor<64xf32>
  return %x : tensor<64xf32>
}
