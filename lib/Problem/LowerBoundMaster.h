//===- LowerBoundMaster.h - prices from a linear program --------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Where the ascent feels its way up, column generation knows where the top is
// (Dantzig and Wolfe 1960). The linear program mixes the ways that values and
// steps have been seen to go, a column each, so that together they keep all
// limits at the least cost. Its dual solution are prices; the ways that are
// best for these become the next columns. At the end the mixture costs what
// the prices prove, and shows which decisions are still halves.
//
// The linear program only proposes prices. What counts as a bound is the dual
// function at them, evaluated like all others, so that its tolerances, its
// limits and even its errors cannot make a bound wrong.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_PROBLEM_LOWERBOUNDMASTER_H
#define MEMPL_LIB_PROBLEM_LOWERBOUNDMASTER_H

#include "LowerBoundModel.h"

#include <memory>
#include <vector>

namespace mempl::bound {

/// The best prices that were found for a set of plans.
struct Summit {
  double value = 0; ///< The dual function there; infinite: there is no plan.
  std::vector<double> prices;
  /// How often a visit is slow, and a value held through a gap, from 0 to 1.
  std::vector<float> slowShare, heldShare;
};

class Master {
public:
  /// `model` is that of all plans.
  explicit Master(const Model &model);
  ~Master();

  /// Whether there is a solver of linear programs; else there is no master.
  static bool isAvailable();

  /// Climbs for the plans of `model`, a restriction of the one of all, from
  /// `summit`, until its value reaches `target` or `cancelled` says so. Returns
  /// how often it evaluated the dual function.
  int64_t climb(const Model &model, double target,
                const std::function<bool()> &cancelled, Summit &summit);

private:
  class Columns;
  std::unique_ptr<Columns> columns;
};

} // namespace mempl::bound

#endif // MEMPL_LIB_PROBLEM_LOWERBOUNDMASTER_H
