// REQUIRES: runner
// A slice that covers its destination folds to its source, and a release of it
// would be one of the source.
// RUN: mempl-opt --mempl-lower-to-cpu %s -o %t.mlir
// RUN: env MEMPL_RUNTIME_CHECK=1 %run_main %t.mlir | FileCheck %s

func.func private @copied(%x: tensor<4xf32>) -> f32 {
  %0 = mempl.alloc <vmem> at 0 bytes 16 : tensor<4xf32>
  %1 = tensor.insert_slice %x into %0[0] [4] [1] : tensor<4xf32> into tensor<4xf32>
  %2 = affine.for %i = 0 to 4 iter_args(%sum = %1) -> tensor<4xf32> {
    %j = affine.apply affine_map<(d0) -> (3 - d0)>(%i)
    %v = tensor.extract %sum[%j] : tensor<4xf32>
    %w = arith.addf %v, %v : f32
    %n = tensor.insert %w into %sum[%j] : tensor<4xf32>
    affine.yield %n : tensor<4xf32>
  }
  %c0 = arith.constant 0 : index
  %r = tensor.extract %2[%c0] : tensor<4xf32>
  mempl.release %2 : tensor<4xf32>
  return %r : f32
}

// CHECK: 6
func.func @main() {
  %three = arith.constant 3.0 : f32
  %e = tensor.empty() : tensor<4xf32>
  %x = linalg.fill ins(%three : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %r = call @copied(%x) : (tensor<4xf32>) -> f32
  vector.print %r : f32
  return
}
