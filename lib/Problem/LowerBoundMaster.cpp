//===- LowerBoundMaster.cpp - prices from a linear program ----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One linear program serves all nodes of a tree: columns that contradict the
// decisions of a node are switched off for it. Rows are the limits that have a
// price, and one per block (a value or a step) that says that its ways are
// mixed in full. All rows are in seconds, and seconds in units of the bound.
//
// Dual solutions jump from one end of what the columns allow to the other, so
// that prices are taken half way to the best ones known (Wentges 1997), all the
// way if that brings nothing new.
//
//===----------------------------------------------------------------------===//

#include "LowerBoundMaster.h"

#include "LinearProgram.h"

using namespace mempl;
using namespace mempl::bound;

#include <numeric>
#include <set>

/// Evaluations for one node at most.
static constexpr int kMostRounds = 200;
/// Pivots of one linear program at most.
static constexpr int kMostPivots = 20000;
/// The mixture costs more than the prices prove by at most so much, relatively.
static constexpr double kConverged = 1e-7;
/// The highest price of a byte and step, in half transfers of the byte, and the
/// lowest of a slow visit, in its slow times. The columns that there are may
/// ask for more; with all of them it is not needed.
static constexpr double kHighest = 50, kLowest = 20;
/// Of the sums that the dual function is the difference of.
static constexpr double kRoundingOfSums = 1e-13;
/// Columns beyond which those that are not in use are dropped.
static constexpr int kMostColumns = 50000;

namespace {

/// How a block went: what its visits and gaps did.
struct Way {
  int32_t block = 0;
  std::vector<float> slow;   ///< Of its visits, from 0 to 1.
  std::vector<uint8_t> held; ///< Of its gaps between visits.
  /// Steps in which it moves bytes, and at which rate.
  std::vector<std::pair<int32_t, double>> rates;
};

/// What a block of values or a step decides on.
struct Block {
  std::vector<int32_t> visits, gaps;
  bool isStep = false;
};

} // namespace

class Master::Columns {
public:
  explicit Columns(const Model &model);
  int64_t climb(const Model &model, double target,
                const std::function<bool()> &cancelled, Summit &summit);

private:
  void addRows();
  void addUnit(llvm::MutableArrayRef<double> part, double unit);
  void addSlack(std::initializer_list<const double *> rows, double cost,
                double sign = -1);
  void restrict(const Model &model);
  bool agrees(const Way &way, const Model &model) const;
  double evaluate(const Model &model);
  void addColumn(const Model &model, PathSolver &paths, int32_t block,
                 double value);
  void mixPrices(const Model &model, llvm::ArrayRef<double> centre,
                 double share);
  void readShares(Summit &summit);
  void dropUnused();

  int rowOf(const double *price) const {
    return static_cast<int>(price - slope.all.data());
  }

  const Model &all;
  Prices prices, slope;
  std::vector<double> units; ///< Of each price.
  double scale = 1;          ///< Of seconds.
  const std::vector<Block> blocks;
  LinearProgram lp;
  std::vector<Way> ways; ///< Of the columns from `firstWay` on.
  int firstWay = 0;
  /// Ways that have a column, by block: rows and entries in turns, decisions.
  std::vector<std::set<std::vector<double>>> known;
  int added = 0; ///< Columns, by the last evaluate().
  bool feasible = true;
};

/// In the order of PathSolver::solveEach() and solveEachStep().
static std::vector<Block> blocksOf(const Model &all) {
  std::vector<Block> blocks(1);
  auto add = [&](Block &block, const PricedValue &value) {
    for (int32_t j = 0; j != value.numVisits(); ++j) {
      block.visits.push_back(value.firstVisit + j);
      if (j != 0)
        block.gaps.push_back(value.firstGap + j);
    }
  };
  for (const PricedValue &value : all.values)
    if (value.carriable)
      add(blocks.front(), value);
  for (const PricedValue &value : all.values)
    if (!value.carriable)
      add(blocks.emplace_back(), value);
  for (const PricedStep &step : all.steps) {
    Block &block = blocks.emplace_back();
    block.isStep = true;
    block.visits.assign(all.stepVisits.begin() + step.firstBig,
                        all.stepVisits.begin() + step.lastSmall);
  }
  return blocks;
}

Master::Columns::Columns(const Model &model)
    : all(model), prices(model), slope(model), blocks(blocksOf(model)),
      lp(static_cast<int>(slope.all.size() + blocks.size()), kMostPivots) {
  std::fill(slope.all.begin(), slope.all.end(), 0.0);
  known.resize(blocks.size());
  addRows();
}

void Master::Columns::addUnit(llvm::MutableArrayRef<double> part, double unit) {
  std::fill_n(units.begin() + rowOf(part.data()), part.size(), unit);
}

/// A way to break limits at a cost: their prices are worth no more.
void Master::Columns::addSlack(std::initializer_list<const double *> rows,
                               double cost, double sign) {
  std::vector<int> indices;
  for (const double *price : rows)
    indices.push_back(rowOf(price));
  std::vector<double> entries(indices.size(), sign);
  lp.addColumn(indices, entries, cost);
}

void Master::Columns::addRows() {
  double transfer = 0.5 / all.slowBandwidth;
  units.assign(slope.all.size(), 1.0);
  for (size_t i = 0; i != all.visits.size(); ++i)
    units[i] = std::max(all.visits[i].slowTime, 1e-300);
  addUnit(slope.capacity, transfer);
  for (llvm::MutableArrayRef<double> part : slope.stair)
    addUnit(part, transfer);

  int rows = static_cast<int>(units.size());
  for (int i = 0; i != rows; ++i)
    lp.setRowBounds(i, -LinearProgram::kInfinity, 0);
  for (size_t b = 0; b != blocks.size(); ++b)
    lp.setRowBounds(rows + static_cast<int>(b), 1, 1);

  // Waits, and steps that last longer than they must.
  for (int32_t k = 0; k <= all.numSteps; ++k)
    addSlack({&slope.busWait[k], &slope.inWait[k], &slope.outWait[k]}, 1);
  for (int32_t k = 0; k != all.numSteps; ++k) {
    addSlack({&slope.bus[k], &slope.in[k], &slope.out[k]}, 1);
    addSlack({&slope.capacity[k]}, kHighest);
    for (int j = 0; j != kNumStairs; ++j)
      if (all.stairUsed[j])
        addSlack({&slope.stair[j][k]}, kHighest);
  }
  for (const double &price : slope.visit) {
    addSlack({&price}, 1);
    addSlack({&price}, kLowest, 1);
  }
  firstWay = lp.numColumns();
}

/// Switches columns and rows off or on for the plans of `model`.
void Master::Columns::restrict(const Model &model) {
  for (size_t i = 0; i != model.visits.size(); ++i) {
    bool isChoice = model.visits[i].isChoice();
    lp.setRowBounds(static_cast<int>(i),
                    isChoice ? 0 : -LinearProgram::kInfinity,
                    isChoice ? 0 : LinearProgram::kInfinity);
  }
  for (size_t i = 0; i != ways.size(); ++i)
    lp.setUpperBound(firstWay + static_cast<int>(i),
                     agrees(ways[i], model) ? LinearProgram::kInfinity : 0);
}

bool Master::Columns::agrees(const Way &way, const Model &model) const {
  const Block &block = blocks[way.block];
  for (size_t i = 0; i != block.visits.size(); ++i) {
    const Visit &visit = model.visits[block.visits[i]];
    if ((!visit.canBeSlow && way.slow[i] > 0) ||
        (!visit.canBeFast && way.slow[i] < 1))
      return false;
  }
  for (auto [step, rate] : way.rates)
    if (model.steps[step].copyRate != rate)
      return false;
  for (size_t i = 0; i != way.held.size(); ++i) {
    const Gap &gap = model.gaps[block.gaps[i]];
    if (way.held[i] ? !gap.holdable : gap.held)
      return false;
  }
  return true;
}

/// A column for the way that `block` has gone, whose part of the dual function
/// is `value` and whose slope is in `slope`, which is emptied.
void Master::Columns::addColumn(const Model &model, PathSolver &paths,
                                int32_t index, double value) {
  const Block &block = blocks[index];
  Way way;
  way.block = index;
  std::vector<int> rows;
  std::vector<double> entries, key;
  auto note = [&](size_t row, double entry) {
    rows.push_back(static_cast<int>(row));
    entries.push_back(entry * units[row] * scale);
    key.push_back(static_cast<double>(row));
    key.push_back(entry);
  };
  // All that values pay for has a price.
  double cost = block.isStep ? value : 0;
  for (size_t i = 0; i != slope.all.size(); ++i) {
    if (slope.all[i] == 0)
      continue;
    if (block.isStep)
      cost -= prices.all[i] * slope.all[i];
    else
      note(i, slope.all[i]);
  }
  if (block.isStep) {
    // Choices that are none here are choices for others.
    for (int32_t i : block.visits) {
      const Visit &visit = model.visits[i];
      if (!visit.isChoice())
        slope.visit[i] = visit.canBeSlow ? -1 : 0;
      way.slow.push_back(static_cast<float>(-slope.visit[i]));
    }
    for (size_t i = 0; i != slope.all.size(); ++i)
      if (slope.all[i] != 0)
        note(i, slope.all[i]);
  } else {
    for (int32_t i : block.visits)
      way.slow.push_back(paths.slowVisits[i]);
    for (int32_t i : block.gaps)
      way.held.push_back(paths.heldGaps[i]);
    for (int32_t k = 0; k != model.numSteps; ++k)
      if (slope.bus[k] != 0)
        way.rates.push_back({k, model.steps[k].copyRate});
  }
  std::fill(slope.all.begin(), slope.all.end(), 0.0);
  // What costs the same may agree with other decisions.
  key.insert(key.end(), way.slow.begin(), way.slow.end());
  key.insert(key.end(), way.held.begin(), way.held.end());
  if (!known[index].insert(std::move(key)).second)
    return;
  rows.push_back(static_cast<int>(units.size()) + index);
  entries.push_back(1);
  lp.addColumn(rows, entries, cost * scale);
  ways.push_back(std::move(way));
  ++added;
}

/// The dual function at `prices`; adds columns for the ways that it takes.
double Master::Columns::evaluate(const Model &model) {
  PathSolver paths(model);
  paths.recording = true;
  double total = 0;
  int32_t block = 0;
  added = 0;
  auto use = [&](double value) {
    total += value;
    addColumn(model, paths, block++, value);
  };
  paths.solveEach(prices, slope, use);
  solveEachStep(model, prices, slope, use);
  feasible = paths.feasible;
  // High prices of bytes that cancel out leave their rounding errors.
  double bytes =
      std::accumulate(prices.capacity.begin(), prices.capacity.end(), 0.0);
  for (llvm::ArrayRef<double> part : prices.stair)
    bytes = std::accumulate(part.begin(), part.end(), bytes);
  return total - kRoundingOfSums * bytes * model.capacity;
}

/// `share` of the prices come from `centre`, the others from the dual solution.
void Master::Columns::mixPrices(const Model &model,
                                llvm::ArrayRef<double> centre, double share) {
  const double *duals = lp.duals();
  for (size_t i = 0; i != units.size(); ++i)
    prices.all[i] = share * centre[i] - (1 - share) * duals[i] * units[i];
  prices.project(model, /*waits=*/true);
}

void Master::Columns::readShares(Summit &summit) {
  summit.slowShare.assign(all.visits.size(), 0.0F);
  summit.heldShare.assign(all.gaps.size(), 0.0F);
  const double *mixture = lp.solution();
  for (size_t i = 0; i != ways.size(); ++i) {
    auto share = static_cast<float>(mixture[firstWay + i]);
    const Block &block = blocks[ways[i].block];
    if (share <= 0 || block.isStep)
      continue;
    for (size_t j = 0; j != block.visits.size(); ++j)
      summit.slowShare[block.visits[j]] += share * ways[i].slow[j];
    for (size_t j = 0; j != block.gaps.size(); ++j)
      summit.heldShare[block.gaps[j]] += share * ways[i].held[j];
  }
}

/// Forgets the columns that the last mixture does without.
void Master::Columns::dropUnused() {
  if (lp.numColumns() < kMostColumns)
    return;
  std::vector<int> unused;
  std::vector<Way> kept;
  for (size_t i = 0; i != ways.size(); ++i) {
    int column = firstWay + static_cast<int>(i);
    if (lp.isBasic(column))
      kept.push_back(std::move(ways[i]));
    else
      unused.push_back(column);
  }
  lp.deleteColumns(unused);
  ways = std::move(kept);
  for (std::set<std::vector<double>> &of : known)
    of.clear();
}

int64_t Master::Columns::climb(const Model &model, double target,
                               const std::function<bool()> &cancelled,
                               Summit &summit) {
  if (ways.empty())
    scale = 1 / std::max(summit.value, 1e-300);
  dropUnused();
  restrict(model);
  std::copy(summit.prices.begin(), summit.prices.end(), prices.all.begin());
  prices.project(model, /*waits=*/true);
  int64_t rounds = 0;
  auto climbHere = [&] {
    double value = evaluate(model);
    ++rounds;
    if (value <= summit.value)
      return false;
    summit.value = value;
    summit.prices = prices.all;
    return true;
  };
  climbHere();
  if (!feasible) {
    summit.value = kNever;
    return rounds;
  }
  while (rounds < kMostRounds && summit.value < target && !cancelled()) {
    lp.solve();
    if (!lp.isSolved())
      break;
    double mixed = lp.value() / scale;
    if (mixed <= summit.value * (1 + kConverged))
      break;
    bool isNew = false;
    for (double share : {0.5, 0.0}) {
      mixPrices(model, summit.prices, share);
      isNew = climbHere() || added > 0;
      if (isNew)
        break;
    }
    if (!isNew)
      break;
  }
  if (lp.isSolved())
    readShares(summit);
  return rounds;
}

Master::Master(const Model &model)
    : columns(isAvailable() ? std::make_unique<Columns>(model) : nullptr) {}

Master::~Master() = default;

bool Master::isAvailable() { return LinearProgram::isAvailable(); }

int64_t Master::climb(const Model &model, double target,
                      const std::function<bool()> &cancelled, Summit &summit) {
  return columns->climb(model, target, cancelled, summit);
}
