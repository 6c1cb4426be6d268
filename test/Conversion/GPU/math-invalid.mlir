// RUN: mempl-opt %s --pass-pipeline="builtin.module(gpu.module(mempl-gpu-approximate-math,convert-gpu-to-nvvm,mempl-check-kernels))" --split-input-file --verify-diagnostics

// What has an instruction or a polynomial needs no library.
gpu.module @fine {
  gpu.func @f(%x: f32, %out: memref<f32>) kernel {
    %0 = math.exp %x : f32
    %1 = math.tanh %0 : f32
    %2 = math.rsqrt %1 : f32
    %3 = math.log %2 : f32
    %4 = math.floor %3 : f32
    %5 = math.sqrt %4 : f32
    memref.store %5, %out[] : memref<f32>
    gpu.return
  }
}

// -----

gpu.module @double {
  gpu.func @f(%x: f64, %out: memref<f64>) kernel {
    // expected-error@+1 {{kernel calls '__nv_exp', which no library defines; libdevice=FILE}}
    %0 = math.exp %x : f64
    memref.store %0, %out[] : memref<f64>
    gpu.return
  }
}
