// RUN: mempl-opt %s --allow-unregistered-dialect --canonicalize --cse --loop-invariant-code-motion --canonicalize | FileCheck %s

// Two equal storages stay two, and planned copies stay where they are.
// CHECK-LABEL: func.func @nothing_merged(
// CHECK-COUNT-2: mempl.alloc
// CHECK: mempl.copy_start
// CHECK-NEXT: linalg.exp
// CHECK-NEXT: mempl.copy_wait
// CHECK-NEXT: mempl.copy_start
// CHECK-NEXT: mempl.copy_wait
func.func @nothing_merged(%w: tensor<4xf32>, %x: tensor<4xf32>)
    -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %a = mempl.alloc <fast> at 0 bytes 16 : tensor<4xf32>
  %b = mempl.alloc <fast> at 0 bytes 16 : tensor<4xf32>
  %f = mempl.copy_start %w to %a : tensor<4xf32>
  %e = linalg.exp ins(%x : tensor<4xf32>) outs(%x : tensor<4xf32>) -> tensor<4xf32>
  %c = mempl.copy_wait %f : tensor<4xf32>
  %g = mempl.copy_start %w to %b : tensor<4xf32>
  %d = mempl.copy_wait %g : tensor<4xf32>
  return %c, %d, %e : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// A copy of the same tensor in each trip stays in the loop.
// CHECK-LABEL: func.func @nothing_hoisted(
// CHECK: scf.for
// CHECK-NEXT: mempl.alloc
// CHECK-NEXT: mempl.transfer
// CHECK-NEXT: "test.use"
// CHECK-NEXT: mempl.release
func.func @nothing_hoisted(%w: tensor<4xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    %a = mempl.alloc <fast> at 0 bytes 16 : tensor<4xf32>
    %t = mempl.transfer %w to %a : tensor<4xf32>
    "test.use"(%t) : (tensor<4xf32>) -> ()
    mempl.release %t : tensor<4xf32>
  }
  return
}
