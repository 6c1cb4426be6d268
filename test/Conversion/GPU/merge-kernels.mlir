// RUN: mempl-opt %s --mempl-merge-kernels | FileCheck %s

// CHECK-LABEL: module attributes {gpu.container_module}
module attributes {gpu.container_module} {
  // CHECK: gpu.launch_func @a::@k blocks
  // CHECK: gpu.launch_func @a::@[[SECOND:k_.*]] blocks
  func.func @f() {
    %c1 = arith.constant 1 : index
    gpu.launch_func @a::@k blocks in (%c1, %c1, %c1) threads in (%c1, %c1, %c1)
    gpu.launch_func @b::@k blocks in (%c1, %c1, %c1) threads in (%c1, %c1, %c1)
    return
  }
  // CHECK: gpu.module @a
  // CHECK: gpu.func @k()
  // CHECK: gpu.func @[[SECOND]]()
  // CHECK-NOT: gpu.module
  gpu.module @a {
    gpu.func @k() kernel {
      gpu.return
    }
  }
  gpu.module @b {
    gpu.func @k() kernel {
      gpu.return
    }
  }
}
