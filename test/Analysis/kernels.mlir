// RUN: mempl-opt %s --mempl-prepare --mempl-test-print-program -o /dev/null | FileCheck %s

// A program of another compiler: declared times, bytes and reserved memory.
// CHECK-LABEL: function program
// CHECK-NEXT: value arg0: 4096 bytes, input
// CHECK-NEXT: value arg1: 64 bytes, input
// CHECK-NEXT: value v2: 64 bytes, temporary
// CHECK-NEXT: value v3: 64 bytes, output
// CHECK-NEXT: step 0 mempl.kernel: reads 64 of arg0, reads 64 of arg1, writes 64 of v2, compute 0.5
// CHECK-NEXT: step 1 mempl.kernel: reads 64 of v2, writes 32 of v3, compute 0.25, reserves 128
// CHECK-NEXT: step 2 mempl.kernel: updates 128 of v3, compute 0.125
func.func @program(%table: tensor<1024xf32>, %i: tensor<16xi32>) -> tensor<16xf32> {
  %o = tensor.empty() : tensor<16xf32>
  %a = mempl.kernel "gather"(%table, %i, %o)
      {outs = array<i64: 2>, seconds = 0.5 : f64, bytes = array<i64: 64, -1, -1>}
      : (tensor<1024xf32>, tensor<16xi32>, tensor<16xf32>) -> tensor<16xf32>
  %b = mempl.kernel "scale"(%a) {seconds = 0.25 : f64, reserved = 128 : i64, result_bytes = array<i64: 32>}
      : (tensor<16xf32>) -> tensor<16xf32>
  %c = mempl.kernel "add"(%b) {outs = array<i64: 0>, updates = array<i64: 0>, seconds = 0.125 : f64}
      : (tensor<16xf32>) -> tensor<16xf32>
  return %c : tensor<16xf32>
}
