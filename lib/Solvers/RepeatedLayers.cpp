//===- RepeatedLayers.cpp - one plan for layers that are alike ------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RepeatedLayers.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/Hashing.h"
#include "llvm/ADT/STLExtras.h"

#include <algorithm>

using namespace mempl;

static constexpr int32_t kLeastLayers = 3;
/// Fewer steps have not much to decide.
static constexpr int32_t kLeastPeriod = 4;
/// Periods that are looked at: the most frequent distances between a step and
/// the one like it before.
static constexpr size_t kMostPeriods = 24;

namespace {

/// A stretch of steps in which each is like the one a period before.
struct Stretch {
  int32_t start = 0, period = 0, count = 0;
  int32_t savedSteps() const { return period * (count - 1); }
};

class LayerFinder {
public:
  explicit LayerFinder(const AccessIndex &index) : index(index) {
    for (int32_t i = 0; i < index.numSteps(); ++i)
      prints.push_back(fingerprint(i));
  }

  std::optional<RepeatedLayers> find();

private:
  uint64_t fingerprint(int32_t step) const;
  std::vector<int32_t> likelyPeriods() const;
  Stretch longest(int32_t period) const;
  std::vector<int64_t> bytesAcross() const;
  void chooseBoundary(Stretch &stretch) const;
  void makeLayer(RepeatedLayers &layers) const;
  std::vector<int32_t> valuesOf(const RepeatedLayers &layers,
                                int32_t layer) const;

  const AccessIndex &index;
  std::vector<uint64_t> prints;
};

} // namespace

/// Equal for steps that are alike but for names and values. A loop is like no
/// other step.
uint64_t LayerFinder::fingerprint(int32_t i) const {
  const Step &step = index.program().steps[i];
  llvm::hash_code h = llvm::hash_combine(llvm::bit_cast<uint64_t>(step.compute),
                                         step.reserved, step.body ? i : -1);
  for (const Access &access : step.accesses) {
    const Value &value = index.program().values[access.value];
    h = llvm::hash_combine(h, access.bytes, access.mode, access.space,
                           value.size, value.space);
  }
  // The map has no room for its two marks.
  return static_cast<uint64_t>(h) >> 2;
}

std::vector<int32_t> LayerFinder::likelyPeriods() const {
  llvm::DenseMap<uint64_t, int32_t> lastSeen;
  llvm::DenseMap<int32_t, int32_t> frequency;
  for (int32_t i = 0; i < index.numSteps(); ++i) {
    auto [it, isNew] = lastSeen.try_emplace(prints[i], i);
    if (!isNew && i - it->second >= kLeastPeriod)
      ++frequency[i - it->second];
    it->second = i;
  }
  std::vector<std::pair<int32_t, int32_t>> byFrequency;
  for (auto [period, count] : frequency)
    byFrequency.push_back({-count, period});
  llvm::sort(byFrequency);
  std::vector<int32_t> periods;
  for (auto [count, period] : byFrequency)
    if (periods.size() < kMostPeriods)
      periods.push_back(period);
  return periods;
}

Stretch LayerFinder::longest(int32_t period) const {
  Stretch best;
  int32_t n = index.numSteps();
  for (int32_t i = period; i < n;) {
    int32_t from = i;
    while (i < n && prints[i] == prints[i - period])
      ++i;
    Stretch here{from - period, period, (i - from) / period + 1};
    if (here.count >= kLeastLayers && here.savedSteps() > best.savedSteps())
      best = here;
    ++i;
  }
  return best;
}

/// By boundary: bytes of the values that a step before has written and a step
/// after it uses.
std::vector<int64_t> LayerFinder::bytesAcross() const {
  std::vector<int64_t> change(index.numSteps() + 2, 0);
  for (int32_t v = 0; v < index.numValues(); ++v) {
    auto uses = index.usesOf(v);
    if (uses.size() < 2 ||
        llvm::none_of(uses, [](const Use &use) { return use.writes; }))
      continue;
    change[uses.front().step + 1] += index.roundedSize(v);
    change[uses.back().step + 1] -= index.roundedSize(v);
  }
  for (size_t i = 1; i < change.size(); ++i)
    change[i] += change[i - 1];
  return change;
}

/// Moves the start by less than a period to where the fewest bytes cross; that
/// may cost one layer.
void LayerFinder::chooseBoundary(Stretch &stretch) const {
  std::vector<int64_t> across = bytesAcross();
  // The middle is as all layers are; the first may be special.
  int32_t middle = stretch.start + stretch.period * (stretch.count / 2);
  int32_t shift = 0;
  for (int32_t k = 1; k < stretch.period; ++k)
    if (across[middle + k] < across[middle + shift])
      shift = k;
  if (shift > 0 && across[middle + shift] < across[middle]) {
    stretch.start += shift;
    --stretch.count;
  }
}

/// The program of the middle layer. Values are numbered as they come up.
void LayerFinder::makeLayer(RepeatedLayers &layers) const {
  layers.layer.machine = index.machine();
  layers.layer.machine.maxCarried = 0;
  Program &program = layers.layer.program;
  program.order = index.program().order;
  int32_t from = layers.start + layers.period * (layers.count / 2);
  int32_t to = from + layers.period;
  llvm::DenseMap<int32_t, int32_t> numbers;
  for (int32_t i = from; i < to; ++i) {
    Step &step = program.steps.emplace_back(index.program().steps[i]);
    // What is before the layer is before it in every order.
    llvm::erase_if(step.after, [&](int32_t earlier) { return earlier < from; });
    for (int32_t &earlier : step.after)
      earlier -= from;
    for (Access &access : step.accesses) {
      auto [it, isNew] = numbers.try_emplace(
          access.value, static_cast<int32_t>(program.values.size()));
      if (isNew) {
        Value value = index.program().values[access.value];
        auto uses = index.usesOf(access.value);
        bool before = value.isInput() || uses.front().step < from;
        bool after = value.isOutput() || uses.back().step >= to;
        // An input that is never written here has nothing to leave.
        value.kind = before && after ? ValueKind::InOut
                     : before        ? ValueKind::Input
                     : after         ? ValueKind::Output
                                     : ValueKind::Temporary;
        program.values.push_back(std::move(value));
      }
      access.value = it->second;
    }
  }
}

/// The values of a layer in the order of `layers.layer`; empty where it does
/// not use them as the middle layer does.
std::vector<int32_t> LayerFinder::valuesOf(const RepeatedLayers &layers,
                                           int32_t layer) const {
  std::vector<int32_t> values(layers.layer.numValues(), -1);
  llvm::DenseMap<int32_t, int32_t> number;
  for (int32_t k = 0; k < layers.period; ++k) {
    const Step &here =
        index.program().steps[layers.start + layers.period * layer + k];
    const Step &there = layers.layer.program.steps[k];
    for (auto [mine, other] : llvm::zip_equal(here.accesses, there.accesses)) {
      int32_t &value = values[other.value];
      auto [it, isNew] = number.try_emplace(mine.value, other.value);
      if ((value >= 0 && value != mine.value) || it->second != other.value)
        return {};
      value = mine.value;
    }
  }
  return values;
}

std::optional<RepeatedLayers> LayerFinder::find() {
  Stretch best;
  for (int32_t period : likelyPeriods()) {
    Stretch here = longest(period);
    if (here.savedSteps() > best.savedSteps())
      best = here;
  }
  if (best.count < kLeastLayers)
    return std::nullopt;
  chooseBoundary(best);
  RepeatedLayers layers;
  layers.start = best.start;
  layers.period = best.period;
  layers.count = best.count;
  makeLayer(layers);
  if (!checkInstance(layers.layer).empty())
    return std::nullopt;
  for (int32_t k = 0; k < layers.count; ++k)
    layers.values.push_back(valuesOf(layers, k));
  return layers;
}

std::optional<RepeatedLayers>
mempl::findRepeatedLayers(const AccessIndex &index) {
  return LayerFinder(index).find();
}

/// The residency so many steps later.
static Residency shifted(Residency r, int32_t steps) {
  r.last += steps;
  if (ByWrite *write = std::get_if<ByWrite>(&r.begin))
    write->step += steps;
  if (CopyIn *in = r.copyIn()) {
    in->issue += steps;
    in->ready += steps;
  }
  if (r.out) {
    r.out->done += steps;
    if (r.out->back)
      *r.out->back += steps;
  }
  return r;
}

/// Puts the steps from `first` on, which stand in program order, into an order
/// of their own; false where dependencies do not allow that.
static bool orderLayer(PlanEditor &editor, int32_t first,
                       llvm::ArrayRef<int32_t> order) {
  if (order.empty())
    return true;
  const ReorderableProgram &program = *editor.order();
  llvm::SmallVector<int32_t, 64> places(order.size());
  for (auto [place, step] : llvm::enumerate(order))
    places[step] = static_cast<int32_t>(place);
  for (auto [k, place] : llvm::enumerate(places))
    for (int32_t step : program.dependencies().before(
             program.stepAt(first + static_cast<int32_t>(k)))) {
      int32_t other = program.placeOf(step) - first;
      if (other >= 0 && places[other] > place)
        return false;
    }
  editor.reorder(first, places);
  return true;
}

int32_t mempl::applyToLayers(PlanEditor &editor, const RepeatedLayers &layers,
                             const Plan &plan) {
  double before = editor.latency();
  PlanEditor::Mark start = editor.mark();
  // From all layers first: what one needs may be fetched during the one before.
  int32_t from = layers.start;
  int32_t to = from + layers.period * layers.count - 1;
  for (const std::vector<int32_t> &values : layers.values)
    for (int32_t value : values) {
      auto own = editor.residenciesOf(value);
      for (PlanEditor::Id id : llvm::SmallVector<PlanEditor::Id, 4>(own)) {
        const Residency &r = editor.residency(id);
        if (!r.isKept() && r.start() <= to && r.end() >= from)
          editor.remove(id);
      }
    }
  int32_t applied = 0;
  for (int32_t k = 0; k < layers.count; ++k) {
    if (layers.values[k].empty())
      continue;
    PlanEditor::Mark mark = editor.mark();
    int32_t first = from + layers.period * k;
    bool isOrdered = orderLayer(editor, first, plan.order);
    for (Residency r : plan.residencies) {
      r.value = layers.values[k][r.value];
      editor.place(shifted(r, first));
    }
    if (isOrdered && editor.isLegal())
      ++applied;
    else
      editor.undo(mark);
  }
  if (editor.latency() > before || !editor.isLegal()) {
    editor.undo(start);
    applied = 0;
  }
  editor.commit();
  return applied;
}
