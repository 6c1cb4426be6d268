// RUN: mempl-opt %s --mempl-prepare --mempl-test-print-program -o /dev/null | FileCheck %s

// Slices and reshapes are no storage of their own; a step counts the bytes of
// the slice.
// CHECK-LABEL: function slices_and_reshapes
// CHECK-NEXT: value arg0: 1024 bytes, input
// CHECK-NEXT: value v1: 128 bytes, output
// CHECK-NEXT: step 0 linalg.exp: reads 128 of arg0, writes 128 of v1
// CHECK-NOT: step
func.func @slices_and_reshapes(%a: tensor<16x16xf32>) -> tensor<32xf32> {
  %s = tensor.extract_slice %a[4, 0] [2, 16] [1, 1] : tensor<16x16xf32> to tensor<2x16xf32>
  %c = tensor.collapse_shape %s [[0, 1]] : tensor<2x16xf32> into tensor<32xf32>
  %e = tensor.empty() : tensor<32xf32>
  %x = linalg.exp ins(%c : tensor<32xf32>) outs(%e : tensor<32xf32>) -> tensor<32xf32>
  return %x : tensor<32xf32>
}

// A strided slice cannot be collapsed without a copy: the copy is a step.
// CHECK-LABEL: function collapse_of_strided_slice
// CHECK: step 0 mempl.transfer: reads 64 of arg0, writes 64 of
// CHECK-NEXT: step 1 linalg.exp: reads 64 of
func.func @collapse_of_strided_slice(%a: tensor<16x16xf32>) -> tensor<16xf32> {
  %s = tensor.extract_slice %a[0, 0] [4, 4] [1, 1] : tensor<16x16xf32> to tensor<4x4xf32>
  %c = tensor.collapse_shape %s [[0, 1]] : tensor<4x4xf32> into tensor<16xf32>
  %e = tensor.empty() : tensor<16xf32>
  %x = linalg.exp ins(%c : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  return %x : tensor<16xf32>
}

// A returned slice is copied, as the caller expects a dense buffer.
// CHECK-LABEL: function returned_slice
// CHECK: step 0 mempl.transfer: reads 64 of arg0, writes 64 of
func.func @returned_slice(%a: tensor<16x16xf32>) -> tensor<4x4xf32> {
  %s = tensor.extract_slice %a[0, 0] [4, 4] [1, 1] : tensor<16x16xf32> to tensor<4x4xf32>
  return %s : tensor<4x4xf32>
}

// What is computed in its place in a larger tensor is not copied there.
// CHECK-LABEL: function computed_in_place
// CHECK: value v1: 128 bytes, output
// CHECK-NEXT: step 0 linalg.exp: reads 64 of arg0, writes 64 of v1
// CHECK-NEXT: step 1 linalg.log: reads 64 of arg0, updates 64 of v1
// CHECK-NOT: step
func.func @computed_in_place(%a: tensor<16xf32>) -> tensor<32xf32> {
  %e = tensor.empty() : tensor<16xf32>
  %x = linalg.exp ins(%a : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  %f = tensor.empty() : tensor<16xf32>
  %y = linalg.log ins(%a : tensor<16xf32>) outs(%f : tensor<16xf32>) -> tensor<16xf32>
  %r = tensor.empty() : tensor<32xf32>
  %r1 = tensor.insert_slice %x into %r[0] [16] [1] : tensor<16xf32> into tensor<32xf32>
  %r2 = tensor.insert_slice %y into %r1[16] [16] [1] : tensor<16xf32> into tensor<32xf32>
  return %r2 : tensor<32xf32>
}

// A concatenation of arguments copies them.
// CHECK-LABEL: function concatenation
// CHECK: step 0 tensor.insert_slice: reads 64 of arg0, writes 64 of v2
// CHECK-NEXT: step 1 tensor.insert_slice: reads 32 of arg1, updates 32 of v2
func.func @concatenation(%a: tensor<16xf32>, %b: tensor<8xf32>) -> tensor<24xf32> {
  %r = tensor.concat dim(0) %a, %b : (tensor<16xf32>, tensor<8xf32>) -> tensor<24xf32>
  return %r : tensor<24xf32>
}

// Padding fills the whole and copies the inside.
// CHECK-LABEL: function padding
// CHECK: step 0 linalg.fill: writes 144 of v1
// CHECK-NEXT: step 1 tensor.insert_slice: reads 64 of arg0, updates 64 of v1
func.func @padding(%a: tensor<4x4xf32>) -> tensor<6x6xf32> {
  %z = arith.constant 0.0 : f32
  %p = tensor.pad %a low[1, 1] high[1, 1] {
  ^bb0(%i: index, %j: index):
    tensor.yield %z : f32
  } : tensor<4x4xf32> to tensor<6x6xf32>
  return %p : tensor<6x6xf32>
}

// A single element, read and written.
// CHECK-LABEL: function elements
// CHECK: step 0 tensor.extract: reads 4 of arg0
// CHECK: step 1 tensor.insert: updates 4 of arg1
func.func @elements(%a: tensor<16xf32>, %b: tensor<16xf32>, %i: index) -> tensor<16xf32> {
  %x = tensor.extract %a[%i] : tensor<16xf32>
  %r = tensor.insert %x into %b[%i] : tensor<16xf32>
  return %r : tensor<16xf32>
}

// A gather reads an element per iteration of a tensor that is no operand.
// CHECK-LABEL: function gather
// CHECK: step 0 linalg.generic: reads 32 of arg1, writes 32 of v2, reads 32 of arg0
func.func @gather(%table: tensor<1024xf32>, %i: tensor<8xi32>) -> tensor<8xf32> {
  %e = tensor.empty() : tensor<8xf32>
  %x = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%i : tensor<8xi32>) outs(%e : tensor<8xf32>) {
  ^bb0(%in: i32, %out: f32):
    %n = arith.index_cast %in : i32 to index
    %v = tensor.extract %table[%n] : tensor<1024xf32>
    linalg.yield %v : f32
  } -> tensor<8xf32>
  return %x : tensor<8xf32>
}

// A choice between two tensors may be either: all three stay in slow memory.
// CHECK-LABEL: function chosen
// CHECK-NEXT: value arg1: 64 bytes, input slow
// CHECK-NEXT: value arg2: 64 bytes, input slow
// CHECK: note: 'arg1' stays in slow memory: it is one of several tensors that the result of 'arith.select' may be
func.func @chosen(%c: i1, %a: tensor<16xf32>, %b: tensor<16xf32>) -> tensor<16xf32> {
  %s = arith.select %c, %a, %b : tensor<16xf32>
  %e = tensor.empty() : tensor<16xf32>
  %x = linalg.exp ins(%s : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  return %x : tensor<16xf32>
}
