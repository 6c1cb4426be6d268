//===- Mempl.h - the mempl dialect ------------------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The dialect `mempl`: attributes, types and ops, documented in
// docs/Dialect.md, which is made from the TableGen files beside this header.
// Its C++ namespace is mempl::ir, while the core (instances, plans, solvers),
// which knows nothing of MLIR, is in mempl.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_IR_MEMPL_H
#define MEMPL_IR_MEMPL_H

#include "mempl/IR/Namespace.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Ptr/IR/MemorySpaceInterfaces.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "mempl/IR/MemplDialect.h.inc"

#include "mempl/IR/MemplEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "mempl/IR/MemplAttributes.h.inc"

#define GET_TYPEDEF_CLASSES
#include "mempl/IR/MemplTypes.h.inc"

namespace mempl::ir {

/// What a copy channel and the storage of fast memory are to the rest of MLIR:
/// ops with effects on it are never merged, hoisted, reordered or removed.
struct PlacementResource
    : public SideEffects::Resource::Base<PlacementResource> {
  StringRef getName() final { return "mempl.placement"; }
};

/// Names of the attributes that users write on functions, arguments and ops.
inline constexpr llvm::StringLiteral kPinAttr = "mempl.pin";
inline constexpr llvm::StringLiteral kForbidAttr = "mempl.forbid";
inline constexpr llvm::StringLiteral kMaxBytesAttr = "mempl.max_bytes";
inline constexpr llvm::StringLiteral kTripsAttr = "mempl.trips";
inline constexpr llvm::StringLiteral kTargetAttr = "mempl.target";

/// On a function: the one of which it is what it was before it was prepared
/// (`mempl-prepare{keep-originals}`).
inline constexpr llvm::StringLiteral kOriginalAttr = "mempl.original";

/// On a function that frees what it allocates, from `mempl-mark-deallocations`
/// to `mempl-deallocate`.
inline constexpr llvm::StringLiteral kOwnFreesAttr = "mempl.frees_its_buffers";

/// The bytes that `attribute` stands for: an integer of at most 64 bits, or a
/// string such as "64KiB". Nothing if it is neither, or negative.
std::optional<int64_t> bytesFrom(Attribute attribute);

/// The bytes that `attributes` give by `mempl.max_bytes`, if any.
std::optional<int64_t> maxBytesIn(DictionaryAttr attributes);

/// The attributes that users write beside `tensor`: of an argument of a
/// function, or of the op that it is a result of. Null where there are none.
DictionaryAttr userAttributesOf(Value tensor);

} // namespace mempl::ir

#define GET_OP_CLASSES
#include "mempl/IR/MemplOps.h.inc"

#endif // MEMPL_IR_MEMPL_H
