//===- LowerBoundModel.h - the relaxation behind lowerBound() ---*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The Lagrangian relaxation of the placement problem, taken apart into one
// shortest path per value (LowerBoundPath.cpp) and one small choice per step
// (LowerBoundStep.cpp). LowerBound.cpp climbs its dual function.
//
// What every valid plan satisfies, and which price relaxes it:
//
//  * `capacity`: the bytes held during step k fit beside those it reserves.
//  * `stair[j]`: the same after each size s is replaced by stair(j, s), a dual
//    feasible function (Fekete and Schepers 2001): any set of sizes that fits
//    into the capacity still fits afterwards. It sees what fractions do not,
//    such as that two values of 60 % of the capacity exclude each other.
//  * `visit`: an access is slow for its value if and only if it is slow for its
//    step. Each step then chooses among whole accesses, with its exact time,
//    and only such that fit into the capacity together. (An equation, so its
//    price may be negative: where a step cannot have all its values in fast
//    memory, it pays some of them to be slow.)
//  * `bus`: the bytes that copies move during a step or a wait fit into the
//    time that the step leaves of the slow memory: slowBandwidth * t_k - S_k.
//  * `in`, `out`: each channel is busy for the latency and bytes / rate of its
//    copies, at the rate that slow traffic of the step leaves in any case.
//
// A copy moves its bytes in steps and waits between its issue and its await, so
// it pays at least the cheapest price in between. That relaxes first in, first
// out to copies that may be interrupted, and says the same as one constraint
// for every window of time (a copy whose whole interval lies in a window needs
// its time there; by the theorem of Gale and Hoffman these are all there is).
//
// Where plans may run the steps in another order, only dependencies tell what
// lies between two visits of a value, and where copies may be
// (LowerBoundOrders.cpp).
//
// The time of a step is exact for each choice of its accesses, so prices of its
// time are valid at any height; the length of a wait is free, so its prices
// must sum to at most 1. Rule V7, offsets, and the loss of time to channels
// that share the slow memory unevenly are left out: they only add latency.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_PROBLEM_LOWERBOUNDMODEL_H
#define MEMPL_LIB_PROBLEM_LOWERBOUNDMODEL_H

#include "mempl/Problem/Instance.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

namespace mempl::bound {

inline constexpr double kNever = std::numeric_limits<double>::infinity();
inline constexpr int kNumStairs = 4;

/// Dual feasible function number j: floor((j + 2) s / C) * C / (j + 1), or s
/// itself where the division is exact. Zero below C / (j + 2).
double stair(int j, int64_t size, int64_t capacity);

/// Minima over ranges of one array. Within blocks the minima from the begin and
/// to the end of the block are stored, so that the table that grows faster than
/// the array is of the blocks alone.
class RangeMinimum {
public:
  void build(llvm::ArrayRef<double> values);
  /// Of [from, to); infinite for an empty range.
  double minimum(int32_t from, int32_t to) const {
    if (from >= to)
      return kNever;
    int32_t first = from >> kShift, last = (to - 1) >> kShift;
    if (first == last) {
      double least = values[from];
      for (int32_t i = from + 1; i != to; ++i)
        least = std::min(least, values[i]);
      return least;
    }
    double least = std::min(toBlockEnd[from], fromBlockBegin[to - 1]);
    if (++first == last)
      return least;
    int level = 31 - __builtin_clz(static_cast<unsigned>(last - first));
    const double *row = table.data() + level * numBlocks;
    return std::min(least, std::min(row[first], row[last - (1 << level)]));
  }
  /// The last place in [from, to) with a value of at most `limit`, or from - 1.
  int32_t lastAtMost(int32_t from, int32_t to, double limit) const;
  /// The first one, or `to`.
  int32_t firstAtMost(int32_t from, int32_t to, double limit) const;

private:
  static constexpr int kShift = 4; ///< Of the size of a block.
  std::vector<double> values, toBlockEnd, fromBlockBegin;
  size_t numBlocks = 0;
  /// Row j has the minima of 2^j blocks each.
  std::vector<double> table;
};

/// All accesses of one value in one step: a residency serves all or none.
struct Visit {
  int32_t value = 0; ///< Index into Model::values.
  int32_t step = 0;
  double slowTime = 0; ///< Seconds of the slow memory if served from there.
  double gain = 0;     ///< Seconds of memory time saved by fast memory.
  bool reads = false, writes = false;
  bool canBeSlow = true, canBeFast = true;
  bool fits = true; ///< The value can be held during the step.
  bool isChoice() const { return canBeSlow && canBeFast; }
};

/// Steps [from, to).
struct Span {
  int32_t from = 0, to = 0;
};

/// Those [first, last) of Model::spans.
struct SpanList {
  int32_t first = 0, last = 0;
};

/// The time between two visits of a value, or before the first, or after the
/// last: the steps strictly between `left` and `right`.
struct Gap {
  int32_t left = -1, right = 0;
  bool holdable = true; ///< The value fits beside every reservation in it.
  bool held = false;    ///< It has its bytes from one end to the other.
  int32_t firstIn = 0;  ///< Copies in that land at `right` move here or later.
  int32_t endOut = 0;   ///< Copies out move in steps before this one.
  int32_t sinceWrite = 0; ///< Boundary after the last write, or 0.
  /// In a free order: steps in which the value is certain to be held if it was
  /// written in fast memory and is not valid in slow memory, and steps in which
  /// copies may move their bytes.
  SpanList between, in, out;
};

/// A value as the relaxation sees it. Its visits are [firstVisit, lastVisit);
/// gap j is before visit j, and one more is after the last visit.
struct PricedValue {
  int32_t firstVisit = 0, lastVisit = 0, firstGap = 0;
  int firstStair = kNumStairs; ///< Lower stairs are zero for it.
  double held = 0;             ///< Bytes it occupies (rounded up).
  double copied = 0;           ///< Bytes that a copy moves.
  std::array<double, kNumStairs> stairs = {};
  bool input = false, output = false;
  bool carriable = false; ///< An input that is never written.
  int32_t numVisits() const { return lastVisit - firstVisit; }
};

/// One way to run a step. Plain steps have one; a loop has one per share of
/// the capacity that the plan of its body may take.
struct StepMode {
  double compute = 0;  ///< Seconds at least, without overhead.
  double slowTime = 0; ///< Least slow traffic of the body, as seconds.
  double reserved = 0; ///< Bytes at least, rounded up.
  std::array<double, kNumStairs> stairs = {}; ///< Of `reserved`.
  bool isLoop = true;
};

struct PricedStep {
  double overhead = 0;
  double allFast = 0;  ///< Memory time if every visit is fast.
  double memory = 0;   ///< The same if every choice is.
  double slowTime = 0; ///< Seconds of slow memory of visits that must be slow.
  double forced = 0;   ///< Bytes of values that must be in fast memory.
  double copyRate =
      0; ///< Bytes per second that a copy moves during it at most.
  int32_t firstMode = 0, lastMode = 0;
  int32_t firstBig = 0, firstSmall = 0, lastSmall = 0; ///< Into stepVisits.
};

/// What no plan of a body with a given capacity can beat, per trip.
struct BodyBound {
  double latency = 0;  ///< Seconds.
  double slowTime = 0; ///< Seconds of the slow memory that its traffic takes.
};

/// For `body`, with the capacity of its machine.
/// `cancelled` may be empty.
BodyBound boundBody(InstanceRef body, const std::function<bool()> &cancelled);

/// What a branch of the tree decides: a visit is slow or fast for its value, or
/// a value has its bytes of fast memory throughout a gap, or not.
struct Decision {
  enum Kind : uint8_t { Slow, Fast, Held, Open } kind;
  int32_t index; ///< Of the visit or the gap.
};

/// The instance in the form that the relaxation needs.
struct Model {
  /// `bodyModes`: shares of the capacity that loops are bounded for. Where
  /// `cancelled` says so their bounds are weaker.
  Model(InstanceRef instance, int bodyModes,
        const std::function<bool()> &cancelled);

  /// Only plans that agree with `decisions`, and with what follows from them:
  /// values do not fit beside what has to be held. False if there are none.
  bool restrict(llvm::ArrayRef<Decision> decisions);

  /// Where the prices of a wait at a boundary are. In a free order, it is not
  /// known which steps are before it, so that all waits have one price.
  int32_t wait(int32_t boundary) const { return isFree ? 0 : boundary; }
  llvm::ArrayRef<Span> spansOf(SpanList list) const {
    return llvm::ArrayRef(spans).slice(list.first, list.last - list.first);
  }

  int32_t numSteps = 0;
  bool isFree = false; ///< Plans may run the steps in another order.
  double capacity = 0;
  double slowBandwidth = 1, copyLatency = 0;
  double copyBandwidth = 1; ///< At most `slowBandwidth`.
  int64_t maxCarried = 0;
  std::vector<Visit> visits; ///< By value, then step.
  std::vector<Gap> gaps;
  std::vector<PricedValue> values; ///< Those that are accessed.
  std::vector<PricedStep> steps;
  std::vector<StepMode> modes;
  std::vector<int32_t> stepVisits; ///< Choices, by step, large gains first.
  std::array<bool, kNumStairs> stairUsed = {};
  /// Seconds of slow memory that no plan can avoid.
  double leastSlowTime = 0;
  std::vector<double> unreserved; ///< Bytes that each step leaves.
  std::vector<Span> spans;

private:
  void addValues(InstanceRef instance);
  void addGaps(PricedValue &value);
  bool fit();
  void addSteps(InstanceRef instance, int bodyModes,
                const std::function<bool()> &cancelled);
  void addOrders(const Program &program);
  SpanList addSpans(llvm::ArrayRef<Span> list);
  void sortVisits();
  void setCopyRate(PricedStep &step);
  void addModes(const Machine &machine, const Step &step, int bodyModes,
                const std::function<bool()> &cancelled);
  void addMode(const Machine &machine, double compute, double slowTime,
               int64_t reserved);
};

/// Multipliers, or a direction in their space. Time is priced in seconds per
/// second, capacity in seconds per byte and step.
class Prices {
public:
  explicit Prices(const Model &model);
  Prices(const Prices &) = delete;
  Prices &operator=(const Prices &) = delete;

  /// The closest prices for which the dual function is a bound; those of waits
  /// are left as they are unless `waits`.
  void project(const Model &model, bool waits);

  std::vector<double> all;                    ///< The storage behind the rest.
  llvm::MutableArrayRef<double> visit;        ///< Seconds for slow service.
  llvm::MutableArrayRef<double> capacity;     ///< By step.
  llvm::MutableArrayRef<double> bus, in, out; ///< By step.
  llvm::MutableArrayRef<double> busWait, inWait, outWait;      ///< By boundary.
  std::array<llvm::MutableArrayRef<double>, kNumStairs> stair; ///< By step.
};

/// The cheapest behaviour of every value for given prices.
class PathSolver {
public:
  explicit PathSolver(const Model &model);
  /// Sum over all values; adds what they do to `slope`.
  double solve(const Prices &prices, Prices &slope);

  /// The same, block by block: values that share a limit of their own are one
  /// block, the others alone. Calls `use` with the sum of the block, and its
  /// part of the slope in `slope`, which has to be zero before and after.
  void solveEach(const Prices &prices, Prices &slope,
                 llvm::function_ref<void(double)> use);

  /// Whether every value had a way to go, in the last solve().
  bool feasible = true;

  /// Whether solve() notes what the values do: 1 if a visit is slow, and if a
  /// value is held through a gap.
  bool recording = false;
  std::vector<uint8_t> slowVisits, heldGaps;

private:
  /// Where a copy moves its bytes, in the cheapest case.
  struct Move {
    double cost = kNever;
    int32_t at = 0; ///< A step, or a boundary if `wait`.
    bool wait = false;
  };
  enum State : uint8_t { Slow, Clean, Dirty, None };
  enum Flag : uint8_t { ServedSlow = 1, CopyIn = 2, CopyOut = 4 };
  enum Landing : uint8_t { Held, Cleaned, Fetched };
  struct Choice {
    uint8_t from = 0;  ///< State just before the visit.
    uint8_t flags = 0; ///< Flag: what happens during its step.
  };
  /// How the states around one visit were reached.
  struct Row {
    uint8_t slow = Slow;  ///< State after the last visit that led to Slow.
    uint8_t clean = Held; ///< Landing: how Clean was reached.
    Choice after[3];      ///< By the state after the visit.
  };

  void prepare(const Prices &prices);
  void clearUsage();
  void addUsage(Prices &slope);
  double solveShared(Prices &slope);
  double rent(const PricedValue &value, int32_t from, int32_t to) const;
  double rentAcross(const PricedValue &value, const Gap &gap) const;
  static Move cheapest(llvm::ArrayRef<Span> spans, const RangeMinimum &steps,
                       double wait);
  Move moveOutWhenever(const PricedValue &value, const Gap &gap) const;
  Move moveIn(const PricedValue &value, const Gap &gap) const;
  Move moveOut(const PricedValue &value, const Gap &gap) const;
  Move moveInWhileHeld(const PricedValue &value, const Gap &gap) const;
  void locateIn(const Gap &gap, Move &move) const;
  void locateOut(const Gap &gap, Move &move) const;
  double costWhileHeld(const PricedValue &value, const Gap &gap) const;
  Move moveWhileHeld(const PricedValue &value, const Gap &gap) const;
  double latencyIn(const Gap &gap, int32_t boundary) const;
  double latencyOut(const Gap &gap, int32_t boundary) const;
  double solveValue(const PricedValue &value, bool carried);
  void crossGap(const PricedValue &value, const Gap &gap, Row &row,
                double (&cost)[4]) const;
  void crossHeldGap(const PricedValue &value, const Gap &gap, Row &row,
                    double (&cost)[4]) const;
  void visit(const PricedValue &value, int32_t index, const Gap &gap, Row &row,
             double (&cost)[4]) const;
  void trace(const PricedValue &value, bool carried, Prices &slope);
  void traceGap(const PricedValue &value, const Gap &gap, const Row &row,
                uint8_t &state, Prices &slope);
  void hold(const PricedValue &value, double bytes, int32_t from, int32_t to);
  void holdAcross(const PricedValue &value, double bytes, int32_t from,
                  int32_t to);
  double channelTime(const PricedValue &value, const Move &move) const {
    return value.copied /
           (move.wait ? model.copyBandwidth : model.steps[move.at].copyRate);
  }
  void chargeIn(const PricedValue &value, const Gap &gap, const Move &move,
                Prices &slope) const;
  void chargeOut(const PricedValue &value, const Gap &gap, const Move &move,
                 Prices &slope) const;

  const Model &model;
  const Prices *current = nullptr;
  bool latencyPriced = false;
  bool anyStairs = false; ///< Of any value.
  /// Prefix sums of the prices of capacity, and of each stair.
  std::vector<double> rents;
  std::array<std::vector<double>, kNumStairs> stairRents;
  std::vector<double> stepIn, stepOut; ///< Price of a byte copied in a step.
  std::vector<double> waitIn, waitOut; ///< The same at a boundary.
  std::vector<double> anyIn;           ///< Step k or the boundary before it.
  std::vector<double> anyOut;          ///< Step k or the boundary after it.
  RangeMinimum cheapestIn, cheapestOut, idleIn, idleOut;
  /// With the rent per byte from a step on, or up to its end.
  RangeMinimum rentedIn, rentedOut;
  std::vector<double> scratch;
  std::vector<Row> rows;
  uint8_t lastState = Slow;
  std::vector<double> usage; ///< Differences of the bytes held.
  std::array<std::vector<double>, kNumStairs> stairUsage;
};

/// What is left of a bound after rounding errors of its sums.
inline constexpr double kRounding = 1 - 1e-10;

/// The cheapest choice of every step for given prices, with the constant terms
/// of the dual function; adds its supergradient to `slope`.
double solveSteps(const Model &model, const Prices &prices, Prices &slope);

/// The same step by step; see PathSolver::solveEach().
void solveEachStep(const Model &model, const Prices &prices, Prices &slope,
                   llvm::function_ref<void(double)> use);

} // namespace mempl::bound

#endif // MEMPL_LIB_PROBLEM_LOWERBOUNDMODEL_H
