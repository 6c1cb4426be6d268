//===- Passes.td - from placed programs to other IR --------*- tablegen -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_CONVERSION_PASSES
#define MEMPL_CONVERSION_PASSES

include "mempl/IR/PassOption.td"

//===----------------------------------------------------------------------===//
// To memref, async and LLVM, for CPUs and machines with DMAs
//===----------------------------------------------------------------------===//

def ConvertMemplToMemRef : Pass<"convert-mempl-to-memref", "ModuleOp"> {
  let summary = "fast memory as a global array, copies as DMAs";
  let description = [{
    Each memory that `mempl.alloc` names becomes one global array of bytes,
    `@mempl_arena_NAME`, and each `mempl.alloc` a `memref.view` of it at the
    planned offset. `mempl.release` goes away, and `mempl.transfer` becomes
    `memref.copy`. Memory spaces stay as they are: run `convert-mempl-spaces`
    after it.

    `copies` says what becomes of `mempl.copy_start` and `mempl.copy_wait`:

    - `dma`: `memref.dma_start` and `memref.dma_wait`. Both sides must be
      contiguous, or the one in slow memory must be blocks of one size at one
      distance, with a static shape.
    - `sync`: a `memref.copy` where the copy starts.
    - `keep`: nothing, for `convert-mempl-to-async`.

    A copy that a loop carries into the next trip has its tag in an array that
    the function has; where trips take turns between two offsets, so they do
    between two tags. The loop carries the place of the tag, -1 for no copy, and
    the number of elements. A copy whose fast side is no `mempl.alloc` of the
    function, as far as one can see, is waited for where it starts.

    A `memref.copy` of a buffer onto itself, which bufferization leaves where a
    slice is put back, is erased.

    Runs after One-Shot Bufferize. An op of mempl that is on tensors, a
    `mempl.kernel`, a problem or a plan is an error.
  }];
  let options = [
    OptionWithDefault<"copies", "copies", "std::string", "\"dma\"",
           "`dma`, `sync` or `keep`.">,
    OptionWithDefault<"alignment", "alignment", "int64_t", "64",
           "Alignment of the arrays in bytes, a power of two.">,
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect",
    "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect",
  ];
}

def ConvertMemplToAsync : Pass<"convert-mempl-to-async", "ModuleOp"> {
  let summary = "copies as tasks of the async dialect";
  let description = [{
    A `mempl.copy_start` becomes an `async.execute` with a `memref.copy`, its
    wait an `async.await`. A task waits for the one of the same direction before
    it in the block, so that copies in and copies out are each served first in,
    first out. `mempl.transfer` becomes `memref.copy`. A copy that a loop carries
    is waited for where it starts, as by `mempl-complete-carried-copies`.

    Runs after One-Shot Bufferize. `mempl.alloc` and `mempl.release` stay: they
    are lowered by `convert-mempl-to-memref{copies=keep}`, before or after. An
    op of mempl that is on tensors, a `mempl.kernel`, a problem or a plan is an
    error.
  }];
  let dependentDialects = [
    "::mlir::async::AsyncDialect",
    "::mlir::memref::MemRefDialect",
  ];
}

def ConvertMemplToLLVM : Pass<"convert-mempl-to-llvm", "ModuleOp"> {
  let summary = "storage and copies as calls of the runtime library";
  let description = [{
    `mempl.alloc`, `release` and copies become calls of `libmempl_runtime.so`
    (include/mempl/Runtime/Runtime.h) in the LLVM dialect; casts between memrefs
    and their descriptors go away when the rest of the module is lowered.
    `mempl.transfer` becomes `memref.copy`. The token of a copy that a loop
    carries becomes its number, 0 for no copy. A `memref.copy` of a buffer onto
    itself, which bufferization leaves where a slice is put back, is erased.
    Memory spaces stay as they are: `convert-mempl-spaces{map=*=none}` is for
    after it.

    Runs after One-Shot Bufferize. The runtime has one fast memory: a second one
    is an error, and so is an op of mempl that is on tensors, a `mempl.kernel`,
    a problem or a plan, or an element type that LLVM does not have.
  }];
  let dependentDialects = [
    "::mlir::LLVM::LLVMDialect",
    "::mlir::memref::MemRefDialect",
  ];
}

def MemplCompleteCarriedCopies
    : Pass<"mempl-complete-carried-copies", "ModuleOp"> {
  let summary = "wait where they start for copies that loops carry";
  let description = [{
    Each `mempl.copy_start_carried` becomes a `mempl.copy_start` and a
    `mempl.copy_wait` behind it; `mempl.copy_wait_carried`, `mempl.no_copy` and
    the tokens that loops and branches pass on go away. The program does the same
    with no copy under way from one trip to the next. For lowerings to machines
    that have nothing that a loop can carry. The checks of mempl's runtime would
    take storage that a later trip names again for new: it does not need this pass.

    Runs after One-Shot Bufferize.
  }];
}

def ConvertMemplSpaces : Pass<"convert-mempl-spaces", "ModuleOp"> {
  let summary = "memory spaces of mempl as those of another dialect";
  let description = [{
    Replaces `#mempl.space<NAME>` as the memory space of memrefs, in all types,
    by what `map` says: `NAME=SPACE`, where SPACE is an attribute such as `1` or
    `#gpu.address_space<workgroup>`, or `none` for the default memory space. A
    name of `*` stands for all others. A space without an entry is an error.

    A `mempl.alloc` is an error as well, for it names its space: lower it before.
  }];
  let options = [
    ListOption<"map", "map", "std::string",
               "Entries NAME=SPACE, as in `vmem=1,hbm=0` or `*=none`.">,
    OptionWithDefault<"others", "others", "std::string", "\"\"",
           "What memory spaces that are not mempl's become, as in the map; they "
           "stay if this is empty.">,
  ];
  let dependentDialects = [
    "::mlir::gpu::GPUDialect",
  ];
}

def MemplInstrumentSteps : Pass<"mempl-instrument-steps", "ModuleOp"> {
  let summary = "tell the runtime what each step accesses";
  let description = [{
    Puts calls of `libmempl_runtime.so` around every op on memrefs that reads or
    writes, at any depth of control flow: what it accesses, with addresses and
    bytes, and where it begins and ends. The runtime checks, traces and slows
    down by that. Functions get calls at their begin and end.

    A linalg op is one step, with the elements that its payload loads. Ops that
    do not say what they access, calls among them, are no steps. Functions that a
    payload calls run inside of a step, and are left as they are. Runs before
    linalg is lowered to loops.
  }];
  let options = [
    ListOption<"functions", "functions", "std::string",
               "Functions that are instrumented; all if none is given.">,
  ];
  let dependentDialects = [
    "::mlir::LLVM::LLVMDialect",
    "::mlir::arith::ArithDialect",
    "::mlir::memref::MemRefDialect",
  ];
}

def MemplPrepareLowering : Pass<"mempl-prepare-lowering", "ModuleOp"> {
  let summary = "write ops without loops of their own in ops that have some";
  let description = [{
    What neither One-Shot Bufferize nor the conversion of linalg to loops knows
    becomes ops that they know, with the same destination: `linalg.softmax`,
    `linalg.pack` and `unpack`, the transforms of Winograd convolutions,
    elementwise ops of other dialects on tensors, `tensor.bitcast` and `gather`,
    ops of affine, and loops of blocks. An op that is left is an error, which says what
    to run before. Nothing is folded.

    One-Shot Bufferize writes in place what is still read in two cases, which
    go away: tensors that several blocks of a function use (it becomes ops with
    regions), and one tensor that a loop yields for two of its carried ones (all
    but the first are copies).

    The first pass of `mempl-lower-to-cpu` and `mempl-lower-to-gpu`.
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect",
    "::mlir::arith::ArithDialect",
    "::mlir::bufferization::BufferizationDialect",
    "::mlir::cf::ControlFlowDialect",
    "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect",
    "::mlir::scf::SCFDialect",
    "::mlir::tensor::TensorDialect",
    "::mlir::ub::UBDialect",
    "::mlir::vector::VectorDialect",
  ];
}

def MemplMarkDeallocations : Pass<"mempl-mark-deallocations", "ModuleOp"> {
  let summary = "divide frees between the program and mempl-deallocate";
  let description = [{
    Runs before One-Shot Bufferize. A function without tensors that frees
    buffers, or gives some to a function that frees them, is marked: it manages
    its memory, and `mempl-deallocate` leaves it as it is. In a function with
    tensors `memref.dealloc` and `bufferization.dealloc_tensor` go away, for
    `mempl-deallocate` will free all its buffers; those of arguments stay. Such
    a function must not give a buffer of its own to one that frees it.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect",
    "::mlir::func::FuncDialect",
    "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect",
  ];
}

def MemplDeallocate : Pass<"mempl-deallocate", "ModuleOp"> {
  let summary = "ownership-based deallocation, but for functions that free";
  let description = [{
    Upstream's `ownership-based-buffer-deallocation` for every function that
    `mempl-mark-deallocations` has not marked. Removes the marks.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect",
    "::mlir::bufferization::BufferizationDialect",
    "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect",
  ];
}

def MemplMathToLibm : Pass<"mempl-math-to-libm", "ModuleOp"> {
  let summary = "calls of libm for the math ops that it has";
  let description = [{
    Upstream's `convert-math-to-libm`, but ops that libm does not have are no
    error: `convert-math-to-llvm` is for them. `math.isnan` and its kin become
    comparisons. Runs before vectors are lowered, for it takes them apart.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect",
    "::mlir::func::FuncDialect",
    "::mlir::vector::VectorDialect",
  ];
}

def MemplVerifyLowered : Pass<"mempl-verify-lowered", "ModuleOp"> {
  let summary = "fail if an op is not of the LLVM dialect";
  let description = [{
    Every op but modules has to be of the LLVM dialect. If some are not, one
    error names the first and what to run before, and a note the others. The
    last pass of `mempl-lower-to-cpu`.
  }];
}

//===----------------------------------------------------------------------===//
// To gpu and nvgpu
//===----------------------------------------------------------------------===//

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
    - A `mempl.copy_start_carried`, and any copy of a buffer that is not
      contiguous, is a call of the runtime, before which the host waits for the
      work issued so far; the host waits for the copy as well. It runs beside the
      work issued in between. The token of a copy that a loop carries becomes its
      number, 0 for no copy.
    - A `memref.copy` of a buffer onto itself, which bufferization leaves where a
      slice is put back, is erased.
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

    Errors: `mempl.kernel`, which has no implementation; linalg on buffers, ops
    that the pass does not know that access fast memory or hold device work;
    storage that another function passes in fast memory; functions with several
    blocks.
  }];
  let dependentDialects = [
    "::mlir::LLVM::LLVMDialect",
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
      for all threads (`gpu.barrier`). A `mempl.copy_wait_carried` leaves
      those under way that began since, in whatever trip it is. The tokens that
      loops carry are those of groups, an empty one for no copy.
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

#endif // MEMPL_CONVERSION_PASSES
