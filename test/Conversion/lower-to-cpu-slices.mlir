// REQUIRES: runner
// Slices that drop one of several dimensions of one element, with steps.
// RUN: mempl-opt --mempl-lower-to-cpu %s -o %t.mlir
// RUN: env MEMPL_RUNTIME_CHECK=1 %count_buffers %t.mlir | FileCheck %s

func.func private @show(%t: tensor<4xf32>) {
  %c0 = arith.constant 0 : index
  %z = arith.constant 0.0 : f32
  %v = vector.transfer_read %t[%c0], %z : tensor<4xf32>, vector<4xf32>
  vector.print %v : vector<4xf32>
  return
}

// The middle or the last dimension could be the one that is dropped.
func.func private @every_other(%a: tensor<4x1x2xf32>, %n: index) -> tensor<4xf32> {
  %s = tensor.extract_slice %a[0, 0, 1] [%n, 1, 1] [2, 1, 1] : tensor<4x1x2xf32> to tensor<?x1xf32>
  %d = linalg.add ins(%s, %s : tensor<?x1xf32>, tensor<?x1xf32>) outs(%s : tensor<?x1xf32>) -> tensor<?x1xf32>
  %i = tensor.insert_slice %d into %a[0, 0, 1] [%n, 1, 1] [2, 1, 1] : tensor<?x1xf32> into tensor<4x1x2xf32>
  %c = tensor.extract_slice %i[0, 0, 1] [4, 1, 1] [1, 1, 1] : tensor<4x1x2xf32> to tensor<4xf32>
  return %c : tensor<4xf32>
}

func.func private @in_parallel(%a: tensor<4x1x2xf32>, %x: tensor<1xf32>) -> tensor<4xf32> {
  %r = scf.forall (%i) in (4) shared_outs(%o = %a) -> (tensor<4x1x2xf32>) {
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %x into %o[%i, 0, 1] [1, 1, 1] [2, 1, 1] : tensor<1xf32> into tensor<4x1x2xf32>
    }
  }
  %c = tensor.extract_slice %r[0, 0, 1] [4, 1, 1] [1, 1, 1] : tensor<4x1x2xf32> to tensor<4xf32>
  return %c : tensor<4xf32>
}

func.func private @of_buffers(%a: tensor<4x1x2xf32>) -> tensor<4xf32> {
  %b = bufferization.to_buffer %a read_only : tensor<4x1x2xf32> to memref<4x1x2xf32>
  %s = memref.subview %b[1, 0, 1] [2, 1, 1] [2, 1, 1] : memref<4x1x2xf32> to memref<2x1xf32, strided<[4, 2], offset: 3>>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %x = memref.load %s[%c0, %c0] : memref<2x1xf32, strided<[4, 2], offset: 3>>
  %y = memref.load %s[%c1, %c0] : memref<2x1xf32, strided<[4, 2], offset: 3>>
  %r = tensor.from_elements %x, %y, %x, %y : tensor<4xf32>
  return %r : tensor<4xf32>
}

// CHECK: ( 4, 4, 12, 8 )
// CHECK-NEXT: ( 3, 3, 3, 3 )
// CHECK-NEXT: ( 4, 8, 4, 8 )
// CHECK: buffers: {{.*}} not freed: 0
func.func @main() {
  %a = arith.constant dense<[[[1.0, 2.0]], [[3.0, 4.0]], [[5.0, 6.0]], [[7.0, 8.0]]]> : tensor<4x1x2xf32>
  %x = arith.constant dense<3.0> : tensor<1xf32>
  %c2 = arith.constant 2 : index
  %0 = call @every_other(%a, %c2) : (tensor<4x1x2xf32>, index) -> tensor<4xf32>
  call @show(%0) : (tensor<4xf32>) -> ()
  %1 = call @in_parallel(%a, %x) : (tensor<4x1x2xf32>, tensor<1xf32>) -> tensor<4xf32>
  call @show(%1) : (tensor<4xf32>) -> ()
  %2 = call @of_buffers(%a) : (tensor<4x1x2xf32>) -> tensor<4xf32>
  call @show(%2) : (tensor<4xf32>) -> ()
  return
}
