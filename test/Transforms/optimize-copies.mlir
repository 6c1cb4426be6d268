// RUN: mempl-opt %s --pass-pipeline="builtin.module(func.func(mempl-optimize-copies,mempl-check-placement{capacity=4KiB}))" -o %t
// RUN: FileCheck %s --input-file=%t

// A second run changes nothing.
// RUN: mempl-opt %t --pass-pipeline="builtin.module(func.func(mempl-optimize-copies))" -o %t.again
// RUN: cmp %t %t.again

// Bufferization brings no copy of its own.
// RUN: mempl-opt %t --one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map allow-return-allocs-from-loops" \
// RUN:   | FileCheck %s --check-prefix=BUFFERS
// BUFFERS-NOT: memref.copy

//===----------------------------------------------------------------------===//
// Copies that nobody uses
//===----------------------------------------------------------------------===//

// CHECK-LABEL: func.func @unused
// CHECK-NEXT:    tensor.empty
// CHECK-NEXT:    linalg.exp
// CHECK-NEXT:    return
func.func @unused(%w: tensor<64xf32>, %x: tensor<64xf32>) -> tensor<64xf32> {
  %a = mempl.alloc <fast> at 0 bytes 256 : tensor<64xf32>
  %f = mempl.copy_start prefetch %w to %a : tensor<64xf32>
  %e = tensor.empty() : tensor<64xf32>
  %y = linalg.exp ins(%x : tensor<64xf32>) outs(%e : tensor<64xf32>) -> tensor<64xf32>
  %c = mempl.copy_wait %f : tensor<64xf32>
  %s = bufferization.alloc_tensor() : tensor<64xf32>
  %t = mempl.transfer %c to %s : tensor<64xf32>
  mempl.release %c : tensor<64xf32>
  return %y : tensor<64xf32>
}

// Waited for on two paths, used on neither.
// CHECK-LABEL: func.func @unused_on_all_paths
// CHECK-NOT:     mempl.
// CHECK:         return
func.func @unused_on_all_paths(%w: tensor<64xf32>, %p: i1) {
  %a = mempl.alloc <fast> at 0 bytes 256 : tensor<64xf32>
  %f = mempl.copy_start prefetch %w to %a : tensor<64xf32>
  scf.if %p {
    %c = mempl.copy_wait %f : tensor<64xf32>
    mempl.release %c : tensor<64xf32>
  } else {
    %c = mempl.copy_wait %f : tensor<64xf32>
  }
  return
}

// One of the paths reads the copy.
// CHECK-LABEL: func.func @used_on_one_path
// CHECK:         mempl.copy_start
// CHECK-COUNT-2: mempl.copy_wait
func.func @used_on_one_path(%w: tensor<64xf32>, %p: i1, %i: index) -> f32 {
  %zero = arith.constant 0.0 : f32
  %a = mempl.alloc <fast> at 0 bytes 256 : tensor<64xf32>
  %f = mempl.copy_start prefetch %w to %a : tensor<64xf32>
  %r = scf.if %p -> f32 {
    %c = mempl.copy_wait %f : tensor<64xf32>
    %v = tensor.extract %c[%i] : tensor<64xf32>
    scf.yield %v : f32
  } else {
    %c = mempl.copy_wait %f : tensor<64xf32>
    scf.yield %zero : f32
  }
  return %r : f32
}

//===----------------------------------------------------------------------===//
// Copies out of values that were only read
//===----------------------------------------------------------------------===//

// The copy in stays: it has a reader.
// CHECK-LABEL: func.func @only_read(
// CHECK-SAME:      %[[W:[a-z0-9]+]]: tensor<64xf32>,
// CHECK:         mempl.copy_start prefetch
// CHECK-NOT:     mempl.copy_start
// CHECK:         mempl.release
// CHECK-NEXT:    linalg.negf ins(%[[W]] : {{.*}}) outs(%[[W]] :
func.func @only_read(%w: tensor<64xf32>, %o: tensor<64xf32>) -> (tensor<64xf32>, tensor<64xf32>) {
  %a = mempl.alloc <fast> at 0 bytes 256 : tensor<64xf32>
  %f = mempl.copy_start prefetch %w to %a : tensor<64xf32>
  %c = mempl.copy_wait %f : tensor<64xf32>
  %y = linalg.exp ins(%c : tensor<64xf32>) outs(%o : tensor<64xf32>) -> tensor<64xf32>
  %g = mempl.copy_start evict %c to %w : tensor<64xf32>
  %v = mempl.copy_wait %g : tensor<64xf32>
  mempl.release %c : tensor<64xf32>
  %z = linalg.negf ins(%v : tensor<64xf32>) outs(%v : tensor<64xf32>) -> tensor<64xf32>
  return %y, %z : tensor<64xf32>, tensor<64xf32>
}

// Into other storage, which is only read afterwards.
// CHECK-LABEL: func.func @only_read_elsewhere(
// CHECK-SAME:      %[[W:[a-z0-9]+]]: tensor<64xf32>,
// CHECK-NOT:     bufferization.alloc_tensor
// CHECK:         mempl.copy_start prefetch
// CHECK-NOT:     mempl.copy_start
// CHECK-NOT:     mempl.transfer
// CHECK:         linalg.negf ins(%[[W]] :
func.func @only_read_elsewhere(%w: tensor<64xf32>, %o: tensor<64xf32>, %p: tensor<64xf32>) -> (tensor<64xf32>, tensor<64xf32>) {
  %s = bufferization.alloc_tensor() : tensor<64xf32>
  %a = mempl.alloc <fast> at 0 bytes 256 : tensor<64xf32>
  %f = mempl.copy_start prefetch %w to %a : tensor<64xf32>
  %c = mempl.copy_wait %f : tensor<64xf32>
  %y = linalg.exp ins(%c : tensor<64xf32>) outs(%o : tensor<64xf32>) -> tensor<64xf32>
  %v = mempl.transfer %c to %s : tensor<64xf32>
  mempl.release %c : tensor<64xf32>
  %z = linalg.negf ins(%v : tensor<64xf32>) outs(%p : tensor<64xf32>) -> tensor<64xf32>
  return %y, %z : tensor<64xf32>, tensor<64xf32>
}

// The value was written in fast memory: what goes back is new.
// CHECK-LABEL: func.func @written
// CHECK:         mempl.copy_start prefetch
// CHECK:         linalg.exp
// CHECK:         mempl.copy_start evict
func.func @written(%w: tensor<64xf32>) -> tensor<64xf32> {
  %a = mempl.alloc <fast> at 0 bytes 256 : tensor<64xf32>
  %f = mempl.copy_start prefetch %w to %a : tensor<64xf32>
  %c = mempl.copy_wait %f : tensor<64xf32>
  %y = linalg.exp ins(%c : tensor<64xf32>) outs(%c : tensor<64xf32>) -> tensor<64xf32>
  %g = mempl.copy_start evict %y to %w : tensor<64xf32>
  %v = mempl.copy_wait %g : tensor<64xf32>
  mempl.release %y : tensor<64xf32>
  return %v : tensor<64xf32>
}

// The old storage is written before the last reader of the copy.
// CHECK-LABEL: func.func @source_reused
// CHECK:         mempl.transfer
func.func @source_reused(%w: tensor<64xf32>, %o: tensor<64xf32>, %p: tensor<64xf32>) -> (tensor<64xf32>, tensor<64xf32>, tensor<64xf32>) {
  %s = bufferization.alloc_tensor() : tensor<64xf32>
  %a = mempl.alloc <fast> at 0 bytes 256 : tensor<64xf32>
  %f = mempl.copy_start prefetch %w to %a : tensor<64xf32>
  %c = mempl.copy_wait %f : tensor<64xf32>
  %y = linalg.exp ins(%c : tensor<64xf32>) outs(%o : tensor<64xf32>) -> tensor<64xf32>
  %v = mempl.transfer %c to %s : tensor<64xf32>
  mempl.release %c : tensor<64xf32>
  %u = linalg.exp ins(%y : tensor<64xf32>) outs(%w : tensor<64xf32>) -> tensor<64xf32>
  %z = linalg.negf ins(%v : tensor<64xf32>) outs(%p : tensor<64xf32>) -> tensor<64xf32>
  return %y, %z, %u : tensor<64xf32>, tensor<64xf32>, tensor<64xf32>
}

// The copy is written, and so needs storage of its own.
// CHECK-LABEL: func.func @copy_written
// CHECK:         mempl.transfer
func.func @copy_written(%w: tensor<64xf32>, %o: tensor<64xf32>) -> (tensor<64xf32>, tensor<64xf32>) {
  %s = bufferization.alloc_tensor() : tensor<64xf32>
  %a = mempl.alloc <fast> at 0 bytes 256 : tensor<64xf32>
  %f = mempl.copy_start prefetch %w to %a : tensor<64xf32>
  %c = mempl.copy_wait %f : tensor<64xf32>
  %v = mempl.transfer %c to %s : tensor<64xf32>
  %z = linalg.negf ins(%v : tensor<64xf32>) outs(%v : tensor<64xf32>) -> tensor<64xf32>
  %y = linalg.exp ins(%c : tensor<64xf32>) outs(%o : tensor<64xf32>) -> tensor<64xf32>
  mempl.release %c : tensor<64xf32>
  return %y, %z : tensor<64xf32>, tensor<64xf32>
}

//===----------------------------------------------------------------------===//
// Round trips through slow memory
//===----------------------------------------------------------------------===//

// The bytes are free all the time; the copy out is then unused.
// CHECK-LABEL: func.func @round_trip(
// CHECK-NOT:     bufferization.alloc_tensor
// CHECK:         %[[A:.*]] = mempl.alloc <fast> at 0 bytes 256
// CHECK:         %[[X:.*]] = linalg.exp {{.*}} outs(%[[A]] :
// CHECK-NEXT:    linalg.negf
// CHECK-NEXT:    %[[Z:.*]] = linalg.floor ins(%[[X]] : {{.*}}) outs(%[[X]] :
// CHECK-NEXT:    linalg.abs ins(%[[Z]] :
// CHECK-NEXT:    mempl.release %[[Z]]
func.func @round_trip(%w: tensor<64xf32>, %o: tensor<64xf32>, %p: tensor<64xf32>) -> (tensor<64xf32>, tensor<64xf32>) {
  %s = bufferization.alloc_tensor() : tensor<64xf32>
  %a = mempl.alloc <fast> at 0 bytes 256 : tensor<64xf32>
  %x = linalg.exp ins(%w : tensor<64xf32>) outs(%a : tensor<64xf32>) -> tensor<64xf32>
  %g = mempl.copy_start evict %x to %s : tensor<64xf32>
  %y = mempl.copy_wait %g : tensor<64xf32>
  mempl.release %x : tensor<64xf32>
  %q = linalg.negf ins(%w : tensor<64xf32>) outs(%o : tensor<64xf32>) -> tensor<64xf32>
  %b = mempl.alloc <fast> at 512 bytes 256 : tensor<64xf32>
  %f = mempl.copy_start prefetch %y to %b : tensor<64xf32>
  %z = mempl.copy_wait %f : tensor<64xf32>
  %n = linalg.floor ins(%z : tensor<64xf32>) outs(%z : tensor<64xf32>) -> tensor<64xf32>
  %r = linalg.abs ins(%n : tensor<64xf32>) outs(%p : tensor<64xf32>) -> tensor<64xf32>
  mempl.release %n : tensor<64xf32>
  return %q, %r : tensor<64xf32>, tensor<64xf32>
}

// The copy out stays for its other reader.
// CHECK-LABEL: func.func @round_trip_used_between
// CHECK:         %[[X:.*]] = linalg.exp
// CHECK:         mempl.copy_start evict
// CHECK:         %[[Y:.*]] = mempl.copy_wait
// CHECK-NEXT:    linalg.negf ins(%[[Y]] :
// CHECK-NEXT:    linalg.abs ins(%[[X]] :
// CHECK-NEXT:    mempl.release %[[X]]
func.func @round_trip_used_between(%w: tensor<64xf32>, %o: tensor<64xf32>, %p: tensor<64xf32>) -> (tensor<64xf32>, tensor<64xf32>) {
  %s = bufferization.alloc_tensor() : tensor<64xf32>
  %a = mempl.alloc <fast> at 0 bytes 256 : tensor<64xf32>
  %x = linalg.exp ins(%w : tensor<64xf32>) outs(%a : tensor<64xf32>) -> tensor<64xf32>
  %g = mempl.copy_start evict %x to %s : tensor<64xf32>
  %y = mempl.copy_wait %g : tensor<64xf32>
  mempl.release %x : tensor<64xf32>
  %q = linalg.negf ins(%y : tensor<64xf32>) outs(%o : tensor<64xf32>) -> tensor<64xf32>
  %b = mempl.alloc <fast> at 0 bytes 256 : tensor<64xf32>
  %f = mempl.copy_start prefetch %y to %b : tensor<64xf32>
  %z = mempl.copy_wait %f : tensor<64xf32>
  %r = linalg.abs ins(%z : tensor<64xf32>) outs(%p : tensor<64xf32>) -> tensor<64xf32>
  mempl.release %z : tensor<64xf32>
  return %q, %r : tensor<64xf32>, tensor<64xf32>
}

// Another storage has the bytes in between.
// CHECK-LABEL: func.func @bytes_in_use
// CHECK:         mempl.copy_start evict
// CHECK:         mempl.alloc <fast> at 128
// CHECK:         mempl.copy_start prefetch
func.func @bytes_in_use(%w: tensor<64xf32>, %o: tensor<64xf32>, %p: tensor<64xf32>) -> (tensor<64xf32>, tensor<64xf32>) {
  %s = bufferization.alloc_tensor() : tensor<64xf32>
  %a = mempl.alloc <fast> at 0 bytes 256 : tensor<64xf32>
  %x = linalg.exp ins(%w : tensor<64xf32>) outs(%a : tensor<64xf32>) -> tensor<64xf32>
  %g = mempl.copy_start evict %x to %s : tensor<64xf32>
  %y = mempl.copy_wait %g : tensor<64xf32>
  mempl.release %x : tensor<64xf32>
  %c = mempl.alloc <fast> at 128 bytes 256 : tensor<64xf32>
  %t = linalg.negf ins(%w : tensor<64xf32>) outs(%c : tensor<64xf32>) -> tensor<64xf32>
  %q = linalg.negf ins(%t : tensor<64xf32>) outs(%o : tensor<64xf32>) -> tensor<64xf32>
  mempl.release %t : tensor<64xf32>
  %b = mempl.alloc <fast> at 0 bytes 256 : tensor<64xf32>
  %f = mempl.copy_start prefetch %y to %b : tensor<64xf32>
  %z = mempl.copy_wait %f : tensor<64xf32>
  %r = linalg.abs ins(%z : tensor<64xf32>) outs(%p : tensor<64xf32>) -> tensor<64xf32>
  mempl.release %z : tensor<64xf32>
  return %q, %r : tensor<64xf32>, tensor<64xf32>
}

// A kernel in between has the bytes for itself.
// CHECK-LABEL: func.func @bytes_reserved
// CHECK:         mempl.copy_start evict
// CHECK:         mempl.copy_start prefetch
// CHECK:         mempl.kernel
func.func @bytes_reserved(%w: tensor<64xf32>, %o: tensor<64xf32>, %p: tensor<64xf32>) -> (tensor<64xf32>, tensor<64xf32>) {
  %s = bufferization.alloc_tensor() : tensor<64xf32>
  %a = mempl.alloc <fast> at 0 bytes 256 : tensor<64xf32>
  %x = linalg.exp ins(%w : tensor<64xf32>) outs(%a : tensor<64xf32>) -> tensor<64xf32>
  %g = mempl.copy_start evict %x to %s : tensor<64xf32>
  %y = mempl.copy_wait %g : tensor<64xf32>
  mempl.release %x : tensor<64xf32>
  %q = mempl.kernel "k"(%w, %o) {outs = array<i64: 1>, reserved = 64 : i64}
      : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
  %b = mempl.alloc <fast> at 512 bytes 256 : tensor<64xf32>
  %f = mempl.copy_start prefetch %y to %b : tensor<64xf32>
  %z = mempl.copy_wait %f : tensor<64xf32>
  %r = linalg.abs ins(%z : tensor<64xf32>) outs(%p : tensor<64xf32>) -> tensor<64xf32>
  mempl.release %z : tensor<64xf32>
  return %q, %r : tensor<64xf32>, tensor<64xf32>
}

// The storage goes on with other contents while the value is away.
// CHECK-LABEL: func.func @written_after_copy_out
// CHECK:         mempl.copy_start evict
// CHECK:         mempl.copy_start prefetch
func.func @written_after_copy_out(%w: tensor<64xf32>, %o: tensor<64xf32>, %p: tensor<64xf32>) -> (tensor<64xf32>, tensor<64xf32>) {
  %s = bufferization.alloc_tensor() : tensor<64xf32>
  %a = mempl.alloc <fast> at 0 bytes 256 : tensor<64xf32>
  %x = linalg.exp ins(%w : tensor<64xf32>) outs(%a : tensor<64xf32>) -> tensor<64xf32>
  %g = mempl.copy_start evict %x to %s : tensor<64xf32>
  %y = mempl.copy_wait %g : tensor<64xf32>
  %t = linalg.negf ins(%w : tensor<64xf32>) outs(%x : tensor<64xf32>) -> tensor<64xf32>
  %q = linalg.negf ins(%t : tensor<64xf32>) outs(%o : tensor<64xf32>) -> tensor<64xf32>
  mempl.release %t : tensor<64xf32>
  %b = mempl.alloc <fast> at 0 bytes 256 : tensor<64xf32>
  %f = mempl.copy_start prefetch %y to %b : tensor<64xf32>
  %z = mempl.copy_wait %f : tensor<64xf32>
  %r = linalg.abs ins(%z : tensor<64xf32>) outs(%p : tensor<64xf32>) -> tensor<64xf32>
  mempl.release %z : tensor<64xf32>
  return %q, %r : tensor<64xf32>, tensor<64xf32>
}

// The old value is read after the new one was written: two storages.
// CHECK-LABEL: func.func @both_in_use
// CHECK:         mempl.copy_start evict
// CHECK:         mempl.copy_start prefetch
func.func @both_in_use(%w: tensor<64xf32>, %o: tensor<64xf32>, %p: tensor<64xf32>) -> (tensor<64xf32>, tensor<64xf32>) {
  %s = bufferization.alloc_tensor() : tensor<64xf32>
  %a = mempl.alloc <fast> at 0 bytes 256 : tensor<64xf32>
  %x = linalg.exp ins(%w : tensor<64xf32>) outs(%a : tensor<64xf32>) -> tensor<64xf32>
  %g = mempl.copy_start evict %x to %s : tensor<64xf32>
  %y = mempl.copy_wait %g : tensor<64xf32>
  %b = mempl.alloc <fast> at 512 bytes 256 : tensor<64xf32>
  %f = mempl.copy_start prefetch %y to %b : tensor<64xf32>
  %z = mempl.copy_wait %f : tensor<64xf32>
  %n = linalg.floor ins(%z : tensor<64xf32>) outs(%z : tensor<64xf32>) -> tensor<64xf32>
  %q = linalg.negf ins(%x : tensor<64xf32>) outs(%o : tensor<64xf32>) -> tensor<64xf32>
  mempl.release %x : tensor<64xf32>
  %r = linalg.abs ins(%n : tensor<64xf32>) outs(%p : tensor<64xf32>) -> tensor<64xf32>
  mempl.release %n : tensor<64xf32>
  return %q, %r : tensor<64xf32>, tensor<64xf32>
}

//===----------------------------------------------------------------------===//
// Copies that can start earlier
//===----------------------------------------------------------------------===//

// In the order in which they were.
// CHECK-LABEL: func.func @earlier(
// CHECK-SAME:      %[[W:[a-z0-9]+]]: tensor<64xf32>, %[[V:[a-z0-9]+]]: tensor<64xf32>, %{{[a-z0-9]+}}: tensor<64xf32>
// CHECK-NEXT:    %[[A:.*]] = mempl.alloc <fast> at 0
// CHECK-NEXT:    mempl.copy_start prefetch %[[W]] to %[[A]]
// CHECK-NEXT:    %[[B:.*]] = mempl.alloc <fast> at 256
// CHECK-NEXT:    mempl.copy_start prefetch %[[V]] to %[[B]]
// CHECK-NEXT:    linalg.exp
// CHECK-NEXT:    mempl.copy_wait
func.func @earlier(%w: tensor<64xf32>, %v: tensor<64xf32>, %o: tensor<64xf32>, %p: tensor<64xf32>) -> tensor<64xf32> {
  %y = linalg.exp ins(%p : tensor<64xf32>) outs(%o : tensor<64xf32>) -> tensor<64xf32>
  %a = mempl.alloc <fast> at 0 bytes 256 : tensor<64xf32>
  %f = mempl.copy_start prefetch %w to %a : tensor<64xf32>
  %c = mempl.copy_wait %f : tensor<64xf32>
  %x = linalg.add ins(%c, %y : tensor<64xf32>, tensor<64xf32>) outs(%y : tensor<64xf32>) -> tensor<64xf32>
  mempl.release %c : tensor<64xf32>
  %b = mempl.alloc <fast> at 256 bytes 256 : tensor<64xf32>
  %g = mempl.copy_start prefetch %v to %b : tensor<64xf32>
  %d = mempl.copy_wait %g : tensor<64xf32>
  %z = linalg.add ins(%d, %x : tensor<64xf32>, tensor<64xf32>) outs(%x : tensor<64xf32>) -> tensor<64xf32>
  mempl.release %d : tensor<64xf32>
  return %z : tensor<64xf32>
}

// Not before the source is there, and not out of the loop's body.
// CHECK-LABEL: func.func @earlier_in_loop
// CHECK:         scf.for
// CHECK-NEXT:      %[[S:.*]] = tensor.extract_slice
// CHECK-NEXT:      mempl.alloc
// CHECK-NEXT:      mempl.copy_start prefetch %[[S]]
// CHECK-NEXT:      linalg.exp
func.func @earlier_in_loop(%w: tensor<8x64xf32>, %o: tensor<64xf32>, %n: index) -> tensor<64xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%t = %o) -> tensor<64xf32> {
    %s = tensor.extract_slice %w[%i, 0] [1, 64] [1, 1] : tensor<8x64xf32> to tensor<64xf32>
    %y = linalg.exp ins(%t : tensor<64xf32>) outs(%t : tensor<64xf32>) -> tensor<64xf32>
    %a = mempl.alloc <fast> at 0 bytes 256 : tensor<64xf32>
    %f = mempl.copy_start prefetch %s to %a : tensor<64xf32>
    %c = mempl.copy_wait %f : tensor<64xf32>
    %x = linalg.add ins(%c, %y : tensor<64xf32>, tensor<64xf32>) outs(%y : tensor<64xf32>) -> tensor<64xf32>
    mempl.release %c : tensor<64xf32>
    scf.yield %x : tensor<64xf32>
  }
  return %r : tensor<64xf32>
}

// The bytes are in use until the release, here inside of a loop.
// CHECK-LABEL: func.func @not_before_bytes_are_free
// CHECK:         scf.for
// CHECK:         }
// CHECK-NEXT:    mempl.alloc <fast> at 0 bytes 256
// CHECK-NEXT:    mempl.copy_start prefetch
// CHECK-NEXT:    linalg.negf
func.func @not_before_bytes_are_free(%w: tensor<64xf32>, %o: tensor<64xf32>, %p: tensor<64xf32>, %n: index) -> tensor<64xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%t = %o) -> tensor<64xf32> {
    %a = mempl.alloc <fast> at 128 bytes 256 : tensor<64xf32>
    %y = linalg.exp ins(%p : tensor<64xf32>) outs(%a : tensor<64xf32>) -> tensor<64xf32>
    %x = linalg.add ins(%t, %y : tensor<64xf32>, tensor<64xf32>) outs(%t : tensor<64xf32>) -> tensor<64xf32>
    mempl.release %y : tensor<64xf32>
    scf.yield %x : tensor<64xf32>
  }
  %q = linalg.negf ins(%r : tensor<64xf32>) outs(%r : tensor<64xf32>) -> tensor<64xf32>
  %a = mempl.alloc <fast> at 0 bytes 256 : tensor<64xf32>
  %f = mempl.copy_start prefetch %w to %a : tensor<64xf32>
  %c = mempl.copy_wait %f : tensor<64xf32>
  %z = linalg.add ins(%c, %q : tensor<64xf32>, tensor<64xf32>) outs(%q : tensor<64xf32>) -> tensor<64xf32>
  mempl.release %c : tensor<64xf32>
  return %z : tensor<64xf32>
}

// The second copy has to wait for bytes; the third may not pass it.
// CHECK-LABEL: func.func @not_past_another_copy
// CHECK:         linalg.exp
// CHECK:         mempl.alloc <fast> at 0 bytes 256
// CHECK-NEXT:    mempl.copy_start prefetch
// CHECK-NEXT:    mempl.alloc <fast> at 512 bytes 256
// CHECK-NEXT:    mempl.copy_start prefetch
func.func @not_past_another_copy(%w: tensor<64xf32>, %v: tensor<64xf32>, %o: tensor<64xf32>) -> tensor<64xf32> {
  %a = mempl.alloc <fast> at 0 bytes 256 : tensor<64xf32>
  %t = linalg.exp ins(%o : tensor<64xf32>) outs(%a : tensor<64xf32>) -> tensor<64xf32>
  %y = linalg.negf ins(%t : tensor<64xf32>) outs(%o : tensor<64xf32>) -> tensor<64xf32>
  mempl.release %t : tensor<64xf32>
  %b = mempl.alloc <fast> at 0 bytes 256 : tensor<64xf32>
  %f = mempl.copy_start prefetch %w to %b : tensor<64xf32>
  %c = mempl.copy_wait %f : tensor<64xf32>
  %x = linalg.add ins(%c, %y : tensor<64xf32>, tensor<64xf32>) outs(%y : tensor<64xf32>) -> tensor<64xf32>
  mempl.release %c : tensor<64xf32>
  %d = mempl.alloc <fast> at 512 bytes 256 : tensor<64xf32>
  %g = mempl.copy_start prefetch %v to %d : tensor<64xf32>
  %e = mempl.copy_wait %g : tensor<64xf32>
  %z = linalg.add ins(%e, %x : tensor<64xf32>, tensor<64xf32>) outs(%x : tensor<64xf32>) -> tensor<64xf32>
  mempl.release %e : tensor<64xf32>
  return %z : tensor<64xf32>
}

// Not before a kernel that has the bytes for itself.
// CHECK-LABEL: func.func @not_before_bytes_are_not_reserved
// CHECK:         mempl.kernel
// CHECK-NEXT:    mempl.alloc
// CHECK-NEXT:    mempl.copy_start prefetch
// CHECK-NEXT:    linalg.negf
func.func @not_before_bytes_are_not_reserved(%w: tensor<64xf32>, %o: tensor<64xf32>) -> tensor<64xf32> {
  %k = mempl.kernel "k"(%o) {outs = array<i64: 0>, updates = array<i64: 0>, reserved = 512 : i64}
      : (tensor<64xf32>) -> tensor<64xf32>
  %q = linalg.negf ins(%k : tensor<64xf32>) outs(%k : tensor<64xf32>) -> tensor<64xf32>
  %a = mempl.alloc <fast> at 256 bytes 256 : tensor<64xf32>
  %f = mempl.copy_start prefetch %w to %a : tensor<64xf32>
  %c = mempl.copy_wait %f : tensor<64xf32>
  %z = linalg.add ins(%c, %q : tensor<64xf32>, tensor<64xf32>) outs(%q : tensor<64xf32>) -> tensor<64xf32>
  mempl.release %c : tensor<64xf32>
  return %z : tensor<64xf32>
}

// Not before a write to another part of the source's storage. (Bufferization
// would not see that the parts are apart, with or without this pass.)
// BUFFERS: func.func @not_before_source_is_written
// CHECK-LABEL: func.func @not_before_source_is_written
// CHECK:         tensor.extract_slice
// CHECK:         tensor.extract_slice
// CHECK-NEXT:    linalg.exp
// CHECK:         mempl.copy_start prefetch
func.func @not_before_source_is_written(%w: tensor<2x64xf32>, %v: tensor<64xf32>, %o: tensor<64xf32>) -> (tensor<2x64xf32>, tensor<64xf32>) {
  %s = tensor.extract_slice %w[0, 0] [1, 64] [1, 1] : tensor<2x64xf32> to tensor<64xf32>
  %t = tensor.extract_slice %w[1, 0] [1, 64] [1, 1] : tensor<2x64xf32> to tensor<64xf32>
  %u = linalg.exp ins(%v : tensor<64xf32>) outs(%t : tensor<64xf32>) -> tensor<64xf32>
  %x = tensor.insert_slice %u into %w[1, 0] [1, 64] [1, 1] : tensor<64xf32> into tensor<2x64xf32>
  %a = mempl.alloc <fast> at 0 bytes 256 : tensor<64xf32>
  %f = mempl.copy_start prefetch %s to %a : tensor<64xf32>
  %c = mempl.copy_wait %f : tensor<64xf32>
  %z = linalg.abs ins(%c : tensor<64xf32>) outs(%o : tensor<64xf32>) -> tensor<64xf32>
  mempl.release %c : tensor<64xf32>
  return %x, %z : tensor<2x64xf32>, tensor<64xf32>
}

// Branches between blocks are not looked into.
// CHECK-LABEL: func.func @several_blocks
// CHECK:         mempl.transfer
func.func @several_blocks(%w: tensor<64xf32>) {
  cf.br ^bb1
^bb1:
  %a = mempl.alloc <fast> at 0 bytes 256 : tensor<64xf32>
  %c = mempl.transfer %w to %a : tensor<64xf32>
  mempl.release %c : tensor<64xf32>
  return
}

// Nor where a loop carries copies: one of the last trip holds bytes that no
// tensor of this one names.
// CHECK-LABEL: func.func @carried
// CHECK:         scf.for
// CHECK:         mempl.copy_wait_carried
// CHECK-NEXT:    mempl.alloc
// CHECK-NEXT:    mempl.copy_start prefetch
func.func @carried(%o: tensor<256xf32>, %z: f32, %v: tensor<64xf32>, %n: index) -> (tensor<256xf32>, tensor<64xf32>) {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %c256 = arith.constant 256 : index
  %no = mempl.no_copy
  %r:3 = scf.for %i = %c0 to %c256 step %c64 iter_args(%x = %o, %y = %v, %u = %no) -> (tensor<256xf32>, tensor<64xf32>, !mempl.token) {
    %y1 = linalg.abs ins(%y : tensor<64xf32>) outs(%y : tensor<64xf32>) -> tensor<64xf32>
    mempl.copy_wait_carried %u
    %a = mempl.alloc <fast> at 0 bytes 256 : tensor<64xf32>
    %f = mempl.copy_start prefetch %y1 to %a : tensor<64xf32>
    %c = mempl.copy_wait %f : tensor<64xf32>
    %d = linalg.abs ins(%c : tensor<64xf32>) outs(%c : tensor<64xf32>) -> tensor<64xf32>
    %s = tensor.extract_slice %x[%i] [64] [1] : tensor<256xf32> to tensor<64xf32>
    %t, %s1 = mempl.copy_start_carried evict %d to %s : tensor<64xf32>
    %x1 = tensor.insert_slice %s1 into %x[%i] [64] [1] : tensor<64xf32> into tensor<256xf32>
    scf.yield %x1, %y1, %t : tensor<256xf32>, tensor<64xf32>, !mempl.token
  }
  mempl.copy_wait_carried %r#2
  return %r#0, %r#1 : tensor<256xf32>, tensor<64xf32>
}
