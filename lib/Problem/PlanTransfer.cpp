//===- PlanTransfer.cpp - a plan for a changed program --------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Names alone match too little: those that extraction makes up count values, so
// that one more op renames all behind it. Steps are aligned as lines of two
// texts are, and values follow them. What the verifier finds wrong with the
// moved plan is dropped, until nothing is.
//
//===----------------------------------------------------------------------===//

#include "mempl/Problem/PlanTransfer.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"

#include <array>
#include <numeric>

using namespace mempl;

/// Most cells of the table that aligns the steps in which programs differ.
static constexpr size_t kMaxCells = size_t(1) << 25;

std::string TransferredPlan::str() const {
  return std::to_string(matched) + " values matched, " + std::to_string(fresh) +
         " new, " + std::to_string(gone) + " gone; " + std::to_string(kept) +
         " of " + std::to_string(kept + dropped) + " placements kept";
}

namespace {

using Indices = std::vector<int32_t>; ///< -1 where there is none.

/// What a step is known by. Sizes are not part of it: another batch changes
/// them all.
std::string signatureOf(const Step &step) {
  std::string text = step.name + (step.body ? "\n{" : "\n");
  for (const Access &access : step.accesses)
    text += static_cast<char>('0' + static_cast<int>(access.mode));
  return text;
}

/// The longest common subsequence of steps, in their order.
class StepAlignment {
public:
  StepAlignment(const Program &before, const Program &after) {
    for (const Step &step : before.steps)
      old.push_back(idOf(step));
    for (const Step &step : after.steps)
      now.push_back(idOf(step));
  }

  Indices align() {
    Indices to(old.size(), -1);
    size_t first = 0, oldEnd = old.size(), nowEnd = now.size();
    while (first < std::min(oldEnd, nowEnd) && old[first] == now[first]) {
      to[first] = static_cast<int32_t>(first);
      ++first;
    }
    while (oldEnd > first && nowEnd > first &&
           old[oldEnd - 1] == now[nowEnd - 1])
      to[--oldEnd] = static_cast<int32_t>(--nowEnd);
    if ((oldEnd - first + 1) * (nowEnd - first + 1) <= kMaxCells)
      alignBest(first, oldEnd, nowEnd, to);
    else
      alignGreedily(first, oldEnd, nowEnd, to);
    return to;
  }

private:
  int32_t idOf(const Step &step) {
    return ids.try_emplace(signatureOf(step), static_cast<int32_t>(ids.size()))
        .first->second;
  }

  void alignBest(size_t first, size_t oldEnd, size_t nowEnd, Indices &to) {
    size_t rows = oldEnd - first, columns = nowEnd - first;
    std::vector<int32_t> most((rows + 1) * (columns + 1));
    auto at = [&](size_t i, size_t k) -> int32_t & {
      return most[i * (columns + 1) + k];
    };
    for (size_t i = rows; i-- > 0;)
      for (size_t k = columns; k-- > 0;)
        at(i, k) = old[first + i] == now[first + k]
                       ? at(i + 1, k + 1) + 1
                       : std::max(at(i + 1, k), at(i, k + 1));
    for (size_t i = 0, k = 0; i < rows && k < columns;) {
      if (old[first + i] == now[first + k])
        to[first + i++] = static_cast<int32_t>(first + k++);
      else if (at(i + 1, k) >= at(i, k + 1))
        ++i;
      else
        ++k;
    }
  }

  /// Each with the next of its kind, where the table would be too large.
  void alignGreedily(size_t first, size_t oldEnd, size_t nowEnd, Indices &to) {
    std::vector<std::vector<size_t>> places(ids.size());
    for (size_t k = first; k < nowEnd; ++k)
      places[now[k]].push_back(k);
    size_t next = first;
    for (size_t i = first; i < oldEnd; ++i) {
      auto place = llvm::lower_bound(places[old[i]], next);
      // One that is far ahead would leave the steps before it without any.
      if (place == places[old[i]].end() || *place > next + 64)
        continue;
      to[i] = static_cast<int32_t>(*place);
      next = *place + 1;
    }
  }

  llvm::StringMap<int32_t> ids;
  Indices old, now;
};

/// Lets matched steps, and names, vote for which values are the same.
Indices matchValues(const Program &before, const Program &after,
                    const Indices &steps) {
  std::vector<llvm::SmallDenseMap<int32_t, int32_t, 2>> votes(
      before.values.size());
  // A step has two votes, so that a name decides between equals only.
  for (size_t s = 0; s < steps.size(); ++s)
    if (steps[s] >= 0)
      for (auto [old, now] : llvm::zip_equal(before.steps[s].accesses,
                                             after.steps[steps[s]].accesses))
        votes[old.value][now.value] += 2;
  llvm::StringMap<int32_t> named;
  for (int32_t v = after.numValues(); v-- > 0;)
    named[after.values[v].name] = v;
  std::vector<std::array<int32_t, 3>> ballots; // Votes, old, new.
  for (int32_t v = 0; v < before.numValues(); ++v) {
    if (auto it = named.find(before.values[v].name); it != named.end())
      ++votes[v][it->second];
    for (auto [to, count] : votes[v])
      ballots.push_back({-count, v, to});
  }
  llvm::sort(ballots);
  Indices to(before.values.size(), -1);
  std::vector<bool> taken(after.values.size());
  for (auto [count, old, now] : ballots)
    if (to[old] < 0 && !taken[now]) {
      to[old] = now;
      taken[now] = true;
    }
  return to;
}

/// Moves the plan of one program, and those of its bodies.
class Transfer {
public:
  Transfer(const Program &before, const Plan &plan, const Program &after,
           TransferredPlan &result)
      : before(before), plan(plan), after(after), result(result),
        steps(StepAlignment(before, after).align()),
        values(matchValues(before, after, steps)) {}

  Plan run(bool keepsOrder, bool isBody);

private:
  void orderSteps(bool keepsOrder);
  bool moveResidency(const Residency &old, bool isBody, Residency &now) const;
  void moveLoops(bool keepsOrder, Plan &moved);

  int32_t stepAt(int32_t place) const {
    return plan.order.empty() ? place : plan.order[place];
  }
  /// The place of a step or of the next one that is there; in a body, in the
  /// same trip or the next one.
  int32_t from(int32_t place, bool isBody) const {
    int32_t n = before.numSteps(), m = after.numSteps();
    if (!isBody && place >= n)
      return m;
    return place / n * m + nextPlace[place % n];
  }
  /// The place of a step or of the last one before it that is there.
  int32_t upTo(int32_t place) const {
    int32_t n = before.numSteps(), m = after.numSteps();
    return place / n * m + lastPlace[place % n];
  }
  bool isThere(int32_t place) const {
    return steps[stepAt(place % before.numSteps())] >= 0;
  }

  const Program &before;
  const Plan &plan;
  const Program &after;
  TransferredPlan &result;
  Indices steps, values;
  Indices order;                ///< Of the new program; empty: its own.
  Indices nextPlace, lastPlace; ///< By place of the earlier plan.
};

} // namespace

/// New steps run behind the one that is before them in the program.
void Transfer::orderSteps(bool keepsOrder) {
  order.clear();
  int32_t n = before.numSteps(), m = after.numSteps();
  std::vector<int32_t> placeOf(m);
  std::iota(placeOf.begin(), placeOf.end(), 0);
  if (keepsOrder && !plan.order.empty()) {
    std::vector<bool> isOld(m);
    for (int32_t step : steps)
      if (step >= 0)
        isOld[step] = true;
    auto addFresh = [&](int32_t step) {
      for (; step < m && !isOld[step]; ++step)
        order.push_back(step);
    };
    addFresh(0);
    for (int32_t step : plan.order)
      if (steps[step] >= 0) {
        order.push_back(steps[step]);
        addFresh(steps[step] + 1);
      }
    for (int32_t place = 0; place < m; ++place)
      placeOf[order[place]] = place;
  }
  nextPlace.assign(n, m);
  lastPlace.assign(n, -1);
  for (int32_t place = n, next = m; place-- > 0;) {
    if (isThere(place))
      next = placeOf[steps[stepAt(place)]];
    nextPlace[place] = next;
  }
  for (int32_t place = 0, last = -1; place < n; ++place) {
    if (isThere(place))
      last = placeOf[steps[stepAt(place)]];
    lastPlace[place] = last;
  }
}

/// False where nothing is left of it.
bool Transfer::moveResidency(const Residency &old, bool isBody,
                             Residency &now) const {
  now = old;
  now.value = values[old.value];
  now.last = upTo(old.last);
  if (now.value < 0 || now.last < 0)
    return false;
  if (auto *write = std::get_if<ByWrite>(&now.begin)) {
    if (!isThere(write->step))
      return false;
    write->step = from(write->step, isBody);
  }
  if (CopyIn *in = now.copyIn()) {
    in->issue = from(in->issue, isBody);
    in->ready = from(in->ready, isBody);
  }
  if (now.out) {
    now.out->done = from(now.out->done, isBody);
    if (now.out->back)
      now.out->back = upTo(*now.out->back);
  }
  return now.first() <= now.last;
}

void Transfer::moveLoops(bool keepsOrder, Plan &moved) {
  for (int32_t s = 0; s < before.numSteps(); ++s) {
    if (!before.steps[s].body)
      continue;
    if (steps[s] < 0) {
      // A body whose loop is gone.
      Transfer(*before.steps[s].body, Plan(), Program(), result)
          .run(false, true);
      continue;
    }
    static const Plan kNone;
    const BodyPlan *body = plan.bodyPlan(s);
    Plan inner = Transfer(*before.steps[s].body, body ? body->plan : kNone,
                          *after.steps[steps[s]].body, result)
                     .run(keepsOrder, /*isBody=*/true);
    if (body)
      moved.loops[steps[s]] = {
          std::max(body->capacity, leastCapacity(*after.steps[steps[s]].body)),
          std::move(inner)};
  }
}

Plan Transfer::run(bool keepsOrder, bool isBody) {
  int64_t matched = llvm::count_if(values, [](int32_t v) { return v >= 0; });
  result.matched += matched;
  result.gone += before.numValues() - matched;
  Plan moved;
  if (before.steps.empty() || after.steps.empty())
    return moved;
  orderSteps(keepsOrder);
  moved.order = order;
  for (const Residency &old : plan.residencies) {
    Residency now;
    if (moveResidency(old, isBody, now))
      moved.residencies.push_back(now);
  }
  moveLoops(keepsOrder, moved);
  return moved;
}

static int64_t numResidencies(const Plan &plan) {
  auto count = static_cast<int64_t>(plan.residencies.size());
  for (const auto &[step, body] : plan.loops)
    count += numResidencies(body.plan);
  return count;
}

static int64_t numValues(const Program &program) {
  int64_t count = program.numValues();
  for (const Step &step : program.steps)
    if (step.body)
      count += numValues(*step.body);
  return count;
}

/// The plan that a violation is about; null where it has none.
static Plan *planAt(Plan &plan, llvm::ArrayRef<int32_t> path) {
  Plan *at = &plan;
  for (int32_t step : path) {
    auto loop = at->loops.find(step);
    if (loop == at->loops.end())
      return nullptr;
    at = &loop->second.plan;
  }
  return at;
}

/// Drops the residencies that break rules. False where it is something else
/// that does.
static bool dropViolations(Plan &plan, const std::vector<Violation> &faults) {
  std::map<Plan *, llvm::SmallVector<int32_t>> toDrop;
  for (const Violation &fault : faults)
    if (Plan *at = planAt(plan, fault.path); at && fault.residency >= 0)
      toDrop[at].push_back(fault.residency);
  for (auto &[at, rows] : toDrop) {
    llvm::sort(rows);
    rows.erase(llvm::unique(rows), rows.end());
    for (int32_t row : llvm::reverse(rows))
      at->residencies.erase(at->residencies.begin() + row);
  }
  return !toDrop.empty();
}

std::optional<Violation> mempl::whyNotFor(const Instance &before,
                                          const Plan &plan) {
  for (const Violation &violation : verify(before, plan))
    if (violation.rule == Rule::V9 || violation.rule == Rule::V11)
      return violation;
  return std::nullopt;
}

TransferredPlan mempl::transferPlan(const Instance &before, const Plan &plan,
                                    const Instance &after) {
  TransferredPlan result;
  for (bool keepsOrder : {true, false}) {
    result = TransferredPlan();
    result.plan = Transfer(before.program, plan, after.program, result)
                      .run(keepsOrder, /*isBody=*/false);
    result.plan.instance = after.name;
    std::vector<Violation> faults = verify(after, result.plan);
    // An order of steps that the new program forbids spoils everything.
    bool isForbidden = llvm::any_of(
        faults, [](const Violation &fault) { return fault.rule == Rule::V11; });
    if (keepsOrder && isForbidden)
      continue;
    while (!faults.empty() && dropViolations(result.plan, faults))
      faults = verify(after, result.plan);
    if (!faults.empty()) {
      result.plan = Plan{after.name, {}, {}};
      result.isValid = verify(after, result.plan).empty();
    }
    break;
  }
  result.kept = numResidencies(result.plan);
  result.dropped = numResidencies(plan) - result.kept;
  result.fresh = numValues(after.program) - result.matched;
  return result;
}
