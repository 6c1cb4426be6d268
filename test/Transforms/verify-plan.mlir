// RUN: mempl-opt %s --mempl-verify-plan --split-input-file --verify-diagnostics

// Each rule broken by one residency, and the error at it.

mempl.instance @i
    fast(capacity = 24, alignment = 4, bandwidth = 4.0, max_carried = 0)
    slow(bandwidth = 1.0)
    copy(bandwidth = 1.0, latency = 0.0, max_in = 1, max_out = 1)
    step(overhead = 0.0) {
  mempl.value @w input size 8
  mempl.value @t temporary size 8
  mempl.value @o output size 4
  mempl.value @k input size 8
  mempl.value @s input size 4 space slow
  mempl.step "s0" compute 1.0 (read @w 8, write @t 8)
  mempl.step "s1" compute 1.0 reserved 4 (read @w 8, read @t 8)
  mempl.step "s2" compute 1.0 (read @w 8, write @o 4)
  mempl.step "s3" compute 1.0 (read @k 8, read @s 4)
}

mempl.plan @valid for @i {
  mempl.residency @w at 4 issue 0 ready 0 last 2
  mempl.residency @o at 12 write 2 last 2 done 4
  mempl.residency @k at 16 issue 3 ready 3 last 3
}

mempl.plan @V1 for @i {
  mempl.residency @w at 4 issue 0 ready 0 last 2
  // expected-error @below {{V1: value 3 (k), step 1: [8, 16) overlaps [4, 12) of value 0 (w)}}
  mempl.residency @k at 8 issue 1 ready 3 last 3
}

mempl.plan @V1_reserved for @i {
  // expected-error @below {{V1: value 0 (w), step 1: offset 0 overlaps the 4 bytes that the step reserves}}
  mempl.residency @w at 0 issue 0 ready 0 last 2
}

mempl.plan @V2_capacity for @i {
  // expected-error @below {{V2: value 3 (k), step 3: offset 20, size 8 is misaligned or outside the capacity of 24}}
  mempl.residency @k at 20 issue 3 ready 3 last 3
}

mempl.plan @V2 for @i {
  // expected-error @below {{V2: value 3 (k), step 3: offset 14, size 8 is misaligned or outside the capacity of 24}}
  mempl.residency @k at 14 issue 3 ready 3 last 3
}

mempl.plan @V3 for @i {
  // expected-error @below {{V3: value 1 (t), step 1: read from slow memory, where its contents are not valid}}
  mempl.residency @t at 4 write 0 last 0
}

mempl.plan @V3_copy for @i {
  // expected-error @below {{V3: value 1 (t), step 0: copied in without valid contents in slow memory}}
  mempl.residency @t at 4 issue 0 ready 1 last 1
  // expected-error @above {{V3: value 1 (t), step 0: written in slow memory while it is being copied in}}
}

mempl.plan @V4 for @i {
  // expected-error @below {{V4: value 2 (o), step 1: a residency begins by write at a step that does not write the value}}
  mempl.residency @o at 8 write 1 last 2 done 3
}

mempl.plan @V5 for @i {
  // expected-error @below {{V5: value 2 (o), step 4: is an output without valid contents in slow memory at the end}}
  mempl.residency @o at 8 write 2 last 2
}

mempl.plan @V6 for @i {
  // expected-error @below {{V6: value 4 (s), step 3: is constrained to be in slow memory}}
  mempl.residency @s at 8 issue 3 ready 3 last 3
}

mempl.plan @V7 for @i {
  mempl.residency @w at 4 issue 0 ready 2 last 2
  // expected-error @below {{V7: value 3 (k), step 2: more than 1 copies in in flight}}
  mempl.residency @k at 12 issue 2 ready 3 last 3
}

mempl.plan @V8 for @i {
  // The second one by time is at fault, wherever it is in the list.
  // expected-error @below {{V8: value 0 (w), step 2: a residency starts while the one from step 0 to 2 still holds memory}}
  mempl.residency @w at 0 issue 2 ready 2 last 2
  mempl.residency @w at 8 issue 0 ready 0 last 2
}

mempl.plan @V9 for @i {
  mempl.residency @w at 8 issue 0 ready 0 last 0
  // expected-error @below {{V9: value 0 (w), step 1: needs 0 <= start 1 <= first 1 <= last 9 < 4}}
  mempl.residency @w at 8 issue 1 ready 1 last 9
}

// What no residency can be is found first.
mempl.plan @V9_form for @i {
  // expected-error @below {{V9: value 0 (w), step 2: a residency begins by `write`, or by `issue` and `ready`, or is `carried`}}
  mempl.residency @w at 3 last 2
  // expected-error @below {{V9: value 0 (w), step 2: a residency begins by `write`, or by `issue` and `ready`, or is `carried`}}
  mempl.residency @w at 8 carried issue 0 ready 0 last 2
  // expected-error @below {{V9: value 2 (o), step 2: `back` without `done`}}
  mempl.residency @o at 8 write 2 last 2 back 2
}

mempl.plan @V10 for @i {
  // expected-error @below {{V10: value 3 (k), step 0: more than 0 values carried from run to run}}
  mempl.residency @k at 8 carried last 3
}

// -----

// In a loop the error is at the residency in the plan of its body, with the
// way to it. A name that looks like part of the message does not lead astray.

mempl.instance @loop
    fast(capacity = 16, alignment = 4, bandwidth = 4.0, max_carried = 1)
    slow(bandwidth = 1.0)
    copy(bandwidth = 1.0, latency = 0.0, max_in = 0, max_out = 0)
    step(overhead = 0.0) {
  mempl.value @w input size 8
  mempl.step "first" compute 1.0 (read @w 8)
  mempl.loop "l" compute 0.0 trips 2 () {
    mempl.loop "inner" compute 0.0 trips 2 () {
      mempl.value @h temporary size 4 name "in the loop at step 7: \0A"
      mempl.step "up" compute 1.0 (write @h 4)
      mempl.step "down" compute 1.0 (read @h 4)
    }
  }
}

mempl.plan @p for @loop {
  mempl.loop_plan 1 capacity 4 {
    mempl.loop_plan 0 capacity 4 {
      // expected-error @below {{V3: in the loop at step 1: in the loop at step 0: value 0 (in the loop at step 7: \x0a), step 1: read from slow memory}}
      mempl.residency @h at 0 write 0 last 0
    }
  }
  // expected-error @below {{V1: value 0 (w), step 1: offset 0 overlaps the 4 bytes that the step reserves}}
  mempl.residency @w at 0 issue 0 ready 0 last 1
}

// Of several residencies, and in whatever order, the one that is to blame: it
// has the only contents, or comes too late.
mempl.plan @several for @loop {
  mempl.loop_plan 1 capacity 12 {
    mempl.loop_plan 0 capacity 12 {
      // expected-error @below {{V8: in the loop at step 1: in the loop at step 0: value 0 (in the loop at step 7: \x0a), step 0: a residency starts}}
      mempl.residency @h at 8 issue 0 ready 1 last 1
      // expected-error @above {{V3: in the loop at step 1: in the loop at step 0: value 0 (in the loop at step 7: \x0a), step 0: copied in without}}
      // expected-error @above {{V4: in the loop at step 1: in the loop at step 0: value 0 (in the loop at step 7: \x0a), step 1: read in fast memory before}}
      // expected-error @below {{V9: in the loop at step 1: in the loop at step 0: value 0 (in the loop at step 7: \x0a), step 1: needs 0 <= start}}
      mempl.residency @h at 4 write 1 last 5
      mempl.residency @h at 0 write 0 last 0
      // expected-error @below {{V9: in the loop at step 1: in the loop at step 0: value 0 (in the loop at step 7: \x0a), step 1: needs 0 <= start}}
      mempl.residency @h at 4 write 1 last 5
    }
  }
}

mempl.plan @nothing_reserved for @loop {
  mempl.residency @w at 0 issue 0 ready 0 last 1
  // expected-error @below {{V2: in the loop at step 1: step 0: reserves 8 bytes of 0}}
  mempl.loop_plan 1 capacity 0 {
    mempl.loop_plan 0 capacity 8 {}
  }
}

mempl.plan @carried_in_only for @loop {
  // expected-error @below {{V10: value 0 (w), step 1: carried into this run, but not left for the next one}}
  mempl.residency @w at 0 carried last 0
}

// -----

// What is about no residency is at the plan.

mempl.instance @ordered
    fast(capacity = 16, alignment = 4, bandwidth = 4.0, max_carried = 0)
    slow(bandwidth = 1.0)
    copy(bandwidth = 1.0, latency = 0.0, max_in = 0, max_out = 0)
    step(overhead = 0.0) {
  mempl.value @w input size 8 space fast
  mempl.loop "l" compute 1.0 trips 2 (read @w 8) {
    mempl.value @h input size 4
    mempl.step "s" compute 1.0 (read @h 4 fast)
  }
}

mempl.instance @twice
    fast(capacity = 16, alignment = 4, bandwidth = 4.0, max_carried = 0)
    slow(bandwidth = 1.0)
    copy(bandwidth = 1.0, latency = 0.0, max_in = 0, max_out = 0)
    step(overhead = 0.0) {
  mempl.value @w input size 8 space fast
  mempl.step "s" compute 1.0 (read @w 8)
  mempl.step "s" compute 1.0 (read @w 8)
}

// expected-error @below {{V6: value 0 (w), step 0: is constrained to be in fast memory}}
mempl.plan @p for @ordered {
  // expected-error @below {{V6: in the loop at step 0: value 0 (h), step 0: is constrained to be in fast memory}}
  mempl.loop_plan 0 capacity 8 {}
}

// expected-error @below {{V6: value 0 (w), step 0: is constrained to be in fast memory}}
// expected-error @below {{V6: in the loop at step 0: value 0 (h), step 0: is constrained to be in fast memory}}
mempl.plan @empty for @ordered {}

// What a plan leaves in slow memory is no fault of the residency before it.
// expected-error @below {{V6: value 0 (w), step 1: is constrained to be in fast memory}}
mempl.plan @too_short for @twice {
  mempl.residency @w at 0 issue 0 ready 0 last 0
}

// -----

// Faults of the instance, once, whatever the number of its plans.

mempl.instance @wrong
    fast(capacity = 16, alignment = 4, bandwidth = 4.0, max_carried = 0)
    slow(bandwidth = 1.0)
    copy(bandwidth = 1.0, latency = 0.0, max_in = 0, max_out = 0)
    step(overhead = 0.0) {
  mempl.value @t temporary size 8
  // expected-error @below {{'mempl.step' op accesses[0]: I5: reads value 0 (t), which nothing has written}}
  mempl.step "s" compute 1.0 (read @t 8)
}
mempl.plan @p for @wrong {}
mempl.plan @q for @wrong {}

// -----

// Orders of steps, of the program and of a body; residencies count places.

mempl.instance @free
    fast(capacity = 24, alignment = 4, bandwidth = 4.0, max_carried = 0)
    slow(bandwidth = 1.0)
    copy(bandwidth = 1.0, latency = 0.0, max_in = 0, max_out = 0)
    step(overhead = 0.0)
    order = free {
  mempl.value @w input size 8
  mempl.value @t temporary size 8
  mempl.step "s0" compute 1.0 (read @w 8, write @t 8)
  mempl.step "s1" compute 1.0 ()
  mempl.step "s2" compute 1.0 (read @t 8)
  mempl.loop "l" compute 0.0 trips 2 () after [1] {
    mempl.step "u" compute 1.0 ()
    mempl.step "v" compute 1.0 ()
  }
}

mempl.plan @valid for @free order [1, 0, 3, 2] {
  mempl.residency @w at 0 issue 0 ready 1 last 1
  mempl.residency @t at 8 write 1 last 3
  mempl.loop_plan 3 capacity 0 order [0, 1] {}
}

mempl.plan @V3_at_a_place for @free order [1, 0, 3, 2] {
  // expected-error @below {{V3: value 1 (t), place 3 of the order, which is step 2: read from slow memory, where its contents are not valid}}
  mempl.residency @t at 8 write 1 last 2
}

// expected-error @below {{V11: step 2: runs before step 0 (s0), which it depends on}}
mempl.plan @V11 for @free order [1, 2, 0, 3] {
  mempl.residency @w at 1 issue 0 ready 1 last 1
}

// expected-error @below {{V11: step 3: runs before step 1 (s1), which it depends on}}
mempl.plan @V11_after for @free order [0, 3, 1, 2] {}

// expected-error @below {{V11: the order is not a permutation of the 4 steps}}
mempl.plan @V11_short for @free order [0, 1] {}

// expected-error @below {{V11: the order is not a permutation of the 4 steps}}
mempl.plan @V11_range for @free order [0, 1, 2, -4] {}

mempl.plan @V11_body for @free {
  // expected-error @below {{V11: in the loop at step 3: the order of this program is fixed}}
  mempl.loop_plan 3 capacity 0 order [1, 0] {}
}

// -----

mempl.instance @i
    fast(capacity = 24, alignment = 4, bandwidth = 4.0, max_carried = 0)
    slow(bandwidth = 1.0)
    copy(bandwidth = 1.0, latency = 0.0, max_in = 0, max_out = 0)
    step(overhead = 0.0) {
  mempl.step "s0" compute 1.0 ()
  // expected-error @below {{'mempl.step' op after: I11: expected earlier steps, not 1}}
  mempl.step "s1" compute 1.0 () after [0, 1]
}
mempl.plan @p for @i {}
