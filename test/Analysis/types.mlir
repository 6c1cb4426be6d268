// RUN: mempl-opt %s --mempl-prepare --mempl-test-print-program -o /dev/null | FileCheck %s

// Sizes are those of the buffers: an element takes whole bytes.
// CHECK-LABEL: function sizes
// CHECK-NEXT: value arg0: 10 bytes
// CHECK-NEXT: value arg1: 10 bytes
// CHECK-NEXT: value arg2: 20 bytes
// CHECK-NEXT: value arg3: 10 bytes
// CHECK-NEXT: value arg4: 80 bytes
// CHECK-NEXT: value arg5: 80 bytes
// CHECK-NEXT: value arg6: 0 bytes
// CHECK-NEXT: value arg7: 8 bytes
// CHECK-NEXT: value arg8: 0 bytes
func.func @sizes(%a: tensor<10xi1>, %b: tensor<10xi4>, %c: tensor<10xbf16>,
                 %d: tensor<10xf8E4M3FN>, %e: tensor<10xindex>,
                 %f: tensor<10xcomplex<f32>>, %g: tensor<0x4xf32>, %h: tensor<f64>,
                 %i: tensor<10xi0>) {
  return
}

// The bound of a dynamic shape: from the user, from the program, or none.
// CHECK-LABEL: function dynamic
// CHECK-NEXT: value arg0: 4096 bytes, input{{$}}
// CHECK-NEXT: value arg1: 0 bytes, input slow
// CHECK: note: 'arg1' stays in slow memory: it has a dynamic size without a bound ('mempl.max_bytes' on the op or argument gives one)
func.func @dynamic(%a: tensor<?xf32> {mempl.max_bytes = 4096 : i64}, %b: tensor<?xf32>) {
  return
}

// CHECK-LABEL: function bounded
// CHECK: value v{{[0-9]+}}: 128 bytes, temporary
func.func @bounded(%a: tensor<64xf32>, %n: index) -> f32 {
  %c0 = arith.constant 0 : index
  %m = affine.min affine_map<(d0) -> (d0, 32)>(%n)
  %s = tensor.extract_slice %a[0] [%m] [1] : tensor<64xf32> to tensor<?xf32>
  %e = tensor.empty(%m) : tensor<?xf32>
  %x = linalg.exp ins(%s : tensor<?xf32>) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  %r = tensor.extract %x[%c0] : tensor<?xf32>
  return %r : f32
}

// Orders of the user.
// CHECK-LABEL: function constraints
// CHECK-NEXT: value arg0: 64 bytes, input fast
// CHECK-NEXT: value arg1: 64 bytes, input slow
// CHECK-NEXT: value v2: 64 bytes, temporary fast
func.func @constraints(%a: tensor<16xf32> {mempl.pin}, %b: tensor<16xf32> {mempl.forbid}) -> tensor<16xf32> {
  %e = tensor.empty() {mempl.pin = #mempl.space<fast>} : tensor<16xf32>
  %x = linalg.add ins(%a, %b : tensor<16xf32>, tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  %f = tensor.empty() : tensor<16xf32>
  %y = linalg.exp ins(%x : tensor<16xf32>) outs(%f : tensor<16xf32>) -> tensor<16xf32>
  return %y : tensor<16xf32>
}

// A tensor with an encoding belongs to somebody else.
// CHECK-LABEL: function encoded
// CHECK-NEXT: value arg0: 64 bytes, input slow
// CHECK: it has a memory space, 1 : i64
func.func @encoded(%a: tensor<16xf32, 1 : i64>) {
  return
}
