//===- MemplOps.td - storage, copies and kernels -----------*- tablegen -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_IR_MEMPLOPS
#define MEMPL_IR_MEMPLOPS

include "mempl/IR/MemplAttributes.td"
include "mempl/IR/MemplBase.td"
include "mempl/IR/MemplTypes.td"
include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Mempl_RankedTensorOrMemRef
    : AnyTypeOf<[AnyRankedTensor, AnyStridedMemRef]>;

def Mempl_AllocOp : Mempl_Op<"alloc", [
    AttrSizedOperandSegments,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
    DeclareOpInterfaceMethods<BufferizableOpInterface,
      ["bufferizesToAllocation", "bufferize", "getBufferType",
       "resultBufferizesToMemoryWrite", "getAliasingValues",
       "bufferizesToMemoryRead", "bufferizesToMemoryWrite"]>]> {
  let summary = "storage at an offset of fast memory";
  let description = [{
    Gives `bytes` bytes of the memory `space` from byte `offset` on, as a tensor
    with undefined contents or as a memref. The storage is in use from here to
    the `mempl.release` of the value, or to its last use where there is none.
    Storages that are in use at the same time must not overlap; the pass
    `mempl-check-placement` verifies that.

    `bytes` must hold the type; for a dynamic shape it is the largest size that
    the value can have, and there is one size operand per dynamic dimension.

    In the body of a loop, copies may be under way from one trip to the next
    while the trip needs the same storage for itself. Then trips take turns
    between two offsets: it is at `offset2` where `odd` is true.

    Example:

    ```mlir
    %a = mempl.alloc <fast> at 512 bytes 64 : tensor<16xf32>
    %o = mempl.alloc <fast> at 512 or 640 if %odd bytes 64 : tensor<16xf32>
    %b = mempl.alloc <fast> at 576 bytes 256 (%n) : tensor<?x4xf32>
    ```
  }];
  let arguments = (ins
    Mempl_SpaceAttr:$space,
    ConfinedAttr<I64Attr, [IntNonNegative]>:$offset,
    OptionalAttr<ConfinedAttr<I64Attr, [IntNonNegative]>>:$offset2,
    ConfinedAttr<I64Attr, [IntNonNegative]>:$bytes,
    Optional<I1>:$odd,
    Variadic<Index>:$dynamicSizes);
  let results = (outs Mempl_RankedTensorOrMemRef:$result);
  let builders = [
    OpBuilder<(ins "::mlir::Type":$result, "SpaceAttr":$space,
      "int64_t":$offset, "int64_t":$bytes,
      CArg<"::mlir::ValueRange", "{}">:$dynamicSizes)>];
  let assemblyFormat = [{
    $space `at` $offset (`or` $offset2^ `if` $odd)? `bytes` $bytes (`(` $dynamicSizes^ `)`)? attr-dict
    `:` type($result)
  }];
  let hasVerifier = 1;
}

def Mempl_CopyStartOp : Mempl_Op<"copy_start", [
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
    DeclareOpInterfaceMethods<BufferizableOpInterface,
      ["bufferizesToMemoryRead", "bufferizesToMemoryWrite", "getAliasingValues",
       "mustBufferizeInPlace", "bufferize"]>]> {
  let summary = "starts a copy of a tensor or buffer into other storage";
  let description = [{
    Starts to copy `source` into the storage of `dest`; the program goes on
    beside it. `source` must not be written, and `dest` not accessed, before the
    `mempl.copy_wait` of the result. Copies into fast memory are served first
    in, first out, and so are copies out of it.

    On tensors the result is a future that every path waits for exactly once,
    in the region of this op or in regions inside of it; `dest` has no other
    use. On buffers it is a token.

    Example:

    ```mlir
    %f = mempl.copy_start prefetch %w to %a : tensor<16xf32>
    %t = mempl.copy_start %m to %n
        : memref<16xf32> to memref<16xf32, #mempl.space<fast>>
    ```
  }];
  let arguments = (ins
    DefaultValuedAttr<Mempl_CopyHintAttr,
                      "::mempl::ir::CopyHint::None">:$hint,
    Mempl_RankedTensorOrMemRef:$source,
    Mempl_RankedTensorOrMemRef:$dest);
  let results = (outs AnyTypeOf<[Mempl_FutureType, Mempl_TokenType]>:$handle);
  let assemblyFormat = [{
    custom<Hint>($hint) $source `to` $dest attr-dict
    `:` custom<StartTypes>(type($source), type($dest), type($handle))
  }];
  let hasVerifier = 1;
}

def Mempl_CopyWaitOp : Mempl_Op<"copy_wait", [
    AttrSizedOperandSegments,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
    DeclareOpInterfaceMethods<BufferizableOpInterface,
      ["bufferizesToMemoryRead", "bufferizesToMemoryWrite", "getAliasingValues",
       "bufferize", "getBufferType"]>]> {
  let summary = "waits for a copy";
  let description = [{
    Waits until the copy is complete. On tensors the result is the copy, in the
    storage of the `dest` of the `mempl.copy_start`. On buffers the operands are
    the token and the two buffers: the wait is what ends the reading of the one
    and the writing of the other.

    Example:

    ```mlir
    %c = mempl.copy_wait %f : tensor<16xf32>
    mempl.copy_wait %t, %m to %n
        : memref<16xf32> to memref<16xf32, #mempl.space<fast>>
    ```
  }];
  let arguments = (ins
    AnyTypeOf<[Mempl_FutureType, Mempl_TokenType]>:$handle,
    Optional<AnyStridedMemRef>:$source,
    Optional<AnyStridedMemRef>:$dest);
  let results = (outs Optional<AnyRankedTensor>:$result);
  let assemblyFormat = [{
    $handle (`,` $source^ `to` $dest)? attr-dict
    `:` custom<WaitTypes>(type($handle), type($source), type($dest),
                          type($result))
  }];
  let extraClassDeclaration = [{
    /// The copy that is waited for; null if the handle has no such definition.
    CopyStartOp getStart();
  }];
  let hasVerifier = 1;
}

def Mempl_CopyStartCarriedOp : Mempl_Op<"copy_start_carried", [
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
    DeclareOpInterfaceMethods<BufferizableOpInterface,
      ["bufferizesToMemoryRead", "bufferizesToMemoryWrite", "getAliasingValues",
       "mustBufferizeInPlace", "bufferize"]>]> {
  let summary = "starts a copy that the next trip of a loop waits for";
  let description = [{
    As `mempl.copy_start`, but the handle is a token on tensors, too, which a
    loop can carry: a `mempl.copy_wait_carried` of the next trip, or after the
    loop, waits for it. Only that op and control flow use the token. On tensors `result` is the storage of `dest`; what is in
    it is complete only after the wait. A copy out of fast memory frees the
    storage of `source` when it is waited for.

    Example:

    ```mlir
    %t, %a1 = mempl.copy_start_carried prefetch %w to %a : tensor<16xf32>
    %u = mempl.copy_start_carried %m to %n
        : memref<16xf32> to memref<16xf32, #mempl.space<fast>>
    ```
  }];
  let arguments = (ins
    DefaultValuedAttr<Mempl_CopyHintAttr,
                      "::mempl::ir::CopyHint::None">:$hint,
    Mempl_RankedTensorOrMemRef:$source,
    Mempl_RankedTensorOrMemRef:$dest);
  let results = (outs Mempl_TokenType:$token,
                      Optional<AnyRankedTensor>:$result);
  let assemblyFormat = [{
    custom<Hint>($hint) $source `to` $dest attr-dict
    `:` custom<TransferTypes>(type($source), type($dest), type($result))
  }];
  let hasVerifier = 1;
}

def Mempl_CopyWaitCarriedOp : Mempl_Op<"copy_wait_carried", [
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
    DeclareOpInterfaceMethods<BufferizableOpInterface,
      ["bufferizesToMemoryRead", "bufferizesToMemoryWrite", "getAliasingValues",
       "mustBufferizeInPlace", "bufferize"]>]> {
  let summary = "waits for a copy that the trip before has started";
  let description = [{
    Waits until the copy of a `mempl.copy_start_carried` is complete. No memory
    access moves across it. On tensors, after a copy into fast memory, `dest` is
    a `mempl.alloc` that names the storage in the trip that waits, and the
    result is the copy in it.

    Example:

    ```mlir
    %x = mempl.copy_wait_carried %t to %a : tensor<16xf32>
    mempl.copy_wait_carried %u
    ```
  }];
  let arguments = (ins Mempl_TokenType:$token, Optional<AnyRankedTensor>:$dest);
  let results = (outs Optional<AnyRankedTensor>:$result);
  let assemblyFormat = [{
    $token (`to` $dest^)? attr-dict `` custom<DestType>(type($dest), type($result))
  }];
  let hasVerifier = 1;
}

def Mempl_NoCopyOp : Mempl_Op<"no_copy", [Pure]> {
  let summary = "the token of no copy";
  let description = [{
    A token that stands for no copy: to wait for it takes no time. It is what a
    loop carries before the first copy and after the last.

    Example: `%t = mempl.no_copy`
  }];
  let results = (outs Mempl_TokenType:$token);
  let assemblyFormat = "attr-dict";
}

def Mempl_TransferOp : Mempl_Op<"transfer", [
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
    DeclareOpInterfaceMethods<BufferizableOpInterface,
      ["bufferizesToMemoryRead", "bufferizesToMemoryWrite", "getAliasingValues",
       "bufferize"]>]> {
  let summary = "copies a tensor or buffer and waits for it";
  let description = [{
    A `mempl.copy_start` and its `mempl.copy_wait` in one. On tensors the result
    is in the storage of `dest`.

    Example:

    ```mlir
    %c = mempl.transfer %w to %a : tensor<16xf32>
    mempl.transfer %m to %n
        : memref<16xf32> to memref<16xf32, #mempl.space<fast>>
    ```
  }];
  let arguments = (ins
    Mempl_RankedTensorOrMemRef:$source,
    Mempl_RankedTensorOrMemRef:$dest);
  let results = (outs Optional<AnyRankedTensor>:$result);
  let assemblyFormat = [{
    $source `to` $dest attr-dict
    `:` custom<TransferTypes>(type($source), type($dest), type($result))
  }];
  let hasVerifier = 1;
}

def Mempl_ReleaseOp : Mempl_Op<"release", [
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
    DeclareOpInterfaceMethods<BufferizableOpInterface,
      ["bufferizesToMemoryRead", "bufferizesToMemoryWrite", "getAliasingValues",
       "bufferize"]>]> {
  let summary = "ends the use of storage in fast memory";
  let description = [{
    The storage of `value` is free from here on: no later op may access it.
    Lowers to nothing where fast memory is an arena.

    Example:

    ```mlir
    mempl.release %c : tensor<16xf32>
    ```
  }];
  let arguments = (ins Mempl_RankedTensorOrMemRef:$value);
  let assemblyFormat = "$value attr-dict `:` type($value)";
}

def Mempl_KernelOp : Mempl_Op<"kernel", [
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
    DeclareOpInterfaceMethods<BufferizableOpInterface,
      ["bufferizesToMemoryRead", "bufferizesToMemoryWrite", "getAliasingValues",
       "bufferizesToAllocation", "bufferize"]>]> {
  let summary = "an opaque step with a declared cost";
  let description = [{
    A step of a program that another compiler knows the inside of: it reads its
    operands, writes its results, and costs what it declares. With it a program
    of another compiler can be placed.

    - `outs`: per result, the operand whose storage the result is written into,
      or -1 for a new storage. Without it all results are new. On buffers there
      are no results, and `outs` lists the operands that are written.
    - `updates`: those of the operands in `outs` whose old contents are read.
    - `seconds`: time without memory traffic; or `matrix_ops` and `vector_ops`,
      arithmetic operations that the rates of the target turn into time.
    - `bytes`: per operand, the bytes that the step moves; the whole operand
      where it is -1 or absent.
    - `result_bytes`: the same per result.
    - `reserved`: bytes of fast memory from offset 0 that it needs for itself.

    Example:

    ```mlir
    %r = mempl.kernel "gather"(%table, %i, %o)
        {outs = array<i64: 2>, seconds = 1.0e-6 : f64,
         bytes = array<i64: 64, -1, -1>}
        : (tensor<1024xf32>, tensor<16xi32>, tensor<16xf32>) -> tensor<16xf32>
    ```
  }];
  let arguments = (ins
    StrAttr:$name,
    Variadic<AnyType>:$operands_,
    OptionalAttr<DenseI64ArrayAttr>:$outs,
    OptionalAttr<DenseI64ArrayAttr>:$updates,
    OptionalAttr<DenseI64ArrayAttr>:$bytes,
    OptionalAttr<DenseI64ArrayAttr>:$result_bytes,
    OptionalAttr<F64Attr>:$seconds,
    OptionalAttr<F64Attr>:$matrix_ops,
    OptionalAttr<F64Attr>:$vector_ops,
    OptionalAttr<ConfinedAttr<I64Attr, [IntNonNegative]>>:$reserved);
  let results = (outs Variadic<AnyRankedTensor>:$results_);
  let assemblyFormat = [{
    $name `(` $operands_ `)` attr-dict `:` functional-type(operands, results)
  }];
  let extraClassDeclaration = [{
    /// The operand in whose storage result `result` is written, or -1.
    int64_t getTiedOperand(unsigned result);
    /// Whether the operand is written, and whether its old contents are read.
    bool writesOperand(unsigned operand);
    bool readsOperand(unsigned operand);
  }];
  let hasVerifier = 1;
}

#endif // MEMPL_IR_MEMPLOPS
