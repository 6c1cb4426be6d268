// RUN: mempl-opt %s --mempl-lower-to-gpu | FileCheck %s
// RUN: mempl-opt %s --mempl-lower-to-gpu=format=llvm | FileCheck %s --check-prefix=LLVM

// CHECK-LABEL: llvm.func @double(
// CHECK: %[[S:.*]] = llvm.call @mgpuStreamCreate()
// CHECK: llvm.call @mgpuMemAlloc({{.*}}, %[[S]],
// CHECK: %[[C:.*]] = llvm.call @mgpuStreamCreate()
// CHECK: llvm.call @mgpuStreamWaitEvent(%[[C]],
// CHECK: llvm.call @mgpuMemcpy({{.*}}, %[[C]])
// CHECK: gpu.launch_func
// CHECK: llvm.call @mgpuStreamSynchronize
// CHECK: gpu.binary @double_kernel
// CHECK-NOT: TimeInMs
// CHECK-SAME: assembly = "
// CHECK-SAME: .target sm_90
// CHECK-SAME: .visible .entry double_kernel(
// LLVM: gpu.module @double_kernel
// LLVM: llvm.func @double_kernel
func.func @double(%w: tensor<16xf32>) -> tensor<16xf32> {
  %a = mempl.alloc <hbm> at 0 bytes 64 : tensor<16xf32>
  %f = mempl.copy_start prefetch %w to %a : tensor<16xf32>
  %c = mempl.copy_wait %f : tensor<16xf32>
  %e = bufferization.alloc_tensor() : tensor<16xf32>
  %r = linalg.add ins(%c, %c : tensor<16xf32>, tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  mempl.release %c : tensor<16xf32>
  return %r : tensor<16xf32>
}
