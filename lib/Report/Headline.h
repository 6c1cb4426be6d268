//===- Headline.h - a plan in one sentence ----------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_REPORT_HEADLINE_H
#define MEMPL_LIB_REPORT_HEADLINE_H

#include "mempl/Problem/Instance.h"
#include "mempl/Problem/Plan.h"
#include "mempl/Problem/Simulator.h"

#include <optional>
#include <string>
#include <vector>

namespace mempl::report {

/// What keeps the steps of a plan busy: "compute", "slow" or "fast" (the
/// memories), or "overhead". One per place. `outcome` has its traffic.
std::vector<const char *> limitsOf(InstanceRef instance,
                                   const Outcome &outcome);

/// "22 % less time than in slow memory alone, 1.2 % above the bound", and what
/// the time above that of all values in fast memory goes to: "All in fast
/// memory would take 34 % less. Of that, 81 % is inputs in slow memory, mostly
/// in steps 12 to 300." The sentences are about a valid plan of a whole
/// program.
struct Headline {
  std::string text;
  std::string rest; ///< Empty where there is none.
};
Headline headlineOf(const Instance &instance, const Plan &plan,
                    const Outcome &outcome, std::optional<double> bound);

} // namespace mempl::report

#endif // MEMPL_LIB_REPORT_HEADLINE_H
