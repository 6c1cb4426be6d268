//===- GreedyPass.cpp - places segments one after the other ---------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GreedyPass.h"

#include <cmath>

using namespace mempl;

/// The first of the values that may be carried: what is used late hides its
/// copy anyway.
static constexpr size_t kMostCarried = 256;
/// Rounds over all candidates, as long as one gains so much of the latency.
static constexpr int kMostRounds = 3;
static constexpr double kLeastGain = 5e-4;

void GreedyPass::run() {
  for (int round = 0; round < kMostRounds && !deadline.hasPassed(); ++round) {
    double before = editor.latency();
    tryAll();
    timeCopiesAnew();
    if (editor.latency() > before * (1 - kLeastGain))
      break;
  }
  carryOver();
}

void GreedyPass::tryAll() {
  for (size_t k = 0; k < nodes.size(); ++k) {
    if (k % 256 == 0 && deadline.hasPassed())
      break;
    tryCandidate(nodes[k]);
  }
}

void GreedyPass::tryCandidate(int32_t id) {
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
  bool isBetter =
      placed != PlanEditor::kNone &&
      (parts.empty() ? editor.latency() < before : editor.latency() <= before);
  if (!isBetter)
    editor.undo(mark);
  editor.commit();
}

/// Places what is copied once more, in the order of time: where that is
/// faster, or as fast in less memory.
void GreedyPass::timeCopiesAnew() {
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
void GreedyPass::carryOver() {
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
bool GreedyPass::isCarried(int32_t value) const {
  auto ids = editor.residenciesOf(value);
  return !ids.empty() && editor.residency(ids.front()).isKept();
}

/// The last use that the first residency serves, or else the first use.
int32_t GreedyPass::firstStay(int32_t value) const {
  auto ids = editor.residenciesOf(value);
  int32_t use = index.firstUse(value);
  if (!ids.empty())
    while (use + 1 < index.endUse(value) &&
           index.use(use + 1).step <= editor.residency(ids.front()).last)
      ++use;
  return use;
}

bool GreedyPass::carry(int32_t value, int32_t lastUse) {
  int32_t last = lastUse == index.endUse(value) ? index.numSteps() - 1
                                                : index.use(lastUse).step;
  auto ids = editor.residenciesOf(value);
  for (PlanEditor::Id id : llvm::SmallVector<PlanEditor::Id, 4>(ids))
    if (editor.residency(id).start() <= last)
      editor.remove(id);
  return placer.carry(value, lastUse, style) && editor.isLegal();
}
