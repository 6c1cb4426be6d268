// RUN: mempl-opt %s --pass-pipeline='builtin.module(learned-memory-placement{target=tiny solver=greedy}, func.func(mempl-check-placement))' | FileCheck %s
// RUN: mempl-opt %s --learned-memory-placement="target=tiny solver=greedy" --one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" --canonicalize --cse --canonicalize | FileCheck %s --check-prefix=BUF

// A slice per trip comes in from its place in a tensor in slow memory, behind the
// trip before, and one goes back to its place behind the trip after. Each has two
// places in fast memory by turns. Bufferization copies nothing.
// CHECK-LABEL: func.func @rows(
// CHECK-SAME: %[[A:.*]]: tensor<64x64xf32>, %[[O:.*]]: tensor<64x64xf32>
// CHECK: %[[NONE:.*]] = mempl.no_copy
// CHECK: %[[FIRST:.*]], %{{.*}} = mempl.copy_start_carried prefetch
// CHECK: scf.for %[[I:.*]] = {{.*}} iter_args(%[[X:.*]] = %[[O]], %[[OUT:.*]] = %[[NONE]], %[[IN:.*]] = %[[FIRST]])
// CHECK: %[[T:.*]] = tensor.extract_slice %[[X]][%[[I]], 0]
// CHECK: %[[NEXT:.*]] = scf.if
// CHECK: tensor.extract_slice %[[A]]
// CHECK: mempl.alloc <fast> at {{[0-9]+}} or {{[0-9]+}} if
// CHECK: mempl.copy_start_carried prefetch
// CHECK: mempl.copy_wait_carried %[[IN]] to
// CHECK: linalg.exp
// CHECK: %[[BACK:.*]], %[[B:.*]] = mempl.copy_start_carried evict %{{.*}} to %[[T]]
// CHECK: mempl.copy_wait_carried %[[OUT]]
// CHECK: tensor.insert_slice %[[B]] into %[[X]][%[[I]], 0]
// CHECK-NEXT: scf.yield %{{.*}}, %[[BACK]], %[[NEXT]]
// BUF-LABEL: func.func @rows(
// BUF-NOT: memref.{{alloc|copy}}
// BUF: mempl.copy_start_carried prefetch
// BUF-NOT: memref.{{alloc|copy}}
// BUF: mempl.copy_start_carried evict
// BUF-NOT: memref.{{alloc|copy}}
// BUF: return
func.func @rows(%a: tensor<64x64xf32>, %o: tensor<64x64xf32>) -> tensor<64x64xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  %r = scf.for %i = %c0 to %c64 step %c1 iter_args(%x = %o) -> tensor<64x64xf32> {
    %s = tensor.extract_slice %a[%i, 0] [1, 64] [1, 1] : tensor<64x64xf32> to tensor<64xf32>
    %t = tensor.extract_slice %x[%i, 0] [1, 64] [1, 1] : tensor<64x64xf32> to tensor<64xf32>
    %y = linalg.exp ins(%s : tensor<64xf32>) outs(%t : tensor<64xf32>) -> tensor<64xf32>
    %z = linalg.mul ins(%s, %y : tensor<64xf32>, tensor<64xf32>) outs(%y : tensor<64xf32>) -> tensor<64xf32>
    %w = linalg.add ins(%s, %z : tensor<64xf32>, tensor<64xf32>) outs(%z : tensor<64xf32>) -> tensor<64xf32>
    %u = tensor.insert_slice %w into %x[%i, 0] [1, 64] [1, 1] : tensor<64xf32> into tensor<64x64xf32>
    scf.yield %u : tensor<64x64xf32>
  }
  return %r : tensor<64x64xf32>
}
