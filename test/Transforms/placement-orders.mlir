// RUN: mempl-opt-broken %s --allow-unregistered-dialect --pass-pipeline="builtin.module(learned-memory-placement{target=tiny solver=random-order seed=3 tile=false capacity=1024 fallback=error})" | FileCheck %s
// RUN: mempl-opt-broken %s --allow-unregistered-dialect --pass-pipeline="builtin.module(learned-memory-placement{target=tiny solver=random-order seed=3 tile=false capacity=1024 reorder=false})" | FileCheck %s --check-prefix=FIXED

// What a step needs and is no step moves along: here the slice and where it
// begins. The constant stays where it was.
// CHECK-LABEL: func.func @along
// CHECK: %[[C3:.*]] = arith.constant 3
// CHECK-NEXT: %[[AT:.*]] = arith.addi %{{.*}}, %[[C3]]
// CHECK-NEXT: %[[SLICE:.*]] = tensor.extract_slice %{{.*}}[%[[AT]]]
// CHECK-NEXT: %[[FAST:.*]] = mempl.alloc
// CHECK-NEXT: linalg.floor ins(%[[SLICE]] : {{.*}}) outs(%[[FAST]] :
// CHECK: linalg.exp {{.*}} -> tensor<16xf32>
// CHECK: mempl.copy_start evict
// CHECK: linalg.exp {{.*}} -> tensor<64xf32>
// CHECK: linalg.log
// FIXED-LABEL: func.func @along
// FIXED: linalg.exp {{.*}} -> tensor<64xf32>
// FIXED: linalg.log
// FIXED: arith.addi
// FIXED: linalg.floor
// FIXED: linalg.exp {{.*}} -> tensor<16xf32>
func.func @along(%a: tensor<64xf32>, %b: tensor<64xf32>, %n: index) -> (tensor<16xf32>, tensor<64xf32>) {
  %c3 = arith.constant 3 : index
  %e = tensor.empty() : tensor<64xf32>
  %x = linalg.exp ins(%a : tensor<64xf32>) outs(%e : tensor<64xf32>) -> tensor<64xf32>
  %f = tensor.empty() : tensor<64xf32>
  %y = linalg.log ins(%x : tensor<64xf32>) outs(%f : tensor<64xf32>) -> tensor<64xf32>
  %at = arith.addi %n, %c3 : index
  %s = tensor.extract_slice %b[%at] [16] [1] : tensor<64xf32> to tensor<16xf32>
  %g = tensor.empty() : tensor<16xf32>
  %z = linalg.floor ins(%s : tensor<16xf32>) outs(%g : tensor<16xf32>) -> tensor<16xf32>
  %h = tensor.empty() : tensor<16xf32>
  %w = linalg.exp ins(%z : tensor<16xf32>) outs(%h : tensor<16xf32>) -> tensor<16xf32>
  return %w, %y : tensor<16xf32>, tensor<64xf32>
}

// What others see stays in order, whatever it is that computes it.
// CHECK-LABEL: func.func @effects
// CHECK: linalg.floor
// CHECK: linalg.log
// CHECK: %[[SECOND:.*]] = tensor.extract %{{.*}}[%c1]
// CHECK-NEXT: %[[FIRST:.*]] = tensor.extract %{{.*}}[%c0]
// CHECK-NEXT: vector.print %[[FIRST]]
// CHECK-NEXT: "foreign.tell"(%[[SECOND]])
// FIXED-LABEL: func.func @effects
// FIXED: vector.print
// FIXED: linalg.log
// FIXED: "foreign.tell"
// FIXED: linalg.floor
func.func @effects(%a: tensor<16xf32>, %b: tensor<16xf32>) -> (tensor<16xf32>, tensor<16xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %e = tensor.empty() : tensor<16xf32>
  %x = linalg.exp ins(%a : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  %p = tensor.extract %x[%c0] : tensor<16xf32>
  vector.print %p : f32
  %f = tensor.empty() : tensor<16xf32>
  %y = linalg.log ins(%b : tensor<16xf32>) outs(%f : tensor<16xf32>) -> tensor<16xf32>
  %q = tensor.extract %y[%c1] : tensor<16xf32>
  "foreign.tell"(%q) : (f32) -> ()
  %g = tensor.empty() : tensor<16xf32>
  %z = linalg.floor ins(%b : tensor<16xf32>) outs(%g : tensor<16xf32>) -> tensor<16xf32>
  %h = tensor.empty() : tensor<16xf32>
  %w = linalg.exp ins(%z : tensor<16xf32>) outs(%h : tensor<16xf32>) -> tensor<16xf32>
  return %y, %w : tensor<16xf32>, tensor<16xf32>
}

// The body of a loop has an order of its own.
// CHECK-LABEL: func.func @bodies
// CHECK: scf.for
// CHECK-NEXT: mempl.alloc
// CHECK-NEXT: linalg.log
// CHECK-NEXT: mempl.alloc
// CHECK-NEXT: linalg.exp
// CHECK-NEXT: mempl.alloc
// CHECK-NEXT: linalg.floor
// CHECK: linalg.add
// CHECK: scf.yield
// FIXED-LABEL: func.func @bodies
// FIXED: scf.for
// FIXED: linalg.exp
// FIXED: linalg.log
// FIXED: linalg.floor
func.func @bodies(%a: tensor<16xf32>, %b: tensor<16xf32>) -> tensor<16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c10 = arith.constant 10 : index
  %r = scf.for %i = %c0 to %c10 step %c1 iter_args(%x = %a) -> tensor<16xf32> {
    %e = tensor.empty() : tensor<16xf32>
    %y = linalg.exp ins(%x : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
    %f = tensor.empty() : tensor<16xf32>
    %w = linalg.log ins(%b : tensor<16xf32>) outs(%f : tensor<16xf32>) -> tensor<16xf32>
    %g = tensor.empty() : tensor<16xf32>
    %v = linalg.floor ins(%w : tensor<16xf32>) outs(%g : tensor<16xf32>) -> tensor<16xf32>
    %u = linalg.add ins(%y, %v : tensor<16xf32>, tensor<16xf32>) outs(%x : tensor<16xf32>) -> tensor<16xf32>
    scf.yield %u : tensor<16xf32>
  }
  return %r : tensor<16xf32>
}
