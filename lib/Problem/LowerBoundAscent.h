//===- LowerBoundAscent.h - climbing the dual function ----------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Climbs the dual function of the relaxation in LowerBoundModel.h. It is
// concave and piecewise linear; each evaluation gives its value, a valid bound,
// and a supergradient. The ascent scales every coordinate by a running mean of
// its squared slopes and averages the slopes, as Adam does (Kingma and Ba,
// ICLR 2015); the stride shrinks whenever the best value has not risen for a
// while. When it is used up, the climb starts again from the best point with a
// shorter stride, as long as that is worth it.
//
// Where copies have a latency, there are two points to start from, with waits
// priced by what they leave of the slow memory, or of the channels. No way up
// leads from one to the other in reasonable time where one copy takes as long
// as many steps: then the channels alone are what binds.
//
// In a free order, the prices of time move alike in all steps at first: most
// copies may be in most steps, and what is dearer there alone is no dearer.
//
// The first k iterations do not depend on how many are allowed, so the bound
// never falls as iterations are added. It is the optimum of a relaxation at
// most, and the ascent may stop short of that.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_PROBLEM_LOWERBOUNDASCENT_H
#define MEMPL_LIB_PROBLEM_LOWERBOUNDASCENT_H

#include "LowerBoundModel.h"

#include "mempl/Problem/LowerBound.h"

#include <vector>

namespace mempl::bound {

/// How a climb goes.
struct Pace {
  double stride;      ///< The first, in scaled coordinates.
  double leastStride; ///< Where it ends.
  int patience;       ///< Iterations without progress that halve the stride.
  double windows;     ///< Stride of whole windows of time, in strides.
};

class Ascent {
public:
  Ascent(const Model &model, const LowerBoundOptions &options);

  /// All climbs. `floor` is a bound known before.
  void run(double floor);
  /// One climb from `start`, for a model that differs from the one that these
  /// prices were best for by a decision. Counts what the paths decide on
  /// the way.
  void refine(llvm::ArrayRef<double> start, double floor, Pace pace);

  double best = 0;        ///< Largest value seen; infinite if no plan is valid.
  int64_t iterations = 0; ///< Evaluations of the dual function.
  std::vector<double> bestPrices;
  Prices prices;
  /// After refine(): how often a visit was slow, and a value held through a
  /// gap, from 0 to 1; late iterations count more.
  std::vector<float> slowShare, heldShare;

private:
  double evaluate();
  void countDecisions();
  bool isDone() const;
  void climb(Pace pace);
  void tie();
  void move(double stride);
  void moveWindows(double stride);
  void centreWaits();
  void startFromChannels();
  void releaseChannels();
  void release(llvm::MutableArrayRef<double> part, double unit);

  const Model &model;
  const LowerBoundOptions &options;
  PathSolver paths;
  Prices slope;
  /// Size of one unit of each coordinate; zero for those that stand still.
  std::vector<double> units;
  std::vector<double> means, squares;
  double meanWeight = 1, squareWeight = 1;
  bool channelsReleased = false;
  bool counting = false;
  bool tied = false; ///< The prices of all steps move alike.
};

} // namespace mempl::bound

#endif // MEMPL_LIB_PROBLEM_LOWERBOUNDASCENT_H
