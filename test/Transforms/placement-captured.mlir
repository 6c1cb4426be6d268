// RUN: mempl-opt %s --learned-memory-placement="target=tiny solver=greedy" | FileCheck %s

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

// The insertions at the end of a parallel loop read what they insert.
// CHECK-LABEL: func.func @inserted_in_parallel
// CHECK: %[[T:.*]] = linalg.exp
// CHECK: scf.forall
// CHECK: tensor.extract_slice %[[T]]
// CHECK: mempl.release %[[T]]
func.func @inserted_in_parallel(%a: tensor<4x8xf32>, %b: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %e = tensor.empty() : tensor<4x8xf32>
  %t = linalg.exp ins(%a : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
  %x = scf.forall (%i) in (4) shared_outs(%o = %b) -> (tensor<4x8xf32>) {
    %s = tensor.extract_slice %t[%i, 0] [1, 8] [1, 1] : tensor<4x8xf32> to tensor<8xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %s into %o[%i, 0] [1, 8] [1, 1] : tensor<8xf32> into tensor<4x8xf32>
    }
  } {mapping = [#gpu.block<x>]}
  return %x : tensor<4x8xf32>
}

// A view that nothing reads is no use of a storage that a copy is writing.
// CHECK-LABEL: func.func @unused_view
func.func @unused_view(%a: tensor<4x8xf32>, %c: i1) -> tensor<4x8xf32> {
  %e = tensor.empty() : tensor<4x8xf32>
  %t = linalg.exp ins(%a : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
  scf.if %c {
    %v = tensor.collapse_shape %t [[0, 1]] : tensor<4x8xf32> into tensor<32xf32>
  }
  return %t : tensor<4x8xf32>
}

// What a conditional yields may come from a call.
// CHECK-LABEL: func.func @yields_a_call
func.func private @callee(tensor<8xf32>) -> tensor<8xf32>
func.func @yields_a_call(%a: tensor<8xf32>, %c: i1) -> tensor<8xf32> {
  %x = scf.if %c -> tensor<8xf32> {
    // CHECK: func.call @callee
    %y = func.call @callee(%a) : (tensor<8xf32>) -> tensor<8xf32>
    scf.yield %y : tensor<8xf32>
  } else {
    scf.yield %a : tensor<8xf32>
  }
  return %x : tensor<8xf32>
}
