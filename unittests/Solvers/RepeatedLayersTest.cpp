//===- RepeatedLayersTest.cpp - one plan for layers that are alike --------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RepeatedLayers.h"

#include "mempl/Problem/Simulator.h"
#include "mempl/Solvers/Solver.h"

#include <gtest/gtest.h>

using namespace mempl;

namespace {

/// Steps that read two values and write one, in `layers` layers of four: what
/// a layer makes is what the next one begins with. Two weights a layer.
Instance layeredProgram(int32_t layers) {
  Instance instance;
  instance.name = "layers";
  Machine &m = instance.machine;
  m.capacity = 100;
  m.slowBandwidth = 10;
  m.fastBandwidth = 1000;
  m.copyBandwidth = 10;
  Program &program = instance.program;
  auto addValue = [&](int64_t size, ValueKind kind) {
    program.values.push_back(
        {"v" + std::to_string(program.values.size()), size, kind});
    return program.numValues() - 1;
  };
  auto addStep = [&](double compute, int32_t a, int32_t b, int32_t out) {
    Step step;
    step.name = "s" + std::to_string(program.steps.size());
    step.compute = compute;
    for (int32_t v : {a, b})
      step.accesses.push_back({v, program.values[v].size});
    step.accesses.push_back({out, program.values[out].size, AccessMode::Write});
    program.steps.push_back(step);
  };
  int32_t x = addValue(10, ValueKind::Input);
  for (int32_t k = 0; k < layers; ++k) {
    int32_t w1 = addValue(40, ValueKind::Input);
    int32_t w2 = addValue(30, ValueKind::Input);
    int32_t wide = addValue(20, ValueKind::Temporary);
    int32_t narrow = addValue(10, ValueKind::Temporary);
    int32_t sum = addValue(10, ValueKind::Temporary);
    int32_t next = addValue(10, k + 1 == layers ? ValueKind::Output
                                                : ValueKind::Temporary);
    addStep(2, x, w1, wide);
    addStep(1, wide, w2, narrow);
    addStep(0.5, narrow, x, sum);
    addStep(0.25, sum, w2, next);
    x = next;
  }
  return instance;
}

TEST(RepeatedLayers, AreFoundWithTheirValues) {
  Instance instance = layeredProgram(6);
  ASSERT_TRUE(checkInstance(instance).empty());
  AccessIndex index(instance);
  auto layers = findRepeatedLayers(index);
  ASSERT_TRUE(layers);
  EXPECT_EQ(layers->period, 4);
  EXPECT_GE(layers->count, 5);
  EXPECT_EQ(layers->layer.numSteps(), 4);
  EXPECT_TRUE(checkInstance(layers->layer).empty());
  // Only what one layer hands to the next crosses the boundary.
  EXPECT_EQ(layers->start % 4, 0);
  ASSERT_EQ(static_cast<int32_t>(layers->values.size()), layers->count);
  for (int32_t k = 0; k < layers->count; ++k) {
    const auto &values = layers->values[k];
    ASSERT_EQ(static_cast<int32_t>(values.size()), layers->layer.numValues());
    for (int32_t v = 0; v < layers->layer.numValues(); ++v)
      EXPECT_EQ(instance.program.values[values[v]].size,
                layers->layer.program.values[v].size);
  }
}

TEST(RepeatedLayers, OthersAreNone) {
  EXPECT_FALSE(findRepeatedLayers(AccessIndex(layeredProgram(2))));
  Instance different = layeredProgram(6);
  for (int32_t i = 0; i < different.numSteps(); ++i)
    different.program.steps[i].compute += i;
  EXPECT_FALSE(findRepeatedLayers(AccessIndex(different)));
  EXPECT_FALSE(findRepeatedLayers(AccessIndex(Instance())));
}

TEST(RepeatedLayers, AnEqualPlanForAllIsLegalAndFaster) {
  Instance instance = layeredProgram(8);
  AccessIndex index(instance);
  auto layers = findRepeatedLayers(index);
  ASSERT_TRUE(layers);
  SolverContext context;
  context.budget = 300;
  Solution layer = llvm::cantFail(
      llvm::cantFail(createSolver("search"))->solve(layers->layer, context));
  PlanEditor editor(index, -1, Addressing::Profile);
  double slow = editor.latency();
  EXPECT_EQ(applyToLayers(editor, *layers, layer.plan), layers->count);
  EXPECT_TRUE(editor.isLegal());
  EXPECT_LT(editor.latency(), slow);
  // As fast as the layers one after the other, or faster: a copy of one may
  // move while another computes.
  double rest = slow - layers->count * slowLatency(layers->layer);
  EXPECT_LE(editor.latency(), rest + layers->count * layer.latency + 1e-9);
}

/// Layers of five steps, the first of which may as well be the last.
Instance freeLayers(int32_t layers) {
  Instance instance = layeredProgram(layers);
  Program &program = instance.program;
  program.order = StepOrder::Free;
  for (int32_t k = 0; k < layers; ++k) {
    Step spare;
    spare.name = "spare";
    spare.compute = 0.125;
    spare.accesses = {program.steps[5 * k + 1].accesses[1]};
    program.steps.insert(program.steps.begin() + 5 * k, spare);
  }
  return instance;
}

TEST(RepeatedLayers, GetTheOrderOfThePlan) {
  Instance instance = freeLayers(6);
  AccessIndex index(instance);
  auto layers = findRepeatedLayers(index);
  ASSERT_TRUE(layers);
  ASSERT_EQ(layers->period, 5);
  EXPECT_EQ(layers->layer.program.order, StepOrder::Free);
  for (const std::vector<int32_t> &order :
       {std::vector<int32_t>{1, 0, 2, 3, 4}, {4, 3, 2, 1, 0}}) {
    Plan plan;
    plan.order = order;
    ReorderableProgram program(instance, {});
    PlanEditor editor(program, -1, Addressing::Profile);
    bool isValid = isValidOrder(layers->layer.program, order);
    EXPECT_EQ(applyToLayers(editor, *layers, plan),
              isValid ? layers->count : 0);
    EXPECT_TRUE(isValidOrder(instance.program, program.order()));
    EXPECT_EQ(llvm::is_sorted(program.order()), !isValid);
    for (int32_t i = 0; isValid && i < layers->count * 5; ++i)
      EXPECT_EQ(program.stepAt(layers->start + i),
                layers->start + i / 5 * 5 + order[i % 5]);
  }
}

TEST(RepeatedLayers, KeepWhatRunsAfterWhatWithinThem) {
  Instance instance = freeLayers(6);
  for (int32_t i = 1; i < instance.numSteps(); ++i)
    instance.program.steps[i].after = {i - 1};
  auto layers = findRepeatedLayers(AccessIndex(instance));
  ASSERT_TRUE(layers);
  EXPECT_TRUE(checkInstance(layers->layer).empty());
  EXPECT_TRUE(layers->layer.program.steps[0].after.empty());
  for (int32_t k = 1; k < layers->period; ++k)
    EXPECT_EQ(layers->layer.program.steps[k].after,
              std::vector<int32_t>{k - 1});
}

TEST(RepeatedLayers, APlanThatDoesNotFitChangesNothing) {
  Instance instance = layeredProgram(8);
  AccessIndex index(instance);
  auto layers = findRepeatedLayers(index);
  ASSERT_TRUE(layers);
  Plan tooMuch;
  for (int32_t v = 0; v < layers->layer.numValues(); ++v)
    if (layers->layer.program.values[v].isInput())
      tooMuch.residencies.push_back(Residency::byCopy(v, 0, 0, 0, 3));
  for (int copies = 0; copies < 2; ++copies)
    tooMuch.residencies.push_back(tooMuch.residencies.front());
  PlanEditor editor(index, -1, Addressing::Profile);
  double slow = editor.latency();
  EXPECT_EQ(applyToLayers(editor, *layers, tooMuch), 0);
  EXPECT_EQ(editor.latency(), slow);
  EXPECT_EQ(editor.numResidencies(), 0);
}

} // namespace
