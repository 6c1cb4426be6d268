//===- AnnealerTest.cpp - runs, margins and probes ------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Annealer.h"

#include "mempl/Problem/ProblemIO.h"
#include "mempl/Problem/Simulator.h"

#include <gtest/gtest.h>

using namespace mempl;

namespace {

Instance realProgram(const char *name) {
  return llvm::cantFail(readInstance(std::string(MEMPL_TEST_DATA "/xla_tpu/") +
                                     name + ".v5e.instance.json.gz"));
}

/// An annealer on the profile of a program, and what it needs.
struct ProfileSearch {
  explicit ProfileSearch(const Instance &instance)
      : index(instance), forest(index, instance.machine.capacity),
        deadline(context),
        annealer(index, forest, {}, context, deadline, Addressing::Profile) {}

  AccessIndex index;
  UseIntervalForest forest;
  SolverContext context;
  Deadline deadline;
  Annealer annealer;
};

/// The most bytes that a plan has in fast memory at once.
int64_t mostBytes(const AccessIndex &index, const Plan &plan) {
  PlanEditor editor(index, -1, Addressing::Profile);
  loadPlan(editor, {}, plan);
  return editor.occupancy().mostUsed(0, index.numSteps() - 1);
}

TEST(Annealer, LeavesAMarginFree) {
  Instance instance = realProgram("gpt2_decode_b8");
  int64_t capacity = instance.machine.capacity /= 4;
  ProfileSearch search(instance);
  Plan full = search.annealer.run(Plan(), {3000, 1});
  ASSERT_GT(mostBytes(search.index, full), capacity * 7 / 8);
  double latency = search.annealer.bestLatency();
  search.annealer.setMargin(capacity / 8);
  // What is over is taken out, even without a move.
  Plan thinned = search.annealer.run(full, {3000, 1});
  EXPECT_LE(mostBytes(search.index, thinned), capacity - capacity / 8);
  EXPECT_GE(search.annealer.bestLatency(), latency);
  Plan better = search.annealer.run(thinned, {6000, 1});
  EXPECT_LE(mostBytes(search.index, better), capacity - capacity / 8);
  EXPECT_EQ(search.annealer.bestLatency(), simulateLatency(instance, better));
}

TEST(Annealer, GivesUpAMarginThatAConstraintNeeds) {
  Instance instance;
  instance.machine = {10, 1, 100, 10, 10, 0};
  instance.program.values = {{"a", 8, ValueKind::Input, SpaceConstraint::Fast}};
  instance.program.steps.resize(3);
  for (Step &step : instance.program.steps)
    step.accesses.push_back({0, 8});
  ASSERT_TRUE(checkInstance(instance).empty());
  ProfileSearch search(instance);
  Plan plan;
  plan.residencies = {Residency::byCopy(0, 0, 0, 0, 2)};
  search.annealer.setMargin(5);
  EXPECT_EQ(search.annealer.run(plan, {100, 1}).residencies.size(), 1u);
}

TEST(Annealer, IsEndedByAProbe) {
  Instance instance = realProgram("gpt2_decode_b8");
  instance.machine.capacity /= 4;
  for (bool ends : {false, true}) {
    ProfileSearch search(instance);
    int asked = 0;
    Plan plan = search.annealer.run(
        Plan(), {3000, 1}, {{1000, 1}, [&](const Plan &best, double latency) {
                              ++asked;
                              EXPECT_EQ(latency,
                                        simulateLatency(instance, best));
                              return ends;
                            }});
    EXPECT_EQ(asked, 1);
    if (ends)
      EXPECT_LT(search.annealer.numMoves(), 1100);
    else
      EXPECT_EQ(search.annealer.numMoves(), 3000);
    EXPECT_EQ(search.annealer.bestLatency(), simulateLatency(instance, plan));
  }
}

} // namespace
