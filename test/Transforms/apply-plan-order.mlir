// RUN: mempl-opt %s --mempl-apply-plan="target=tiny" | FileCheck %s
// RUN: mempl-opt %s --pass-pipeline="builtin.module(mempl-attach-target{target=tiny},mempl-extract-instance{reorder=false})" | FileCheck %s --check-prefix=FIXED

// The third step runs first, and residencies count places in that order.
// CHECK-LABEL: func.func @f
// CHECK: %[[FAST:.*]] = mempl.alloc <fast> at 64
// CHECK: mempl.copy_start prefetch %arg0
// CHECK: linalg.log ins(%arg1
// CHECK: mempl.copy_wait
// CHECK: linalg.exp
// CHECK: linalg.exp
// CHECK: return
// CHECK-NOT: mempl.instance

// FIXED: mempl.instance @f_instance
// FIXED-NOT: order
// FIXED: mempl.value
func.func @f(%a: tensor<16xf32>, %b: tensor<16xf32>) -> (tensor<16xf32>, tensor<16xf32>) {
  %0 = bufferization.alloc_tensor() : tensor<16xf32>
  %x = linalg.exp ins(%a : tensor<16xf32>) outs(%0 : tensor<16xf32>) -> tensor<16xf32>
  %y = linalg.exp ins(%x : tensor<16xf32>) outs(%x : tensor<16xf32>) -> tensor<16xf32>
  %1 = bufferization.alloc_tensor() : tensor<16xf32>
  %z = linalg.log ins(%b : tensor<16xf32>) outs(%1 : tensor<16xf32>) -> tensor<16xf32>
  return %y, %z : tensor<16xf32>, tensor<16xf32>
}
mempl.instance @i name "f" function @f
    fast(capacity = 1024, alignment = 16, bandwidth = 1.0e9, max_carried = 0)
    slow(bandwidth = 1.0e8)
    copy(bandwidth = 1.0e8, latency = 1.0e-7, max_in = 0, max_out = 0)
    step(overhead = 0.0) order = free {
  mempl.value @arg0 input size 64
  mempl.value @arg1 input size 64
  mempl.value @v2 output size 64
  mempl.value @v3 output size 64
  mempl.step "linalg.exp" compute 1.28e-7 (read @arg0 64, write @v2 64)
  mempl.step "linalg.exp" compute 1.28e-7 (update @v2 128)
  mempl.step "linalg.log" compute 1.28e-7 (read @arg1 64, write @v3 64)
}
mempl.plan @p for @i order [2, 0, 1] {
  mempl.residency @arg0 at 64 issue 0 ready 1 last 1
}
