// RUN: mempl-opt %s --allow-unregistered-dialect --learned-memory-placement="target=tiny solver=greedy" --split-input-file --verify-diagnostics -o /dev/null

// One line per function says why traffic stays in slow memory: the reason of
// the values themselves, the most bytes first, and what helps.

// expected-remark @below {{'elementwise': nothing placed in fast memory: 512 bytes of 5 values because each is used by elementwise ops on tensors, which do not bufferize (run convert-elementwise-to-linalg first)}}
func.func @elementwise(%a: tensor<16xf32>, %b: tensor<16xf32>) -> tensor<16xf32> {
  %x = arith.addf %a, %b : tensor<16xf32>
  %y = math.sqrt %x : tensor<16xf32>
  %z = arith.mulf %y, %a : tensor<16xf32>
  return %z : tensor<16xf32>
}

// -----

// expected-remark @below {{'tosa': nothing placed in fast memory: 192 bytes of 3 values because each is used by ops of 'tosa', which do not bufferize (run tosa-to-linalg first)}}
func.func @tosa(%a: tensor<16xf32>, %b: tensor<16xf32>) -> tensor<16xf32> {
  %x = tosa.add %a, %b : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
  return %x : tensor<16xf32>
}

// -----

// expected-remark @below {{256 bytes of 3 values because each is used by 'linalg.pack' ops, which do not bufferize (lower it with transform.structured.lower_pack first)}}
func.func @pack(%x: tensor<4x8xf32>) -> tensor<2x2x2x4xf32> {
  %e = tensor.empty() : tensor<2x2x2x4xf32>
  %p = linalg.pack %x inner_dims_pos = [0, 1] inner_tiles = [2, 4] into %e : tensor<4x8xf32> -> tensor<2x2x2x4xf32>
  return %p : tensor<2x2x2x4xf32>
}

// -----

// expected-remark @below {{nothing placed in fast memory: 128 bytes of 2 values because each is used by 'test.op' ops, which do not bufferize (lower it to ops that do, or register its BufferizableOpInterface)}}
func.func @unknown(%a: tensor<16xf32>) -> tensor<16xf32> {
  %x = "test.op"(%a) : (tensor<16xf32>) -> tensor<16xf32>
  return %x : tensor<16xf32>
}

// -----

// The callee is another function's; what is passed to it has a size, if no
// known traffic.
// expected-remark @below {{'callee' is not placed: it is called by another function of the module; inline it to place it}}
func.func private @callee(%a: tensor<16xf32>) -> tensor<16xf32> {
  return %a : tensor<16xf32>
}
// expected-remark @below {{'caller': nothing placed in fast memory: 2 values of together 128 bytes because each is passed to or returned by a call (run inline first)}}
func.func @caller(%a: tensor<16xf32>) -> tensor<16xf32> {
  %x = call @callee(%a) : (tensor<16xf32>) -> tensor<16xf32>
  return %x : tensor<16xf32>
}

// -----

func.func private @outside(tensor<16xf32>) -> tensor<16xf32>
// expected-remark @below {{because each is passed to or returned by a call, which is declared only}}
func.func @calls_outside(%a: tensor<16xf32>) -> tensor<16xf32> {
  %x = call @outside(%a) : (tensor<16xf32>) -> tensor<16xf32>
  return %x : tensor<16xf32>
}

// -----

// expected-remark @below {{'recursive' is not placed: it calls itself}}
func.func @recursive(%a: tensor<16xf32>) -> tensor<16xf32> {
  %x = call @recursive(%a) : (tensor<16xf32>) -> tensor<16xf32>
  return %x : tensor<16xf32>
}
// expected-remark @below {{'even' is not placed: it calls itself through @odd}}
func.func @even(%a: tensor<16xf32>) -> tensor<16xf32> {
  %x = call @odd(%a) : (tensor<16xf32>) -> tensor<16xf32>
  return %x : tensor<16xf32>
}
// expected-remark @below {{'odd' is not placed: it calls itself through @even}}
func.func @odd(%a: tensor<16xf32>) -> tensor<16xf32> {
  %x = call @even(%a) : (tensor<16xf32>) -> tensor<16xf32>
  return %x : tensor<16xf32>
}

// -----

// expected-remark @below {{'blocks' is not placed: it has several blocks}}
func.func @blocks(%a: tensor<16xf32>) -> tensor<16xf32> {
  cf.br ^end
^end:
  return %a : tensor<16xf32>
}

// -----

// expected-remark @below {{nothing placed in fast memory: 2 values because each has a dynamic size without a bound ('mempl.max_bytes' on the op or argument gives one)}}
func.func @dynamic(%a: tensor<?xf32>, %n: index) -> tensor<?xf32> {
  %e = tensor.empty(%n) : tensor<?xf32>
  %x = linalg.exp ins(%a : tensor<?xf32>) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  return %x : tensor<?xf32>
}

// -----

// Reasons of several kinds: the worst first.
// expected-remark @below {{'kinds': 4232 of 4552 bytes of traffic stay in slow memory: 4096 bytes of 1 value because it is larger than fast memory; 64 bytes of 1 value because it is read once: copying it in moves as many bytes as reading it; 64 bytes of 1 value because it is written once: copying it out moves as many bytes as writing it; 8 bytes}}
func.func @kinds(%a: tensor<16xf32>, %b: tensor<16xf32>, %c: tensor<1024xf32>) -> (tensor<16xf32>, tensor<16xf32>, tensor<f32>) {
  %e = tensor.empty() : tensor<16xf32>
  %x = linalg.exp ins(%a : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  %f = tensor.empty() : tensor<16xf32>
  %y = linalg.log ins(%x : tensor<16xf32>) outs(%f : tensor<16xf32>) -> tensor<16xf32>
  %g = tensor.empty() : tensor<16xf32>
  %z = linalg.add ins(%x, %b : tensor<16xf32>, tensor<16xf32>) outs(%g : tensor<16xf32>) -> tensor<16xf32>
  %h = tensor.empty() : tensor<f32>
  %r = linalg.reduce ins(%c : tensor<1024xf32>) outs(%h : tensor<f32>) dimensions = [0]
    (%in: f32, %out: f32) {
      %s = arith.addf %in, %out : f32
      linalg.yield %s : f32
    }
  return %y, %z, %r : tensor<16xf32>, tensor<16xf32>, tensor<f32>
}

// -----

// A placement in the body of a loop is one.
// expected-remark @below {{'in_loop': 4096 of 16384 bytes of traffic stay in slow memory: 4096 bytes of 1 value because it is in fast memory for a part of its uses}}
func.func @in_loop(%a: tensor<1024xf32> {bufferization.writable = true}) -> tensor<1024xf32> {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %c1024 = arith.constant 1024 : index
  %r = scf.for %i = %c0 to %c1024 step %c64 iter_args(%x = %a) -> (tensor<1024xf32>) {
    %s = tensor.extract_slice %x[%i] [64] [1] : tensor<1024xf32> to tensor<64xf32>
    %e = tensor.empty() : tensor<64xf32>
    %y = linalg.exp ins(%s : tensor<64xf32>) outs(%e : tensor<64xf32>) -> tensor<64xf32>
    %z = linalg.log ins(%y : tensor<64xf32>) outs(%s : tensor<64xf32>) -> tensor<64xf32>
    %t = tensor.insert_slice %z into %x[%i] [64] [1] : tensor<64xf32> into tensor<1024xf32>
    scf.yield %t : tensor<1024xf32>
  }
  return %r : tensor<1024xf32>
}

// -----

// What nothing uses has no reason, and a kernel has its own.
func.func @unused(%a: tensor<16xf32>) {
  return
}
func.func @reserves(%a: tensor<16xf32>) -> tensor<16xf32> {
  // expected-error @below {{'mempl.kernel' reserves 2000 bytes of fast memory, and the target 'tiny' has 1024}}
  %k = mempl.kernel "soft"(%a) {seconds = 1.0e-6 : f64, reserved = 2000 : i64} : (tensor<16xf32>) -> tensor<16xf32>
  return %k : tensor<16xf32>
}
