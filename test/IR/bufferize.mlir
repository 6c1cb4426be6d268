// RUN: mempl-opt %s --one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" | FileCheck %s

// The copies of a plan become copies between buffers, in the same order, with
// the storage that the plan gave them, and no other copy appears.
// CHECK-LABEL: func.func @prefetch_and_evict(
// CHECK-SAME: %[[W:.*]]: memref<16xf32>, %[[OUT:.*]]: memref<16xf32>
func.func @prefetch_and_evict(%w: tensor<16xf32>, %out: tensor<16xf32>) -> tensor<16xf32> {
  // CHECK-NOT: memref.{{alloc|copy}}
  // CHECK: %[[A:.*]] = mempl.alloc <fast> at 64 bytes 64 : memref<16xf32, #mempl.space<fast>>
  // CHECK: %[[T:.*]] = mempl.copy_start prefetch %[[W]] to %[[A]]
  // CHECK: mempl.copy_wait %[[T]], %[[W]] to %[[A]]
  %a = mempl.alloc <fast> at 64 bytes 64 : tensor<16xf32>
  %f = mempl.copy_start prefetch %w to %a : tensor<16xf32>
  %c = mempl.copy_wait %f : tensor<16xf32>
  // CHECK: %[[B:.*]] = mempl.alloc <fast> at 128
  // CHECK: linalg.exp ins(%[[A]] {{.*}}) outs(%[[B]] : memref<16xf32, #mempl.space<fast>>)
  %b = mempl.alloc <fast> at 128 bytes 64 : tensor<16xf32>
  %e = linalg.exp ins(%c : tensor<16xf32>) outs(%b : tensor<16xf32>) -> tensor<16xf32>
  // CHECK: mempl.release %[[A]]
  mempl.release %c : tensor<16xf32>
  // CHECK: %[[U:.*]] = mempl.copy_start evict %[[B]] to %[[OUT]]
  // CHECK: mempl.copy_wait %[[U]], %[[B]] to %[[OUT]]
  // CHECK-NOT: memref.{{alloc|copy}}
  // CHECK: return %[[OUT]]
  %g = mempl.copy_start evict %e to %out : tensor<16xf32>
  %h = mempl.copy_wait %g : tensor<16xf32>
  mempl.release %e : tensor<16xf32>
  return %h : tensor<16xf32>
}

// CHECK-LABEL: func.func @kernel_with_new_result(
// CHECK-SAME: %[[A:.*]]: memref<4xf32>
func.func @kernel_with_new_result(%a: tensor<4xf32>) -> tensor<8xf32> {
  // CHECK: %[[R:.*]] = memref.alloc()
  // CHECK: mempl.kernel "k"(%[[A]], %[[R]]) {outs = array<i64: 1>, seconds = 1.000000e+00 : f64}
  // CHECK: return %[[R]]
  %r = mempl.kernel "k"(%a) {seconds = 1.0 : f64} : (tensor<4xf32>) -> tensor<8xf32>
  return %r : tensor<8xf32>
}


// A value that a loop updates in place stays in fast memory all the while.
// CHECK-LABEL: func.func @loop_in_fast_memory
func.func @loop_in_fast_memory(%w: tensor<4xf32>, %n: index) -> tensor<4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // CHECK-NOT: memref.{{alloc|copy}}
  // CHECK: %[[A:.*]] = mempl.alloc
  // CHECK: scf.for
  // CHECK-SAME: iter_args(%[[X:.*]] = %[[A]])
  // CHECK-NEXT: linalg.exp ins(%[[X]] : {{.*}}) outs(%[[X]] : memref<4xf32, #mempl.space<fast>>)
  // CHECK: memref.alloc
  // CHECK: mempl.transfer
  %a = mempl.alloc <fast> at 0 bytes 16 : tensor<4xf32>
  %t = mempl.transfer %w to %a : tensor<4xf32>
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%x = %t) -> tensor<4xf32> {
    %y = linalg.exp ins(%x : tensor<4xf32>) outs(%x : tensor<4xf32>) -> tensor<4xf32>
    scf.yield %y : tensor<4xf32>
  }
  %e = bufferization.alloc_tensor() : tensor<4xf32>
  %s = mempl.transfer %r to %e : tensor<4xf32>
  return %s : tensor<4xf32>
}

// Double buffering: the next slice comes in while this one is used, and what a
// trip writes goes out during the next. The loop carries the tokens.
// CHECK-LABEL: func.func @rotating(
// CHECK-SAME: %[[W:.*]]: memref<64xf32>, %[[O:.*]]: memref<64xf32>
func.func @rotating(%w: tensor<64xf32>, %o: tensor<64xf32>) -> tensor<64xf32> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %no = mempl.no_copy
  // CHECK-NOT: memref.alloc
  // CHECK: %[[T0:.*]] = mempl.copy_start_carried prefetch
  %s0 = tensor.extract_slice %w[0] [16] [1] : tensor<64xf32> to tensor<16xf32>
  %a0 = mempl.alloc <fast> at 0 bytes 64 : tensor<16xf32>
  %t0, %d0 = mempl.copy_start_carried prefetch %s0 to %a0 : tensor<16xf32>
  // CHECK: %[[R:.*]]:3 = scf.for {{.*}} iter_args(%[[X:.*]] = %[[O]], %[[T:.*]] = %[[T0]], %[[U:.*]] = %{{.*}})
  %r:3 = scf.for %i = %c0 to %c64 step %c16
      iter_args(%x = %o, %t = %t0, %u = %no) -> (tensor<64xf32>, !mempl.token, !mempl.token) {
    %trip = arith.divui %i, %c16 : index
    %parity = arith.remui %trip, %c2 : index
    %even = arith.cmpi eq, %parity, %c0 : index
    %odd = arith.cmpi ne, %parity, %c0 : index
    %next = arith.addi %i, %c16 : index
    %more = arith.cmpi ult, %next, %c64 : index
    // CHECK: %[[N:.*]] = scf.if {{.*}} -> (!mempl.token)
    // CHECK: mempl.alloc <fast> at 0 or 64 if
    // CHECK: mempl.copy_start_carried prefetch
    // CHECK: mempl.no_copy
    %tn = scf.if %more -> !mempl.token {
      %s = tensor.extract_slice %w[%next] [16] [1] : tensor<64xf32> to tensor<16xf32>
      %a = mempl.alloc <fast> at 0 or 64 if %even bytes 64 : tensor<16xf32>
      %t1, %d1 = mempl.copy_start_carried prefetch %s to %a : tensor<16xf32>
      scf.yield %t1 : !mempl.token
    } else {
      %none = mempl.no_copy
      scf.yield %none : !mempl.token
    }
    // CHECK: %[[A:.*]] = mempl.alloc <fast> at 0 or 64 if
    // CHECK: mempl.copy_wait_carried %[[T]]
    %slot = mempl.alloc <fast> at 0 or 64 if %odd bytes 64 : tensor<16xf32>
    %b = mempl.copy_wait_carried %t to %slot : tensor<16xf32>
    // CHECK: mempl.copy_wait_carried %[[U]]
    mempl.copy_wait_carried %u
    // CHECK: %[[B:.*]] = mempl.alloc <fast> at 128 bytes 64
    // CHECK: linalg.exp ins(%[[A]] {{.*}}) outs(%[[B]]
    %y = mempl.alloc <fast> at 128 bytes 64 : tensor<16xf32>
    %e = linalg.exp ins(%b : tensor<16xf32>) outs(%y : tensor<16xf32>) -> tensor<16xf32>
    mempl.release %b : tensor<16xf32>
    // CHECK: %[[S:.*]] = memref.subview %[[X]]
    // CHECK: %[[V:.*]] = mempl.copy_start_carried evict %[[B]] to %[[S]]
    %so = tensor.extract_slice %x[%i] [16] [1] : tensor<64xf32> to tensor<16xf32>
    %v, %so1 = mempl.copy_start_carried evict %e to %so : tensor<16xf32>
    %x1 = tensor.insert_slice %so1 into %x[%i] [16] [1] : tensor<16xf32> into tensor<64xf32>
    // What is put back is there already: a copy onto itself, which folds away.
    // CHECK: %[[SAME:.*]] = memref.subview %[[X]]
    // CHECK-NEXT: memref.copy %[[S]], %[[SAME]]
    // CHECK-NEXT: scf.yield %{{.*}}, %[[N]], %[[V]]
    scf.yield %x1, %tn, %v : tensor<64xf32>, !mempl.token, !mempl.token
  }
  // CHECK: mempl.copy_wait_carried %[[R]]#2
  // CHECK: return %[[R]]#0
  mempl.copy_wait_carried %r#2
  return %r#0 : tensor<64xf32>
}

// A kernel may read a tensor without a rank.
// CHECK-LABEL: func.func @unranked(
// CHECK-SAME: %[[U:.*]]: memref<*xf32>
// CHECK: mempl.kernel "k"(%[[U]], %{{.*}}) {{.*}} : (memref<*xf32>, memref<16xf32>) -> ()
func.func @unranked(%u: tensor<*xf32>) -> tensor<16xf32> {
  %r = mempl.kernel "k"(%u) : (tensor<*xf32>) -> tensor<16xf32>
  return %r : tensor<16xf32>
}
