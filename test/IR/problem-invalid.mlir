// RUN: mempl-opt %s --split-input-file --verify-diagnostics

// One case per rule of form. Rules about what an instance means are in
// test/Transforms/solve.mlir, those of plans in verify-plan.mlir.

// Values of one program have different symbols.
mempl.instance @i
    fast(capacity = 64, alignment = 8, bandwidth = 4.0, max_carried = 0)
    slow(bandwidth = 1.0)
    copy(bandwidth = 1.0, latency = 0.0, max_in = 0, max_out = 0)
    step(overhead = 0.0) {
  // expected-note @below {{see existing symbol definition here}}
  mempl.value @w input size 8
  // expected-error @below {{redefinition of symbol named 'w'}}
  mempl.value @w input size 8
}

// -----

// A step accesses values of its program.
mempl.instance @i
    fast(capacity = 64, alignment = 8, bandwidth = 4.0, max_carried = 0)
    slow(bandwidth = 1.0)
    copy(bandwidth = 1.0, latency = 0.0, max_in = 0, max_out = 0)
    step(overhead = 0.0) {
  // expected-error @below {{'mempl.step' op accesses @v, which is no mempl.value of its program}}
  mempl.step "s" compute 1.0 (read @v 8)
}

// -----

// The steps of a body do not see the values around the loop.
mempl.instance @i
    fast(capacity = 64, alignment = 8, bandwidth = 4.0, max_carried = 0)
    slow(bandwidth = 1.0)
    copy(bandwidth = 1.0, latency = 0.0, max_in = 0, max_out = 0)
    step(overhead = 0.0) {
  mempl.value @w input size 8
  mempl.loop "l" compute 0.0 trips 2 (read @w 8) {
    // expected-error @below {{'mempl.step' op accesses @w, which is no mempl.value of its program}}
    mempl.step "s" compute 1.0 (read @w 8)
  }
}

// -----

// A loop does not see the values of its body.
mempl.instance @i
    fast(capacity = 64, alignment = 8, bandwidth = 4.0, max_carried = 0)
    slow(bandwidth = 1.0)
    copy(bandwidth = 1.0, latency = 0.0, max_in = 0, max_out = 0)
    step(overhead = 0.0) {
  // expected-error @below {{'mempl.loop' op accesses @h, which is no mempl.value of its program}}
  mempl.loop "l" compute 0.0 trips 2 (read @h 8) {
    mempl.value @h input size 8
  }
}

// -----

// An instance holds a program and nothing else.
mempl.instance @i
    fast(capacity = 64, alignment = 8, bandwidth = 4.0, max_carried = 0)
    slow(bandwidth = 1.0)
    copy(bandwidth = 1.0, latency = 0.0, max_in = 0, max_out = 0)
    step(overhead = 0.0) {
  // expected-error @below {{expected only mempl.value, mempl.step and mempl.loop in a mempl.instance, found func.func}}
  func.func private @f()
}

// -----

// So does a loop.
mempl.instance @i
    fast(capacity = 64, alignment = 8, bandwidth = 4.0, max_carried = 0)
    slow(bandwidth = 1.0)
    copy(bandwidth = 1.0, latency = 0.0, max_in = 0, max_out = 0)
    step(overhead = 0.0) {
  mempl.loop "l" compute 0.0 trips 2 () {
    // expected-error @below {{expected only mempl.value, mempl.step and mempl.loop in a mempl.loop, found func.func}}
    func.func private @f()
  }
}

// -----

// Sizes are not negative.
mempl.instance @i
    fast(capacity = 64, alignment = 8, bandwidth = 4.0, max_carried = 0)
    slow(bandwidth = 1.0)
    copy(bandwidth = 1.0, latency = 0.0, max_in = 0, max_out = 0)
    step(overhead = 0.0) {
  // expected-error @below {{attribute 'size' failed to satisfy constraint: 64-bit signless integer attribute whose value is non-negative}}
  mempl.value @w input size -8
}

// -----

// Kinds are four.
mempl.instance @i
    fast(capacity = 64, alignment = 8, bandwidth = 4.0, max_carried = 0)
    slow(bandwidth = 1.0)
    copy(bandwidth = 1.0, latency = 0.0, max_in = 0, max_out = 0)
    step(overhead = 0.0) {
  // expected-error @below {{expected string or keyword containing one of the following enum values for attribute 'kind' [input, temporary, output, inout]}}
  mempl.value @w constant size 8
}

// -----

// Reserved bytes are not negative.
mempl.instance @i
    fast(capacity = 64, alignment = 8, bandwidth = 4.0, max_carried = 0)
    slow(bandwidth = 1.0)
    copy(bandwidth = 1.0, latency = 0.0, max_in = 0, max_out = 0)
    step(overhead = 0.0) {
  // expected-error @below {{attribute 'reserved' failed to satisfy constraint: 64-bit signless integer attribute whose value is non-negative}}
  mempl.step "s" compute 1.0 reserved -1 ()
}

// -----

// Trips are at least one.
mempl.instance @i
    fast(capacity = 64, alignment = 8, bandwidth = 4.0, max_carried = 0)
    slow(bandwidth = 1.0)
    copy(bandwidth = 1.0, latency = 0.0, max_in = 0, max_out = 0)
    step(overhead = 0.0) {
  // expected-error @below {{attribute 'trips' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
  mempl.loop "l" compute 0.0 trips 0 () {}
}

// -----

// Modes are three.
mempl.instance @i
    fast(capacity = 64, alignment = 8, bandwidth = 4.0, max_carried = 0)
    slow(bandwidth = 1.0)
    copy(bandwidth = 1.0, latency = 0.0, max_in = 0, max_out = 0)
    step(overhead = 0.0) {
  mempl.value @w input size 8
  // expected-error @below {{expected read, write or update, found 'modify'}}
  mempl.step "s" compute 1.0 (modify @w 8)
}

// -----

// The bytes of an access are not negative.
mempl.instance @i
    fast(capacity = 64, alignment = 8, bandwidth = 4.0, max_carried = 0)
    slow(bandwidth = 1.0)
    copy(bandwidth = 1.0, latency = 0.0, max_in = 0, max_out = 0)
    step(overhead = 0.0) {
  mempl.value @w input size 8
  // expected-error @below {{expected at least 0 bytes, found -8}}
  mempl.step "s" compute 1.0 (read @w -8)
}

// -----

// Seconds have a point.
mempl.instance @i
    fast(capacity = 64, alignment = 8, bandwidth = 4.0, max_carried = 0)
    slow(bandwidth = 1.0)
    copy(bandwidth = 1.0, latency = 0.0, max_in = 0, max_out = 0)
    step(overhead = 0.0) {
  // expected-error @below {{unexpected decimal integer literal for a floating point value}}
  // expected-note @below {{add a trailing dot to make the literal a float}}
  mempl.step "s" compute 1 ()
}

// -----

// The function of an instance exists.
// expected-error @below {{'mempl.instance' op was made of @f, which is no function}}
mempl.instance @i function @f
    fast(capacity = 64, alignment = 8, bandwidth = 4.0, max_carried = 0)
    slow(bandwidth = 1.0)
    copy(bandwidth = 1.0, latency = 0.0, max_in = 0, max_out = 0)
    step(overhead = 0.0) {}

// -----

// Values stand in a program.
// expected-error @below {{'mempl.value' op expects parent op to be one of 'mempl.instance, mempl.loop'}}
mempl.value @w input size 8

// -----

// Steps stand in a program.
// expected-error @below {{'mempl.step' op expects parent op to be one of 'mempl.instance, mempl.loop'}}
mempl.step "s" compute 1.0 ()

// -----

// Loops stand in a program.
// expected-error @below {{'mempl.loop' op expects parent op to be one of 'mempl.instance, mempl.loop'}}
mempl.loop "l" compute 1.0 trips 1 () {}

// -----

// Residencies stand in a plan.
// expected-error @below {{'mempl.residency' op expects parent op to be one of 'mempl.plan, mempl.loop_plan'}}
mempl.residency @w at 0 write 0 last 0

// -----

// Plans of loops stand in a plan.
// expected-error @below {{'mempl.loop_plan' op expects parent op to be one of 'mempl.plan, mempl.loop_plan'}}
mempl.loop_plan 0 capacity 0 {}

// -----

// A plan is for an instance.
// expected-error @below {{'mempl.plan' op is for @i, which is no mempl.instance}}
mempl.plan @p for @i {}

// -----

// A plan is for an instance, not for anything else of that name.
func.func private @i()
// expected-error @below {{'mempl.plan' op is for @i, which is no mempl.instance}}
mempl.plan @p for @i {}

// -----

// A residency is of a value of the program.
mempl.instance @i
    fast(capacity = 64, alignment = 8, bandwidth = 4.0, max_carried = 0)
    slow(bandwidth = 1.0)
    copy(bandwidth = 1.0, latency = 0.0, max_in = 0, max_out = 0)
    step(overhead = 0.0) {
  mempl.value @w input size 8
  mempl.loop "l" compute 0.0 trips 2 (read @w 8) {
    mempl.value @h temporary size 8
    mempl.step "up" compute 1.0 (write @h 8)
  }
}
mempl.plan @p for @i {
  // expected-error @below {{'mempl.residency' op is of @h, which is no mempl.value of the program}}
  mempl.residency @h at 0 write 0 last 0
}

// -----

// In the plan of a loop, of a value of its body.
mempl.instance @i
    fast(capacity = 64, alignment = 8, bandwidth = 4.0, max_carried = 0)
    slow(bandwidth = 1.0)
    copy(bandwidth = 1.0, latency = 0.0, max_in = 0, max_out = 0)
    step(overhead = 0.0) {
  mempl.value @w input size 8
  mempl.loop "l" compute 0.0 trips 2 (read @w 8) {
    mempl.value @h temporary size 8
    mempl.step "up" compute 1.0 (write @h 8)
  }
}
mempl.plan @p for @i {
  mempl.loop_plan 0 capacity 8 {
    // expected-error @below {{'mempl.residency' op is of @w, which is no mempl.value of the program}}
    mempl.residency @w at 0 issue 0 ready 0 last 0
  }
}

// -----

// The plan of a loop is for a loop: the step exists.
mempl.instance @i
    fast(capacity = 64, alignment = 8, bandwidth = 4.0, max_carried = 0)
    slow(bandwidth = 1.0)
    copy(bandwidth = 1.0, latency = 0.0, max_in = 0, max_out = 0)
    step(overhead = 0.0) {
  mempl.value @w input size 8
  mempl.loop "l" compute 0.0 trips 2 (read @w 8) {
    mempl.value @h temporary size 8
    mempl.step "up" compute 1.0 (write @h 8)
  }
}
mempl.plan @p for @i {
  // expected-error @below {{'mempl.loop_plan' op is for step 1, which is no mempl.loop}}
  mempl.loop_plan 1 capacity 8 {}
}

// -----

// And it is a loop.
mempl.instance @i
    fast(capacity = 64, alignment = 8, bandwidth = 4.0, max_carried = 0)
    slow(bandwidth = 1.0)
    copy(bandwidth = 1.0, latency = 0.0, max_in = 0, max_out = 0)
    step(overhead = 0.0) {
  mempl.value @w input size 8
  mempl.loop "l" compute 0.0 trips 2 (read @w 8) {
    mempl.value @h temporary size 8
    mempl.step "up" compute 1.0 (write @h 8)
  }
}
mempl.plan @p for @i {
  mempl.loop_plan 0 capacity 8 {
    // expected-error @below {{'mempl.loop_plan' op is for step 0, which is no mempl.loop}}
    mempl.loop_plan 0 capacity 8 {}
  }
}

// -----

// A loop has one plan.
mempl.instance @i
    fast(capacity = 64, alignment = 8, bandwidth = 4.0, max_carried = 0)
    slow(bandwidth = 1.0)
    copy(bandwidth = 1.0, latency = 0.0, max_in = 0, max_out = 0)
    step(overhead = 0.0) {
  mempl.value @w input size 8
  mempl.loop "l" compute 0.0 trips 2 (read @w 8) {
    mempl.value @h temporary size 8
    mempl.step "up" compute 1.0 (write @h 8)
  }
}
mempl.plan @p for @i {
  // expected-note @below {{the first one is here}}
  mempl.loop_plan 0 capacity 8 {}
  // expected-error @below {{'mempl.loop_plan' op is a second plan for the loop at step 0}}
  mempl.loop_plan 0 capacity 8 {}
}

// -----

// A plan holds residencies and plans of loops.
mempl.instance @i
    fast(capacity = 64, alignment = 8, bandwidth = 4.0, max_carried = 0)
    slow(bandwidth = 1.0)
    copy(bandwidth = 1.0, latency = 0.0, max_in = 0, max_out = 0)
    step(overhead = 0.0) {
  mempl.value @w input size 8
  mempl.loop "l" compute 0.0 trips 2 (read @w 8) {
    mempl.value @h temporary size 8
    mempl.step "up" compute 1.0 (write @h 8)
  }
}
mempl.plan @p for @i {
  // expected-error @below {{expected only mempl.residency and mempl.loop_plan in a mempl.plan, found builtin.module}}
  builtin.module {}
}

// -----

// Moments that are given are not negative.
mempl.instance @i
    fast(capacity = 64, alignment = 8, bandwidth = 4.0, max_carried = 0)
    slow(bandwidth = 1.0)
    copy(bandwidth = 1.0, latency = 0.0, max_in = 0, max_out = 0)
    step(overhead = 0.0) {
  mempl.value @w input size 8
  mempl.loop "l" compute 0.0 trips 2 (read @w 8) {
    mempl.value @h temporary size 8
    mempl.step "up" compute 1.0 (write @h 8)
  }
}
mempl.plan @p for @i {
  // expected-error @below {{attribute 'issue' failed to satisfy constraint: 32-bit signless integer attribute whose value is non-negative}}
  mempl.residency @w at 0 issue -1 ready 0 last 0
}

// -----

// Capacities are not negative.
mempl.instance @i
    fast(capacity = 64, alignment = 8, bandwidth = 4.0, max_carried = 0)
    slow(bandwidth = 1.0)
    copy(bandwidth = 1.0, latency = 0.0, max_in = 0, max_out = 0)
    step(overhead = 0.0) {
  mempl.value @w input size 8
  mempl.loop "l" compute 0.0 trips 2 (read @w 8) {
    mempl.value @h temporary size 8
    mempl.step "up" compute 1.0 (write @h 8)
  }
}
mempl.plan @p for @i {
  // expected-error @below {{attribute 'capacity' failed to satisfy constraint: 64-bit signless integer attribute whose value is non-negative}}
  mempl.loop_plan 0 capacity -8 {}
}
