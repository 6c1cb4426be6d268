//===- PlacementReport.h - what to say of a function ------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_TRANSFORMS_PLACEMENTREPORT_H
#define MEMPL_LIB_TRANSFORMS_PLACEMENTREPORT_H

#include "mempl/Problem/Plan.h"
#include "mempl/Transforms/FunctionExtraction.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/Pass/Pass.h"

#include <vector>

namespace mempl::ir {

/// The remarks about a function and its plan. Made before the function is
/// rewritten, as its problem is stale after it, and said when it is known to
/// stay so.
class PlacementReport {
public:
  PlacementReport() = default;
  PlacementReport(const PlaceableFunction &function, const Plan &plan);

  /// Says all of it; if the function is slow in spite of the plan, only what
  /// the extraction noted.
  void emit(const PlaceableFunction &function, bool isSlow);

private:
  struct Decision {
    Location loc;
    bool fast;
    std::string text;
  };
  std::vector<Decision> decisions; ///< For the remark engine, if there is one.
  std::string order;               ///< The same; empty if nothing moves.
  std::vector<Diagnostic> remarks;
};

/// The statistics of a pass that places (PlacementStatistics in Passes.td).
struct PlacementStatistics {
  Pass::Statistic &functions, &storages, &placedFast, &prefetches, &evictions,
      &peakBytes, &movedSteps, &fallbacks;

  /// Adds a function that is placed by `plan`, or slow in spite of it.
  void add(const Instance &instance, const Plan &plan, bool isSlow);
};

} // namespace mempl::ir

#endif // MEMPL_LIB_TRANSFORMS_PLACEMENTREPORT_H
