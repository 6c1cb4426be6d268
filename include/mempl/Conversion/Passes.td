//===- Passes.td - from placed programs to other IR --------*- tablegen -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_CONVERSION_PASSES
#define MEMPL_CONVERSION_PASSES

include "mempl/Support/PassOption.td"

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
  ];
}

def ConvertMemplToAsync : Pass<"convert-mempl-to-async", "ModuleOp"> {
  let summary = "copies as tasks of the async dialect";
  let description = [{
    A `mempl.copy_start` becomes an `async.execute` with a `memref.copy`, its
    wait an `async.await`. A task waits for the one of the same direction before
    it in the block, so that copies in and copies out are each served first in,
    first out. `mempl.transfer` becomes `memref.copy`.

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
    `mempl.alloc`, `release`, `copy_start` and `copy_wait` become calls of
    `libmempl_runtime.so` (include/mempl/Runtime/Runtime.h) in the LLVM dialect;
    casts between memrefs and their descriptors go away when the rest of the
    module is lowered. `mempl.transfer` becomes `memref.copy`. Memory spaces
    stay as they are: `convert-mempl-spaces{map=*=none}` is for after it.

    Runs after One-Shot Bufferize. The runtime has one fast memory: a second one
    is an error, and so is an op of mempl that is on tensors, a `mempl.kernel`,
    a problem or a plan, or an element type that LLVM does not have.
  }];
  let dependentDialects = [
    "::mlir::LLVM::LLVMDialect",
    "::mlir::memref::MemRefDialect",
  ];
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
    do not say what they access, calls among them, are no steps. Runs before linalg
    is lowered to loops.
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

#endif // MEMPL_CONVERSION_PASSES
