//===- GPUPasses.td - placed programs on GPUs --------------*- tablegen -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_CONVERSION_GPUPASSES
#define MEMPL_CONVERSION_GPUPASSES

include "mempl/Support/PassOption.td"

def ConvertMemplToGPU : Pass<"convert-mempl-to-gpu", "ModuleOp"> {
  let summary = "fast memory is that of the device, slow memory that of the host";
  let description = [{
    Lowers placed functions on buffers to the gpu dialect. Run it after One-Shot
    Bufferize and after what computes has become `gpu.launch` or
    `gpu.launch_func` (see `convert-linalg-to-gpu-launch`).

    - Each fast memory becomes one `gpu.alloc` per call of the function, a
      `mempl.alloc` a `memref.view` of it at the planned offset, and
      `#mempl.space` the default memory space.
    - A `mempl.copy_start` becomes a `gpu.memcpy async` that begins when the
      work issued before it and the copy before it on its channel (into fast
      memory, out of it) are done; it runs beside the work issued after it. A
      `mempl.copy_wait` makes the work issued after it wait, not the host; only
      inside of a region that the copy did not start in does the host wait.
    - A `mempl.transfer` and a `memref.copy` are a `gpu.memcpy async` in the
      order of the work; launches follow one another.
    - `memref.alloc` becomes `gpu.alloc host_shared`, `memref.dealloc`
      `gpu.dealloc`, in every function of the module: kernels read slow memory
      over the bus, so it must be pinned. What only the host accesses stays.
      Constants are copied into such memory at entry, arguments are registered
      (`gpu.host_register`) at entry and given back at the end.
    - Before the host reads or writes memory, before a loop or branch that
      works on the device, at the end of each trip of it and at the end of the
      function the host waits for the work issued.

    A function of which no op is of mempl or gpu keeps its ops, except for
    allocations.

    Do not run `canonicalize` between this pass and `gpu-to-llvm`: it replaces
    `gpu.wait async [%t]` by `%t`, and a copy that forks from the work there
    would be in the stream of the work, without any overlap.

    Errors: `mempl.kernel`, which has no implementation; copies of buffers that
    are not contiguous, in whatever op; linalg on buffers, ops that the pass
    does not know that access fast memory or hold device work; storage that
    another function passes in fast memory; functions with several blocks.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect",
    "::mlir::gpu::GPUDialect",
    "::mlir::memref::MemRefDialect",
  ];
}

def ConvertMemplToNVGPU : Pass<"convert-mempl-to-nvgpu"> {
  let summary = "copies of tiles inside of kernels, from global to workgroup memory";
  let description = [{
    Lowers the ops of mempl inside of a `gpu.func` or a `gpu.launch`, where fast
    memory is the workgroup memory of a block.

    - All storages of a kernel are views of one workgroup buffer of the kernel.
    - All threads of a block take part in a copy: a `mempl.copy_start` becomes
      a loop over the chunks of a thread with one `nvgpu.device_async_copy` of
      4, 8 or 16 bytes each, and a group of its own.
    - A `mempl.copy_wait` waits for that group, not for younger ones, and then
      for all threads (`gpu.barrier`).
    - A `mempl.transfer` is both at once.
    - A `mempl.release` is a barrier: no thread may still read storage that the
      next copy overwrites.

    The threads of a block must reach these ops together, as a barrier demands.

    Errors: copies out of workgroup memory, which the hardware does not do
    asynchronously; dynamic shapes; rows that are not a multiple of 4 bytes, or
    not contiguous; starts and waits that are not in one block; an op of mempl
    outside of a kernel; `mempl.kernel`.
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect",
    "::mlir::arith::ArithDialect",
    "::mlir::gpu::GPUDialect",
    "::mlir::memref::MemRefDialect",
    "::mlir::nvgpu::NVGPUDialect",
    "::mlir::scf::SCFDialect",
  ];
}

def ConvertLinalgToGPULaunch
    : Pass<"convert-linalg-to-gpu-launch", "ModuleOp"> {
  let summary = "one gpu.launch per op of linalg, one thread per element";
  let description = [{
    Every op of linalg on buffers becomes a `gpu.launch` in which a thread
    computes one element of the result. Its reductions are loops that keep the
    element in a register, so that it is read once and written once, whatever
    memory it is in. A `memref.copy` between buffers that are not contiguous
    becomes a launch as well.

    An op whose result elements are not one per point of its parallel loops is
    an error, as is one on tensors or one without a scalar form.
  }];
  let options = [
    ListOption<"functions", "functions", "std::string",
               "Functions to work on; those with ops of mempl if none.">,
    OptionWithDefault<"threads", "threads", "int64_t", "128",
           "Threads of a block, 1 to 1024.">,
  ];
  let dependentDialects = [
    "::mlir::affine::AffineDialect",
    "::mlir::arith::ArithDialect",
    "::mlir::gpu::GPUDialect",
    "::mlir::linalg::LinalgDialect",
    "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect",
  ];
}

def MemplDropReleases : Pass<"mempl-drop-releases"> {
  let summary = "erase mempl.release";
  let description = [{
    Where fast memory is an arena a release is nothing, and MLIR's buffer
    deallocation does not accept ops that free memory.
  }];
}

def MemplMergeKernels : Pass<"mempl-merge-kernels", "ModuleOp"> {
  let summary = "put all kernels into one gpu.module";
  let description = [{
    `gpu-kernel-outlining` makes a module per kernel. One for all is compiled
    and loaded once. Its name is that of the first. Modules that hold anything
    but kernels stay as they are.
  }];
}

def MemplGPUApproximateMath
    : Pass<"mempl-gpu-approximate-math", "gpu::GPUModuleOp"> {
  let summary = "math functions of kernels without libdevice";
  let description = [{
    Replaces functions of the math dialect in kernels by polynomials (f32, and
    f16 and bf16 through it), so that kernels need no library of the CUDA
    toolkit. What has neither an instruction nor a polynomial stays.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect",
    "::mlir::math::MathDialect",
    "::mlir::vector::VectorDialect",
  ];
}

def MemplCheckKernels : Pass<"mempl-check-kernels", "gpu::GPUModuleOp"> {
  let summary = "instructions for functions of libdevice, errors for others";
  let description = [{
    Run on kernels in the LLVM dialect. Functions of libdevice that are one
    instruction (sqrt, floor, fma, ..) become it. A call of any other function
    without a body is an error: it would fail only when the driver loads the
    module.
  }];
}

def MemplDropCompileTimes : Pass<"mempl-drop-compile-times"> {
  let summary = "erase measured times from gpu.binary";
  let description = [{
    `gpu-module-to-binary` notes how many milliseconds it took, among the
    properties of each object. Without them the same program gives the same
    bytes.
  }];
}

#endif // MEMPL_CONVERSION_GPUPASSES
