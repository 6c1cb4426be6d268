//===- RandomInstance.h - random programs and plans for tests ---*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Random valid instances, small enough that much happens at the same place:
// loops in loops, copy limits, constraints on spaces, reserved bytes, values of
// size zero, several accesses of one value in a step. And random plans for
// them, grown by inserting residencies that verify() lets pass. Not a model of
// real programs: the tests that need those read them from files.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_UNITTESTS_PROBLEM_RANDOMINSTANCE_H
#define MEMPL_UNITTESTS_PROBLEM_RANDOMINSTANCE_H

#include "mempl/Problem/Instance.h"
#include "mempl/Problem/Plan.h"
#include "mempl/Support/Random.h"

namespace mempl {

/// How a random instance comes out. Chances are in [0, 1].
struct RandomInstanceOptions {
  int32_t minSteps = 0; ///< At most `maxSteps`.
  int32_t maxSteps = 10;
  int32_t maxValues = 8;   ///< At least 1.
  int32_t maxAccesses = 4; ///< Of one step.
  /// Capacity of fast memory in units of the alignment; at least 0.
  int64_t maxCapacityUnits = 12;
  /// Largest size of a value in units of the alignment; at least 1.
  int64_t maxSizeUnits = 5;
  double loopChance = 0.12;      ///< That a step is a loop.
  int32_t maxLoopDepth = 2;      ///< 0 = no loops.
  double reservedChance = 0.1;   ///< That a step reserves bytes.
  double limitChance = 0.3;      ///< That a channel limits copies in flight.
  double carriedChance = 0.3;    ///< That values may be carried over.
  double slowOrderChance = 0.05; ///< That a value or access must be slow.
  /// That a value or access must be fast. Only in the outermost program; such
  /// a constraint may be impossible to meet.
  double fastOrderChance = 0.01;
  double zeroSizeChance = 0.05; ///< That a value is of size zero.
};

/// A random instance that checkInstance() accepts. Half of them have round
/// figures (bandwidths and sizes near 10), half those of a real accelerator.
Instance randomInstance(Random &random,
                        const RandomInstanceOptions &options = {});

/// A random plan of up to `attempts` residencies: each that was tried is kept
/// if verify() lets it pass. Where accesses are constrained to be fast, orders
/// that could not be met may be left (rule V6); the plan breaks no other rule.
Plan randomValidPlan(const Instance &instance, Random &random,
                     int attempts = 60);

} // namespace mempl

#endif // MEMPL_UNITTESTS_PROBLEM_RANDOMINSTANCE_H
