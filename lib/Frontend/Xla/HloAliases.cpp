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

#include "HloLexer.h"

#include "mempl/Support/FileIO.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/StringExtras.h"

using namespace mempl;
using namespace mempl::hlo;
using llvm::Error;
using llvm::StringRef;
using llvm::Twine;

/// Loops in loops; real programs have a handful.
static constexpr int kMaxNesting = 64;

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

//===----------------------------------------------------------------------===//
// In-place operations
//===----------------------------------------------------------------------===//

namespace {

/// One entry of `{ {0}: (1, {}), {1,0}: (2, {3}, may-alias) }`.
struct AliasEntry {
  std::vector<int64_t> output;
  int64_t operand = 0;
  std::vector<int64_t> index; ///< In the operand.
};

} // namespace

static bool parseIndex(HloLexer &lexer, std::vector<int64_t> &index) {
  if (!lexer.expect("{", "before an index"))
    return false;
  while (!lexer.consume("}"))
    if ((!index.empty() && !lexer.expect(",", "in an index")) ||
        !lexer.integer(index.emplace_back(), 0, "an index"))
      return false;
  return true;
}

static bool parseAliasEntries(HloLexer &lexer,
                              std::vector<AliasEntry> &entries) {
  if (!lexer.expect("{", "before aliases"))
    return false;
  while (!lexer.consume("}")) {
    if (!entries.empty() && !lexer.expect(",", "between aliases"))
      return false;
    AliasEntry entry;
    std::string kind;
    if (!parseIndex(lexer, entry.output) ||
        !lexer.expect(":", "after the index of an output") || !lexer.skip())
      return false;
    bool isShort = llvm::isDigit(lexer.peek()); // `{}: 0`
    if ((!isShort && !lexer.expect("(", "before an operand")) ||
        !lexer.integer(entry.operand, 0, "the number of an operand"))
      return false;
    if (isShort) {
      entries.push_back(std::move(entry));
      continue;
    }
    if (lexer.consume(",") && !parseIndex(lexer, entry.index))
      return false;
    if (lexer.consume(",") &&
        (!lexer.skip() || !lexer.name(kind, "may-alias or must-alias")))
      return false;
    if (!lexer.expect(")", "after an operand"))
      return false;
    entries.push_back(std::move(entry));
  }
  return true;
}

/// First leaf and number of leaves of the part of a shape at `index`.
static std::optional<std::pair<int32_t, int32_t>>
leavesAt(const Shape &shape, llvm::ArrayRef<int64_t> index) {
  const Shape *part = &shape;
  int32_t first = 0;
  for (int64_t at : index) {
    int32_t before = leavesBefore(*part, at);
    if (before < 0)
      return std::nullopt;
    first += before;
    part = &part->elements[at];
  }
  return std::pair(first, static_cast<int32_t>(part->leaves().size()));
}

/// The pairs of leaves that `text` says, which has to be right: each output
/// once, and what exists. Errors are without file and line.
static llvm::Expected<std::vector<InPlacePair>>
aliasPairs(StringRef text, const Shape &output,
           llvm::ArrayRef<const Shape *> operands, StringRef operandWord) {
  std::vector<InPlacePair> pairs;
  if (text.empty())
    return pairs;
  std::vector<AliasEntry> entries;
  HloLexer lexer(text, "");
  auto fail = [](const Twine &message) {
    return llvm::createStringError(message);
  };
  if (!parseAliasEntries(lexer, entries)) {
    std::string problem = llvm::toString(lexer.takeError());
    return fail(StringRef(problem).split("error: ").second);
  }
  std::vector<bool> isTaken(output.leaves().size(), false);
  llvm::DenseSet<std::pair<int64_t, int32_t>> isGiven;
  for (const AliasEntry &entry : entries) {
    auto indexText = [](const std::vector<int64_t> &index) {
      return "{" +
             llvm::join(llvm::map_range(
                            index, [](int64_t i) { return std::to_string(i); }),
                        ",") +
             "}";
    };
    auto to = leavesAt(output, entry.output);
    if (!to)
      return fail("expected an output that exists, got " +
                  indexText(entry.output));
    if (entry.operand >= static_cast<int64_t>(operands.size()))
      return fail("expected " + operandWord + " that exists, got " +
                  Twine(entry.operand));
    auto from = leavesAt(*operands[entry.operand], entry.index);
    if (!from || from->second != to->second)
      return fail("expected an element of " + operandWord +
                  " like the output, "
                  "got " +
                  indexText(entry.index) + " of " + Twine(entry.operand));
    for (int32_t k = 0; k < to->second; ++k) {
      if (isTaken[to->first + k])
        return fail("expected each output once, got " +
                    indexText(entry.output) + " again");
      isTaken[to->first + k] = true;
      if (!isGiven.insert({entry.operand, from->first + k}).second)
        return fail("expected each array of " + operandWord + " once, got " +
                    indexText(entry.index) + " of " + Twine(entry.operand) +
                    " again");
      pairs.push_back({static_cast<int32_t>(entry.operand), from->first + k,
                       to->first + k});
    }
  }
  return pairs;
}

static std::vector<const Shape *> shapesOf(const Computation &c,
                                           llvm::ArrayRef<int32_t> list) {
  std::vector<const Shape *> shapes;
  for (int32_t i : list)
    shapes.push_back(&c.instructions[i].shape);
  return shapes;
}

static llvm::Expected<std::vector<InPlacePair>>
parseDonations(const Module &module) {
  const Computation &entry = module.entryComputation();
  return aliasPairs(module.attribute("input_output_alias"),
                    entry.instructions[entry.root].shape,
                    shapesOf(entry, entry.parameters), "a parameter");
}

/// `{ (0, {}), (1, {2}) }`: parameters and parts of them.
static bool parseDonors(HloLexer &lexer, std::vector<AliasEntry> &donors) {
  if (!lexer.expect("{", "before donors"))
    return false;
  while (!lexer.consume("}")) {
    if (!donors.empty() && !lexer.expect(",", "between donors"))
      return false;
    AliasEntry &donor = donors.emplace_back();
    if (!lexer.expect("(", "before a parameter") ||
        !lexer.integer(donor.operand, 0, "the number of a parameter") ||
        (lexer.consume(",") && !parseIndex(lexer, donor.index)) ||
        !lexer.expect(")", "after a parameter"))
      return false;
  }
  return true;
}

/// Donors mean nothing here, but they are to exist.
static Error checkDonors(const Module &module) {
  StringRef text = module.attribute("buffer_donor");
  const Computation &entry = module.entryComputation();
  std::vector<AliasEntry> donors;
  HloLexer lexer(text, "");
  if (!text.empty() && !parseDonors(lexer, donors)) {
    std::string problem = llvm::toString(lexer.takeError());
    return llvm::createStringError(StringRef(problem).split("error: ").second);
  }
  for (const AliasEntry &donor : donors)
    if (donor.operand >= static_cast<int64_t>(entry.parameters.size()) ||
        !leavesAt(entry.instructions[entry.parameters[donor.operand]].shape,
                  donor.index))
      return llvm::createStringError("expected a parameter that exists, got " +
                                     Twine(donor.operand));
  return Error::success();
}

std::vector<InPlacePair> hlo::donations(const Module &module) {
  auto pairs = parseDonations(module);
  if (pairs)
    return *pairs;
  llvm::consumeError(pairs.takeError());
  return {};
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
                                           const Computation &computation,
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
  auto said = aliasPairs(
      instruction.attribute("output_to_operand_aliasing"), instruction.shape,
      shapesOf(computation, instruction.operands), "an operand");
  if (said)
    llvm::append_range(pairs, *said);
  else
    llvm::consumeError(said.takeError());
  if (pairs.empty() && opcode == "fusion")
    findUpdates(module, instruction, pairs);
  llvm::erase_if(pairs, [&](const InPlacePair &pair) {
    return pair.operand < 0 ||
           pair.operand >= static_cast<int32_t>(instruction.operands.size());
  });
  return pairs;
}

//===----------------------------------------------------------------------===//
// Transfers under way
//===----------------------------------------------------------------------===//

bool hlo::isStart(StringRef opcode) {
  return opcode.ends_with("-start") || opcode == "send" || opcode == "recv";
}

std::vector<StartLeaf> hlo::startLeaves(StringRef opcode, const Shape &output) {
  std::vector<StartLeaf> leaves;
  // An all-reduce-start is the result itself, of any shape.
  if (opcode == "all-reduce-start" || !output.isTuple) {
    leaves.assign(output.leaves().size(), StartLeaf::Result);
    return leaves;
  }
  // The source of a copy stands behind its destination; nothing is received
  // from an operand.
  StartLeaf first = StartLeaf::Operand, second = StartLeaf::Result;
  if (opcode == "copy-start")
    std::swap(first, second);
  else if (opcode == "recv")
    first = StartLeaf::Result;
  if (opcode == "send" || opcode == "recv")
    second = StartLeaf::Context;
  for (size_t e = 0; e < output.elements.size(); ++e)
    leaves.insert(leaves.end(), output.elements[e].leaves().size(),
                  e == 0   ? first
                  : e == 1 ? second
                           : StartLeaf::Context);
  return leaves;
}

/// The start that `x-done` and `x-update` belong to; empty for all others.
static std::string startOf(StringRef opcode) {
  if (!opcode.consume_back("-done") && !opcode.consume_back("-update"))
    return "";
  return opcode == "send" || opcode == "recv" ? opcode.str()
                                              : (opcode + "-start").str();
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

/// Whether an asynchronous copy moves a buffer between the two memories. What
/// goes to the host and comes from there is the program's own copy.
static bool changesMemory(const Instruction &start, int64_t fast) {
  auto leaves = start.shape.leaves();
  if (leaves.size() < 2 || isOnHost(*leaves[0]) || isOnHost(*leaves[1]))
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
    else if (!startOf(opcode).empty() && instruction.operands.size() == 1)
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

/// Whether two shapes have the same arrays, wherever and however laid out.
static bool haveSameArrays(const Shape &a, const Shape &b) {
  auto left = a.leaves(), right = b.leaves();
  return left.size() == right.size() &&
         llvm::all_of_zip(left, right, [](const Shape *x, const Shape *y) {
           return x->elementType == y->elementType && x->dims == y->dims;
         });
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
    bool same = haveSameArrays(body.instructions[parameter].shape,
                               c.instructions[i.operands[k]].shape);
    if (Error e = joinLeaves(
            base[callee][parameter], base[computation][i.operands[k]],
            same ? leafCount(callee, parameter) : -1, i.line, mismatch))
      return e;
  }
  int32_t count = leafCount(callee, body.root);
  bool same = haveSameArrays(body.instructions[body.root].shape, i.shape);
  if (Error e =
          joinLeaves(base[callee][body.root], base[computation][instruction],
                     same ? count : -1, i.line, mismatch))
    return e;
  if (!isLoop)
    return Error::success();
  same = haveSameArrays(c.instructions[i.operands[0]].shape, i.shape);
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
    for (const InPlacePair &pair : inPlacePairs(module, c, i))
      if (pair.outputLeaf < count && pair.operandLeaf >= 0 &&
          pair.operandLeaf < operandLeaves(pair.operand))
        groups.join(out + pair.outputLeaf,
                    operandBase(pair.operand) + pair.operandLeaf);
    if (isStart(opcode)) {
      // The operands that a start holds are the first of its output's arrays
      // that are no results.
      std::vector<StartLeaf> leaves = startLeaves(opcode, i.shape);
      int32_t at = 0;
      for (size_t k = 0; k < i.operands.size(); ++k)
        for (int32_t leaf = 0; leaf < operandLeaves(k); ++leaf, ++at) {
          while (at < count && leaves[at] == StartLeaf::Result)
            ++at;
          if (at < count && leaves[at] == StartLeaf::Operand)
            groups.join(out + at, operandBase(k) + leaf);
        }
    }
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
  if (opcode.ends_with("-done")) {
    std::vector<StartLeaf> leaves =
        startLeaves(startOf(opcode), c.instructions[i.operands[0]].shape);
    std::vector<int32_t> results;
    for (int32_t k = 0; k < operandLeaves(0); ++k)
      if (leaves[k] == StartLeaf::Result)
        results.push_back(operandBase(0) + k);
    // What comes on top of the results is a token.
    for (int32_t leaf = 0; leaf < count; ++leaf)
      if (leaf < static_cast<int32_t>(results.size()))
        pass(out + leaf, results[leaf]);
      else if (shapes[out + leaf]->numElements() > 1)
        return error(i.line, "expected the results of the start");
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
  for (const InPlacePair &pair : donations(module))
    groups.join(base[module.entry][entry.parameters[pair.operand]] +
                    pair.operandLeaf,
                base[module.entry][entry.root] + pair.outputLeaf);
  groups.compress();
  return Error::success();
}

/// Attributes that say which storage an output takes may speak only of what
/// exists.
Error Aliases::checkAliases() const {
  if (auto pairs = parseDonations(module); !pairs)
    return error(module.line,
                 "input_output_alias: " + llvm::toString(pairs.takeError()));
  if (Error e = checkDonors(module))
    return error(module.line, "buffer_donor: " + llvm::toString(std::move(e)));
  for (size_t k = 0; k < module.computations.size(); ++k) {
    const Computation &c = module.computations[k];
    for (const Instruction &i : c.instructions) {
      auto pairs = aliasPairs(i.attribute("output_to_operand_aliasing"),
                              i.shape, shapesOf(c, i.operands), "an operand");
      if (!pairs)
        return error(i.line, "output_to_operand_aliasing: " +
                                 llvm::toString(pairs.takeError()));
    }
  }
  return Error::success();
}

llvm::Expected<Aliases> Aliases::create(const Module &module) {
  Aliases aliases(module);
  for (const Computation &c : module.computations)
    for (const Instruction &i : c.instructions)
      for (const Shape *leaf : i.shape.leaves())
        if (leaf->layout.memorySpace == 3)
          aliases.fast = 3;
  if (Error e = aliases.checkAliases())
    return std::move(e);
  if (Error e = aliases.number())
    return std::move(e);
  if (Error e = aliases.join(/*copies=*/false))
    return std::move(e);
  aliases.keepRealCopies();
  if (Error e = aliases.join(/*copies=*/true))
    return std::move(e);
  return std::move(aliases);
}
