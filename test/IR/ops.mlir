// RUN: mempl-opt %s --verify-roundtrip | FileCheck %s
// RUN: mempl-opt %s --emit-bytecode | mempl-opt | FileCheck %s

// CHECK-LABEL: func.func @storage(
// CHECK-SAME: %[[N:.*]]: index
func.func @storage(%n: index) -> (tensor<16xf32>, memref<4xi8, #mempl.space<vmem>>) {
  // CHECK: mempl.alloc <fast> at 512 bytes 64 : tensor<16xf32>
  %a = mempl.alloc <fast> at 512 bytes 64 : tensor<16xf32>
  // CHECK: mempl.alloc <fast> at 576 bytes 256(%[[N]]) : tensor<?x4xf32>
  %b = mempl.alloc #mempl.space<fast> at 576 bytes 256 (%n) : tensor<?x4xf32>
  // CHECK: mempl.alloc <vmem> at 0 bytes 4 : memref<4xi8, #mempl.space<vmem>>
  %c = mempl.alloc <vmem> at 0 bytes 4 : memref<4xi8, #mempl.space<vmem>>
  return %a, %c : tensor<16xf32>, memref<4xi8, #mempl.space<vmem>>
}

// CHECK-LABEL: func.func @odd_space_names
// CHECK-SAME: memref<1xi8, #mempl.space<"l1 bank 2">>
func.func @odd_space_names(%m: memref<1xi8, #mempl.space<"l1 bank 2">>) {
  return
}

// CHECK-LABEL: func.func @copies_of_tensors(
// CHECK-SAME: %[[W:.*]]: tensor<16xf32>
func.func @copies_of_tensors(%w: tensor<16xf32>) -> tensor<16xf32> {
  // CHECK: %[[A:.*]] = mempl.alloc
  %a = mempl.alloc <fast> at 0 bytes 64 : tensor<16xf32>
  // CHECK: %[[F:.*]] = mempl.copy_start prefetch %[[W]] to %[[A]] : tensor<16xf32>
  %f = mempl.copy_start prefetch %w to %a : tensor<16xf32>
  // CHECK: %[[C:.*]] = mempl.copy_wait %[[F]] : tensor<16xf32>
  %c = mempl.copy_wait %f : tensor<16xf32>
  %e = bufferization.alloc_tensor() : tensor<16xf32>
  // CHECK: mempl.copy_start evict %[[C]] to
  %g = mempl.copy_start evict %c to %e : tensor<16xf32>
  %d = mempl.copy_wait %g : tensor<16xf32>
  // CHECK: mempl.release %[[C]] : tensor<16xf32>
  mempl.release %c : tensor<16xf32>
  %h = bufferization.alloc_tensor() : tensor<16xf32>
  // CHECK: mempl.transfer %{{.*}} to %{{.*}} : tensor<16xf32>
  %t = mempl.transfer %d to %h : tensor<16xf32>
  return %t : tensor<16xf32>
}

// CHECK-LABEL: func.func @copies_of_buffers
func.func @copies_of_buffers(%m: memref<16xf32>) {
  // CHECK: %[[N:.*]] = mempl.alloc
  %n = mempl.alloc <fast> at 0 bytes 64 : memref<16xf32, #mempl.space<fast>>
  // CHECK: %[[T:.*]] = mempl.copy_start %{{.*}} to %[[N]] : memref<16xf32> to memref<16xf32, #mempl.space<fast>>
  %t = mempl.copy_start %m to %n : memref<16xf32> to memref<16xf32, #mempl.space<fast>>
  // CHECK: mempl.copy_wait %[[T]], %{{.*}} to %[[N]] : memref<16xf32> to memref<16xf32, #mempl.space<fast>>
  mempl.copy_wait %t, %m to %n : memref<16xf32> to memref<16xf32, #mempl.space<fast>>
  mempl.transfer %m to %n : memref<16xf32> to memref<16xf32, #mempl.space<fast>>
  mempl.release %n : memref<16xf32, #mempl.space<fast>>
  return
}

// Copies of a loop that go from one trip into the next.
// CHECK-LABEL: func.func @carried_copies(
// CHECK-SAME: %[[W:.*]]: tensor<16xf32>, %[[ODD:.*]]: i1
func.func @carried_copies(%w: tensor<16xf32>, %odd: i1, %m: memref<16xf32>) {
  // CHECK: %[[N:.*]] = mempl.no_copy
  // CHECK: mempl.copy_wait_carried %[[N]]
  %n = mempl.no_copy
  mempl.copy_wait_carried %n
  // CHECK: %[[A:.*]] = mempl.alloc <fast> at 0 or 128 if %[[ODD]] bytes 64 : tensor<16xf32>
  %a = mempl.alloc <fast> at 0 or 128 if %odd bytes 64 : tensor<16xf32>
  // CHECK: %[[T:.*]], %{{.*}} = mempl.copy_start_carried prefetch %[[W]] to %[[A]] : tensor<16xf32>
  %t, %d = mempl.copy_start_carried prefetch %w to %a : tensor<16xf32>
  // CHECK: %[[B:.*]] = mempl.alloc
  %b = mempl.alloc <fast> at 0 or 128 if %odd bytes 64 : tensor<16xf32>
  // CHECK: mempl.copy_wait_carried %[[T]] to %[[B]] : tensor<16xf32>
  %c = mempl.copy_wait_carried %t to %b : tensor<16xf32>
  // CHECK: %{{.*}} = mempl.copy_start_carried evict %{{.*}} to %{{.*}} : memref<16xf32, #mempl.space<fast>> to memref<16xf32>
  %f = mempl.alloc <fast> at 0 bytes 64 : memref<16xf32, #mempl.space<fast>>
  %u = mempl.copy_start_carried evict %f to %m : memref<16xf32, #mempl.space<fast>> to memref<16xf32>
  mempl.copy_wait_carried %u
  return
}

// A future may be waited for on each path of a conditional.
// CHECK-LABEL: func.func @wait_in_both_branches
func.func @wait_in_both_branches(%w: tensor<4xf32>, %cond: i1) -> tensor<4xf32> {
  %a = mempl.alloc <fast> at 0 bytes 16 : tensor<4xf32>
  %f = mempl.copy_start %w to %a : tensor<4xf32>
  %r = scf.if %cond -> tensor<4xf32> {
    %c = mempl.copy_wait %f : tensor<4xf32>
    scf.yield %c : tensor<4xf32>
  } else {
    %d = mempl.copy_wait %f : tensor<4xf32>
    scf.yield %w : tensor<4xf32>
  }
  return %r : tensor<4xf32>
}

// CHECK-LABEL: func.func @kernels
func.func @kernels(%table: tensor<1024xf32>, %i: tensor<16xi32>, %o: tensor<16xf32>)
    -> (tensor<16xf32>, tensor<8xbf16>) {
  // CHECK: mempl.kernel "gather"(%{{.*}}, %{{.*}}, %{{.*}}) {bytes = array<i64: 64, -1, -1>, outs = array<i64: 2>, seconds = 2.500000e-01 : f64}
  %r = mempl.kernel "gather"(%table, %i, %o)
      {outs = array<i64: 2>, seconds = 0.25 : f64, bytes = array<i64: 64, -1, -1>}
      : (tensor<1024xf32>, tensor<16xi32>, tensor<16xf32>) -> tensor<16xf32>
  %s = mempl.kernel "scale"(%r) {matrix_ops = 1.0e3 : f64, reserved = 128 : i64, result_bytes = array<i64: 16>}
      : (tensor<16xf32>) -> tensor<8xbf16>
  return %r, %s : tensor<16xf32>, tensor<8xbf16>
}

// CHECK-LABEL: func.func @constraints
// CHECK-SAME: mempl.pin
// CHECK-SAME: mempl.forbid = #mempl.space<fast>
// CHECK-SAME: mempl.max_bytes = 4096 : i64
// CHECK-SAME: mempl.target = "tpu-v5e"
func.func @constraints(%a: tensor<4xf32> {mempl.pin},
                  %b: tensor<4xf32> {mempl.forbid = #mempl.space<fast>},
                  %c: tensor<?xf32> {mempl.max_bytes = 4096 : i64})
    attributes {mempl.target = "tpu-v5e"} {
  return
}
