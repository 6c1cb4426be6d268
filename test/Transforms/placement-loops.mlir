// RUN: mempl-opt %s --learned-memory-placement="target=tiny solver=greedy" | FileCheck %s
// RUN: mempl-opt %s --learned-memory-placement="target=tiny solver=greedy" --one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" --canonicalize --cse --canonicalize | FileCheck %s --check-prefix=BUF

// What a body allocates lives in fast memory during a trip.
// CHECK-LABEL: func.func @temporary_of_the_body
// CHECK: scf.for
// CHECK: %[[A:.*]] = mempl.alloc
// CHECK: %[[Y:.*]] = linalg.exp {{.*}} outs(%[[A]] :
// CHECK: linalg.log ins(%[[Y]] :
// CHECK: mempl.release %[[Y]]
// CHECK: scf.yield
// BUF-LABEL: func.func @temporary_of_the_body
// BUF-NOT: memref.{{alloc|copy}}
// BUF: return
func.func @temporary_of_the_body(%a: tensor<16xf32>, %b: tensor<16xf32>) -> tensor<16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c10 = arith.constant 10 : index
  %r = scf.for %i = %c0 to %c10 step %c1 iter_args(%x = %a) -> tensor<16xf32> {
    %e = tensor.empty() : tensor<16xf32>
    %y = linalg.exp ins(%b : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
    %z = linalg.log ins(%y : tensor<16xf32>) outs(%x : tensor<16xf32>) -> tensor<16xf32>
    scf.yield %z : tensor<16xf32>
  }
  return %r : tensor<16xf32>
}

// A value that all trips update is brought in before the loop and taken back
// after it; one that they only read is brought in too.
// CHECK-LABEL: func.func @value_around_the_loop(
// CHECK-SAME: %[[A:.*]]: tensor<16xf32>, %[[B:.*]]: tensor<16xf32>
// CHECK-DAG: mempl.copy_start prefetch %[[A]] to
// CHECK-DAG: mempl.copy_start prefetch %[[B]] to
// CHECK: %[[R:.*]] = scf.for
// CHECK: linalg.add
// CHECK: mempl.copy_start evict %[[R]] to %[[A]]
// CHECK: %[[S:.*]] = mempl.copy_wait
// CHECK: return %[[S]]
// BUF-LABEL: func.func @value_around_the_loop(
// BUF-SAME: %[[A:[a-z0-9]+]]: memref<16xf32>
// BUF-NOT: memref.{{alloc|copy}}
// BUF: return %[[A]]
func.func @value_around_the_loop(%a: tensor<16xf32>, %b: tensor<16xf32>) -> tensor<16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c100 = arith.constant 100 : index
  %r = scf.for %i = %c0 to %c100 step %c1 iter_args(%x = %a) -> tensor<16xf32> {
    %z = linalg.add ins(%x, %b : tensor<16xf32>, tensor<16xf32>) outs(%x : tensor<16xf32>) -> tensor<16xf32>
    scf.yield %z : tensor<16xf32>
  }
  return %r : tensor<16xf32>
}
