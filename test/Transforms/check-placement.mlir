// RUN: mempl-opt %s --pass-pipeline="builtin.module(func.func(mempl-check-placement{capacity=256 alignment=16}))" -allow-unregistered-dialect -split-input-file -verify-diagnostics

func.func @overlap(%x: tensor<16xf32>) -> (tensor<16xf32>, tensor<16xf32>) {
  // expected-note @below {{in use since here}}
  %a = mempl.alloc <fast> at 0 bytes 64 : tensor<16xf32>
  // expected-error @below {{bytes [48, 112) overlap storage that is in use, [0, 64)}}
  %b = mempl.alloc <fast> at 48 bytes 64 : tensor<16xf32>
  %c = linalg.exp ins(%x : tensor<16xf32>) outs(%a : tensor<16xf32>) -> tensor<16xf32>
  %d = linalg.exp ins(%x : tensor<16xf32>) outs(%b : tensor<16xf32>) -> tensor<16xf32>
  return %c, %d : tensor<16xf32>, tensor<16xf32>
}

// -----

// What is copied to is in use until the copy is awaited, even if nobody reads it.
func.func @overlap_under_a_copy(%x: tensor<16xf32>) -> tensor<16xf32> {
  // expected-note @below {{in use since here}}
  %a = mempl.alloc <fast> at 0 bytes 64 : tensor<16xf32>
  %f = mempl.copy_start prefetch %x to %a : tensor<16xf32>
  // expected-error @below {{bytes [48, 112) overlap storage that is in use, [0, 64)}}
  %b = mempl.alloc <fast> at 48 bytes 64 : tensor<16xf32>
  %c = mempl.copy_wait %f : tensor<16xf32>
  %d = linalg.exp ins(%x : tensor<16xf32>) outs(%b : tensor<16xf32>) -> tensor<16xf32>
  return %d : tensor<16xf32>
}

// -----

// A part that is copied onto itself is what becomes of an insertion in place.
func.func @copies_of_parts(%x: memref<16xf32>) {
  // expected-note @below {{the storage is this}}
  %a = mempl.alloc <fast> at 0 bytes 64 : memref<16xf32, #mempl.space<fast>>
  %p = memref.subview %a[0] [8] [1] : memref<16xf32, #mempl.space<fast>> to memref<8xf32, strided<[1]>, #mempl.space<fast>>
  %q = memref.subview %a[0] [8] [1] : memref<16xf32, #mempl.space<fast>> to memref<8xf32, strided<[1]>, #mempl.space<fast>>
  memref.copy %p, %q : memref<8xf32, strided<[1]>, #mempl.space<fast>> to memref<8xf32, strided<[1]>, #mempl.space<fast>>
  %o = memref.subview %x[0] [8] [1] : memref<16xf32> to memref<8xf32, strided<[1]>>
  // expected-error @below {{operand 0: reads storage in fast memory that nothing has written}}
  memref.copy %p, %o : memref<8xf32, strided<[1]>, #mempl.space<fast>> to memref<8xf32, strided<[1]>>
  return
}

// -----

func.func @outside() -> tensor<16xf32> {
  // expected-error @below {{bytes [208, 272) are outside of the fast memory of 256 bytes}}
  %a = mempl.alloc <fast> at 208 bytes 64 : tensor<16xf32>
  return %a : tensor<16xf32>
}

// -----

func.func @unaligned() -> tensor<16xf32> {
  // expected-error @below {{offset 8 is not a multiple of the alignment, 16}}
  %a = mempl.alloc <fast> at 8 bytes 64 : tensor<16xf32>
  return %a : tensor<16xf32>
}

// -----

func.func @read_before_write(%x: tensor<16xf32>) -> tensor<16xf32> {
  // expected-note @below {{the storage is this}}
  %a = mempl.alloc <fast> at 0 bytes 64 : tensor<16xf32>
  // expected-error @below {{operand 0: reads storage in fast memory that nothing has written}}
  %c = linalg.exp ins(%a : tensor<16xf32>) outs(%x : tensor<16xf32>) -> tensor<16xf32>
  return %c : tensor<16xf32>
}

// -----

func.func @write_under_a_copy(%x: tensor<16xf32>, %y: tensor<16xf32>) -> (tensor<16xf32>, tensor<16xf32>) {
  // expected-note @below {{the storage is this}}
  %a = mempl.alloc <fast> at 0 bytes 64 : tensor<16xf32>
  %c = linalg.exp ins(%x : tensor<16xf32>) outs(%a : tensor<16xf32>) -> tensor<16xf32>
  %f = mempl.copy_start evict %c to %y : tensor<16xf32>
  // expected-error @below {{operand 1: writes storage that a copy is still reading}}
  %d = linalg.exp ins(%x : tensor<16xf32>) outs(%c : tensor<16xf32>) -> tensor<16xf32>
  %e = mempl.copy_wait %f : tensor<16xf32>
  return %d, %e : tensor<16xf32>, tensor<16xf32>
}

// -----

func.func @read_under_a_copy(%x: memref<16xf32>, %y: memref<16xf32>) {
  // expected-note @below {{the storage is this}}
  %a = mempl.alloc <fast> at 0 bytes 64 : memref<16xf32, #mempl.space<fast>>
  %t = mempl.copy_start %x to %a : memref<16xf32> to memref<16xf32, #mempl.space<fast>>
  // expected-error @below {{operand 0: uses storage that a copy is still writing}}
  linalg.exp ins(%a : memref<16xf32, #mempl.space<fast>>) outs(%y : memref<16xf32>)
  mempl.copy_wait %t, %x to %a : memref<16xf32> to memref<16xf32, #mempl.space<fast>>
  return
}

// -----

func.func @use_after_release(%x: tensor<16xf32>) -> tensor<16xf32> {
  // expected-note @below {{the storage is this}}
  %a = mempl.alloc <fast> at 0 bytes 64 : tensor<16xf32>
  %c = linalg.exp ins(%x : tensor<16xf32>) outs(%a : tensor<16xf32>) -> tensor<16xf32>
  mempl.release %c : tensor<16xf32>
  // expected-error @below {{operand 0: uses storage after its release}}
  %d = linalg.exp ins(%c : tensor<16xf32>) outs(%x : tensor<16xf32>) -> tensor<16xf32>
  return %d : tensor<16xf32>
}

// -----

// A tensor that a payload reads is used as well.
func.func @captured_after_release(%x: tensor<16xf32>) -> tensor<16xf32> {
  // expected-note @below {{the storage is this}}
  %a = mempl.alloc <fast> at 0 bytes 64 : tensor<16xf32>
  %c = linalg.exp ins(%x : tensor<16xf32>) outs(%a : tensor<16xf32>) -> tensor<16xf32>
  mempl.release %c : tensor<16xf32>
  %d = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} outs(%x : tensor<16xf32>) {
  ^bb0(%out: f32):
    %i = linalg.index 0 : index
    // expected-error @below {{operand 0: uses storage after its release}}
    %v = tensor.extract %c[%i] : tensor<16xf32>
    linalg.yield %v : f32
  } -> tensor<16xf32>
  return %d : tensor<16xf32>
}

// -----

func.func @released_twice(%x: tensor<16xf32>) {
  %a = mempl.alloc <fast> at 0 bytes 64 : tensor<16xf32>
  mempl.release %a : tensor<16xf32>
  // expected-error @below {{releases storage that was released before}}
  mempl.release %a : tensor<16xf32>
  return
}

// -----

func.func @reserved_bytes(%x: tensor<16xf32>) -> (tensor<16xf32>, tensor<16xf32>) {
  // expected-note @below {{in use since here}}
  %a = mempl.alloc <fast> at 64 bytes 64 : tensor<16xf32>
  %c = linalg.exp ins(%x : tensor<16xf32>) outs(%a : tensor<16xf32>) -> tensor<16xf32>
  // expected-error @below {{reserves bytes [0, 128), but [64, 128) is in use}}
  %k = mempl.kernel "k"(%x) {outs = array<i64: 0>, reserved = 128 : i64} : (tensor<16xf32>) -> tensor<16xf32>
  return %c, %k : tensor<16xf32>, tensor<16xf32>
}

// -----

// Storage from outside of a loop is in use until the loop ends.
func.func @used_by_the_next_trip(%x: tensor<16xf32>, %n: index) -> tensor<16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // expected-note @below {{in use since here}}
  %a = mempl.alloc <fast> at 0 bytes 64 : tensor<16xf32>
  %c = linalg.exp ins(%x : tensor<16xf32>) outs(%a : tensor<16xf32>) -> tensor<16xf32>
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%y = %x) -> tensor<16xf32> {
    %z = linalg.add ins(%y, %c : tensor<16xf32>, tensor<16xf32>) outs(%y : tensor<16xf32>) -> tensor<16xf32>
    // expected-error @below {{bytes [0, 64) overlap storage that is in use, [0, 64)}}
    %b = mempl.alloc <fast> at 0 bytes 64 : tensor<16xf32>
    %e = linalg.exp ins(%z : tensor<16xf32>) outs(%b : tensor<16xf32>) -> tensor<16xf32>
    %w = linalg.add ins(%e, %z : tensor<16xf32>, tensor<16xf32>) outs(%z : tensor<16xf32>) -> tensor<16xf32>
    scf.yield %w : tensor<16xf32>
  }
  return %r : tensor<16xf32>
}

// -----

// One after the other, in the same bytes, is fine.
func.func @one_after_the_other(%x: tensor<16xf32>) -> tensor<16xf32> {
  %a = mempl.alloc <fast> at 0 bytes 64 : tensor<16xf32>
  %c = linalg.exp ins(%x : tensor<16xf32>) outs(%a : tensor<16xf32>) -> tensor<16xf32>
  %d = linalg.exp ins(%c : tensor<16xf32>) outs(%x : tensor<16xf32>) -> tensor<16xf32>
  mempl.release %c : tensor<16xf32>
  %b = mempl.alloc <fast> at 0 bytes 64 : tensor<16xf32>
  %e = linalg.exp ins(%d : tensor<16xf32>) outs(%b : tensor<16xf32>) -> tensor<16xf32>
  %f = linalg.exp ins(%e : tensor<16xf32>) outs(%d : tensor<16xf32>) -> tensor<16xf32>
  return %f : tensor<16xf32>
}

// -----

// What the second trip finds: storage that the first one has released.
func.func @released_by_the_last_trip(%w: tensor<16xf32>, %z: f32, %n: index) -> tensor<16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // expected-note @below {{the storage is this}}
  %a = mempl.alloc <fast> at 0 bytes 64 : tensor<16xf32>
  %x = linalg.fill ins(%z : f32) outs(%a : tensor<16xf32>) -> tensor<16xf32>
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%q = %w) -> (tensor<16xf32>) {
    // expected-error @below {{operand 0: uses storage after its release}}
    %s = linalg.add ins(%x, %q : tensor<16xf32>, tensor<16xf32>) outs(%q : tensor<16xf32>) -> tensor<16xf32>
    // expected-error @below {{releases storage that was released before}}
    mempl.release %x : tensor<16xf32>
    scf.yield %s : tensor<16xf32>
  }
  return %r : tensor<16xf32>
}

// -----

// A loop that runs once has no second trip.
func.func @one_trip(%w: tensor<16xf32>, %z: f32) -> tensor<16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = mempl.alloc <fast> at 0 bytes 64 : tensor<16xf32>
  %x = linalg.fill ins(%z : f32) outs(%a : tensor<16xf32>) -> tensor<16xf32>
  %r = scf.for %i = %c0 to %c1 step %c1 iter_args(%q = %w) -> (tensor<16xf32>) {
    %s = linalg.add ins(%x, %q : tensor<16xf32>, tensor<16xf32>) outs(%q : tensor<16xf32>) -> tensor<16xf32>
    mempl.release %x : tensor<16xf32>
    scf.yield %s : tensor<16xf32>
  }
  return %r : tensor<16xf32>
}

// -----

// The same on buffers, and in all kinds of loops.
func.func @on_buffers(%w: memref<16xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // expected-note @below {{the storage is this}}
  %a = mempl.alloc <fast> at 0 bytes 64 : memref<16xf32, #mempl.space<fast>>
  linalg.exp ins(%w : memref<16xf32>) outs(%a : memref<16xf32, #mempl.space<fast>>)
  scf.for %i = %c0 to %n step %c1 {
    // expected-error @below {{operand 0: uses storage after its release}}
    linalg.exp ins(%a : memref<16xf32, #mempl.space<fast>>) outs(%w : memref<16xf32>)
    // expected-error @below {{releases storage that was released before}}
    mempl.release %a : memref<16xf32, #mempl.space<fast>>
  }
  return
}

// -----

func.func @in_a_while(%w: memref<16xf32>, %n: index) {
  %c1 = arith.constant 1 : index
  // expected-note @below {{the storage is this}}
  %a = mempl.alloc <fast> at 0 bytes 64 : memref<16xf32, #mempl.space<fast>>
  linalg.exp ins(%w : memref<16xf32>) outs(%a : memref<16xf32, #mempl.space<fast>>)
  %r = scf.while (%i = %n) : (index) -> index {
    %go = arith.cmpi sgt, %i, %c1 : index
    // expected-error @below {{operand 0: uses storage after its release}}
    linalg.exp ins(%a : memref<16xf32, #mempl.space<fast>>) outs(%w : memref<16xf32>)
    scf.condition(%go) %i : index
  } do {
  ^bb0(%i: index):
    %j = arith.subi %i, %c1 : index
    // expected-error @below {{releases storage that was released before}}
    mempl.release %a : memref<16xf32, #mempl.space<fast>>
    scf.yield %j : index
  }
  return
}

// -----

func.func @in_an_affine_loop(%w: memref<16xf32>) {
  // expected-note @below {{the storage is this}}
  %a = mempl.alloc <fast> at 0 bytes 64 : memref<16xf32, #mempl.space<fast>>
  linalg.exp ins(%w : memref<16xf32>) outs(%a : memref<16xf32, #mempl.space<fast>>)
  affine.for %i = 0 to 4 {
    // expected-error @below {{operand 0: uses storage after its release}}
    linalg.exp ins(%a : memref<16xf32, #mempl.space<fast>>) outs(%w : memref<16xf32>)
    // expected-error @below {{releases storage that was released before}}
    mempl.release %a : memref<16xf32, #mempl.space<fast>>
  }
  return
}

// -----

// Blocks that branch back to each other are a loop, too.
func.func @in_blocks(%w: memref<16xf32>, %c: i1) {
  // expected-note @below {{the storage is this}}
  %a = mempl.alloc <fast> at 0 bytes 64 : memref<16xf32, #mempl.space<fast>>
  linalg.exp ins(%w : memref<16xf32>) outs(%a : memref<16xf32, #mempl.space<fast>>)
  "other.op"() ({
    cf.br ^next
  ^next:
    // expected-error @below {{operand 0: uses storage after its release}}
    linalg.exp ins(%a : memref<16xf32, #mempl.space<fast>>) outs(%w : memref<16xf32>)
    // expected-error @below {{releases storage that was released before}}
    mempl.release %a : memref<16xf32, #mempl.space<fast>>
    cf.cond_br %c, ^next, ^end
  ^end:
    "other.end"() : () -> ()
  }) : () -> ()
  return
}

// -----

// Blocks that follow each other are none.
func.func @blocks_in_a_row(%w: memref<16xf32>) {
  %a = mempl.alloc <fast> at 0 bytes 64 : memref<16xf32, #mempl.space<fast>>
  linalg.exp ins(%w : memref<16xf32>) outs(%a : memref<16xf32, #mempl.space<fast>>)
  "other.op"() ({
    cf.br ^next
  ^next:
    linalg.exp ins(%a : memref<16xf32, #mempl.space<fast>>) outs(%w : memref<16xf32>)
    mempl.release %a : memref<16xf32, #mempl.space<fast>>
    cf.br ^end
  ^end:
    "other.end"() : () -> ()
  }) : () -> ()
  return
}

// -----

// A change in the innermost of several loops is found in all of them, and each
// is walked a few times at most.
func.func @nest(%w: memref<16xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // expected-note @below {{the storage is this}}
  %a = mempl.alloc <fast> at 0 bytes 64 : memref<16xf32, #mempl.space<fast>>
  linalg.exp ins(%w : memref<16xf32>) outs(%a : memref<16xf32, #mempl.space<fast>>)
  scf.for %i = %c0 to %n step %c1 {
    // expected-error @below {{operand 0: uses storage after its release}}
    linalg.exp ins(%a : memref<16xf32, #mempl.space<fast>>) outs(%w : memref<16xf32>)
    scf.parallel (%j) = (%c0) to (%n) step (%c1) {
      scf.for %k = %c0 to %c1 step %c1 {
        // expected-error @below {{releases storage that was released before}}
        mempl.release %a : memref<16xf32, #mempl.space<fast>>
      }
      scf.reduce
    }
  }
  return
}

// -----

// The version of a tensor that was overwritten in place is gone.
func.func @outdated(%x: tensor<16xf32>) -> (tensor<16xf32>, f32) {
  %c0 = arith.constant 0 : index
  %a = mempl.alloc <fast> at 0 bytes 64 : tensor<16xf32>
  %old = linalg.exp ins(%x : tensor<16xf32>) outs(%a : tensor<16xf32>) -> tensor<16xf32>
  // expected-error @below {{operand 1: bufferization would copy storage in fast memory}}
  %new = linalg.exp ins(%old : tensor<16xf32>) outs(%old : tensor<16xf32>) -> tensor<16xf32>
  %v = tensor.extract %old[%c0] : tensor<16xf32>
  %y = linalg.exp ins(%new : tensor<16xf32>) outs(%x : tensor<16xf32>) -> tensor<16xf32>
  return %y, %v : tensor<16xf32>, f32
}

// -----

// expected-note @below {{the storage is this}}
func.func @released_argument(%x: tensor<16xf32>) -> tensor<16xf32> {
  %a = mempl.alloc <fast> at 0 bytes 64 : tensor<16xf32>
  %y = linalg.exp ins(%x : tensor<16xf32>) outs(%a : tensor<16xf32>) -> tensor<16xf32>
  // expected-error @below {{releases what is not storage in fast memory}}
  mempl.release %x : tensor<16xf32>
  return %y : tensor<16xf32>
}

// -----

// Control flow may hand over what is in fast memory.
func.func @released_result(%x: tensor<16xf32>, %flag: i1) -> tensor<16xf32> {
  %a = mempl.alloc <fast> at 0 bytes 64 : tensor<16xf32>
  %y = linalg.exp ins(%x : tensor<16xf32>) outs(%a : tensor<16xf32>) -> tensor<16xf32>
  %z = scf.if %flag -> tensor<16xf32> {
    %w = linalg.exp ins(%x : tensor<16xf32>) outs(%y : tensor<16xf32>) -> tensor<16xf32>
    scf.yield %w : tensor<16xf32>
  } else {
    scf.yield %y : tensor<16xf32>
  }
  %e = tensor.empty() : tensor<16xf32>
  %r = linalg.exp ins(%z : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  mempl.release %z : tensor<16xf32>
  return %r : tensor<16xf32>
}

// -----

// What a forall returns is what it shares.
func.func @released_forall(%x: tensor<16xf32>, %n: index) -> tensor<16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%t = %x) -> (tensor<16xf32>) {
    %a = mempl.alloc <fast> at 0 bytes 64 : tensor<16xf32>
    %y = linalg.exp ins(%t : tensor<16xf32>) outs(%a : tensor<16xf32>) -> tensor<16xf32>
    %f = scf.forall (%j) in (16) shared_outs(%o = %y) -> (tensor<16xf32>) {
      %s = tensor.extract_slice %o[%j] [1] [1] : tensor<16xf32> to tensor<1xf32>
      scf.forall.in_parallel {
        tensor.parallel_insert_slice %s into %o[%j] [1] [1] : tensor<1xf32> into tensor<16xf32>
      }
    }
    %z = linalg.exp ins(%f : tensor<16xf32>) outs(%t : tensor<16xf32>) -> tensor<16xf32>
    mempl.release %f : tensor<16xf32>
    scf.yield %z : tensor<16xf32>
  }
  return %r : tensor<16xf32>
}
