//===- HloAliases.cpp - arrays that share storage -------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Only what must share storage counts: updates of a part, alone or at the root
// of a fusion, and what an attribute of the operation says. The TPU compiler
// also notes operands that an output may overwrite (`aliasing_operands`); its
// assignment treats these as two buffers, and so does this.
//
// A copy between the memories may be more than the assignment's: where the
// program itself copies (a loop must not overwrite its argument), the
// assignment makes that copy asynchronous and lets it change memory on the way.
// Such a copy is a step. It is told by its result being overwritten while the
// original is needed: later in the program, or always, if it is a parameter.
//
//===----------------------------------------------------------------------===//

#include "HloAliases.h"

#include "mempl/Support/FileIO.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringExtras.h"

using namespace mempl;
using namespace mempl::hlo;
using llvm::Error;
using llvm::StringRef;
using llvm::Twine;

/// Loops in loops; real programs have a handful.
static constexpr int kMaxNesting = 64;

//===----------------------------------------------------------------------===//
// In-place operations
//===----------------------------------------------------------------------===//

/// `{0}: (1, {}), {1}: (2, {}, may-alias)`: pairs of leaves, tuples of arrays
/// only.
static void parseAliasAttribute(StringRef text,
                                std::vector<InPlacePair> &pairs) {
  while (true) {
    text = text.drop_until([](char c) { return c == '{'; });
    if (text.starts_with("{{"))
      text = text.drop_front();
    auto [output, rest] = text.drop_front(!text.empty()).split('}');
    auto [operand, tail] = rest.split('(').second.split(',');
    InPlacePair pair{0, 0, 0};
    StringRef inner = tail.split('{').second.split('}').first;
    if (operand.trim().getAsInteger(10, pair.operand))
      return;
    if (!output.trim().empty() &&
        output.trim().getAsInteger(10, pair.outputLeaf))
      return;
    if (!inner.trim().empty() &&
        inner.trim().getAsInteger(10, pair.operandLeaf))
      return;
    if (pair.operand < 0 || pair.operandLeaf < 0 || pair.outputLeaf < 0)
      return;
    pairs.push_back(pair);
    text = tail.split(')').second;
  }
}

/// Parameters of the entry whose storage an output may take.
static std::vector<InPlacePair> donations(const Module &module) {
  std::vector<InPlacePair> pairs;
  parseAliasAttribute(module.attribute("input_output_alias"), pairs);
  return pairs;
}

/// Follows what costs nothing back to a parameter; -1 if there is none.
static int32_t originParameter(const Module &module, int32_t computation,
                               int32_t instruction) {
  while (true) {
    const Computation &c = module.computations[computation];
    const Instruction &i = c.instructions[instruction];
    if (i.opcode == "parameter")
      return i.parameter;
    bool passes = i.opcode == "bitcast" && !i.operands.empty();
    int32_t callee = i.opcode == "fusion" ? i.callee("calls") : -1;
    if (callee >= 0) {
      int32_t inner =
          originParameter(module, callee, module.computations[callee].root);
      if (inner < 0 || inner >= static_cast<int32_t>(i.operands.size()))
        return -1;
      instruction = i.operands[inner];
      continue;
    }
    if (!passes)
      return -1;
    instruction = i.operands[0];
  }
}

/// The operand that an update at the root of a fusion overwrites.
static int32_t updatedParameter(const Module &module, int32_t computation,
                                int32_t instruction) {
  while (true) {
    const Instruction &i =
        module.computations[computation].instructions[instruction];
    if (i.operands.empty())
      return -1;
    if (i.opcode == "dynamic-update-slice" || i.opcode == "scatter")
      return originParameter(module, computation, i.operands[0]);
    if (i.opcode != "bitcast")
      return -1;
    instruction = i.operands[0];
  }
}

static void findUpdates(const Module &module, const Instruction &fusion,
                        std::vector<InPlacePair> &pairs) {
  int32_t callee = fusion.callee("calls");
  if (callee < 0)
    return;
  const Computation &c = module.computations[callee];
  const Instruction &root = c.instructions[c.root];
  std::vector<int32_t> outputs = {c.root};
  if (root.opcode == "tuple")
    outputs = root.operands;
  for (size_t leaf = 0; leaf < outputs.size(); ++leaf) {
    int32_t parameter = updatedParameter(module, callee, outputs[leaf]);
    if (parameter >= 0)
      pairs.push_back({parameter, 0, static_cast<int32_t>(leaf)});
  }
}

std::vector<InPlacePair> hlo::inPlacePairs(const Module &module,
                                           const Instruction &instruction) {
  std::vector<InPlacePair> pairs;
  StringRef opcode = instruction.opcode;
  if (opcode == "dynamic-update-slice")
    pairs.push_back({0, 0, 0});
  if (opcode == "scatter")
    for (int32_t i = 0,
                 count = static_cast<int32_t>(instruction.operands.size()) / 2;
         i < count; ++i)
      pairs.push_back({i, 0, i});
  parseAliasAttribute(instruction.attribute("output_to_operand_aliasing"),
                      pairs);
  if (pairs.empty() && opcode == "fusion")
    findUpdates(module, instruction, pairs);
  llvm::erase_if(pairs, [&](const InPlacePair &pair) {
    return pair.operand < 0 ||
           pair.operand >= static_cast<int32_t>(instruction.operands.size());
  });
  return pairs;
}

//===----------------------------------------------------------------------===//
// Roles
//===----------------------------------------------------------------------===//

Error Aliases::error(int64_t line, const Twine &text) const {
  return fileError(module.file, line, text);
}

static bool isFree(StringRef opcode) {
  static constexpr StringRef free[] = {
      "parameter", "constant",       "tuple",       "get-tuple-element",
      "bitcast",   "after-all",      "opt-barrier", "optimization-barrier",
      "domain",    "add-dependency", "replica-id",  "partition-id"};
  return llvm::is_contained(free, opcode);
}

/// Whether an asynchronous copy moves a buffer between the two memories.
static bool changesMemory(const Instruction &start, int64_t fast) {
  auto leaves = start.shape.leaves();
  if (leaves.size() < 2)
    return false;
  return (leaves[0]->layout.memorySpace == fast) !=
         (leaves[1]->layout.memorySpace == fast);
}

Error Aliases::chooseRoles(int32_t computation) {
  const Computation &c = module.computations[computation];
  std::vector<Role> &role = roles[computation];
  role.assign(c.instructions.size(), Role::Step);
  std::vector<int32_t> users(c.instructions.size(), 0);
  for (const Instruction &instruction : c.instructions)
    for (int32_t operand : instruction.operands)
      ++users[operand];
  for (size_t i = 0; i < c.instructions.size(); ++i) {
    const Instruction &instruction = c.instructions[i];
    StringRef opcode = instruction.opcode;
    for (int32_t operand : instruction.operands)
      if (operand >= static_cast<int32_t>(i))
        return error(instruction.line, "expected operands that stand above");
    if (isFree(opcode))
      role[i] = Role::Free;
    else if (opcode == "while")
      role[i] = Role::Loop;
    else if (opcode == "call" && instruction.callee("to_apply") >= 0)
      role[i] = Role::Call;
    else if (opcode == "copy-start" && changesMemory(instruction, fast))
      role[i] = Role::CopyStart;
    else if (opcode == "copy-done" && instruction.operands.size() == 1)
      role[i] = role[instruction.operands[0]] == Role::CopyStart
                    ? Role::CopyDone
                    : Role::Free;
    else if (opcode.ends_with("-done") && instruction.operands.size() == 1)
      role[i] = Role::Free;
    if (opcode != "custom-call" || instruction.operands.empty() ||
        instruction.attribute("custom_call_target") != "\"ConcatBitcast\"")
      continue;
    // Parts of one buffer, joined for free.
    int32_t whole = -1;
    bool parts = true;
    for (int32_t done : instruction.operands) {
      const Instruction &d = c.instructions[done];
      bool isPart = d.opcode == "slice-done" && d.operands.size() == 1;
      const Instruction *s = isPart ? &c.instructions[d.operands[0]] : nullptr;
      isPart = isPart && s->opcode == "slice-start" && s->operands.size() == 1;
      isPart = isPart && users[done] == 1;
      parts = parts && isPart && (whole < 0 || whole == s->operands[0]);
      if (isPart)
        whole = s->operands[0];
    }
    if (!parts || whole < 0 || c.instructions[whole].shape.isTuple ||
        c.instructions[whole].shape.bytes() != instruction.shape.bytes())
      continue;
    role[i] = Role::Join;
    for (int32_t done : instruction.operands) {
      role[done] = Role::SliceDone;
      role[c.instructions[done].operands[0]] = Role::SliceStart;
    }
  }
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

Error Aliases::number() {
  size_t count = module.computations.size();
  first.assign(count, -1);
  base.resize(count);
  counts.resize(count);
  roles.resize(count);
  callers.resize(count);
  std::vector<int32_t> calls(count, 0);
  for (const Computation &c : module.computations)
    for (const Instruction &i : c.instructions)
      for (const Call &call : i.calls)
        ++calls[call.computation];
  // Depth first, so that a computation follows its caller.
  std::vector<std::pair<int32_t, int>> open = {{module.entry, 0}};
  while (!open.empty()) {
    auto [computation, depth] = open.back();
    open.pop_back();
    if (Error e = visit(computation))
      return e;
    const Computation &c = module.computations[computation];
    for (size_t i = 0; i < c.instructions.size(); ++i) {
      Role role = roles[computation][i];
      if (role != Role::Loop && role != Role::Call)
        continue;
      int32_t callee =
          c.instructions[i].callee(role == Role::Loop ? "body" : "to_apply");
      if (callee < 0)
        return error(c.instructions[i].line, "expected a body");
      // What is called from several places cannot be placed for each of them.
      if (calls[callee] > 1) {
        roles[computation][i] = Role::Step;
        continue;
      }
      if (depth >= kMaxNesting)
        return error(c.instructions[i].line,
                     "expected at most " + Twine(kMaxNesting) +
                         " loops or calls inside each other");
      callers[callee] = {computation, static_cast<int32_t>(i), 0};
      open.push_back({callee, depth + 1});
    }
  }
  return Error::success();
}

Error Aliases::visit(int32_t computation) {
  const Computation &c = module.computations[computation];
  first[computation] = sites.size();
  for (size_t i = 0; i < c.instructions.size(); ++i) {
    auto leaves = c.instructions[i].shape.leaves();
    base[computation].push_back(sites.size());
    counts[computation].push_back(leaves.size());
    for (size_t leaf = 0; leaf < leaves.size(); ++leaf) {
      sites.push_back(
          {computation, static_cast<int32_t>(i), static_cast<int32_t>(leaf)});
      shapes.push_back(leaves[leaf]);
    }
  }
  return chooseRoles(computation);
}

//===----------------------------------------------------------------------===//
// Groups
//===----------------------------------------------------------------------===//

Error Aliases::joinLeaves(int32_t a, int32_t b, int32_t count, int64_t line,
                          const Twine &what) {
  if (count < 0)
    return error(line, what);
  for (int32_t i = 0; i < count; ++i)
    groups.join(a + i, b + i);
  return Error::success();
}

void Aliases::pass(int32_t to, int32_t from) {
  sources[to] = from;
  groups.join(to, from);
}

/// Leaves in front of element `index` of a tuple, or -1.
static int32_t leavesBefore(const Shape &tuple, int64_t index) {
  if (!tuple.isTuple || index < 0 ||
      index >= static_cast<int64_t>(tuple.elements.size()))
    return -1;
  int32_t count = 0;
  for (int64_t i = 0; i < index; ++i)
    count += tuple.elements[i].leaves().size();
  return count;
}

Error Aliases::joinCall(int32_t computation, int32_t instruction) {
  const Computation &c = module.computations[computation];
  const Instruction &i = c.instructions[instruction];
  bool isLoop = roles[computation][instruction] == Role::Loop;
  int32_t callee = i.callee(isLoop ? "body" : "to_apply");
  const Computation &body = module.computations[callee];
  std::string mismatch =
      "expected the arguments and results that '" + body.name + "' has";
  if (body.parameters.size() != i.operands.size() ||
      (isLoop && i.operands.size() != 1))
    return error(i.line, mismatch);
  for (size_t k = 0; k < i.operands.size(); ++k) {
    int32_t parameter = body.parameters[k];
    bool same =
        leafCount(callee, parameter) == leafCount(computation, i.operands[k]);
    if (Error e = joinLeaves(
            base[callee][parameter], base[computation][i.operands[k]],
            same ? leafCount(callee, parameter) : -1, i.line, mismatch))
      return e;
  }
  int32_t count = leafCount(callee, body.root);
  bool same = count == leafCount(computation, instruction);
  if (Error e =
          joinLeaves(base[callee][body.root], base[computation][instruction],
                     same ? count : -1, i.line, mismatch))
    return e;
  if (!isLoop)
    return Error::success();
  same = count == leafCount(computation, i.operands[0]);
  return joinLeaves(base[computation][i.operands[0]],
                    base[computation][instruction], same ? count : -1, i.line,
                    mismatch);
}

Error Aliases::joinInstruction(int32_t computation, int32_t instruction,
                               bool copies) {
  const Computation &c = module.computations[computation];
  const Instruction &i = c.instructions[instruction];
  int32_t out = base[computation][instruction];
  int32_t count = leafCount(computation, instruction);
  StringRef opcode = i.opcode;
  auto operandLeaves = [&](size_t k) {
    return leafCount(computation, i.operands[k]);
  };
  auto operandBase = [&](size_t k) { return base[computation][i.operands[k]]; };
  switch (roles[computation][instruction]) {
  case Role::Loop:
  case Role::Call:
    return joinCall(computation, instruction);
  case Role::CopyStart:
  case Role::SliceStart:
    // (destination, source, context), and ((source), destination, context).
    if (i.operands.size() != 1 || operandLeaves(0) != 1 || count < 2)
      return error(i.line, "expected one array to copy");
    if (copies && opcode == "copy-start")
      groups.join(out, operandBase(0));
    groups.join(out + (opcode == "copy-start"), operandBase(0));
    return Error::success();
  case Role::CopyDone:
    if (count != 1)
      return error(i.line, "expected one array that is copied");
    pass(out, operandBase(0));
    return Error::success();
  case Role::SliceDone:
    return Error::success(); // A part, which nothing else reads.
  case Role::Join: {
    const Instruction &done = c.instructions[i.operands[0]];
    const Instruction &start = c.instructions[done.operands[0]];
    if (count != 1)
      return error(i.line, "expected one array that is joined");
    if (copies)
      pass(out, base[computation][start.operands[0]]);
    return Error::success();
  }
  case Role::Step:
    for (const InPlacePair &pair : inPlacePairs(module, i))
      if (pair.outputLeaf < count && pair.operandLeaf >= 0 &&
          pair.operandLeaf < operandLeaves(pair.operand))
        groups.join(out + pair.outputLeaf,
                    operandBase(pair.operand) + pair.operandLeaf);
    if (opcode == "copy-start" && i.operands.size() == 1 && count >= 2 &&
        operandLeaves(0) == 1)
      groups.join(out + 1, operandBase(0));
    return Error::success();
  case Role::Free:
    break;
  }
  if (opcode == "tuple") {
    int32_t at = out;
    for (size_t k = 0; k < i.operands.size(); ++k)
      for (int32_t leaf = 0; leaf < operandLeaves(k); ++leaf, ++at)
        if (at < out + count)
          pass(at, operandBase(k) + leaf);
    if (at != out + count)
      return error(i.line, "expected a tuple of its operands");
    return Error::success();
  }
  if (opcode == "get-tuple-element") {
    int64_t index = -1;
    bool bad =
        i.operands.size() != 1 || i.attribute("index").getAsInteger(10, index);
    int32_t before =
        bad ? -1 : leavesBefore(c.instructions[i.operands[0]].shape, index);
    if (before < 0 || before + count > operandLeaves(0))
      return error(i.line, "expected the index of an element of the tuple");
    for (int32_t leaf = 0; leaf < count; ++leaf)
      pass(out + leaf, operandBase(0) + before + leaf);
    return Error::success();
  }
  if (i.operands.empty() || opcode == "after-all")
    return Error::success();
  if (opcode == "copy-done" || opcode == "slice-done") {
    int32_t destination = opcode == "copy-done" ? 0 : 1;
    if (count != 1 || destination >= operandLeaves(0))
      return error(i.line, "expected one array that is copied");
    pass(out, operandBase(0) + destination);
    return Error::success();
  }
  if (opcode.ends_with("-done")) {
    // Each array is the last of its kind that the start has.
    for (int32_t leaf = 0; leaf < count; ++leaf)
      for (int32_t k = operandLeaves(0) - 1; k >= 0; --k)
        if (shapes[operandBase(0) + k]->key() == shapes[out + leaf]->key()) {
          pass(out + leaf, operandBase(0) + k);
          break;
        }
    return Error::success();
  }
  if (operandLeaves(0) != count)
    return error(i.line, "expected an output like the operand");
  for (int32_t leaf = 0; leaf < count; ++leaf)
    pass(out + leaf, operandBase(0) + leaf);
  return Error::success();
}

/// Makes steps of the copies that the program itself asked for. The groups are
/// those without copies.
void Aliases::keepRealCopies() {
  std::vector<bool> isParameter(groups.getNumClasses(), false);
  std::vector<InPlacePair> donated = donations(module);
  auto forEachStep = [&](auto visit) {
    for (size_t c = 0; c < module.computations.size(); ++c)
      for (size_t i = 0; runs(c) && i < roles[c].size(); ++i)
        visit(static_cast<int32_t>(c), static_cast<int32_t>(i));
  };
  // By group: whether a step writes it, and positions in the computation where
  // it is first written and last read. A loop counts where it stands.
  std::vector<bool> isWritten(groups.getNumClasses(), false);
  llvm::DenseMap<std::pair<int32_t, int32_t>, int32_t> firstWrite, lastRead;
  forEachStep([&](int32_t c, int32_t i) {
    const Instruction &instruction = module.computations[c].instructions[i];
    if (c == module.entry && instruction.opcode == "parameter" &&
        !llvm::any_of(donated, [&](const InPlacePair &pair) {
          return pair.operand == instruction.parameter;
        }))
      for (int32_t k = 0; k < leafCount(c, i); ++k)
        isParameter[groups[base[c][i] + k]] = true;
    Role role = roles[c][i];
    if (role != Role::Step && role != Role::Loop && role != Role::Call)
      return;
    for (int32_t operand : instruction.operands)
      for (int32_t k = 0; k < leafCount(c, operand); ++k)
        lastRead[{groups[base[c][operand] + k], c}] = i;
    for (int32_t k = 0; k < leafCount(c, i); ++k) {
      int32_t group = groups[base[c][i] + k];
      if (role == Role::Step)
        isWritten[group] = true;
      firstWrite.insert({{group, c}, i});
    }
  });
  auto isReal = [&](int32_t c, int32_t copy, int32_t from, int32_t to) {
    int32_t source = groups[from], result = groups[to];
    if (source == result || !isWritten[result])
      return false;
    if (isParameter[source])
      return true;
    auto write = firstWrite.find({result, c});
    auto read = lastRead.find({source, c});
    return write != firstWrite.end() && read != lastRead.end() &&
           write->second > copy && read->second > write->second;
  };
  forEachStep([&](int32_t c, int32_t i) {
    const Instruction &instruction = module.computations[c].instructions[i];
    if (roles[c][i] == Role::CopyDone) {
      int32_t start = instruction.operands[0];
      int32_t source = module.computations[c].instructions[start].operands[0];
      if (isReal(c, i, base[c][source], base[c][i])) {
        roles[c][start] = Role::Step;
        roles[c][i] = Role::Free;
      }
    } else if (roles[c][i] == Role::Join) {
      int32_t done = instruction.operands[0];
      int32_t start = module.computations[c].instructions[done].operands[0];
      int32_t source = module.computations[c].instructions[start].operands[0];
      if (!isReal(c, i, base[c][source], base[c][i]))
        return;
      roles[c][i] = Role::Step;
      for (int32_t part : instruction.operands) {
        roles[c][part] = Role::Free;
        roles[c][module.computations[c].instructions[part].operands[0]] =
            Role::Step;
      }
    }
  });
}

Error Aliases::join(bool copies) {
  sources.assign(sites.size(), -1);
  groups.clear();
  groups.grow(sites.size());
  for (size_t c = 0; c < module.computations.size(); ++c)
    for (size_t i = 0;
         runs(c) && i < module.computations[c].instructions.size(); ++i)
      if (Error e = joinInstruction(c, i, copies))
        return e;
  const Computation &entry = module.entryComputation();
  for (const InPlacePair &pair : donations(module)) {
    if (pair.operand < 0 ||
        pair.operand >= static_cast<int32_t>(entry.parameters.size()))
      continue;
    int32_t parameter = entry.parameters[pair.operand];
    if (pair.outputLeaf < leafCount(module.entry, entry.root) &&
        pair.operandLeaf < leafCount(module.entry, parameter))
      groups.join(base[module.entry][parameter] + pair.operandLeaf,
                  base[module.entry][entry.root] + pair.outputLeaf);
  }
  groups.compress();
  return Error::success();
}

llvm::Expected<Aliases> Aliases::create(const Module &module) {
  Aliases aliases(module);
  for (const Computation &c : module.computations)
    for (const Instruction &i : c.instructions)
      for (const Shape *leaf : i.shape.leaves())
        if (leaf->layout.memorySpace == 3)
          aliases.fast = 3;
  if (Error e = aliases.number())
    return std::move(e);
  if (Error e = aliases.join(/*copies=*/false))
    return std::move(e);
  aliases.keepRealCopies();
  if (Error e = aliases.join(/*copies=*/true))
    return std::move(e);
  return std::move(aliases);
}
