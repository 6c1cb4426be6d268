//===- PlanEditorTest.cpp - the editor against simulator and verifier -----===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Problem/PlanEditor.h"

#include "HandMade.h"
#include "RandomInstance.h"

#include "mempl/Problem/Simulator.h"
#include "mempl/Problem/Verifier.h"

#include "llvm/ADT/STLExtras.h"

#include <gtest/gtest.h>

using namespace mempl;

namespace {

/// A residency that keeps rule V9 and otherwise may be anything.
Residency randomResidency(const AccessIndex &index, Random &random) {
  int32_t n = index.numSteps();
  Residency r;
  // Rather at the uses of a value, where it can be legal.
  const Use &use =
      index.use(static_cast<int32_t>(random.below(index.numUses())));
  r.value = use.value;
  int32_t first =
      random.chance(0.8) ? use.step : static_cast<int32_t>(random.below(n));
  r.last = static_cast<int32_t>(
      random.between(first, std::min<int64_t>(n - 1, first + 4)));
  switch (random.below(index.machine().maxCarried > 0 ? 5 : 4)) {
  case 0:
  case 1:
    r.begin = ByWrite{first};
    break;
  case 4:
    r.begin = Kept{};
    break;
  default:
    r.begin = CopyIn{
        static_cast<int32_t>(random.between(std::max(0, first - 3), first)),
        first};
  }
  if (random.chance(0.5)) {
    r.out.emplace();
    if (random.chance(0.5))
      r.out->back = static_cast<int32_t>(random.between(r.first(), r.last));
    r.out->done = static_cast<int32_t>(random.between(
        r.copiedAfter() + 1, std::min<int64_t>(n, r.copiedAfter() + 4)));
  }
  int64_t units = index.machine().capacity / index.machine().alignment;
  r.offset = random.between(0, units) * index.machine().alignment;
  return r;
}

/// The editor must say what simulator and verifier say of its plan.
void expectAgreement(PlanEditor &editor) {
  const ReorderableProgram *order = editor.order();
  InstanceRef instance = order ? order->instance() : editor.index().instance();
  Plan plan = editor.plan();
  EXPECT_EQ(editor.latency(), simulateLatency(instance, plan));
  EXPECT_EQ(editor.isLegal(), verify(instance, plan).empty());
}

/// What undo has to bring back.
struct Snapshot {
  Plan plan;
  double latency;
  bool isLegal;
  std::vector<int64_t> offsets; // Answers to questions about free space.

  explicit Snapshot(PlanEditor &editor)
      : plan(editor.plan()), latency(editor.latency()),
        isLegal(editor.isLegal()) {
    const AccessIndex &index = editor.index();
    int64_t unit = index.machine().alignment;
    for (int32_t i = 0; i < index.numSteps(); ++i)
      for (Fit fit : {Fit::Lowest, Fit::Highest, Fit::Tightest})
        offsets.push_back(editor.occupancy().findOffset(
            i, std::min(i + 2, index.numSteps() - 1), 2 * unit, fit));
  }
  bool operator==(const Snapshot &) const = default;
};

std::shared_ptr<const LoopPlan> randomLoopPlan(InstanceRef instance,
                                               int32_t step, Random &random) {
  if (random.chance(0.3))
    return nullptr;
  const Machine &machine = instance.machine;
  Instance body{"", machine, *instance.program.steps[step].body};
  BodyPlan planned{machine.capacity, randomValidPlan(body, random)};
  return std::make_shared<LoopPlan>(
      makeLoopPlan(instance, step, std::move(planned)));
}

/// Puts some neighbouring steps into another order that keeps their
/// dependencies.
void reorderAtRandom(PlanEditor &editor, Random &random) {
  const ReorderableProgram &program = *editor.order();
  int32_t n = editor.index().numSteps();
  auto first = static_cast<int32_t>(random.below(n));
  auto last = static_cast<int32_t>(random.between(first, n - 1));
  std::vector<int32_t> left, places(last - first + 1);
  for (int32_t place = first; place <= last; ++place)
    left.push_back(place);
  for (int32_t next = 0; !left.empty(); ++next) {
    auto isReady = [&](int32_t place) {
      return llvm::none_of(program.dependencies().before(program.stepAt(place)),
                           [&](int32_t step) {
                             return llvm::is_contained(left,
                                                       program.placeOf(step));
                           });
    };
    size_t k;
    do
      k = random.below(left.size());
    while (!isReady(left[k]));
    places[left[k] - first] = next;
    left.erase(left.begin() + static_cast<std::ptrdiff_t>(k));
  }
  editor.reorder(first, places);
}

/// Random edits, with nested marks, undone and committed at random.
void editAtRandom(PlanEditor &editor, Random &random, int numEdits) {
  const AccessIndex &index = editor.index();
  std::vector<std::pair<PlanEditor::Mark, Snapshot>> marks;
  for (int k = 0; k < numEdits; ++k) {
    uint64_t kind = random.below(editor.order() ? 14 : 12);
    auto anyResidency = [&] {
      PlanEditor::Id id = editor.firstInList();
      for (uint64_t n = random.below(editor.numResidencies() + 1);
           id != PlanEditor::kNone && n > 0; --n)
        id = editor.nextInList(id);
      return id;
    };
    if (kind < 5) {
      editor.place(randomResidency(index, random),
                   random.chance(0.5) ? anyResidency() : PlanEditor::kNone);
    } else if (kind < 8) {
      PlanEditor::Id id = anyResidency();
      if (id != PlanEditor::kNone)
        editor.remove(id);
    } else if (kind == 8) {
      auto step = static_cast<int32_t>(random.below(index.numSteps()));
      if (index.program().steps[step].body)
        editor.setLoopPlan(step,
                           randomLoopPlan(index.instance(), step, random));
    } else if (kind == 9 && marks.size() < 3) {
      PlanEditor::Mark mark = editor.mark();
      marks.emplace_back(mark, Snapshot(editor));
    } else if (kind == 10 && !marks.empty()) {
      editor.undo(marks.back().first);
      EXPECT_TRUE(Snapshot(editor) == marks.back().second);
      if (random.chance(0.5))
        marks.pop_back();
    } else if (kind == 11 && random.chance(0.3)) {
      editor.commit();
      marks.clear();
    } else if (kind >= 12) {
      reorderAtRandom(editor, random);
    }
    if (random.chance(0.6))
      expectAgreement(editor);
    if (testing::Test::HasFailure())
      return;
  }
}

TEST(PlanEditor, AgreesWithSimulatorAndVerifierAfterRandomEdits) {
  for (uint64_t seed = 0; seed < 1500; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed, "plan editor test");
    Instance instance = randomInstance(random);
    AccessIndex index(instance);
    if (index.numUses() == 0)
      continue;
    PlanEditor editor(index);
    editAtRandom(editor, random, 60);
    if (HasFailure())
      return;
  }
}

TEST(PlanEditor, AgreesWithSimulatorAndVerifierWhenStepsChangePlaces) {
  for (uint64_t seed = 0; seed < 1500; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed, "reordering test");
    Instance instance = randomInstance(random);
    instance.program.order = StepOrder::Free;
    ReorderableProgram program(instance, {});
    if (program.index().numUses() == 0)
      continue;
    PlanEditor editor(program);
    editAtRandom(editor, random, 60);
    if (HasFailure())
      return;
  }
}

/// Two steps, each with a value of its own that a copy brings, change places.
TEST(PlanEditor, ResidenciesFollowTheStepsThatTheyServe) {
  Instance instance;
  instance.machine.capacity = 100;
  instance.program.order = StepOrder::Free;
  instance.program.values = {{"a", 10, ValueKind::Input},
                             {"b", 20, ValueKind::Input}};
  instance.program.steps.resize(3);
  instance.program.steps[0].accesses = {{0, 10}};
  instance.program.steps[1].accesses = {{1, 20}};
  ReorderableProgram program(instance, {});
  PlanEditor editor(program);
  PlanEditor::Id a = editor.place(Residency::byCopy(0, 0, 0, 0, 0));
  PlanEditor::Id b = editor.place(Residency::byCopy(1, 10, 0, 1, 1));
  PlanEditor::Mark mark = editor.mark();
  editor.reorder(0, {1, 0});
  EXPECT_EQ(program.order(), (std::vector<int32_t>{1, 0, 2}));
  EXPECT_EQ(editor.residency(a), Residency::byCopy(0, 0, 0, 1, 1));
  EXPECT_EQ(editor.residency(b), Residency::byCopy(1, 10, 0, 0, 0));
  EXPECT_TRUE(editor.isLegal());
  editor.undo(mark);
  EXPECT_EQ(program.order(), (std::vector<int32_t>{0, 1, 2}));
  EXPECT_EQ(editor.residency(b), Residency::byCopy(1, 10, 0, 1, 1));
}

static std::vector<int64_t> usedOf(const OccupancyMap &map, int32_t steps) {
  std::vector<int64_t> used;
  for (int32_t i = 0; i < steps; ++i)
    used.push_back(map.mostUsed(i, i));
  return used;
}

TEST(PlanEditor, FindsOnlyOffsetsThatAreFree) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed, "occupancy test");
    int32_t steps = 1 + static_cast<int32_t>(random.below(300));
    const int64_t capacity = 64;
    OccupancyMap map(steps, capacity, 2);
    std::vector<std::vector<bool>> taken(steps, std::vector<bool>(capacity));
    for (int32_t i = 0; i < steps; ++i)
      if (random.chance(0.05)) {
        int64_t bytes = random.between(0, 4);
        map.setReserved(i, bytes);
        std::fill_n(taken[i].begin(), bytes, true);
      }
    auto isFree = [&](int32_t start, int32_t end, int64_t low, int64_t high) {
      for (int32_t i = start; i <= end; ++i)
        for (int64_t b = low; b < high; ++b)
          if (taken[i][b])
            return false;
      return true;
    };
    for (int32_t id = 0; id < 200; ++id) {
      auto start = static_cast<int32_t>(random.below(steps));
      auto end = static_cast<int32_t>(random.between(
          start, std::min<int64_t>(steps - 1, start + random.below(200))));
      int64_t size = 2 * random.between(1, 8);
      std::vector<int64_t> possible;
      for (int64_t low = 0; low + size <= capacity; low += 2)
        if (isFree(start, end, low, low + size))
          possible.push_back(low);
      int64_t lowest = map.findOffset(start, end, size, Fit::Lowest);
      int64_t highest = map.findOffset(start, end, size, Fit::Highest);
      int64_t tightest = map.findOffset(start, end, size, Fit::Tightest);
      if (possible.empty()) {
        EXPECT_EQ(lowest, -1);
        EXPECT_EQ(highest, -1);
        EXPECT_EQ(tightest, -1);
        continue;
      }
      EXPECT_EQ(lowest, possible.front());
      EXPECT_EQ(highest, possible.back());
      EXPECT_TRUE(llvm::is_contained(possible, tightest));
      auto gapAt = [&](int64_t low) {
        while (low > 0 && isFree(start, end, low - 2, low))
          low -= 2;
        int64_t high = low;
        while (high < capacity && isFree(start, end, high, high + 2))
          high += 2;
        return high - low;
      };
      for (int64_t low : possible)
        EXPECT_LE(gapAt(tightest), gapAt(low));
      std::vector<int64_t> before = usedOf(map, steps);
      map.add(id, start, end, lowest, lowest + size);
      for (int32_t i = 0; i < steps; ++i)
        EXPECT_EQ(map.mostUsed(i, i),
                  before[i] + (start <= i && i <= end ? size : 0));
      EXPECT_EQ(
          map.mostUsed(start, end),
          *std::max_element(before.begin() + start, before.begin() + end + 1) +
              size);
      EXPECT_GE(map.countOverlaps(start, end, lowest, lowest + size), 1);
      if (random.chance(0.4)) {
        map.remove(id, start, end, lowest);
        EXPECT_TRUE(map.findOffset(start, end, size, Fit::Lowest) == lowest);
        EXPECT_EQ(usedOf(map, steps), before);
        continue;
      }
      for (int32_t i = start; i <= end; ++i)
        std::fill(taken[i].begin() + lowest, taken[i].begin() + lowest + size,
                  true);
    }
  }
}

/// A chain of copies issued together, far apart in the list.
// Offsets are no matter on a profile: what is legal with offsets is without.
TEST(PlanEditor, OnAProfileBytesAreCounted) {
  Random random(11, "profile");
  int64_t overfull = 0;
  for (int round = 0; round < 300; ++round) {
    Instance instance = randomInstance(random);
    AccessIndex index(instance);
    Plan plan = randomValidPlan(instance, random);
    if (!verify(instance, plan).empty())
      continue; // A constraint that cannot be met.
    PlanEditor editor(index, -1, Addressing::Profile);
    for (const auto &[step, inner] : plan.loops)
      editor.setLoopPlan(step, std::make_shared<LoopPlan>(
                                   makeLoopPlan(instance, step, inner)));
    for (Residency r : plan.residencies) {
      r.offset = 0;
      editor.place(r);
    }
    EXPECT_TRUE(editor.isLegal());
    EXPECT_EQ(editor.latency(), simulateLatency(instance, plan));
    const OccupancyMap &space = editor.occupancy();
    if (int32_t n = instance.numSteps()) {
      int32_t fullest = space.fullestStep(0, n - 1);
      for (int32_t i = 0; i < n; ++i)
        EXPECT_LT(space.mostUsed(i, i),
                  space.mostUsed(fullest, fullest) + (i >= fullest));
    }
    // Nothing fits beside what fills the memory of a step.
    for (int32_t i = 0; i < instance.numSteps(); ++i) {
      int64_t used = space.mostUsed(i, i);
      EXPECT_LE(used, editor.capacity());
      EXPECT_EQ(space.findOffset(i, i, editor.capacity() - used, Fit::Lowest),
                0);
      if (used == 0)
        continue;
      EXPECT_EQ(
          space.findOffset(i, i, editor.capacity() - used + 1, Fit::Lowest),
          -1);
      ++overfull;
    }
  }
  EXPECT_GT(overfull, 100);
}

TEST(PlanEditor, OnAProfileMarginsStayFree) {
  Instance instance;
  instance.machine.capacity = 10;
  instance.program.values = {{"a", 6, ValueKind::Input}};
  instance.program.steps.resize(3);
  for (Step &step : instance.program.steps)
    step.accesses.push_back({0, 6});
  ASSERT_TRUE(checkInstance(instance).empty());
  AccessIndex index(instance);
  PlanEditor editor(index, -1, Addressing::Profile);
  editor.place(Residency::byCopy(0, 0, 0, 1, 2));
  EXPECT_TRUE(editor.isLegal());
  editor.setMargin(1, 4);
  EXPECT_TRUE(editor.isLegal());
  EXPECT_EQ(editor.occupancy().findOffset(0, 2, 1, Fit::Lowest), -1);
  editor.setMargin(1, 5);
  EXPECT_FALSE(editor.isLegal());
  EXPECT_EQ(editor.occupancy().fullestStep(0, 2), 1);
  editor.setMargin(1, 0);
  EXPECT_TRUE(editor.isLegal());
  EXPECT_EQ(editor.occupancy().findOffset(0, 2, 4, Fit::Lowest), 0);
}

TEST(PlanEditor, ServesCopiesIssuedTogetherInListOrder) {
  Instance instance;
  instance.name = "order";
  instance.machine = {100, 10, 100, 10, 10, 0};
  instance.program.values = {{"a", 20, ValueKind::Input},
                             {"b", 40, ValueKind::Input}};
  instance.program.steps.resize(2);
  instance.program.steps[0].accesses = {{0, 20, AccessMode::Read}};
  instance.program.steps[1] = {"s1", 10,     0, {{1, 40, AccessMode::Read}},
                               1,    nullptr};
  AccessIndex index(instance);
  PlanEditor editor(index);
  PlanEditor::Id a = editor.place(Residency::byCopy(0, 0, 0, 0, 0));
  editor.place(Residency::byCopy(1, 20, 0, 1, 1));
  // a takes 2 s, then b 4 s while step 0 runs for 0.2 s.
  EXPECT_DOUBLE_EQ(editor.latency(), 2 + 0.2 + 3.8 + 10);
  Residency r = editor.residency(a);
  editor.remove(a);
  editor.place(r);
  // Now b goes first, and a waits for it.
  EXPECT_DOUBLE_EQ(editor.latency(), 4 + 2 + 0.2 + 10);
  EXPECT_EQ(editor.latency(), simulateLatency(instance, editor.plan()));
}

/// Many insertions in front of the same residency use up the room between keys.
TEST(PlanEditor, KeepsListOrderWhenKeysRunOut) {
  Instance instance;
  instance.name = "list";
  instance.machine = {1000, 1, 100, 10, 10, 0.5};
  instance.program.steps.resize(3);
  for (int32_t v = 0; v < 100; ++v) {
    instance.program.values.push_back({"v", v % 7, ValueKind::Input});
    instance.program.steps[2].accesses.push_back({v, 5, AccessMode::Read});
  }
  AccessIndex index(instance);
  PlanEditor editor(index);
  PlanEditor::Id last = editor.place(Residency::byCopy(0, 0, 1, 2, 2));
  PlanEditor::Id before = last;
  for (int32_t v = 1; v < 100; ++v) {
    PlanEditor::Id id =
        editor.place(Residency::byCopy(v, 10 * v, 1, 2, 2), before);
    // In turn at the front of the last one and of the one before it.
    if (v % 2)
      before = id;
  }
  std::vector<int32_t> order;
  for (PlanEditor::Id id = editor.firstInList(); id != PlanEditor::kNone;
       id = editor.nextInList(id))
    order.push_back(editor.residency(id).value);
  EXPECT_EQ(order.size(), 100u);
  EXPECT_EQ(order.back(), 0);
  expectAgreement(editor);
}

/// Sums of bytes that a double cannot have are not kept by adding.
TEST(PlanEditor, BytesBesideVeryManyAreNotLost) {
  using namespace handmade;
  Instance instance =
      program({input("a", 10), input("b", 10)},
              {step(1), step(1, {read(0, int64_t(1) << 60), read(1, 50)})});
  AccessIndex index(instance);
  PlanEditor editor(index);
  PlanEditor::Id id = editor.place(Residency::byCopy(0, 0, 0, 1, 1));
  expectAgreement(editor);
  EXPECT_LT(editor.latency(), 1e17);
  double latency = editor.latency();
  editor.remove(id);
  expectAgreement(editor);
  editor.place(Residency::byCopy(1, 0, 0, 1, 1));
  expectAgreement(editor);
  EXPECT_GT(editor.latency(), latency);
}

} // namespace
