// RUN: mempl-opt --split-input-file --verify-diagnostics --allow-unregistered-dialect --mempl-lower-to-cpu %s

func.func @kernel(%w: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{'mempl.kernel' op cannot be lowered}}
  %r = mempl.kernel "k"(%w) : (tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}

// -----

// An op that upstream's passes leave as it is.
func.func @left() -> index {
  // expected-error @+1 {{'gpu.thread_id' cannot be lowered for a CPU; mempl-lower-to-gpu is for kernels}}
  %i = gpu.thread_id x
  return %i : index
}

// -----

// One error for all of them.
func.func @tosa(%a: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+2 {{'tosa.add' cannot be lowered; run tosa-to-linalg-pipeline before}}
  // expected-note @+1 {{nor are 'tosa.tanh', 'tosa.exp'}}
  %b = tosa.add %a, %a : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %c = tosa.tanh %b : (tensor<4xf32>) -> tensor<4xf32>
  %d = tosa.exp %c : (tensor<4xf32>) -> tensor<4xf32>
  return %d : tensor<4xf32>
}

// -----

func.func @stablehlo(%a: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{'stablehlo.add' cannot be lowered; run stablehlo-legalize-to-linalg of StableHLO before}}
  %b = "stablehlo.add"(%a, %a) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %b : tensor<4xf32>
}

// -----

func.func @unknown(%a: memref<4xf32>) {
  // expected-error @+1 {{'foo.bar' cannot be lowered: its dialect is not known here}}
  "foo.bar"(%a) : (memref<4xf32>) -> ()
  return
}

// -----

func.func @scatter(%a: tensor<2x1x1xf32>, %d: tensor<8x4xf32>, %i: tensor<2x2xindex>) -> tensor<8x4xf32> {
  // expected-error @+1 {{'tensor.scatter' cannot be lowered}}
  %r = tensor.scatter %a into %d[%i] scatter_dims([0, 1]) unique
      : (tensor<2x1x1xf32>, tensor<8x4xf32>, tensor<2x2xindex>) -> tensor<8x4xf32>
  return %r : tensor<8x4xf32>
}

// -----

func.func @tiny(%a: f8E4M3FN) -> f32 {
  // expected-error @+1 {{'arith.extf' cannot be lowered: LLVM has no such numbers; run convert-arith-to-apfloat before}}
  %r = arith.extf %a : f8E4M3FN to f32
  return %r : f32
}

// -----

func.func private @frees(%m: memref<4xf32>) {
  memref.dealloc %m : memref<4xf32>
  return
}

func.func @gives(%t: tensor<4xf32>) -> tensor<4xf32> {
  %m = memref.alloc() : memref<4xf32>
  // expected-error @+1 {{'func.call' gives a buffer to a function that frees it, in a function with tensors}}
  call @frees(%m) : (memref<4xf32>) -> ()
  return %t : tensor<4xf32>
}

// -----

// expected-error @+1 {{'func.func' cannot be lowered: the dialect of its type '!foo.bar' is not known here}}
func.func @opaque(%a: !foo.bar) {
  return
}

// -----

// Nobody needs it, nor attributes of other dialects.
func.func @dead(%a: tensor<4xf32>) -> tensor<4xf32> attributes {foo.type = !foo.bar} {
  %b = tosa.add %a, %a : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %c = tosa.tanh %b : (tensor<4xf32>) -> tensor<4xf32>
  %d = tosa.const_shape {values = dense<2> : tensor<2xindex>} : () -> !tosa.shape<2>
  return %a : tensor<4xf32>
}

// -----

// expected-error @+1 {{cannot be lowered: the program needs the function 'powf' of libm, and this has its name; rename it before}}
func.func @powf(%a: tensor<4xf32>) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  %r = linalg.powf ins(%a, %a : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}

// -----

func.func @expand(%a: tensor<?xi1>, %n: index) -> tensor<?x?xi1> {
  // expected-error @+1 {{'tensor.expand_shape' cannot be lowered: no pass of the pipeline knows it on these types}}
  %r = tensor.expand_shape %a [[0, 1]] output_shape [%n, %n] : tensor<?xi1> into tensor<?x?xi1>
  return %r : tensor<?x?xi1>
}

// -----

func.func @softmax(%a: tensor<4x4xi32>, %b: tensor<4x4xi32>) -> tensor<4x4xi32> {
  // expected-error @below {{'linalg.softmax' cannot be lowered: no pass of the pipeline knows it on these types; rewrite it before}}
  %r = linalg.softmax dimension(1) ins(%a : tensor<4x4xi32>) outs(%b : tensor<4x4xi32>) -> tensor<4x4xi32>
  return %r : tensor<4x4xi32>
}

// -----

func.func @pack(%a: tensor<4x8xcomplex<f32>>, %b: tensor<2x2x2x4xcomplex<f32>>) -> tensor<2x2x2x4xcomplex<f32>> {
  // expected-error @below {{'linalg.pack' cannot be lowered: no pass of the pipeline knows it on these types; rewrite it before}}
  %r = linalg.pack %a inner_dims_pos = [0, 1] inner_tiles = [2, 4] into %b : tensor<4x8xcomplex<f32>> -> tensor<2x2x2x4xcomplex<f32>>
  return %r : tensor<2x2x2x4xcomplex<f32>>
}

// -----

// Upstream does not verify that packing keeps the type of elements.
func.func @pack_to_another(%a: tensor<4x8xi32>, %b: tensor<2x2x2x4xf32>) -> tensor<2x2x2x4xf32> {
  // expected-error @below {{'linalg.pack' cannot be lowered}}
  %r = linalg.pack %a inner_dims_pos = [0, 1] inner_tiles = [2, 4] into %b : tensor<4x8xi32> -> tensor<2x2x2x4xf32>
  return %r : tensor<2x2x2x4xf32>
}

// -----

// Constraints of a program that is not placed.
func.func @pinned(%a: tensor<4xf32>, %b: tensor<4xf32>) -> tensor<4xf32> {
  %0 = arith.addf %a, %b {mempl.pin, mempl.max_bytes = 16} : tensor<4xf32>
  %1 = math.sqrt %0 {mempl.forbid} : tensor<4xf32>
  return %1 : tensor<4xf32>
}
