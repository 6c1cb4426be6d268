// RUN: mempl-opt %s --convert-mempl-to-gpu --split-input-file --verify-diagnostics

func.func @kernel(%a: memref<4xf32>) {
  // expected-error@+1 {{'mempl.kernel' op cannot be lowered to the gpu dialect}}
  mempl.kernel "k"(%a) {outs = array<i64: 0>, seconds = 1.0 : f64} : (memref<4xf32>) -> ()
  return
}

// -----

func.func @tensors(%w: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{'mempl.alloc' op must be on buffers: bufferize before}}
  %a = mempl.alloc <hbm> at 0 bytes 16 : tensor<4xf32>
  %c = mempl.transfer %w to %a : tensor<4xf32>
  return %c : tensor<4xf32>
}

// -----

func.func @linalg(%x: f32) {
  %a = mempl.alloc <hbm> at 0 bytes 16 : memref<4xf32, #mempl.space<hbm>>
  // expected-error@+1 {{is not a kernel: run convert-linalg-to-gpu-launch before}}
  linalg.fill ins(%x : f32) outs(%a : memref<4xf32, #mempl.space<hbm>>)
  return
}

// -----

// expected-error@+1 {{cannot pass storage in fast memory between functions}}
func.func @argument(%a: memref<4xf32, #mempl.space<hbm>>) {
  mempl.release %a : memref<4xf32, #mempl.space<hbm>>
  return
}

// -----

// expected-error@+1 {{expected structured control flow}}
func.func @blocks(%p: i1) {
  %a = mempl.alloc <hbm> at 0 bytes 16 : memref<4xf32, #mempl.space<hbm>>
  cf.cond_br %p, ^bb1, ^bb1
^bb1:
  return
}

// -----

func.func @unplanned() {
  // expected-error@+1 {{allocates fast memory without a place in the plan}}
  %a = memref.alloc() : memref<4xf32, #mempl.space<hbm>>
  mempl.release %a : memref<4xf32, #mempl.space<hbm>>
  return
}

// -----

memref.global "private" @state : memref<4xf32> = dense<1.0>
func.func @mutable_global() {
  %a = mempl.alloc <hbm> at 0 bytes 16 : memref<4xf32, #mempl.space<hbm>>
  // expected-error@+1 {{cannot give kernels a global that is not constant}}
  %g = memref.get_global @state : memref<4xf32>
  mempl.transfer %g to %a : memref<4xf32> to memref<4xf32, #mempl.space<hbm>>
  return
}

// -----

func.func @parallel(%n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // expected-error@+1 {{cannot work on the device inside of this op}}
  scf.parallel (%i) = (%c0) to (%n) step (%c1) {
    %a = mempl.alloc <hbm> at 0 bytes 16 : memref<4xf32, #mempl.space<hbm>>
    mempl.release %a : memref<4xf32, #mempl.space<hbm>>
  }
  return
}

// -----

func.func @host_reads_slice(%i: index) -> f32 {
  %a = mempl.alloc <hbm> at 0 bytes 128 : memref<4x8xf32, #mempl.space<hbm>>
  %s = memref.subview %a[0, 2] [4, 2] [1, 1] : memref<4x8xf32, #mempl.space<hbm>> to memref<4x2xf32, strided<[8, 1], offset: 2>, #mempl.space<hbm>>
  // expected-error@+1 {{cannot bring a buffer to the host that is not contiguous}}
  %v = memref.load %s[%i, %i] : memref<4x2xf32, strided<[8, 1], offset: 2>, #mempl.space<hbm>>
  return %v : f32
}

// -----

func.func @other_op(%v: vector<4xf32>, %i: index) {
  %a = mempl.alloc <hbm> at 0 bytes 16 : memref<4xf32, #mempl.space<hbm>>
  // expected-error@+1 {{cannot access fast memory from the host}}
  vector.store %v, %a[%i] : memref<4xf32, #mempl.space<hbm>>, vector<4xf32>
  return
}

// -----

func.func @asynchronous(%w: memref<4xf32>) {
  %a = mempl.alloc <hbm> at 0 bytes 16 : memref<4xf32, #mempl.space<hbm>>
  // expected-error@+1 {{expected work that is not asynchronous yet}}
  %t = gpu.wait async
  gpu.wait [%t]
  return
}

// -----

func.func @inside_of_kernel() {
  %c1 = arith.constant 1 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%x, %y, %z) in (%sx = %c1, %sy = %c1, %sz = %c1) {
    // expected-error@+1 {{is inside of a kernel: run convert-mempl-to-nvgpu before}}
    %a = mempl.alloc <shared> at 0 bytes 16 : memref<4xf32, #mempl.space<shared>>
    gpu.terminator
  }
  return
}
