// RUN: split-file %s %t
// RUN: mempl-opt %t/for.mlir --transform-interpreter --learned-memory-placement="target=edge-npu solver=search summary" -o /dev/null 2>&1 | grep -v remark: > %t/for.txt
// RUN: mempl-opt %t/forall.mlir --transform-interpreter --learned-memory-placement="target=edge-npu solver=search summary" -o /dev/null 2>&1 | grep -v remark: > %t/forall.txt
// RUN: cmp %t/for.txt %t/forall.txt
// RUN: FileCheck %s --input-file=%t/for.txt
// RUN: mempl-opt %t/forall.mlir --transform-interpreter --learned-memory-placement="target=edge-npu solver=search" --one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" --canonicalize --cse --canonicalize | FileCheck %s --check-prefix=PLACED

// The same program takes the same time, whichever kind of loop it is tiled
// with: 128 trips.
// CHECK: mm: 2 steps, 3 values
// CHECK-NEXT: slow memory only 1.16
// CHECK-NEXT: placed 1.1
// CHECK-NEXT: lower bound 1.1

// The output of the loop is in fast memory, and nothing is copied.
// PLACED: mempl.alloc
// PLACED-NOT: memref.copy
// PLACED: scf.for
// PLACED: linalg.matmul {{.*}}outs({{.*}} #mempl.space<
// PLACED-NOT: memref.copy

//--- for.mlir
module attributes {transform.with_named_sequence} {
  func.func @mm(%x: tensor<1024x512xf32>, %w: tensor<512x512xf32>, %o: tensor<1024x512xf32>) -> tensor<1024x512xf32> {
    %c0 = arith.constant 0.0 : f32
    %f = linalg.fill ins(%c0 : f32) outs(%o : tensor<1024x512xf32>) -> tensor<1024x512xf32>
    %h = linalg.matmul ins(%x, %w : tensor<1024x512xf32>, tensor<512x512xf32>) outs(%f : tensor<1024x512xf32>) -> tensor<1024x512xf32>
    return %h : tensor<1024x512xf32>
  }
  transform.named_sequence @__transform_main(%arg0: !transform.any_op {transform.readonly}) {
    %0 = transform.structured.match ops{["linalg.matmul"]} in %arg0 : (!transform.any_op) -> !transform.any_op
    %t, %l:2 = transform.structured.tile_using_for %0 tile_sizes [64, 64] : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}

//--- forall.mlir
module attributes {transform.with_named_sequence} {
  func.func @mm(%x: tensor<1024x512xf32>, %w: tensor<512x512xf32>, %o: tensor<1024x512xf32>) -> tensor<1024x512xf32> {
    %c0 = arith.constant 0.0 : f32
    %f = linalg.fill ins(%c0 : f32) outs(%o : tensor<1024x512xf32>) -> tensor<1024x512xf32>
    %h = linalg.matmul ins(%x, %w : tensor<1024x512xf32>, tensor<512x512xf32>) outs(%f : tensor<1024x512xf32>) -> tensor<1024x512xf32>
    return %h : tensor<1024x512xf32>
  }
  transform.named_sequence @__transform_main(%arg0: !transform.any_op {transform.readonly}) {
    %0 = transform.structured.match ops{["linalg.matmul"]} in %arg0 : (!transform.any_op) -> !transform.any_op
    %t, %loop = transform.structured.tile_using_forall %0 tile_sizes [64, 64] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}
