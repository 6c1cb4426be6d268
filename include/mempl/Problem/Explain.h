//===- Explain.h - why a value is where a plan puts it ----------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The decision of a plan about each value, as a sentence for people.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_PROBLEM_EXPLAIN_H
#define MEMPL_PROBLEM_EXPLAIN_H

#include "mempl/Problem/Instance.h"
#include "mempl/Problem/Plan.h"

#include "llvm/ADT/ArrayRef.h"

#include <string>
#include <vector>

namespace mempl {

/// What a plan does with one value, and why as far as that can be told.
struct Decision {
  int32_t value = 0;   ///< Index into Instance::values.
  bool fast = false;   ///< In fast memory for some time.
  std::string text;    ///< A sentence without the name of the value.
  int64_t traffic = 0; ///< Bytes that its accesses move, loops' trips not
                       ///< counted.
  int64_t served = 0;  ///< Of those, in fast memory.
};

/// One decision per value of the outermost program, in order. `plan` must be
/// valid. `slowReasons` is empty, or has for every value why it can only be in
/// slow memory ("is returned by a call"), or an empty text if it is free.
std::vector<Decision> explain(const Instance &instance, const Plan &plan,
                              llvm::ArrayRef<std::string> slowReasons = {});

} // namespace mempl

#endif // MEMPL_PROBLEM_EXPLAIN_H
