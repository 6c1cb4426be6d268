//===- HloModuleProgram.cpp - what an XLA module does with its memory
//-----------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One walk over the schedule, loops and calls included. Every array that is in
// fast memory belongs to an allocation; what renames an array passes its
// allocation on. Accesses in a loop's body of buffers from outside are added up
// into accesses of the loop step.
//
//===----------------------------------------------------------------------===//

#include "mempl/Frontend/Xla/HloModuleProgram.h"

#include "HloAliases.h"
#include "HloCost.h"
#include "HloOrder.h"
#include "HloSlices.h"
#include "HloTrips.h"

#include "mempl/Support/FileIO.h"

#include "llvm/ADT/MapVector.h"

#include <map>
#include <tuple>

using namespace mempl;
using namespace mempl::hlo;
using llvm::Error;
using llvm::StringRef;

/// Before scheduling, JAX's offloading is a custom call that names the memory.
static bool movesToHost(const Instruction &i) {
  StringRef target = i.attribute("custom_call_target");
  StringRef attributes = i.attribute("frontend_attributes");
  return target == "\"MoveToHost\"" ||
         (target == "\"annotate_device_placement\"" &&
          (attributes.contains("\"pinned_host\"") ||
           attributes.contains("\"unpinned_host\"")));
}

namespace {

class ProgramReader {
public:
  ProgramReader(const Module &module, const Aliases &aliases)
      : module(module), aliases(aliases), order(module),
        bufferOf(aliases.numGroups(), -1),
        allocationOf(aliases.numLeaves(), -1),
        onHost(aliases.numGroups(), false), isMade(aliases.numGroups(), false),
        isTaken(aliases.numGroups(), false) {
    findUses();
    for (int32_t leaf = 0; leaf < aliases.numLeaves(); ++leaf)
      if (isArray(leaf) && (aliases.isOnHost(leaf) ||
                            movesToHost(instruction(aliases.site(leaf)))))
        onHost[aliases.group(leaf)] = true;
  }

  llvm::Expected<ModuleProgram> read();

private:
  using Accesses = llvm::MapVector<int32_t, BufferAccess>;

  void visit(int32_t computation, int32_t level);
  void visit(const Site &at, int32_t level);
  void free(const Site &at, int32_t level);
  void startCopy(const Site &at, int32_t level);
  void finishCopy(const Site &at, int32_t level);
  void joinParts(const Site &at, int32_t level);
  void step(const Site &at, int32_t level);
  void readOperands(const Site &at, int32_t level, Accesses &accesses);
  void writeOutputs(const Site &at, int32_t level, Accesses &accesses);
  void loop(const Site &at, int32_t level);
  void call(const Site &at, int32_t level);
  void passStays(int32_t to, int32_t from, int32_t count);
  void findUses();
  const LoopSlices *slicesAt(int32_t leaf, int32_t level) const;
  int32_t sliceBuffer(int32_t array, const MovingSlice &slice, ValueKind kind);
  void addSlice(Accesses &accesses, const BufferAccess &ofArray,
                const MovingSlice &slice);
  void addAccess(Accesses &accesses, const BufferAccess &access);
  void finishStep(ProgramStep step, int32_t level, const Accesses &accesses);
  void evict(int32_t allocation, int32_t level);

  /// A transfer that has been started.
  struct Transfer {
    int32_t level, step;
    Accesses accesses;
  };
  bool isOfAssignment(const Site &start) const;
  void endTransfer(const Site &done, int32_t level);
  void addHold(const Site &done, int32_t level, const Accesses &accesses);
  void keepSlow(const Transfer &transfer);
  void markOutputs();

  int32_t buffer(int32_t leaf, int32_t level);
  int32_t now(int32_t level) const {
    return program.levels[level].steps.size();
  }
  const Instruction &instruction(const Site &at) const {
    return module.computations[at.computation].instructions[at.instruction];
  }
  bool isArray(int32_t leaf) const {
    return aliases.shape(leaf).numElements() > 1;
  }

  const Module &module;
  const Aliases &aliases;
  OrderReader order;
  OrderReader::Steps before; ///< What runs before the instruction at hand.
  ModuleProgram program;
  std::vector<int32_t> bufferOf, allocationOf;
  std::vector<bool> onHost; ///< By group.
  /// By group: whether a step writes it whole, and whether one reads it.
  std::vector<bool> isMade, isTaken;
  /// Of the loops around the step at hand, from the outermost on, by level.
  std::vector<std::pair<int32_t, LoopSlices>> openLoops;
  /// By level, array, and place in it.
  std::map<std::tuple<int32_t, int32_t, std::string>, int32_t> sliceBuffers;
  /// Those under way, by the first leaf of the start.
  llvm::MapVector<int32_t, Transfer> transfers;
  /// By level: accesses of the steps so far to buffers from outside.
  std::vector<Accesses> outside;
  /// By instruction that starts a copy or a part of one: the boundary.
  llvm::DenseMap<int32_t, int32_t> started;
  std::vector<bool> isWritten;
};

} // namespace

std::string hlo::siteName(const Module &module, const Site &site) {
  const Instruction &i =
      module.computations[site.computation].instructions[site.instruction];
  return i.shape.isTuple ? i.name + "{" + std::to_string(site.leaf) + "}"
                         : i.name;
}

/// The buffer of a leaf, which begins here if it is new.
int32_t ProgramReader::buffer(int32_t leaf, int32_t level) {
  int32_t &index = bufferOf[aliases.group(leaf)];
  if (index < 0) {
    index = program.buffers.size();
    Buffer made;
    made.definition = aliases.site(leaf);
    made.name = siteName(module, made.definition);
    made.level = level;
    made.onHost = onHost[aliases.group(leaf)];
    program.notes.onHost += made.onHost;
    program.buffers.push_back(std::move(made));
    isWritten.push_back(false);
  }
  Buffer &b = program.buffers[index];
  b.size = std::max(b.size, aliases.shape(leaf).bytes());
  return index;
}

void ProgramReader::passStays(int32_t to, int32_t from, int32_t count) {
  for (int32_t i = 0; i < count; ++i)
    allocationOf[to + i] = aliases.isFast(to + i) ? allocationOf[from + i] : -1;
}

void ProgramReader::free(const Site &at, int32_t level) {
  const Instruction &i = instruction(at);
  int32_t leaf = aliases.leaf(at);
  int32_t count = i.shape.leaves().size();
  bool isInput = i.opcode == "constant" ||
                 (i.opcode == "parameter" && at.computation == module.entry);
  for (int32_t k = 0; k < count; ++k, ++leaf) {
    if (isInput && isArray(leaf))
      program.buffers[buffer(leaf, level)].kind = ValueKind::Input;
    if (isInput && !isArray(leaf))
      ++program.notes.scalars;
    if (aliases.source(leaf) >= 0)
      passStays(leaf, aliases.source(leaf), 1);
  }
  if (StringRef(i.opcode).ends_with("-done") && i.operands.size() == 1)
    endTransfer(at, level);
}

//===----------------------------------------------------------------------===//
// Copies that the assignment made
//===----------------------------------------------------------------------===//

void ProgramReader::evict(int32_t allocation, int32_t level) {
  FastAllocation &s = program.allocations[allocation];
  if (s.level != level) {
    ++program.notes.copiesInBodies;
    return;
  }
  if (s.back >= 0) {
    ++program.notes.secondEvictions;
    return;
  }
  s.back = now(level) - 1;
}

void ProgramReader::startCopy(const Site &at, int32_t level) {
  int32_t leaf = aliases.leaf(at);
  started[leaf] = now(level);
  const Instruction &i = instruction(at);
  if (i.opcode == "slice-start" || aliases.isFast(leaf))
    return;
  int32_t source = aliases.leaf(at.computation, i.operands[0]);
  if (allocationOf[source] >= 0)
    evict(allocationOf[source], level);
}

void ProgramReader::finishCopy(const Site &at, int32_t level) {
  const Instruction &done = instruction(at);
  int32_t leaf = aliases.leaf(at);
  int32_t start = aliases.leaf(at.computation, done.operands[0]);
  if (!isArray(leaf))
    return;
  if (!aliases.isFast(leaf)) {
    const Computation &c = module.computations[at.computation];
    int32_t source = aliases.leaf(at.computation,
                                  c.instructions[done.operands[0]].operands[0]);
    int32_t allocation = allocationOf[source];
    if (allocation >= 0 && program.allocations[allocation].level == level &&
        program.allocations[allocation].done < 0)
      program.allocations[allocation].done = now(level);
    return;
  }
  int32_t index = buffer(leaf, level);
  if (program.buffers[index].level != level) {
    ++program.notes.copiesInBodies;
    return;
  }
  FastAllocation allocation;
  allocation.buffer = index;
  allocation.level = level;
  allocation.issue = allocation.firstIssue = started.lookup(start);
  allocation.ready = now(level);
  const Computation &c = module.computations[at.computation];
  allocation.crossProgram = !c.instructions[done.operands[0]]
                                 .attribute("cross_program_prefetch_index")
                                 .empty();
  allocationOf[leaf] = program.allocations.size();
  program.allocations.push_back(allocation);
}

void ProgramReader::joinParts(const Site &at, int32_t level) {
  const Computation &c = module.computations[at.computation];
  int32_t leaf = aliases.leaf(at);
  if (!isArray(leaf) || !aliases.isFast(leaf))
    return;
  int32_t index = buffer(leaf, level);
  if (program.buffers[index].level != level) {
    ++program.notes.copiesInBodies;
    return;
  }
  FastAllocation allocation;
  allocation.buffer = index;
  allocation.level = level;
  allocation.firstIssue = now(level);
  allocation.parts = 0;
  for (int32_t done : instruction(at).operands) {
    int32_t start = c.instructions[done].operands[0];
    int32_t boundary = started.lookup(aliases.leaf(at.computation, start));
    allocation.firstIssue = std::min(allocation.firstIssue, boundary);
    allocation.issue = std::max(allocation.issue, boundary);
    ++allocation.parts;
    if (!c.instructions[start]
             .attribute("cross_program_prefetch_index")
             .empty())
      allocation.crossProgram = true;
  }
  allocation.ready = now(level);
  ++program.notes.slicedCopies;
  allocationOf[leaf] = program.allocations.size();
  program.allocations.push_back(allocation);
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

void ProgramReader::addAccess(Accesses &accesses, const BufferAccess &access) {
  auto [it, isNew] = accesses.insert({access.buffer, access});
  if (isNew)
    return;
  BufferAccess &sum = it->second;
  sum.read += access.read;
  sum.written += access.written;
  if (sum.mode != access.mode)
    sum.mode = AccessMode::Update;
  program.notes.mixedAccesses += sum.fast != access.fast;
  sum.fast &= access.fast;
  sum.slowOnly |= access.slowOnly;
}

void ProgramReader::readOperands(const Site &at, int32_t level,
                                 Accesses &accesses) {
  const Instruction &i = instruction(at);
  const Computation &c = module.computations[at.computation];
  for (size_t k = 0; k < i.operands.size(); ++k) {
    int32_t leaf = aliases.leaf(at.computation, i.operands[k]);
    int32_t count = c.instructions[i.operands[k]].shape.leaves().size();
    for (int32_t l = 0; l < count; ++l, ++leaf) {
      if (!isArray(leaf))
        continue;
      BufferAccess access;
      access.buffer = buffer(leaf, level);
      access.read = readBytes(module, c, i, k, l);
      int32_t allocation = allocationOf[leaf];
      access.fast = allocation >= 0;
      std::optional<MovingSlice> slice;
      if (const LoopSlices *slices = slicesAt(leaf, level);
          slices && !isMade[aliases.group(leaf)])
        slice = slices->read(at, static_cast<int32_t>(k));
      if (slice)
        addSlice(accesses, access, *slice);
      else
        addAccess(accesses, access);
      program.buffers[access.buffer].uses.push_back(
          {at.computation, at.instruction, static_cast<int32_t>(k), l});
      if (allocation < 0)
        continue;
      // An allocation of an outer program serves the loop step that is still
      // open.
      FastAllocation &s = program.allocations[allocation];
      s.last = std::max(s.last, now(s.level));
    }
  }
}

void ProgramReader::writeOutputs(const Site &at, int32_t level,
                                 Accesses &accesses) {
  const Instruction &i = instruction(at);
  const Computation &c = module.computations[at.computation];
  std::vector<InPlacePair> pairs = inPlacePairs(module, c, i);
  int32_t leaf = aliases.leaf(at);
  int32_t count = i.shape.leaves().size();
  std::vector<StartLeaf> kinds;
  if (isStart(i.opcode))
    kinds = startLeaves(i.opcode, i.shape);
  for (int32_t l = 0; l < count; ++l, ++leaf) {
    if (!isArray(leaf) || (!kinds.empty() && kinds[l] != StartLeaf::Result))
      continue;
    BufferAccess access;
    access.buffer = buffer(leaf, level);
    Buffer &b = program.buffers[access.buffer];
    access.written = writtenBytes(module, c, i, l);
    access.mode = AccessMode::Write;
    int32_t allocation = -1;
    for (const InPlacePair &pair : pairs) {
      if (pair.outputLeaf != l)
        continue;
      int32_t operand = aliases.leaf(at.computation, i.operands[pair.operand]);
      if (aliases.group(operand + pair.operandLeaf) != aliases.group(leaf))
        continue;
      access.mode = AccessMode::Update;
      allocation = allocationOf[operand + pair.operandLeaf];
    }
    if (aliases.isFast(leaf)) {
      // What a body leaves for the next trip stays where the loop began with
      // it.
      if (allocation < 0 && b.level != level)
        for (size_t s = program.allocations.size(); s-- > 0 && allocation < 0;)
          if (program.allocations[s].buffer == access.buffer)
            allocation = s;
      if (allocation < 0) {
        allocation = program.allocations.size();
        FastAllocation made;
        made.buffer = access.buffer;
        made.level = b.level;
        made.write = now(b.level);
        program.allocations.push_back(made);
      }
      FastAllocation &s = program.allocations[allocation];
      s.last = std::max(s.last, now(s.level));
      access.fast = true;
      allocationOf[leaf] = allocation;
    }
    isWritten[access.buffer] = true;
    b.writes.push_back(aliases.site(leaf));
    std::optional<MovingSlice> slice;
    if (const LoopSlices *slices = slicesAt(leaf, level);
        slices && access.mode == AccessMode::Update &&
        !isTaken[aliases.group(leaf)])
      slice = slices->written(at);
    if (slice)
      addSlice(accesses, access, *slice);
    else
      addAccess(accesses, access);
  }
}

/// The slices of the loop whose body `level` is, if an array is used there by
/// slices: it is from outside, and XLA has not put it into fast memory whole.
const LoopSlices *ProgramReader::slicesAt(int32_t leaf, int32_t level) const {
  if (openLoops.empty() || openLoops.back().first != level ||
      aliases.isFast(leaf) || onHost[aliases.group(leaf)])
    return nullptr;
  int32_t index = bufferOf[aliases.group(leaf)];
  return index >= 0 && program.buffers[index].level != level
             ? &openLoops.back().second
             : nullptr;
}

int32_t ProgramReader::sliceBuffer(int32_t array, const MovingSlice &slice,
                                   ValueKind kind) {
  int32_t level = openLoops.back().first;
  auto [it, isNew] =
      sliceBuffers.insert({{level, array, slice.indices},
                           static_cast<int32_t>(program.buffers.size())});
  if (!isNew)
    return it->second;
  Buffer made;
  made.definition = program.buffers[array].definition;
  made.name = program.buffers[array].name + "[trip]";
  made.size = slice.bytes;
  made.kind = kind;
  made.level = level;
  made.streamed = true;
  program.buffers.push_back(std::move(made));
  isWritten.push_back(kind == ValueKind::Output);
  return it->second;
}

/// An access of a slice instead of one of its array, which has to be in slow
/// memory all along.
void ProgramReader::addSlice(Accesses &accesses, const BufferAccess &ofArray,
                             const MovingSlice &slice) {
  bool writes = ofArray.mode != AccessMode::Read;
  BufferAccess access = ofArray;
  access.buffer = sliceBuffer(ofArray.buffer, slice,
                              writes ? ValueKind::Output : ValueKind::Input);
  access.mode = writes ? AccessMode::Write : AccessMode::Read;
  access.fast = false;
  addAccess(accesses, access);
  BufferAccess hold = ofArray;
  hold.read = hold.written = 0;
  hold.slowOnly = true;
  addAccess(accesses, hold);
}

/// Arrays that are no part of what is computed on the way: they come from slow
/// memory once anyway, or go there.
void ProgramReader::findUses() {
  for (int32_t c = 0; c < static_cast<int32_t>(module.computations.size());
       ++c) {
    if (!aliases.runs(c))
      continue;
    const Computation &computation = module.computations[c];
    for (int32_t k = 0;
         k < static_cast<int32_t>(computation.instructions.size()); ++k) {
      if (aliases.role(c, k) != Role::Step)
        continue;
      const Instruction &i = computation.instructions[k];
      std::vector<InPlacePair> pairs = inPlacePairs(module, computation, i);
      for (size_t o = 0; o < i.operands.size(); ++o) {
        int32_t leaf = aliases.leaf(c, i.operands[o]);
        size_t count =
            computation.instructions[i.operands[o]].shape.leaves().size();
        bool isChanged = llvm::any_of(pairs, [&](const InPlacePair &pair) {
          return pair.operand == static_cast<int32_t>(o);
        });
        for (size_t l = 0; l < count && !isChanged; ++l)
          isTaken[aliases.group(leaf + static_cast<int32_t>(l))] = true;
      }
      for (size_t l = 0; l < i.shape.leaves().size(); ++l)
        isMade[aliases.group(aliases.leaf(c, k) + static_cast<int32_t>(l))] =
            true;
    }
  }
}

/// Keeps what belongs to this program; the rest is for the loop around it.
void ProgramReader::finishStep(ProgramStep step, int32_t level,
                               const Accesses &accesses) {
  for (const auto &[index, access] : accesses) {
    if (program.buffers[index].level == level) {
      step.accesses.push_back(access);
    } else {
      addAccess(outside[level], access);
      step.outside.push_back(access);
      order.addOutside(now(level), index, access.mode != AccessMode::Read,
                       before);
    }
  }
  step.after.assign(before.begin(), before.end());
  program.levels[level].steps.push_back(std::move(step));
}

void ProgramReader::step(const Site &at, int32_t level) {
  const Instruction &i = instruction(at);
  if (i.opcode == "slice-start")
    ++program.notes.realSlices;
  Accesses accesses;
  readOperands(at, level, accesses);
  writeOutputs(at, level, accesses);
  // Scalars run beside everything else.
  if (accesses.empty())
    return;
  ProgramStep step;
  step.computation = at.computation;
  step.instruction = at.instruction;
  finishStep(std::move(step), level, accesses);
  if (isStart(i.opcode) && !isOfAssignment(at))
    transfers[aliases.leaf(at)] = {level, now(level) - 1, std::move(accesses)};
}

//===----------------------------------------------------------------------===//
// Transfers under way
//===----------------------------------------------------------------------===//

/// Whether a transfer is asynchronous because the assignment lets it change
/// memory on its way: a copy or a slice of the program. Undone, it is a step
/// like any other, which is over before the next one.
bool ProgramReader::isOfAssignment(const Site &start) const {
  const Instruction &i = instruction(start);
  std::string base = StringRef(i.opcode).rsplit("-start").first.str();
  int32_t callee = i.callee("calls");
  if (base == "async" && callee >= 0) {
    const Computation &inner = module.computations[callee];
    base = inner.instructions[inner.root].opcode;
  }
  if (base != "copy" && base != "slice" && base != "dynamic-slice")
    return false;
  std::vector<StartLeaf> kinds = startLeaves(i.opcode, i.shape);
  bool fast[2] = {false, false};
  for (size_t l = 0; l < kinds.size(); ++l) {
    int32_t leaf = aliases.leaf(start) + static_cast<int32_t>(l);
    if (kinds[l] == StartLeaf::Context)
      continue;
    if (onHost[aliases.group(leaf)])
      return false;
    fast[kinds[l] == StartLeaf::Result] |= aliases.isFast(leaf);
  }
  return fast[0] != fast[1];
}

/// Constrains the accesses of a start to slow memory; in a loop, also those of
/// the loops around it that stand for them.
void ProgramReader::keepSlow(const Transfer &transfer) {
  ++program.notes.transfers;
  ProgramStep *step = &program.levels[transfer.level].steps[transfer.step];
  std::vector<int32_t> open;
  for (const auto &[index, access] : transfer.accesses)
    open.push_back(index);
  for (int32_t level = transfer.level;;) {
    for (auto *list : {&step->accesses, &step->outside})
      for (BufferAccess &access : *list)
        access.slowOnly |= llvm::is_contained(open, access.buffer);
    for (int32_t index : open) {
      auto it = outside[level].find(index);
      if (it != outside[level].end())
        it->second.slowOnly = true;
    }
    llvm::erase_if(open, [&](int32_t index) {
      return program.buffers[index].level == level;
    });
    int32_t parent = program.levels[level].parent;
    if (open.empty() || parent < 0)
      return;
    std::vector<ProgramStep> &steps = program.levels[parent].steps;
    auto loop = llvm::find_if(
        steps, [&](const ProgramStep &each) { return each.body == level; });
    if (loop == steps.end())
      return; // It is still open, and takes them over from `outside`.
    step = &*loop;
    level = parent;
  }
}

/// The done as a step that moves nothing.
void ProgramReader::addHold(const Site &done, int32_t level,
                            const Accesses &accesses) {
  Accesses held;
  for (const auto &[index, access] : accesses) {
    BufferAccess hold;
    hold.buffer = index;
    hold.mode =
        access.mode == AccessMode::Read ? AccessMode::Read : AccessMode::Update;
    hold.fast = access.fast;
    hold.slowOnly = true;
    addAccess(held, hold);
  }
  ProgramStep step;
  step.computation = done.computation;
  step.instruction = done.instruction;
  finishStep(std::move(step), level, held);
}

/// A transfer beside which other steps ran has held its arrays all the time,
/// at one place. A plan can promise that of slow memory only: anywhere else a
/// residency may end between two steps. So the start and the done access them
/// there, and the done, a step that moves nothing, keeps results from being
/// fetched before they are complete.
void ProgramReader::endTransfer(const Site &done, int32_t level) {
  int32_t leaf =
      aliases.leaf(done.computation, instruction(done).operands.front());
  while (aliases.source(leaf) >= 0)
    leaf = aliases.source(leaf);
  auto it = transfers.find(leaf);
  Transfer transfer = {level, now(level), {}};
  if (it != transfers.end()) {
    transfer = std::move(it->second);
    transfers.erase(it);
  } else {
    if (isStart(instruction(aliases.site(leaf)).opcode))
      return; // One of the assignment, or of scalars.
    // It was started in another trip or before the loop.
    int32_t output = aliases.leaf(done);
    int32_t count = instruction(done).shape.leaves().size();
    for (int32_t k = 0; k < count; ++k)
      if (isArray(output + k)) {
        BufferAccess result;
        result.buffer = buffer(output + k, level);
        result.mode = AccessMode::Update;
        addAccess(transfer.accesses, result);
      }
    if (transfer.accesses.empty())
      return;
    addHold(done, level, transfer.accesses);
    return;
  }
  if (transfer.level == level && now(level) == transfer.step + 1)
    return; // Nothing runs beside it.
  keepSlow(transfer);
  if (transfer.level != level)
    return;
  addHold(done, level, transfer.accesses);
}

//===----------------------------------------------------------------------===//
// Loops and calls
//===----------------------------------------------------------------------===//

void ProgramReader::loop(const Site &at, int32_t level) {
  const Instruction &i = instruction(at);
  int32_t body = i.callee("body");
  const Computation &inner = module.computations[body];
  int32_t operand = aliases.leaf(at.computation, i.operands[0]);
  int32_t count = i.shape.leaves().size();
  // What is carried belongs out here, even where only the body names it.
  for (int32_t k = 0; k < count; ++k)
    if (isArray(operand + k))
      buffer(operand + k, level);
  passStays(aliases.leaf(body, inner.parameters[0]), operand, count);

  int32_t innerLevel = program.levels.size();
  program.levels.push_back({level, {}});
  outside.emplace_back();
  OrderReader::Steps beforeLoop = before;
  order.beginBody();
  openLoops.emplace_back(innerLevel, LoopSlices(module, aliases, at));
  visit(body, innerLevel);
  openLoops.pop_back();
  order.endBody();
  before = std::move(beforeLoop);

  ProgramStep step;
  step.computation = at.computation;
  step.instruction = at.instruction;
  step.body = innerLevel;
  std::optional<int64_t> trips = tripsOf(module, at.computation, i);
  step.tripsKnown = trips.has_value();
  step.trips = trips.value_or(kAssumedTrips);
  program.notes.assumedTrips += !trips;
  for (auto &[index, access] : outside[innerLevel]) {
    auto times = [&](int64_t bytes) {
      int64_t product = 0;
      return llvm::MulOverflow(bytes, step.trips, product) ? INT64_MAX / 4
                                                           : product;
    };
    access.read = times(access.read);
    access.written = times(access.written);
    // Whatever was there before the loop is what its first trip sees.
    if (access.mode == AccessMode::Write)
      access.mode = AccessMode::Update;
  }
  Accesses accesses = std::move(outside[innerLevel]);
  finishStep(std::move(step), level, accesses);
  int32_t out = aliases.leaf(at);
  passStays(out, operand, count);
}

void ProgramReader::call(const Site &at, int32_t level) {
  const Instruction &i = instruction(at);
  int32_t callee = i.callee("to_apply");
  const Computation &inner = module.computations[callee];
  const Computation &c = module.computations[at.computation];
  for (size_t k = 0; k < i.operands.size(); ++k)
    passStays(aliases.leaf(callee, inner.parameters[k]),
              aliases.leaf(at.computation, i.operands[k]),
              c.instructions[i.operands[k]].shape.leaves().size());
  order.beginCall(at.computation, at.instruction);
  int32_t from = now(level);
  visit(callee, level);
  order.endCall(at.computation, at.instruction, from, now(level));
  passStays(aliases.leaf(at), aliases.leaf(callee, inner.root),
            i.shape.leaves().size());
}

void ProgramReader::visit(const Site &at, int32_t level) {
  switch (aliases.role(at.computation, at.instruction)) {
  case Role::Free:
    free(at, level);
    break;
  case Role::Step:
    step(at, level);
    break;
  case Role::CopyStart:
  case Role::SliceStart:
    startCopy(at, level);
    break;
  case Role::CopyDone:
    finishCopy(at, level);
    break;
  case Role::SliceDone:
    break;
  case Role::Join:
    joinParts(at, level);
    break;
  case Role::Loop:
    loop(at, level);
    break;
  case Role::Call:
    call(at, level);
    break;
  }
}

void ProgramReader::visit(int32_t computation, int32_t level) {
  const Computation &c = module.computations[computation];
  for (int32_t i = 0; i < static_cast<int32_t>(c.instructions.size()); ++i) {
    if (aliases.role(computation, i) == Role::Call) {
      visit({computation, i, 0}, level);
      continue;
    }
    int32_t next = now(level);
    before = order.begin(computation, i);
    visit({computation, i, 0}, level);
    order.end(computation, i, before,
              now(level) > next ? std::optional(next) : std::nullopt);
  }
}

void ProgramReader::markOutputs() {
  const Computation &entry = module.entryComputation();
  int32_t leaf = aliases.leaf(module.entry, entry.root);
  int32_t count = entry.instructions[entry.root].shape.leaves().size();
  for (int32_t k = 0; k < count; ++k, ++leaf) {
    int32_t index = bufferOf[aliases.group(leaf)];
    if (index < 0 || !isWritten[index])
      continue;
    ValueKind &kind = program.buffers[index].kind;
    kind = kind == ValueKind::Input || kind == ValueKind::InOut
               ? ValueKind::InOut
               : ValueKind::Output;
  }
}

llvm::Expected<ModuleProgram> ProgramReader::read() {
  program.levels.push_back({});
  outside.emplace_back();
  visit(module.entry, 0);
  markOutputs();
  // What ends nowhere, or in another program.
  for (const auto &[leaf, transfer] : transfers)
    keepSlow(transfer);
  // An eviction that never ends, and a prefetch that nothing reads.
  for (FastAllocation &allocation : program.allocations) {
    if (allocation.done < 0)
      allocation.back = -1;
    int32_t first = allocation.write >= 0 ? allocation.write : allocation.ready;
    allocation.last =
        std::max(allocation.last, std::max(first, allocation.back));
  }
  llvm::erase_if(program.allocations, [&](const FastAllocation &allocation) {
    return allocation.last >= now(allocation.level);
  });
  if (program.levels[0].steps.empty())
    return fileError(module.file, module.entryComputation().line,
                     "expected an entry computation that runs at least one "
                     "step, with arrays of more than one element");
  return std::move(program);
}

llvm::Expected<ModuleProgram> hlo::readProgram(const Module &module) {
  auto aliases = Aliases::create(module);
  if (!aliases)
    return aliases.takeError();
  return ProgramReader(module, *aliases).read();
}
