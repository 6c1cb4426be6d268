// RUN: mempl-opt %s --convert-linalg-to-gpu-launch="functions=f" --split-input-file --verify-diagnostics

func.func @f(%x: f32, %c: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{expected buffers; bufferize before convert-linalg-to-gpu-launch}}
  %r = linalg.fill ins(%x : f32) outs(%c : tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}

// -----

func.func @f(%a: memref<4x4xf32>, %b: memref<4xf32>) {
  // expected-error@+1 {{expected result 1 to have one element per point of the parallel loops}}
  linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>], iterator_types = ["parallel", "parallel"]}
      ins(%a : memref<4x4xf32>) outs(%b : memref<4xf32>) {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  }
  return
}

// -----

func.func @f(%a: memref<4x4xf32>, %b: memref<4x4xf32>) {
  // expected-error@+1 {{has no scalar form to make a kernel of}}
  linalg.softmax dimension(1) ins(%a : memref<4x4xf32>) outs(%b : memref<4x4xf32>)
  return
}

// -----

// expected-error@+1 {{no function 'f'}}
module {
}
