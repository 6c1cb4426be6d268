// RUN: mempl-opt %s --pass-pipeline="builtin.module(func.func(mempl-check-placement{capacity=256 alignment=16}))" -allow-unregistered-dialect -split-input-file -verify-diagnostics -o /dev/null

// Loops that carry copies from trip to trip are replayed for the trips in which
// something may be different.

// What a trip needs comes in during the one before.
func.func @ahead(%w: tensor<64xf32>, %o: tensor<16xf32>) -> tensor<16xf32> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %no = mempl.no_copy
  %s0 = tensor.extract_slice %w[0] [16] [1] : tensor<64xf32> to tensor<16xf32>
  %a0 = mempl.alloc <fast> at 0 bytes 64 : tensor<16xf32>
  %t0, %d0 = mempl.copy_start_carried prefetch %s0 to %a0 : tensor<16xf32>
  %r:2 = scf.for %i = %c0 to %c64 step %c16 iter_args(%x = %o, %t = %t0) -> (tensor<16xf32>, !mempl.token) {
    %trip = arith.divui %i, %c16 : index
    %parity = arith.remui %trip, %c2 : index
    %odd = arith.cmpi ne, %parity, %c0 : index
    %even = arith.cmpi eq, %parity, %c0 : index
    %next = arith.addi %i, %c16 : index
    %more = arith.cmpi slt, %next, %c64 : index
    %tn = scf.if %more -> !mempl.token {
      %s = tensor.extract_slice %w[%next] [16] [1] : tensor<64xf32> to tensor<16xf32>
      %a = mempl.alloc <fast> at 0 or 64 if %even bytes 64 : tensor<16xf32>
      %t1, %d1 = mempl.copy_start_carried prefetch %s to %a : tensor<16xf32>
      scf.yield %t1 : !mempl.token
    } else {
      scf.yield %no : !mempl.token
    }
    %slot = mempl.alloc <fast> at 0 or 64 if %odd bytes 64 : tensor<16xf32>
    %b = mempl.copy_wait_carried %t to %slot : tensor<16xf32>
    %y = linalg.add ins(%b, %x : tensor<16xf32>, tensor<16xf32>) outs(%x : tensor<16xf32>) -> tensor<16xf32>
    mempl.release %b : tensor<16xf32>
    scf.yield %y, %tn : tensor<16xf32>, !mempl.token
  }
  return %r#0 : tensor<16xf32>
}

// -----

// The innermost of many loops is not replayed over and over.
func.func @deep(%w: tensor<64xf32>, %o: tensor<16xf32>) -> tensor<16xf32> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %c144 = arith.constant 144 : index
  %no = mempl.no_copy
  %r0:2 = scf.for %i0 = %c0 to %c144 step %c16 iter_args(%u = %o, %n0 = %no) -> (tensor<16xf32>, !mempl.token) {
    %r1:2 = scf.for %i1 = %c0 to %c144 step %c16 iter_args(%v = %u, %n1 = %no) -> (tensor<16xf32>, !mempl.token) {
      %r2:2 = scf.for %i2 = %c0 to %c144 step %c16 iter_args(%z = %v, %n2 = %no) -> (tensor<16xf32>, !mempl.token) {
        %s0 = tensor.extract_slice %w[0] [16] [1] : tensor<64xf32> to tensor<16xf32>
        %a0 = mempl.alloc <fast> at 0 bytes 64 : tensor<16xf32>
        %t0, %d0 = mempl.copy_start_carried prefetch %s0 to %a0 : tensor<16xf32>
        %acc = mempl.alloc <fast> at 128 bytes 64 : tensor<16xf32>
        %r:2 = scf.for %i = %c0 to %c64 step %c16 iter_args(%x = %acc, %t = %t0) -> (tensor<16xf32>, !mempl.token) {
          %trip = arith.divui %i, %c16 : index
          %parity = arith.remui %trip, %c2 : index
          %odd = arith.cmpi ne, %parity, %c0 : index
          %even = arith.cmpi eq, %parity, %c0 : index
          %next = arith.addi %i, %c16 : index
          %more = arith.cmpi slt, %next, %c64 : index
          %tn = scf.if %more -> !mempl.token {
            %s = tensor.extract_slice %w[%next] [16] [1] : tensor<64xf32> to tensor<16xf32>
            %a = mempl.alloc <fast> at 0 or 64 if %even bytes 64 : tensor<16xf32>
            %t1, %d1 = mempl.copy_start_carried prefetch %s to %a : tensor<16xf32>
            scf.yield %t1 : !mempl.token
          } else {
            scf.yield %no : !mempl.token
          }
          %slot = mempl.alloc <fast> at 0 or 64 if %odd bytes 64 : tensor<16xf32>
          %b = mempl.copy_wait_carried %t to %slot : tensor<16xf32>
          %y = linalg.exp ins(%b : tensor<16xf32>) outs(%x : tensor<16xf32>) -> tensor<16xf32>
          mempl.release %b : tensor<16xf32>
          scf.yield %y, %tn : tensor<16xf32>, !mempl.token
        }
        %e = linalg.exp ins(%r#0 : tensor<16xf32>) outs(%z : tensor<16xf32>) -> tensor<16xf32>
        scf.yield %e, %no : tensor<16xf32>, !mempl.token
      }
      scf.yield %r2#0, %no : tensor<16xf32>, !mempl.token
    }
    scf.yield %r1#0, %no : tensor<16xf32>, !mempl.token
  }
  return %r0#0 : tensor<16xf32>
}

// -----

// Numbers of trips and places may come from affine maps.
func.func @affine_maps(%w: tensor<64xf32>, %o: tensor<16xf32>) -> tensor<16xf32> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %end = affine.min affine_map<(d0) -> (d0, 64)>(%c64)
  %no = mempl.no_copy
  %s0 = tensor.extract_slice %w[0] [16] [1] : tensor<64xf32> to tensor<16xf32>
  %a0 = mempl.alloc <fast> at 0 bytes 64 : tensor<16xf32>
  %t0, %d0 = mempl.copy_start_carried prefetch %s0 to %a0 : tensor<16xf32>
  %r:2 = scf.for %i = %c0 to %end step %c16 iter_args(%x = %o, %t = %t0) -> (tensor<16xf32>, !mempl.token) {
    %trip = arith.divui %i, %c16 : index
    %parity = arith.remui %trip, %c2 : index
    %odd = arith.cmpi ne, %parity, %c0 : index
    %even = arith.cmpi eq, %parity, %c0 : index
    %next = affine.apply affine_map<(d0) -> (d0 + 16)>(%i)
    %more = arith.cmpi slt, %next, %end : index
    %tn = scf.if %more -> !mempl.token {
      %s = tensor.extract_slice %w[%next] [16] [1] : tensor<64xf32> to tensor<16xf32>
      %a = mempl.alloc <fast> at 0 or 64 if %even bytes 64 : tensor<16xf32>
      %t1, %d1 = mempl.copy_start_carried prefetch %s to %a : tensor<16xf32>
      scf.yield %t1 : !mempl.token
    } else {
      scf.yield %no : !mempl.token
    }
    %slot = mempl.alloc <fast> at 0 or 64 if %odd bytes 64 : tensor<16xf32>
    %b = mempl.copy_wait_carried %t to %slot : tensor<16xf32>
    %y = linalg.add ins(%b, %x : tensor<16xf32>, tensor<16xf32>) outs(%x : tensor<16xf32>) -> tensor<16xf32>
    mempl.release %b : tensor<16xf32>
    scf.yield %y, %tn : tensor<16xf32>, !mempl.token
  }
  return %r#0 : tensor<16xf32>
}

// -----

// Any number of trips, even none.
func.func @any_trips(%n: index, %w: tensor<64xf32>, %o: tensor<16xf32>) -> tensor<16xf32> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %no = mempl.no_copy
  %s0 = tensor.extract_slice %w[0] [16] [1] : tensor<64xf32> to tensor<16xf32>
  %runs = arith.cmpi slt, %c0, %n : index
  %t0 = scf.if %runs -> !mempl.token {
    %a0 = mempl.alloc <fast> at 0 bytes 64 : tensor<16xf32>
    %tf, %d0 = mempl.copy_start_carried prefetch %s0 to %a0 : tensor<16xf32>
    scf.yield %tf : !mempl.token
  } else {
    scf.yield %no : !mempl.token
  }
  %r:2 = scf.for %i = %c0 to %n step %c16 iter_args(%x = %o, %t = %t0) -> (tensor<16xf32>, !mempl.token) {
    %trip = arith.divui %i, %c16 : index
    %parity = arith.remui %trip, %c2 : index
    %odd = arith.cmpi ne, %parity, %c0 : index
    %even = arith.cmpi eq, %parity, %c0 : index
    %next = arith.addi %i, %c16 : index
    %more = arith.cmpi slt, %next, %n : index
    %tn = scf.if %more -> !mempl.token {
      %s = tensor.extract_slice %w[%next] [16] [1] : tensor<64xf32> to tensor<16xf32>
      %a = mempl.alloc <fast> at 0 or 64 if %even bytes 64 : tensor<16xf32>
      %t1, %d1 = mempl.copy_start_carried prefetch %s to %a : tensor<16xf32>
      scf.yield %t1 : !mempl.token
    } else {
      scf.yield %no : !mempl.token
    }
    %slot = mempl.alloc <fast> at 0 or 64 if %odd bytes 64 : tensor<16xf32>
    %b = mempl.copy_wait_carried %t to %slot : tensor<16xf32>
    %y = linalg.add ins(%b, %x : tensor<16xf32>, tensor<16xf32>) outs(%x : tensor<16xf32>) -> tensor<16xf32>
    mempl.release %b : tensor<16xf32>
    scf.yield %y, %tn : tensor<16xf32>, !mempl.token
  }
  return %r#0 : tensor<16xf32>
}

// -----

// A copy that is started although no trip waits for it.
func.func @unguarded(%n: index, %w: tensor<64xf32>, %o: tensor<16xf32>) -> tensor<16xf32> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %no = mempl.no_copy
  %s0 = tensor.extract_slice %w[0] [16] [1] : tensor<64xf32> to tensor<16xf32>
  %a0 = mempl.alloc <fast> at 0 bytes 64 : tensor<16xf32>
  // expected-error @below {{its copy is not waited for on every path}}
  %t0, %d0 = mempl.copy_start_carried prefetch %s0 to %a0 : tensor<16xf32>
  %r:2 = scf.for %i = %c0 to %n step %c16 iter_args(%x = %o, %t = %t0) -> (tensor<16xf32>, !mempl.token) {
    %trip = arith.divui %i, %c16 : index
    %parity = arith.remui %trip, %c2 : index
    %odd = arith.cmpi ne, %parity, %c0 : index
    %even = arith.cmpi eq, %parity, %c0 : index
    %next = arith.addi %i, %c16 : index
    %more = arith.cmpi slt, %next, %n : index
    %tn = scf.if %more -> !mempl.token {
      %s = tensor.extract_slice %w[%next] [16] [1] : tensor<64xf32> to tensor<16xf32>
      %a = mempl.alloc <fast> at 0 or 64 if %even bytes 64 : tensor<16xf32>
      %t1, %d1 = mempl.copy_start_carried prefetch %s to %a : tensor<16xf32>
      scf.yield %t1 : !mempl.token
    } else {
      scf.yield %no : !mempl.token
    }
    %slot = mempl.alloc <fast> at 0 or 64 if %odd bytes 64 : tensor<16xf32>
    %b = mempl.copy_wait_carried %t to %slot : tensor<16xf32>
    %y = linalg.add ins(%b, %x : tensor<16xf32>, tensor<16xf32>) outs(%x : tensor<16xf32>) -> tensor<16xf32>
    mempl.release %b : tensor<16xf32>
    scf.yield %y, %tn : tensor<16xf32>, !mempl.token
  }
  return %r#0 : tensor<16xf32>
}

// -----

// The same at the end.
func.func @no_condition(%w: tensor<64xf32>, %o: tensor<16xf32>) -> tensor<16xf32> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %true = arith.constant true
  %no = mempl.no_copy
  %s0 = tensor.extract_slice %w[0] [16] [1] : tensor<64xf32> to tensor<16xf32>
  %a0 = mempl.alloc <fast> at 0 bytes 64 : tensor<16xf32>
  %t0, %d0 = mempl.copy_start_carried prefetch %s0 to %a0 : tensor<16xf32>
  %r:2 = scf.for %i = %c0 to %c64 step %c16 iter_args(%x = %o, %t = %t0) -> (tensor<16xf32>, !mempl.token) {
    %trip = arith.divui %i, %c16 : index
    %parity = arith.remui %trip, %c2 : index
    %odd = arith.cmpi ne, %parity, %c0 : index
    %even = arith.cmpi eq, %parity, %c0 : index
    %next = arith.addi %i, %c16 : index
    %more = arith.cmpi slt, %next, %c64 : index
    %tn = scf.if %true -> !mempl.token {
      %s = tensor.extract_slice %w[%next] [16] [1] : tensor<64xf32> to tensor<16xf32>
      %a = mempl.alloc <fast> at 0 or 64 if %even bytes 64 : tensor<16xf32>
      // expected-error @below {{its copy is not waited for on every path}}
      %t1, %d1 = mempl.copy_start_carried prefetch %s to %a : tensor<16xf32>
      scf.yield %t1 : !mempl.token
    } else {
      scf.yield %no : !mempl.token
    }
    %slot = mempl.alloc <fast> at 0 or 64 if %odd bytes 64 : tensor<16xf32>
    %b = mempl.copy_wait_carried %t to %slot : tensor<16xf32>
    %y = linalg.add ins(%b, %x : tensor<16xf32>, tensor<16xf32>) outs(%x : tensor<16xf32>) -> tensor<16xf32>
    mempl.release %b : tensor<16xf32>
    scf.yield %y, %tn : tensor<16xf32>, !mempl.token
  }
  return %r#0 : tensor<16xf32>
}

// -----

// The trip looks for it where the other trips have it.
func.func @other_parity(%w: tensor<64xf32>, %o: tensor<16xf32>) -> tensor<16xf32> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %no = mempl.no_copy
  // expected-note @below {{this is copied}}
  %s0 = tensor.extract_slice %w[0] [16] [1] : tensor<64xf32> to tensor<16xf32>
  %a0 = mempl.alloc <fast> at 0 bytes 64 : tensor<16xf32>
  %t0, %d0 = mempl.copy_start_carried prefetch %s0 to %a0 : tensor<16xf32>
  %r:2 = scf.for %i = %c0 to %c64 step %c16 iter_args(%x = %o, %t = %t0) -> (tensor<16xf32>, !mempl.token) {
    %trip = arith.divui %i, %c16 : index
    %parity = arith.remui %trip, %c2 : index
    %odd = arith.cmpi ne, %parity, %c0 : index
    %even = arith.cmpi eq, %parity, %c0 : index
    %next = arith.addi %i, %c16 : index
    %more = arith.cmpi slt, %next, %c64 : index
    %tn = scf.if %more -> !mempl.token {
      %s = tensor.extract_slice %w[%next] [16] [1] : tensor<64xf32> to tensor<16xf32>
      %a = mempl.alloc <fast> at 0 or 64 if %even bytes 64 : tensor<16xf32>
      %t1, %d1 = mempl.copy_start_carried prefetch %s to %a : tensor<16xf32>
      scf.yield %t1 : !mempl.token
    } else {
      scf.yield %no : !mempl.token
    }
    // expected-note @below {{the storage is this}}
    %slot = mempl.alloc <fast> at 64 or 0 if %odd bytes 64 : tensor<16xf32>
    // expected-error @below {{waits for a copy to other bytes than those of the result}}
    %b = mempl.copy_wait_carried %t to %slot : tensor<16xf32>
    // expected-error @below {{operand 0: uses storage that a copy is still writing}}
    // expected-error @below {{operand 0: reads storage in fast memory that nothing has written}}
    %y = linalg.add ins(%b, %x : tensor<16xf32>, tensor<16xf32>) outs(%x : tensor<16xf32>) -> tensor<16xf32>
    // expected-error @below {{releases storage while a copy of it is under way}}
    mempl.release %b : tensor<16xf32>
    scf.yield %y, %tn : tensor<16xf32>, !mempl.token
  }
  return %r#0 : tensor<16xf32>
}

// -----

// Two places that have bytes in common.
func.func @too_close(%w: tensor<64xf32>, %o: tensor<16xf32>) -> tensor<16xf32> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %no = mempl.no_copy
  // expected-note @below {{this is copied}}
  %s0 = tensor.extract_slice %w[0] [16] [1] : tensor<64xf32> to tensor<16xf32>
  %a0 = mempl.alloc <fast> at 0 bytes 64 : tensor<16xf32>
  %t0, %d0 = mempl.copy_start_carried prefetch %s0 to %a0 : tensor<16xf32>
  %r:2 = scf.for %i = %c0 to %c64 step %c16 iter_args(%x = %o, %t = %t0) -> (tensor<16xf32>, !mempl.token) {
    %trip = arith.divui %i, %c16 : index
    %parity = arith.remui %trip, %c2 : index
    %odd = arith.cmpi ne, %parity, %c0 : index
    %even = arith.cmpi eq, %parity, %c0 : index
    %next = arith.addi %i, %c16 : index
    %more = arith.cmpi slt, %next, %c64 : index
    %tn = scf.if %more -> !mempl.token {
      // expected-note @below {{this is copied}}
      %s = tensor.extract_slice %w[%next] [16] [1] : tensor<64xf32> to tensor<16xf32>
      // expected-error @below {{bytes [48, 112) overlap those of a copy across trips, [0, 64)}}
      // expected-error @below {{bytes [0, 64) overlap those of a copy across trips, [48, 112)}}
      %a = mempl.alloc <fast> at 0 or 48 if %even bytes 64 : tensor<16xf32>
      %t1, %d1 = mempl.copy_start_carried prefetch %s to %a : tensor<16xf32>
      scf.yield %t1 : !mempl.token
    } else {
      scf.yield %no : !mempl.token
    }
    // expected-error @below {{bytes [0, 64) overlap those of a copy across trips, [48, 112)}}
    // expected-error @below {{bytes [48, 112) overlap those of a copy across trips, [0, 64)}}
    %slot = mempl.alloc <fast> at 0 or 48 if %odd bytes 64 : tensor<16xf32>
    %b = mempl.copy_wait_carried %t to %slot : tensor<16xf32>
    %y = linalg.add ins(%b, %x : tensor<16xf32>, tensor<16xf32>) outs(%x : tensor<16xf32>) -> tensor<16xf32>
    mempl.release %b : tensor<16xf32>
    scf.yield %y, %tn : tensor<16xf32>, !mempl.token
  }
  return %r#0 : tensor<16xf32>
}

// -----

// One place for what two trips need.
func.func @one_place(%w: tensor<64xf32>, %o: tensor<16xf32>) -> tensor<16xf32> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %no = mempl.no_copy
  // expected-note @below {{this is copied}}
  %s0 = tensor.extract_slice %w[0] [16] [1] : tensor<64xf32> to tensor<16xf32>
  %a0 = mempl.alloc <fast> at 0 bytes 64 : tensor<16xf32>
  %t0, %d0 = mempl.copy_start_carried prefetch %s0 to %a0 : tensor<16xf32>
  %r:2 = scf.for %i = %c0 to %c64 step %c16 iter_args(%x = %o, %t = %t0) -> (tensor<16xf32>, !mempl.token) {
    %trip = arith.divui %i, %c16 : index
    %parity = arith.remui %trip, %c2 : index
    %odd = arith.cmpi ne, %parity, %c0 : index
    %even = arith.cmpi eq, %parity, %c0 : index
    %next = arith.addi %i, %c16 : index
    %more = arith.cmpi slt, %next, %c64 : index
    %tn = scf.if %more -> !mempl.token {
      // expected-note @below {{this is copied}}
      %s = tensor.extract_slice %w[%next] [16] [1] : tensor<64xf32> to tensor<16xf32>
      // expected-note @below {{the storage is this}}
      // expected-error @below {{bytes [0, 64) overlap those of a copy across trips, [0, 64)}}
      %a = mempl.alloc <fast> at 0 bytes 64 : tensor<16xf32>
      // expected-error @below {{operand 1: uses storage that a copy is still writing}}
      %t1, %d1 = mempl.copy_start_carried prefetch %s to %a : tensor<16xf32>
      scf.yield %t1 : !mempl.token
    } else {
      scf.yield %no : !mempl.token
    }
    // expected-error @below {{bytes [0, 64) overlap those of a copy across trips, [0, 64)}}
    // expected-note @below {{the storage is this}}
    %slot = mempl.alloc <fast> at 0 bytes 64 : tensor<16xf32>
    // expected-error @below {{waits for a copy to other bytes than those of the result}}
    %b = mempl.copy_wait_carried %t to %slot : tensor<16xf32>
    // expected-error @below {{operand 0: uses storage that a copy is still writing}}
    // expected-error @below {{operand 0: reads storage in fast memory that nothing has written}}
    %y = linalg.add ins(%b, %x : tensor<16xf32>, tensor<16xf32>) outs(%x : tensor<16xf32>) -> tensor<16xf32>
    // expected-error @below {{releases storage while a copy of it is under way}}
    mempl.release %b : tensor<16xf32>
    scf.yield %y, %tn : tensor<16xf32>, !mempl.token
  }
  return %r#0 : tensor<16xf32>
}

// -----

// Nobody has started what the first trip waits for.
func.func @no_first(%w: tensor<64xf32>, %o: tensor<16xf32>) -> tensor<16xf32> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %no = mempl.no_copy
  %s0 = tensor.extract_slice %w[0] [16] [1] : tensor<64xf32> to tensor<16xf32>
  %r:2 = scf.for %i = %c0 to %c64 step %c16 iter_args(%x = %o, %t = %no) -> (tensor<16xf32>, !mempl.token) {
    %trip = arith.divui %i, %c16 : index
    %parity = arith.remui %trip, %c2 : index
    %odd = arith.cmpi ne, %parity, %c0 : index
    %even = arith.cmpi eq, %parity, %c0 : index
    %next = arith.addi %i, %c16 : index
    %more = arith.cmpi slt, %next, %c64 : index
    %tn = scf.if %more -> !mempl.token {
      %s = tensor.extract_slice %w[%next] [16] [1] : tensor<64xf32> to tensor<16xf32>
      %a = mempl.alloc <fast> at 0 or 64 if %even bytes 64 : tensor<16xf32>
      %t1, %d1 = mempl.copy_start_carried prefetch %s to %a : tensor<16xf32>
      scf.yield %t1 : !mempl.token
    } else {
      scf.yield %no : !mempl.token
    }
    // expected-note @below {{the storage is this}}
    %slot = mempl.alloc <fast> at 0 or 64 if %odd bytes 64 : tensor<16xf32>
    %b = mempl.copy_wait_carried %t to %slot : tensor<16xf32>
    // expected-error @below {{operand 0: reads storage in fast memory that nothing has written}}
    %y = linalg.add ins(%b, %x : tensor<16xf32>, tensor<16xf32>) outs(%x : tensor<16xf32>) -> tensor<16xf32>
    mempl.release %b : tensor<16xf32>
    scf.yield %y, %tn : tensor<16xf32>, !mempl.token
  }
  return %r#0 : tensor<16xf32>
}

// -----

// It comes to another place than the first trip looks at.
func.func @first_elsewhere(%w: tensor<64xf32>, %o: tensor<16xf32>) -> tensor<16xf32> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %no = mempl.no_copy
  // expected-note @below {{this is copied}}
  %s0 = tensor.extract_slice %w[0] [16] [1] : tensor<64xf32> to tensor<16xf32>
  %a0 = mempl.alloc <fast> at 128 bytes 64 : tensor<16xf32>
  %t0, %d0 = mempl.copy_start_carried prefetch %s0 to %a0 : tensor<16xf32>
  %r:2 = scf.for %i = %c0 to %c64 step %c16 iter_args(%x = %o, %t = %t0) -> (tensor<16xf32>, !mempl.token) {
    %trip = arith.divui %i, %c16 : index
    %parity = arith.remui %trip, %c2 : index
    %odd = arith.cmpi ne, %parity, %c0 : index
    %even = arith.cmpi eq, %parity, %c0 : index
    %next = arith.addi %i, %c16 : index
    %more = arith.cmpi slt, %next, %c64 : index
    %tn = scf.if %more -> !mempl.token {
      %s = tensor.extract_slice %w[%next] [16] [1] : tensor<64xf32> to tensor<16xf32>
      %a = mempl.alloc <fast> at 0 or 64 if %even bytes 64 : tensor<16xf32>
      %t1, %d1 = mempl.copy_start_carried prefetch %s to %a : tensor<16xf32>
      scf.yield %t1 : !mempl.token
    } else {
      scf.yield %no : !mempl.token
    }
    // expected-note @below {{the storage is this}}
    %slot = mempl.alloc <fast> at 0 or 64 if %odd bytes 64 : tensor<16xf32>
    // expected-error @below {{waits for a copy to other bytes than those of the result}}
    %b = mempl.copy_wait_carried %t to %slot : tensor<16xf32>
    // expected-error @below {{operand 0: reads storage in fast memory that nothing has written}}
    %y = linalg.add ins(%b, %x : tensor<16xf32>, tensor<16xf32>) outs(%x : tensor<16xf32>) -> tensor<16xf32>
    mempl.release %b : tensor<16xf32>
    scf.yield %y, %tn : tensor<16xf32>, !mempl.token
  }
  return %r#0 : tensor<16xf32>
}

// -----

// Each trip waits for the copy of the first.
func.func @same_token(%w: tensor<64xf32>, %o: tensor<16xf32>) -> tensor<16xf32> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %no = mempl.no_copy
  // expected-note @below {{this is copied}}
  %s0 = tensor.extract_slice %w[0] [16] [1] : tensor<64xf32> to tensor<16xf32>
  %a0 = mempl.alloc <fast> at 0 bytes 64 : tensor<16xf32>
  %t0, %d0 = mempl.copy_start_carried prefetch %s0 to %a0 : tensor<16xf32>
  %r:2 = scf.for %i = %c0 to %c64 step %c16 iter_args(%x = %o, %t = %t0) -> (tensor<16xf32>, !mempl.token) {
    %trip = arith.divui %i, %c16 : index
    %parity = arith.remui %trip, %c2 : index
    %odd = arith.cmpi ne, %parity, %c0 : index
    %even = arith.cmpi eq, %parity, %c0 : index
    %next = arith.addi %i, %c16 : index
    %more = arith.cmpi slt, %next, %c64 : index
    %tn = scf.if %more -> !mempl.token {
      // expected-note @below {{this is copied}}
      %s = tensor.extract_slice %w[%next] [16] [1] : tensor<64xf32> to tensor<16xf32>
      // expected-error @below {{bytes [64, 128) overlap those of a copy across trips, [64, 128)}}
      %a = mempl.alloc <fast> at 0 or 64 if %even bytes 64 : tensor<16xf32>
      // expected-error @below {{its copy is not waited for on every path}}
      %t1, %d1 = mempl.copy_start_carried prefetch %s to %a : tensor<16xf32>
      scf.yield %t1 : !mempl.token
    } else {
      scf.yield %no : !mempl.token
    }
    // expected-note @below {{the storage is this}}
    // expected-error @below {{bytes [64, 128) overlap those of a copy across trips, [64, 128)}}
    %slot = mempl.alloc <fast> at 0 or 64 if %odd bytes 64 : tensor<16xf32>
    // expected-error @below {{waits for a copy that was waited for before}}
    %b = mempl.copy_wait_carried %t to %slot : tensor<16xf32>
    // expected-error @below {{operand 0: uses storage that a copy is still writing}}
    // expected-error @below {{operand 0: reads storage in fast memory that nothing has written}}
    %y = linalg.add ins(%b, %x : tensor<16xf32>, tensor<16xf32>) outs(%x : tensor<16xf32>) -> tensor<16xf32>
    // expected-error @below {{releases storage while a copy of it is under way}}
    mempl.release %b : tensor<16xf32>
    scf.yield %y, %t : tensor<16xf32>, !mempl.token
  }
  return %r#0 : tensor<16xf32>
}

// -----

// Nobody waits.
func.func @no_wait(%w: tensor<64xf32>, %o: tensor<16xf32>) -> tensor<16xf32> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %no = mempl.no_copy
  // expected-note @below {{this is copied}}
  %s0 = tensor.extract_slice %w[0] [16] [1] : tensor<64xf32> to tensor<16xf32>
  %a0 = mempl.alloc <fast> at 0 bytes 64 : tensor<16xf32>
  // expected-error @below {{its copy is not waited for on every path}}
  %t0, %d0 = mempl.copy_start_carried prefetch %s0 to %a0 : tensor<16xf32>
  %r:2 = scf.for %i = %c0 to %c64 step %c16 iter_args(%x = %o, %t = %t0) -> (tensor<16xf32>, !mempl.token) {
    %trip = arith.divui %i, %c16 : index
    %parity = arith.remui %trip, %c2 : index
    %odd = arith.cmpi ne, %parity, %c0 : index
    %even = arith.cmpi eq, %parity, %c0 : index
    %next = arith.addi %i, %c16 : index
    %more = arith.cmpi slt, %next, %c64 : index
    %tn = scf.if %more -> !mempl.token {
      // expected-note @below {{this is copied}}
      %s = tensor.extract_slice %w[%next] [16] [1] : tensor<64xf32> to tensor<16xf32>
      // expected-error @below {{bytes [0, 64) overlap those of a copy across trips, [0, 64)}}
      // expected-error @below {{bytes [64, 128) overlap those of a copy across trips, [64, 128)}}
      %a = mempl.alloc <fast> at 0 or 64 if %even bytes 64 : tensor<16xf32>
      // expected-error @below {{its copy is not waited for on every path}}
      %t1, %d1 = mempl.copy_start_carried prefetch %s to %a : tensor<16xf32>
      scf.yield %t1 : !mempl.token
    } else {
      scf.yield %no : !mempl.token
    }
    // expected-note @below {{the storage is this}}
    // expected-error @below {{bytes [0, 64) overlap those of a copy across trips, [0, 64)}}
    // expected-error @below {{bytes [64, 128) overlap those of a copy across trips, [64, 128)}}
    %slot = mempl.alloc <fast> at 0 or 64 if %odd bytes 64 : tensor<16xf32>
    // expected-error @below {{operand 0: uses storage that a copy is still writing}}
    // expected-error @below {{operand 0: reads storage in fast memory that nothing has written}}
    %y = linalg.add ins(%slot, %x : tensor<16xf32>, tensor<16xf32>) outs(%x : tensor<16xf32>) -> tensor<16xf32>
    // expected-error @below {{releases storage while a copy of it is under way}}
    mempl.release %slot : tensor<16xf32>
    scf.yield %y, %tn : tensor<16xf32>, !mempl.token
  }
  return %r#0 : tensor<16xf32>
}

// -----

// What is on its way is of no use yet.
func.func @use_of_copy(%w: tensor<64xf32>, %o: tensor<16xf32>) -> tensor<16xf32> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %no = mempl.no_copy
  %s0 = tensor.extract_slice %w[0] [16] [1] : tensor<64xf32> to tensor<16xf32>
  // expected-note @below {{the storage is this}}
  %a0 = mempl.alloc <fast> at 0 bytes 64 : tensor<16xf32>
  %t0, %d0 = mempl.copy_start_carried prefetch %s0 to %a0 : tensor<16xf32>
  %r:2 = scf.for %i = %c0 to %c64 step %c16 iter_args(%x = %o, %t = %t0) -> (tensor<16xf32>, !mempl.token) {
    %trip = arith.divui %i, %c16 : index
    %parity = arith.remui %trip, %c2 : index
    %odd = arith.cmpi ne, %parity, %c0 : index
    %even = arith.cmpi eq, %parity, %c0 : index
    %next = arith.addi %i, %c16 : index
    %more = arith.cmpi slt, %next, %c64 : index
    %tn = scf.if %more -> !mempl.token {
      %s = tensor.extract_slice %w[%next] [16] [1] : tensor<64xf32> to tensor<16xf32>
      %a = mempl.alloc <fast> at 0 or 64 if %even bytes 64 : tensor<16xf32>
      %t1, %d1 = mempl.copy_start_carried prefetch %s to %a : tensor<16xf32>
      scf.yield %t1 : !mempl.token
    } else {
      scf.yield %no : !mempl.token
    }
    // expected-error @below {{operand 0: uses storage that a copy is still writing}}
    %y0 = linalg.add ins(%d0, %x : tensor<16xf32>, tensor<16xf32>) outs(%x : tensor<16xf32>) -> tensor<16xf32>
    %slot = mempl.alloc <fast> at 0 or 64 if %odd bytes 64 : tensor<16xf32>
    %b = mempl.copy_wait_carried %t to %slot : tensor<16xf32>
    %y = linalg.add ins(%b, %y0 : tensor<16xf32>, tensor<16xf32>) outs(%y0 : tensor<16xf32>) -> tensor<16xf32>
    mempl.release %b : tensor<16xf32>
    scf.yield %y, %tn : tensor<16xf32>, !mempl.token
  }
  return %r#0 : tensor<16xf32>
}

// -----

// A kernel needs the bytes that a copy moves to.
func.func @reserved(%w: tensor<64xf32>, %o: tensor<16xf32>) -> tensor<16xf32> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %no = mempl.no_copy
  // expected-note @below {{this is copied}}
  %s0 = tensor.extract_slice %w[0] [16] [1] : tensor<64xf32> to tensor<16xf32>
  %a0 = mempl.alloc <fast> at 0 bytes 64 : tensor<16xf32>
  %t0, %d0 = mempl.copy_start_carried prefetch %s0 to %a0 : tensor<16xf32>
  %r:2 = scf.for %i = %c0 to %c64 step %c16 iter_args(%x = %o, %t = %t0) -> (tensor<16xf32>, !mempl.token) {
    %trip = arith.divui %i, %c16 : index
    %parity = arith.remui %trip, %c2 : index
    %odd = arith.cmpi ne, %parity, %c0 : index
    %even = arith.cmpi eq, %parity, %c0 : index
    %next = arith.addi %i, %c16 : index
    %more = arith.cmpi slt, %next, %c64 : index
    %tn = scf.if %more -> !mempl.token {
      %s = tensor.extract_slice %w[%next] [16] [1] : tensor<64xf32> to tensor<16xf32>
      %a = mempl.alloc <fast> at 0 or 64 if %even bytes 64 : tensor<16xf32>
      %t1, %d1 = mempl.copy_start_carried prefetch %s to %a : tensor<16xf32>
      scf.yield %t1 : !mempl.token
    } else {
      scf.yield %no : !mempl.token
    }
    // expected-error @below {{reserves bytes [0, 64), but [0, 64) is in use}}
    mempl.kernel "k"() {reserved = 64 : i64} : () -> ()
    %slot = mempl.alloc <fast> at 0 or 64 if %odd bytes 64 : tensor<16xf32>
    %b = mempl.copy_wait_carried %t to %slot : tensor<16xf32>
    %y = linalg.add ins(%b, %x : tensor<16xf32>, tensor<16xf32>) outs(%x : tensor<16xf32>) -> tensor<16xf32>
    mempl.release %b : tensor<16xf32>
    scf.yield %y, %tn : tensor<16xf32>, !mempl.token
  }
  return %r#0 : tensor<16xf32>
}

// -----

// In trips that are not known.
func.func @unknown_trips(%p: i1, %w: tensor<64xf32>, %o: tensor<16xf32>) -> tensor<16xf32> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %no = mempl.no_copy
  %s0 = tensor.extract_slice %w[0] [16] [1] : tensor<64xf32> to tensor<16xf32>
  %a0 = mempl.alloc <fast> at 0 bytes 64 : tensor<16xf32>
  %t0, %d0 = mempl.copy_start_carried prefetch %s0 to %a0 : tensor<16xf32>
  %r:2 = scf.for %i = %c0 to %c64 step %c16 iter_args(%x = %o, %t = %t0) -> (tensor<16xf32>, !mempl.token) {
    %trip = arith.divui %i, %c16 : index
    %parity = arith.remui %trip, %c2 : index
    %odd = arith.cmpi ne, %parity, %c0 : index
    %even = arith.cmpi eq, %parity, %c0 : index
    %next = arith.addi %i, %c16 : index
    %more = arith.cmpi slt, %next, %c64 : index
    // expected-error @below {{starts copies or waits for them, and it is not known in which trips}}
    %tn = scf.if %p -> !mempl.token {
      %s = tensor.extract_slice %w[%next] [16] [1] : tensor<64xf32> to tensor<16xf32>
      %a = mempl.alloc <fast> at 0 or 64 if %even bytes 64 : tensor<16xf32>
      %t1, %d1 = mempl.copy_start_carried prefetch %s to %a : tensor<16xf32>
      scf.yield %t1 : !mempl.token
    } else {
      scf.yield %no : !mempl.token
    }
    // expected-note @below {{the storage is this}}
    %slot = mempl.alloc <fast> at 0 or 64 if %odd bytes 64 : tensor<16xf32>
    // expected-error @below {{waits for a copy that is not known}}
    %b = mempl.copy_wait_carried %t to %slot : tensor<16xf32>
    // expected-error @below {{operand 0: reads storage in fast memory that nothing has written}}
    %y = linalg.add ins(%b, %x : tensor<16xf32>, tensor<16xf32>) outs(%x : tensor<16xf32>) -> tensor<16xf32>
    mempl.release %b : tensor<16xf32>
    scf.yield %y, %tn : tensor<16xf32>, !mempl.token
  }
  return %r#0 : tensor<16xf32>
}

// -----

// What a trip makes goes out during the next one.
func.func @behind(%z: f32, %o: tensor<64xf32>) -> tensor<64xf32> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %no = mempl.no_copy
  %r:2 = scf.for %i = %c0 to %c64 step %c16 iter_args(%x = %o, %u = %no) -> (tensor<64xf32>, !mempl.token) {
    %trip = arith.divui %i, %c16 : index
    %parity = arith.remui %trip, %c2 : index
    %odd = arith.cmpi ne, %parity, %c0 : index
    %y = mempl.alloc <fast> at 0 or 64 if %odd bytes 64 : tensor<16xf32>
    %e = linalg.fill ins(%z : f32) outs(%y : tensor<16xf32>) -> tensor<16xf32>
    mempl.copy_wait_carried %u
    %s = tensor.extract_slice %x[%i] [16] [1] : tensor<64xf32> to tensor<16xf32>
    %v, %s1 = mempl.copy_start_carried evict %e to %s : tensor<16xf32>
    %x1 = tensor.insert_slice %s1 into %x[%i] [16] [1] : tensor<16xf32> into tensor<64xf32>
    scf.yield %x1, %v : tensor<64xf32>, !mempl.token
  }
  mempl.copy_wait_carried %r#1
  return %r#0 : tensor<64xf32>
}

// -----

// What goes out has to be something.
func.func @nothing_to_store(%o: tensor<16xf32>) -> tensor<16xf32> {
  // expected-note @below {{the storage is this}}
  %a = mempl.alloc <fast> at 0 bytes 64 : tensor<16xf32>
  // expected-error @below {{operand 0: reads storage in fast memory that nothing has written}}
  %t, %d = mempl.copy_start_carried evict %a to %o : tensor<16xf32>
  mempl.copy_wait_carried %t
  return %d : tensor<16xf32>
}

// -----

// Nobody waits for the copy of the last trip.
func.func @no_last_wait(%z: f32, %o: tensor<64xf32>) -> tensor<64xf32> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %no = mempl.no_copy
  %r:2 = scf.for %i = %c0 to %c64 step %c16 iter_args(%x = %o, %u = %no) -> (tensor<64xf32>, !mempl.token) {
    %trip = arith.divui %i, %c16 : index
    %parity = arith.remui %trip, %c2 : index
    %odd = arith.cmpi ne, %parity, %c0 : index
    %y = mempl.alloc <fast> at 0 or 64 if %odd bytes 64 : tensor<16xf32>
    %e = linalg.fill ins(%z : f32) outs(%y : tensor<16xf32>) -> tensor<16xf32>
    mempl.copy_wait_carried %u
    %s = tensor.extract_slice %x[%i] [16] [1] : tensor<64xf32> to tensor<16xf32>
    // expected-error @below {{its copy is not waited for on every path}}
    %v, %s1 = mempl.copy_start_carried evict %e to %s : tensor<16xf32>
    %x1 = tensor.insert_slice %s1 into %x[%i] [16] [1] : tensor<16xf32> into tensor<64xf32>
    scf.yield %x1, %v : tensor<64xf32>, !mempl.token
  }
  return %r#0 : tensor<64xf32>
}

// -----

// It is waited for twice.
func.func @twice(%z: f32, %o: tensor<64xf32>) -> tensor<64xf32> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %no = mempl.no_copy
  %r:2 = scf.for %i = %c0 to %c64 step %c16 iter_args(%x = %o, %u = %no) -> (tensor<64xf32>, !mempl.token) {
    %trip = arith.divui %i, %c16 : index
    %parity = arith.remui %trip, %c2 : index
    %odd = arith.cmpi ne, %parity, %c0 : index
    %y = mempl.alloc <fast> at 0 or 64 if %odd bytes 64 : tensor<16xf32>
    // expected-note @below {{this is copied}}
    %e = linalg.fill ins(%z : f32) outs(%y : tensor<16xf32>) -> tensor<16xf32>
    mempl.copy_wait_carried %u
    %s = tensor.extract_slice %x[%i] [16] [1] : tensor<64xf32> to tensor<16xf32>
    %v, %s1 = mempl.copy_start_carried evict %e to %s : tensor<16xf32>
    %x1 = tensor.insert_slice %s1 into %x[%i] [16] [1] : tensor<16xf32> into tensor<64xf32>
    scf.yield %x1, %v : tensor<64xf32>, !mempl.token
  }
  mempl.copy_wait_carried %r#1
  // expected-error @below {{waits for a copy that was waited for before}}
  mempl.copy_wait_carried %r#1
  return %r#0 : tensor<64xf32>
}

// -----

// Its bytes are free when it is waited for, and no sooner.
func.func @one_offset(%z: f32, %o: tensor<64xf32>) -> tensor<64xf32> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %no = mempl.no_copy
  %r:2 = scf.for %i = %c0 to %c64 step %c16 iter_args(%x = %o, %u = %no) -> (tensor<64xf32>, !mempl.token) {
    %trip = arith.divui %i, %c16 : index
    %parity = arith.remui %trip, %c2 : index
    %odd = arith.cmpi ne, %parity, %c0 : index
    // expected-error @below {{bytes [0, 64) overlap those of a copy across trips, [0, 64)}}
    %y = mempl.alloc <fast> at 0 bytes 64 : tensor<16xf32>
    // expected-note @below {{this is copied}}
    %e = linalg.fill ins(%z : f32) outs(%y : tensor<16xf32>) -> tensor<16xf32>
    mempl.copy_wait_carried %u
    %s = tensor.extract_slice %x[%i] [16] [1] : tensor<64xf32> to tensor<16xf32>
    %v, %s1 = mempl.copy_start_carried evict %e to %s : tensor<16xf32>
    %x1 = tensor.insert_slice %s1 into %x[%i] [16] [1] : tensor<16xf32> into tensor<64xf32>
    scf.yield %x1, %v : tensor<64xf32>, !mempl.token
  }
  mempl.copy_wait_carried %r#1
  return %r#0 : tensor<64xf32>
}

// -----

func.func @released(%z: f32, %o: tensor<64xf32>) -> tensor<64xf32> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %no = mempl.no_copy
  %r:2 = scf.for %i = %c0 to %c64 step %c16 iter_args(%x = %o, %u = %no) -> (tensor<64xf32>, !mempl.token) {
    %trip = arith.divui %i, %c16 : index
    %parity = arith.remui %trip, %c2 : index
    %odd = arith.cmpi ne, %parity, %c0 : index
    %y = mempl.alloc <fast> at 0 or 64 if %odd bytes 64 : tensor<16xf32>
    %e = linalg.fill ins(%z : f32) outs(%y : tensor<16xf32>) -> tensor<16xf32>
    mempl.copy_wait_carried %u
    %s = tensor.extract_slice %x[%i] [16] [1] : tensor<64xf32> to tensor<16xf32>
    %v, %s1 = mempl.copy_start_carried evict %e to %s : tensor<16xf32>
    // expected-error @below {{releases storage while a copy of it is under way}}
    mempl.release %e : tensor<16xf32>
    %x1 = tensor.insert_slice %s1 into %x[%i] [16] [1] : tensor<16xf32> into tensor<64xf32>
    scf.yield %x1, %v : tensor<64xf32>, !mempl.token
  }
  mempl.copy_wait_carried %r#1
  return %r#0 : tensor<64xf32>
}

// -----

func.func @written(%z: f32, %o: tensor<64xf32>) -> tensor<64xf32> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %no = mempl.no_copy
  %r:2 = scf.for %i = %c0 to %c64 step %c16 iter_args(%x = %o, %u = %no) -> (tensor<64xf32>, !mempl.token) {
    %trip = arith.divui %i, %c16 : index
    %parity = arith.remui %trip, %c2 : index
    %odd = arith.cmpi ne, %parity, %c0 : index
    // expected-note @below {{the storage is this}}
    %y = mempl.alloc <fast> at 0 or 64 if %odd bytes 64 : tensor<16xf32>
    %e = linalg.fill ins(%z : f32) outs(%y : tensor<16xf32>) -> tensor<16xf32>
    mempl.copy_wait_carried %u
    %s = tensor.extract_slice %x[%i] [16] [1] : tensor<64xf32> to tensor<16xf32>
    %v, %s1 = mempl.copy_start_carried evict %e to %s : tensor<16xf32>
    // expected-error @below {{operand 1: writes storage that a copy is still reading}}
    %f = linalg.exp ins(%e : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
    %x1 = tensor.insert_slice %s1 into %x[%i] [16] [1] : tensor<16xf32> into tensor<64xf32>
    scf.yield %x1, %v : tensor<64xf32>, !mempl.token
  }
  mempl.copy_wait_carried %r#1
  return %r#0 : tensor<64xf32>
}

// -----

// What is not there yet is read.
// expected-note @below {{the storage is this}}
func.func @read_behind(%z: f32, %o: tensor<64xf32>) -> tensor<64xf32> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %no = mempl.no_copy
  %r:2 = scf.for %i = %c0 to %c64 step %c16 iter_args(%x = %o, %u = %no) -> (tensor<64xf32>, !mempl.token) {
    %trip = arith.divui %i, %c16 : index
    %parity = arith.remui %trip, %c2 : index
    %odd = arith.cmpi ne, %parity, %c0 : index
    %y = mempl.alloc <fast> at 0 or 64 if %odd bytes 64 : tensor<16xf32>
    %e = linalg.fill ins(%z : f32) outs(%y : tensor<16xf32>) -> tensor<16xf32>
    %before = arith.subi %i, %c16 : index
    %sb = tensor.extract_slice %x[%before] [16] [1] : tensor<64xf32> to tensor<16xf32>
    // expected-error @below {{operand 0: uses storage that a copy is still writing}}
    %g = linalg.add ins(%sb, %e : tensor<16xf32>, tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
    mempl.copy_wait_carried %u
    %s = tensor.extract_slice %x[%i] [16] [1] : tensor<64xf32> to tensor<16xf32>
    %v, %s1 = mempl.copy_start_carried evict %g to %s : tensor<16xf32>
    %x1 = tensor.insert_slice %s1 into %x[%i] [16] [1] : tensor<16xf32> into tensor<64xf32>
    scf.yield %x1, %v : tensor<64xf32>, !mempl.token
  }
  mempl.copy_wait_carried %r#1
  return %r#0 : tensor<64xf32>
}

// -----

// The part of this trip is another one.
func.func @read_own(%z: f32, %o: tensor<64xf32>) -> tensor<64xf32> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %no = mempl.no_copy
  %r:2 = scf.for %i = %c0 to %c64 step %c16 iter_args(%x = %o, %u = %no) -> (tensor<64xf32>, !mempl.token) {
    %trip = arith.divui %i, %c16 : index
    %parity = arith.remui %trip, %c2 : index
    %odd = arith.cmpi ne, %parity, %c0 : index
    %y = mempl.alloc <fast> at 0 or 64 if %odd bytes 64 : tensor<16xf32>
    %e = linalg.fill ins(%z : f32) outs(%y : tensor<16xf32>) -> tensor<16xf32>
    %so = tensor.extract_slice %x[%i] [16] [1] : tensor<64xf32> to tensor<16xf32>
    %g = linalg.add ins(%so, %e : tensor<16xf32>, tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
    mempl.copy_wait_carried %u
    %s = tensor.extract_slice %x[%i] [16] [1] : tensor<64xf32> to tensor<16xf32>
    %v, %s1 = mempl.copy_start_carried evict %g to %s : tensor<16xf32>
    %x1 = tensor.insert_slice %s1 into %x[%i] [16] [1] : tensor<16xf32> into tensor<64xf32>
    scf.yield %x1, %v : tensor<64xf32>, !mempl.token
  }
  mempl.copy_wait_carried %r#1
  return %r#0 : tensor<64xf32>
}

// -----

// The same on buffers.
func.func @on_buffers(%w: memref<64xf32>, %o: memref<64xf32>) {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %no = mempl.no_copy
  %s0 = memref.subview %w[0] [16] [1] : memref<64xf32> to memref<16xf32, strided<[1]>>
  %a0 = mempl.alloc <fast> at 0 bytes 64 : memref<16xf32, #mempl.space<fast>>
  %t0 = mempl.copy_start_carried prefetch %s0 to %a0 : memref<16xf32, strided<[1]>> to memref<16xf32, #mempl.space<fast>>
  %r:2 = scf.for %i = %c0 to %c64 step %c16 iter_args(%t = %t0, %u = %no) -> (!mempl.token, !mempl.token) {
    %trip = arith.divui %i, %c16 : index
    %parity = arith.remui %trip, %c2 : index
    %odd = arith.cmpi ne, %parity, %c0 : index
    %even = arith.cmpi eq, %parity, %c0 : index
    %next = arith.addi %i, %c16 : index
    %more = arith.cmpi slt, %next, %c64 : index
    %s = memref.subview %w[%next] [16] [1] : memref<64xf32> to memref<16xf32, strided<[1], offset: ?>>
    %so = memref.subview %o[%i] [16] [1] : memref<64xf32> to memref<16xf32, strided<[1], offset: ?>>
    %tn = scf.if %more -> !mempl.token {
      %a = mempl.alloc <fast> at 0 or 64 if %even bytes 64 : memref<16xf32, #mempl.space<fast>>
      %t1 = mempl.copy_start_carried prefetch %s to %a : memref<16xf32, strided<[1], offset: ?>> to memref<16xf32, #mempl.space<fast>>
      scf.yield %t1 : !mempl.token
    } else {
      scf.yield %no : !mempl.token
    }
    %b = mempl.alloc <fast> at 0 or 64 if %odd bytes 64 : memref<16xf32, #mempl.space<fast>>
    mempl.copy_wait_carried %t
    %y = mempl.alloc <fast> at 128 or 192 if %odd bytes 64 : memref<16xf32, #mempl.space<fast>>
    linalg.exp ins(%b : memref<16xf32, #mempl.space<fast>>) outs(%y : memref<16xf32, #mempl.space<fast>>)
    mempl.release %b : memref<16xf32, #mempl.space<fast>>
    mempl.copy_wait_carried %u
    %v = mempl.copy_start_carried evict %y to %so : memref<16xf32, #mempl.space<fast>> to memref<16xf32, strided<[1], offset: ?>>
    scf.yield %tn, %v : !mempl.token, !mempl.token
  }
  mempl.copy_wait_carried %r#1
  return
}

// -----

func.func @early_read(%w: memref<64xf32>, %o: memref<64xf32>) {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %no = mempl.no_copy
  %s0 = memref.subview %w[0] [16] [1] : memref<64xf32> to memref<16xf32, strided<[1]>>
  %a0 = mempl.alloc <fast> at 0 bytes 64 : memref<16xf32, #mempl.space<fast>>
  %t0 = mempl.copy_start_carried prefetch %s0 to %a0 : memref<16xf32, strided<[1]>> to memref<16xf32, #mempl.space<fast>>
  %r:2 = scf.for %i = %c0 to %c64 step %c16 iter_args(%t = %t0, %u = %no) -> (!mempl.token, !mempl.token) {
    %trip = arith.divui %i, %c16 : index
    %parity = arith.remui %trip, %c2 : index
    %odd = arith.cmpi ne, %parity, %c0 : index
    %even = arith.cmpi eq, %parity, %c0 : index
    %next = arith.addi %i, %c16 : index
    %more = arith.cmpi slt, %next, %c64 : index
    %s = memref.subview %w[%next] [16] [1] : memref<64xf32> to memref<16xf32, strided<[1], offset: ?>>
    %so = memref.subview %o[%i] [16] [1] : memref<64xf32> to memref<16xf32, strided<[1], offset: ?>>
    %tn = scf.if %more -> !mempl.token {
      %a = mempl.alloc <fast> at 0 or 64 if %even bytes 64 : memref<16xf32, #mempl.space<fast>>
      %t1 = mempl.copy_start_carried prefetch %s to %a : memref<16xf32, strided<[1], offset: ?>> to memref<16xf32, #mempl.space<fast>>
      scf.yield %t1 : !mempl.token
    } else {
      scf.yield %no : !mempl.token
    }
    // expected-note @below {{the storage is this}}
    %b = mempl.alloc <fast> at 0 or 64 if %odd bytes 64 : memref<16xf32, #mempl.space<fast>>
    %y = mempl.alloc <fast> at 128 or 192 if %odd bytes 64 : memref<16xf32, #mempl.space<fast>>
    // expected-error @below {{operand 0: uses storage that a copy is still writing}}
    // expected-error @below {{operand 0: reads storage in fast memory that nothing has written}}
    linalg.exp ins(%b : memref<16xf32, #mempl.space<fast>>) outs(%y : memref<16xf32, #mempl.space<fast>>)
    mempl.copy_wait_carried %t
    mempl.release %b : memref<16xf32, #mempl.space<fast>>
    mempl.copy_wait_carried %u
    %v = mempl.copy_start_carried evict %y to %so : memref<16xf32, #mempl.space<fast>> to memref<16xf32, strided<[1], offset: ?>>
    scf.yield %tn, %v : !mempl.token, !mempl.token
  }
  mempl.copy_wait_carried %r#1
  return
}

// -----

// expected-note @below {{the storage is this}}
func.func @written_source(%w: memref<64xf32>, %o: memref<64xf32>) {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %no = mempl.no_copy
  %s0 = memref.subview %w[0] [16] [1] : memref<64xf32> to memref<16xf32, strided<[1]>>
  %a0 = mempl.alloc <fast> at 0 bytes 64 : memref<16xf32, #mempl.space<fast>>
  %t0 = mempl.copy_start_carried prefetch %s0 to %a0 : memref<16xf32, strided<[1]>> to memref<16xf32, #mempl.space<fast>>
  %r:2 = scf.for %i = %c0 to %c64 step %c16 iter_args(%t = %t0, %u = %no) -> (!mempl.token, !mempl.token) {
    %trip = arith.divui %i, %c16 : index
    %parity = arith.remui %trip, %c2 : index
    %odd = arith.cmpi ne, %parity, %c0 : index
    %even = arith.cmpi eq, %parity, %c0 : index
    %next = arith.addi %i, %c16 : index
    %more = arith.cmpi slt, %next, %c64 : index
    %s = memref.subview %w[%next] [16] [1] : memref<64xf32> to memref<16xf32, strided<[1], offset: ?>>
    %so = memref.subview %o[%i] [16] [1] : memref<64xf32> to memref<16xf32, strided<[1], offset: ?>>
    %tn = scf.if %more -> !mempl.token {
      %a = mempl.alloc <fast> at 0 or 64 if %even bytes 64 : memref<16xf32, #mempl.space<fast>>
      %t1 = mempl.copy_start_carried prefetch %s to %a : memref<16xf32, strided<[1], offset: ?>> to memref<16xf32, #mempl.space<fast>>
      scf.yield %t1 : !mempl.token
    } else {
      scf.yield %no : !mempl.token
    }
    %b = mempl.alloc <fast> at 0 or 64 if %odd bytes 64 : memref<16xf32, #mempl.space<fast>>
    mempl.copy_wait_carried %t
    %y = mempl.alloc <fast> at 128 or 192 if %odd bytes 64 : memref<16xf32, #mempl.space<fast>>
    linalg.exp ins(%b : memref<16xf32, #mempl.space<fast>>) outs(%y : memref<16xf32, #mempl.space<fast>>)
    // expected-error @below {{operand 1: writes storage that a copy is still reading}}
    linalg.exp ins(%b : memref<16xf32, #mempl.space<fast>>) outs(%s : memref<16xf32, strided<[1], offset: ?>>)
    mempl.release %b : memref<16xf32, #mempl.space<fast>>
    mempl.copy_wait_carried %u
    %v = mempl.copy_start_carried evict %y to %so : memref<16xf32, #mempl.space<fast>> to memref<16xf32, strided<[1], offset: ?>>
    scf.yield %tn, %v : !mempl.token, !mempl.token
  }
  mempl.copy_wait_carried %r#1
  return
}

// -----

func.func @other_token(%w: memref<64xf32>, %o: memref<64xf32>) {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %no = mempl.no_copy
  %s0 = memref.subview %w[0] [16] [1] : memref<64xf32> to memref<16xf32, strided<[1]>>
  %a0 = mempl.alloc <fast> at 0 bytes 64 : memref<16xf32, #mempl.space<fast>>
  %t0 = mempl.copy_start_carried prefetch %s0 to %a0 : memref<16xf32, strided<[1]>> to memref<16xf32, #mempl.space<fast>>
  %r:2 = scf.for %i = %c0 to %c64 step %c16 iter_args(%t = %t0, %u = %no) -> (!mempl.token, !mempl.token) {
    %trip = arith.divui %i, %c16 : index
    %parity = arith.remui %trip, %c2 : index
    %odd = arith.cmpi ne, %parity, %c0 : index
    %even = arith.cmpi eq, %parity, %c0 : index
    %next = arith.addi %i, %c16 : index
    %more = arith.cmpi slt, %next, %c64 : index
    %s = memref.subview %w[%next] [16] [1] : memref<64xf32> to memref<16xf32, strided<[1], offset: ?>>
    %so = memref.subview %o[%i] [16] [1] : memref<64xf32> to memref<16xf32, strided<[1], offset: ?>>
    %tn = scf.if %more -> !mempl.token {
      %a = mempl.alloc <fast> at 0 or 64 if %even bytes 64 : memref<16xf32, #mempl.space<fast>>
      %t1 = mempl.copy_start_carried prefetch %s to %a : memref<16xf32, strided<[1], offset: ?>> to memref<16xf32, #mempl.space<fast>>
      scf.yield %t1 : !mempl.token
    } else {
      scf.yield %no : !mempl.token
    }
    %b = mempl.alloc <fast> at 0 or 64 if %odd bytes 64 : memref<16xf32, #mempl.space<fast>>
    mempl.copy_wait_carried %t
    // expected-error @below {{bytes [128, 192) overlap those of a copy across trips, [128, 192)}}
    // expected-note @below {{this is copied}}
    // expected-error @below {{bytes [192, 256) overlap those of a copy across trips, [192, 256)}}
    %y = mempl.alloc <fast> at 128 or 192 if %odd bytes 64 : memref<16xf32, #mempl.space<fast>>
    linalg.exp ins(%b : memref<16xf32, #mempl.space<fast>>) outs(%y : memref<16xf32, #mempl.space<fast>>)
    mempl.release %b : memref<16xf32, #mempl.space<fast>>
    mempl.copy_wait_carried %u
    // expected-error @below {{its copy is not waited for on every path}}
    %v = mempl.copy_start_carried evict %y to %so : memref<16xf32, #mempl.space<fast>> to memref<16xf32, strided<[1], offset: ?>>
    scf.yield %tn, %u : !mempl.token, !mempl.token
  }
  mempl.copy_wait_carried %r#1
  return
}
