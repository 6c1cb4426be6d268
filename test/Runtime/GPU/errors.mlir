// REQUIRES: runner
// RUN: mempl-opt %s --mempl-lower-to-gpu="functions=f" -o %t.mlir

// Without a driver, or with one that will not do, the exit code is 69.
// RUN: %python %S/Inputs/exit_code.py 69 env MEMPL_CUDA_DRIVER=nowhere.so %run_gpu %t.mlir 2>&1 | FileCheck %s --check-prefix=DRIVER
// DRIVER: mempl: error: no CUDA driver: nowhere.so: cannot open shared object file
// RUN: %python %S/Inputs/exit_code.py 69 env FAKE_CUDA_DEVICES=0 %run_on_fake_gpu %t.mlir 2>&1 | FileCheck %s --check-prefix=DEVICE
// DEVICE: mempl: error: the CUDA driver finds no device
// RUN: %python %S/Inputs/exit_code.py 69 env FAKE_CUDA_FAIL=attributes:1 %run_on_fake_gpu %t.mlir 2>&1 | FileCheck %s --check-prefix=ATTRIBUTES
// ATTRIBUTES: mempl: error: CUDA device 0 cannot read pinned host memory

// Where the driver refuses a call it is 70.
// RUN: %python %S/Inputs/exit_code.py 70 env FAKE_CUDA_MEMORY=1000 %run_on_fake_gpu %t.mlir 2>&1 | FileCheck %s --check-prefix=MEMORY
// MEMORY: mempl: error: no 4096 bytes of device memory are left; place with a smaller capacity
// RUN: %python %S/Inputs/exit_code.py 70 env FAKE_CUDA_FAIL=cuModuleLoadDataEx:218 %run_on_fake_gpu %t.mlir 2>&1 | FileCheck %s --check-prefix=PTX
// PTX: mempl: error: the driver cannot compile the kernels: a fake error in PTX
// RUN: %python %S/Inputs/exit_code.py 70 env FAKE_CUDA_FAIL=cuLaunchKernel:700 %run_on_fake_gpu %t.mlir 2>&1 | FileCheck %s --check-prefix=LAUNCH
// LAUNCH: mempl: error: f_kernel: a fake error (CUDA_ERROR_FAKE)
// RUN: %python %S/Inputs/exit_code.py 70 env FAKE_CUDA_FAIL=cuMemcpyAsync:700 %run_on_fake_gpu %t.mlir 2>&1 | FileCheck %s --check-prefix=COPY
// COPY: mempl: error: cuMemcpyAsync: a fake error (CUDA_ERROR_FAKE)
// RUN: %python %S/Inputs/exit_code.py 70 env FAKE_CUDA_FAIL=cuStreamSynchronize:700 %run_on_fake_gpu %t.mlir 2>&1 | FileCheck %s --check-prefix=WAIT
// WAIT: mempl: error: cuStreamSynchronize: a fake error (CUDA_ERROR_FAKE)

// And otherwise 0.
// RUN: %python %S/Inputs/exit_code.py 0 %run_on_fake_gpu %t.mlir
func.func @f(%w: tensor<16xf32>) -> tensor<16xf32> {
  %a = mempl.alloc <hbm> at 4032 bytes 64 : tensor<16xf32>
  %c = mempl.transfer %w to %a : tensor<16xf32>
  %e = bufferization.alloc_tensor() : tensor<16xf32>
  %r = linalg.exp ins(%c : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  mempl.release %c : tensor<16xf32>
  return %r : tensor<16xf32>
}
func.func @main() {
  %w = arith.constant dense<1.0> : tensor<16xf32>
  %r = call @f(%w) : (tensor<16xf32>) -> tensor<16xf32>
  return
}
