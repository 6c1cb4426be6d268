//===- HloCost.h - bytes and work of HLO instructions -----------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What one run of an instruction moves and computes, fusions looked into.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_FRONTEND_XLA_HLOCOST_H
#define MEMPL_LIB_FRONTEND_XLA_HLOCOST_H

#include "mempl/Frontend/Xla/HloModule.h"

namespace mempl::hlo {

/// Bytes that `instruction` reads of array `leaf` of operand `operand`: only
/// the parts that slices and gathers take, nothing of what an update in place
/// overwrites.
int64_t readBytes(const Module &module, const Computation &computation,
                  const Instruction &instruction, int32_t operand,
                  int32_t leaf);

/// Bytes that it writes of array `leaf` of its output: of an update in place,
/// the update.
int64_t writtenBytes(const Module &module, const Computation &computation,
                     const Instruction &instruction, int32_t leaf);

/// Arithmetic operations.
struct Work {
  double matrix = 0; ///< Multiplications and additions of dots, convolutions.
  /// Element operations of everything else; a transcendental function counts
  /// as kTranscendental.
  double vector = 0;

  Work &operator+=(const Work &other) {
    matrix += other.matrix;
    vector += other.vector;
    return *this;
  }
};

/// The vector unit of a TPU has four ALUs per lane and one unit for
/// transcendental functions.
inline constexpr double kTranscendental = 4;

Work workOf(const Module &module, const Computation &computation,
            const Instruction &instruction);

/// The compiler's estimate for an instruction in cycles, or -1 if it gives
/// none.
int64_t estimatedCycles(const Instruction &instruction);

/// Bytes of fast memory that it needs for itself; -1 if the text says anything
/// but bytes.
int64_t scopedBytes(const Instruction &instruction);

/// Equal for instructions that do the same with arrays of the same shapes,
/// wherever these are.
uint64_t kindOf(const Module &module, const Computation &computation,
                const Instruction &instruction);

} // namespace mempl::hlo

#endif // MEMPL_LIB_FRONTEND_XLA_HLOCOST_H
