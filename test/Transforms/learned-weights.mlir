// The solvers that have weights, and what is said where these are not.
// REQUIRES: torch
// RUN: rm -rf %t && mkdir %t
// RUN: mempl-opt %s --learned-memory-placement="target=tiny tile=false solver=muzero \
// RUN:   budget=200 plan-out=%t/plan.json summary" 2>&1 | FileCheck %s
// RUN: mempl-opt %s --learned-memory-placement="target=tiny tile=false solver=muzero \
// RUN:   budget=200 checkpoint=generalist plan-out=%t/again.json"
// RUN: cmp %t/plan.json %t/again.json
// RUN: mempl-opt %s --learned-memory-placement="target=tiny tile=false \
// RUN:   weights=generalist summary" 2>&1 | FileCheck %s
// RUN: mempl-opt %s --learned-memory-placement="target=tiny tile=false budget=200 \
// RUN:   solver=search{guide=muzero} plan-out=%t/guided.json"
// RUN: mempl-opt %s --learned-memory-placement="target=tiny tile=false budget=200 \
// RUN:   policy=muzero+search weights=generalist plan-out=%t/again.json"
// RUN: cmp %t/guided.json %t/again.json
// RUN: not mempl-opt %s --learned-memory-placement="target=tiny tile=false \
// RUN:   solver=muzero{weights=%t/nothing.mempl}" 2>&1 | FileCheck %s --check-prefix=NOFILE
// RUN: env MEMPL_MUZERO_MODULE=%t/no-such.so not mempl-opt %s \
// RUN:   --learned-memory-placement="target=tiny tile=false weights=generalist" 2>&1 \
// RUN:   | FileCheck %s --check-prefix=NOMODULE

// NOFILE: error: options of the solver: muzero{weights=nothing.mempl}: {{.*}}nothing.mempl: error: cannot be read
// NOMODULE: error: options of the solver: portfolio{none,greedy,search{guide=muzero{weights=generalist}}}: expected the module {{.*}}no-such.so

// CHECK: chain: 4 steps
// CHECK: placed
// CHECK: func.func @chain
// CHECK: mempl.alloc <fast>
func.func @chain(%a: tensor<8x8xf32>, %b: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<8x8xf32>) -> tensor<8x8xf32>
  %0 = linalg.matmul ins(%a, %b : tensor<8x8xf32>, tensor<8x8xf32>)
      outs(%z : tensor<8x8xf32>) -> tensor<8x8xf32>
  %1 = linalg.matmul ins(%0, %b : tensor<8x8xf32>, tensor<8x8xf32>)
      outs(%z : tensor<8x8xf32>) -> tensor<8x8xf32>
  return %1 : tensor<8x8xf32>
}
