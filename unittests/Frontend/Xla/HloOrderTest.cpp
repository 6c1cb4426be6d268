//===- HloOrderTest.cpp - what has to run before a step -------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "HloTestUtils.h"

#include "mempl/Problem/StepOrder.h"

#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"

#include "gmock/gmock.h"

using namespace mempl;
using namespace mempl::hlo;
using testing::ElementsAre;
using testing::IsEmpty;

namespace {

std::unique_ptr<Read> readFree(llvm::StringRef text) {
  ImportOptions options;
  options.freeOrder = true;
  return read(text, options);
}

/// By name: what `after` of a step in this program has.
std::vector<std::string> after(const Program &program, llvm::StringRef name) {
  std::vector<std::string> names;
  for (const Step &step : program.steps)
    if (step.name == name)
      for (int32_t earlier : step.after)
        names.push_back(program.steps[earlier].name);
  return names;
}

TEST(HloOrder, IsFixedUnlessAskedFor) {
  std::string text = module("  %x = f32[256] parameter(0)\n"
                            "  %a = f32[256] negate(%x)\n"
                            "  ROOT %b = f32[256] negate(%x), "
                            "control-predecessors={%a}\n");
  EXPECT_EQ(read(text)->instance().program.order, StepOrder::Fixed);
  EXPECT_THAT(after(read(text)->instance().program, "b"), IsEmpty());
  EXPECT_EQ(readFree(text)->instance().program.order, StepOrder::Free);
  EXPECT_THAT(after(readFree(text)->instance().program, "b"), ElementsAre("a"));
}

TEST(HloOrder, AccessesTellMost) {
  auto r = readFree(module("  %x = f32[256] parameter(0)\n"
                           "  %a = f32[256] negate(%x)\n"
                           "  %b = f32[256] negate(%x)\n"
                           "  ROOT %c = f32[256] add(%a, %b)\n"));
  for (const Step &step : r->instance().program.steps)
    EXPECT_THAT(step.after, IsEmpty());
  EXPECT_TRUE(isValidOrder(r->instance().program, {1, 0, 2}));
  EXPECT_FALSE(isValidOrder(r->instance().program, {0, 2, 1}));
}

TEST(HloOrder, ScalarsAreWaitedFor) {
  auto r = readFree(module("  %x = f32[256] parameter(0)\n"
                           "  %a = f32[] custom-call(%x), "
                           "custom_call_target=\"f\"\n"
                           "  %n = f32[] negate(%a)\n"
                           "  %b = f32[256] negate(%x)\n"
                           "  %c = f32[256] custom-call(%x, %n), "
                           "custom_call_target=\"g\"\n"
                           "  ROOT %t = (f32[256], f32[256]) tuple(%b, %c)\n"));
  EXPECT_THAT(after(r->instance().program, "b"), IsEmpty());
  EXPECT_THAT(after(r->instance().program, "c"), ElementsAre("a"));
}

TEST(HloOrder, ElementsOfTuplesWaitForThemselvesOnly) {
  auto text = [](llvm::StringRef tuple) {
    return module(("  %x = f32[256] parameter(0)\n"
                   "  %a = f32[] custom-call(%x), custom_call_target=\"f\"\n"
                   "  %b = f32[] custom-call(%x), custom_call_target=\"f\"\n"
                   "  %t = (f32[], f32[]) tuple(%a, %b)\n" +
                   tuple +
                   "  %e = f32[] get-tuple-element(%u), index=1\n"
                   "  ROOT %c = f32[256] custom-call(%x, %e), "
                   "custom_call_target=\"g\"\n")
                      .str());
  };
  auto r = readFree(text("  %u = (f32[], f32[]) opt-barrier(%t)\n"));
  EXPECT_THAT(after(r->instance().program, "c"), ElementsAre("a", "b"));
  std::string direct = text("");
  direct.replace(direct.find("get-tuple-element(%u)"), 21,
                 "get-tuple-element(%t)");
  EXPECT_THAT(after(readFree(direct)->instance().program, "c"),
              ElementsAre("b"));
}

TEST(HloOrder, SideEffectsKeepTheirOrder) {
  auto r = readFree(
      module("  %x = f32[256] parameter(0)\n"
             "  %k = token[] after-all()\n"
             "  %in = (f32[256], token[]) infeed(%k)\n"
             "  %a = f32[256] negate(%x)\n"
             "  %s = f32[256] custom-call(%x), custom_call_target=\"f\", "
             "custom_call_has_side_effect=true\n"
             "  %n = f32[256] custom-call(%x), custom_call_target=\"f\"\n"
             "  %r = f32[256] all-reduce(%x), to_apply=%sum\n"
             "  %o = token[] outfeed(%a, %k)\n"
             "  ROOT %t = (f32[256], f32[256], f32[256]) tuple(%s, %n, %r)\n",
             "%sum {\n"
             "  %p = f32[] parameter(0)\n"
             "  %q = f32[] parameter(1)\n"
             "  ROOT %add = f32[] add(%p, %q)\n"
             "}\n"));
  const Program &program = r->instance().program;
  EXPECT_THAT(r->stepNames(), ElementsAre("in", "a", "s", "n", "r", "o"));
  EXPECT_THAT(after(program, "in"), IsEmpty());
  EXPECT_THAT(after(program, "a"), IsEmpty());
  EXPECT_THAT(after(program, "s"), ElementsAre("in"));
  EXPECT_THAT(after(program, "n"), IsEmpty());
  EXPECT_THAT(after(program, "r"), ElementsAre("s"));
  EXPECT_THAT(after(program, "o"), ElementsAre("r")); // And a, by its access.
}

TEST(HloOrder, EffectsWithoutAStepPassOn) {
  // The sum of the scalar is no step, but what it waits for runs before w.
  auto r = readFree(
      module("  %x = f32[256] parameter(0)\n"
             "  %a = f32[] custom-call(%x), custom_call_target=\"f\"\n"
             "  %v = f32[256] all-gather(%x), dimensions={0}\n"
             "  %r = f32[] all-reduce(%a), to_apply=%sum\n"
             "  %w = f32[256] all-gather(%x), dimensions={0}\n"
             "  ROOT %t = (f32[256], f32[256], f32[]) tuple(%v, %w, %r)\n",
             "%sum {\n"
             "  %p = f32[] parameter(0)\n"
             "  %q = f32[] parameter(1)\n"
             "  ROOT %add = f32[] add(%p, %q)\n"
             "}\n"));
  EXPECT_THAT(after(r->instance().program, "v"), IsEmpty());
  EXPECT_THAT(after(r->instance().program, "w"), ElementsAre("a", "v"));
}

TEST(HloOrder, StartsAndDonesKeepTheirOrder) {
  auto r = readFree(module(
      "  %x = f32[256] parameter(0)\n"
      "  %s = (f32[256], f32[256], u32[], u32[]) collective-permute-start(%x), "
      "source_target_pairs={{0,1}}\n"
      "  %a = f32[256] negate(%x)\n"
      "  %d = f32[256] collective-permute-done(%s)\n"
      "  ROOT %b = f32[256] add(%a, %d)\n"));
  EXPECT_THAT(r->stepNames(), ElementsAre("s", "a", "d", "b"));
  const Program &program = r->instance().program;
  EXPECT_TRUE(isValidOrder(program, {1, 0, 2, 3}));
  EXPECT_TRUE(isValidOrder(program, {0, 2, 1, 3}));
  EXPECT_FALSE(isValidOrder(program, {2, 0, 1, 3}));
  EXPECT_FALSE(isValidOrder(program, {0, 1, 3, 2}));
}

/// A loop that reads its state, and updates it in place.
std::string loop(llvm::StringRef effect) {
  return module(
      "  %x = f32[4,64] parameter(0)\n"
      "  %zero = s32[] constant(0)\n"
      "  %before = f32[4,64] negate(%x)\n"
      "  %init = (s32[], f32[4,64]) tuple(%zero, %before)\n"
      "  %loop = (s32[], f32[4,64]) while(%init), condition=%cond, body=%body\n"
      "  %s = f32[4,64] custom-call(%x), custom_call_target=\"f\", "
      "custom_call_has_side_effect=true\n"
      "  %out = f32[4,64] get-tuple-element(%loop), index=1\n"
      "  ROOT %t = (f32[4,64], f32[4,64]) tuple(%out, %s)\n",
      ("%body {\n"
       "  %p = (s32[], f32[4,64]) parameter(0)\n"
       "  %i = s32[] get-tuple-element(%p), index=0\n"
       "  %h = f32[4,64] get-tuple-element(%p), index=1\n"
       "  %one = s32[] constant(1)\n"
       "  %z = s32[] constant(0)\n"
       "  %j = s32[] add(%i, %one)\n"
       "  %u = f32[1,64] custom-call(), custom_call_target=\"g\"" +
       effect +
       "\n"
       "  %r = f32[4,64] negate(%h)\n"
       "  %d = f32[4,64] dynamic-update-slice(%h, %u, %i, %z)\n"
       "  %q = f32[4,64] dynamic-update-slice(%d, %u, %i, %z)\n"
       "  %v = f32[1,64] custom-call(%r), custom_call_target=\"g\"\n"
       "  %w = f32[4,64] dynamic-update-slice(%q, %v, %i, %z)\n"
       "  ROOT %next = (s32[], f32[4,64]) tuple(%j, %w)\n"
       "}\n"
       "%cond {\n"
       "  %p.1 = (s32[], f32[4,64]) parameter(0)\n"
       "  %i.1 = s32[] get-tuple-element(%p.1), index=0\n"
       "  %n = s32[] constant(4)\n"
       "  ROOT %lt = pred[] compare(%i.1, %n), direction=LT\n"
       "}\n")
          .str());
}

TEST(HloOrder, BodiesKnowBuffersFromOutside) {
  auto r = readFree(loop(""));
  const Step &step = r->step("loop");
  ASSERT_TRUE(step.body);
  EXPECT_EQ(step.body->order, StepOrder::Free);
  // The state is no value of the body, so that nothing else tells.
  EXPECT_THAT(after(*step.body, "r"), IsEmpty());
  EXPECT_THAT(after(*step.body, "d"), ElementsAre("r"));
  EXPECT_THAT(after(*step.body, "q"), ElementsAre("d"));
  EXPECT_THAT(after(*step.body, "v"), IsEmpty());
  EXPECT_THAT(after(*step.body, "w"), ElementsAre("q"));
}

TEST(HloOrder, LoopsWithEffectsKeepTheirOrder) {
  EXPECT_THAT(after(readFree(loop(""))->instance().program, "s"), IsEmpty());
  EXPECT_THAT(after(readFree(loop(", custom_call_has_side_effect=true"))
                        ->instance()
                        .program,
                    "s"),
              ElementsAre("loop"));
}

TEST(HloOrder, CallsPassOnWhatTheyAreGiven) {
  auto r = readFree(
      module("  %x = f32[256] parameter(0)\n"
             "  %a = f32[] custom-call(%x), custom_call_target=\"f\"\n"
             "  %b = f32[256] negate(%x)\n"
             "  %c = f32[256] call(%x, %a), to_apply=%inner, "
             "control-predecessors={%b}\n"
             "  %d = f32[256] negate(%x), control-predecessors={%c}\n"
             "  %e = f32[256] negate(%x)\n"
             "  ROOT %t = (f32[256], f32[256], f32[256]) tuple(%c, %d, %e)\n",
             "%inner {\n"
             "  %p = f32[256] parameter(0)\n"
             "  %s = f32[] parameter(1)\n"
             "  %f = f32[256] negate(%p)\n"
             "  %g = f32[256] custom-call(%p, %s), custom_call_target=\"h\"\n"
             "  ROOT %h = f32[256] add(%f, %g)\n"
             "}\n"));
  const Program &program = r->instance().program;
  EXPECT_THAT(r->stepNames(), ElementsAre("a", "b", "f", "g", "h", "d", "e"));
  EXPECT_THAT(after(program, "f"), ElementsAre("b"));
  EXPECT_THAT(after(program, "g"), ElementsAre("a", "b"));
  EXPECT_THAT(after(program, "h"), ElementsAre("b"));
  EXPECT_THAT(after(program, "d"), ElementsAre("b", "f", "g", "h"));
  EXPECT_THAT(after(program, "e"), IsEmpty());
}

/// By step: all that it depends on, also through others.
std::vector<llvm::BitVector> dependenciesOf(const Program &program) {
  StepDependencies dependencies(program);
  std::vector<llvm::BitVector> all(program.steps.size(),
                                   llvm::BitVector(program.steps.size()));
  for (int32_t step = 0; step < program.numSteps(); ++step)
    for (int32_t earlier : dependencies.before(step)) {
      all[step] |= all[earlier];
      all[step].set(earlier);
    }
  return all;
}

/// Every path in the text from one step of a level to another one, by operands
/// and control predecessors, is a dependency. Returns how many pairs there are.
int64_t expectPathsAreKept(const Module &module, const Level &level,
                           const Program &program) {
  int32_t computation = level.steps.front().computation;
  const Computation &c = module.computations[computation];
  llvm::DenseMap<int32_t, int32_t> stepOf;
  for (auto [s, step] : llvm::enumerate(level.steps))
    if (step.computation == computation)
      stepOf[step.instruction] = static_cast<int32_t>(s);
  std::vector<llvm::BitVector> dependencies = dependenciesOf(program);
  // By instruction: the steps that lead to it, itself included.
  std::vector<llvm::BitVector> leading(c.instructions.size(),
                                       llvm::BitVector(level.steps.size()));
  int64_t pairs = 0;
  for (auto [i, instruction] : llvm::enumerate(c.instructions)) {
    for (int32_t operand : instruction.operands) {
      const Instruction &tuple = c.instructions[operand];
      if (instruction.opcode == "get-tuple-element" && tuple.opcode == "tuple")
        operand =
            tuple.operands[std::stoul(instruction.attribute("index").str())];
      leading[i] |= leading[operand];
    }
    for (int32_t earlier : instruction.controlPredecessors)
      leading[i] |= leading[earlier];
    auto step = stepOf.find(static_cast<int32_t>(i));
    if (step == stepOf.end())
      continue;
    pairs += leading[i].count();
    llvm::BitVector lacking = leading[i];
    lacking.reset(dependencies[step->second]);
    EXPECT_TRUE(lacking.none()) << instruction.name << " may run before "
                                << program.steps[lacking.find_first()].name;
    leading[i].set(step->second);
  }
  return pairs;
}

int64_t expectPathsAreKept(const Module &module, const ModuleProgram &program,
                           int32_t level, const Program &made) {
  const Level &at = program.levels[level];
  int64_t pairs = expectPathsAreKept(module, at, made);
  for (auto [step, read] : llvm::zip_equal(made.steps, at.steps))
    if (step.body)
      pairs += expectPathsAreKept(module, program, read.body, *step.body);
  return pairs;
}

/// Real programs: what is free is the same problem, but keeps all paths.
TEST(HloOrder, RealProgramsAreTheSameButFree) {
  std::error_code code;
  int programs = 0;
  int64_t pairs = 0;
  for (llvm::sys::fs::directory_iterator it(MEMPL_CORPUS, code), end;
       it != end && !code; it.increment(code)) {
    if (!llvm::StringRef(it->path()).ends_with(".v5e.hlo.txt.gz"))
      continue;
    auto module = readModule(it->path());
    ASSERT_TRUE(static_cast<bool>(module));
    auto program = readProgram(*module);
    ASSERT_TRUE(static_cast<bool>(program));
    ImportOptions options;
    Instance fixed =
        llvm::cantFail(buildInstance(*module, *program, testTarget(), options))
            .instance;
    options.freeOrder = true;
    Instance free =
        llvm::cantFail(buildInstance(*module, *program, testTarget(), options))
            .instance;
    EXPECT_TRUE(checkInstance(free).empty()) << it->path();
    pairs += expectPathsAreKept(*module, *program, 0, free.program);
    free.program.order = StepOrder::Fixed;
    for (auto [step, other] :
         llvm::zip_equal(free.program.steps, fixed.program.steps)) {
      EXPECT_THAT(other.after, IsEmpty());
      step.after.clear();
      if (!step.body)
        EXPECT_EQ(step, other) << it->path();
    }
    ++programs;
  }
  EXPECT_GT(programs, 20);
  EXPECT_GT(pairs, 1000000);
}

} // namespace
