//===- Verifier.cpp - is a plan valid? ------------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Problem/Verifier.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

using namespace mempl;
using llvm::Twine;

std::string mempl::ruleName(Rule rule) {
  return ("V" + Twine(static_cast<int>(rule))).str();
}

std::string Violation::str() const { return ruleName(rule) + ": " + text; }

namespace {

/// One pass over a plan or over the plan of a loop's body.
class PlanVerifier {
public:
  /// `taken`: copies in and out of the outer programs that are in flight over
  /// this one.
  PlanVerifier(InstanceRef instance, const Plan &plan, int64_t capacity,
               std::array<int64_t, 2> taken, std::string prefix,
               std::vector<Violation> &found)
      : instance(instance), plan(plan), capacity(capacity), taken(taken),
        prefix(std::move(prefix)), found(found) {}

  void run() {
    for (const Residency &r : plan.residencies)
      if (checkFields(r))
        good.push_back(&r);
    checkOffsets();
    checkOverlaps();
    checkValues();
    checkFlights();
    checkCarried();
    checkLoops();
  }

private:
  using Residencies = std::vector<const Residency *>;
  struct ValueAccess {
    int32_t step;
    const Access *access;
  };

  void report(Rule rule, int32_t value, int32_t step, const Twine &text) {
    std::string what;
    if (value >= 0 && value < instance.numValues())
      what = ("value " + Twine(value) + " (" +
              instance.program.values[value].name + "), step " + Twine(step) +
              ": ")
                 .str();
    else if (value >= 0)
      what = ("value " + Twine(value) + ", step " + Twine(step) + ": ").str();
    else
      what = ("step " + Twine(step) + ": ").str();
    found.push_back({rule, value, step, prefix + what + text.str()});
  }

  int64_t top(const Residency &r) const {
    return r.offset + instance.machine.roundUp(r.bytes(instance.program));
  }
  /// Bytes at the bottom of fast memory that step `i` keeps for itself.
  int64_t reservedAt(int32_t i) const {
    const Step &step = instance.program.steps[i];
    if (!step.body)
      return step.reserved;
    auto it = plan.loops.find(i);
    return std::max(step.reserved, it != plan.loops.end()
                                       ? it->second.capacity
                                       : leastCapacity(*step.body));
  }

  bool checkFields(const Residency &r);
  void checkOffsets();
  void checkOverlaps();
  void checkValues();
  void checkDisjoint(Residencies &ofValue);
  void checkContents(int32_t v, const std::vector<ValueAccess> &accesses,
                     const Residencies &ofValue);
  void checkFlights();
  void checkCarried();
  void checkLoops();

  InstanceRef instance;
  const Plan &plan;
  int64_t capacity;
  std::array<int64_t, 2> taken;
  std::string prefix;
  std::vector<Violation> &found;
  Residencies good;   // Those that keep V9.
  Residencies inside; // Of them, those with bytes, all within the capacity.
};

} // namespace

/// V9.
bool PlanVerifier::checkFields(const Residency &r) {
  int32_t n = instance.numSteps();
  if (r.value < 0 || r.value >= instance.numValues()) {
    report(Rule::V9, r.value, r.last, "no such value");
    return false;
  }
  if (!(0 <= r.start() && r.start() <= r.first() && r.first() <= r.last &&
        r.last < n)) {
    report(Rule::V9, r.value, r.start(),
           "needs 0 <= start " + Twine(r.start()) + " <= first " +
               Twine(r.first()) + " <= last " + Twine(r.last) + " < " +
               Twine(n));
    return false;
  }
  if (!r.out)
    return true;
  int32_t back = r.copiedAfter(), done = r.out->done;
  if (!(r.first() <= back && back <= r.last && back < done && done <= n)) {
    report(Rule::V9, r.value, r.last,
           "needs first " + Twine(r.first()) + " <= back " + Twine(back) +
               " <= last " + Twine(r.last) + " and back < done " + Twine(done) +
               " <= " + Twine(n));
    return false;
  }
  return true;
}

/// V2.
void PlanVerifier::checkOffsets() {
  const Machine &m = instance.machine;
  for (const Residency *r : good) {
    int64_t size = m.roundUp(r->bytes(instance.program));
    if (r->offset < 0 || r->offset % m.alignment != 0 || size > capacity ||
        r->offset > capacity - size)
      report(Rule::V2, r->value, r->start(),
             "offset " + Twine(r->offset) + ", size " + Twine(size) +
                 " is misaligned or outside the capacity of " +
                 Twine(capacity));
    else if (size > 0) // A value of size zero occupies nothing.
      inside.push_back(r);
  }
  for (int32_t i = 0; i < instance.numSteps(); ++i)
    if (reservedAt(i) > capacity)
      report(Rule::V2, -1, i,
             "reserves " + Twine(reservedAt(i)) + " bytes of " +
                 Twine(capacity));
}

/// V1.
void PlanVerifier::checkOverlaps() {
  Residencies starting = inside, active;
  std::stable_sort(starting.begin(), starting.end(),
                   [](const Residency *a, const Residency *b) {
                     return a->start() < b->start();
                   });
  size_t next = 0;
  for (int32_t i = 0; i < instance.numSteps(); ++i) {
    std::erase_if(active, [&](const Residency *r) { return r->end() < i; });
    for (; next < starting.size() && starting[next]->start() == i; ++next) {
      const Residency *r = starting[next];
      for (const Residency *old : active)
        if (r->offset < top(*old) && old->offset < top(*r))
          report(Rule::V1, r->value, i,
                 "[" + Twine(r->offset) + ", " + Twine(top(*r)) +
                     ") overlaps [" + Twine(old->offset) + ", " +
                     Twine(top(*old)) + ") of value " + Twine(old->value) +
                     " (" + instance.program.values[old->value].name + ")");
      active.push_back(r);
    }
    int64_t reserved = instance.machine.roundUp(reservedAt(i));
    for (const Residency *r : active)
      if (r->offset < reserved)
        report(Rule::V1, r->value, i,
               "offset " + Twine(r->offset) + " overlaps the " +
                   Twine(reserved) + " bytes that the step reserves");
  }
}

void PlanVerifier::checkValues() {
  std::vector<std::vector<ValueAccess>> accesses(instance.numValues());
  for (int32_t i = 0; i < instance.numSteps(); ++i)
    for (const Access &a : instance.program.steps[i].accesses)
      accesses[a.value].push_back({i, &a});
  std::vector<Residencies> ofValue(instance.numValues());
  for (const Residency *r : good)
    ofValue[r->value].push_back(r);
  for (int32_t v = 0; v < instance.numValues(); ++v) {
    checkDisjoint(ofValue[v]);
    checkContents(v, accesses[v], ofValue[v]);
  }
}

/// V8; sorts the residencies of one value by time.
void PlanVerifier::checkDisjoint(Residencies &ofValue) {
  std::stable_sort(ofValue.begin(), ofValue.end(),
                   [](const Residency *a, const Residency *b) {
                     return std::pair(a->start(), a->end()) <
                            std::pair(b->start(), b->end());
                   });
  const Residency *longest = nullptr;
  for (const Residency *r : ofValue) {
    if (longest && r->start() <= longest->end())
      report(Rule::V8, r->value, r->start(),
             "a residency starts while the one from step " +
                 Twine(longest->start()) + " to " + Twine(longest->end()) +
                 " still holds memory");
    if (!longest || r->end() > longest->end())
      longest = r;
  }
}

/// V3, V4, V5, V6 and the part of V10 about the value: follows the contents of
/// one value through both memories.
void PlanVerifier::checkContents(int32_t v,
                                 const std::vector<ValueAccess> &accesses,
                                 const Residencies &ofValue) {
  // In the order of problem.md's boundaries: what happens at boundary i comes
  // before the accesses of step i, and the end of step i after them.
  enum What { Done, Issue, Read, Write, Back, End };
  struct Event {
    int32_t time;
    What what;
    const Access *access;
    const Residency *residency;
  };
  std::vector<Event> events;
  for (auto [step, a] : accesses) {
    if (a->reads())
      events.push_back({step, Read, a, nullptr});
    if (a->writes())
      events.push_back({step, Write, a, nullptr});
  }
  for (const Residency *r : ofValue) {
    const ByWrite *write = r->written();
    if (!write)
      events.push_back({r->start(), Issue, nullptr, r});
    events.push_back({r->last, End, nullptr, r});
    if (r->copiedOut()) {
      events.push_back({r->copiedAfter(), Back, nullptr, r});
      events.push_back({r->out->done, Done, nullptr, r});
    }
    if (write && llvm::none_of(accesses, [&](const ValueAccess &x) {
          return x.step == write->step && x.access->writes();
        }))
      report(Rule::V4, v, write->step,
             "a residency begins by write at a step that does not write the "
             "value");
  }
  std::stable_sort(
      events.begin(), events.end(), [](const Event &a, const Event &b) {
        return std::pair(a.time, a.what) < std::pair(b.time, b.what);
      });

  const Value &value = instance.program.values[v];
  bool slowValid = value.isInput(), fastValid = false;
  for (auto [i, what, access, r] : events) {
    const Residency *home = nullptr;
    if (what == Read || what == Write) {
      int32_t at = i;
      auto it = llvm::find_if(
          ofValue, [&](const Residency *x) { return x->serves(at); });
      home = it != ofValue.end() ? *it : nullptr;
      SpaceConstraint is = home ? SpaceConstraint::Fast : SpaceConstraint::Slow;
      SpaceConstraint constraint =
          access->space != SpaceConstraint::None ? access->space : value.space;
      if (constraint != SpaceConstraint::None && constraint != is)
        report(Rule::V6, v, i,
               Twine("is constrained to be in ") +
                   (constraint == SpaceConstraint::Fast ? "fast" : "slow") +
                   " memory");
    }
    switch (what) {
    case Issue:
      if (!slowValid && !r->isKept())
        report(Rule::V3, v, i,
               "copied in without valid contents in slow memory");
      fastValid = true;
      break;
    case Read:
      if (home && !fastValid)
        report(Rule::V4, v, i,
               "read in fast memory before it is written there");
      if (!home && !slowValid)
        report(Rule::V3, v, i,
               "read from slow memory, where its contents are not valid");
      break;
    case Write:
      if (home) {
        fastValid = true;
        slowValid = false;
        if (home->copiedOut() && i > home->copiedAfter())
          report(Rule::V4, v, i,
                 "written in fast memory after its copy out was issued");
        break;
      }
      if (llvm::any_of(ofValue, [at = i](const Residency *x) {
            return x->isCopyingIn(at);
          }))
        report(Rule::V3, v, i,
               "written in slow memory while it is being copied in");
      if (llvm::any_of(ofValue, [at = i](const Residency *x) {
            return x->out && x->last < at && at < x->out->done;
          }))
        report(Rule::V3, v, i,
               "written in slow memory while it is being copied out");
      slowValid = true;
      break;
    case Back:
      if (!fastValid)
        report(Rule::V4, v, i,
               "copied out without valid contents in fast memory");
      break;
    case End:
      fastValid = false;
      break;
    case Done:
      slowValid = true;
      break;
    }
  }
  bool isWritten = llvm::any_of(
      accesses, [](const ValueAccess &x) { return x.access->writes(); });
  if (llvm::any_of(ofValue, [](const Residency *r) { return r->isKept(); }) &&
      (value.kind != ValueKind::Input || isWritten))
    report(
        Rule::V10, v, 0,
        "only an input that is never written can be carried from run to run");
  if (value.isOutput() && !slowValid)
    report(Rule::V5, v, instance.numSteps(),
           "is an output without valid contents in slow memory at the end");
}

/// V7.
void PlanVerifier::checkFlights() {
  int32_t n = instance.numSteps();
  const int64_t limits[2] = {instance.machine.maxCopiesIn,
                             instance.machine.maxCopiesOut};
  for (int channel = 0; channel < 2; ++channel) {
    if (limits[channel] == 0)
      continue;
    bool isOut = channel == 1;
    auto begin = [&](const Residency &r) {
      return isOut ? r.copiedAfter() + 1 : r.copyIn()->issue;
    };
    std::vector<int64_t> inFlight(n + 2, 0);
    Residencies copied;
    for (const Residency *r : good) {
      if (isOut ? !r->copiedOut() : !r->copiedIn())
        continue;
      copied.push_back(r);
      ++inFlight[begin(*r)];
      --inFlight[(isOut ? r->out->done : r->copyIn()->ready) + 1];
    }
    for (int32_t i = 1; i <= n; ++i)
      inFlight[i] += inFlight[i - 1];
    for (const Residency *r : copied)
      if (taken[channel] + inFlight[begin(*r)] > limits[channel])
        report(Rule::V7, r->value, begin(*r),
               "more than " + Twine(limits[channel]) + " copies " +
                   (isOut ? "out" : "in") + " in flight");
  }
}

/// V10: a carried residency stands for one that the run before left, so this
/// run must leave it for the next, at the same offset.
void PlanVerifier::checkCarried() {
  int32_t n = instance.numSteps();
  int64_t number = 0;
  for (const Residency *r : good) {
    if (!r->isKept())
      continue;
    if (number++ >= instance.machine.maxCarried)
      report(Rule::V10, r->value, 0,
             "more than " + Twine(instance.machine.maxCarried) +
                 " values carried from run to run");
    if (llvm::none_of(good, [&](const Residency *q) {
          return q->value == r->value && q->offset == r->offset &&
                 q->last == n - 1 && !q->copiedOut();
        }))
      report(Rule::V10, r->value, n - 1,
             "carried into this run, but not left for the next one");
  }
}

/// The plans of loops' bodies.
void PlanVerifier::checkLoops() {
  auto inside = [&](int32_t i) {
    return (prefix + "in the loop at step " + Twine(i) + ": ").str();
  };
  for (const auto &[i, inner] : plan.loops)
    if (i < 0 || i >= instance.numSteps() || !instance.program.steps[i].body)
      report(Rule::V9, -1, i, "a plan for a loop that does not exist");
  for (int32_t i = 0; i < instance.numSteps(); ++i) {
    const Step &step = instance.program.steps[i];
    if (!step.body)
      continue;
    auto it = plan.loops.find(i);
    if (it == plan.loops.end()) {
      PlanVerifier(instance.bodyOf(i), Plan(), leastCapacity(*step.body),
                   {0, 0}, inside(i), found)
          .run();
      continue;
    }
    std::array<int64_t, 2> over = taken;
    for (const Residency *r : good) {
      over[0] += r->isCopyingIn(i);
      over[1] += r->isCopyingOut(i);
    }
    PlanVerifier(instance.bodyOf(i), it->second.plan, it->second.capacity, over,
                 inside(i), found)
        .run();
  }
}

std::vector<Violation> mempl::verify(InstanceRef instance, const Plan &plan) {
  // What else is wrong with a plan for another instance says nothing.
  if (!instance.name.empty() && plan.instance != instance.name)
    return {{Rule::V9, -1, -1,
             "the plan is for \"" + plan.instance + "\", not for \"" +
                 std::string(instance.name) + "\""}};
  std::vector<Violation> found;
  PlanVerifier(instance, plan, instance.machine.capacity, {0, 0}, "", found)
      .run();
  return found;
}

bool mempl::mayRunWithoutPlan(InstanceRef body) {
  std::vector<Violation> found;
  PlanVerifier(body, Plan(), leastCapacity(body.program), {0, 0}, "", found)
      .run();
  return found.empty();
}
