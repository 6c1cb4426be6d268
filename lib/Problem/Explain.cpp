//===- Explain.cpp - why a value is where a plan puts it ------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Says what can be said for certain: orders, sizes, traffic. Why a search took
// one of two values that compete is not among it.
//
//===----------------------------------------------------------------------===//

#include "mempl/Problem/Explain.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace mempl;

static std::string stepName(const Instance &instance, int32_t step) {
  return "step " + std::to_string(step) + " (" + instance.steps[step].name +
         ")";
}

static void describeFast(llvm::raw_ostream &os, const Instance &instance,
                         const Decision &decision,
                         llvm::ArrayRef<const Residency *> residencies) {
  os << "fast: " << decision.served << " of " << decision.traffic
     << " bytes of traffic served from fast memory";
  for (const Residency *r : residencies) {
    os << "; at " << r->offset << ", ";
    if (r->carried)
      os << "kept from the run before";
    else if (r->write >= 0)
      os << "written by " << stepName(instance, r->write);
    else
      os << "copied in before " << stepName(instance, r->ready) << ", started "
         << (r->ready - r->issue) << " steps ahead";
    os << ", until " << stepName(instance, r->last);
    if (r->copiedBack())
      os << ", copied back";
  }
}

static void describeSlow(llvm::raw_ostream &os, const Instance &instance,
                         const Decision &decision, llvm::StringRef reason) {
  const Value &value = instance.values[decision.value];
  const Machine &machine = instance.machine;
  if (!reason.empty())
    os << "slow: it " << reason;
  else if (value.space == SpaceOrder::Slow)
    os << "slow: ordered";
  else if (decision.traffic == 0)
    os << "slow: nothing uses it";
  else if (machine.roundUp(value.size) > machine.capacity)
    os << "slow: it needs " << value.size << " bytes and fast memory has "
       << machine.capacity;
  else
    os << "slow: its " << decision.traffic
       << " bytes of traffic are worth less than the room or the copies";
}

std::vector<Decision> mempl::explain(const Instance &instance, const Plan &plan,
                                     llvm::ArrayRef<std::string> slowReasons) {
  std::vector<std::vector<const Residency *>> residencies(
      instance.values.size());
  for (const Residency &residency : plan.residencies)
    residencies[residency.value].push_back(&residency);
  std::vector<Decision> decisions(instance.values.size());
  for (auto [i, step] : llvm::enumerate(instance.steps))
    for (const Access &access : step.accesses) {
      Decision &decision = decisions[access.value];
      decision.traffic += access.bytes;
      for (const Residency *residency : residencies[access.value])
        if (residency->serves(static_cast<int32_t>(i)))
          decision.served += access.bytes;
    }
  for (auto [v, decision] : llvm::enumerate(decisions)) {
    decision.value = static_cast<int32_t>(v);
    decision.fast = !residencies[v].empty();
    llvm::raw_string_ostream os(decision.text);
    if (decision.fast)
      describeFast(os, instance, decision, residencies[v]);
    else
      describeSlow(os, instance, decision,
                   slowReasons.empty() ? llvm::StringRef() : slowReasons[v]);
  }
  return decisions;
}
