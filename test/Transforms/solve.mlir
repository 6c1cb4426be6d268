// RUN: mempl-opt %s --mempl-solve | FileCheck %s
// RUN: mempl-opt %s --mempl-solve="solver=none" | FileCheck %s --check-prefix=NONE
// RUN: mempl-opt %s --mempl-solve="solver=search budget=500 seed=7 threads=2" \
// RUN:   --mempl-verify-plan --verify-roundtrip -o /dev/null

// Two runs give the same bytes, and a second run adds nothing.
// RUN: mempl-opt %s --mempl-solve -o %t.first
// RUN: mempl-opt %s --mempl-solve -o %t.second
// RUN: cmp %t.first %t.second
// RUN: mempl-opt %t.first --mempl-solve -o %t.second
// RUN: cmp %t.first %t.second

// CHECK-LABEL: mempl.instance @prefetch
// CHECK:       mempl.plan @prefetch_plan for @prefetch {
// CHECK-NEXT:    mempl.residency @w at 0 issue 0 ready 1 last 1
// CHECK-NEXT:  }
// NONE:        mempl.plan @prefetch_plan for @prefetch {
// NONE-NEXT:   }
mempl.instance @prefetch
    fast(capacity = 100, alignment = 10, bandwidth = 100.0, max_carried = 0)
    slow(bandwidth = 10.0)
    copy(bandwidth = 10.0, latency = 1.0, max_in = 0, max_out = 0)
    step(overhead = 0.0) {
  mempl.value @w input size 50
  mempl.step "s0" compute 8.0 ()
  mempl.step "s1" compute 2.0 (read @w 50)
}

// The body of a loop gets a plan of its own.
// CHECK-LABEL: mempl.instance @loop
// CHECK:       mempl.plan @loop_plan for @loop {
// CHECK-NEXT:    mempl.loop_plan 0 capacity 50 {
// CHECK-NEXT:      mempl.residency @h at 0 write 0 last 1
// CHECK-NEXT:    }
// CHECK-NEXT:  }
mempl.instance @loop
    fast(capacity = 100, alignment = 10, bandwidth = 100.0, max_carried = 0)
    slow(bandwidth = 10.0)
    copy(bandwidth = 10.0, latency = 1.0, max_in = 0, max_out = 0)
    step(overhead = 0.0) {
  mempl.loop "l" compute 0.0 trips 4 () {
    mempl.value @h temporary size 50
    mempl.step "up" compute 1.0 (write @h 50)
    mempl.step "down" compute 1.0 (read @h 50)
  }
}

// An instance that has a plan keeps it, wherever that is.
// CHECK-LABEL: mempl.plan @mine for @planned {
// CHECK-NEXT:  }
// CHECK:       mempl.instance @planned
// CHECK-NOT:   mempl.plan{{.*}} for @planned
mempl.plan @mine for @planned {}
mempl.instance @planned
    fast(capacity = 100, alignment = 10, bandwidth = 100.0, max_carried = 0)
    slow(bandwidth = 10.0)
    copy(bandwidth = 10.0, latency = 1.0, max_in = 0, max_out = 0)
    step(overhead = 0.0) {
  mempl.value @w input size 50
  mempl.step "s0" compute 8.0 ()
  mempl.step "s1" compute 2.0 (read @w 50)
}

// Where the symbol is taken, another one.
// CHECK-LABEL: func.func private @taken_plan
// CHECK:       mempl.instance @taken
// CHECK:       mempl.plan @taken_plan_0 for @taken {
func.func private @taken_plan()
mempl.instance @taken
    fast(capacity = 100, alignment = 10, bandwidth = 100.0, max_carried = 0)
    slow(bandwidth = 10.0)
    copy(bandwidth = 10.0, latency = 1.0, max_in = 0, max_out = 0)
    step(overhead = 0.0) {}

// Modules in modules.
// CHECK-LABEL: module @inner
// CHECK:       mempl.plan @prefetch_plan for @prefetch {
module @inner {
  mempl.instance @prefetch
      fast(capacity = 100, alignment = 10, bandwidth = 100.0, max_carried = 0)
      slow(bandwidth = 10.0)
      copy(bandwidth = 10.0, latency = 1.0, max_in = 0, max_out = 0)
      step(overhead = 0.0) {}
}
