// RUN: mempl-opt %s --learned-memory-placement="target=tiny solver=greedy" | FileCheck %s

// Storage has whole bytes per element, whatever the type.
// CHECK-LABEL: func.func @sub_byte
// CHECK: mempl.alloc <fast> at 0 bytes 10 : tensor<10xi4>
func.func @sub_byte(%a: tensor<10xi4>) -> tensor<10xi4> {
  %e = tensor.empty() : tensor<10xi4>
  %x = linalg.add ins(%a, %a : tensor<10xi4>, tensor<10xi4>) outs(%e : tensor<10xi4>) -> tensor<10xi4>
  %f = tensor.empty() : tensor<10xi4>
  %y = linalg.add ins(%x, %x : tensor<10xi4>, tensor<10xi4>) outs(%f : tensor<10xi4>) -> tensor<10xi4>
  return %y : tensor<10xi4>
}

// CHECK-LABEL: func.func @complex_numbers
// CHECK: mempl.alloc <fast> at 0 bytes 80 : tensor<10xcomplex<f32>>
func.func @complex_numbers(%a: tensor<10xcomplex<f32>>) -> tensor<10xcomplex<f32>> {
  %e = tensor.empty() : tensor<10xcomplex<f32>>
  %x = linalg.copy ins(%a : tensor<10xcomplex<f32>>) outs(%e : tensor<10xcomplex<f32>>) -> tensor<10xcomplex<f32>>
  %f = tensor.empty() : tensor<10xcomplex<f32>>
  %y = linalg.copy ins(%x : tensor<10xcomplex<f32>>) outs(%f : tensor<10xcomplex<f32>>) -> tensor<10xcomplex<f32>>
  return %y : tensor<10xcomplex<f32>>
}

// An empty tensor takes no room and no copy.
// CHECK-LABEL: func.func @nothing
// CHECK-NOT: mempl.copy_start
// CHECK: return
func.func @nothing(%a: tensor<0xf32>) -> tensor<0xf32> {
  %e = tensor.empty() : tensor<0xf32>
  %x = linalg.exp ins(%a : tensor<0xf32>) outs(%e : tensor<0xf32>) -> tensor<0xf32>
  return %x : tensor<0xf32>
}

// CHECK-LABEL: func.func @no_tensors
func.func @no_tensors(%a: f32) -> f32 {
  return %a : f32
}
