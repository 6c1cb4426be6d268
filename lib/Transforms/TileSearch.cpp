//===- TileSearch.cpp - what of a function is split -----------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Candidates come from the estimate of mempl-tile-to-fit, which is asked what
// to split for a ladder of memory sizes. Each is carried out on a clone of the
// function, prepared, extracted and placed by `greedy`: its latency is what
// counts. From the best of them the search goes on by exchange: where another
// candidate splits a stretch of the block in another way, or not at all, that
// way is tried, in all stretches at once that are like each other, as the
// layers of a network are. The best of all is placed by the solver that was
// asked for, and has to be faster than the whole function by some margin, for
// nothing is gained by loops that a model hardly tells apart.
//
//===----------------------------------------------------------------------===//

#include "TileSearch.h"

#include "TileToFit.h"

#include "mempl/IR/Mempl.h"
#include "mempl/Problem/Simulator.h"
#include "mempl/Solvers/Deadline.h"
#include "mempl/Solvers/Solve.h"
#include "mempl/Transforms/Prepare.h"

#include "mlir/IR/OperationSupport.h"
#include "mlir/IR/SymbolTable.h"

#include "llvm/ADT/Hashing.h"
#include "llvm/ADT/MapVector.h"

#include <map>

using namespace mlir;
using namespace mempl::ir;
using mempl::Instance;
using mempl::Solution;
using mempl::SolverContext;
using mempl::ir::tiling::Segment;

/// A way to split that takes more of the time of another one is not better.
static constexpr double kWorthwhile = 0.999;

/// The same for a function that is split, and the whole one: what gains less
/// only makes the program larger.
static constexpr double kWorthSplitting = 0.99;

/// Latencies that differ by less do so by rounding.
static constexpr double kEqual = 1 + 1e-9;

/// Ops of all functions that are evaluated, at most: a limit on time that gives
/// the same result everywhere. Some 50 microseconds each.
static constexpr int64_t kMostWork = 60000;

/// The same for one function: what is chosen is prepared and analyzed several
/// times more.
static constexpr int64_t kMostWorkAtOnce = kMostWork / 4;

/// Trips that are written out may make a function so many times as large, by
/// the ops that are split.
static constexpr int64_t kMostGrowth = 4;

/// Shares of a time limit: of the solver for the whole function, and of the
/// search. The rest is the solver's for what the search has found.
static constexpr double kWholeShare = 0.4, kSearchShare = 0.3;

SolverContext mempl::ir::contextBesideSearch(const SolverContext &context) {
  SolverContext result = context;
  if (context.timeLimitMs > 0)
    result.timeLimitMs = std::max<int64_t>(
        1, static_cast<int64_t>(kWholeShare *
                                static_cast<double>(context.timeLimitMs)));
  return result;
}

std::string TiledFunction::str() const {
  std::string parts = std::to_string(leastParts);
  if (mostParts > leastParts)
    parts += " to " + std::to_string(mostParts);
  return std::to_string(numRuns) + (numRuns == 1 ? " run" : " runs") + " of " +
         std::to_string(numOps) + " ops in " + parts + " parts";
}

//===----------------------------------------------------------------------===//
// Segments, known by number
//===----------------------------------------------------------------------===//

namespace {

/// Segments of one block by their numbers, in the order of the block; no two
/// have to do with the same stretch of it.
using Tiling = std::vector<int32_t>;

/// All segments that were ever proposed for a block.
class SegmentPool {
public:
  explicit SegmentPool(Block &block);

  /// The number of `segment`; -1 if it must not be split.
  int32_t add(Segment segment);

  const Segment &segment(int32_t id) const { return entries[id].segment; }
  int32_t first(int32_t id) const { return entries[id].first; }
  int32_t last(int32_t id) const { return entries[id].last; }
  /// The same for segments that do the same with tensors of the same types.
  size_t likeness(int32_t id) const { return entries[id].likeness; }

private:
  struct Entry {
    Segment segment;
    int32_t first, last; ///< Positions of its members in the block.
    size_t likeness;
  };

  size_t likenessOf(const Segment &segment) const;

  DenseMap<Operation *, int32_t> positions;
  std::vector<Entry> entries;
};

} // namespace

SegmentPool::SegmentPool(Block &block) {
  for (Operation &op : block)
    positions[&op] = static_cast<int32_t>(positions.size());
}

/// Whether users say where a result of the op is: they mean all of it.
static bool isConstrained(Operation *op) {
  return op->hasAttr(kPinAttr) || op->hasAttr(kForbidAttr);
}

int32_t SegmentPool::add(Segment segment) {
  if (llvm::any_of(segment.members, [](const tiling::SplitOp &member) {
        return isConstrained(member.op);
      }))
    return -1;
  for (auto [id, entry] : llvm::enumerate(entries))
    if (entry.segment == segment)
      return static_cast<int32_t>(id);
  int32_t first = positions.lookup(segment.members.front().op);
  int32_t last = positions.lookup(segment.members.back().op);
  size_t likeness = likenessOf(segment);
  entries.push_back({std::move(segment), first, last, likeness});
  return static_cast<int32_t>(entries.size()) - 1;
}

size_t SegmentPool::likenessOf(const Segment &segment) const {
  int32_t first = positions.lookup(segment.members.front().op);
  llvm::hash_code hash = llvm::hash_combine(
      llvm::hash_combine_range(segment.trips),
      llvm::hash_combine_range(segment.extents), segment.unroll);
  for (const auto &[op, dims] : segment.members) {
    hash = llvm::hash_combine(hash, llvm::hash_combine_range(dims));
    op->walk<WalkOrder::PreOrder>([&](Operation *nested) {
      hash = llvm::hash_combine(
          hash, OperationEquivalence::computeHash(
                    nested, OperationEquivalence::ignoreHashValue,
                    OperationEquivalence::ignoreHashValue,
                    OperationEquivalence::IgnoreLocations));
    });
    // Which of the run an operand comes from, if it does.
    for (Value operand : op->getOperands()) {
      auto it = positions.find(operand.getDefiningOp());
      int32_t from = it == positions.end() ? -1 : it->second - first;
      hash = llvm::hash_combine(hash, operand.getType(), std::max(from, -1));
    }
  }
  return hash;
}

//===----------------------------------------------------------------------===//
// The search
//===----------------------------------------------------------------------===//

namespace {

/// A function that is split in some way, in a module of its own.
struct Trial {
  OwningOpRef<ModuleOp> module;
  PlaceableFunction function;
};

class TileSearch {
public:
  TileSearch(ModuleOp module, func::FuncOp function,
             const TileSearchOptions &options, double floor);

  std::optional<TiledFunction> run(const Solution &whole);

private:
  Block &block() { return function.getBody().front(); }
  bool isOver() const;
  void findCandidates();
  OwningOpRef<ModuleOp> carryOut(const Tiling &tiling, func::FuncOp &tiled);
  std::optional<Trial> prepare(const Tiling &tiling, SlicePolicy slices);
  double placeQuickly(const Trial &trial) const;
  struct Quality {
    double latency; ///< Seconds of a quick placement; infinity: there is none.
    int64_t numOps; ///< Of the prepared function.
  };
  int64_t estimatedOps(const Tiling &tiling) const;
  int64_t estimatedWork(const Tiling &tiling) const;
  Quality evaluate(const Tiling &tiling);
  bool improve(const Tiling &tiling);
  bool exchangeWith(const Tiling &other);
  std::optional<TiledFunction> place(const Tiling &tiling,
                                     const Solution &whole);

  const TileSearchOptions &options;
  OwningOpRef<ModuleOp> module; ///< The function, and what it calls.
  func::FuncOp function;
  SegmentPool pool;
  std::vector<Tiling> candidates;
  std::map<Tiling, Quality> known;
  Tiling best;
  Quality bestQuality = {0, 0};
  double floor = 0; ///< Seconds; nothing is much faster.
  int64_t size = 0; ///< Ops of the whole function.
  int64_t work = 0; ///< Ops evaluated so far; see estimatedWork().
  mempl::Stopwatch watch;
};

} // namespace

/// A clone of `module` without functions that have nothing to do with
/// `function`, which becomes the one in the clone.
static OwningOpRef<ModuleOp> cloneAlone(ModuleOp module,
                                        func::FuncOp &function) {
  IRMapping mapping;
  auto clone = OwningOpRef<ModuleOp>(cast<ModuleOp>(module->clone(mapping)));
  function = cast<func::FuncOp>(mapping.lookup(function.getOperation()));
  for (auto other : llvm::make_early_inc_range(clone->getOps<func::FuncOp>()))
    if (other != function &&
        SymbolTable::symbolKnownUseEmpty(other, clone->getOperation()))
      other.erase();
  return clone;
}

TileSearch::TileSearch(ModuleOp original, func::FuncOp of,
                       const TileSearchOptions &options, double floor)
    : options(options), module(cloneAlone(original, of)), function(of),
      pool(block()), floor(floor) {
  function.walk([&](Operation *) { ++size; });
}

bool TileSearch::isOver() const {
  int64_t limit = options.choice.context.timeLimitMs;
  return work > kMostWork || bestQuality.latency * kWorthwhile <= floor ||
         (limit > 0 &&
          watch.seconds() * 1000 >= kSearchShare * static_cast<double>(limit));
}

/// What the estimate splits for the memory that there is, and for less. What
/// competes for it is not known to the estimate.
void TileSearch::findCandidates() {
  constexpr int kSteps = 7; // Down to 1/64.
  const TargetDescription &target = options.machine.target;
  int64_t capacity = target.machine.capacity;
  for (int step = 0; step < kSteps && capacity >= target.machine.alignment;
       ++step, capacity /= 2) {
    for (bool unroll : {false, true}) {
      Tiling tiling;
      for (Segment &segment : tiling::chooseSegments(
               block(), target, {capacity, capacity, unroll})) {
        int32_t id = pool.add(std::move(segment));
        if (id >= 0)
          tiling.push_back(id);
      }
      if (!tiling.empty() && !llvm::is_contained(candidates, tiling))
        candidates.push_back(std::move(tiling));
    }
  }
  // The ones that are evaluated in the least time come first.
  llvm::stable_sort(candidates, [&](const Tiling &a, const Tiling &b) {
    return estimatedWork(a) < estimatedWork(b);
  });
}

OwningOpRef<ModuleOp> TileSearch::carryOut(const Tiling &tiling,
                                           func::FuncOp &tiled) {
  IRMapping mapping;
  auto clone = OwningOpRef<ModuleOp>(cast<ModuleOp>((*module)->clone(mapping)));
  tiled = cast<func::FuncOp>(mapping.lookup(function.getOperation()));
  IRRewriter rewriter(clone->getContext());
  for (int32_t id : tiling)
    tiling::tileSegment(rewriter,
                        tiling::mapSegment(pool.segment(id), mapping));
  return clone;
}

std::optional<Trial> TileSearch::prepare(const Tiling &tiling,
                                         SlicePolicy slices) {
  Trial trial;
  func::FuncOp tiled;
  trial.module = carryOut(tiling, tiled);
  const SelectedTarget &machine = options.machine;
  if (failed(prepareForTarget(*trial.module, machine.target, machine.cost,
                              options.eliminateEmptyTensors)))
    return std::nullopt;
  FailureOr<std::vector<PlaceableFunction>> functions = extractFunctions(
      *trial.module, machine.target, machine.cost,
      [](func::FuncOp, const llvm::Twine &) {}, slices);
  if (failed(functions))
    return std::nullopt;
  for (PlaceableFunction &found : *functions)
    if (found.function == tiled) {
      trial.function = std::move(found);
      if (!options.reorder)
        fixOrder(*trial.function.program);
      return trial;
    }
  return std::nullopt;
}

/// The number of parts of a segment.
static int64_t numParts(const Segment &segment) {
  int64_t parts = 1;
  for (int64_t trips : segment.trips)
    parts *= trips;
  return parts;
}

/// Ops of the function when it is split, without slices.
int64_t TileSearch::estimatedOps(const Tiling &tiling) const {
  int64_t numOps = size;
  for (int32_t id : tiling)
    if (const Segment &segment = pool.segment(id); segment.unroll)
      numOps += static_cast<int64_t>(segment.members.size()) *
                (numParts(segment) - 1);
  return numOps;
}

/// What an evaluation counts for, before it is made. One-Shot Analysis looks
/// at every pair of parts that are written out into one tensor, and for each at
/// the parts between the two.
int64_t TileSearch::estimatedWork(const Tiling &tiling) const {
  constexpr int64_t kWorkPerTriple = 4; // As measured.
  int64_t result = estimatedOps(tiling);
  for (int32_t id : tiling)
    if (const Segment &segment = pool.segment(id); segment.unroll) {
      int64_t parts = numParts(segment);
      result += kWorkPerTriple * parts * parts * parts;
    }
  return result;
}

/// The placement of a trial, if there is one.
static std::optional<Solution>
solveWith(StringRef solver, const SolverContext &context, const Trial &trial) {
  llvm::Expected<Solution> solution =
      mempl::solveVerified(trial.function.program->instance, solver, context);
  if (solution)
    return std::move(*solution);
  llvm::consumeError(solution.takeError());
  return std::nullopt;
}

/// Seconds of a quick placement; infinity if there is none.
double TileSearch::placeQuickly(const Trial &trial) const {
  SolverContext context;
  context.seed = options.choice.context.seed;
  std::optional<Solution> solution = solveWith("greedy", context, trial);
  return solution ? solution->latency : std::numeric_limits<double>::infinity();
}

TileSearch::Quality TileSearch::evaluate(const Tiling &tiling) {
  auto [it, isNew] = known.try_emplace(
      tiling, Quality{std::numeric_limits<double>::infinity(), 0});
  int64_t expected = estimatedWork(tiling);
  if (!isNew || estimatedOps(tiling) > kMostGrowth * size ||
      expected > kMostWorkAtOnce)
    return it->second;
  work += expected;
  // Slices as values of bodies take long to place, and change little in which
  // of two ways is better.
  std::optional<Trial> trial = prepare(tiling, SlicePolicy::Never);
  if (!trial)
    return it->second;
  trial->function.function.walk([&](Operation *) { ++it->second.numOps; });
  it->second.latency = placeQuickly(*trial);
  return it->second;
}

/// Whether `tiling` is faster than the best so far, or as fast with fewer ops.
/// It is the best then.
bool TileSearch::improve(const Tiling &tiling) {
  Quality quality = evaluate(tiling);
  if (quality.latency >= kWorthwhile * bestQuality.latency &&
      (quality.latency > kEqual * bestQuality.latency ||
       quality.numOps >= bestQuality.numOps))
    return false;
  best = tiling;
  bestQuality = quality;
  return true;
}

/// Tries what `other` does in stretches of the block where it differs from the
/// best so far. Whether that has become better.
bool TileSearch::exchangeWith(const Tiling &other) {
  // Stretches in which the segments of the two overlap, and what both do there.
  struct Stretch {
    Tiling ours, theirs;
    int32_t last = -1;
  };
  std::vector<std::pair<int32_t, bool>> all; // Segment, whether it is ours.
  for (int32_t id : best)
    all.emplace_back(id, true);
  for (int32_t id : other)
    all.emplace_back(id, false);
  llvm::stable_sort(all, [&](auto &a, auto &b) {
    return pool.first(a.first) < pool.first(b.first);
  });
  std::vector<Stretch> stretches;
  for (auto [id, isOurs] : all) {
    if (stretches.empty() || pool.first(id) > stretches.back().last)
      stretches.emplace_back();
    Stretch &stretch = stretches.back();
    (isOurs ? stretch.ours : stretch.theirs).push_back(id);
    stretch.last = std::max(stretch.last, pool.last(id));
  }
  // Those that are like each other.
  llvm::MapVector<size_t, SmallVector<size_t>> kinds;
  for (auto [i, stretch] : llvm::enumerate(stretches)) {
    if (stretch.ours == stretch.theirs)
      continue;
    llvm::hash_code kind(stretch.ours.size());
    for (const Tiling &part : {stretch.ours, stretch.theirs})
      for (int32_t id : part)
        kind = llvm::hash_combine(kind, pool.likeness(id));
    kinds[kind].push_back(i);
  }
  if (kinds.size() == 1 && stretches.size() == kinds.front().second.size())
    return improve(other);
  llvm::SmallVector<char> exchanged(stretches.size(), false);
  bool any = false;
  for (auto &[kind, members] : kinds) {
    if (isOver())
      break;
    for (size_t i : members)
      exchanged[i] = true;
    Tiling tiling;
    for (auto [stretch, isTheirs] : llvm::zip_equal(stretches, exchanged))
      llvm::append_range(tiling, isTheirs ? stretch.theirs : stretch.ours);
    if (improve(tiling)) {
      any = true;
      continue;
    }
    for (size_t i : members)
      exchanged[i] = false;
  }
  return any;
}

std::optional<TiledFunction> TileSearch::place(const Tiling &tiling,
                                               const Solution &whole) {
  SolverContext context = options.choice.context;
  if (context.timeLimitMs > 0)
    context.timeLimitMs = std::max<int64_t>(
        1, static_cast<int64_t>((1 - kWholeShare - kSearchShare) / 2 *
                                static_cast<double>(context.timeLimitMs)));
  // Slices that are parts of slow tensors are read while any op of the loop
  // runs, as the model has it; those that are values, while their own op does
  // or by copies. What is faster by the former alone is not worth it.
  std::optional<Trial> trial;
  std::optional<Solution> solution;
  for (SlicePolicy slices : {SlicePolicy::Auto, SlicePolicy::Never}) {
    std::optional<Trial> other = prepare(tiling, slices);
    if (trial && other &&
        other->function.program->instance == trial->function.program->instance)
      break;
    std::optional<Solution> solved;
    if (other)
      solved = solveWith(options.choice.solver, context, *other);
    if (slices == SlicePolicy::Auto &&
        (!solved || solved->latency >= kWorthSplitting * whole.latency))
      return std::nullopt;
    if (solved &&
        (!solution || kWorthwhile * solved->latency <= solution->latency)) {
      trial = std::move(other);
      solution = std::move(solved);
    }
  }
  TiledFunction result;
  result.solution = std::move(*solution);
  func::FuncOp unprepared;
  OwningOpRef<ModuleOp> before = carryOut(tiling, unprepared);
  unprepared->remove();
  result.unprepared = OwningOpRef<Operation *>(unprepared);
  result.module = std::move(trial->module);
  result.function = std::move(trial->function);
  result.evaluated = static_cast<int64_t>(known.size());
  for (int32_t id : tiling) {
    const Segment &segment = pool.segment(id);
    ++result.numRuns;
    result.numOps += static_cast<int64_t>(segment.members.size());
    int64_t parts = numParts(segment);
    result.mostParts = std::max(result.mostParts, parts);
    result.leastParts =
        result.leastParts == 0 ? parts : std::min(result.leastParts, parts);
  }
  return result;
}

std::optional<TiledFunction> TileSearch::run(const Solution &whole) {
  findCandidates();
  if (candidates.empty())
    return std::nullopt;
  bestQuality = evaluate(best);
  for (const Tiling &candidate : candidates) {
    if (isOver())
      break;
    improve(candidate);
  }
  candidates.emplace_back(); // All of it whole.
  for (bool any = true; any && !isOver();) {
    any = false;
    for (const Tiling &candidate : candidates)
      any |= exchangeWith(candidate);
  }
  if (best.empty())
    return std::nullopt;
  return place(best, whole);
}

/// The latency as if all memory was fast, for what does not fit as well: parts
/// of it do.
static double idealOfParts(Instance instance) {
  for (mempl::Value &value : instance.program.values)
    if (value.size > instance.machine.capacity)
      value.space = mempl::SpaceConstraint::None;
  return mempl::idealLatency(instance);
}

/// The time that slow memory takes for what every way to split moves: inputs
/// come from there once, and outputs go there.
static double secondsToMove(const Instance &instance) {
  if (instance.machine.maxCarried > 0)
    return 0; // Inputs may be in fast memory before.
  const mempl::Program &program = instance.program;
  // The most that one step reads and writes of each value.
  std::vector<double> read(program.values.size()), written(read);
  for (const mempl::Step &step : program.steps)
    for (const mempl::Access &access : step.accesses) {
      double size = static_cast<double>(program.values[access.value].size);
      double bytes = static_cast<double>(access.bytes);
      if (access.mode == mempl::AccessMode::Update)
        bytes /= 2;
      auto raise = [&](std::vector<double> &most) {
        most[access.value] =
            std::max(most[access.value], std::min(bytes, size));
      };
      if (access.reads())
        raise(read);
      if (access.writes())
        raise(written);
    }
  double bytes = 0;
  for (auto [value, in, out] : llvm::zip_equal(program.values, read, written))
    if (value.space != mempl::SpaceConstraint::Fast)
      bytes += (value.isInput() ? in : 0) + (value.isOutput() ? out : 0);
  return bytes / instance.machine.slowBandwidth;
}

std::optional<TiledFunction>
mempl::ir::searchTiling(ModuleOp module, func::FuncOp function,
                        const Instance &instance, const Solution &whole,
                        const TileSearchOptions &options) {
  double floor = std::max(idealOfParts(instance), secondsToMove(instance));
  if (whole.latency * kWorthSplitting <= floor)
    return std::nullopt;
  ScopedDiagnosticHandler quiet(module.getContext(),
                                [](Diagnostic &) { return success(); });
  return TileSearch(module, function, options, floor).run(whole);
}
