// REQUIRES: runner
// RUN: mempl-opt %s --mempl-lower-to-gpu="functions=twice" -o %t.mlir
// RUN: env FAKE_CUDA_LOG=%t.log %run_on_fake_gpu %t.mlir
// RUN: env MEMPL_GPU_TRACE=%t.json %run_on_fake_gpu %t.mlir
// RUN: FileCheck %s --input-file=%t.log
// RUN: FileCheck %s --input-file=%t.json --check-prefix=TRACE
// RUN: %python -m json.tool %t.json

// The prefetch is in a stream of its own, before the work that it runs beside,
// and the step that needs it waits for it on the device. The second call uses
// the memory and the streams of the first one again.
// CHECK: load ptx
// CHECK: alloc device 512
// CHECK: copy s[[COPY:[0-9]+]] 64
// CHECK-NEXT: record s[[COPY]] e[[DONE:[0-9]+]]
// CHECK-NEXT: launch s[[WORK:[0-9]+]] twice_kernel 1 128
// CHECK-NOT: synchronize
// CHECK: wait s[[JOIN:[0-9]+]] e[[DONE]]
// CHECK-NOT: synchronize
// CHECK: launch s[[JOIN]] twice_kernel_0 1 128
// CHECK: synchronize s[[WORK]]
// CHECK-NOT: alloc device
// CHECK: copy
// CHECK: launch {{.*}} twice_kernel_0 1 128
// TRACE: "cat": "copy"{{.*}}"bytes": 64
// TRACE: "cat": "kernel", "name": "twice_kernel",
func.func @twice(%w: tensor<16xf32>) -> tensor<16xf32> {
  %zero = arith.constant 0.0 : f32
  %a = mempl.alloc <hbm> at 0 bytes 64 : tensor<16xf32>
  %f = mempl.copy_start prefetch %w to %a : tensor<16xf32>
  %b = mempl.alloc <hbm> at 256 bytes 64 : tensor<16xf32>
  %z = linalg.fill ins(%zero : f32) outs(%b : tensor<16xf32>) -> tensor<16xf32>
  %c = mempl.copy_wait %f : tensor<16xf32>
  %e = bufferization.alloc_tensor() : tensor<16xf32>
  %r = linalg.add ins(%c, %z : tensor<16xf32>, tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  mempl.release %c : tensor<16xf32>
  mempl.release %z : tensor<16xf32>
  return %r : tensor<16xf32>
}
func.func @main() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %w = arith.constant dense<1.0> : tensor<16xf32>
  scf.for %i = %c0 to %c2 step %c1 {
    %r = func.call @twice(%w) : (tensor<16xf32>) -> tensor<16xf32>
    %v = tensor.extract %r[%c0] : tensor<16xf32>
    vector.print %v : f32
  }
  return
}
