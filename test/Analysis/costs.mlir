// RUN: split-file %s %t
// RUN: mempl-opt %t/ops.mlir --mempl-prepare --mempl-test-print-program -o /dev/null | FileCheck %s
// RUN: mempl-opt %t/ops.mlir --learned-memory-placement="target=tiny solver=none profile=%t/profile.json instance-out=%t/out.json" -o /dev/null
// RUN: FileCheck %s --check-prefix=PROFILE < %t/out.json
// RUN: not mempl-opt %t/ops.mlir --learned-memory-placement="target=tiny profile=%t/bad.json" 2>&1 | FileCheck %s --check-prefix=BAD

// The matrix unit of the target `tiny` does 10^12 operations in a second, its
// vector unit 10^9; an exponential is eight of them, a quotient four.
// CHECK: linalg.fill: {{[^c]*$}}
// CHECK: linalg.matmul: {{.*}}compute 1.024e-09
// CHECK: linalg.exp: {{.*}}compute 5.12e-07
// CHECK: linalg.div: {{.*}}compute 2.56e-07
// CHECK: linalg.transpose: {{[^c]*$}}
// CHECK: named: {{.*}}compute 6.4e-08

// A profile knows ops by the name of their location, by their place in the file,
// or by their own name.
// PROFILE: "linalg.matmul","compute":0.5
// PROFILE: "linalg.exp","compute":0.25
// PROFILE: "named","compute":0.125
// BAD: bad.json:1: error: seconds.x: expected seconds, finite and not negative

//--- ops.mlir
func.func @ops(%a: tensor<8x8xf32>, %b: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<8x8xf32>) -> tensor<8x8xf32>
  %m = linalg.matmul ins(%a, %b : tensor<8x8xf32>, tensor<8x8xf32>) outs(%f : tensor<8x8xf32>) -> tensor<8x8xf32>
  %e1 = tensor.empty() : tensor<8x8xf32>
  %x = linalg.exp ins(%m : tensor<8x8xf32>) outs(%e1 : tensor<8x8xf32>) -> tensor<8x8xf32>
  %e2 = tensor.empty() : tensor<8x8xf32>
  %d = linalg.div ins(%x, %b : tensor<8x8xf32>, tensor<8x8xf32>) outs(%e2 : tensor<8x8xf32>) -> tensor<8x8xf32>
  %e3 = tensor.empty() : tensor<8x8xf32>
  %t = linalg.transpose ins(%d : tensor<8x8xf32>) outs(%e3 : tensor<8x8xf32>) permutation = [1, 0]
  %e4 = tensor.empty() : tensor<8x8xf32>
  %s = linalg.add ins(%t, %b : tensor<8x8xf32>, tensor<8x8xf32>) outs(%e4 : tensor<8x8xf32>) -> tensor<8x8xf32> loc("named")
  return %s : tensor<8x8xf32>
}
//--- profile.json
{"version": 1, "seconds": {"linalg.matmul": 0.5, "linalg.exp": 0.25, "named": 0.125}}
//--- bad.json
{"version": 1, "seconds": {"x": -1}}
