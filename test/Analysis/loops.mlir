// RUN: mempl-opt %s --mempl-prepare --mempl-test-print-program -o /dev/null | FileCheck %s

// The body is a program of its own; what comes from outside is accessed by the
// loop, as often as it has trips.
// CHECK-LABEL: function in_place
// CHECK-NEXT: value arg0: 64 bytes, inout
// CHECK-NEXT: value arg1: 64 bytes, input
// CHECK-NEXT: step 0 scf.for: updates 640 of arg0, reads 640 of arg1, 10 trips
// CHECK-NEXT:   value v0: 64 bytes, temporary
// CHECK-NEXT:   step 0 linalg.exp: writes 64 of v0
// CHECK-NEXT:   step 1 linalg.log: reads 64 of v0
func.func @in_place(%a: tensor<16xf32>, %b: tensor<16xf32>) -> tensor<16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c10 = arith.constant 10 : index
  %r = scf.for %i = %c0 to %c10 step %c1 iter_args(%x = %a) -> tensor<16xf32> {
    %e = tensor.empty() : tensor<16xf32>
    %y = linalg.exp ins(%b : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
    %z = linalg.log ins(%y : tensor<16xf32>) outs(%x : tensor<16xf32>) -> tensor<16xf32>
    scf.yield %z : tensor<16xf32>
  }
  return %r : tensor<16xf32>
}

// A slice that does not move with the trip is accessed in all trips together as
// often as it is large.
// CHECK-LABEL: function slices
// CHECK: step 0 scf.for: updates 160 of arg0, reads 160 of arg1, 10 trips
// CHECK-NEXT:   step 0 linalg.exp:
func.func @slices(%a: tensor<40xf32>, %b: tensor<40xf32>, %p: index) -> tensor<40xf32> {
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  %c40 = arith.constant 40 : index
  %r = scf.for %i = %c0 to %c40 step %c4 iter_args(%x = %a) -> tensor<40xf32> {
    %s = tensor.extract_slice %b[%p] [4] [1] : tensor<40xf32> to tensor<4xf32>
    %t = tensor.extract_slice %x[%p] [4] [1] : tensor<40xf32> to tensor<4xf32>
    %y = linalg.exp ins(%s : tensor<4xf32>) outs(%t : tensor<4xf32>) -> tensor<4xf32>
    %z = tensor.insert_slice %y into %x[%p] [4] [1] : tensor<4xf32> into tensor<40xf32>
    scf.yield %z : tensor<40xf32>
  }
  return %r : tensor<40xf32>
}

// A loop that hands on a new tensor each trip updates the old one in place where
// that has been read before.
// CHECK-LABEL: function handed_on
// CHECK-NEXT: value arg0: 64 bytes, inout{{$}}
// CHECK-NEXT: step 0 scf.for: updates 1280 of arg0, 10 trips
func.func @handed_on(%a: tensor<16xf32>) -> tensor<16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c10 = arith.constant 10 : index
  %r = scf.for %i = %c0 to %c10 step %c1 iter_args(%x = %a) -> tensor<16xf32> {
    %e = tensor.empty() : tensor<16xf32>
    %y = linalg.exp ins(%x : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
    scf.yield %y : tensor<16xf32>
  }
  return %r : tensor<16xf32>
}

// Where the old one is read while the new one is made, it passes through several
// buffers.
// CHECK-LABEL: function several_buffers
// CHECK-NEXT: value arg0: 64 bytes, input slow
// CHECK-NEXT: value arg1: 64 bytes, input{{$}}
// CHECK-NEXT: value [[V:v[0-9]+]]: 64 bytes, output slow
// CHECK-NEXT: step 0 scf.for: {{.*}}writes {{[0-9]+}} of [[V]] slow, {{.*}}10 trips
// CHECK: note: {{.*}}is passed into a loop that does not update it in place
func.func @several_buffers(%a: tensor<4x4xf32>, %w: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c10 = arith.constant 10 : index
  %z = arith.constant 0.0 : f32
  %r = scf.for %i = %c0 to %c10 step %c1 iter_args(%x = %a) -> tensor<4x4xf32> {
    %e = tensor.empty() : tensor<4x4xf32>
    %f = linalg.fill ins(%z : f32) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
    %y = linalg.matmul ins(%x, %w : tensor<4x4xf32>, tensor<4x4xf32>) outs(%f : tensor<4x4xf32>) -> tensor<4x4xf32>
    scf.yield %y : tensor<4x4xf32>
  }
  return %r : tensor<4x4xf32>
}

// The number of trips of a loop with bounds known at run time.
// CHECK-LABEL: function told
// CHECK: scf.for: {{.*}}12 trips
// CHECK-LABEL: function unknown
// CHECK: scf.for: {{.*}}1 trips
// CHECK: note: the number of trips is not known and taken as 1; 'mempl.trips' gives it
func.func @told(%a: tensor<16xf32>, %n: index) -> tensor<16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%x = %a) -> tensor<16xf32> {
    %y = linalg.exp ins(%x : tensor<16xf32>) outs(%x : tensor<16xf32>) -> tensor<16xf32>
    scf.yield %y : tensor<16xf32>
  } {mempl.trips = 12 : i64}
  return %r : tensor<16xf32>
}
func.func @unknown(%a: tensor<16xf32>, %n: index) -> tensor<16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%x = %a) -> tensor<16xf32> {
    %y = linalg.exp ins(%x : tensor<16xf32>) outs(%x : tensor<16xf32>) -> tensor<16xf32>
    scf.yield %y : tensor<16xf32>
  }
  return %r : tensor<16xf32>
}

// Loops in loops: programs in programs.
// CHECK-LABEL: function nested
// CHECK: step 0 scf.for: updates 7680 of arg0, 10 trips
// CHECK-NEXT:   value v0: 64 bytes, temporary
// CHECK-NEXT:   step 0 linalg.fill: writes 64 of v0
// CHECK-NEXT:   step 1 scf.for: reads 384 of v0, 6 trips
// CHECK-NEXT:     step 0 linalg.add
func.func @nested(%a: tensor<16xf32>) -> tensor<16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c6 = arith.constant 6 : index
  %c10 = arith.constant 10 : index
  %one = arith.constant 1.0 : f32
  %r = scf.for %i = %c0 to %c10 step %c1 iter_args(%x = %a) -> tensor<16xf32> {
    %e = tensor.empty() : tensor<16xf32>
    %f = linalg.fill ins(%one : f32) outs(%e : tensor<16xf32>) -> tensor<16xf32>
    %s = scf.for %j = %c0 to %c6 step %c1 iter_args(%y = %x) -> tensor<16xf32> {
      %z = linalg.add ins(%y, %f : tensor<16xf32>, tensor<16xf32>) outs(%y : tensor<16xf32>) -> tensor<16xf32>
      scf.yield %z : tensor<16xf32>
    }
    scf.yield %s : tensor<16xf32>
  }
  return %r : tensor<16xf32>
}

// What the first trip reads is undefined, and reading fast memory that nothing
// has written is a mistake. Written in an earlier loop of the same body it is
// not.
// CHECK-LABEL: function read_first
// CHECK-NEXT: value arg0: 64 bytes, input
// CHECK-NEXT: value v1: 64 bytes, output slow
// CHECK-NEXT: step 0 scf.for: writes 128 of v1 slow, updates 128 of arg0, 4 trips
// CHECK: function written_first
// CHECK-NEXT: value v0: 64 bytes, output
// CHECK-NEXT: step 0 scf.for: writes 4096 of v0, 4 trips
func.func @read_first(%a: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %e = tensor.empty() : tensor<4x4xf32>
  %r = scf.for %i = %c0 to %c4 step %c1 iter_args(%x = %e) -> tensor<4x4xf32> {
    %row = tensor.extract_slice %x[%i, 0] [1, 4] [1, 1] : tensor<4x4xf32> to tensor<1x4xf32>
    %new = tensor.extract_slice %a[%i, 0] [1, 4] [1, 1] : tensor<4x4xf32> to tensor<1x4xf32>
    %y = linalg.exp ins(%row : tensor<1x4xf32>) outs(%new : tensor<1x4xf32>) -> tensor<1x4xf32>
    %z = tensor.insert_slice %y into %x[%i, 0] [1, 4] [1, 1] : tensor<1x4xf32> into tensor<4x4xf32>
    scf.yield %z : tensor<4x4xf32>
  }
  return %r : tensor<4x4xf32>
}

func.func @written_first() -> tensor<16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %one = arith.constant 1.0 : f32
  %e = tensor.empty() : tensor<16xf32>
  %r = scf.for %i = %c0 to %c4 step %c1 iter_args(%x = %e) -> tensor<16xf32> {
    %s = scf.for %j = %c0 to %c4 step %c1 iter_args(%y = %x) -> tensor<16xf32> {
      %f = linalg.fill ins(%one : f32) outs(%y : tensor<16xf32>) -> tensor<16xf32>
      scf.yield %f : tensor<16xf32>
    }
    %t = scf.for %j = %c0 to %c4 step %c1 iter_args(%y = %s) -> tensor<16xf32> {
      %new = tensor.empty() : tensor<16xf32>
      %u = linalg.exp ins(%y : tensor<16xf32>) outs(%new : tensor<16xf32>) -> tensor<16xf32>
      %v = linalg.add ins(%u, %y : tensor<16xf32>, tensor<16xf32>) outs(%y : tensor<16xf32>) -> tensor<16xf32>
      scf.yield %v : tensor<16xf32>
    }
    scf.yield %t : tensor<16xf32>
  }
  return %r : tensor<16xf32>
}
