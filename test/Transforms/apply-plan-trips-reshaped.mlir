// RUN: mempl-opt %s --mempl-apply-plan=target=tiny | FileCheck %s

// The loop fills another shape of the result: parts of it can be told apart, so
// that two of them may be under way.
// CHECK-LABEL: func.func @reshaped(
// CHECK: tensor.expand_shape
// CHECK: scf.for
// CHECK: mempl.alloc <fast> at 0 or 64 if
// CHECK: mempl.copy_start_carried evict
// CHECK-NEXT: mempl.copy_wait_carried
// CHECK: tensor.insert_slice
func.func @reshaped(%arg0: tensor<4x16xf32>) -> tensor<8x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %0 = bufferization.alloc_tensor() : tensor<8x8xf32>
  %expanded = tensor.expand_shape %0 [[0, 1], [2]] output_shape [4, 2, 8] : tensor<8x8xf32> into tensor<4x2x8xf32>
  %collapsed = tensor.collapse_shape %expanded [[0], [1, 2]] : tensor<4x2x8xf32> into tensor<4x16xf32>
  %1 = scf.for %arg1 = %c0 to %c4 step %c1 iter_args(%arg2 = %collapsed) -> (tensor<4x16xf32>) {
    %s = tensor.extract_slice %arg0[%arg1, 0] [1, 16] [1, 1] : tensor<4x16xf32> to tensor<1x16xf32>
    %so = tensor.extract_slice %arg2[%arg1, 0] [1, 16] [1, 1] : tensor<4x16xf32> to tensor<1x16xf32>
    %3 = linalg.exp ins(%s : tensor<1x16xf32>) outs(%so : tensor<1x16xf32>) -> tensor<1x16xf32>
    %x1 = tensor.insert_slice %3 into %arg2[%arg1, 0] [1, 16] [1, 1] : tensor<1x16xf32> into tensor<4x16xf32>
    scf.yield %x1 : tensor<4x16xf32>
  }
  %2 = tensor.expand_shape %1 [[0], [1, 2]] output_shape [4, 2, 8] : tensor<4x16xf32> into tensor<4x2x8xf32>
  %collapsed_0 = tensor.collapse_shape %2 [[0, 1], [2]] : tensor<4x2x8xf32> into tensor<8x8xf32>
  return %collapsed_0 : tensor<8x8xf32>
}
mempl.instance @reshaped_instance name "reshaped" function @reshaped
    fast(capacity = 1024, alignment = 16, bandwidth = 1.0e+09, max_carried = 0)
    slow(bandwidth = 1.0e+08)
    copy(bandwidth = 1.0e+08, latency = 1.0e-07, max_in = 0, max_out = 0)
    step(overhead = 0.0)
    order = free {
  mempl.value @arg0 input size 256 space slow
  mempl.value @v1 output size 256 space slow
  mempl.loop "scf.for" compute 0.0 trips 4 (write @v1 0 slow, read @arg0 0 slow) order = free {
    mempl.value @v0 input size 64 streamed
    mempl.value @v1 output size 64 streamed
    mempl.step "linalg.exp" compute 1.28e-07 (read @v0 64, write @v1 64)
  }
}
mempl.plan @reshaped_plan for @reshaped_instance {
  mempl.loop_plan 0 capacity 128 {
    mempl.residency @v1 at 0 odd 64 write 0 last 0 done 2
  }
}
