//===- Finish.cpp - from a profile to a plan ------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Finish.h"

#include "mempl/Solvers/ProfilePacking.h"

#include <algorithm>

using namespace mempl;

/// Ways to time a copy. The first of equal ones counts.
static constexpr PlacementStyle kStyles[] = {
    {Fit::Lowest, /*lead=*/1, /*awaitEarly=*/false},
    {Fit::Lowest, /*lead=*/1, /*awaitEarly=*/true},
    {Fit::Lowest, /*lead=*/2, /*awaitEarly=*/false},
    {Fit::Lowest, /*lead=*/0.5, /*awaitEarly=*/false}};
/// Rounds over all copies, as long as one gains so much of the latency.
static constexpr int kMostRounds = 2;
static constexpr double kLeastGain = 1e-5;
static constexpr int64_t kPackingRounds = 40;

/// The uses that a residency serves.
static UseInterval usesOf(const AccessIndex &index, const Residency &r) {
  return {index.firstUseFrom(r.value, r.first()),
          index.firstUseFrom(r.value, r.last + 1) - 1};
}

namespace {

class CopyTimer {
public:
  explicit CopyTimer(PlanEditor &editor)
      : editor(editor), index(editor.index()), placer(editor) {}

  void run() {
    for (int round = 0; round < kMostRounds; ++round) {
      double before = editor.latency();
      std::vector<PlanEditor::Id> ids = copiesByTime();
      if (round % 2 == 1)
        std::reverse(ids.begin(), ids.end());
      for (PlanEditor::Id id : ids)
        timeAnew(id);
      if (editor.latency() > before * (1 - kLeastGain))
        break;
    }
  }

private:
  /// Those with copies that may be moved.
  std::vector<PlanEditor::Id> copiesByTime() const {
    std::vector<PlanEditor::Id> ids;
    for (PlanEditor::Id id = editor.firstInList(); id != PlanEditor::kNone;
         id = editor.nextInList(id)) {
      const Residency &r = editor.residency(id);
      UseInterval uses = usesOf(index, r);
      if ((r.copiedIn() || r.copiedOut()) && uses.first <= uses.last &&
          !isCarried(r.value))
        ids.push_back(id);
    }
    llvm::stable_sort(ids, [&](PlanEditor::Id a, PlanEditor::Id b) {
      return editor.residency(a).first() < editor.residency(b).first();
    });
    return ids;
  }

  /// Whether the value is carried: then it stays where the next run finds it.
  bool isCarried(int32_t value) const {
    return editor.residency(editor.residenciesOf(value).front()).isKept();
  }

  /// Places a residency once more, where that is faster, or as fast in less
  /// memory.
  void timeAnew(PlanEditor::Id id) {
    auto stepsOf = [&](PlanEditor::Id of) {
      const Residency &r = editor.residency(of);
      return r.end() - r.start();
    };
    UseInterval uses = usesOf(index, editor.residency(id));
    double best = editor.latency();
    int32_t steps = stepsOf(id);
    const PlacementStyle *chosen = nullptr;
    PlanEditor::Mark mark = editor.mark();
    editor.remove(id);
    PlanEditor::Mark without = editor.mark();
    for (const PlacementStyle &style : kStyles) {
      PlanEditor::Id placed = placer.place(uses, style);
      if (placed == PlanEditor::kNone)
        continue;
      double latency = editor.latency();
      if (latency < best || (latency == best && stepsOf(placed) < steps)) {
        best = latency;
        steps = stepsOf(placed);
        chosen = &style;
      }
      editor.undo(without);
    }
    if (chosen)
      placer.place(uses, *chosen);
    else
      editor.undo(mark);
  }

  PlanEditor &editor;
  const AccessIndex &index;
  UseIntervalPlacer placer;
};

class Packer {
public:
  Packer(const Game &game, PlanEditor &profile)
      : game(game), index(game.index()), profile(profile) {}

  FinishedPlan run() {
    Plan whole = profile.plan();
    ProfilePacking packing =
        packProfile(index, whole, profile.capacity(), kPackingRounds, {});
    if (packing.dropped == 0)
      return {std::move(packing.plan), profile.latency()};
    PlanEditor editor = beginning();
    for (const Residency &r : packing.plan.residencies)
      editor.place(r);
    if (!editor.isLegal()) {
      // A constraint needs what was given up.
      editor = beginning();
      for (const Residency &r : game.constrained())
        editor.place(r);
    }
    tryOthers(editor, whole);
    return {editor.plan(), editor.latency()};
  }

private:
  PlanEditor beginning() const {
    PlanEditor editor(index);
    for (const Game::ChosenLoop &loop : game.loops())
      editor.setLoopPlan(loop.step, loop.plan);
    return editor;
  }

  /// Places what is not there yet of a plan, and makes it faster.
  void tryOthers(PlanEditor &editor, const Plan &plan) {
    struct Other {
      UseInterval uses;
      double density;
    };
    std::vector<Other> others;
    for (const Residency &r : plan.residencies) {
      UseInterval uses = usesOf(index, r);
      if (r.isKept() || uses.first > uses.last ||
          editor.time().isServed(uses.first))
        continue;
      double benefit = 0;
      for (int32_t u = uses.first; u <= uses.last; ++u)
        benefit += game.forest().useBenefit(u);
      others.push_back(
          {uses,
           benefit / (static_cast<double>(index.roundedSize(r.value)) + 1)});
    }
    llvm::stable_sort(others, [](const Other &a, const Other &b) {
      return a.density > b.density;
    });
    UseIntervalPlacer placer(editor);
    for (const Other &other : others)
      tryPlace(editor, placer, other.uses);
  }

  void tryPlace(PlanEditor &editor, UseIntervalPlacer &placer,
                UseInterval uses) {
    double before = editor.latency();
    PlanEditor::Mark mark = editor.mark();
    if (placer.place(uses, kStyles[0]) == PlanEditor::kNone ||
        editor.latency() >= before || !editor.isLegal())
      editor.undo(mark);
    editor.commit();
  }

  const Game &game;
  const AccessIndex &index;
  PlanEditor &profile;
};

} // namespace

void mempl::timeCopiesAnew(PlanEditor &editor) { CopyTimer(editor).run(); }

FinishedPlan mempl::pack(const Game &game, PlanEditor &profile) {
  return Packer(game, profile).run();
}
