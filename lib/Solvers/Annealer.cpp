//===- Annealer.cpp - annealing over plans by ruin and recreate -----------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Annealer.h"

#include <algorithm>
#include <cmath>
#include <utility>

using namespace mempl;

Annealer::Annealer(const AccessIndex &index, const UseIntervalForest &forest,
                   llvm::ArrayRef<LoopChoices> loops,
                   const SolverContext &context, const Deadline &deadline,
                   Addressing addressing)
    : Annealer(index, std::make_unique<PlanEditor>(index, -1, addressing),
               forest, loops, context, deadline) {}

Annealer::Annealer(ReorderableProgram &program, const UseIntervalForest &forest,
                   llvm::ArrayRef<LoopChoices> loops,
                   const SolverContext &context, const Deadline &deadline,
                   Addressing addressing)
    : Annealer(program.index(),
               std::make_unique<PlanEditor>(program, -1, addressing), forest,
               loops, context, deadline) {}

Annealer::Annealer(const AccessIndex &index, std::unique_ptr<PlanEditor> start,
                   const UseIntervalForest &forest,
                   llvm::ArrayRef<LoopChoices> loops,
                   const SolverContext &context, const Deadline &deadline)
    : index(index), forest(forest), loops(loops), context(context),
      deadline(deadline),
      random(context.seed,
             start->occupancy().addressing() == Addressing::Profile
                 ? "profile search"
                 : "search"),
      editor(std::move(start)), placer(*editor), fits(index.numValues()),
      isSometimesSlow(index.numValues()) {
  for (int32_t v = 0; v < index.numValues(); ++v) {
    fits[v] = index.roundedSize(v) <= index.machine().capacity;
    isSometimesSlow[v] = llvm::any_of(
        index.usesOf(v), [](const Use &use) { return use.mustBeSlow; });
    forEachStretch(v, [&](UseInterval interval) {
      for (int32_t u = interval.first; u <= interval.last; ++u)
        if (forest.useBenefit(u) > 0)
          gainful.push_back(u);
    });
  }
}

/// The uses of the same value that may be served together with this one.
UseInterval Annealer::stretchAround(int32_t use) const {
  int32_t value = index.use(use).value;
  UseInterval all = {index.firstUse(value), index.endUse(value) - 1};
  if (!isSometimesSlow[value])
    return all;
  UseInterval stretch = {use, use};
  while (stretch.first > all.first && !index.use(stretch.first - 1).mustBeSlow)
    --stretch.first;
  while (stretch.last < all.last && !index.use(stretch.last + 1).mustBeSlow)
    ++stretch.last;
  return stretch;
}

/// Calls `f` for the uses of a value that may be served together: all, or those
/// between uses that must be slow.
template <typename F> void Annealer::forEachStretch(int32_t value, F f) const {
  if (!fits[value])
    return;
  for (int32_t u = index.firstUse(value), end = index.endUse(value); u < end;
       ++u) {
    if (index.use(u).mustBeSlow)
      continue;
    UseInterval stretch = stretchAround(u);
    f(stretch);
    u = stretch.last;
  }
}

AnnealerLimits mempl::limitsUntil(double share, const SolverContext &context) {
  // A budget of 0 is no limit, and a share of it is none either.
  auto moves =
      static_cast<int64_t>(share * static_cast<double>(context.budget));
  return {context.budget > 0 ? std::max<int64_t>(1, moves) : 0, share};
}

/// Puts the steps in the order of a plan.
static void orderAs(PlanEditor &editor, const Plan &plan) {
  const ReorderableProgram &program = *editor.order();
  std::vector<int32_t> places(program.order().size());
  for (size_t k = 0; k < places.size(); ++k)
    places[program.placeOf(plan.order.empty() ? static_cast<int32_t>(k)
                                              : plan.order[k])] =
        static_cast<int32_t>(k);
  if (!llvm::is_sorted(places))
    editor.reorder(0, places);
}

/// Where the loop stands now.
static int32_t placeOf(const LoopChoices &loop, const PlanEditor &editor) {
  const ReorderableProgram *program = editor.order();
  return program ? program->placeOf(loop.step) : loop.step;
}

void mempl::loadPlan(PlanEditor &editor, llvm::ArrayRef<LoopChoices> loops,
                     const Plan &plan) {
  editor.commit();
  while (editor.firstInList() != PlanEditor::kNone)
    editor.remove(editor.firstInList());
  if (editor.order())
    orderAs(editor, plan);
  for (const LoopChoices &loop : loops) {
    int32_t place = placeOf(loop, editor);
    std::shared_ptr<const LoopPlan> chosen;
    if (const BodyPlan *body = plan.bodyPlan(loop.step)) {
      for (const auto &choice : loop.plans)
        if (choice && static_cast<const BodyPlan &>(*choice) == *body)
          chosen = choice;
      if (!chosen)
        chosen = std::make_shared<LoopPlan>(
            makeLoopPlan(editor.index().instance(), place, *body));
    }
    editor.setLoopPlan(place, chosen);
  }
  for (const Residency &r : plan.residencies)
    editor.place(r);
}

void Annealer::load(const Plan &plan) {
  loadPlan(*editor, loops, plan);
  current = editor->latency();
}

void Annealer::setMargin(int64_t bytes) {
  const OccupancyMap &space = editor->occupancy();
  for (int32_t i = 0; i < index.numSteps(); ++i)
    editor->setMargin(i, std::clamp<int64_t>(
                             editor->capacity() - space.reserved(i), 0, bytes));
}

/// Loads a plan without what the margin leaves no bytes for.
void Annealer::loadWithin(const Plan &plan) {
  load(plan);
  if (!editor->occupancy().isOverfull())
    return;
  mendSpace({}, 0, index.numSteps() - 1);
  if (!editor->isLegal()) {
    // A constraint needs the bytes.
    setMargin(0);
    load(plan);
  }
  editor->commit();
  current = editor->latency();
}

void Annealer::keepBest() {
  best = current;
  bestPlan = editor->plan();
  tellBest();
}

void Annealer::tellBest() {
  // The latency of a profile is no plan's before it is packed.
  if (context.improved && !isProfile())
    context.improved(
        {"search", best, moves, context.budget, deadline.seconds()});
}

bool Annealer::isOver() {
  if (isEnded || (limits.moves > 0 && moves >= limits.moves))
    return true;
  return moves % 16 == 0 && (isTimeOver() || probeEnds());
}

bool Annealer::probeEnds() {
  if (!probe.ends)
    return false;
  if ((probe.at.moves > 0 && moves >= probe.at.moves) ||
      deadline.share() >= probe.at.timeShare)
    isEnded = std::exchange(probe.ends, nullptr)(bestPlan, best);
  return isEnded;
}

bool Annealer::isTimeOver() const {
  return deadline.hasPassed() || deadline.share() >= limits.timeShare;
}

/// Moves that the budget and, at the speed so far, the time limit allow.
int64_t Annealer::movesLeft() const {
  int64_t left = limits.moves > 0 ? limits.moves - moves : INT64_MAX / 8;
  if (context.timeLimitMs > 0 && moves > 0) {
    double share = std::max(deadline.share(), 1e-6);
    left = std::min(left,
                    static_cast<int64_t>(static_cast<double>(moves) *
                                         (limits.timeShare - share) / share));
  }
  return std::max<int64_t>(left, 1);
}

Plan Annealer::run(const Plan &start, const AnnealerLimits &until,
                   const AnnealerProbe &asked) {
  limits = until;
  probe = asked;
  isEnded = false;
  loadWithin(start);
  best = current;
  bestPlan = editor->plan();
  if (gainful.empty())
    return bestPlan;
  // Not isOver() alone, which looks at the clock every so many moves only: a
  // cycle may have had none.
  for (int64_t length = kFirstCycle; !isOver() && !isTimeOver();
       length = std::min(length * kCycleGrowth, kLongestCycle)) {
    load(bestPlan);
    // What would be left for a stunted next cycle is better spent in this one.
    int64_t left = movesLeft();
    cycle(left < length * (1 + kCycleGrowth) ? left : length);
  }
  return bestPlan;
}

void Annealer::cycle(int64_t length) {
  // From what one tensor costs to less than any step does. A short cycle could
  // not cool down from there, and starts lower.
  const double hot =
      heat * 5e-4 * best *
      std::min(1.0, std::sqrt(static_cast<double>(length) / 8e4));
  const double cold = 1e-6 * best;
  for (int64_t k = 0; k < length && !isOver(); ++k) {
    if (k % 64 == 0) {
      double progress = static_cast<double>(k) / static_cast<double>(length);
      temperature = hot * std::pow(cold / hot, progress);
    }
    if (moves % 1024 == 0 && context.progress)
      context.progress(
          {"search", best, moves, context.budget, deadline.seconds()});
    move();
    ++moves;
  }
}

bool Annealer::accept(double latency) {
  return latency <= current - temperature * std::log(1 - random.uniform());
}

void Annealer::move() {
  PlanEditor::Mark mark = editor->mark();
  orphans.clear();
  bool changed;
  uint64_t kind = random.below(100);
  if (editor->order() && random.chance(kStepMoves))
    changed = moveSteps();
  else if (!forest.carriable().empty() && random.chance(0.05))
    changed = moveCarry();
  else if (!loops.empty() && random.chance(0.05))
    changed = moveLoop();
  else if (kind < 33)
    changed = moveInsert();
  else if (kind < 68)
    changed = moveWindow();
  else if (kind < 83)
    changed = moveRetime();
  else if (kind < 96)
    changed = moveValue();
  else
    changed = moveDrop();
  if (changed && editor->isLegal() && accept(editor->latency())) {
    current = editor->latency();
    editor->commit();
    if (current < best)
      keepBest();
    return;
  }
  editor->undo(mark);
  editor->commit();
}

//===----------------------------------------------------------------------===//
// Moves
//===----------------------------------------------------------------------===//

/// Puts an interval around an unserved use into fast memory, making room for
/// it.
bool Annealer::moveInsert() {
  int32_t use = randomUnservedUse();
  if (use < 0)
    return false;
  UseInterval interval = randomIntervalAround(use);
  int32_t value = index.use(use).value;
  int32_t from = index.use(interval.first).step,
          to = index.use(interval.last).step;
  auto own = editor->residenciesOf(value);
  bool isAlone = true;
  for (PlanEditor::Id id : llvm::SmallVector<PlanEditor::Id, 4>(own))
    if (editor->isPlaced(id) && editor->residency(id).last >= from &&
        editor->residency(id).first() <= to) {
      release(id);
      isAlone = false;
    }
  if (!makeRoom(interval, randomStyle()))
    return false;
  if (!isAlone)
    orphans.push_back(value);
  recreate();
  return true;
}

/// Takes out several residencies that are alive during a few steps and
/// recreates them.
bool Annealer::moveWindow() {
  auto step = static_cast<int32_t>(random.below(index.numSteps()));
  llvm::SmallVector<PlanEditor::Id, 32> alive;
  auto until = static_cast<int32_t>(std::min<uint64_t>(
      index.numSteps() - 1, step + random.below(kWindowSteps)));
  editor->occupancy().forEachOverlap(step, until, 0, editor->capacity(),
                                     [&](int32_t id) { alive.push_back(id); });
  if (alive.empty())
    return false;
  size_t number = 1 + random.below(std::min<size_t>(kWindowSize, alive.size()));
  for (size_t k = 0; k < number; ++k) {
    std::swap(alive[k], alive[k + random.below(alive.size() - k)]);
    takeOut(alive[k]);
  }
  adoptUnserved(step);
  recreate();
  return true;
}

/// Changes the boundaries, the offset or the turn of one residency.
bool Annealer::moveRetime() {
  PlanEditor::Id id = randomResidency();
  if (id == PlanEditor::kNone)
    return false;
  Residency r = editor->residency(id);
  PlanEditor::Id next = editor->nextInList(id);
  auto shift = [&]() {
    auto distance = static_cast<int32_t>(random.below(2 + random.below(12)));
    return random.chance(0.5) ? distance : -distance;
  };
  editor->remove(id);
  if (CopyIn *in = r.copyIn(); in && random.chance(0.7)) {
    in->issue = std::clamp(in->issue + shift(), 0, in->ready);
    next =
        random.chance(0.7)
            ? editor->time().firstDueAfter(Timeline::In, in->issue, in->ready)
            : PlanEditor::kNone;
  } else if (r.out) {
    if (random.chance(0.3))
      r.out->back = std::clamp(r.copiedAfter() + shift(), r.first(), r.last);
    r.out->done = std::clamp(r.out->done + shift(), r.copiedAfter() + 1,
                             index.numSteps());
  }
  int64_t size = index.roundedBytes(r);
  const OccupancyMap &space = editor->occupancy();
  if (size > 0 && (random.chance(isProfile() ? 0 : 0.2) ||
                   !space.isFree(r.start(), r.end(), r.offset, size))) {
    r.offset = space.findOffset(r.start(), r.end(), size, randomStyle().fit);
    if (r.offset < 0)
      return false;
  }
  editor->place(r, next);
  return true;
}

/// Builds the residencies of one value anew.
bool Annealer::moveValue() {
  int32_t value = index.use(randomGainful()).value;
  auto own = editor->residenciesOf(value);
  for (PlanEditor::Id id : llvm::SmallVector<PlanEditor::Id, 4>(own))
    editor->remove(id);
  orphans.push_back(value);
  recreate();
  return true;
}

bool Annealer::moveDrop() {
  PlanEditor::Id id = randomResidency();
  if (id == PlanEditor::kNone)
    return false;
  int32_t from = editor->residency(id).start(),
          to = editor->residency(id).end();
  release(id);
  // Somebody else may use the room.
  for (int k = 0; k < 4; ++k) {
    auto step = static_cast<int32_t>(random.between(from, to));
    auto uses = index.usesAt(step);
    if (uses.empty())
      continue;
    int32_t u = uses[random.below(uses.size())];
    if (!isServed(u))
      orphans.push_back(index.use(u).value);
  }
  recreate();
  return true;
}

/// Gives a loop another plan.
bool Annealer::moveLoop() {
  const LoopChoices &loop = loops[random.below(loops.size())];
  const auto &plan = loop.plans[random.below(loop.plans.size())];
  int32_t step = placeOf(loop, *editor);
  if (plan.get() == editor->loopPlan(step))
    return false;
  editor->setLoopPlan(step, plan);
  const OccupancyMap &space = editor->occupancy();
  llvm::SmallVector<PlanEditor::Id, 16> hit;
  space.forEachOverlap(step, step, 0, space.reserved(step),
                       [&](int32_t id) { hit.push_back(id); });
  for (size_t k = hit.size(); k > 0; --k) {
    if (isProfile()) {
      if (!space.isOverfull())
        break;
      std::swap(hit[k - 1], hit[random.below(k)]);
    }
    takeOut(hit[k - 1]);
  }
  recreate();
  return true;
}

/// Leaves a value for the next run, instead of another if there are too many.
bool Annealer::moveCarry() {
  auto values = forest.carriable();
  int32_t value = values[random.below(values.size())];
  if (editor->numCarried() >= index.machine().maxCarried) {
    llvm::SmallVector<PlanEditor::Id, 4> carried;
    editor->occupancy().forEachOverlap(0, 0, 0, editor->capacity(),
                                       [&](int32_t id) {
                                         if (editor->residency(id).isKept())
                                           carried.push_back(id);
                                       });
    if (carried.empty())
      return false; // Values without bytes.
    takeOut(carried[random.below(carried.size())]);
  }
  auto own = editor->residenciesOf(value);
  for (PlanEditor::Id id : llvm::SmallVector<PlanEditor::Id, 4>(own))
    editor->remove(id);
  int32_t end = index.endUse(value), lastUse = index.firstUse(value);
  if (random.chance(0.3))
    lastUse = end;
  else
    while (lastUse + 1 < end && random.chance(0.5))
      ++lastUse;
  int32_t last =
      lastUse == end ? index.numSteps() - 1 : index.use(lastUse).step;
  PlacementStyle style = randomStyle();
  for (int tries = 0; !placer.carry(value, lastUse, style); ++tries) {
    llvm::SmallVector<PlanEditor::Id, 32> alive;
    auto add = [&](int32_t id) { alive.push_back(id); };
    editor->occupancy().forEachOverlap(0, last, 0, editor->capacity(), add);
    editor->occupancy().forEachOverlap(
        index.numSteps() - 1, index.numSteps() - 1, 0, editor->capacity(), add);
    if (tries == 8 || alive.empty())
      return false;
    takeOut(alive[random.below(alive.size())]);
  }
  orphans.push_back(value);
  recreate();
  return true;
}

//===----------------------------------------------------------------------===//
// The order of steps
//===----------------------------------------------------------------------===//

/// Moves some steps. What is in fast memory goes with them; where that breaks a
/// rule, it is taken out and recreated.
bool Annealer::moveSteps() {
  StepMove move = randomStepMove(*editor->order(), random);
  if (move.places.empty())
    return false;
  int32_t last = move.first + static_cast<int32_t>(move.places.size()) - 1;
  auto changed = editor->reorder(move.first, move.places);
  mendContents(changed);
  mendSpace(changed, move.first, last);
  for (int32_t step : {move.first, last,
                       static_cast<int32_t>(random.between(move.first, last))})
    adoptUnserved(step);
  recreate();
  return true;
}

/// Takes out what is invalid now.
void Annealer::mendContents(llvm::ArrayRef<PlanEditor::Id> changed) {
  for (PlanEditor::Id id : changed)
    if (editor->isPlaced(id) &&
        !editor->contentsAreValid(editor->residency(id).value))
      takeOut(id);
}

/// Takes out what has no room any more between two steps.
void Annealer::mendSpace(llvm::ArrayRef<PlanEditor::Id> changed,
                         int32_t firstStep, int32_t lastStep) {
  const OccupancyMap &space = editor->occupancy();
  while (space.isOverfull()) {
    int32_t step = space.fullestStep(firstStep, lastStep);
    llvm::SmallVector<PlanEditor::Id, 32> alive;
    space.forEachOverlap(step, step, 0, editor->capacity(),
                         [&](int32_t id) { alive.push_back(id); });
    if (alive.empty())
      return;
    takeOut(alive[random.below(alive.size())]);
  }
  if (editor->isDisjoint())
    return;
  for (PlanEditor::Id id : changed) {
    if (!editor->isPlaced(id))
      continue;
    Residency r = editor->residency(id);
    int64_t size = index.roundedBytes(r);
    PlanEditor::Id next = editor->nextInList(id);
    if (size == 0 ||
        space.countOverlaps(r.start(), r.end(), r.offset, r.offset + size) == 1)
      continue;
    editor->remove(id);
    r.offset = space.findOffset(r.start(), r.end(), size, Fit::Tightest);
    if (r.offset >= 0)
      editor->place(r, next);
    else
      orphans.push_back(r.value);
  }
}

/// What a step accesses in slow memory is tried in fast memory.
void Annealer::adoptUnserved(int32_t step) {
  for (int32_t u : index.usesAt(step))
    if (!isServed(u))
      orphans.push_back(index.use(u).value);
}

//===----------------------------------------------------------------------===//
// Ruin and recreate
//===----------------------------------------------------------------------===//

/// Removes a residency; where the value is carried, all of its residencies, as
/// the first needs the last.
void Annealer::release(PlanEditor::Id id) {
  auto ids = editor->residenciesOf(editor->residency(id).value);
  if (!editor->residency(ids.front()).isKept()) {
    editor->remove(id);
    return;
  }
  for (PlanEditor::Id own : llvm::SmallVector<PlanEditor::Id, 4>(ids))
    editor->remove(own);
}

void Annealer::takeOut(PlanEditor::Id id) {
  if (!editor->isPlaced(id))
    return; // With another residency of the same value.
  orphans.push_back(editor->residency(id).value);
  release(id);
}

/// Places a interval; where it does not fit, takes out what is in the way, a
/// random residency at a time.
bool Annealer::makeRoom(UseInterval interval, const PlacementStyle &style) {
  int32_t from = index.use(interval.first).step,
          to = index.use(interval.last).step;
  for (int tries = 0; tries < kRoomTries; ++tries) {
    if (placer.place(interval, style) != PlanEditor::kNone)
      return true;
    // On a profile it is one step that has too much.
    const OccupancyMap &space = editor->occupancy();
    int32_t first = from, last = to;
    if (isProfile())
      first = last = space.fullestStep(from, to);
    llvm::SmallVector<PlanEditor::Id, 32> alive;
    space.forEachOverlap(first, last, 0, editor->capacity(),
                         [&](int32_t id) { alive.push_back(id); });
    if (alive.empty())
      return false;
    takeOut(alive[random.below(alive.size())]);
  }
  return false;
}

void Annealer::recreate() {
  std::sort(orphans.begin(), orphans.end());
  orphans.erase(std::unique(orphans.begin(), orphans.end()), orphans.end());
  if (random.chance(0.5)) {
    for (size_t k = orphans.size(); k > 1; --k)
      std::swap(orphans[k - 1], orphans[random.below(k)]);
  } else {
    std::stable_sort(orphans.begin(), orphans.end(), [&](int32_t a, int32_t b) {
      return index.roundedSize(a) > index.roundedSize(b);
    });
  }
  PlacementStyle style = randomStyle();
  for (int32_t value : orphans)
    forEachStretch(value, [&](UseInterval stretch) { fill(stretch, style); });
}

/// Places what is not served of a stretch of uses: as one interval, or in
/// parts.
void Annealer::fill(UseInterval interval, const PlacementStyle &style) {
  while (interval.first <= interval.last && isServed(interval.first))
    ++interval.first;
  while (interval.first <= interval.last && isServed(interval.last))
    --interval.last;
  if (interval.first > interval.last)
    return;
  int32_t widest = interval.first, gap = 0;
  bool isFree = true;
  for (int32_t u = interval.first; u < interval.last; ++u) {
    isFree &= !isServed(u);
    int32_t distance = index.use(u + 1).step - index.use(u).step;
    if (distance > gap) {
      gap = distance;
      widest = u;
    }
  }
  // Long gaps are better left open, sometimes.
  double whole = 0.97 - 0.6 * gap / (gap + 20.0);
  if (isFree && random.chance(whole) && tryInterval(interval, style))
    return;
  if (interval.first == interval.last)
    return;
  int32_t cut = random.chance(0.7) ? widest
                                   : static_cast<int32_t>(random.between(
                                         interval.first, interval.last - 1));
  fill({interval.first, cut}, style);
  fill({cut + 1, interval.last}, style);
}

/// Places an interval unless that makes the plan slower.
bool Annealer::tryInterval(UseInterval interval, const PlacementStyle &style) {
  double before = editor->latency();
  PlanEditor::Mark mark = editor->mark();
  if (placer.place(interval, style) == PlanEditor::kNone)
    return false;
  double after = editor->latency();
  if (after < before || (after <= before + temperature && random.chance(0.3)))
    return true;
  editor->undo(mark);
  return false;
}

PlacementStyle Annealer::randomStyle() {
  PlacementStyle style;
  style.fit = static_cast<Fit>(random.below(3));
  style.lead = random.chance(0.5) ? 1.0 : 0.5 + 2 * random.uniform();
  style.awaitEarly = random.chance(0.2);
  return style;
}

PlanEditor::Id Annealer::randomResidency() {
  if (editor->numResidencies() == 0)
    return PlanEditor::kNone;
  for (;;) {
    auto id = static_cast<PlanEditor::Id>(random.below(editor->endId()));
    if (editor->isPlaced(id))
      return id;
  }
}

/// An unserved use, rather one that gains much than one that gains little; -1
/// if some tries find none.
int32_t Annealer::randomUnservedUse() {
  auto benefitOf = [&](int32_t use) {
    return forest.useBenefit(index.firstNumber(use));
  };
  int32_t chosen = -1;
  for (int k = 0, found = 0; k < 24 && found < 3; ++k) {
    int32_t u = randomGainful();
    if (isServed(u))
      continue;
    ++found;
    if (chosen < 0 || benefitOf(u) > benefitOf(chosen))
      chosen = u;
  }
  return chosen;
}

/// An interval that contains the use and reaches a random number of others.
UseInterval Annealer::randomIntervalAround(int32_t use) {
  UseInterval all = stretchAround(use), interval = {use, use};
  if (random.chance(0.3))
    return all;
  while (interval.first > all.first && random.chance(0.5))
    --interval.first;
  while (interval.last < all.last && random.chance(0.5))
    ++interval.last;
  return interval;
}
