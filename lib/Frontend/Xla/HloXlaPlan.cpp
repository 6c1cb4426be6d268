//===- HloXlaPlan.cpp - XLA's own plan ------------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The text says when a buffer is in fast memory, the dumped tables where. A
// prefetch in slices takes its memory slice by slice, which a plan cannot say:
// it is issued as a whole with the first slice, or later, where another buffer
// is still there. Bodies of loops use memory from offset 0 in a plan, and
// anywhere in XLA, so a program with loops is packed anew, times unchanged.
//
//===----------------------------------------------------------------------===//

#include "mempl/Frontend/Xla/HloImport.h"
#include "mempl/Packing/Packer.h"
#include "mempl/Problem/TimeModel.h"
#include "mempl/Problem/Verifier.h"
#include "mempl/Support/FileIO.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"

#include <map>
#include <set>

using namespace mempl;
using namespace mempl::hlo;
using llvm::Expected;

/// Nodes of the exact packer; best fit comes first and mostly is enough.
static constexpr int64_t kPackingNodes = 2000000;

namespace {

class XlaPlanBuilder {
public:
  XlaPlanBuilder(const Module &module, const ModuleProgram &program,
                 const Imported &imported, const AssignmentTables &tables,
                 XlaPlanNotes &notes)
      : module(module), program(program), imported(imported), tables(tables),
        notes(notes) {}

  Expected<Plan> build();

private:
  struct Level {
    Plan plan;
    std::vector<int32_t> allocations; ///< By residency: of the program, or -1.
  };

  Level collect(int32_t level, InstanceRef instance);
  void separate(Level &level);
  bool placeAsXla(Level &level, InstanceRef instance);
  bool pack(Level &level, InstanceRef instance, bool late);
  Plan planLevel(int32_t level, InstanceRef instance);
  void carry(Level &level, InstanceRef instance);
  void dropInvalid(Plan &plan, InstanceRef instance);
  const AssignmentTables::AllocationRow *
  rowFor(const FastAllocation &allocation) const;
  int64_t timeOf(int32_t level, int32_t step) const;
  void indexTables();

  const Module &module;
  const ModuleProgram &program;
  const Imported &imported;
  const AssignmentTables &tables;
  XlaPlanNotes &notes;
  llvm::StringMap<int64_t> idOf; ///< Of buffers in the tables, by definition.
  // Not a DenseMap, which has numbers that are no keys.
  std::map<int64_t, std::vector<const AssignmentTables::AllocationRow *>>
      rowsOf;
  std::vector<int64_t> unlisted; ///< Allocated, but not in the buffers' table.
};

} // namespace

int64_t XlaPlanBuilder::timeOf(int32_t level, int32_t step) const {
  const ProgramStep &s = program.levels[level].steps[step];
  const std::string &name =
      module.computations[s.computation].instructions[s.instruction].name;
  auto it = tables.timeOf.find(name);
  return it == tables.timeOf.end() ? -1 : it->second;
}

/// The row of the table for an allocation, as of its first use.
const AssignmentTables::AllocationRow *
XlaPlanBuilder::rowFor(const FastAllocation &allocation) const {
  const Buffer &buffer = program.buffers[allocation.buffer];
  int64_t time =
      timeOf(allocation.level,
             allocation.write >= 0 ? allocation.write : allocation.last);
  if (time < 0)
    return nullptr;
  auto findIn = [&](int64_t id) -> const AssignmentTables::AllocationRow * {
    auto rows = rowsOf.find(id);
    if (rows == rowsOf.end())
      return nullptr;
    for (const AssignmentTables::AllocationRow *row : rows->second)
      if (row->size == buffer.size && row->start <= time && time <= row->end)
        return row;
    return nullptr;
  };
  auto named = idOf.find(buffer.name);
  if (named != idOf.end())
    if (const AssignmentTables::AllocationRow *row = findIn(named->second))
      return row;
  if (!allocation.crossProgram)
    return nullptr;
  // The table of buffers leaves out what was prefetched across programs.
  for (int64_t id : unlisted)
    if (const AssignmentTables::AllocationRow *row = findIn(id))
      return row;
  return nullptr;
}

void XlaPlanBuilder::indexTables() {
  std::set<int64_t> listed;
  for (const AssignmentTables::BufferRow &row : tables.buffers) {
    idOf.insert({row.name, row.id});
    listed.insert(row.id);
  }
  for (const AssignmentTables::AllocationRow &row : tables.allocations) {
    auto &rows = rowsOf[row.id];
    if (rows.empty() && !listed.count(row.id))
      unlisted.push_back(row.id);
    rows.push_back(&row);
  }
}

XlaPlanBuilder::Level XlaPlanBuilder::collect(int32_t index,
                                              InstanceRef instance) {
  Level level;
  // By value: the steps that can access it in slow memory only.
  llvm::DenseMap<int32_t, std::vector<int32_t>> slowSteps;
  for (int32_t s = 0; s < instance.numSteps(); ++s)
    for (const Access &access : instance.program.steps[s].accesses)
      if (access.space == SpaceConstraint::Slow)
        slowSteps[access.value].push_back(s);
  for (size_t i = 0; i < program.allocations.size(); ++i) {
    const FastAllocation &allocation = program.allocations[i];
    if (allocation.level != index)
      continue;
    Residency r;
    r.value = imported.valueOf[allocation.buffer];
    if (r.value < 0)
      continue; // Nothing ever accesses it.
    if (allocation.write >= 0)
      r.begin = ByWrite{allocation.write};
    else
      r.begin = CopyIn{allocation.firstIssue, allocation.ready};
    r.last = allocation.last;
    if (allocation.back >= 0)
      r.out = {allocation.back, std::max(allocation.done, allocation.back + 1)};
    r.offset = -1;
    if (llvm::any_of(slowSteps[r.value],
                     [&](int32_t step) { return r.serves(step); })) {
      ++notes.inTransfers;
      continue;
    }
    level.plan.residencies.push_back(r);
    level.allocations.push_back(i);
    ++notes.residencies;
  }
  return level;
}

/// XLA may fetch a buffer again while it still holds it elsewhere. A plan may
/// not (V8): the second copy waits for the end of the first.
void XlaPlanBuilder::separate(Level &level) {
  llvm::DenseMap<int32_t, std::vector<size_t>> byValue;
  for (size_t i = 0; i < level.plan.residencies.size(); ++i)
    byValue[level.plan.residencies[i].value].push_back(i);
  for (Residency &r : level.plan.residencies)
    for (size_t k : byValue[r.value]) {
      const Residency &other = level.plan.residencies[k];
      CopyIn *in = r.copyIn();
      if (!in || other.first() >= in->ready || &other == &r)
        continue;
      int32_t issue = std::min(std::max(in->issue, other.end() + 1), in->ready);
      notes.delayedCopies += issue > in->issue;
      in->issue = issue;
    }
}

/// The carried residency of the value that residency `again` brings back.
static size_t carriedTwin(const std::vector<Residency> &list, size_t again) {
  for (size_t i = 0; i < list.size(); ++i)
    if (list[i].isKept() && list[i].value == list[again].value)
      return i;
  return again;
}

/// Gives residencies XLA's offsets, and delays sliced copies until their place
/// is free. False, with offsets unset, where the tables do not tell all.
bool XlaPlanBuilder::placeAsXla(Level &level, InstanceRef instance) {
  std::vector<Residency> &list = level.plan.residencies;
  for (size_t i = 0; i < list.size(); ++i) {
    if (level.allocations[i] < 0) {
      list[i].offset = list[carriedTwin(list, i)].offset;
      continue;
    }
    const AssignmentTables::AllocationRow *row =
        rowFor(program.allocations[level.allocations[i]]);
    if (!row || row->offset % instance.machine.alignment != 0) {
      notes.problems.push_back(
          "no offset in the tables for " +
          program.buffers[program.allocations[level.allocations[i]].buffer]
              .name);
      return false;
    }
    list[i].offset = row->offset;
  }
  auto overlap = [&](const Residency &a, const Residency &b) {
    int64_t sizeA = instance.machine.roundUp(a.bytes(instance.program));
    int64_t sizeB = instance.machine.roundUp(b.bytes(instance.program));
    return a.offset < b.offset + sizeB && b.offset < a.offset + sizeA;
  };
  for (size_t i = 0; i < list.size(); ++i) {
    Residency &r = list[i];
    CopyIn *in = r.copyIn();
    if (level.allocations[i] < 0 || !in ||
        program.allocations[level.allocations[i]].parts < 2)
      continue;
    int32_t issue = in->issue;
    for (size_t k = 0; k < list.size(); ++k)
      if (k != i && list[k].end() < in->ready && list[k].end() >= issue &&
          list[k].start() <= in->ready && overlap(r, list[k]))
        issue = list[k].end() + 1;
    if (issue == in->issue)
      continue;
    ++notes.delayedSlices;
    notes.delaySteps += issue - in->issue;
    in->issue = issue;
  }
  return true;
}

/// Finds offsets for the times as they are; `late` issues sliced copies with
/// their last slice.
bool XlaPlanBuilder::pack(Level &level, InstanceRef instance, bool late) {
  PackingProblem problem;
  problem.capacity = instance.machine.capacity;
  for (size_t i = 0; i < level.plan.residencies.size(); ++i) {
    Residency &r = level.plan.residencies[i];
    if (CopyIn *in = r.copyIn(); in && level.allocations[i] >= 0 && late) {
      const FastAllocation &allocation =
          program.allocations[level.allocations[i]];
      notes.delayedSlices += allocation.issue > in->issue;
      notes.delaySteps += std::max(0, allocation.issue - in->issue);
      in->issue = std::max(in->issue, allocation.issue);
    }
    PackingBuffer b;
    b.id = std::to_string(i);
    b.lower = r.start();
    b.upper = r.end() + 1;
    b.size = instance.machine.roundUp(r.bytes(instance.program));
    // What comes back at the end has to find its place free; it is kept.
    if (r.isKept())
      b.upper = instance.numSteps();
    if (level.allocations[i] < 0)
      b.upper = b.lower;
    b.alignment = instance.machine.alignment;
    problem.buffers.push_back(std::move(b));
  }
  for (int32_t s = 0; s < instance.numSteps(); ++s) {
    int64_t reserved =
        reservedBytes(instance.program.steps[s], level.plan.bodyPlan(s));
    if (reserved == 0)
      continue;
    PackingBuffer b;
    b.id = "step" + std::to_string(s);
    b.lower = s;
    b.upper = s + 1;
    b.size = reserved;
    b.fixedOffset = 0;
    problem.buffers.push_back(std::move(b));
  }
  PackingOptions options;
  options.nodeLimit = kPackingNodes;
  PackingResult packed = mempl::pack(problem, options);
  if (packed.status != PackingStatus::Packed)
    return false;
  std::vector<Residency> &list = level.plan.residencies;
  for (size_t i = 0; i < list.size(); ++i)
    list[i].offset = packed.offsets[i];
  for (size_t i = 0; i < list.size(); ++i)
    if (level.allocations[i] < 0)
      list[i].offset = list[carriedTwin(list, i)].offset;
  return true;
}

/// Turns what XLA keeps over from the run before into carried residencies.
void XlaPlanBuilder::carry(Level &level, InstanceRef instance) {
  for (size_t i = 0; i < level.plan.residencies.size(); ++i) {
    Residency &r = level.plan.residencies[i];
    const FastAllocation &allocation =
        program.allocations[level.allocations[i]];
    if (!allocation.crossProgram ||
        notes.carried >= instance.machine.maxCarried ||
        instance.program.values[r.value].kind != ValueKind::Input)
      continue;
    r.begin = Kept{};
    ++notes.carried;
    const AssignmentTables::AllocationRow *row = rowFor(allocation);
    int64_t end = timeOf(0, instance.numSteps() - 1);
    // Freed after its last use, it comes back at the end for the next run.
    bool comesBack = row && end >= 0 && row->end < end;
    if (!comesBack) {
      r.last = instance.numSteps() - 1;
      continue;
    }
    Residency again = r;
    again.last = instance.numSteps() - 1;
    CopyIn in{again.last, again.last};
    for (const AssignmentTables::AllocationRow &later : tables.allocations)
      if (later.id == row->id && later.start > row->end)
        while (in.issue > r.last + 1 && timeOf(0, in.issue - 1) >= later.start)
          --in.issue;
    again.begin = in;
    level.plan.residencies.push_back(again);
    level.allocations.push_back(-1);
    return;
  }
}

/// Takes out, until all is valid, the residencies of values that break a rule
/// of the problem.
void XlaPlanBuilder::dropInvalid(Plan &plan, InstanceRef instance) {
  plan.instance = instance.name;
  while (true) {
    std::vector<Violation> violations = verify(instance, plan);
    if (violations.empty())
      return;
    llvm::DenseSet<int32_t> culprits;
    for (const Violation &violation : violations) {
      culprits.insert(violation.value);
      notes.problems.push_back(violation.str());
    }
    size_t before = plan.residencies.size();
    llvm::erase_if(plan.residencies, [&](const Residency &r) {
      return culprits.contains(r.value);
    });
    // What is about no residency is about a loop.
    if (plan.residencies.size() == before) {
      plan.residencies.clear();
      plan.loops.clear();
    }
    notes.dropped += before - plan.residencies.size();
  }
}

Plan XlaPlanBuilder::planLevel(int32_t index, InstanceRef instance) {
  Level level = collect(index, instance);
  for (int32_t s = 0; s < instance.numSteps(); ++s) {
    const Step &step = instance.program.steps[s];
    if (!step.body)
      continue;
    InstanceRef inner = instance.bodyOf(s);
    BodyPlan body;
    body.plan = planLevel(program.levels[index].steps[s].body, inner);
    body.capacity = leastCapacity(inner.program);
    for (const Residency &r : body.plan.residencies) {
      int64_t size = instance.machine.roundUp(r.bytes(inner.program));
      body.capacity = std::max(body.capacity, r.offset + size);
    }
    if (!body.plan.residencies.empty())
      level.plan.loops[s] = std::move(body);
  }
  bool simple = index == 0 && level.plan.loops.empty() &&
                llvm::none_of(instance.program.steps, [](const Step &step) {
                  return step.reserved > 0 || step.body;
                });
  separate(level);
  if (index == 0)
    carry(level, instance);
  if (simple && placeAsXla(level, instance)) {
    notes.offsetsOfXla += level.plan.residencies.size();
  } else {
    ++notes.packed;
    notes.delayedSlices = notes.delaySteps = 0;
    if (!pack(level, instance, /*late=*/false) &&
        !pack(level, instance, /*late=*/true)) {
      notes.dropped += level.plan.residencies.size();
      level.plan.residencies.clear();
      level.plan.loops.clear();
    }
  }
  dropInvalid(level.plan, instance);
  return std::move(level.plan);
}

Expected<Plan> XlaPlanBuilder::build() {
  indexTables();
  return planLevel(0, imported.instance);
}

Expected<Plan> hlo::buildXlaPlan(const Module &module,
                                 const ModuleProgram &program,
                                 const Imported &imported,
                                 const AssignmentTables &tables,
                                 XlaPlanNotes &notes) {
  return XlaPlanBuilder(module, program, imported, tables, notes).build();
}
