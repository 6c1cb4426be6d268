//===- HandMade.h - tiny programs with answers worked out by hand -*- C++ -===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Short words for writing instances and plans in tests. The machine has figures
// with which one can reckon in the head: slow memory 10 bytes per second, fast
// 100, copies 10, a copy's latency 1 s, capacity 100 bytes in units of 10.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_UNITTESTS_PROBLEM_HANDMADE_H
#define MEMPL_UNITTESTS_PROBLEM_HANDMADE_H

#include "mempl/Problem/Instance.h"
#include "mempl/Problem/Plan.h"

namespace mempl::handmade {

inline Machine machine() {
  Machine m;
  m.capacity = 100;
  m.alignment = 10;
  m.fastBandwidth = 100;
  m.slowBandwidth = 10;
  m.copyBandwidth = 10;
  m.copyLatency = 1;
  return m;
}

inline Value input(const char *name, int64_t size) {
  return {name, size, ValueKind::Input, SpaceConstraint::None};
}
inline Value temporary(const char *name, int64_t size) {
  return {name, size, ValueKind::Temporary, SpaceConstraint::None};
}
inline Value output(const char *name, int64_t size) {
  return {name, size, ValueKind::Output, SpaceConstraint::None};
}
inline Value inOut(const char *name, int64_t size) {
  return {name, size, ValueKind::InOut, SpaceConstraint::None};
}

inline Access read(int32_t value, int64_t bytes) {
  return {value, bytes, AccessMode::Read, SpaceConstraint::None};
}
inline Access write(int32_t value, int64_t bytes) {
  return {value, bytes, AccessMode::Write, SpaceConstraint::None};
}
inline Access update(int32_t value, int64_t bytes) {
  return {value, bytes, AccessMode::Update, SpaceConstraint::None};
}

inline Step step(double compute, std::vector<Access> accesses = {}) {
  Step s;
  s.compute = compute;
  s.accesses = std::move(accesses);
  return s;
}

inline Instance program(std::vector<Value> values, std::vector<Step> steps,
                        const Machine &m = machine()) {
  Instance instance;
  instance.name = "t";
  instance.machine = m;
  instance.program.values = std::move(values);
  instance.program.steps = std::move(steps);
  for (size_t i = 0; i != instance.program.steps.size(); ++i)
    instance.program.steps[i].name = "s" + std::to_string(i);
  return instance;
}

inline Step loop(int64_t trips, Instance body,
                 std::vector<Access> accesses = {}) {
  Step s = step(0, std::move(accesses));
  s.trips = trips;
  s.body = std::make_shared<const Program>(std::move(body.program));
  return s;
}

inline Residency carried(int32_t value, int64_t offset, int32_t last) {
  return Residency::kept(value, offset, last);
}
/// `r`, copied out from the end of step `back` (of its last one unless given)
/// to `done`.
inline Residency copiedOut(Residency r, int32_t done,
                           std::optional<int32_t> back = std::nullopt) {
  r.out = {back, done};
  return r;
}

inline Plan plan(std::vector<Residency> residencies) {
  Plan p;
  p.instance = "t";
  p.residencies = std::move(residencies);
  return p;
}
/// The plan of a loop's body.
inline BodyPlan bodyPlan(int64_t capacity, std::vector<Residency> residencies) {
  BodyPlan body;
  body.capacity = capacity;
  body.plan.residencies = std::move(residencies);
  return body;
}

} // namespace mempl::handmade

#endif // MEMPL_UNITTESTS_PROBLEM_HANDMADE_H
