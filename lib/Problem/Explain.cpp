//===- Explain.cpp - why a value is where a plan puts it ------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Says what can be said for certain: constraints, sizes, traffic, the room that
// a plan leaves. Why a search took one of two values that compete is not among
// it.
//
//===----------------------------------------------------------------------===//

#include "mempl/Problem/Explain.h"

#include "mempl/Problem/Coverage.h"
#include "mempl/Problem/Simulator.h"
#include "mempl/Problem/StepOrder.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <tuple>

using namespace mempl;

/// The step at a place of the plan's order, by its number in the program. In a
/// loop's body, it may be of the next trip.
static std::string stepName(const OrderedProblem &problem, int32_t place) {
  int32_t n = problem.instance().numSteps();
  int32_t inTrip = place % n;
  return "step " + std::to_string(problem.stepAt(inTrip)) + " (" +
         problem.instance().program.steps[inTrip].name + ")" +
         (place < n ? "" : " of the next trip");
}

static int64_t saturatingAdd(int64_t a, int64_t b) {
  int64_t sum;
  return llvm::AddOverflow(a, b, sum) ? INT64_MAX : sum;
}

static void describeFast(llvm::raw_ostream &os, const OrderedProblem &problem,
                         const Decision &decision,
                         llvm::ArrayRef<const Residency *> residencies) {
  os << "fast: " << decision.served << " of " << decision.traffic
     << " bytes of traffic served from fast memory";
  for (const Residency *r : residencies) {
    os << "; at " << r->offset;
    if (r->offset2)
      os << " and " << *r->offset2 << " by turns";
    os << ", ";
    if (r->isKept())
      os << "kept from the run before";
    else if (const ByWrite *write = r->written())
      os << "written by " << stepName(problem, write->step);
    else if (const CopyIn *in = r->copyIn())
      os << "copied in before " << stepName(problem, in->ready) << ", started "
         << (in->ready - in->issue) << " steps ahead";
    os << ", until " << stepName(problem, r->last);
    if (r->copiedOut())
      os << ", copied out";
  }
}

namespace {

/// The accesses to one value.
struct Uses {
  llvm::SmallVector<int32_t, 4> steps;
  bool slowOnly = true; ///< All are constrained to slow memory.
  int writes = 0;
};

/// Finds why values are in slow memory.
class SlowReasons {
public:
  SlowReasons(InstanceRef instance, const Plan &plan, int64_t capacity)
      : instance(instance), capacity(capacity),
        outcome(simulate(instance, plan, /*withTraffic=*/true)),
        uses(instance.program.values.size()) {
    for (auto [i, step] : llvm::enumerate(instance.program.steps))
      for (const Access &access : step.accesses) {
        Uses &of = uses[access.value];
        of.steps.push_back(static_cast<int32_t>(i));
        of.slowOnly &= access.space == SpaceConstraint::Slow;
        of.writes += access.writes();
      }
  }

  void explain(Decision &decision, llvm::StringRef own) const;

private:
  int64_t bytesOfCopies(const Value &value) const {
    return saturatingAdd(value.isInput() ? value.size : 0,
                         value.isOutput() ? value.size : 0);
  }
  /// Most bytes that are free at a step that uses the value.
  int64_t mostFree(const Uses &of) const {
    int64_t most = 0;
    for (int32_t step : of.steps)
      most = std::max(most, capacity - outcome.profile[step]);
    return most;
  }
  /// Whether a step would not be faster if it moved no byte.
  bool isHidden(int32_t step) const {
    return outcome.traffic[step].memorySeconds <
           outcome.times[step] - instance.machine.stepOverhead;
  }
  SlowCause causeOf(const Decision &decision, llvm::StringRef own) const;

  InstanceRef instance;
  int64_t capacity;
  Outcome outcome;
  std::vector<Uses> uses; ///< By value.
};

} // namespace

SlowCause SlowReasons::causeOf(const Decision &decision,
                               llvm::StringRef own) const {
  const Value &value = instance.program.values[decision.value];
  const Uses &of = uses[decision.value];
  if (decision.fast)
    return decision.served < decision.traffic ? SlowCause::Part
                                              : SlowCause::None;
  if (!own.empty())
    return SlowCause::Own;
  if (value.space == SpaceConstraint::Slow)
    return SlowCause::Constrained;
  if (of.steps.empty())
    return SlowCause::Unused;
  if (of.slowOnly)
    return SlowCause::StepsConstrained;
  if (instance.machine.roundUp(value.size) > instance.machine.capacity)
    return SlowCause::TooLarge;
  // Copies of a streamed value can go on behind what a loop computes.
  if (int64_t copies = bytesOfCopies(value);
      !value.streamed && copies > 0 && decision.traffic <= copies)
    return SlowCause::CopiedOnce;
  if (llvm::all_of(of.steps, [&](int32_t step) { return isHidden(step); }))
    return SlowCause::Hidden;
  if (mostFree(of) < instance.machine.roundUp(value.size))
    return SlowCause::NoRoom;
  return SlowCause::NoGain;
}

/// What a value that is not worth a copy has in common with others.
static const char *copiedOnceReason(const Value &value, const Uses &of,
                                    int64_t traffic) {
  if (traffic < value.size)
    return "moves fewer bytes than a copy of it would";
  if (of.writes == 0)
    return "is read once: copying it in moves as many bytes as reading it";
  if (!value.isInput())
    return "is written once: copying it out moves as many bytes as writing it";
  return "moves no more bytes than the copies of it would";
}

void SlowReasons::explain(Decision &decision, llvm::StringRef own) const {
  const Value &value = instance.program.values[decision.value];
  const Uses &of = uses[decision.value];
  std::string figures;
  llvm::raw_string_ostream os(figures);
  decision.cause = causeOf(decision, own);
  switch (decision.cause) {
  case SlowCause::None:
    return;
  case SlowCause::Part:
    decision.reason = "is in fast memory for a part of its uses";
    return;
  case SlowCause::Own:
    decision.reason = own.str();
    break;
  case SlowCause::Constrained:
    decision.reason = "is constrained to slow memory";
    break;
  case SlowCause::StepsConstrained:
    decision.reason = "is used by steps that need it in slow memory";
    break;
  case SlowCause::Unused:
    decision.reason = "is not used";
    break;
  case SlowCause::TooLarge:
    decision.reason = "is larger than fast memory";
    os << ": it needs " << value.size << " bytes of "
       << instance.machine.capacity;
    break;
  case SlowCause::CopiedOnce:
    decision.reason = copiedOnceReason(value, of, decision.traffic);
    break;
  case SlowCause::Hidden:
    decision.reason =
        "is used only by steps that compute for longer than they move bytes";
    break;
  case SlowCause::NoRoom:
    decision.reason = "finds no room beside the values that are there";
    os << ": it needs " << instance.machine.roundUp(value.size)
       << " bytes, and its steps leave at most " << mostFree(of);
    break;
  case SlowCause::NoGain:
    decision.reason =
        "saves less time in fast memory than its copies and its room cost";
    break;
  }
  decision.text = "slow: it " + decision.reason + figures;
}

std::vector<Decision> mempl::explain(InstanceRef whole, const Plan &given,
                                     llvm::ArrayRef<std::string> slowReasons,
                                     int64_t capacity) {
  OrderedProblem problem(whole, given);
  InstanceRef instance = problem.instance();
  const Plan &plan = problem.plan();
  std::vector<std::vector<const Residency *>> residencies(
      instance.program.values.size());
  for (const Residency &residency : plan.residencies)
    residencies[residency.value].push_back(&residency);
  std::vector<Decision> decisions(instance.program.values.size());
  for (auto [i, step] : llvm::enumerate(instance.program.steps))
    for (const Access &access : step.accesses) {
      Decision &decision = decisions[access.value];
      decision.traffic = saturatingAdd(decision.traffic, access.bytes);
      if (llvm::any_of(residencies[access.value], [&](const Residency *r) {
            return r->serves(static_cast<int32_t>(i), instance.numSteps());
          }))
        decision.served = saturatingAdd(decision.served, access.bytes);
    }
  SlowReasons reasons(instance, plan,
                      capacity < 0 ? instance.machine.capacity : capacity);
  for (auto [v, decision] : llvm::enumerate(decisions)) {
    decision.value = static_cast<int32_t>(v);
    decision.fast = !residencies[v].empty();
    if (decision.fast) {
      llvm::raw_string_ostream os(decision.text);
      describeFast(os, problem, decision, residencies[v]);
    }
    reasons.explain(decision, slowReasons.empty()
                                  ? instance.program.values[v].reason
                                  : slowReasons[v]);
  }
  return decisions;
}

void SlowTrafficSummary::add(InstanceRef instance,
                             llvm::ArrayRef<Decision> decisions,
                             int64_t trips) {
  auto times = [&](int64_t bytes) {
    int64_t product;
    return llvm::MulOverflow(bytes, trips, product) ? INT64_MAX : product;
  };
  std::vector<bool> bySlices = usedSliceBySlice(instance.program);
  for (const Decision &decision : decisions) {
    fast |= decision.fast;
    total = saturatingAdd(total, times(decision.traffic));
    if (decision.cause == SlowCause::None ||
        decision.cause == SlowCause::Unused || bySlices[decision.value])
      continue;
    int64_t bytes = times(decision.traffic - decision.served);
    slow = saturatingAdd(slow, bytes);
    auto group = llvm::find_if(groups, [&](const SlowTraffic &other) {
      return other.reason == decision.reason;
    });
    if (group == groups.end())
      group = groups.insert(groups.end(), SlowTraffic{decision.reason});
    ++group->values;
    group->bytes = saturatingAdd(group->bytes, bytes);
    group->size = saturatingAdd(group->size,
                                instance.program.values[decision.value].size);
  }
}

std::vector<SlowTraffic> SlowTrafficSummary::sorted() const {
  std::vector<SlowTraffic> result = groups;
  llvm::stable_sort(result, [](const SlowTraffic &a, const SlowTraffic &b) {
    return std::tie(a.bytes, a.size) > std::tie(b.bytes, b.size);
  });
  return result;
}

std::string SlowTrafficSummary::str(size_t most) const {
  std::string text;
  llvm::raw_string_ostream os(text);
  std::vector<SlowTraffic> reasons = sorted();
  for (auto [i, group] : llvm::enumerate(reasons)) {
    if (i == most) {
      size_t rest = reasons.size() - most;
      os << "; and " << rest << (rest == 1 ? " more reason" : " more reasons");
      break;
    }
    os << (i ? "; " : "");
    if (group.bytes > 0)
      os << group.bytes << " bytes of ";
    os << group.values << (group.values == 1 ? " value" : " values");
    if (group.bytes == 0 && group.size > 0)
      os << (group.values == 1 ? " of " : " of together ") << group.size
         << " bytes";
    os << " because " << (group.values == 1 ? "it " : "each ") << group.reason;
  }
  return text;
}
