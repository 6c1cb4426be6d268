// RUN: mempl-opt %s --mempl-solve --split-input-file --verify-diagnostics

// All faults of an instance, each at the op that it is about, and the other
// instances are solved all the same.

// expected-error @below {{'mempl.instance' op fast.capacity: I3: expected a multiple of the alignment of 8, at least 0}}
// expected-error @below {{'mempl.instance' op slow.bandwidth: I2: expected a positive number}}
// expected-error @below {{'mempl.instance' op copy.latency: I2: expected a number of at least 0}}
mempl.instance @wrong
    fast(capacity = 60, alignment = 8, bandwidth = 4.0, max_carried = 0)
    slow(bandwidth = 0.0)
    copy(bandwidth = 1.0, latency = -1.0, max_in = 0, max_out = 0)
    step(overhead = 0.0) {
  mempl.value @w input size 8 space slow
  // expected-error @below {{'mempl.value' op I6: an output that no step writes: o}}
  mempl.value @o output size 8
  // expected-error @below {{'mempl.step' op compute: I1: expected finite seconds of at least 0}}
  mempl.step "s" compute -1.0 (read @w 8)
  // expected-error @below {{'mempl.step' op accesses[1].space: I7: contradicts the space constraint of value 0 (w)}}
  mempl.step "s" compute 1.0 (read @w 8, read @w 8 fast)
  // expected-error @below {{'mempl.loop' op reserved: I8: expected from 0 to the capacity of fast memory, 60 bytes}}
  mempl.loop "l" compute 1.0 reserved 64 trips 2 () {
    mempl.value @h input size 8
    // expected-error @below {{'mempl.step' op accesses[0]: I10: writes value 0 (h), an input of a loop's body}}
    mempl.step "s" compute 1.0 (write @h 8)
    mempl.loop "in it" compute 1.0 trips 2 () {
      // expected-error @below {{'mempl.value' op I6: an output that no step writes: r}}
      mempl.value @r output size 8
      mempl.value @t temporary size 8
      // expected-error @below {{'mempl.step' op accesses[0]: I5: reads value 1 (t), which nothing has written}}
      mempl.step "s" compute 1.0 (read @t 8)
    }
  }
}

// -----

// expected-error @below {{portfolio: too_small: found no way to put into fast memory, of 8 bytes, what is constrained to be there}}
mempl.instance @too_small
    fast(capacity = 8, alignment = 8, bandwidth = 4.0, max_carried = 0)
    slow(bandwidth = 1.0)
    copy(bandwidth = 1.0, latency = 0.0, max_in = 0, max_out = 0)
    step(overhead = 0.0) {
  mempl.value @w input size 16 space fast
  mempl.step "s" compute 1.0 (read @w 16)
}
