//===- HloOrder.cpp - what has to run before a step -----------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "HloOrder.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mempl;
using namespace mempl::hlo;
using llvm::StringRef;

static void add(OrderReader::Steps &to, const OrderReader::Steps &from) {
  OrderReader::Steps sum;
  std::set_union(to.begin(), to.end(), from.begin(), from.end(),
                 std::back_inserter(sum));
  to = std::move(sum);
}

/// Whether the operation is seen outside of the program, or takes part in what
/// other devices do at the same time.
static bool isEffect(const Instruction &i) {
  StringRef opcode = i.opcode;
  opcode.consume_back("-start");
  return llvm::StringSwitch<bool>(opcode)
      .Cases("infeed", "outfeed", "send", "send-done", "recv", "recv-done",
             true)
      .Cases("all-reduce", "all-gather", "reduce-scatter", "all-to-all",
             "ragged-all-to-all", true)
      .Cases("collective-permute", "collective-broadcast", true)
      .Cases("rng", "rng-get-and-update-state", true)
      .Default(i.attribute("custom_call_has_side_effect") == "true");
}

OrderReader::OrderReader(const Module &module)
    : module(module), resultAfter(module.computations.size()),
      overAfter(module.computations.size()), levels(1),
      hasEffects(module.computations.size(), false) {
  std::vector<std::vector<int32_t>> callers(module.computations.size());
  std::vector<int32_t> open;
  for (auto [c, computation] : llvm::enumerate(module.computations)) {
    resultAfter[c].resize(computation.instructions.size());
    overAfter[c].resize(computation.instructions.size());
    for (const Instruction &i : computation.instructions)
      for (const Call &call : i.calls)
        callers[call.computation].push_back(static_cast<int32_t>(c));
    if (llvm::any_of(computation.instructions, isEffect))
      open.push_back(static_cast<int32_t>(c));
  }
  while (!open.empty()) {
    int32_t computation = open.back();
    open.pop_back();
    if (hasEffects[computation])
      continue;
    hasEffects[computation] = true;
    llvm::append_range(open, callers[computation]);
  }
}

bool OrderReader::hasEffect(const Instruction &i) const {
  return isEffect(i) || llvm::any_of(i.calls, [&](const Call &call) {
           return hasEffects[call.computation];
         });
}

OrderReader::Steps OrderReader::beforeByControl(int32_t computation,
                                                int32_t instruction) const {
  Steps before;
  if (!levels.back().calls.empty())
    before = levels.back().calls.back();
  for (int32_t earlier : at(computation, instruction).controlPredecessors)
    add(before, overAfter[computation][earlier]);
  return before;
}

OrderReader::Steps OrderReader::begin(int32_t computation,
                                      int32_t instruction) const {
  const Instruction &i = at(computation, instruction);
  const std::vector<Steps> &results = resultAfter[computation];
  Steps before = beforeByControl(computation, instruction);
  // What a call is given is known since it began.
  if (i.opcode == "parameter")
    add(before, results[instruction]);
  for (int32_t operand : i.operands) {
    const Instruction &tuple = at(computation, operand);
    size_t element = 0;
    // An element of a tuple waits for nothing else in it.
    if (i.opcode == "get-tuple-element" && tuple.opcode == "tuple" &&
        !i.attribute("index").getAsInteger(10, element) &&
        element < tuple.operands.size())
      operand = tuple.operands[element];
    add(before, results[operand]);
  }
  if (hasEffect(i))
    add(before, levels.back().effects);
  return before;
}

void OrderReader::end(int32_t computation, int32_t instruction, Steps before,
                      std::optional<int32_t> step) {
  Steps after = step ? Steps{*step} : std::move(before);
  if (hasEffect(at(computation, instruction)))
    levels.back().effects = after;
  overAfter[computation][instruction] = after;
  resultAfter[computation][instruction] = std::move(after);
}

void OrderReader::beginCall(int32_t computation, int32_t instruction) {
  const Instruction &i = at(computation, instruction);
  int32_t callee = i.callee("to_apply");
  const Computation &inner = module.computations[callee];
  for (auto [parameter, operand] : llvm::zip(inner.parameters, i.operands))
    resultAfter[callee][parameter] = resultAfter[computation][operand];
  levels.back().calls.push_back(beforeByControl(computation, instruction));
}

void OrderReader::endCall(int32_t computation, int32_t instruction,
                          int32_t from, int32_t to) {
  int32_t callee = at(computation, instruction).callee("to_apply");
  int32_t root = module.computations[callee].root;
  Steps &over = overAfter[computation][instruction];
  over = levels.back().calls.pop_back_val();
  resultAfter[computation][instruction] = resultAfter[callee][root];
  for (int32_t step = from; step < to; ++step)
    over.push_back(step);
}

void OrderReader::addOutside(int32_t step, int32_t buffer, bool writes,
                             Steps &before) {
  Accessors &others = levels.back().outside[buffer];
  if (others.writer >= 0)
    add(before, Steps{others.writer});
  if (!writes) {
    others.readers.push_back(step);
    return;
  }
  add(before, others.readers);
  others = {step, {}};
}
