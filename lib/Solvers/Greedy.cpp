//===- Greedy.cpp - passes by value density
//--------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Candidates are the intervals of UseIntervalForest.h, ordered by the time they
// save per byte and second that they hold fast memory. Each is placed if there
// is room, and kept if the latency falls. An interval whose parts are placed
// already replaces them if that is better. Near-linear: a candidate costs what
// is near to it in time.
//
// While most values are still in slow memory, steps leave no bandwidth to
// copies: a copy then seems to take long, and is worth nothing. So candidates
// that are copied in count for less, and after all have been tried copies are
// timed anew, and those that failed are tried once more.
//
// A pass decides what is in fast memory when, and offsets follow
// (ProfilePacking.h); what that has to drop, a pass with offsets mends. Small
// programs are passed over several times with other orders, and the best plan
// counts.
//
//===----------------------------------------------------------------------===//

#include "mempl/Solvers/Greedy.h"

#include "Annealer.h"
#include "BuiltinSolvers.h"
#include "ProfilePacking.h"

#include "mempl/Problem/Simulator.h"
#include "mempl/Problem/TimeModel.h"
#include "mempl/Problem/Verifier.h"
#include "mempl/Solvers/LoopPlanning.h"

#include <cmath>

using namespace mempl;

namespace {

/// How a pass orders and places its candidates: by benefit / (size ^ sizePower
/// * time held ^ timePower).
struct GreedyOrder {
  double sizePower;
  double timePower;
  /// Share of the seconds of a copy in that is taken off the benefit. What is
  /// copied in moves its bytes through slow memory as a step would: it gains
  /// nothing but what the copy overlaps with.
  double copyPrice;
  /// Whether copies out are awaited as soon as their value is not used any
  /// more. Where little bandwidth is left they would hold their memory for
  /// long.
  bool awaitEarly;
};

/// Each adds what those before miss, on average over programs of XLA.
constexpr GreedyOrder kOrders[] = {
    {0.5, 0.5, 0.9, true},  {0.0, 1.0, 0.0, false}, {1.0, 0.5, 0.9, true},
    {0.0, 1.0, 0.9, false}, {0.0, 0.5, 0.0, true},  {1.0, 1.0, 0.9, false},
    {0.5, 1.0, 0.0, false}, {0.0, 0.5, 0.9, false}, {0.0, 0.5, 0.9, true},
    {0.5, 0.5, 0.0, true}};

/// Seconds before each step, and after the last, if everything is slow.
std::vector<double> slowStarts(const AccessIndex &index) {
  std::vector<double> start(1, 0.0);
  const Machine &m = index.machine();
  for (int32_t i = 0; i < index.numSteps(); ++i)
    start.push_back(
        start.back() + m.stepOverhead +
        busySeconds(m, index.program().steps[i], index.stepBytes(i), 0));
  return start;
}

class GreedyPass {
public:
  GreedyPass(PlanEditor &editor, const UseIntervalForest &forest,
             const GreedyOrder &order, llvm::ArrayRef<double> slowStart,
             const Deadline &deadline)
      : editor(editor), index(editor.index()), forest(forest), order(order),
        slowStart(slowStart), deadline(deadline), placer(editor) {
    style.awaitEarly = order.awaitEarly;
  }

  void run() {
    std::vector<int32_t> ids = sorted();
    for (int round = 0; round < kMostRounds && !deadline.hasPassed(); ++round) {
      double before = editor.latency();
      tryAll(ids);
      timeCopiesAnew();
      if (editor.latency() > before * (1 - kLeastGain))
        break;
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
      double benefit = node.benefit;
      if (!first.startsByWrite)
        benefit -= order.copyPrice *
                   std::min(benefit, size / index.machine().copyBandwidth);
      density[id] = benefit / (std::pow(size, order.sizePower) *
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
  double startOf(int32_t step) const { return slowStart[step]; }

  void tryAll(llvm::ArrayRef<int32_t> ids) {
    for (size_t k = 0; k < ids.size(); ++k) {
      if (k % 256 == 0 && deadline.hasPassed())
        break;
      tryCandidate(ids[k]);
    }
  }

  void tryCandidate(int32_t id) {
    const UseIntervalNode &node = forest.node(id);
    if (isCarried(node.value))
      return;
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
    PlanEditor::Id placed = placer.place(node.interval, style);
    bool isBetter = placed != PlanEditor::kNone &&
                    (parts.empty() ? editor.latency() < before
                                   : editor.latency() <= before);
    if (!isBetter)
      editor.undo(mark);
    editor.commit();
  }

  /// Places what is copied once more, in the order of time: where that is
  /// faster, or as fast in less memory.
  void timeCopiesAnew() {
    std::vector<PlanEditor::Id> ids;
    for (PlanEditor::Id id = 0; id < editor.endId(); ++id)
      if (editor.isPlaced(id) && !isCarried(editor.residency(id).value) &&
          (editor.residency(id).copiedIn() || editor.residency(id).copiedOut()))
        ids.push_back(id);
    auto startOf = [&](PlanEditor::Id id) {
      return editor.residency(id).start();
    };
    llvm::stable_sort(ids, [&](PlanEditor::Id a, PlanEditor::Id b) {
      return startOf(a) < startOf(b);
    });
    PlacementStyle lazy = style;
    lazy.awaitEarly = false;
    for (size_t k = 0; k < ids.size(); ++k) {
      if (k % 256 == 0 && deadline.hasPassed())
        break;
      Residency old = editor.residency(ids[k]);
      double before = editor.latency();
      PlanEditor::Mark mark = editor.mark();
      editor.remove(ids[k]);
      PlanEditor::Id placed =
          placer.place({index.firstUseFrom(old.value, old.first()),
                        index.firstUseFrom(old.value, old.last + 1) - 1},
                       lazy);
      auto isShorter = [&] {
        const Residency &r = editor.residency(placed);
        return r.end() - r.start() < old.end() - old.start();
      };
      if (placed == PlanEditor::kNone || editor.latency() > before ||
          (editor.latency() == before && !isShorter()))
        editor.undo(mark);
      editor.commit();
    }
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

  /// Whether the value is carried: then it stays where the next run finds it.
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
    return placer.carry(value, lastUse, style) && editor.isLegal();
  }

  /// The first of the values that may be carried: what is used late hides its
  /// copy anyway.
  static constexpr size_t kMostCarried = 256;
  static constexpr size_t kManyRuns = 50000;
  static constexpr double kGrade = 0.05; ///< Of the logarithm of densities.
  /// Rounds over all candidates, as long as one gains so much of the latency.
  static constexpr int kMostRounds = 3;
  static constexpr double kLeastGain = 5e-4;

  PlanEditor &editor;
  const AccessIndex &index;
  const UseIntervalForest &forest;
  const GreedyOrder &order;
  llvm::ArrayRef<double> slowStart;
  const Deadline &deadline;
  PlacementStyle style;
  UseIntervalPlacer placer;
};

} // namespace

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
                       const Deadline &deadline) {
  std::vector<double> slowStart = slowStarts(editor.index());
  GreedyPass(editor, forest, kOrders[0], slowStart, deadline).run();
}

namespace {

/// Passes over one program, and the best plan of them.
class GreedyRun {
public:
  GreedyRun(const AccessIndex &index, llvm::ArrayRef<LoopChoices> loops,
            const Deadline &deadline)
      : index(index), loops(loops), deadline(deadline),
        forest(index, index.machine().capacity), slowStart(slowStarts(index)) {}

  /// False if a constraint cannot be met.
  bool run() {
    if (!begin())
      return false;
    const GreedyOrder *best = kOrders;
    for (const GreedyOrder &order : kOrders) {
      if (pass(order, nullptr))
        best = &order;
      if (isOver())
        break;
    }
    tryOtherLoops(*best);
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
    return work > kMostUses || deadline.share() > kTimeShare ||
           deadline.hasPassed();
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

  /// One pass. Whether its plan is the best so far.
  bool pass(const GreedyOrder &order, const ChosenLoops *given) {
    ChosenLoops chosen;
    auto editor = edit(Addressing::Profile, given, chosen);
    if (!editor)
      return false;
    GreedyPass(*editor, forest, order, slowStart, deadline).run();
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
  double mend(Plan &plan, const GreedyOrder &order, const ChosenLoops &chosen) {
    PlanEditor editor(index);
    loadPlan(editor, loops, plan);
    if (!editor.isLegal()) {
      ChosenLoops ignored;
      auto anew = edit(Addressing::Offsets, &chosen, ignored);
      if (!anew)
        return std::numeric_limits<double>::infinity();
      editor = std::move(*anew);
    }
    GreedyPass(editor, forest, order, slowStart, deadline).run();
    plan = editor.plan();
    return editor.latency();
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
        ChosenLoops other = bestLoops;
        other[i] = plan;
        pass(order, &other);
      }
  }

  const AccessIndex &index;
  llvm::ArrayRef<LoopChoices> loops;
  const Deadline &deadline;
  UseIntervalForest forest;
  std::vector<double> slowStart;
  ChosenLoops bestLoops;
  int64_t work = 0;
};

class GreedySolver : public Solver {
public:
  llvm::StringRef name() const override { return "greedy"; }
  llvm::StringRef description() const override {
    return "passes by value density, copies placed by channel load";
  }

  llvm::Expected<Solution> solve(const Instance &instance,
                                 const SolverContext &context) override {
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
    GreedyRun run(index, *loops, deadline);
    if (!run.run())
      return constraintsError(instance);
    run.result.seconds = deadline.seconds();
    return std::move(run.result);
  }
};

} // namespace

void mempl::registerGreedySolver() { registerSolver<GreedySolver>(); }
