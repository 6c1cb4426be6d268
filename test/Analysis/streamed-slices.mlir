// RUN: mempl-opt %s --mempl-prepare --mempl-test-print-program -o /dev/null | FileCheck %s
// RUN: mempl-opt %s --mempl-prepare --mempl-test-print-program=slices=always -o /dev/null | FileCheck %s --check-prefix=ALWAYS
// RUN: mempl-opt %s --mempl-prepare --mempl-test-print-program=slices=never -o /dev/null | FileCheck %s --check-prefix=NEVER

// NEVER-NOT: streamed

// Slices that move with the trip are values of the body: what is read comes from
// a tensor in slow memory, what is written goes to one.
// CHECK-LABEL: function in_and_out
// CHECK-NEXT: value arg0: 160 bytes, inout slow
// CHECK-NEXT: value arg1: 160 bytes, input slow
// CHECK-NEXT: step 0 scf.for: updates 0 of arg0 slow, reads 0 of arg1 slow, 10 trips
// CHECK-NEXT:   value v0: 16 bytes, input streamed
// CHECK-NEXT:   value v1: 16 bytes, output streamed
// CHECK-NEXT:   step 0 linalg.exp: reads 16 of v0, writes 16 of v1
// CHECK-NEXT:   step 1 linalg.log: updates 32 of v1
// CHECK-NEXT: note: 'arg0' stays in slow memory: it is used slice by slice in a loop, in which each slice is placed by itself
// NEVER-LABEL: function in_and_out
// NEVER: step 0 scf.for: updates 480 of arg0, reads 160 of arg1, 10 trips
func.func @in_and_out(%a: tensor<40xf32>, %b: tensor<40xf32>) -> tensor<40xf32> {
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  %c40 = arith.constant 40 : index
  %r = scf.for %i = %c0 to %c40 step %c4 iter_args(%x = %a) -> tensor<40xf32> {
    %s = tensor.extract_slice %b[%i] [4] [1] : tensor<40xf32> to tensor<4xf32>
    %t = tensor.extract_slice %x[%i] [4] [1] : tensor<40xf32> to tensor<4xf32>
    %y = linalg.exp ins(%s : tensor<4xf32>) outs(%t : tensor<4xf32>) -> tensor<4xf32>
    %w = linalg.log ins(%y : tensor<4xf32>) outs(%y : tensor<4xf32>) -> tensor<4xf32>
    %z = tensor.insert_slice %w into %x[%i] [4] [1] : tensor<4xf32> into tensor<40xf32>
    scf.yield %z : tensor<40xf32>
  }
  return %r : tensor<40xf32>
}

// The weights of a layer per trip, cut out of those of all layers. What goes
// from layer to layer is carried.
// CHECK-LABEL: function layers
// CHECK: value arg1: 512 bytes, input slow
// CHECK: step 0 scf.for: {{.*}}reads 0 of arg1 slow, 8 trips
// CHECK-NEXT:   value v0: 64 bytes, input streamed
// CHECK-NEXT:   step 0 linalg.add: reads 64 of v0
func.func @layers(%x: tensor<4x4xf32>, %w: tensor<8x4x4xf32>) -> tensor<4x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %r = scf.for %i = %c0 to %c8 step %c1 iter_args(%h = %x) -> tensor<4x4xf32> {
    %s = tensor.extract_slice %w[%i, 0, 0] [1, 4, 4] [1, 1, 1] : tensor<8x4x4xf32> to tensor<4x4xf32>
    %y = linalg.add ins(%h, %s : tensor<4x4xf32>, tensor<4x4xf32>) outs(%h : tensor<4x4xf32>) -> tensor<4x4xf32>
    scf.yield %y : tensor<4x4xf32>
  }
  return %r : tensor<4x4xf32>
}

// Of a nest, each slice belongs to the innermost loop that it moves with, also
// where its tensor is further out; one whose trips are read more than once stays
// a part of a tensor that fits.
// CHECK-LABEL: function nest
// CHECK: value arg0: 131072 bytes, input slow
// CHECK-NEXT: value arg1: 128 bytes, input{{$}}
// CHECK-NEXT: value arg2: 64 bytes
// CHECK-NEXT: step 0 scf.for: {{.*}}reads 0 of arg0 slow, reads 16384 of arg1, 128 trips
// CHECK-NEXT:   step 0 scf.for: 16 trips
// CHECK-NEXT:     value v0: 64 bytes, input streamed
// CHECK-NEXT:     step 0 linalg.add: reads 64 of v0
// ALWAYS-LABEL: function nest
// ALWAYS: step 0 scf.for: {{.*}} 128 trips
// ALWAYS-NEXT:   step 0 scf.for: 16 trips
// ALWAYS-NEXT:     value v0: 64 bytes, input streamed
// ALWAYS-NEXT:     value v1: 8 bytes, input streamed
func.func @nest(%a: tensor<128x256xf32>, %b: tensor<32xf32>, %x: tensor<16xf32>) -> tensor<16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c16 = arith.constant 16 : index
  %c128 = arith.constant 128 : index
  %c256 = arith.constant 256 : index
  %r = scf.for %i = %c0 to %c128 step %c1 iter_args(%g = %x) -> tensor<16xf32> {
    %q = scf.for %j = %c0 to %c256 step %c16 iter_args(%h = %g) -> tensor<16xf32> {
      %s = tensor.extract_slice %a[%i, %j] [1, 16] [1, 1] : tensor<128x256xf32> to tensor<16xf32>
      %k = affine.apply affine_map<(d0) -> (d0 floordiv 8)>(%j)
      %t = tensor.extract_slice %b[%k] [2] [1] : tensor<32xf32> to tensor<2xf32>
      %y = linalg.add ins(%h, %s : tensor<16xf32>, tensor<16xf32>) outs(%h : tensor<16xf32>) -> tensor<16xf32>
      %u = tensor.extract_slice %y[0] [2] [1] : tensor<16xf32> to tensor<2xf32>
      %v = linalg.add ins(%u, %t : tensor<2xf32>, tensor<2xf32>) outs(%u : tensor<2xf32>) -> tensor<2xf32>
      %z = tensor.insert_slice %v into %y[0] [2] [1] : tensor<2xf32> into tensor<16xf32>
      scf.yield %z : tensor<16xf32>
    }
    scf.yield %q : tensor<16xf32>
  }
  return %r : tensor<16xf32>
}

// What trips read may overlap; what they write may not, and stays a part of its
// tensor, with a note where that does not fit.
// CHECK-LABEL: function overlap
// CHECK: value arg0: 1048576 bytes, inout{{$}}
// CHECK-NEXT: value arg1: 1048576 bytes, input slow
// CHECK-NEXT: step 0 scf.for:
// CHECK-NEXT:   value v0: 512 bytes, input streamed
// CHECK-NEXT:   step 0 linalg.exp: reads 512 of v0
// CHECK: note: the slice of 'arg0' is not placed by itself: it may have elements in common with that of another trip
func.func @overlap(%a: tensor<262144xf32>, %b: tensor<262144xf32>) -> tensor<262144xf32> {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %c262080 = arith.constant 262080 : index
  %r = scf.for %i = %c0 to %c262080 step %c64 iter_args(%x = %a) -> tensor<262144xf32> {
    %s = tensor.extract_slice %b[%i] [128] [1] : tensor<262144xf32> to tensor<128xf32>
    %t = tensor.extract_slice %x[%i] [128] [1] : tensor<262144xf32> to tensor<128xf32>
    %y = linalg.exp ins(%s : tensor<128xf32>) outs(%t : tensor<128xf32>) -> tensor<128xf32>
    %z = tensor.insert_slice %y into %x[%i] [128] [1] : tensor<128xf32> into tensor<262144xf32>
    scf.yield %z : tensor<262144xf32>
  }
  return %r : tensor<262144xf32>
}

// Places that a trip computes from what it reads are not known ahead.
// CHECK-LABEL: function gathered
// CHECK-NOT: streamed
// CHECK: note: the slice of 'arg0' is not placed by itself: it has a place that is not known before the trip
// CHECK-NOT: streamed
func.func @gathered(%a: tensor<262144xf32>, %n: tensor<16xindex>, %x: tensor<64xf32>) -> tensor<64xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %r = scf.for %i = %c0 to %c16 step %c1 iter_args(%h = %x) -> tensor<64xf32> {
    %p = tensor.extract %n[%i] : tensor<16xindex>
    %s = tensor.extract_slice %a[%p] [64] [1] : tensor<262144xf32> to tensor<64xf32>
    %q = arith.addi %p, %i : index
    %t = tensor.extract_slice %a[%q] [64] [1] : tensor<262144xf32> to tensor<64xf32>
    %y = linalg.add ins(%s, %t : tensor<64xf32>, tensor<64xf32>) outs(%h : tensor<64xf32>) -> tensor<64xf32>
    scf.yield %y : tensor<64xf32>
  }
  return %r : tensor<64xf32>
}

// A tensor that is made, cut and used in fast memory is better off whole.
// CHECK-LABEL: function temporary
// CHECK-NOT: streamed
// CHECK-LABEL: function written_elsewhere
// ALWAYS-LABEL: function temporary
// ALWAYS: input streamed
// ALWAYS-LABEL: function written_elsewhere
func.func @temporary(%a: tensor<40xf32>, %x: tensor<4xf32>) -> tensor<4xf32> {
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  %c40 = arith.constant 40 : index
  %e = tensor.empty() : tensor<40xf32>
  %b = linalg.exp ins(%a : tensor<40xf32>) outs(%e : tensor<40xf32>) -> tensor<40xf32>
  %r = scf.for %i = %c0 to %c40 step %c4 iter_args(%h = %x) -> tensor<4xf32> {
    %s = tensor.extract_slice %b[%i] [4] [1] : tensor<40xf32> to tensor<4xf32>
    %y = linalg.add ins(%h, %s : tensor<4xf32>, tensor<4xf32>) outs(%h : tensor<4xf32>) -> tensor<4xf32>
    scf.yield %y : tensor<4xf32>
  }
  return %r : tensor<4xf32>
}

// What the loop writes, and what a user has pinned, is no streamed input.
// ALWAYS-NOT: streamed
func.func @written_elsewhere(%a: tensor<40xf32>) -> tensor<40xf32> {
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  %c40 = arith.constant 40 : index
  %r = scf.for %i = %c0 to %c40 step %c4 iter_args(%h = %a) -> tensor<40xf32> {
    %s = tensor.extract_slice %h[%i] [4] [1] : tensor<40xf32> to tensor<4xf32>
    %t = tensor.extract_slice %h[0] [4] [1] : tensor<40xf32> to tensor<4xf32>
    %y = linalg.add ins(%s, %t : tensor<4xf32>, tensor<4xf32>) outs(%t : tensor<4xf32>) -> tensor<4xf32>
    %z = tensor.insert_slice %y into %h[0] [4] [1] : tensor<4xf32> into tensor<40xf32>
    scf.yield %z : tensor<40xf32>
  }
  return %r : tensor<40xf32>
}
func.func @pinned(%a: tensor<40xf32> {mempl.pin = #mempl.space<fast>}, %x: tensor<4xf32>) -> tensor<4xf32> {
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  %c40 = arith.constant 40 : index
  %r = scf.for %i = %c0 to %c40 step %c4 iter_args(%h = %x) -> tensor<4xf32> {
    %s = tensor.extract_slice %a[%i] [4] [1] : tensor<40xf32> to tensor<4xf32>
    %y = linalg.add ins(%h, %s : tensor<4xf32>, tensor<4xf32>) outs(%h : tensor<4xf32>) -> tensor<4xf32>
    scf.yield %y : tensor<4xf32>
  }
  return %r : tensor<4xf32>
}

// A tile whose old contents are read is both: the accumulator of a product, which
// the loop over the reduction carries.
// CHECK-LABEL: function product
// ALWAYS-LABEL: function product
// NEVER-LABEL: function product
// CHECK-COUNT-3: value arg{{.}}: 4096 bytes, {{.*}} slow
// CHECK: step 0 scf.for: updates 0 of arg2 slow, reads 0 of arg0 slow, reads 0 of arg1 slow, 4 trips
// CHECK-NEXT:   step 0 scf.for: 4 trips
// CHECK-NEXT:     value v0: 256 bytes, inout streamed
// CHECK-NEXT:     step 0 scf.for: updates 2048 of v0, 4 trips
// CHECK-NEXT:       value v0: 256 bytes, input streamed
// CHECK-NEXT:       value v1: 256 bytes, input streamed
// CHECK-NEXT:       step 0 linalg.matmul: reads 256 of v0, reads 256 of v1
func.func @product(%x: tensor<32x32xf32>, %w: tensor<32x32xf32>, %o: tensor<32x32xf32>) -> tensor<32x32xf32> {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  %c32 = arith.constant 32 : index
  %r = scf.for %i = %c0 to %c32 step %c8 iter_args(%a = %o) -> tensor<32x32xf32> {
    %s = scf.for %j = %c0 to %c32 step %c8 iter_args(%b = %a) -> tensor<32x32xf32> {
      %acc = tensor.extract_slice %b[%i, %j] [8, 8] [1, 1] : tensor<32x32xf32> to tensor<8x8xf32>
      %t = scf.for %k = %c0 to %c32 step %c8 iter_args(%c = %acc) -> tensor<8x8xf32> {
        %p = tensor.extract_slice %x[%i, %k] [8, 8] [1, 1] : tensor<32x32xf32> to tensor<8x8xf32>
        %q = tensor.extract_slice %w[%k, %j] [8, 8] [1, 1] : tensor<32x32xf32> to tensor<8x8xf32>
        %m = linalg.matmul ins(%p, %q : tensor<8x8xf32>, tensor<8x8xf32>) outs(%c : tensor<8x8xf32>) -> tensor<8x8xf32>
        scf.yield %m : tensor<8x8xf32>
      }
      %u = tensor.insert_slice %t into %b[%i, %j] [8, 8] [1, 1] : tensor<8x8xf32> into tensor<32x32xf32>
      scf.yield %u : tensor<32x32xf32>
    }
    scf.yield %s : tensor<32x32xf32>
  }
  return %r : tensor<32x32xf32>
}

// Tiles that are smaller at the end of their tensor have a largest size.
// CHECK-LABEL: function rests
// CHECK: step 0 scf.for: updates 0 of arg1 slow, reads 0 of arg0 slow, 5 trips
// CHECK-NEXT:   value v0: 768 bytes, input streamed
// CHECK-NEXT:   value v1: 768 bytes, output streamed
// CHECK-NEXT:   step 0 linalg.exp: reads 768 of v0, writes 768 of v1
// NEVER-LABEL: function rests
func.func @rests(%a: tensor<28x32xf32>, %o: tensor<28x32xf32>) -> tensor<28x32xf32> {
  %c0 = arith.constant 0 : index
  %c6 = arith.constant 6 : index
  %c28 = arith.constant 28 : index
  %r = scf.for %i = %c0 to %c28 step %c6 iter_args(%x = %o) -> tensor<28x32xf32> {
    %n = affine.min affine_map<(d0) -> (-d0 + 28, 6)>(%i)
    %s = tensor.extract_slice %a[%i, 0] [%n, 32] [1, 1] : tensor<28x32xf32> to tensor<?x32xf32>
    %t = tensor.extract_slice %x[%i, 0] [%n, 32] [1, 1] : tensor<28x32xf32> to tensor<?x32xf32>
    %y = linalg.exp ins(%s : tensor<?x32xf32>) outs(%t : tensor<?x32xf32>) -> tensor<?x32xf32>
    %u = tensor.insert_slice %y into %x[%i, 0] [%n, 32] [1, 1] : tensor<?x32xf32> into tensor<28x32xf32>
    scf.yield %u : tensor<28x32xf32>
  }
  return %r : tensor<28x32xf32>
}
