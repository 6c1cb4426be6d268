// REQUIRES: runner
// Functions that LLVM has no instruction for, and libm no function.
// RUN: mempl-opt --mempl-lower-to-cpu %s -o %t.mlir
// RUN: %run_main %t.mlir | FileCheck %s

// CHECK: ( 8, 8, 8 )
// CHECK: ( 0.5, 0.5, 0.5 )
func.func @cube(%x: tensor<3xf32>) -> tensor<3xf32> {
  %three = arith.constant 3 : i64
  %e = tensor.empty() : tensor<3xf32>
  %r = linalg.map ins(%x : tensor<3xf32>) outs(%e : tensor<3xf32>) (%v: f32, %o: f32) {
    %p = math.fpowi %v, %three : f32, i64
    linalg.yield %p : f32
  }
  return %r : tensor<3xf32>
}

func.func @main() {
  %c0 = arith.constant 0 : index
  %two = arith.constant 2.0 : f32
  %four = arith.constant 4.0 : f32
  %e = tensor.empty() : tensor<3xf32>
  %x = linalg.fill ins(%two : f32) outs(%e : tensor<3xf32>) -> tensor<3xf32>
  %cubed = call @cube(%x) : (tensor<3xf32>) -> tensor<3xf32>
  %v = vector.transfer_read %cubed[%c0], %two {in_bounds = [true]} : tensor<3xf32>, vector<3xf32>
  vector.print %v : vector<3xf32>
  %f = tensor.empty() : tensor<3xf32>
  %y = linalg.fill ins(%four : f32) outs(%f : tensor<3xf32>) -> tensor<3xf32>
  %roots = linalg.rsqrt ins(%y : tensor<3xf32>) outs(%f : tensor<3xf32>) -> tensor<3xf32>
  %w = vector.transfer_read %roots[%c0], %two {in_bounds = [true]} : tensor<3xf32>, vector<3xf32>
  vector.print %w : vector<3xf32>
  return
}
