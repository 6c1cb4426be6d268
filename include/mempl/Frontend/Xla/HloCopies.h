//===- HloCopies.h - copies that unscheduled HLO lacks ----------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Before XLA schedules a program it inserts copies, so that what shares storage
// (a loop's state from trip to trip, the operand and the result of an update, a
// donated parameter and its output) is never needed in two versions at once.
// Text from before that has no such copies; reading it as it stands would make
// one value of two that are needed at once.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_FRONTEND_XLA_HLOCOPIES_H
#define MEMPL_FRONTEND_XLA_HLOCOPIES_H

#include "mempl/Frontend/Xla/HloModule.h"

namespace mempl::hlo {

/// Whether the text says that it is in the order of execution.
bool isScheduled(const Module &module);

/// Whether XLA's memory space assignment has run: it leaves arrays in fast
/// memory.
bool hasAssignment(const Module &module);

/// Adds the copies that are missing, and returns how many. Where the text is
/// scheduled, an operation may overwrite what it reads itself; elsewhere only
/// one that works element by element may. Of text that XLA scheduled nothing is
/// changed.
int64_t insertCopies(Module &module);

} // namespace mempl::hlo

#endif // MEMPL_FRONTEND_XLA_HLOCOPIES_H
