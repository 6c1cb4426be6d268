// RUN: mempl-opt %s --mempl-apply-plan="target=tiny" | FileCheck %s
// RUN: mempl-opt %s --mempl-apply-plan="target=tiny" --one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" --canonicalize --cse --canonicalize | mempl-opt --pass-pipeline="builtin.module(func.func(mempl-check-placement{capacity=1024 alignment=16}))" | FileCheck %s --check-prefix=BUFFERS --implicit-check-not="memref.{{alloc|copy}}"

// The next slice comes in during this trip, and what this trip makes goes out
// during the next. How many trips there are is known at run time only.
// CHECK-LABEL: func.func @rotating(
// CHECK-SAME: %[[N:.*]]: index, %[[K:.*]]: index, %[[W:.*]]: tensor<128x16xf32>, %[[O:.*]]: tensor<64x16xf32>
// CHECK: %[[NO:.*]] = mempl.no_copy
// CHECK: %[[RUNS:.*]] = arith.cmpi slt, %[[K]], %[[N]]
// CHECK: %[[T0:.*]] = scf.if %[[RUNS]] -> (!mempl.token)
// CHECK-NEXT: %[[J:.*]] = affine.apply #{{.*}}(%[[K]])
// CHECK-NEXT: %[[S:.*]] = tensor.extract_slice %[[W]][%[[J]], 0] [2, 16]
// CHECK-NEXT: %[[A:.*]] = mempl.alloc <fast> at 0 bytes 128
// CHECK-NEXT: %[[T:.*]], %{{.*}} = mempl.copy_start_carried prefetch %[[S]] to %[[A]]
// CHECK-NEXT: scf.yield %[[T]]
// CHECK: mempl.no_copy
// CHECK: %[[R:.*]]:3 = scf.for %[[I:.*]] = %[[K]] to %[[N]] step %[[STEP:.*]] iter_args(%[[X:.*]] = %[[O]], %[[IN:.*]] = %[[T0]], %[[OUT:.*]] = %[[NO]])
// CHECK: %[[PLACE:.*]] = tensor.extract_slice %[[X]][%[[I]], 0]
// CHECK: %[[BEGUN:.*]] = arith.subi %[[I]], %[[K]]
// CHECK: %[[TRIP:.*]] = arith.divui %[[BEGUN]], %[[STEP]]
// CHECK: %[[PARITY:.*]] = arith.remui %[[TRIP]]
// CHECK: %[[ODD:.*]] = arith.cmpi ne, %[[PARITY]]
// CHECK: %[[EVEN:.*]] = arith.cmpi eq, %[[PARITY]]
// CHECK: %[[NEXT:.*]] = arith.addi %[[I]], %[[STEP]]
// CHECK: %[[MORE:.*]] = arith.cmpi slt, %[[NEXT]], %[[N]]
// CHECK: %[[TN:.*]] = scf.if %[[MORE]] -> (!mempl.token)
// CHECK-NEXT: %[[J:.*]] = affine.apply #{{.*}}(%[[NEXT]])
// CHECK-NEXT: %[[S:.*]] = tensor.extract_slice %[[W]][%[[J]], 0] [2, 16]
// CHECK-NEXT: %[[A:.*]] = mempl.alloc <fast> at 0 or 128 if %[[EVEN]] bytes 128
// CHECK-NEXT: mempl.copy_start_carried prefetch %[[S]] to %[[A]]
// CHECK: %[[SLOT:.*]] = mempl.alloc <fast> at 0 or 128 if %[[ODD]] bytes 128
// CHECK-NEXT: %[[B:.*]] = mempl.copy_wait_carried %[[IN]] to %[[SLOT]]
// CHECK-NEXT: %[[Y:.*]] = mempl.alloc <fast> at 256 or 384 if %[[ODD]] bytes 128
// CHECK-NEXT: %[[E:.*]] = linalg.exp ins(%[[B]] {{.*}} outs(%[[Y]]
// CHECK-NEXT: mempl.copy_wait_carried %[[OUT]]
// CHECK-NEXT: %[[F:.*]] = linalg.add ins(%[[E]], %[[B]]
// CHECK-NEXT: mempl.release %[[B]]
// CHECK-NEXT: %[[V:.*]], %[[SO:.*]] = mempl.copy_start_carried evict %[[F]] to %[[PLACE]]
// CHECK-NEXT: %[[X1:.*]] = tensor.insert_slice %[[SO]] into %[[X]][%[[I]], 0]
// CHECK-NEXT: scf.yield %[[X1]], %[[TN]], %[[V]]
// CHECK: mempl.copy_wait_carried %[[R]]#2
// CHECK-NEXT: return %[[R]]#0

// BUFFERS-LABEL: func.func @rotating(
// BUFFERS: mempl.copy_start_carried prefetch
// BUFFERS: scf.for
// BUFFERS: mempl.copy_start_carried prefetch
// BUFFERS: %[[B:.*]] = mempl.alloc <fast> at 0 or 128 if
// BUFFERS: mempl.copy_wait_carried
// BUFFERS: %[[Y:.*]] = mempl.alloc <fast> at 256 or 384 if
// BUFFERS: linalg.exp ins(%[[B]] {{.*}} outs(%[[Y]]
// BUFFERS: mempl.copy_start_carried evict %[[Y]]
func.func @rotating(%arg0: index, %arg1: index, %arg2: tensor<128x16xf32>, %arg3: tensor<64x16xf32>) -> tensor<64x16xf32> {
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %0 = scf.for %arg4 = %arg1 to %arg0 step %c2 iter_args(%arg5 = %arg3) -> (tensor<64x16xf32>) {
    %1 = affine.apply affine_map<(d0) -> (d0 * 2 + 1)>(%arg4)
    %s = tensor.extract_slice %arg2[%1, 0] [2, 16] [1, 1] : tensor<128x16xf32> to tensor<2x16xf32>
    %so = tensor.extract_slice %arg5[%arg4, 0] [2, 16] [1, 1] : tensor<64x16xf32> to tensor<2x16xf32>
    %2 = linalg.exp ins(%s : tensor<2x16xf32>) outs(%so : tensor<2x16xf32>) -> tensor<2x16xf32>
    %3 = linalg.add ins(%2, %s : tensor<2x16xf32>, tensor<2x16xf32>) outs(%2 : tensor<2x16xf32>) -> tensor<2x16xf32>
    %x1 = tensor.insert_slice %3 into %arg5[%arg4, 0] [2, 16] [1, 1] : tensor<2x16xf32> into tensor<64x16xf32>
    scf.yield %x1 : tensor<64x16xf32>
  }
  return %0 : tensor<64x16xf32>
}
mempl.instance @rotating_instance name "rotating" function @rotating
    fast(capacity = 1024, alignment = 16, bandwidth = 1.0e+09, max_carried = 0)
    slow(bandwidth = 1.0e+08)
    copy(bandwidth = 1.0e+08, latency = 1.0e-07, max_in = 0, max_out = 0)
    step(overhead = 0.0) {
  mempl.value @arg2 input size 8192 space slow
  mempl.value @arg3 inout size 4096 space slow
  mempl.loop "scf.for" compute 0.0 trips 1 (update @arg3 0 slow, read @arg2 0 slow) {
    mempl.value @v0 input size 128 streamed
    mempl.value @v1 output size 128 streamed
    mempl.step "linalg.exp" compute 2.56e-07 (read @v0 128, write @v1 128)
    mempl.step "linalg.add" compute 3.2e-08 (update @v1 256, read @v0 128)
  }
}
mempl.plan @rotating_plan for @rotating_instance {
  mempl.loop_plan 0 capacity 512 {
    mempl.residency @v0 at 0 odd 128 issue 0 ready 2 last 3
    mempl.residency @v1 at 256 odd 384 write 0 last 1 done 3
  }
}

// A part of a tensor that each trip updates, alone for its own: it comes in
// ahead and goes out behind.
// CHECK-LABEL: func.func @updated(
// CHECK-SAME: %[[W:.*]]: tensor<64x16xf32>, %[[O:.*]]: tensor<64x16xf32>
// CHECK-COUNT-2: mempl.copy_start_carried prefetch
// CHECK: %[[R:.*]]:4 = scf.for {{.*}} iter_args(%[[X:.*]] = %[[O]], %[[IN:.*]] = %{{.*}}, %[[IN2:.*]] = %{{.*}}, %[[OUT:.*]] = %{{.*}})
// CHECK: %[[A:.*]] = mempl.alloc <fast> at 0 bytes 64
// CHECK-NEXT: mempl.copy_wait_carried %[[IN]] to %[[A]]
// CHECK: %[[B:.*]] = mempl.alloc <fast> at 64 or 128 if
// CHECK-NEXT: %[[C:.*]] = mempl.copy_wait_carried %[[IN2]] to %[[B]]
// CHECK: %[[E:.*]] = linalg.add {{.*}} outs(%[[C]]
// CHECK: mempl.copy_wait_carried %[[OUT]]
// CHECK-NEXT: %[[TN:.*]]:2 = scf.if {{.*}} -> (!mempl.token, !mempl.token)
// CHECK: tensor.extract_slice %[[W]]
// CHECK: mempl.copy_start_carried prefetch
// CHECK: tensor.extract_slice %[[X]]
// CHECK: mempl.copy_start_carried prefetch
// CHECK: %[[F:.*]] = linalg.exp {{.*}} outs(%[[E]]
// CHECK: %[[V:.*]], %{{.*}} = mempl.copy_start_carried evict %[[F]]
// CHECK: scf.yield %{{.*}}, %[[TN]]#0, %[[TN]]#1, %[[V]]
// CHECK: mempl.copy_wait_carried %[[R]]#3

// BUFFERS-LABEL: func.func @updated(
func.func @updated(%arg0: tensor<64x16xf32>, %arg1: tensor<64x16xf32>) -> tensor<64x16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  %0 = scf.for %arg2 = %c0 to %c64 step %c1 iter_args(%arg3 = %arg1) -> (tensor<64x16xf32>) {
    %s = tensor.extract_slice %arg0[%arg2, 0] [1, 16] [1, 1] : tensor<64x16xf32> to tensor<1x16xf32>
    %so = tensor.extract_slice %arg3[%arg2, 0] [1, 16] [1, 1] : tensor<64x16xf32> to tensor<1x16xf32>
    %1 = linalg.add ins(%s, %so : tensor<1x16xf32>, tensor<1x16xf32>) outs(%so : tensor<1x16xf32>) -> tensor<1x16xf32>
    %2 = linalg.exp ins(%1 : tensor<1x16xf32>) outs(%1 : tensor<1x16xf32>) -> tensor<1x16xf32>
    %x1 = tensor.insert_slice %2 into %arg3[%arg2, 0] [1, 16] [1, 1] : tensor<1x16xf32> into tensor<64x16xf32>
    scf.yield %x1 : tensor<64x16xf32>
  }
  return %0 : tensor<64x16xf32>
}
mempl.instance @updated_instance name "updated" function @updated
    fast(capacity = 1024, alignment = 16, bandwidth = 1.0e+09, max_carried = 0)
    slow(bandwidth = 1.0e+08)
    copy(bandwidth = 1.0e+08, latency = 1.0e-07, max_in = 0, max_out = 0)
    step(overhead = 0.0) {
  mempl.value @arg0 input size 4096 space slow
  mempl.value @arg1 inout size 4096 space slow
  mempl.loop "scf.for" compute 0.0 trips 64 (update @arg1 0 slow, read @arg0 0 slow) {
    mempl.value @v0 input size 64 streamed
    mempl.value @v1 inout size 64 streamed
    mempl.step "linalg.add" compute 1.6e-08 (read @v0 64, update @v1 128)
    mempl.step "linalg.exp" compute 1.28e-07 (update @v1 128)
  }
}
mempl.plan @updated_plan for @updated_instance {
  mempl.loop_plan 0 capacity 256 {
    mempl.residency @v0 at 0 issue 1 ready 2 last 2
    mempl.residency @v1 at 64 odd 128 issue 1 ready 2 last 3 done 5
  }
}

// What has gone out is put back before the next trip's part is read beside it,
// even while it is under way.
// CHECK-LABEL: func.func @beside(
// CHECK: scf.for %[[I:[a-z0-9]+]] = {{.*}} iter_args(%[[X:[a-z0-9]+]] =
// CHECK: %[[PLACE:.*]] = tensor.extract_slice %[[X]][%[[I]], 0]
// CHECK: %[[E:.*]] = linalg.add
// CHECK: %[[V:.*]], %[[SO:.*]] = mempl.copy_start_carried evict %[[E]] to %[[PLACE]]
// CHECK-NEXT: %[[X1:.*]] = tensor.insert_slice %[[SO]] into %[[X]][%[[I]], 0]
// CHECK-NEXT: scf.if
// CHECK-NEXT: tensor.extract_slice %[[X1]]
// CHECK: linalg.exp
// CHECK-NEXT: mempl.copy_wait_carried %[[V]]
// CHECK: scf.yield %[[X1]]

// BUFFERS-LABEL: func.func @beside(
func.func @beside(%arg0: tensor<64x16xf32>, %arg1: tensor<64x16xf32>, %arg2: tensor<64x16xf32>) -> (tensor<64x16xf32>, tensor<64x16xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  %0:2 = scf.for %arg3 = %c0 to %c64 step %c1 iter_args(%arg4 = %arg1, %arg5 = %arg2) -> (tensor<64x16xf32>, tensor<64x16xf32>) {
    %s = tensor.extract_slice %arg0[%arg3, 0] [1, 16] [1, 1] : tensor<64x16xf32> to tensor<1x16xf32>
    %so = tensor.extract_slice %arg4[%arg3, 0] [1, 16] [1, 1] : tensor<64x16xf32> to tensor<1x16xf32>
    %1 = linalg.add ins(%s, %so : tensor<1x16xf32>, tensor<1x16xf32>) outs(%so : tensor<1x16xf32>) -> tensor<1x16xf32>
    %x1 = tensor.insert_slice %1 into %arg4[%arg3, 0] [1, 16] [1, 1] : tensor<1x16xf32> into tensor<64x16xf32>
    %s_1 = tensor.extract_slice %arg5[%arg3, 0] [1, 16] [1, 1] : tensor<64x16xf32> to tensor<1x16xf32>
    %2 = linalg.exp ins(%s : tensor<1x16xf32>) outs(%s_1 : tensor<1x16xf32>) -> tensor<1x16xf32>
    %3 = linalg.exp ins(%2 : tensor<1x16xf32>) outs(%2 : tensor<1x16xf32>) -> tensor<1x16xf32>
    %x1_2 = tensor.insert_slice %3 into %arg5[%arg3, 0] [1, 16] [1, 1] : tensor<1x16xf32> into tensor<64x16xf32>
    scf.yield %x1, %x1_2 : tensor<64x16xf32>, tensor<64x16xf32>
  }
  return %0#0, %0#1 : tensor<64x16xf32>, tensor<64x16xf32>
}
mempl.instance @beside_instance name "beside" function @beside
    fast(capacity = 1024, alignment = 16, bandwidth = 1.0e+09, max_carried = 0)
    slow(bandwidth = 1.0e+08)
    copy(bandwidth = 1.0e+08, latency = 1.0e-07, max_in = 0, max_out = 0)
    step(overhead = 0.0) {
  mempl.value @arg0 input size 4096 space slow
  mempl.value @arg1 inout size 4096 space slow
  mempl.value @arg2 inout size 4096 space slow
  mempl.loop "scf.for" compute 0.0 trips 64 (update @arg1 0 slow, update @arg2 0 slow, read @arg0 0 slow) {
    mempl.value @v0 input size 64 streamed
    mempl.value @v1 inout size 64 streamed
    mempl.value @v2 output size 64 streamed
    mempl.step "linalg.add" compute 1.6e-08 (read @v0 64, update @v1 128)
    mempl.step "linalg.exp" compute 1.28e-07 (read @v0 64, write @v2 64)
    mempl.step "linalg.exp" compute 1.28e-07 (update @v2 128)
  }
}
mempl.plan @beside_plan for @beside_instance {
  mempl.loop_plan 0 capacity 1024 {
    mempl.residency @v1 at 64 odd 448 issue 1 ready 3 last 3 done 5
  }
}

// The same, and then what was put back is worked on in slow memory: on the part
// of what it was put back into, and put back again.
// CHECK-LABEL: func.func @again(
// CHECK: scf.for %[[I:[a-z0-9]+]] = {{.*}} iter_args(%[[X:[a-z0-9]+]] =
// CHECK: mempl.copy_start_carried evict
// CHECK-NEXT: %[[X1:.*]] = tensor.insert_slice %{{.*}} into %[[X]][%[[I]], 0]
// CHECK-NEXT: %[[PART:.*]] = tensor.extract_slice %[[X1]][%[[I]], 0]
// CHECK-NEXT: scf.if
// CHECK: mempl.copy_wait_carried
// CHECK-NEXT: %[[E:.*]] = linalg.exp ins(%[[PART]] {{.*}} outs(%[[PART]]
// CHECK: %[[X2:.*]] = tensor.insert_slice %[[E]] into %[[X1]][%[[I]], 0]
// CHECK-NEXT: scf.yield %[[X2]]

// BUFFERS-LABEL: func.func @again(
func.func @again(%arg0: tensor<64x16xf32>, %arg1: tensor<64x16xf32>, %arg2: tensor<64x16xf32>) -> (tensor<64x16xf32>, tensor<64x16xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  %0:2 = scf.for %arg3 = %c0 to %c64 step %c1 iter_args(%arg4 = %arg1, %arg5 = %arg2) -> (tensor<64x16xf32>, tensor<64x16xf32>) {
    %s = tensor.extract_slice %arg0[%arg3, 0] [1, 16] [1, 1] : tensor<64x16xf32> to tensor<1x16xf32>
    %so = tensor.extract_slice %arg4[%arg3, 0] [1, 16] [1, 1] : tensor<64x16xf32> to tensor<1x16xf32>
    %1 = linalg.add ins(%s, %so : tensor<1x16xf32>, tensor<1x16xf32>) outs(%so : tensor<1x16xf32>) -> tensor<1x16xf32>
    %s_1 = tensor.extract_slice %arg5[%arg3, 0] [1, 16] [1, 1] : tensor<64x16xf32> to tensor<1x16xf32>
    %2 = linalg.exp ins(%s : tensor<1x16xf32>) outs(%s_1 : tensor<1x16xf32>) -> tensor<1x16xf32>
    %3 = linalg.exp ins(%1 : tensor<1x16xf32>) outs(%1 : tensor<1x16xf32>) -> tensor<1x16xf32>
    %x1 = tensor.insert_slice %3 into %arg4[%arg3, 0] [1, 16] [1, 1] : tensor<1x16xf32> into tensor<64x16xf32>
    %x1_2 = tensor.insert_slice %2 into %arg5[%arg3, 0] [1, 16] [1, 1] : tensor<1x16xf32> into tensor<64x16xf32>
    scf.yield %x1, %x1_2 : tensor<64x16xf32>, tensor<64x16xf32>
  }
  return %0#0, %0#1 : tensor<64x16xf32>, tensor<64x16xf32>
}
mempl.instance @again_instance name "again" function @again
    fast(capacity = 1024, alignment = 16, bandwidth = 1.0e+09, max_carried = 0)
    slow(bandwidth = 1.0e+08)
    copy(bandwidth = 1.0e+08, latency = 1.0e-07, max_in = 0, max_out = 0)
    step(overhead = 0.0) {
  mempl.value @arg0 input size 4096 space slow
  mempl.value @arg1 inout size 4096 space slow
  mempl.value @arg2 inout size 4096 space slow
  mempl.loop "scf.for" compute 0.0 trips 64 (update @arg1 0 slow, update @arg2 0 slow, read @arg0 0 slow) {
    mempl.value @v0 input size 64 streamed
    mempl.value @v1 inout size 64 streamed
    mempl.value @v2 output size 64 streamed
    mempl.step "linalg.add" compute 1.6e-08 (read @v0 64, update @v1 128)
    mempl.step "linalg.exp" compute 1.28e-07 (read @v0 64, write @v2 64)
    mempl.step "linalg.exp" compute 1.28e-07 (update @v1 128)
  }
}
mempl.plan @again_plan for @again_instance {
  mempl.loop_plan 0 capacity 1024 {
    mempl.residency @v1 at 64 odd 448 issue 1 ready 3 last 3 done 5
  }
}

// In the inner of two loops, each run of which has a first trip.
// CHECK-LABEL: func.func @nest(
// CHECK-NOT: mempl
// CHECK: scf.for %[[I:[a-z0-9]+]] =
// CHECK: tensor.extract_slice %{{.*}}[%[[I]], %{{.*}}]
// CHECK: mempl.copy_start_carried prefetch
// CHECK: scf.for %[[J:[a-z0-9]+]] =
// CHECK: %[[NEXT:.*]] = arith.addi %[[J]]
// CHECK: scf.if
// CHECK: tensor.extract_slice %{{.*}}[%[[I]], %[[NEXT]]]
// CHECK: mempl.copy_start_carried prefetch
// CHECK: mempl.copy_wait_carried

// BUFFERS-LABEL: func.func @nest(
func.func @nest(%arg0: tensor<64x32xf32>, %arg1: tensor<64x32xf32>) -> tensor<64x32xf32> {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %c32 = arith.constant 32 : index
  %c8 = arith.constant 8 : index
  %c64 = arith.constant 64 : index
  %0 = scf.for %arg2 = %c0 to %c64 step %c8 iter_args(%arg3 = %arg1) -> (tensor<64x32xf32>) {
    %1 = scf.for %arg4 = %c0 to %c32 step %c16 iter_args(%arg5 = %arg3) -> (tensor<64x32xf32>) {
      %s = tensor.extract_slice %arg0[%arg2, %arg4] [8, 16] [1, 1] : tensor<64x32xf32> to tensor<8x16xf32>
      %so = tensor.extract_slice %arg5[%arg2, %arg4] [8, 16] [1, 1] : tensor<64x32xf32> to tensor<8x16xf32>
      %2 = linalg.exp ins(%s : tensor<8x16xf32>) outs(%so : tensor<8x16xf32>) -> tensor<8x16xf32>
      %x1 = tensor.insert_slice %2 into %arg5[%arg2, %arg4] [8, 16] [1, 1] : tensor<8x16xf32> into tensor<64x32xf32>
      scf.yield %x1 : tensor<64x32xf32>
    }
    scf.yield %1 : tensor<64x32xf32>
  }
  return %0 : tensor<64x32xf32>
}
mempl.instance @nest_instance name "nest" function @nest
    fast(capacity = 1024, alignment = 16, bandwidth = 1.0e+09, max_carried = 0)
    slow(bandwidth = 1.0e+08)
    copy(bandwidth = 1.0e+08, latency = 1.0e-07, max_in = 0, max_out = 0)
    step(overhead = 0.0) {
  mempl.value @arg0 input size 8192 space slow
  mempl.value @arg1 inout size 8192 space slow
  mempl.loop "scf.for" compute 0.0 trips 8 (update @arg1 0 slow, read @arg0 0 slow) {
    mempl.loop "scf.for" compute 0.0 trips 2 () {
      mempl.value @v0 input size 512 streamed
      mempl.value @v1 output size 512 streamed
      mempl.step "linalg.exp" compute 1.024e-06 (read @v0 512, write @v1 512)
    }
  }
}
mempl.plan @nest_plan for @nest_instance {
  mempl.loop_plan 0 capacity 1024 {
    mempl.loop_plan 0 capacity 1024 {
      mempl.residency @v0 at 0 odd 512 issue 0 ready 1 last 1
    }
  }
}
