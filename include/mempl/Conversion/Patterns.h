//===- Patterns.h - lowerings as patterns -----------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The patterns of convert-mempl-to-memref, -async and -llvm, for dialect
// conversions that have patterns of their own beside them. All are for ops on
// memrefs that rejectUnlowerable() (Utils.h) has nothing against.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_CONVERSION_PATTERNS_H
#define MEMPL_CONVERSION_PATTERNS_H

#include "mempl/Conversion/Utils.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"

#include "llvm/ADT/MapVector.h"

#include <optional>

namespace mlir {
class ConversionTarget;
class LLVMTypeConverter;
class RewritePatternSet;
class TypeConverter;
} // namespace mlir

namespace mempl::ir {

/// What becomes of `mempl.copy_start` and `mempl.copy_wait` as memref ops.
enum class CopyLowering {
  Dma,  ///< memref.dma_start and dma_wait.
  Sync, ///< memref.copy where the copy starts.
  Keep, ///< They stay: for patterns of another lowering.
};

/// The CopyLowering that `name` means: "dma", "sync" or "keep".
std::optional<CopyLowering> copyLoweringNamed(llvm::StringRef name);

/// The global arrays of bytes that stand for memories.
using Arenas = llvm::MapVector<SpaceAttr, memref::GlobalOp>;

/// Adds `@mempl_arena_NAME` to the module for each memory that a `mempl.alloc`
/// names. `alignment` is a power of two, in bytes.
Arenas createArenas(ModuleOp module, int64_t alignment);

/// Why no DMA of the memref dialect can do the copy that `start`, a
/// `mempl.copy_start` or a `mempl.copy_start_carried`, starts; empty if one
/// can.
std::string whyNoDma(Operation *start);

/// The token of a copy becomes values of these types, as many as there are; all
/// other types stay.
void addTokenConversion(TypeConverter &converter, TypeRange tokenTypes);

/// Ops that pass on tokens pass on what `converter` makes of them.
void populateTokenCarryingPatterns(const TypeConverter &converter,
                                   RewritePatternSet &patterns,
                                   ConversionTarget &target);

/// `mempl.alloc` becomes a view of its arena, `mempl.release` goes away,
/// `mempl.transfer` becomes memref.copy, and copies what `copies` says. Those
/// that a loop carries are left: see populateCarriedToDmaPatterns() and
/// completeCarriedCopies().
void populateMemplToMemRefPatterns(RewritePatternSet &patterns,
                                   const Arenas &arenas, CopyLowering copies);

/// Copies that a loop carries become DMAs: their tokens, by `converter`, two
/// indices, the place of the tag in an array that the function has, -1 for no
/// copy, and the number of elements.
void populateCarriedToDmaPatterns(const TypeConverter &converter,
                                  RewritePatternSet &patterns);

/// `mempl.copy_start` becomes async.execute, which waits for the one of the
/// same direction before it in the block, its waits async.await, and
/// `mempl.transfer` memref.copy. `mempl.alloc` and `release` stay, and so do
/// copies that a loop carries: see completeCarriedCopies().
void populateMemplToAsyncPatterns(RewritePatternSet &patterns);

/// Both memories become ordinary memory in types of LLVM, and the token of a
/// copy its number.
void addMemplTypeConversion(LLVMTypeConverter &converter);

/// `mempl.alloc`, `release` and copies become calls of libmempl_runtime.so,
/// which has one fast memory; `mempl.transfer` becomes memref.copy. `converter`
/// has had addMemplTypeConversion(); it and `calls` outlive the patterns. Loops
/// that carry copies need populateTokenCarryingPatterns(), with tokens as i64.
void populateMemplToLLVMPatterns(const LLVMTypeConverter &converter,
                                 RuntimeCalls &calls,
                                 RewritePatternSet &patterns);

/// `mempl.transfer` becomes memref.copy: part of all of the above.
void populateTransferToCopyPattern(RewritePatternSet &patterns);

} // namespace mempl::ir

#endif // MEMPL_CONVERSION_PATTERNS_H
