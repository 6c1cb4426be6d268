// RUN: mempl-opt %s --learned-memory-placement="target=tiny solver=greedy tile=false" | FileCheck %s
// RUN: mempl-opt %s --learned-memory-placement="target=tiny solver=none" | FileCheck %s --check-prefix=NONE

// Everything between the arguments and the result is in fast memory, the weights
// are copied in while the fill runs, and the result is written where the caller
// looks for it.
// CHECK-LABEL: func.func @network(
// CHECK-SAME: %[[A:.*]]: tensor<16x8xf32>, %[[W:.*]]: tensor<8x4xf32>
// CHECK: %[[WF:.*]] = mempl.alloc <fast> at {{[0-9]+}} bytes 128 : tensor<8x4xf32>
// CHECK: %[[COPY:.*]] = mempl.copy_start prefetch %[[W]] to %[[WF]]
// CHECK: %[[ACC:.*]] = mempl.alloc <fast> at {{[0-9]+}} bytes 256 : tensor<16x4xf32>
// CHECK: %[[FILL:.*]] = linalg.fill {{.*}} outs(%[[ACC]] :
// CHECK: %[[WEIGHTS:.*]] = mempl.copy_wait %[[COPY]]
// CHECK: %[[MUL:.*]] = linalg.matmul ins(%{{.*}}, %[[WEIGHTS]] : {{.*}}) outs(%[[FILL]] :
// CHECK: mempl.release %[[WEIGHTS]]
// CHECK: %[[E:.*]] = mempl.alloc
// CHECK: linalg.exp ins(%[[MUL]] : {{.*}}) outs(%[[E]] :
// CHECK-NOT: memref
// CHECK: return

// NONE-LABEL: func.func @network(
// NONE-NOT: mempl
func.func @network(%a: tensor<16x8xf32>, %w: tensor<8x4xf32>) -> tensor<16x4xf32> {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<16x4xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<16x4xf32>) -> tensor<16x4xf32>
  %m = linalg.matmul ins(%a, %w : tensor<16x8xf32>, tensor<8x4xf32>) outs(%f : tensor<16x4xf32>) -> tensor<16x4xf32>
  %e2 = tensor.empty() : tensor<16x4xf32>
  %x = linalg.exp ins(%m : tensor<16x4xf32>) outs(%e2 : tensor<16x4xf32>) -> tensor<16x4xf32>
  %e3 = tensor.empty() : tensor<16x4xf32>
  %y = linalg.add ins(%m, %x : tensor<16x4xf32>, tensor<16x4xf32>) outs(%e3 : tensor<16x4xf32>) -> tensor<16x4xf32>
  return %y : tensor<16x4xf32>
}

// Constants have their contents from the start, wherever the program has them.
// CHECK-LABEL: func.func @late_constant(
// CHECK-NEXT: %[[W:.*]] = arith.constant dense
// CHECK: mempl.copy_start prefetch %[[W]] to
// CHECK: linalg.fill
// CHECK: linalg.matmul
func.func @late_constant(%a: tensor<16x8xf32>) -> tensor<16x4xf32> {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<16x4xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<16x4xf32>) -> tensor<16x4xf32>
  %w = arith.constant dense<0.5> : tensor<8x4xf32>
  %m = linalg.matmul ins(%a, %w : tensor<16x8xf32>, tensor<8x4xf32>) outs(%f : tensor<16x4xf32>) -> tensor<16x4xf32>
  return %m : tensor<16x4xf32>
}

// What an op reads of the storage that it writes first may be undefined.
// CHECK-LABEL: func.func @undefined(
// CHECK: %[[E:.*]] = mempl.alloc <fast>
// CHECK: linalg.add ins(%[[E]], %{{.*}} : {{.*}}) outs(%[[E]] :
func.func @undefined(%a: tensor<16x4xf32>) -> tensor<16x4xf32> {
  %e = tensor.empty() : tensor<16x4xf32>
  %x = linalg.add ins(%e, %a : tensor<16x4xf32>, tensor<16x4xf32>) outs(%e : tensor<16x4xf32>) -> tensor<16x4xf32>
  %e2 = tensor.empty() : tensor<16x4xf32>
  %y = linalg.exp ins(%x : tensor<16x4xf32>) outs(%e2 : tensor<16x4xf32>) -> tensor<16x4xf32>
  %e3 = tensor.empty() : tensor<16x4xf32>
  %z = linalg.add ins(%x, %y : tensor<16x4xf32>, tensor<16x4xf32>) outs(%e3 : tensor<16x4xf32>) -> tensor<16x4xf32>
  return %z : tensor<16x4xf32>
}
