//===- Headline.cpp - a plan in one sentence ------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The time above the ideal is shared out: a wait to the copy that is waited
// for, what a step takes longer to its accesses in slow memory, by their bytes.
// Each share has a cause, and the largest cause is told, with the shortest run
// of steps that has most of it.
//
//===----------------------------------------------------------------------===//

#include "Headline.h"

#include "MemoryMap.h"

#include "mempl/Problem/StepOrder.h"
#include "mempl/Problem/TimeModel.h"
#include "mempl/Report/Report.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"

#include <algorithm>
#include <array>
#include <numeric>

using namespace mempl;
using namespace mempl::report;

std::vector<const char *> mempl::report::limitsOf(InstanceRef instance,
                                                  const Outcome &outcome) {
  const Machine &m = instance.machine;
  std::vector<const char *> limits;
  for (size_t i = 0; i < outcome.times.size(); ++i) {
    const StepTraffic &t = outcome.traffic[i];
    double busy = outcome.times[i] - m.stepOverhead;
    if (busy <= m.stepOverhead)
      limits.push_back("overhead");
    else if (t.memorySeconds < busy * (1 - 1e-9))
      limits.push_back("compute");
    else
      limits.push_back(t.slow / m.slowBandwidth >= t.fast / m.fastBandwidth
                           ? "slow"
                           : "fast");
  }
  return limits;
}

namespace {

/// Where time goes that is not spent where everything is in fast memory.
enum Cause {
  WaitForInput,
  WaitForOther,
  WaitForOut,
  SlowInput,
  SlowTemporary,
  SlowOutput,
  Loops,
  NumCauses
};

constexpr const char *kCauses[NumCauses] = {
    "waits for inputs that are copied in",
    "waits for values that are copied back in",
    "waits for copies out",
    "inputs in slow memory",
    "temporaries in slow memory",
    "outputs in slow memory",
    "in the first and last trips of loops",
};

/// Seconds by cause and place.
class Losses {
public:
  Losses(InstanceRef instance, const Plan &plan, const Outcome &outcome)
      : instance(instance), plan(plan), outcome(outcome) {
    for (auto &places : seconds)
      places.assign(outcome.times.size() + 1, 0);
    residencies.resize(instance.program.values.size());
    for (const Residency &r : plan.residencies)
      residencies[r.value].push_back(&r);
    addWaits();
    for (int32_t i = 0; i < instance.numSteps(); ++i)
      addStep(i);
  }

  const std::vector<double> &of(int cause) const { return seconds[cause]; }
  double total(int cause) const {
    return std::accumulate(seconds[cause].begin(), seconds[cause].end(), 0.0);
  }

private:
  void addWaits() {
    for (const CopyTiming &copy : outcome.copies) {
      const Residency &r = plan.residencies[copy.residency];
      bool isInput = instance.program.values[r.value].isInput();
      if (copy.back)
        seconds[WaitForOut][inTrip(r.out->done)] += copy.stall;
      else
        seconds[isInput ? WaitForInput : WaitForOther][inTrip(r.first())] +=
            copy.stall;
    }
  }

  /// A boundary of this trip or of a later one.
  int32_t inTrip(int32_t boundary) const {
    int32_t n = instance.numSteps();
    return boundary <= n ? boundary : boundary % n;
  }

  /// What one trip of a loop loses, by cause.
  std::array<double, NumCauses> lossesOfTrip(int32_t place) const {
    static const Plan none;
    const BodyPlan *body = plan.bodyPlan(place);
    const Plan &bodyPlan = body ? body->plan : none;
    InstanceRef inner = instance.bodyOf(place);
    Outcome trip = simulate(inner, bodyPlan, /*withTraffic=*/true);
    OrderedProblem problem(inner, bodyPlan);
    Losses losses(problem.instance(), problem.plan(), trip);
    std::array<double, NumCauses> totals;
    for (int cause = 0; cause < NumCauses; ++cause)
      totals[cause] = losses.total(cause);
    return totals;
  }

  bool isServed(const Access &access, int32_t place) const {
    return llvm::any_of(residencies[access.value], [&](const Residency *r) {
      return r->serves(place, instance.numSteps());
    });
  }

  void addStep(int32_t place) {
    const Step &step = instance.program.steps[place];
    LoopCost body;
    if (step.body)
      body.latency = static_cast<double>(step.trips) *
                     idealLatency(instance.bodyOf(place));
    const StepTraffic &moved = outcome.traffic[place];
    double bytes = step.body ? 0 : moved.fast + moved.slow;
    double more = outcome.times[place] -
                  stepSeconds(instance.machine, step, 0, bytes, body);
    if (!(more > 0))
      return;
    std::array<double, NumCauses> causes = {};
    for (const Access &access : step.accesses) {
      if (isServed(access, place))
        continue;
      ValueKind kind = instance.program.values[access.value].kind;
      Cause cause = kind == ValueKind::Temporary ? SlowTemporary
                    : kind == ValueKind::Output  ? SlowOutput
                                                 : SlowInput;
      causes[cause] +=
          static_cast<double>(access.bytes) / instance.machine.slowBandwidth;
    }
    if (step.body) {
      std::array<double, NumCauses> trip = lossesOfTrip(place);
      for (int cause = 0; cause < NumCauses; ++cause)
        causes[cause] += static_cast<double>(step.trips) * trip[cause];
    }
    double sum = std::accumulate(causes.begin(), causes.end(), 0.0);
    if (!(sum > 0))
      causes[Loops] = sum = 1;
    for (int cause = 0; cause < NumCauses; ++cause)
      seconds[cause][place] += more * causes[cause] / sum;
  }

  InstanceRef instance;
  const Plan &plan;
  const Outcome &outcome;
  std::vector<std::vector<const Residency *>> residencies; ///< By value.
  std::array<std::vector<double>, NumCauses> seconds;
};

/// The shortest run of places that has three quarters of all of it.
std::pair<size_t, size_t> mostOf(const std::vector<double> &seconds) {
  double all = std::accumulate(seconds.begin(), seconds.end(), 0.0);
  std::pair<size_t, size_t> best = {0, seconds.size() - 1};
  double sum = 0;
  size_t first = 0;
  for (size_t last = 0; last < seconds.size(); ++last) {
    sum += seconds[last];
    while (first < last && sum - seconds[first] >= 0.75 * all)
      sum -= seconds[first++];
    if (sum >= 0.75 * all && last - first < best.second - best.first)
      best = {first, last};
  }
  return best;
}

} // namespace

/// A share as people say it: "22 %", "1.2 %", "0.04 %".
static std::string percent(double share) {
  double p = 100 * share;
  return llvm::formatv(p >= 9.95    ? "{0:f0} %"
                       : p >= 0.095 ? "{0:f1} %"
                                    : "{0:f2} %",
                       p)
      .str();
}

static std::string comparison(double latency, double slow,
                              std::optional<double> bound) {
  constexpr double kEqual = 5e-5;
  std::string text;
  if (slow > 0 && latency < slow * (1 - kEqual))
    text = percent(1 - latency / slow) + " less time than in slow memory alone";
  else if (latency > slow * (1 + kEqual))
    text = percent(latency / slow - 1) + " more time than in slow memory alone";
  else
    text = "as much time as in slow memory alone";
  if (!bound || *bound <= 0)
    return text;
  if (latency <= *bound * (1 + kEqual))
    return text + ", and no plan is faster";
  return text + ", " + percent(latency / *bound - 1) + " above the bound";
}

/// ", mostly in step 3", or "steps 3 to 9": where most of it is. Empty where
/// that is all over the program.
static std::string placesText(const std::vector<double> &seconds,
                              bool isOrdered) {
  auto [first, last] = mostOf(seconds);
  std::string text = isOrdered ? ", mostly in place" : ", mostly in step";
  if (first == last)
    return text + " " + std::to_string(first);
  if (2 * (last - first) > seconds.size())
    return "";
  return text + "s " + std::to_string(first) + " to " + std::to_string(last);
}

Headline mempl::report::headlineOf(const Instance &whole, const Plan &unordered,
                                   const Outcome &outcome,
                                   std::optional<double> bound) {
  Headline headline;
  headline.text = comparison(outcome.latency, slowLatency(whole), bound);
  double rest = outcome.latency - idealLatency(whole);
  if (!(rest > 1e-4 * outcome.latency))
    return headline;
  OrderedProblem problem(whole, unordered);
  Losses losses(problem.instance(), problem.plan(), outcome);
  std::vector<std::pair<double, int>> causes; // The largest first.
  double sum = 0;
  for (int cause = 0; cause < NumCauses; ++cause) {
    causes.push_back({-losses.total(cause), cause});
    sum += losses.total(cause);
  }
  if (!(sum > 0))
    return headline;
  llvm::sort(causes);
  headline.rest = "All in fast memory would take " +
                  percent(rest / outcome.latency) + " less. Of that, ";
  // One cause, or two where one is not most of it.
  bool isMost = -causes[0].first > 0.6 * sum || causes[1].first == 0;
  for (int k = 0; k < (isMost ? 1 : 2); ++k) {
    auto [seconds, cause] = causes[k];
    headline.rest += (k > 0 ? ", and " : "") + percent(-seconds / sum) +
                     " is " + kCauses[cause] +
                     placesText(losses.of(cause), problem.isOrdered());
  }
  headline.rest += ".";
  return headline;
}

std::string mempl::headlineText(const Instance &instance, const Plan &plan,
                                std::optional<double> bound) {
  Outcome outcome = simulate(instance, plan, /*withTraffic=*/true);
  Headline headline = headlineOf(instance, plan, outcome, bound);
  return headline.rest.empty() ? headline.text
                               : headline.text + ". " + headline.rest;
}
