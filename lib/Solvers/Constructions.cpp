//===- Constructions.cpp - the best plan of several passes ----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Constructions.h"

#include "Annealer.h"

#include "mempl/Solvers/ConstrainedPlacement.h"
#include "mempl/Solvers/LoopPlanning.h"
#include "mempl/Solvers/ProfilePacking.h"

#include <limits>

using namespace mempl;

bool mempl::placeConstrained(PlanEditor &editor,
                             const UseIntervalForest &forest) {
  const AccessIndex &index = editor.index();
  UseIntervalPlacer placer(editor);
  // The largest first: they are the hardest to fit.
  std::vector<int32_t> roots;
  for (int32_t v = 0; v < index.numValues(); ++v) {
    for (const Use &use : index.usesOf(v))
      if (use.mustBeFast) {
        roots.push_back(v);
        break;
      }
  }
  std::stable_sort(roots.begin(), roots.end(), [&](int32_t a, int32_t b) {
    return index.roundedSize(a) > index.roundedSize(b);
  });
  for (int32_t v : roots) {
    // The whole stretch between the constraints if it fits, else use by use.
    for (int32_t root : forest.rootsOf(v)) {
      UseInterval interval = forest.node(root).interval;
      while (interval.first <= interval.last &&
             !index.use(interval.first).mustBeFast)
        ++interval.first;
      while (interval.last > interval.first &&
             !index.use(interval.last).mustBeFast)
        --interval.last;
      if (interval.first > interval.last ||
          placer.place(interval, {}) != PlanEditor::kNone)
        continue;
      for (int32_t u = interval.first; u <= interval.last; ++u)
        if (index.use(u).mustBeFast)
          placer.place({u, u}, {});
    }
  }
  return editor.isLegal();
}

namespace {

/// Passes over one program, and the best plan of them.
class Constructions {
public:
  Constructions(const AccessIndex &index, llvm::ArrayRef<LoopChoices> loops,
                const Deadline &deadline, int64_t mostPasses)
      : index(index), loops(loops), deadline(deadline), mostPasses(mostPasses),
        forest(index, index.machine().capacity) {}

  const UseIntervalForest &intervals() const { return forest; }

  /// False if a constraint cannot be met.
  bool run(const PassOrders &orders) {
    if (!begin())
      return false;
    PassOrder best;
    for (size_t k = 0; k < orders.size(); ++k) {
      PassOrder order = orders.order(k);
      if (pass(order, nullptr) || k == 0)
        best = std::move(order);
      if (isOver())
        break;
    }
    tryOtherLoops(best);
    return true;
  }

  Solution result;

private:
  /// Passes are repeated until they have gone over so many uses.
  static constexpr int64_t kMostUses = 20000;
  /// Rounds of the packing of a pass.
  static constexpr int64_t kPackingRounds = 40;
  /// So much of a time limit is theirs: who searches from the best of them
  /// needs the rest.
  static constexpr double kTimeShare = 0.25;

  bool isOver() const {
    return result.evaluated >= mostPasses || work > kMostUses ||
           deadline.share() > kTimeShare || deadline.hasPassed();
  }

  /// An editor with what is constrained to be fast in it; with `given`, these
  /// plans of loops, else those that are best by themselves.
  std::optional<PlanEditor> edit(Addressing addressing,
                                 const ChosenLoops *given,
                                 ChosenLoops &chosen) const {
    std::optional<PlanEditor> editor(std::in_place, index, -1, addressing);
    if (given)
      for (auto [loop, plan] : llvm::zip_equal(loops, *given))
        editor->setLoopPlan(loop.step, plan);
    chosen = given ? *given : chooseLoops(*editor, loops);
    if (!placeConstrained(*editor, forest))
      editor.reset();
    return editor;
  }

  /// The plan with nothing fast but what is constrained to be.
  bool begin() {
    auto editor = edit(Addressing::Offsets, nullptr, bestLoops);
    if (!editor)
      return false;
    result.plan = editor->plan();
    result.latency = editor->latency();
    return true;
  }

  void goOver(PlanEditor &editor, const PassOrder &order) const {
    GreedyPass(editor, forest, order.nodes, order.awaitsEarly, deadline).run();
  }

  /// One pass. Whether its plan is the best so far.
  bool pass(const PassOrder &order, const ChosenLoops *given) {
    ChosenLoops chosen;
    auto editor = edit(Addressing::Profile, given, chosen);
    if (!editor)
      return false;
    goOver(*editor, order);
    work += index.numUses();
    ++result.evaluated;
    if (editor->latency() >= result.latency)
      return false;
    ProfilePacking packed =
        packProfile(index, editor->plan(), index.machine().capacity,
                    kPackingRounds, [&] { return deadline.hasPassed(); });
    double latency = editor->latency();
    if (packed.dropped > 0)
      latency = mend(packed.plan, order, chosen);
    if (latency >= result.latency)
      return false;
    result.latency = latency;
    result.plan = std::move(packed.plan);
    bestLoops = std::move(chosen);
    return true;
  }

  /// Goes on with offsets from a plan of which some is missing. Returns the
  /// latency; infinity if constraints are not met.
  double mend(Plan &plan, const PassOrder &order, const ChosenLoops &chosen) {
    PlanEditor editor(index);
    loadPlan(editor, loops, plan);
    if (!editor.isLegal()) {
      ChosenLoops ignored;
      auto anew = edit(Addressing::Offsets, &chosen, ignored);
      if (!anew)
        return std::numeric_limits<double>::infinity();
      editor = std::move(*anew);
    }
    goOver(editor, order);
    plan = editor.plan();
    return editor.latency();
  }

  /// A body that has much memory leaves little for the values around it: one
  /// loop after the other gets its smaller plans.
  void tryOtherLoops(const PassOrder &order) {
    for (size_t i = 0; i < loops.size(); ++i)
      for (const auto &plan : loops[i].plans) {
        if (isOver())
          return;
        if (plan == bestLoops[i])
          continue;
        ChosenLoops other = bestLoops;
        other[i] = plan;
        pass(order, &other);
      }
  }

  const AccessIndex &index;
  llvm::ArrayRef<LoopChoices> loops;
  const Deadline &deadline;
  int64_t mostPasses;
  UseIntervalForest forest;
  ChosenLoops bestLoops;
  int64_t work = 0;
};

} // namespace

void ConstructiveSolver::declareOptions(SolverOptionTable &table) {
  table
      .add("passes", mostPasses,
           "orders that are tried at most; fewer where the program is large or "
           "the time short")
      .atLeast(1);
}

llvm::Expected<Solution>
ConstructiveSolver::solve(const Instance &instance,
                          const SolverContext &context) {
  Deadline deadline(context);
  AccessIndex index(instance);
  // One limit for all bodies, not one for each.
  SolverContext inner = context;
  inner.timeLimitMs = 0;
  inner.cancelled = [&] { return deadline.hasPassed(); };
  auto loops = planLoops(index,
                         [&](const Instance &body) -> llvm::Expected<Plan> {
                           auto result = solve(body, inner);
                           if (!result)
                             return result.takeError();
                           return std::move(result->plan);
                         },
                         {kGreedyPipelining, /*seed=*/0, inner.cancelled});
  if (!loops)
    return loops.takeError();
  Constructions run(index, *loops, deadline, mostPasses);
  if (!run.run(*makeOrders(index, run.intervals())))
    return constraintsError(instance);
  run.result.seconds = deadline.seconds();
  return std::move(run.result);
}
