// RUN: mempl-opt %s --learned-memory-placement="target=tiny solver=greedy" --one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" | FileCheck %s

// What a kernel reserves for itself is kept free while it runs.
// CHECK-LABEL: func.func @reserved
// CHECK-NOT: memref.copy
// CHECK: %[[T:.*]] = mempl.alloc <fast> at 512 bytes 256
// CHECK: mempl.kernel "a"(%{{.*}}, %[[T]])
// CHECK: mempl.kernel "b"(%[[T]], %{{.*}}) {{.*}}reserved = 512
// CHECK-NOT: memref.copy
func.func @reserved(%a: tensor<64xf32>) -> tensor<64xf32> {
  %0 = mempl.kernel "a"(%a) {seconds = 1.0e-9 : f64} : (tensor<64xf32>) -> tensor<64xf32>
  %1 = mempl.kernel "b"(%0) {seconds = 1.0e-9 : f64, reserved = 512 : i64} : (tensor<64xf32>) -> tensor<64xf32>
  return %1 : tensor<64xf32>
}
