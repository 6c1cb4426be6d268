//===- ContentsCheck.h - are the contents of a value valid? --- -*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The rules of docs/Problem.md that concern one value alone (V3, V4, V5, V6,
// V8, and V10 but for the number of carried values), as one walk over its uses:
// the quick yes-or-no that the plan editor asks after every edit. verify() is
// the check that explains.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_PROBLEM_CONTENTSCHECK_H
#define MEMPL_PROBLEM_CONTENTSCHECK_H

#include "mempl/Problem/AccessIndex.h"
#include "mempl/Problem/Plan.h"

#include "llvm/ADT/SmallVector.h"

namespace mempl {

/// Residencies of one value, by start.
using ResidencyList = llvm::SmallVector<const Residency *, 4>;

/// Whether `value` is where it is used, valid and as constrained, all along.
bool hasValidContents(const AccessIndex &index, int32_t value,
                      const ResidencyList &residencies);

} // namespace mempl

#endif // MEMPL_PROBLEM_CONTENTSCHECK_H
