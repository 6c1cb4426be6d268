// RUN: mempl-opt %s --verify-roundtrip | FileCheck %s
// RUN: mempl-opt %s --emit-bytecode | mempl-opt | FileCheck %s
// RUN: mempl-opt %s --mlir-print-op-generic | mempl-opt | FileCheck %s
// RUN: mempl-opt %s --mlir-print-op-generic | FileCheck %s --check-prefix=GENERIC

// The examples of the documentation.

// CHECK-LABEL: mempl.instance @tiny
// CHECK-NEXT:    fast(capacity = 8, alignment = 4, bandwidth = 4.0, max_carried = 0)
// CHECK-NEXT:    slow(bandwidth = 1.0)
// CHECK-NEXT:    copy(bandwidth = 1.0, latency = 0.0, max_in = 0, max_out = 0)
// CHECK-NEXT:    step(overhead = 0.0) {
// CHECK-NEXT:  mempl.value @w input size 8
// CHECK-NEXT:  mempl.value @y output size 4
// CHECK-NEXT:  mempl.step "load" compute 8.0 ()
// CHECK-NEXT:  mempl.step "multiply" compute 2.0 (read @w 8, write @y 4)
// CHECK-NEXT: }
mempl.instance @tiny
    fast(capacity = 8, alignment = 4, bandwidth = 4.0, max_carried = 0)
    slow(bandwidth = 1.0)
    copy(bandwidth = 1.0, latency = 0.0, max_in = 0, max_out = 0)
    step(overhead = 0.0) {
  mempl.value @w input size 8
  mempl.value @y output size 4
  mempl.step "load" compute 8.0 ()
  mempl.step "multiply" compute 2.0 (read @w 8, write @y 4)
}

// CHECK-LABEL: mempl.plan @tiny_plan for @tiny {
// CHECK-NEXT:  mempl.residency @w at 0 issue 0 ready 1 last 1
// CHECK-NEXT: }
mempl.plan @tiny_plan for @tiny {
  mempl.residency @w at 0 issue 0 ready 1 last 1
}

func.func private @main()

// CHECK-LABEL: mempl.instance @all name "all \22of\22 it" function @main
// CHECK-NEXT:    fast(capacity = 1024, alignment = 1, bandwidth = 1.8e+13, max_carried = 2)
// CHECK-NEXT:    slow(bandwidth = 8.19e+11)
// CHECK-NEXT:    copy(bandwidth = 8.19e+11, latency = 1.0e-06, max_in = 3, max_out = 4)
// CHECK-NEXT:    step(overhead = 5.0e-324) attributes {note = "kept"} {
mempl.instance @all name "all \"of\" it" function @main
    fast(capacity = 1024, alignment = 1, bandwidth = 1.8e13, max_carried = 2)
    slow(bandwidth = 8.19e11)
    copy(bandwidth = 8.19e11, latency = 1.0e-6, max_in = 3, max_out = 4)
    step(overhead = 5.0e-324) attributes {note = "kept"} {
  // CHECK-NEXT: mempl.value @w input size 4096 space fast
  mempl.value @w input size 4096 space fast
  // CHECK-NEXT: mempl.value @fusion_1 temporary size 64 name "fusion"
  mempl.value @fusion_1 temporary size 64 name "fusion"
  // CHECK-NEXT: mempl.value @table input size 64 space slow reason "is \22passed\22 on"
  mempl.value @table input size 64 space slow reason "is \22passed\22 on"
  // CHECK-NEXT: mempl.value @"a{0} \22\\\0A" output size 0 space slow name ""
  mempl.value @"a{0} \"\\\0A" output size 0 space slow name ""
  // CHECK-NEXT: mempl.value @x inout size 9223372036854775807
  mempl.value @x inout size 9223372036854775807 space none
  // CHECK-NEXT: mempl.step "" compute 0.1 reserved 64 trips 2 (read @w 4096 fast, update @x 128, write @"a{0} \22\\\0A" 0 slow)
  mempl.step "" compute 0.1 reserved 64 trips 2
      (read @w 4096 fast, update @x 128, write @"a{0} \"\\\0A" 0 slow)
  // CHECK-NEXT: mempl.loop "layers" compute 2.1234567890123457 reserved 8 trips 12 (read @w 768, update @x 64) {
  mempl.loop "layers" compute 2.1234567890123457 reserved 8 trips 12
      (read @w 768, update @x 64) {
    // CHECK-NEXT: mempl.value @w temporary size 8
    mempl.value @w temporary size 8
    // CHECK-NEXT: mempl.value @slice input size 8 streamed name "a slice"
    mempl.value @slice input size 8 streamed name "a slice"
    // CHECK-NEXT: mempl.step "up" compute 1.7976931348623157e+308 (write @w 8)
    mempl.step "up" compute 1.7976931348623157e308 (write @w 8)
    // CHECK-NEXT: mempl.loop "empty" compute 0.0 trips 9223372036854775807 () {
    // CHECK-NEXT: }
    mempl.loop "empty" compute 0.0 trips 9223372036854775807 () {}
  }
}

// GENERIC: "mempl.loop"
// GENERIC-SAME: accesses = [#mempl.access<read @w 768>, #mempl.access<update @x 64>]

// CHECK-LABEL: mempl.plan @all_plan for @all
mempl.plan @all_plan for @all {
  // CHECK-NEXT: mempl.residency @w at 0 issue 0 ready 1 last 1
  mempl.residency @w at 0 issue 0 ready 1 last 1
  // CHECK-NEXT: mempl.residency @x at 64 write 2 last 5 back 3 done 6
  mempl.residency @x at 64 write 2 last 5 back 3 done 6
  // CHECK-NEXT: mempl.residency @w at -128 carried last -5
  mempl.residency @w at -128 carried last -5
  // CHECK-NEXT: mempl.loop_plan 1 capacity 64 name "inner" {
  mempl.loop_plan 1 capacity 64 name "inner" {
    // CHECK-NEXT: mempl.residency @w at 0 write 0 last 0
    mempl.residency @w at 0 write 0 last 0
    // CHECK-NEXT: mempl.residency @slice at 0 odd 16 issue 0 ready 1 last 1
    mempl.residency @slice at 0 odd 16 issue 0 ready 1 last 1
    // CHECK-NEXT: mempl.loop_plan 1 capacity 0 {
    // CHECK-NEXT: }
    mempl.loop_plan 1 capacity 0 {}
  }
}

// Steps that may run in another order, and a plan that has one.

// CHECK-LABEL: mempl.instance @free
// CHECK:         step(overhead = 0.0)
// CHECK-NEXT:    order = free attributes {note = "kept"} {
mempl.instance @free
    fast(capacity = 96, alignment = 8, bandwidth = 4.0, max_carried = 0)
    slow(bandwidth = 1.0)
    copy(bandwidth = 1.0, latency = 0.0, max_in = 0, max_out = 0)
    step(overhead = 0.0)
    order = free attributes {note = "kept"} {
  mempl.value @w input size 48
  mempl.step "a" compute 1.0 (read @w 48)
  // CHECK: mempl.step "b" compute 1.0 (read @w 48) {note}
  mempl.step "b" compute 1.0 (read @w 48) after [] {note}
  // CHECK-NEXT: mempl.step "c" compute 1.0 () after [0, 1] {note}
  mempl.step "c" compute 1.0 () after [0, 1] {note}
  // CHECK-NEXT: mempl.loop "l" compute 0.0 trips 3 () after [0] order = free {
  mempl.loop "l" compute 0.0 trips 3 () after [0] order = free {
    mempl.step "d" compute 1.0 ()
    mempl.step "e" compute 1.0 ()
  }
  // CHECK: mempl.loop "m" compute 0.0 trips 3 () {
  mempl.loop "m" compute 0.0 trips 3 () order = fixed {}
}

// CHECK-LABEL: mempl.plan @free_plan for @free order [1, 3, 0, 2, 4] attributes {note} {
// CHECK-NEXT:    mempl.loop_plan 3 capacity 0 order [1, 0] {
mempl.plan @free_plan for @free order [1, 3, 0, 2, 4] attributes {note} {
  mempl.loop_plan 3 capacity 0 order [1, 0] {}
}

// Numbers that no machine has are read all the same; they are faults of the
// instance.

// CHECK-LABEL: mempl.instance @strange
// CHECK-NEXT:    fast(capacity = -1, alignment = 0, bandwidth = 0x7FF0000000000000, max_carried = -1)
// CHECK-NEXT:    slow(bandwidth = -1.0)
// CHECK-NEXT:    copy(bandwidth = 0x7FF8000000000000, latency = -0.0, max_in = 0, max_out = 0)
mempl.instance @strange
    fast(capacity = -1, alignment = 0, bandwidth = 0x7FF0000000000000, max_carried = -1)
    slow(bandwidth = -1.0)
    copy(bandwidth = 0x7FF8000000000000, latency = -0.0, max_in = 0, max_out = 0)
    step(overhead = 0.0) {}
