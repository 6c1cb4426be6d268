//===- BruteForce.cpp - the best plan of a tiny instance ------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BruteForce.h"

#include "mempl/Problem/Simulator.h"
#include "mempl/Problem/Verifier.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cassert>
#include <limits>

using namespace mempl;

namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

/// The residencies that one value may have together, offsets left open.
struct Option {
  std::vector<Residency> residencies;
  uint32_t served = 0; ///< Bit per step.
  double alone = 0;    ///< Latency with nothing else in fast memory.
};

/// A plan of a body that no other one dominates.
struct BodyChoice {
  BodyPlan plan;
  bool planned = false; ///< False: the loop runs without a plan.
  double latency = 0, slowBytes = 0;
  bool copies = false;
};

class Search {
public:
  Search(const Instance &instance, int64_t capacity);

  /// Finds the best plan.
  BruteForceResult best();
  /// Finds all plans that are best in latency, slow bytes and having no
  /// copies: what the program around a body can see of them.
  std::vector<BodyChoice> frontier();

private:
  void addOptions(int32_t value);
  void addSingles(int32_t value, std::vector<Residency> &singles) const;
  void combine(int32_t value, const std::vector<Residency> &singles,
               size_t from, Option &option);
  bool isValidAlone(int32_t value, const Option &option) const;
  void chooseLoops(size_t loop);
  void chooseValues(int32_t value, Plan &plan);
  double leastLatency(int32_t decided, const Plan &plan) const;
  void tryOrders(Plan &plan);
  void tryPlan(Plan &plan);
  bool place(Plan &plan, size_t index) const;

  const Instance &instance;
  int64_t capacity; ///< Of the machine, or of the plan of a body.
  std::vector<std::vector<Option>> options;
  std::vector<const Option *> chosen;
  std::vector<int32_t> loopSteps;
  std::vector<std::vector<BodyChoice>> bodyPlans;
  std::vector<const BodyChoice *> chosenBodies;
  bool wantsFrontier = false;
  BruteForceResult result;
  std::vector<BodyChoice> found;
};

bool isWrittenBy(const Instance &instance, int32_t value, int32_t step) {
  return llvm::any_of(
      instance.program.steps[step].accesses,
      [&](const Access &a) { return a.value == value && a.writes(); });
}

bool isAccessedBy(const Instance &instance, int32_t value, int32_t step) {
  return llvm::any_of(instance.program.steps[step].accesses,
                      [&](const Access &a) { return a.value == value; });
}

/// A copy of `instance` whose fast memory has `capacity` bytes.
Instance withCapacity(const Instance &instance, int64_t capacity) {
  Instance copy = instance;
  Machine machine = instance.machine;
  machine.capacity = capacity;
  copy.machine = machine;
  return copy;
}

} // namespace

Search::Search(const Instance &instance, int64_t capacity)
    : instance(instance), capacity(capacity),
      options(instance.program.values.size()),
      chosen(instance.program.values.size(), nullptr) {
  const Machine &m = instance.machine;
  for (int32_t k = 0; k != instance.numSteps(); ++k) {
    const Step &step = instance.program.steps[k];
    if (!step.body)
      continue;
    assert(m.maxCopiesIn == 0 && m.maxCopiesOut == 0);
    loopSteps.push_back(k);
    std::vector<BodyChoice> plans;
    int64_t least = leastCapacity(*step.body);
    Instance tight = withCapacity({"", m, *step.body}, least);
    if (verify(tight, Plan()).empty()) {
      Outcome outcome = simulate({m, *step.body}, Plan());
      plans.push_back(
          {BodyPlan(), false, outcome.latency, outcome.slowBytes, false});
    }
    for (int64_t share = m.roundUp(least); share <= capacity;
         share += m.alignment) {
      Instance body = withCapacity({"", m, *step.body}, share);
      for (BodyChoice &plan : Search(body, share).frontier())
        plans.push_back(std::move(plan));
    }
    bodyPlans.push_back(std::move(plans));
  }
  chosenBodies.assign(loopSteps.size(), nullptr);
  for (int32_t v = 0; v != instance.numValues(); ++v)
    addOptions(v);
}

/// Every residency of `value` that could be useful.
void Search::addSingles(int32_t value, std::vector<Residency> &singles) const {
  int32_t n = instance.numSteps();
  bool limited =
      instance.machine.maxCopiesIn != 0 || instance.machine.maxCopiesOut != 0;
  bool carries = instance.machine.maxCarried != 0 &&
                 instance.program.values[value].kind == ValueKind::Input;
  // A residency that outlasts its last use is only useful to be copied out
  // later, behind others.
  auto addBacks = [&](Residency r, bool endsUse, bool kept) {
    if (endsUse || kept)
      singles.push_back(r);
    int32_t lastWrite = -1;
    for (int32_t k = r.first(); k <= r.last; ++k)
      if (isWrittenBy(instance, value, k))
        lastWrite = k;
    if (lastWrite < 0)
      return;
    for (int32_t back = endsUse ? lastWrite : r.last; back <= r.last; ++back)
      for (int32_t done = back + 1; done <= n; ++done) {
        r.out = {back, done};
        singles.push_back(r);
      }
  };
  for (int32_t first = 0; first != n; ++first)
    for (int32_t last = first; last != n; ++last) {
      bool startsUse = isAccessedBy(instance, value, first);
      bool endsUse = isAccessedBy(instance, value, last);
      bool serves = false;
      for (int32_t k = first; k <= last; ++k)
        serves |= isAccessedBy(instance, value, k);
      bool kept = carries && last == n - 1;
      if (!serves && !kept)
        continue;
      if (startsUse && isWrittenBy(instance, value, first))
        addBacks(Residency::byWrite(value, 0, first, last), endsUse, kept);
      if (startsUse || kept || limited)
        for (int32_t issue = 0; issue <= first; ++issue)
          addBacks(Residency::byCopy(value, 0, issue, first, last), endsUse,
                   kept);
      if (carries && first == 0 && (endsUse || kept)) {
        singles.push_back(Residency::kept(value, 0, last));
      }
    }
}

void Search::addOptions(int32_t value) {
  std::vector<Residency> singles;
  if (instance.machine.roundUp(instance.program.values[value].size) <= capacity)
    addSingles(value, singles);
  Option option;
  combine(value, singles, 0, option);
  // Promising ones first, so that the others can be cut off early.
  for (Option &o : options[value]) {
    Plan plan;
    plan.residencies = o.residencies;
    o.alone = simulateLatency(instance, plan);
  }
  llvm::sort(options[value], [](const Option &a, const Option &b) {
    return a.alone < b.alone;
  });
}

/// All sets of residencies that do not overlap in time and are valid as far as
/// this value is concerned.
void Search::combine(int32_t value, const std::vector<Residency> &singles,
                     size_t from, Option &option) {
  if (isValidAlone(value, option))
    options[value].push_back(option);
  for (size_t i = from; i != singles.size(); ++i) {
    const Residency &next = singles[i];
    if (llvm::any_of(option.residencies, [&](const Residency &r) {
          return r.start() <= next.end() && next.start() <= r.end();
        }))
      continue;
    uint32_t before = option.served;
    for (int32_t k = next.first(); k <= next.last; ++k)
      option.served |= 1u << k;
    option.residencies.push_back(next);
    combine(value, singles, i + 1, option);
    option.residencies.pop_back();
    option.served = before;
  }
}

bool Search::isValidAlone(int32_t value, const Option &option) const {
  Plan plan;
  plan.instance = instance.name;
  plan.residencies = option.residencies;
  for (const Violation &violation : verify(instance, plan))
    if (violation.value == value && violation.rule != Rule::V1 &&
        violation.rule != Rule::V2)
      return false;
  return true;
}

BruteForceResult Search::best() {
  result.latency = kNever;
  chooseLoops(0);
  return result;
}

std::vector<BodyChoice> Search::frontier() {
  wantsFrontier = true;
  result.latency = kNever;
  chooseLoops(0);
  return std::move(found);
}

void Search::chooseLoops(size_t loop) {
  if (loop == loopSteps.size()) {
    Plan plan;
    plan.instance = instance.name;
    for (size_t i = 0; i != loopSteps.size(); ++i)
      if (chosenBodies[i]->planned)
        plan.loops[loopSteps[i]] = chosenBodies[i]->plan;
    chooseValues(0, plan);
    return;
  }
  for (const BodyChoice &body : bodyPlans[loop]) {
    chosenBodies[loop] = &body;
    chooseLoops(loop + 1);
  }
}

/// Less than any plan costs that goes on from the values before `decided`: the
/// times of all steps if the others are in fast memory throughout, the time of
/// the slow memory for what is certain to move, and that of each channel.
double Search::leastLatency(int32_t decided, const Plan &plan) const {
  const Machine &m = instance.machine;
  double total = 0, moved = 0, busyIn = 0, busyOut = 0;
  size_t loop = 0;
  for (int32_t k = 0; k != instance.numSteps(); ++k) {
    double slow = 0, fast = 0, compute = instance.program.steps[k].compute;
    for (const Access &a : instance.program.steps[k].accesses) {
      bool isFast = a.value >= decided || (chosen[a.value]->served >> k & 1);
      (isFast ? fast : slow) += static_cast<double>(a.bytes);
    }
    moved += slow;
    if (instance.program.steps[k].body)
      compute += static_cast<double>(instance.program.steps[k].trips) *
                 chosenBodies[loop++]->latency;
    total += m.stepOverhead +
             std::max(compute, slow / m.slowBandwidth + fast / m.fastBandwidth);
  }
  for (const Residency &r : plan.residencies) {
    double bytes = static_cast<double>(r.bytes(instance.program));
    double busy = m.copyLatency + bytes / m.copyBandwidth;
    moved += bytes * (r.copiedIn() + r.copiedOut());
    busyIn += r.copiedIn() ? busy : 0;
    busyOut += r.copiedOut() ? busy : 0;
  }
  return std::max({total, moved / m.slowBandwidth, busyIn, busyOut});
}

void Search::chooseValues(int32_t value, Plan &plan) {
  if (!wantsFrontier && leastLatency(value, plan) >= result.latency)
    return;
  if (value == instance.numValues()) {
    tryOrders(plan);
    return;
  }
  size_t before = plan.residencies.size();
  for (const Option &option : options[value]) {
    chosen[value] = &option;
    plan.residencies.insert(plan.residencies.end(), option.residencies.begin(),
                            option.residencies.end());
    chooseValues(value + 1, plan);
    plan.residencies.resize(before);
  }
}

/// Tries all orders of the list that can make a difference: copies that are
/// issued at the same point are served in the order of the list.
void Search::tryOrders(Plan &plan) {
  auto tied = [](const Residency &a, const Residency &b) {
    return (a.copiedIn() && b.copiedIn() &&
            a.copyIn()->issue == b.copyIn()->issue) ||
           (a.copiedOut() && b.copiedOut() &&
            a.copiedAfter() == b.copiedAfter());
  };
  std::vector<Residency> list = plan.residencies;
  std::vector<size_t> order(list.size());
  for (size_t i = 0; i != order.size(); ++i)
    order[i] = i;
  do {
    bool canonical = true;
    for (size_t i = 1; i < order.size(); ++i)
      canonical &=
          order[i - 1] < order[i] || tied(list[order[i - 1]], list[order[i]]);
    if (!canonical)
      continue;
    for (size_t i = 0; i != order.size(); ++i)
      plan.residencies[i] = list[order[i]];
    tryPlan(plan);
  } while (std::next_permutation(order.begin(), order.end()));
  plan.residencies = list;
}

void Search::tryPlan(Plan &plan) {
  if (!wantsFrontier) {
    // Offsets do not change the latency, so they are looked for last.
    double latency = simulateLatency(instance, plan);
    if (latency < result.latency && place(plan, 0)) {
      result.latency = latency;
      result.plan = plan;
    }
    return;
  }
  Outcome outcome = simulate(instance, plan);
  BodyChoice body{{capacity, plan},
                  true,
                  outcome.latency,
                  outcome.slowBytes,
                  plan.numCopies() != 0};
  auto dominates = [](const BodyChoice &a, const BodyChoice &b) {
    return a.latency <= b.latency && a.slowBytes <= b.slowBytes &&
           a.copies <= b.copies;
  };
  if (llvm::any_of(found,
                   [&](const BodyChoice &p) { return dominates(p, body); }))
    return;
  if (!place(body.plan.plan, 0))
    return;
  llvm::erase_if(found,
                 [&](const BodyChoice &p) { return dominates(body, p); });
  found.push_back(std::move(body));
}

/// Looks for offsets of the residencies from `index` on; the last word on the
/// whole plan is verify()'s.
bool Search::place(Plan &plan, size_t index) const {
  if (index == plan.residencies.size())
    return verify(instance, plan).empty();
  const Machine &m = instance.machine;
  Residency &r = plan.residencies[index];
  int64_t size = m.roundUp(r.bytes(instance.program));
  for (r.offset = 0; r.offset + size <= capacity; r.offset += m.alignment) {
    bool overlaps = false;
    for (size_t i = 0; i != index; ++i) {
      const Residency &other = plan.residencies[i];
      int64_t otherSize = m.roundUp(other.bytes(instance.program));
      overlaps |= other.start() <= r.end() && r.start() <= other.end() &&
                  other.offset < r.offset + size &&
                  r.offset < other.offset + otherSize;
    }
    if (!overlaps && place(plan, index + 1))
      return true;
    if (size == 0 && instance.machine.maxCarried == 0)
      break; // A value of size zero is at home anywhere.
  }
  return false;
}

BruteForceResult mempl::bruteForce(const Instance &instance) {
  assert(instance.numSteps() <= 8);
  return Search(instance, instance.machine.capacity).best();
}

double mempl::bruteForceOptimum(const Instance &instance) {
  return bruteForce(instance).latency;
}
