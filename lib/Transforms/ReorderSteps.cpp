//===- ReorderSteps.cpp - ops in the order of a plan ----------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What an op has to stay behind is in FunctionProblem::before. The plan's order
// keeps it among steps, so that there is always an order of all ops that does.
//
//===----------------------------------------------------------------------===//

#include "ReorderSteps.h"

#include "mempl/Analysis/FunctionProblem.h"
#include "mempl/Problem/Plan.h"

using namespace mlir;
using namespace mempl::ir;

namespace {

class BlockSchedule {
public:
  explicit BlockSchedule(const FunctionProblem &program) : program(program) {}

  void run(llvm::ArrayRef<int32_t> order);

private:
  void placeConstants();
  void place(Operation *op);
  void placeRest();

  const FunctionProblem &program;
  std::vector<Operation *> ops; ///< In the new order.
  /// Of the ops that are placed: their index, or that of the op of `ops` that
  /// they go behind; -1 for those that go first.
  DenseMap<Operation *, int64_t> indices;
};

} // namespace

/// Constants that stand before the first step stay there.
void BlockSchedule::placeConstants() {
  for (Operation &op : *program.block) {
    if (&op == program.steps.front().op)
      return;
    if (op.hasTrait<OpTrait::ConstantLike>()) {
      indices[&op] = ops.size();
      ops.push_back(&op);
    }
  }
}

/// Places an op, and before it what it needs and is not placed yet.
void BlockSchedule::place(Operation *op) {
  SmallVector<Operation *> needed(1, op), stack(1, op);
  llvm::SmallPtrSet<Operation *, 8> seen;
  while (!stack.empty())
    for (Operation *before : program.before.lookup(stack.pop_back_val()))
      if (!indices.contains(before) && seen.insert(before).second) {
        needed.push_back(before);
        stack.push_back(before);
      }
  llvm::sort(needed,
             [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  for (Operation *each : needed) {
    indices[each] = ops.size();
    ops.push_back(each);
  }
}

/// Places what no step needs.
void BlockSchedule::placeRest() {
  std::vector<SmallVector<Operation *, 1>> behind(ops.size() + 1);
  for (Operation &op : program.block->without_terminator()) {
    if (indices.contains(&op))
      continue;
    int64_t last = -1;
    for (Operation *before : program.before.lookup(&op))
      last = std::max(last, indices.lookup(before));
    indices[&op] = last;
    behind[last + 1].push_back(&op);
  }
  std::vector<Operation *> all(behind.front().begin(), behind.front().end());
  for (auto [op, rest] : llvm::zip_equal(ops, llvm::drop_begin(behind))) {
    all.push_back(op);
    llvm::append_range(all, rest);
  }
  ops = std::move(all);
}

void BlockSchedule::run(llvm::ArrayRef<int32_t> order) {
  Operation *terminator = program.block->getTerminator();
  placeConstants();
  for (int32_t step : order)
    if (Operation *op = program.steps[step].op; op != terminator)
      place(op);
  placeRest();
  for (Operation *op : ops)
    op->moveBefore(terminator);
}

void mempl::ir::reorderSteps(FunctionProblem &program,
                             llvm::ArrayRef<int32_t> order) {
  if (!llvm::is_sorted(order))
    BlockSchedule(program).run(order);
}

int64_t mempl::ir::countMovedSteps(const mempl::Plan &plan) {
  // Those that stay are a longest increasing subsequence: `ends` has, for each
  // length, the smallest step that one so long may end with.
  SmallVector<int32_t> ends;
  for (int32_t step : plan.order) {
    auto *it = llvm::lower_bound(ends, step);
    if (it == ends.end())
      ends.push_back(step);
    else
      *it = step;
  }
  int64_t moved = static_cast<int64_t>(plan.order.size() - ends.size());
  for (const auto &[step, loop] : plan.loops)
    moved += countMovedSteps(loop.plan);
  return moved;
}
