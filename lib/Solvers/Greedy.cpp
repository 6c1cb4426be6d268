//===- Greedy.cpp - one pass by value density -----------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Candidates are the intervals of UseIntervalForest.h, ordered by the time they
// save per byte and second that they hold fast memory. Each is placed if there
// is room, copies as late as the channel allows, and kept if the latency falls.
// An interval whose parts are placed already replaces them if that is better.
// Near-linear: a candidate costs what is near to it in time. Small programs are
// passed over several times with other orders, and the best plan counts.
//
//===----------------------------------------------------------------------===//

#include "mempl/Solvers/Greedy.h"

#include "BuiltinSolvers.h"
#include "ProfilePacking.h"

#include "mempl/Problem/Simulator.h"
#include "mempl/Problem/TimeModel.h"
#include "mempl/Problem/Verifier.h"
#include "mempl/Solvers/LoopPlanning.h"

#include <cmath>

using namespace mempl;

namespace {

class GreedyPass {
public:
  GreedyPass(PlanEditor &editor, const UseIntervalForest &forest,
             const GreedyOrder &order)
      : editor(editor), index(editor.index()), forest(forest), order(order),
        placer(editor) {}

  void run(const std::function<bool()> &cancelled) {
    std::vector<int32_t> ids = sorted();
    for (size_t k = 0; k < ids.size(); ++k) {
      if (k % 256 == 0 && cancelled && cancelled())
        break;
      tryCandidate(ids[k]);
    }
    carryOver();
  }

private:
  std::vector<int32_t> sorted() const {
    std::vector<int32_t> ids;
    std::vector<double> density(forest.nodes().size());
    for (size_t id = 0; id < density.size(); ++id) {
      const UseIntervalNode &node = forest.node(static_cast<int32_t>(id));
      if (node.benefit <= 0)
        continue;
      const Use &first = index.use(node.interval.first),
                &last = index.use(node.interval.last);
      double held = startOf(last.step + 1) - startOf(first.step);
      auto size = static_cast<double>(index.roundedSize(node.value)) + 1;
      if (!first.startsByWrite)
        held += size / index.machine().copyBandwidth;
      density[id] = node.benefit / (std::pow(size, order.sizePower) *
                                    std::pow(held + 1e-12, order.timePower));
      ids.push_back(static_cast<int32_t>(id));
    }
    // In a large program densities within 5 % count as equal, and equals go in
    // program order: neighbours in time are then neighbours in the pass, and
    // find each other's data in the cache. Longer intervals first at the same
    // place: they need fewer copies.
    if (ids.size() > kManyRuns)
      for (int32_t id : ids)
        density[id] = std::floor(std::log(density[id]) / kGrade);
    auto stepOf = [&](int32_t id) {
      return index.use(forest.node(id).interval.first).step;
    };
    std::sort(ids.begin(), ids.end(), [&](int32_t a, int32_t b) {
      if (density[a] != density[b])
        return density[a] > density[b];
      if (stepOf(a) != stepOf(b))
        return stepOf(a) < stepOf(b);
      return a > b;
    });
    return ids;
  }

  /// Seconds before `step` if everything was slow.
  double startOf(int32_t step) const { return order.slowStart[step]; }

  void tryCandidate(int32_t id) {
    const UseIntervalNode &node = forest.node(id);
    // Which residencies serve some of it already?
    llvm::SmallVector<PlanEditor::Id, 4> parts;
    int32_t from = index.use(node.interval.first).step;
    int32_t to = index.use(node.interval.last).step;
    for (PlanEditor::Id r : editor.residenciesOf(node.value)) {
      const Residency &part = editor.residency(r);
      if (part.last < from || part.first() > to)
        continue;
      if (part.first() < from || part.last > to)
        return;
      parts.push_back(r);
    }
    if (parts.size() == 1 && editor.residency(parts[0]).first() == from &&
        editor.residency(parts[0]).last == to)
      return;
    double before = editor.latency();
    PlanEditor::Mark mark = editor.mark();
    for (PlanEditor::Id r : parts)
      editor.remove(r);
    PlanEditor::Id placed = placer.place(node.interval, order.style);
    bool isBetter = placed != PlanEditor::kNone &&
                    (parts.empty() ? editor.latency() < before
                                   : editor.latency() <= before);
    if (!isBetter)
      editor.undo(mark);
    editor.commit();
  }

  /// Carries the values over that gain most by it, each as long as it is in
  /// fast memory at first, or for all of the program.
  void carryOver() {
    struct Candidate {
      int32_t value, lastUse;
      double latency;
    };
    std::vector<Candidate> candidates;
    double before = editor.latency();
    llvm::ArrayRef<int32_t> values = forest.carriable();
    for (int32_t v : values.take_front(kMostCarried))
      for (int32_t lastUse : {firstStay(v), index.endUse(v)}) {
        PlanEditor::Mark mark = editor.mark();
        if (carry(v, lastUse) && editor.latency() < before)
          candidates.push_back({v, lastUse, editor.latency()});
        editor.undo(mark);
        editor.commit();
      }
    llvm::stable_sort(candidates, [](const Candidate &a, const Candidate &b) {
      return a.latency < b.latency;
    });
    for (const Candidate &candidate : candidates) {
      if (editor.numCarried() >= index.machine().maxCarried)
        break;
      if (isCarried(candidate.value))
        continue;
      before = editor.latency();
      PlanEditor::Mark mark = editor.mark();
      if (!carry(candidate.value, candidate.lastUse) ||
          editor.latency() >= before)
        editor.undo(mark);
      editor.commit();
    }
  }

  bool isCarried(int32_t value) const {
    auto ids = editor.residenciesOf(value);
    return !ids.empty() && editor.residency(ids.front()).isKept();
  }

  /// The last use that the first residency serves, or else the first use.
  int32_t firstStay(int32_t value) const {
    auto ids = editor.residenciesOf(value);
    int32_t use = index.firstUse(value);
    if (!ids.empty())
      while (use + 1 < index.endUse(value) &&
             index.use(use + 1).step <= editor.residency(ids.front()).last)
        ++use;
    return use;
  }

  bool carry(int32_t value, int32_t lastUse) {
    int32_t last = lastUse == index.endUse(value) ? index.numSteps() - 1
                                                  : index.use(lastUse).step;
    auto ids = editor.residenciesOf(value);
    for (PlanEditor::Id id : llvm::SmallVector<PlanEditor::Id, 4>(ids))
      if (editor.residency(id).start() <= last)
        editor.remove(id);
    return placer.carry(value, lastUse, order.style) && editor.isLegal();
  }

  /// The first of the values that may be carried: what is used late hides its
  /// copy anyway.
  static constexpr size_t kMostCarried = 256;
  static constexpr size_t kManyRuns = 50000;
  static constexpr double kGrade = 0.05; ///< Of the logarithm of densities.

  PlanEditor &editor;
  const AccessIndex &index;
  const UseIntervalForest &forest;
  const GreedyOrder &order;
  UseIntervalPlacer placer;
};

} // namespace

std::vector<GreedyOrder> mempl::greedyOrders(const AccessIndex &index) {
  std::vector<double> start(1, 0.0);
  const Machine &m = index.machine();
  for (int32_t i = 0; i < index.numSteps(); ++i)
    start.push_back(
        start.back() + m.stepOverhead +
        busySeconds(m, index.program().steps[i], index.stepBytes(i), 0));
  std::vector<GreedyOrder> orders;
  for (double sizePower : {1.0, 0.5, 0.0})
    for (double timePower : {1.0, 0.5})
      for (Fit fit : {Fit::Lowest, Fit::Tightest}) {
        GreedyOrder order;
        order.sizePower = sizePower;
        order.timePower = timePower;
        order.style.fit = fit;
        order.slowStart = start;
        orders.push_back(std::move(order));
      }
  return orders;
}

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

void mempl::greedyPass(PlanEditor &editor, const UseIntervalForest &forest,
                       const GreedyOrder &order,
                       const std::function<bool()> &cancelled) {
  GreedyPass(editor, forest, order).run(cancelled);
}

namespace {

/// Passes over one program, and the best plan of them.
struct GreedyRun {
  const AccessIndex &index;
  const UseIntervalForest &forest;
  llvm::ArrayRef<LoopChoices> loops;
  const Deadline &deadline;
  Solution result;
  ChosenLoops bestLoops;
  int64_t work = 0;
  bool isBest = false; ///< The last pass was.

  /// Passes are repeated until they have gone over so many uses.
  static constexpr int64_t kMostUses = 40000;
  /// Rounds of the packing of a pass on the profile.
  static constexpr int64_t kPackingRounds = 20;
  /// So much of a time limit is theirs: who searches from the best of them
  /// needs the rest.
  static constexpr double kTimeShare = 0.25;
  bool isOver() const {
    return work > kMostUses || deadline.share() > kTimeShare ||
           deadline.hasPassed();
  }

  /// One pass; with `given`, these plans of loops, else those that are best by
  /// themselves, which are put into `chosen`. False if a constraint cannot be
  /// met.
  bool pass(const GreedyOrder &order, Addressing addressing,
            const ChosenLoops *given, ChosenLoops &chosen) {
    PlanEditor editor(index, -1, addressing);
    if (given)
      for (auto [loop, plan] : llvm::zip_equal(loops, *given))
        editor.setLoopPlan(loop.step, plan);
    chosen = given ? *given : chooseLoops(editor, loops);
    isBest = false;
    if (!placeConstrained(editor, forest))
      return false;
    greedyPass(editor, forest, order, [&] { return deadline.hasPassed(); });
    work += index.numUses();
    ++result.evaluated;
    double latency = editor.latency();
    if (result.evaluated > 1 && latency >= result.latency)
      return true;
    Plan plan = editor.plan();
    if (addressing == Addressing::Profile && !pack(plan, latency))
      return true;
    isBest = true;
    result.latency = latency;
    result.plan = std::move(plan);
    bestLoops = chosen;
    return true;
  }

  /// Gives a plan offsets. False if what is left of it is not the best so far.
  bool pack(Plan &plan, double &latency) const {
    ProfilePacking packed =
        packProfile(index, plan, index.machine().capacity, kPackingRounds,
                    [&] { return deadline.hasPassed(); });
    plan = std::move(packed.plan);
    if (packed.dropped == 0)
      return true;
    latency = simulateLatency(index.instance(), plan);
    return latency < result.latency && verify(index.instance(), plan).empty();
  }

  /// A body that has much memory leaves little for the values around it: one
  /// loop after the other gets its smaller plans.
  void tryOtherLoops(const GreedyOrder &order) {
    for (size_t i = 0; i < loops.size(); ++i)
      for (const auto &plan : loops[i].plans) {
        if (isOver())
          return;
        if (plan == bestLoops[i])
          continue;
        ChosenLoops other = bestLoops, ignored;
        other[i] = plan;
        pass(order, Addressing::Offsets, &other, ignored);
      }
  }
};

class GreedySolver : public Solver {
public:
  llvm::StringRef name() const override { return "greedy"; }
  llvm::StringRef description() const override {
    return "one pass by value density, copies placed by channel load";
  }

  llvm::Expected<Solution> solve(const Instance &instance,
                                 const SolverContext &context) override {
    Deadline deadline(context);
    AccessIndex index(instance);
    // One limit for all bodies, not one for each.
    SolverContext inner = context;
    inner.timeLimitMs = 0;
    inner.cancelled = [&] { return deadline.hasPassed(); };
    auto loops =
        planLoops(index, [&](const Instance &body) -> llvm::Expected<Plan> {
          auto result = solve(body, inner);
          if (!result)
            return result.takeError();
          return std::move(result->plan);
        });
    if (!loops)
      return loops.takeError();
    UseIntervalForest forest(index, instance.machine.capacity);
    GreedyRun run{index, forest, *loops, deadline, {}, {}};
    std::vector<GreedyOrder> orders = greedyOrders(index);
    const GreedyOrder *best = nullptr;
    for (const GreedyOrder &order : orders) {
      ChosenLoops chosen;
      if (!run.pass(order, Addressing::Offsets, nullptr, chosen))
        return constraintsError(instance);
      if (run.isBest)
        best = &order;
      if (run.isOver())
        break;
      // Where packing is what is hard: first what, then where.
      if (run.pass(order, Addressing::Profile, nullptr, chosen) && run.isBest)
        best = &order;
      if (run.isOver())
        break;
    }
    run.tryOtherLoops(*best);
    run.result.seconds = deadline.seconds();
    return std::move(run.result);
  }
};

} // namespace

void mempl::registerGreedySolver() { registerSolver<GreedySolver>(); }
