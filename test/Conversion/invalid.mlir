// What no conversion can lower is an error, whichever it is.
// RUN: mempl-opt --split-input-file --verify-diagnostics --convert-mempl-to-memref %s
// RUN: mempl-opt --split-input-file --verify-diagnostics --convert-mempl-to-async %s
// RUN: mempl-opt --split-input-file --verify-diagnostics --convert-mempl-to-llvm %s

func.func @tensors(%w: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{'mempl.alloc' op cannot be lowered: it is on tensors; run one-shot-bufferize before}}
  %a = mempl.alloc <vmem> at 0 bytes 16 : tensor<4xf32>
  // expected-error @+1 {{'mempl.copy_start' op cannot be lowered: it is on tensors}}
  %f = mempl.copy_start %w to %a : tensor<4xf32>
  // expected-error @+1 {{'mempl.copy_wait' op cannot be lowered: it is on tensors}}
  %c = mempl.copy_wait %f : tensor<4xf32>
  // expected-error @+1 {{'mempl.transfer' op cannot be lowered: it is on tensors}}
  %t = mempl.transfer %c to %w : tensor<4xf32>
  // expected-error @+1 {{'mempl.release' op cannot be lowered: it is on tensors}}
  mempl.release %c : tensor<4xf32>
  return %t : tensor<4xf32>
}

// -----

func.func @kernel(%w: memref<4xf32>) {
  // expected-error @+1 {{'mempl.kernel' op cannot be lowered: what it does is code of another compiler}}
  mempl.kernel "k"(%w) {outs = array<i64: 0>} : (memref<4xf32>) -> ()
  return
}

// -----

// expected-error @+1 {{'mempl.instance' op cannot be lowered: it is a problem or a plan, not a program; run mempl-apply-plan before}}
mempl.instance @tiny
    fast(capacity = 64, alignment = 1, bandwidth = 1.0, max_carried = 0)
    slow(bandwidth = 1.0)
    copy(bandwidth = 1.0, latency = 0.0, max_in = 0, max_out = 0)
    step(overhead = 0.0) {
  mempl.value @w input size 4
}

// -----

func.func @token(%t: !mempl.token, %a: memref<4xf32>, %b: memref<4xf32>) {
  // expected-error @+1 {{'mempl.copy_wait' op cannot be lowered: the mempl.copy_start of its token is not known}}
  mempl.copy_wait %t, %a to %b : memref<4xf32> to memref<4xf32>
  return
}

// -----

func.func @carried_token(%t: !mempl.token) {
  // expected-error @+1 {{'mempl.copy_wait_carried' op cannot be lowered: its copy is started in another function or block}}
  mempl.copy_wait_carried %t
  return
}

// -----

func.func @returned_token() -> !mempl.token {
  %t = mempl.no_copy
  // expected-error @+1 {{'func.return' cannot be lowered: expected only scf.for, scf.if, scf.while and arith.select to pass on the token of a copy}}
  return %t : !mempl.token
}

// -----

// expected-error @+1 {{'mempl.alloc' op cannot be lowered: it is in no function}}
%a = mempl.alloc <vmem> at 0 bytes 16 : memref<4xf32, #mempl.space<vmem>>
