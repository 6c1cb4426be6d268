// RUN: mempl-opt %s --allow-unregistered-dialect --mempl-prepare --mempl-extract-instance="target=tiny" | FileCheck %s

// Why a value can only be in slow memory goes with it into the instance, in
// the bodies of loops, too.
// CHECK: mempl.instance @reasons_instance
// CHECK-NEXT: fast
// CHECK: mempl.value @arg0 input size 64 space slow reason "is used by 'test.use' ops, {{.+}}"
// CHECK: mempl.value @arg1 inout size 64{{$}}
// CHECK: mempl.loop
// CHECK: mempl.value @{{.+}} temporary size 64 space slow reason "is used by 'test.use' ops, {{.+}}"
func.func @reasons(%a: tensor<16xf32>, %b: tensor<16xf32> {bufferization.writable = true}) -> tensor<16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  "test.use"(%a) : (tensor<16xf32>) -> ()
  %r = scf.for %i = %c0 to %c4 step %c1 iter_args(%x = %b) -> (tensor<16xf32>) {
    %e = tensor.empty() : tensor<16xf32>
    %y = linalg.exp ins(%x : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
    "test.use"(%y) : (tensor<16xf32>) -> ()
    %z = linalg.log ins(%y : tensor<16xf32>) outs(%x : tensor<16xf32>) -> tensor<16xf32>
    scf.yield %z : tensor<16xf32>
  }
  return %r : tensor<16xf32>
}
