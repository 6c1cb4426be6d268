// RUN: mempl-opt %s --learned-memory-placement="target=tiny solver=msa budget=200 capacity=1024 fallback=error" -o %t.mlir
// RUN: FileCheck %s --input-file=%t.mlir
// RUN: mempl-opt %t.mlir --mempl-lower-to-cpu -o /dev/null

// Tensors of the program that were one allocation are one again after
// placement, but for what has to be written in place: other tensors are read
// afterwards.
// CHECK-LABEL: func.func @written_in_place
// CHECK: mempl.alloc
// CHECK: } -> (tensor<64xf32>, tensor<64xf32>)
// CHECK: } -> (tensor<64xf32>, tensor<64xf32>)
// CHECK: %[[D:.*]] = bufferization.alloc_tensor() : tensor<64xf32>
// CHECK: bufferization.materialize_in_destination %{{.*}} in %[[D]]
#map = affine_map<(d0) -> (d0)>
func.func @written_in_place(%arg0: tensor<64xf32>, %arg1: tensor<64xf32>, %arg2: tensor<f32>, %arg3: i1) -> (tensor<64xf32>, tensor<64xf32>, tensor<64xf32>) {
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %c8 = arith.constant 8 : index
  %0 = scf.for %arg4 = %c0 to %c64 step %c8 iter_args(%arg5 = %arg1) -> (tensor<64xf32>) {
    %extracted_slice = tensor.extract_slice %arg0[%arg4] [8] [1] : tensor<64xf32> to tensor<8xf32>
    %inserted_slice = tensor.insert_slice %extracted_slice into %arg5[%arg4] [8] [1] : tensor<8xf32> into tensor<64xf32>
    scf.yield %inserted_slice : tensor<64xf32>
  }
  scf.if %arg3 {
    %9 = scf.for %arg4 = %c0 to %c2 step %c1 iter_args(%arg5 = %arg1) -> (tensor<64xf32>) {
      %10 = bufferization.alloc_tensor() : tensor<64xf32>
      %11 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel"]} ins(%arg5, %0 : tensor<64xf32>, tensor<64xf32>) outs(%10 : tensor<64xf32>) {
      ^bb0(%in: f32, %in_2: f32, %out: f32):
        linalg.yield %in : f32
      } -> tensor<64xf32>
      scf.yield %11 : tensor<64xf32>
    }
  }
  %1 = tensor.empty() : tensor<64xf32>
  %2 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel"]} ins(%0, %arg0 : tensor<64xf32>, tensor<64xf32>) outs(%1 : tensor<64xf32>) {
  ^bb0(%in: f32, %in_2: f32, %out: f32):
    linalg.yield %in : f32
  } -> tensor<64xf32>
  %3:2 = linalg.generic {indexing_maps = [#map, #map, #map, #map], iterator_types = ["parallel"]} ins(%0, %0 : tensor<64xf32>, tensor<64xf32>) outs(%1, %arg0 : tensor<64xf32>, tensor<64xf32>) {
  ^bb0(%in: f32, %in_2: f32, %out: f32, %out_3: f32):
    linalg.yield %in, %in : f32, f32
  } -> (tensor<64xf32>, tensor<64xf32>)
  %4:2 = linalg.generic {indexing_maps = [#map, #map, #map, #map], iterator_types = ["parallel"]} ins(%3#1, %3#1 : tensor<64xf32>, tensor<64xf32>) outs(%3#1, %2 : tensor<64xf32>, tensor<64xf32>) {
  ^bb0(%in: f32, %in_2: f32, %out: f32, %out_3: f32):
    linalg.yield %in, %in : f32, f32
  } -> (tensor<64xf32>, tensor<64xf32>)
  %5 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel"]} ins(%3#1, %4#0 : tensor<64xf32>, tensor<64xf32>) outs(%1 : tensor<64xf32>) {
  ^bb0(%in: f32, %in_2: f32, %out: f32):
    linalg.yield %in : f32
  } -> tensor<64xf32>
  %6 = bufferization.alloc_tensor() : tensor<64xf32>
  %7 = bufferization.materialize_in_destination %5 in %6 : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
  %8 = scf.for %arg4 = %c0 to %c2 step %c1 iter_args(%arg5 = %7) -> (tensor<64xf32>) {
    %9:2 = linalg.generic {indexing_maps = [#map, #map, #map, #map], iterator_types = ["parallel"]} ins(%arg0, %5 : tensor<64xf32>, tensor<64xf32>) outs(%5, %arg0 : tensor<64xf32>, tensor<64xf32>) {
    ^bb0(%in: f32, %in_2: f32, %out: f32, %out_3: f32):
      linalg.yield %in, %in : f32, f32
    } -> (tensor<64xf32>, tensor<64xf32>)
    scf.yield %9#1 : tensor<64xf32>
  }
  return %0, %8, %3#0 : tensor<64xf32>, tensor<64xf32>, tensor<64xf32>
}
