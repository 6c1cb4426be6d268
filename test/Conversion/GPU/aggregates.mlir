// Ops without loops of their own, and complex numbers, as kernels.
// RUN: mempl-opt %s --mempl-prepare-lowering --learned-memory-placement="target=h100-host solver=greedy" -o %t.mlir
// RUN: mempl-opt %t.mlir --mempl-lower-to-gpu | FileCheck %s

// CHECK-DAG: gpu.binary @{{.*}}assembly = "
// CHECK-DAG: max.f32
// CHECK-NOT: linalg.
// CHECK-NOT: complex.

#id = affine_map<(d0) -> (d0)>

func.func @softmax(%x: tensor<64x64xf32>, %w: tensor<64x64xf32>) -> tensor<64x64xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<64x64xf32>
  %s = linalg.softmax dimension(1) ins(%x : tensor<64x64xf32>) outs(%e : tensor<64x64xf32>) -> tensor<64x64xf32>
  %f = tensor.empty() : tensor<64x64xf32>
  %g = linalg.fill ins(%zero : f32) outs(%f : tensor<64x64xf32>) -> tensor<64x64xf32>
  %r = linalg.matmul ins(%s, %w : tensor<64x64xf32>, tensor<64x64xf32>) outs(%g : tensor<64x64xf32>) -> tensor<64x64xf32>
  return %r : tensor<64x64xf32>
}

func.func @rotate(%a: tensor<64xf32>, %b: tensor<64xf32>) -> tensor<64xf32> {
  %e = tensor.empty() : tensor<64xcomplex<f32>>
  %c = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]}
      ins(%a, %b : tensor<64xf32>, tensor<64xf32>) outs(%e : tensor<64xcomplex<f32>>) {
  ^bb0(%x: f32, %y: f32, %o: complex<f32>):
    %z = complex.create %x, %y : complex<f32>
    %w = complex.mul %z, %z : complex<f32>
    linalg.yield %w : complex<f32>
  } -> tensor<64xcomplex<f32>>
  %f = tensor.empty() : tensor<64xf32>
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%c : tensor<64xcomplex<f32>>) outs(%f : tensor<64xf32>) {
  ^bb0(%z: complex<f32>, %o: f32):
    %re = complex.re %z : complex<f32>
    linalg.yield %re : f32
  } -> tensor<64xf32>
  return %r : tensor<64xf32>
}
