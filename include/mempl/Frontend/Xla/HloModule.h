//===- HloModule.h - XLA's HLO text as plain structs ------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a file of HLO text says, without any of its meaning: computations,
// instructions, shapes with their layouts. Readers of programs
// (HloModuleProgram.h) give it meaning. Nothing here depends on XLA or on MLIR.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_FRONTEND_XLA_HLOMODULE_H
#define MEMPL_FRONTEND_XLA_HLOMODULE_H

#include "mempl/Support/Json.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace mempl::hlo {

/// The memory of the host, where arrays are that do not fit on the device.
inline constexpr int64_t kHostMemory = 5;

/// How an array is laid out in memory: `{1,0:T(8,128)(2,1)S(1)}`.
struct Layout {
  /// A tile dimension `*`: this dimension is joined with the next minor one.
  static constexpr int64_t kCombine = -1;

  /// Dimensions, the fastest varying one first.
  std::vector<int64_t> minorToMajor;
  /// Tiles, the outermost first; a dimension is positive or kCombine.
  std::vector<std::vector<int64_t>> tiles;
  int64_t elementBits = 0; ///< `E(n)`: bits of an element; 0 = as the type has.
  int64_t memorySpace = 0; ///< `S(n)`; 0 is the device's large memory.

  bool operator==(const Layout &) const = default;
};

/// The type of an instruction: an array, or a tuple of shapes.
struct Shape {
  bool isTuple = false;
  std::string elementType; ///< Of an array: `bf16`, `s32`, `token`, ..
  std::vector<int64_t> dims;
  bool hasLayout = false;
  Layout layout;
  std::vector<Shape> elements; ///< Of a tuple.

  /// Number of elements of an array.
  int64_t numElements() const;
  /// Bytes that an array occupies on the device, padded by the tiles of its
  /// layout; of a tuple, the sum of its leaves. The parser refuses shapes whose
  /// size is 2^63 or more.
  int64_t bytes() const;
  /// Arrays in it, in order; an array is its own only leaf.
  std::vector<const Shape *> leaves() const;
  /// The same as text, without memory spaces: equal for shapes that differ in
  /// nothing else.
  std::string key() const;
};

/// A computation that an instruction calls, and as what: `calls`, `to_apply`,
/// `body`, `condition`, `branch_computations`, ..
struct Call {
  std::string role;
  int32_t computation = 0; ///< Index into Module::computations.
};

/// One instruction.
struct Instruction {
  std::string name; ///< Without the `%`.
  Shape shape;
  std::string opcode;
  std::vector<int32_t> operands; ///< Indices into the same computation.
  /// Of a constant, the literal; of a parameter, its number.
  std::string literal;
  int64_t parameter = -1; ///< Number of a parameter.
  /// All others, as they are written, in their order.
  std::vector<std::pair<std::string, std::string>> attributes;
  std::vector<Call> calls;
  std::vector<int32_t> controlPredecessors;
  /// Null where there is none or it is no JSON; of a dictionary of MLIR, what
  /// is.
  JsonNode backendConfig;
  bool isRoot = false;
  int64_t line = 0; ///< Of the file, from 1.

  /// The text of an attribute; empty where it is missing.
  llvm::StringRef attribute(llvm::StringRef key) const;
  /// The computation called as `role`, or -1.
  int32_t callee(llvm::StringRef role) const;
};

/// A sequence of instructions; in a scheduled module, in execution order.
struct Computation {
  std::string name;
  bool isEntry = false;
  std::vector<Instruction> instructions;
  int32_t root = -1;
  std::vector<int32_t> parameters; ///< By number.
  int64_t line = 0;
};

/// A whole file. Calls between computations have no cycle.
struct Module {
  std::string name;
  std::vector<std::pair<std::string, std::string>> attributes;
  std::vector<Computation> computations;
  int32_t entry = -1;
  std::string file;       ///< Its name, for messages.
  bool hasHeader = false; ///< `HloModule ..`; some text begins without.
  int64_t line = 1;       ///< Of the header.
  /// Line at which a second module begins, which is not read; 0 = none.
  int64_t nextModule = 0;

  llvm::StringRef attribute(llvm::StringRef key) const;
  const Computation &entryComputation() const { return computations[entry]; }
};

/// Bits of an element of this type; 0 for tokens and opaque values, -1 for a
/// type that is not known.
int64_t elementBits(llvm::StringRef type);

/// The bytes of an array as `Shape::bytes`, or -1 if that is 2^63 or more.
int64_t checkedBytes(const Shape &array);

} // namespace mempl::hlo

#endif // MEMPL_FRONTEND_XLA_HLOMODULE_H
