//===- TrainingClock.cpp - the time that training may take ----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TrainingClock.h"

using namespace mempl;

// Evaluation and checkpoint at the end may take longer than any so far.
static constexpr double kReserve = 1.25;

double TrainingClock::afterShareOfRest(double share) const {
  if (!isLimited())
    return kNever;
  double now = seconds();
  return now + share * std::max(0.0, maxSeconds - now);
}

double TrainingClock::afterAll(double factor) const {
  return isLimited() ? factor * maxSeconds : kNever;
}

double TrainingClock::reserve() const {
  return kReserve * (evaluation + checkpoint);
}
