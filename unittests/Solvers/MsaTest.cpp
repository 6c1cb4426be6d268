//===- MsaTest.cpp - what MSA decides, case by case -----------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Cases of XLA's own tests in the words of docs/Problem.md. Left out are those
// about slices, windows and blocks of prefetches, which a plan cannot say;
// about conditionals, which an instance does not have; and about the rewriting
// of the program.
//
//===----------------------------------------------------------------------===//

#include "mempl/Solvers/Msa.h"

#include "HandMade.h"

#include "mempl/Problem/ProblemIO.h"
#include "mempl/Problem/Simulator.h"
#include "mempl/Problem/Verifier.h"
#include "mempl/Solvers/Solver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace mempl;
using namespace mempl::handmade;
using testing::HasSubstr;

namespace {

/// 128 bytes in units of 8, as in XLA's tests.
Machine machine128() {
  Machine m;
  m.capacity = 128;
  m.alignment = 8;
  m.slowBandwidth = m.copyBandwidth = 100;
  m.fastBandwidth = 1000;
  return m;
}

Plan plan(const Instance &instance, const MsaOptions &options,
          MsaStatistics *stats = nullptr) {
  Plan result = llvm::cantFail(planMsa(instance, options, stats));
  auto violations = verify(instance, result);
  EXPECT_TRUE(violations.empty()) << violations.front().str();
  return result;
}

MsaOptions testWith(llvm::StringRef text) {
  MsaOptions options = MsaOptions::test();
  llvm::cantFail(applyMsaOptions(text, options));
  return options;
}

std::vector<Residency> residenciesOf(const Plan &plan, int32_t value) {
  std::vector<Residency> result;
  for (const Residency &r : plan.residencies)
    if (r.value == value)
      result.push_back(r);
  return result;
}

//===----------------------------------------------------------------------===//
// Prefetches and stays
//===----------------------------------------------------------------------===//

TEST(Msa, PrefetchesALateOperandAndKeepsAChain) {
  // Seven steps that negate, then one that adds an input to the result.
  std::vector<Value> values = {input("p0", 24), input("p1", 24)};
  std::vector<Step> steps;
  for (int i = 0; i < 7; ++i) {
    values.push_back(temporary("negate", 24));
    steps.push_back(step(1, {read(i == 0 ? 0 : i + 1, 24), write(i + 2, 24)}));
  }
  values.push_back(output("add", 24));
  steps.push_back(step(1, {read(8, 24), read(1, 24), write(9, 24)}));
  Instance instance = program(values, steps, machine128());
  Plan p = plan(instance, MsaOptions::test());

  auto late = residenciesOf(p, 1);
  ASSERT_EQ(late.size(), 1u);
  EXPECT_EQ(late[0].copyIn()->issue, 0);
  EXPECT_EQ(late[0].copyIn()->ready, 7);
  for (int v = 2; v < 9; ++v) {
    auto negate = residenciesOf(p, v);
    ASSERT_EQ(negate.size(), 1u);
    EXPECT_EQ(negate[0].written()->step, v - 2);
    EXPECT_EQ(negate[0].last, v - 1);
  }
  EXPECT_TRUE(residenciesOf(p, 0).empty());
  EXPECT_TRUE(residenciesOf(p, 9).empty());
}

TEST(Msa, StartsACopyWhenTheChannelIsFree) {
  // Steps take 10 s, copies 20.
  Machine m = machine128();
  m.slowBandwidth = m.fastBandwidth = 1000;
  m.copyBandwidth = 24.0 / 20;
  std::vector<Step> steps(6, step(10));
  steps[2] = step(10, {read(0, 24)});
  steps[5] = step(10, {read(1, 24)});
  Instance instance = program({input("p0", 24), input("p1", 24)}, steps, m);
  MsaOptions options;
  options.minOverlap = options.preferredOverlap = 1;
  Plan p = plan(instance, options);
  auto second = residenciesOf(p, 1);
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0].copyIn()->issue, 3);
  EXPECT_EQ(second[0].copyIn()->ready, 5);
  // There is no capacity left for a third one.
  instance.program.values.push_back(input("p2", 24));
  instance.program.steps[5].accesses.push_back(read(2, 24));
  p = plan(instance, options);
  EXPECT_EQ(p.numCopiesIn(), 2);
}

/// A value used at once and much later, with `between` steps in between.
Instance usedAtOnceAndLate(int between) {
  std::vector<Value> values = {temporary("tanh", 24)};
  std::vector<Step> steps = {step(1, {write(0, 24)}), step(1, {read(0, 24)})};
  for (int i = 0; i < between; ++i)
    steps.push_back(step(1));
  steps.push_back(step(1, {read(0, 24)}));
  return program(values, steps, machine128());
}

TEST(Msa, EvictsAfterTheDefinitionAndPrefetchesFromTheEvictedCopy) {
  Instance instance = usedAtOnceAndLate(14);
  Plan p = plan(instance, MsaOptions::test());
  auto tanh = residenciesOf(p, 0);
  ASSERT_EQ(tanh.size(), 2u);
  EXPECT_EQ(tanh[0].written()->step, 0);
  EXPECT_EQ(tanh[0].last, 1);
  EXPECT_EQ(tanh[0].out->back, 0);
  EXPECT_EQ(tanh[0].out->done, 2);
  EXPECT_GE(tanh[1].copyIn()->issue, tanh[0].out->done);
  EXPECT_EQ(tanh[1].copyIn()->ready, 16);
  // Near enough it stays.
  p = plan(usedAtOnceAndLate(9), MsaOptions::test());
  ASSERT_EQ(p.residencies.size(), 1u);
  EXPECT_EQ(p.residencies[0].last, 11);
}

TEST(Msa, PrefetchesTwoLateUsesFromTheEvictedCopy) {
  Instance instance = usedAtOnceAndLate(14);
  for (int i = 0; i < 14; ++i)
    instance.program.steps.push_back(step(1));
  instance.program.steps.push_back(step(1, {read(0, 24)}));
  Plan p = plan(instance, MsaOptions::test());
  auto tanh = residenciesOf(p, 0);
  ASSERT_EQ(tanh.size(), 3u);
  EXPECT_EQ(p.numCopiesOut(), 1);
  EXPECT_GE(tanh[1].copyIn()->issue, tanh[0].out->done);
  EXPECT_GT(tanh[2].copyIn()->issue, tanh[1].last);
}

TEST(Msa, RespectsCapsOnCopies) {
  // Three values, each evicted and prefetched.
  std::vector<Value> values(3, temporary("t", 24));
  std::vector<Step> steps;
  for (int v = 0; v < 3; ++v)
    steps.push_back(step(1, {write(v, 24)}));
  for (int v = 0; v < 3; ++v)
    steps.push_back(step(1, {read(v, 24)}));
  for (int i = 0; i < 14; ++i)
    steps.push_back(step(1));
  for (int v = 0; v < 3; ++v)
    steps.push_back(step(1, {read(v, 24)}));
  Instance instance = program(values, steps, machine128());
  auto inFlight = [](const Plan &p) {
    int64_t most = 0;
    for (const Residency &a : p.residencies) {
      int64_t number = 0;
      for (const Residency &b : p.residencies)
        number += a.copiedIn() && b.copiedIn() &&
                  b.copyIn()->issue <= a.copyIn()->ready &&
                  a.copyIn()->ready <= b.copyIn()->ready;
      most = std::max(most, number);
    }
    return most;
  };
  EXPECT_EQ(inFlight(plan(instance, MsaOptions::test())), 3);
  for (int64_t cap : {0, 1, 2}) {
    Plan p = plan(instance, testWith("max_outstanding_prefetches=" +
                                     std::to_string(cap)));
    EXPECT_EQ(inFlight(p), cap);
  }
  // Nothing is evicted with one eviction allowed: it would be one too many.
  for (int64_t cap : {0, 1})
    EXPECT_EQ(plan(instance,
                   testWith("max_outstanding_evictions=" + std::to_string(cap)))
                  .numCopiesOut(),
              0);
  EXPECT_EQ(
      plan(instance, testWith("max_outstanding_evictions=4")).numCopiesOut(),
      3);
  // The machine's limits hold whatever the options say.
  instance.machine.maxCopiesIn = 1;
  EXPECT_LE(inFlight(plan(instance, MsaOptions::test())), 1);
}

TEST(Msa, ChoosesAnOffsetThatStaysFreeToTheLastUse) {
  // A larger value is there first, at offset 0, in the middle of the life of
  // the other one.
  Instance instance = program({temporary("small", 24), temporary("large", 32)},
                              {step(1, {write(0, 24)}), step(1, {read(0, 24)}),
                               step(1, {write(1, 32)}), step(1, {read(1, 32)}),
                               step(1), step(1, {read(0, 24)})},
                              machine128());
  Plan p = plan(instance, testWith("sort_order=spatial"));
  ASSERT_EQ(p.residencies.size(), 2u);
  auto small = residenciesOf(p, 0);
  ASSERT_EQ(small.size(), 1u);
  EXPECT_EQ(residenciesOf(p, 1)[0].offset, 0);
  EXPECT_EQ(small[0].offset, 32);
  EXPECT_EQ(small[0].last, 5);
  EXPECT_EQ(p.numCopies(), 0);
}

TEST(Msa, NeverHasMoreInFastMemoryThanFits) {
  // Values of 48 bytes, every second one never read.
  std::vector<Value> values;
  std::vector<Step> steps;
  for (int i = 0; i < 12; ++i) {
    values.push_back(temporary("t", 48));
    steps.push_back(step(1, {write(i, 48)}));
    for (int back : {2, 4})
      if (i >= back && i % 2 == 0)
        steps.back().accesses.push_back(read(i - back, 48));
  }
  Instance instance = program(values, steps, machine128());
  Plan p = plan(instance, MsaOptions::test());
  ASSERT_FALSE(p.residencies.empty());
  for (int64_t bytes : simulate(instance, p).profile)
    EXPECT_LE(bytes, 96);
}

//===----------------------------------------------------------------------===//
// What else wants memory
//===----------------------------------------------------------------------===//

TEST(Msa, LeavesRoomForWhatStepsReserve) {
  // a to f in a chain; the step that makes c keeps 100 of the 128 bytes.
  std::vector<Value> values;
  std::vector<Step> steps;
  for (int i = 0; i < 6; ++i) {
    values.push_back(temporary("v", 32));
    steps.push_back(step(1, {write(i, 32)}));
    if (i > 0)
      steps.back().accesses.push_back(read(i - 1, 32));
  }
  steps[2].reserved = 100;
  Plan p = plan(program(values, steps, machine128()), MsaOptions::test());
  for (int v : {0, 3, 4})
    EXPECT_EQ(residenciesOf(p, v).size(), 1u) << v;
  for (int v : {1, 2})
    EXPECT_TRUE(residenciesOf(p, v).empty()) << v;
}

TEST(Msa, NamesOrdersThatCannotBeMet) {
  Instance instance = program({temporary("a", 96), temporary("b", 96)},
                              {step(1, {write(0, 96)}), step(1, {write(1, 96)}),
                               step(1, {read(0, 96), read(1, 96)})},
                              machine128());
  EXPECT_EQ(plan(instance, MsaOptions::test()).residencies.size(), 1u);
  instance.program.values[0].space = instance.program.values[1].space =
      SpaceConstraint::Fast;
  auto result = planMsa(instance, MsaOptions::test());
  ASSERT_FALSE(static_cast<bool>(result));
  EXPECT_THAT(llvm::toString(result.takeError()),
              HasSubstr("constrained to be there"));
}

TEST(Msa, PlacesOrdersFirst) {
  // By benefit the other one would take the room.
  Instance instance =
      program({temporary("often", 96), temporary("constrained", 96)},
              {step(1, {write(0, 960), write(1, 96)}), step(1, {read(0, 960)}),
               step(1, {read(0, 960), read(1, 96)})},
              machine128());
  EXPECT_EQ(plan(instance, MsaOptions::full()).residencies[0].value, 0);
  instance.program.values[1].space = SpaceConstraint::Fast;
  Plan p = plan(instance, MsaOptions::full());
  ASSERT_EQ(p.residencies.size(), 1u);
  EXPECT_EQ(p.residencies[0].value, 1);
}

TEST(Msa, RepacksAFragmentedHeap) {
  // 32 bytes at 0 and 32 above them; when the first go, 96 do not fit.
  Instance instance =
      program({temporary("x", 32), temporary("y", 32), temporary("large", 96)},
              {step(1, {write(0, 32)}), step(1, {write(1, 32)}),
               step(1, {read(0, 32)}), step(1, {write(2, 96)}), step(1),
               step(1, {read(1, 32)}), step(1, {read(2, 96)})},
              machine128());
  MsaOptions options = MsaOptions::test();
  options.permutation = {0, 1, 2};
  MsaStatistics stats;
  EXPECT_TRUE(residenciesOf(plan(instance, options, &stats), 2).empty());
  EXPECT_EQ(stats.repacks, 0);
  for (MsaRepacker repacker : {MsaRepacker::BestFit, MsaRepacker::Exact}) {
    options.maxRepacks = 1;
    options.repacker = repacker;
    Plan p = plan(instance, options, &stats);
    EXPECT_EQ(residenciesOf(p, 2).size(), 1u);
    EXPECT_EQ(p.residencies.size(), 3u);
    EXPECT_EQ(p.numCopies(), 0);
    EXPECT_EQ(stats.repacks, 1);
    EXPECT_EQ(stats.goodRepacks, 1);
  }
}

//===----------------------------------------------------------------------===//
// Updates and loops
//===----------------------------------------------------------------------===//

TEST(Msa, UpdatesInPlaceAtOneOffset) {
  Instance instance =
      program({temporary("v", 48)},
              {step(1, {write(0, 48)}), step(1, {update(0, 16)}),
               step(1, {update(0, 16)}), step(1, {read(0, 48)})},
              machine128());
  Plan p = plan(instance, MsaOptions::test());
  ASSERT_EQ(p.residencies.size(), 1u);
  EXPECT_EQ(p.residencies[0].written()->step, 0);
  EXPECT_EQ(p.residencies[0].last, 3);
  EXPECT_EQ(p.numCopies(), 0);
  // An output is copied out from right after the last update.
  instance.program.values[0].kind = ValueKind::Output;
  p = plan(instance, MsaOptions::test());
  ASSERT_EQ(p.residencies.size(), 1u);
  EXPECT_EQ(p.residencies[0].out->back, 2);
  EXPECT_EQ(p.residencies[0].out->done, 4);
}

TEST(Msa, DropsCopiesThatMoveMoreThanIsUsed) {
  // 8 of 48 bytes are updated.
  std::vector<Step> steps(12, step(1));
  steps[6] = step(1, {update(0, 8)});
  Instance instance = program({inOut("v", 48)}, steps, machine128());
  Plan p = plan(instance, testWith("inefficient_use_to_copy_ratio=0"));
  EXPECT_EQ(p.numCopiesIn(), 1);
  EXPECT_EQ(p.numCopiesOut(), 1);
  MsaStatistics stats;
  p = plan(instance, testWith("inefficient_use_to_copy_ratio=0.5"), &stats);
  EXPECT_TRUE(p.residencies.empty());
  EXPECT_EQ(stats.inefficient, 1);
  // All of it is worth the copies.
  instance.program.steps[6].accesses[0].bytes = 96;
  p = plan(instance, testWith("inefficient_use_to_copy_ratio=0.5"));
  EXPECT_EQ(p.numCopies(), 2);
}

TEST(Msa, EndsThoughEveryPlacementIsInefficient) {
  // Each time a place is dropped, another copy is tried in its stead.
  std::vector<Step> steps;
  for (int i = 0; i < 60; ++i)
    steps.push_back(i % 4 == 3 ? step(1, {update(0, 4), read(1, 4)}) : step(1));
  Instance instance =
      program({inOut("v", 48), input("w", 48)}, steps, machine128());
  for (const char *ratio : {"0.1", "0.5", "0.9", "5"})
    plan(instance, testWith(std::string("inefficient_use_to_copy_ratio=") +
                            ratio + ",max_retries=4,max_repacks=3"));
}

TEST(Msa, BringsAnInputIntoALoopWithoutCopyingItBack) {
  // The loop reads it in every trip.
  Instance body =
      program({temporary("t", 24)},
              {step(0, {write(0, 24)}), step(0, {read(0, 24)})}, machine128());
  std::vector<Step> steps(8, step(1));
  steps[5] = step(0, {read(0, 240)});
  steps[5].body = std::make_shared<Program>(body.program);
  steps[5].trips = 10;
  steps[7] = step(1, {read(0, 24)});
  Instance instance = program({input("p", 24)}, steps, machine128());
  Plan p = plan(instance, MsaOptions::test());
  auto r = residenciesOf(p, 0);
  ASSERT_EQ(r.size(), 1u);
  EXPECT_EQ(r[0].copyIn()->ready, 5);
  EXPECT_EQ(r[0].last, 7);
  EXPECT_EQ(p.numCopiesOut(), 0);
  // The body has a plan of its own, below what is around it.
  ASSERT_EQ(p.loops.count(5), 1u);
  EXPECT_EQ(p.loops.at(5).plan.residencies.size(), 1u);
  EXPECT_GE(r[0].offset, p.loops.at(5).capacity);
}

//===----------------------------------------------------------------------===//
// Values kept from run to run
//===----------------------------------------------------------------------===//

/// A weight used first at `first` and last at `last` of 20 steps, and values
/// in the middle that would like to have all of the memory.
Instance withWeight(int first, int last) {
  std::vector<Value> values = {input("weight", 64)};
  std::vector<Step> steps(20, step(1));
  steps[first].accesses.push_back(read(0, 64));
  steps[last].accesses.push_back(read(0, 64));
  for (int i = 4; i < 12; ++i) {
    values.push_back(temporary("t", 64));
    int32_t v = static_cast<int32_t>(values.size()) - 1;
    steps[i].accesses.push_back(write(v, 64));
    steps[i + 1].accesses.push_back(read(v, 64));
  }
  Machine m = machine128();
  m.maxCarried = 1;
  return program(values, steps, m);
}

TEST(Msa, LetsGoOfAKeptWeightThatIsUsedEarlyOnly) {
  Instance instance = withWeight(0, 1);
  MsaStatistics stats;
  MsaOptions options;
  Plan p = plan(instance, options, &stats);
  EXPECT_EQ(stats.crossProgram, 1);
  auto weight = residenciesOf(p, 0);
  ASSERT_EQ(weight.size(), 2u);
  EXPECT_TRUE(weight[0].isKept());
  EXPECT_EQ(weight[0].offset, 0);
  EXPECT_EQ(weight[0].last, 1);
  EXPECT_EQ(weight[1].offset, 0);
  EXPECT_EQ(weight[1].copyIn()->ready, 19);
  EXPECT_GT(weight[1].copyIn()->issue, 12);
  // Its place is used meanwhile.
  EXPECT_TRUE(llvm::any_of(p.residencies, [](const Residency &r) {
    return r.value != 0 && r.offset == 0;
  }));
  options.crossProgramFreeing = false;
  p = plan(instance, options);
  ASSERT_EQ(residenciesOf(p, 0).size(), 1u);
  EXPECT_EQ(residenciesOf(p, 0)[0].last, 19);
}

TEST(Msa, KeepsAWeightThatIsUsedLateForGood) {
  Plan p = plan(withWeight(0, 17), MsaOptions());
  auto weight = residenciesOf(p, 0);
  ASSERT_EQ(weight.size(), 1u);
  EXPECT_TRUE(weight[0].isKept());
  EXPECT_EQ(weight[0].last, 19);
}

TEST(Msa, KeepsNoWeightWhereTheMachineOrTheOptionsForbidIt) {
  Instance instance = withWeight(0, 1);
  MsaStatistics stats;
  MsaOptions options;
  options.maxCrossProgram = 0;
  plan(instance, options, &stats);
  EXPECT_EQ(stats.crossProgram, 0);
  instance.machine.maxCarried = 0;
  plan(instance, MsaOptions(), &stats);
  EXPECT_EQ(stats.crossProgram, 0);
}

//===----------------------------------------------------------------------===//
// The compiler's own plans
//===----------------------------------------------------------------------===//

/// Bytes times steps that plans hold: of `a`, and of both at once.
std::pair<double, double> heldBytes(const Instance &instance, const Plan &a,
                                    const Plan &b) {
  double all = 0, common = 0;
  for (const Residency &r : a.residencies) {
    auto size = static_cast<double>(r.bytes(instance.program));
    all += size * (r.end() - r.start() + 1);
    for (const Residency &other : b.residencies)
      if (other.value == r.value)
        common +=
            size * std::max(0, std::min(r.end(), other.end()) -
                                   std::max(r.start(), other.start()) + 1);
  }
  return {all, common};
}

TEST(MsaFull, HoldsWhatTheCompilerForTpuHolds) {
  // The programs for which it keeps nothing from run to run.
  for (const char *name :
       {"bert_base_train_b4", "resnet50_train_b16", "transformer_adam_b4"}) {
    SCOPED_TRACE(name);
    std::string path =
        std::string(MEMPL_TEST_DATA "/xla_tpu/") + name + ".v5e.";
    Instance instance = llvm::cantFail(readInstance(path + "instance.json.gz"));
    Plan theirs = llvm::cantFail(readPlan(path + "xla_plan.json.gz"));
    Plan ours = plan(instance, MsaOptions::full());
    auto [all, common] = heldBytes(instance, theirs, ours);
    EXPECT_GT(common, 0.8 * all);
    EXPECT_LT(heldBytes(instance, ours, theirs).first, 1.2 * all);
    double ratio =
        simulateLatency(instance, ours) / simulateLatency(instance, theirs);
    EXPECT_GT(ratio, 0.9);
    EXPECT_LT(ratio, 1.03);
  }
}

//===----------------------------------------------------------------------===//
// Options
//===----------------------------------------------------------------------===//

TEST(MsaOptions, AreReadByTheirNames) {
  MsaOptions options;
  llvm::cantFail(applyMsaOptions(
      "max_retries=7,min_overlap_to_async_copy_ratio=0.25,"
      "enforce_prefetch_fifo_order=true,repacker=exact,sort_order=spatial",
      options));
  EXPECT_EQ(options.maxRetries, 7);
  EXPECT_EQ(options.minOverlap, 0.25);
  EXPECT_TRUE(options.fifoOrder);
  EXPECT_EQ(options.repacker, MsaRepacker::Exact);
  EXPECT_EQ(options.order, MsaOrder::Spatial);
  llvm::cantFail(applyMsaOptions("", options));
  EXPECT_EQ(options.maxRetries, 7);
}

TEST(MsaOptions, AreRefusedWithOneClearError) {
  auto error = [](llvm::StringRef text) {
    MsaOptions options;
    return llvm::toString(applyMsaOptions(text, options));
  };
  EXPECT_THAT(error("max_retry=1"),
              HasSubstr("msa has no option 'max_retry', expected preset, "));
  EXPECT_EQ(error("max_retries=0"), "column 17: max-retries: expected an "
                                    "integer of at least 1, found '0'");
  EXPECT_EQ(error("max_retries"), "column 5: max_retries: expected '=' and an "
                                  "integer of at least 1 after it");
  EXPECT_EQ(error("repacker=none"),
            "column 14: repacker: expected best-fit or exact, found 'none'");
  EXPECT_EQ(error("cost_model=1"),
            "column 16: cost-model: expected true or false, found '1'");
  EXPECT_EQ(error("async_copy_bandwidth_scaling_factor=0"),
            "column 41: async-copy-bandwidth-scaling-factor: expected a number "
            "above 0, found '0'");
  EXPECT_NE(error("inefficient_use_to_copy_ratio=nan"), "");
}

TEST(MsaOptions, StopAfterSomeValues) {
  Instance instance = usedAtOnceAndLate(3);
  EXPECT_TRUE(plan(instance, testWith("fuel=0")).residencies.empty());
  EXPECT_FALSE(plan(instance, testWith("fuel=1")).residencies.empty());
}

TEST(MsaOptions, ArePresetsAndWhatReplacesThemInAnyOrder) {
  Instance instance = usedAtOnceAndLate(3);
  SolverContext context;
  context.budget = 1;
  for (const char *options :
       {"fuel=0", "preset=test,fuel=0", "fuel=0 preset=production",
        "fuel=0,preset=full", "tune,fuel=0"}) {
    auto solver =
        llvm::cantFail(createSolver(std::string("msa{") + options + "}"));
    EXPECT_TRUE(llvm::cantFail(solver->solve(instance, context))
                    .plan.residencies.empty());
  }
}

} // namespace
