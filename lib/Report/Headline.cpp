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

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"

#include <algorithm>
#include <array>
#include <cmath>

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
    "in loops",
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
    double sum = 0;
    for (double s : seconds[cause])
      sum += s;
    return sum;
  }

private:
  void addWaits() {
    for (const CopyTiming &copy : outcome.copies) {
      const Residency &r = plan.residencies[copy.residency];
      bool isInput = instance.program.values[r.value].isInput();
      if (copy.back)
        seconds[WaitForOut][r.out->done] += copy.stall;
      else
        seconds[isInput ? WaitForInput : WaitForOther][r.first()] += copy.stall;
    }
  }

  bool isServed(const Access &access, int32_t place) const {
    return llvm::any_of(residencies[access.value],
                        [&](const Residency *r) { return r->serves(place); });
  }

  void addStep(int32_t place) {
    const Step &step = instance.program.steps[place];
    double ideal =
        stepSeconds(instance.machine, step, 0,
                    outcome.traffic[place].fast + outcome.traffic[place].slow);
    double more = outcome.times[place] - ideal;
    if (!(more > 0))
      return;
    if (step.body) {
      seconds[Loops][place] += more;
      return;
    }
    for (const Access &access : step.accesses) {
      if (access.bytes == 0 || isServed(access, place))
        continue;
      ValueKind kind = instance.program.values[access.value].kind;
      Cause cause = kind == ValueKind::Temporary ? SlowTemporary
                    : kind == ValueKind::Output  ? SlowOutput
                                                 : SlowInput;
      seconds[cause][place] += more * static_cast<double>(access.bytes) /
                               outcome.traffic[place].slow;
    }
  }

  InstanceRef instance;
  const Plan &plan;
  const Outcome &outcome;
  std::vector<std::vector<const Residency *>> residencies; ///< By value.
  std::array<std::vector<double>, NumCauses> seconds;
};

/// The shortest run of places that has three quarters of all of it.
std::pair<size_t, size_t> mostOf(const std::vector<double> &seconds) {
  double all = 0;
  for (double s : seconds)
    all += s;
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
    text = "As much time as in slow memory alone";
  if (!bound || *bound <= 0)
    return text;
  if (latency <= *bound * (1 + kEqual))
    return text + ", and no plan is faster";
  return text + ", " + percent(latency / *bound - 1) + " above the bound";
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
  int cause = 0;
  double sum = 0;
  for (int c = 0; c < NumCauses; ++c) {
    sum += losses.total(c);
    if (losses.total(c) > losses.total(cause))
      cause = c;
  }
  if (!(sum > 0))
    return headline;
  auto [first, last] = mostOf(losses.of(cause));
  const char *word = problem.isOrdered() ? "place" : "step";
  headline.rest =
      llvm::formatv("All in fast memory would take {0} less. Of that, {1} is "
                    "{2}, most of it in {3}{4}.",
                    percent(rest / outcome.latency),
                    percent(losses.total(cause) / sum), kCauses[cause], word,
                    first == last
                        ? llvm::formatv(" {0}", first).str()
                        : llvm::formatv("s {0} to {1}", first, last).str())
          .str();
  return headline;
}
