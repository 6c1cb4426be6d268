//===- HloOrder.h - what has to run before a step ---------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The order that XLA scheduled is one of many. Here is what every other one has
// to keep: operands, also those that are no part of the problem (scalars,
// tokens), control predecessors, the order of side effects and of collectives
// among each other, and, in the body of a loop, reads and writes of buffers
// from outside.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_FRONTEND_XLA_HLOORDER_H
#define MEMPL_LIB_FRONTEND_XLA_HLOORDER_H

#include "mempl/Frontend/Xla/HloModule.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallVector.h"

#include <optional>

namespace mempl::hlo {

/// Follows the walk over a schedule, in which every instruction that runs
/// begins and ends.
class OrderReader {
public:
  /// Steps of one level, in ascending order.
  using Steps = llvm::SmallVector<int32_t, 2>;

  explicit OrderReader(const Module &module);

  /// The steps, of the level at hand, that run before this instruction.
  Steps begin(int32_t computation, int32_t instruction) const;
  /// The instruction, which is no call, has run: as this step of the level, or
  /// as none.
  void end(int32_t computation, int32_t instruction, Steps before,
           std::optional<int32_t> step);

  /// Around the walk over the body of a loop, which is a level of its own.
  void beginBody() { levels.emplace_back(); }
  void endBody() { levels.pop_back(); }
  /// Around the walk over a called computation, whose steps are of the same
  /// level: those from `from` to before `to`.
  void beginCall(int32_t computation, int32_t instruction);
  void endCall(int32_t computation, int32_t instruction, int32_t from,
               int32_t to);

  /// Adds to `before` what an access to a buffer from outside of the level
  /// depends on. For one buffer, it is called once per step.
  void addOutside(int32_t step, int32_t buffer, bool writes, Steps &before);

private:
  /// Who has accessed a buffer so far.
  struct Accessors {
    int32_t writer = -1;
    Steps readers; ///< Since then.
  };
  struct OpenLevel {
    Steps effects;                              ///< Before the next effect.
    llvm::SmallVector<Steps, 1> calls;          ///< Before all in open calls.
    llvm::DenseMap<int32_t, Accessors> outside; ///< By buffer.
  };

  const Instruction &at(int32_t computation, int32_t instruction) const {
    return module.computations[computation].instructions[instruction];
  }
  bool hasEffect(const Instruction &i) const;
  Steps beforeByControl(int32_t computation, int32_t instruction) const;

  const Module &module;
  /// By computation and instruction: the steps after which its result is there,
  /// and after which all that it runs is over.
  std::vector<std::vector<Steps>> resultAfter, overAfter;
  std::vector<OpenLevel> levels;
  std::vector<bool> hasEffects; ///< By computation.
};

} // namespace mempl::hlo

#endif // MEMPL_LIB_FRONTEND_XLA_HLOORDER_H
