//===- HloSlices.cpp - slices that move with the trip of a loop -----------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "HloSlices.h"

#include "HloTrips.h"

#include "llvm/ADT/StringSwitch.h"

using namespace mempl;
using namespace mempl::hlo;
using llvm::StringRef;

/// Calls inside calls, and operations of an index; below that, nothing is said.
static constexpr int kMaxDepth = 32;

LoopSlices::LoopSlices(const Module &module, const Aliases &aliases,
                       const Site &at)
    : module(module), aliases(aliases),
      loop(module.computations[at.computation].instructions[at.instruction]),
      body(loop.callee("body")) {
  countAccesses(body, 0);
}

/// Counts what reads and writes an array, in the body and all that it runs.
void LoopSlices::countAccesses(int32_t computation, int depth) {
  const Computation &c = module.computations[computation];
  if (!aliases.runs(computation) || depth > kMaxDepth)
    return;
  for (int32_t k = 0; k < static_cast<int32_t>(c.instructions.size()); ++k) {
    const Instruction &i = c.instructions[k];
    for (const Call &call : i.calls)
      countAccesses(call.computation, depth + 1);
    Role role = aliases.role(computation, k);
    if (role == Role::Call || role == Role::Loop || role == Role::Free)
      continue;
    auto count = [&](int32_t instruction, auto &number) {
      int32_t leaf = aliases.leaf(computation, instruction);
      for (size_t l = 0; l < c.instructions[instruction].shape.leaves().size();
           ++l)
        ++number[aliases.group(leaf + static_cast<int32_t>(l))];
    };
    for (int32_t operand : i.operands)
      count(operand, reads);
    count(k, writes);
  }
}

/// The calls between the body and a computation of its level, from the body on,
/// which must not move any more. False where another loop is between them.
bool LoopSlices::framesOf(int32_t computation, Frames &frames) const {
  llvm::SmallVector<Site, 4> calls;
  for (int32_t at = computation; at != body;) {
    Site caller = aliases.callerOf(at);
    if (caller.computation < 0 || calls.size() >= kMaxDepth ||
        aliases.role(caller.computation, caller.instruction) != Role::Call)
      return false;
    calls.push_back(caller);
    at = caller.computation;
  }
  frames.reserve(calls.size() + 1);
  frames.push_back({nullptr, body, -1});
  for (const Site &call : llvm::reverse(calls)) {
    const Instruction &i =
        module.computations[call.computation].instructions[call.instruction];
    frames.push_back({&frames.back(), i.callee("to_apply"), call.instruction});
  }
  return frames.back().computation == computation;
}

/// An index as text, and whether it depends on the counter of the loop; nothing
/// if it depends on anything but that, constants, and what the loop carries
/// without a change.
std::optional<std::string> LoopSlices::index(const Frame &frame,
                                             int32_t instruction, bool &moves,
                                             int depth) const {
  const Computation &c = module.computations[frame.computation];
  const Instruction &i = c.instructions[instruction];
  if (depth > kMaxDepth)
    return std::nullopt;
  if (i.opcode == "constant")
    return StringRef(i.literal).trim().str();
  if (i.opcode == "parameter") {
    if (!frame.outer)
      return std::nullopt;
    const Instruction &caller = module.computations[frame.outer->computation]
                                    .instructions[frame.caller];
    if (i.parameter >= static_cast<int64_t>(caller.operands.size()))
      return std::nullopt;
    return index(*frame.outer, caller.operands[i.parameter], moves, depth + 1);
  }
  if (i.opcode == "get-tuple-element" && !frame.outer && !i.operands.empty() &&
      c.instructions[i.operands[0]].opcode == "parameter") {
    int64_t element = -1;
    if (i.attribute("index").getAsInteger(10, element))
      return std::nullopt;
    std::optional<int64_t> growth = growthOf(module, loop, element);
    if (!growth)
      return std::nullopt;
    moves |= *growth != 0;
    return "#" + std::to_string(element);
  }
  bool isTransparent = llvm::StringSwitch<bool>(i.opcode)
                           .Cases("copy", "bitcast", "convert", "reshape", true)
                           .Default(false);
  if (isTransparent && i.operands.size() == 1)
    return index(frame, i.operands[0], moves, depth + 1);
  int32_t callee = i.opcode == "fusion" ? i.callee("calls")
                   : i.opcode == "call" ? i.callee("to_apply")
                                        : -1;
  if (callee >= 0) {
    Frame inner{&frame, callee, instruction};
    return index(inner, module.computations[callee].root, moves, depth + 1);
  }
  // What moves by more than the slice is long does not come to a place twice;
  // and a negative index counts from the end.
  bool isKnown = llvm::StringSwitch<bool>(i.opcode)
                     .Cases("add", "subtract", "multiply", true)
                     .Cases("select", "compare", true)
                     .Default(false);
  if (!isKnown)
    return std::nullopt;
  std::string text = i.opcode + "(";
  for (int32_t operand : i.operands) {
    auto part = index(frame, operand, moves, depth + 1);
    if (!part)
      return std::nullopt;
    text += *part + ",";
  }
  return text + ")";
}

/// The slice that `of` takes or changes, whose indices are its operands from
/// `firstIndex` on.
std::optional<MovingSlice> LoopSlices::slice(const Frame &frame,
                                             const Instruction &of,
                                             size_t firstIndex,
                                             int64_t bytes) const {
  MovingSlice result{bytes, ""};
  bool moves = false;
  for (size_t k = firstIndex; k < of.operands.size(); ++k) {
    auto text = index(frame, of.operands[k], moves);
    if (!text)
      return std::nullopt;
    result.indices += *text + ";";
  }
  if (!moves)
    return std::nullopt;
  return result;
}

/// Adds to `found` what a use takes of an array. False if it takes more than
/// that one slice.
bool LoopSlices::addSlices(const Frame &frame, int32_t user, size_t operand,
                           std::optional<MovingSlice> &found) const {
  const Instruction &i =
      module.computations[frame.computation].instructions[user];
  if (i.opcode == "dynamic-slice" && operand == 0) {
    auto made = slice(frame, i, 1, i.shape.bytes());
    if (!made || (found && (found->bytes != made->bytes ||
                            found->indices != made->indices)))
      return false;
    found = std::move(made);
    return true;
  }
  int32_t callee = i.opcode == "fusion" ? i.callee("calls") : -1;
  if (callee < 0)
    return false;
  const Computation &inner = module.computations[callee];
  if (operand >= inner.parameters.size())
    return false;
  int depth = 0;
  for (const Frame *each = &frame; each; each = each->outer)
    ++depth;
  if (depth > kMaxDepth)
    return false;
  Frame inside{&frame, callee, user};
  std::vector<bool> isArray(inner.instructions.size());
  isArray[inner.parameters[operand]] = true;
  for (size_t k = 0; k < inner.instructions.size(); ++k) {
    const Instruction &use = inner.instructions[k];
    for (size_t o = 0; o < use.operands.size(); ++o) {
      if (!isArray[use.operands[o]])
        continue;
      if (use.opcode == "bitcast")
        isArray[k] = true;
      else if (!addSlices(inside, static_cast<int32_t>(k), o, found))
        return false;
    }
  }
  return !isArray[inner.root];
}

std::optional<MovingSlice> LoopSlices::read(const Site &at,
                                            int32_t operand) const {
  const Computation &c = module.computations[at.computation];
  const Instruction &i = c.instructions[at.instruction];
  int32_t leaf = aliases.leaf(at.computation, i.operands[operand]);
  Frames frames;
  if (writes.lookup(aliases.group(leaf)) > 0 ||
      c.instructions[i.operands[operand]].shape.isTuple ||
      !framesOf(at.computation, frames))
    return std::nullopt;
  std::optional<MovingSlice> found;
  if (!addSlices(frames.back(), at.instruction, operand, found))
    return std::nullopt;
  return found;
}

std::optional<MovingSlice> LoopSlices::written(const Site &at) const {
  const Instruction &i =
      module.computations[at.computation].instructions[at.instruction];
  Frames frames;
  if (i.shape.isTuple || !framesOf(at.computation, frames))
    return std::nullopt;
  // Changed by this step alone, which reads it as far as an operand goes.
  int32_t group = aliases.group(aliases.leaf(at));
  if (writes.lookup(group) != 1 || reads.lookup(group) != 1)
    return std::nullopt;
  Frame inside = frames.back();
  const Computation *c = &module.computations[at.computation];
  int32_t update = at.instruction;
  bool isFused = i.opcode == "fusion" && i.callee("calls") >= 0;
  if (isFused) {
    inside = {&frames.back(), i.callee("calls"), at.instruction};
    c = &module.computations[inside.computation];
    update = c->root;
  }
  auto behindViews = [&](int32_t instruction) {
    while (c->instructions[instruction].opcode == "bitcast" &&
           !c->instructions[instruction].operands.empty())
      instruction = c->instructions[instruction].operands[0];
    return instruction;
  };
  update = behindViews(update);
  const Instruction &changed = c->instructions[update];
  if (changed.opcode != "dynamic-update-slice" || changed.operands.size() < 3)
    return std::nullopt;
  if (isFused) {
    // Nothing else in the fusion looks at the array.
    int32_t array = behindViews(changed.operands[0]);
    int64_t uses = 0;
    for (const Instruction &each : c->instructions)
      for (int32_t operand : each.operands)
        uses += each.opcode != "bitcast" && behindViews(operand) == array;
    if (c->instructions[array].opcode != "parameter" || uses != 1)
      return std::nullopt;
  }
  return slice(inside, changed, 2,
               c->instructions[changed.operands[1]].shape.bytes());
}
