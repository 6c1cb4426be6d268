//===- Plan.cpp - counting the copies of a plan ---------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Problem/Plan.h"

#include "mempl/Problem/TimeModel.h"

#include "llvm/ADT/STLExtras.h"

using namespace mempl;

bool Plan::operator==(const Plan &) const = default;

const BodyPlan *Plan::bodyPlan(int32_t step) const {
  auto it = loops.find(step);
  return it == loops.end() ? nullptr : &it->second;
}

bool Plan::crossesTrips(int32_t numSteps) const {
  return llvm::any_of(residencies, [&](const Residency &r) {
    return r.isAhead(numSteps) || (r.out && r.out->done > numSteps);
  });
}

int64_t Plan::numCopiesIn() const {
  int64_t n = 0;
  for (const Residency &r : residencies)
    n += r.copiedIn();
  for (const auto &[step, body] : loops)
    n += body.plan.numCopiesIn();
  return n;
}

int64_t Plan::numCopiesOut() const {
  int64_t n = 0;
  for (const Residency &r : residencies)
    n += r.copiedOut();
  for (const auto &[step, body] : loops)
    n += body.plan.numCopiesOut();
  return n;
}

int64_t Plan::numCopies() const { return numCopiesIn() + numCopiesOut(); }

int64_t mempl::leastCapacity(const Program &body) {
  int64_t least = 0;
  for (const Step &step : body.steps)
    least = std::max(least, reservedBytes(step, nullptr));
  return least;
}
