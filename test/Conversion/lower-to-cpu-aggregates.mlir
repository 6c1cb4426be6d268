// REQUIRES: runner
// Ops without loops of their own: softmax, pack and unpack, the transforms of a
// Winograd convolution, ops of other dialects on tensors, complex numbers.
// RUN: mempl-opt --mempl-lower-to-cpu %s -o %t.mlir
// RUN: %run_main %t.mlir | FileCheck %s
// RUN: mempl-opt --inline --learned-memory-placement="target=tiny solver=greedy" %s -o %t.placed
// RUN: FileCheck %s --check-prefix=PLACED --input-file=%t.placed
// RUN: mempl-opt --mempl-lower-to-cpu %t.placed -o %t.mlir
// RUN: env MEMPL_RUNTIME_CHECK=1 %run_main %t.mlir | FileCheck %s

// PLACED-LABEL: func @main
// PLACED: mempl.alloc
// PLACED: linalg.softmax

// RUN: mempl-opt --mempl-prepare-lowering %s | FileCheck %s --check-prefix=WRITTEN
// WRITTEN-NOT: linalg.softmax
// WRITTEN-NOT: linalg.pack
// WRITTEN-NOT: linalg.unpack
// WRITTEN-NOT: arith.addf {{.*}} : tensor

#id = affine_map<(d0) -> (d0)>

func.func private @row(%t: tensor<2x4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %z = arith.constant 0.0 : f32
  %v = vector.transfer_read %t[%c1, %c0], %z {in_bounds = [true]} : tensor<2x4xf32>, vector<4xf32>
  vector.print %v : vector<4xf32>
  return
}

func.func @main() {
  %c0 = arith.constant 0 : index
  %z = arith.constant 0.0 : f32
  %x = arith.constant dense<[[0.0, 0.0, 0.0, 0.0], [5.0, 5.0, 5.0, 5.0]]> : tensor<2x4xf32>

  // CHECK: ( 0.25, 0.25, 0.25, 0.25 )
  %e = tensor.empty() : tensor<2x4xf32>
  %s = linalg.softmax dimension(1) ins(%x : tensor<2x4xf32>) outs(%e : tensor<2x4xf32>) -> tensor<2x4xf32>
  // Its input may know less of the shape than its output.
  %d = tensor.cast %x : tensor<2x4xf32> to tensor<?x4xf32>
  %sd = linalg.softmax dimension(1) ins(%d : tensor<?x4xf32>) outs(%e : tensor<2x4xf32>) -> tensor<2x4xf32>
  func.call @row(%s) : (tensor<2x4xf32>) -> ()
  // CHECK-NEXT: ( 0.25, 0.25, 0.25, 0.25 )
  func.call @row(%sd) : (tensor<2x4xf32>) -> ()

  // On tensors, without linalg.
  // CHECK: ( 10, 10, 10, 10 )
  %f = arith.addf %x, %x : tensor<2x4xf32>
  func.call @row(%f) : (tensor<2x4xf32>) -> ()

  // There and back, with padding.
  // CHECK: ( 10, 10, 10, 10 )
  %pe = tensor.empty() : tensor<1x2x3x3xf32>
  %p = linalg.pack %f padding_value(%z : f32) inner_dims_pos = [0, 1] inner_tiles = [3, 3]
      into %pe : tensor<2x4xf32> -> tensor<1x2x3x3xf32>
  %ue = tensor.empty() : tensor<2x4xf32>
  %u = linalg.unpack %p inner_dims_pos = [0, 1] inner_tiles = [3, 3]
      into %ue : tensor<1x2x3x3xf32> -> tensor<2x4xf32>
  func.call @row(%u) : (tensor<2x4xf32>) -> ()

  // The bits of 1.0.
  // CHECK: 1065353216
  %one = arith.constant dense<1.0> : tensor<2xf32>
  %bits = tensor.bitcast %one : tensor<2xf32> to tensor<2xi32>
  %bit = tensor.extract %bits[%c0] : tensor<2xi32>
  vector.print %bit : i32

  // Rows and elements at given places.
  // CHECK: ( 10, 10, 10, 10 )
  // CHECK: 10
  // CHECK: 0
  %places = arith.constant dense<[[0], [1]]> : tensor<2x1xi32>
  %rows = tensor.gather %f[%places] gather_dims([0]) : (tensor<2x4xf32>, tensor<2x1xi32>) -> tensor<2x4xf32>
  func.call @row(%rows) : (tensor<2x4xf32>) -> ()
  %points = arith.constant dense<[[1, 3], [0, 2]]> : tensor<2x2xindex>
  %points_of = tensor.gather %f[%points] gather_dims([0, 1]) : (tensor<2x4xf32>, tensor<2x2xindex>) -> tensor<2x1x1xf32>
  %c1 = arith.constant 1 : index
  %one_of = tensor.extract %points_of[%c0, %c0, %c0] : tensor<2x1x1xf32>
  vector.print %one_of : f32
  %other_of = tensor.extract %points_of[%c1, %c0, %c0] : tensor<2x1x1xf32>
  vector.print %other_of : f32

  // A softmax of buffers, in place.
  // CHECK: ( 0.25, 0.25, 0.25, 0.25 )
  %m = memref.alloc() : memref<2x4xf32>
  linalg.fill ins(%z : f32) outs(%m : memref<2x4xf32>)
  linalg.softmax dimension(1) ins(%m : memref<2x4xf32>) outs(%m : memref<2x4xf32>)
  %mv = vector.transfer_read %m[%c0, %c0], %z {in_bounds = [true]} : memref<2x4xf32>, vector<4xf32>
  vector.print %mv : vector<4xf32>

  // (3 + 4i) * (3 + 4i) = -7 + 24i, of size 25.
  // CHECK: -7
  // CHECK: 24
  // CHECK: 25
  %three = arith.constant 3.0 : f32
  %four = arith.constant 4.0 : f32
  %re = tensor.splat %three : tensor<8xf32>
  %im = tensor.splat %four : tensor<8xf32>
  %ce = tensor.empty() : tensor<8xcomplex<f32>>
  %cx = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]}
      ins(%re, %im : tensor<8xf32>, tensor<8xf32>) outs(%ce : tensor<8xcomplex<f32>>) {
  ^bb0(%a: f32, %b: f32, %o: complex<f32>):
    %c = complex.create %a, %b : complex<f32>
    %sq = complex.mul %c, %c : complex<f32>
    linalg.yield %sq : complex<f32>
  } -> tensor<8xcomplex<f32>>
  %number = tensor.extract %cx[%c0] : tensor<8xcomplex<f32>>
  %real = complex.re %number : complex<f32>
  vector.print %real : f32
  %imaginary = complex.im %number : complex<f32>
  vector.print %imaginary : f32
  %size = complex.abs %number : complex<f32>
  vector.print %size : f32
  return
}
