//===- Pins.cpp - pins that cannot be kept, or cost time ------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Transforms/Pins.h"

#include "mempl/Solvers/Solve.h"
#include "mempl/Support/Units.h"

#include "mlir/IR/Diagnostics.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace mempl::ir;
using mempl::Instance;

/// The indices of the pinned values that a step uses, the largest first.
static SmallVector<int32_t> pinnedAt(const FunctionProblem &program,
                                     size_t step) {
  SmallVector<int32_t> pinned;
  for (const mempl::Access &access :
       program.instance.program.steps[step].accesses)
    if (!program.storages[access.value].pins.empty() &&
        !llvm::is_contained(pinned, access.value))
      pinned.push_back(access.value);
  llvm::stable_sort(pinned, [&](int32_t a, int32_t b) {
    return program.storages[a].size > program.storages[b].size;
  });
  return pinned;
}

/// `instance` is that of `program`, with the machine; `capacity` is what the
/// pinned values around the program leave of it.
static LogicalResult checkPins(const FunctionProblem &program,
                               mempl::InstanceRef instance, int64_t capacity) {
  for (auto [i, step] : llvm::enumerate(instance.program.steps)) {
    SmallVector<int32_t> pinned = pinnedAt(program, i);
    int64_t needed = 0;
    for (int32_t v : pinned)
      needed +=
          std::min(instance.machine.roundUp(instance.program.values[v].size),
                   INT64_MAX / 2 - needed);
    int64_t free = std::max<int64_t>(capacity - step.reserved, 0);
    if (needed <= free) {
      const FunctionProblem *body = program.steps[i].body.get();
      if (body &&
          failed(checkPins(*body, instance.bodyOf(static_cast<int32_t>(i)),
                           capacity - needed)))
        return failure();
      continue;
    }
    if (pinned.empty())
      continue;
    const Storage &first = program.storages[pinned.front()];
    InFlightDiagnostic error = emitError(first.pins.front());
    error << "'mempl.pin' cannot be kept: ";
    if (pinned.size() == 1)
      error << "'" << instance.program.values[pinned.front()].name << "' has ";
    else
      error << "step " << i << " (" << step.name << ") uses " << pinned.size()
            << " pinned values of together ";
    error << needed << " bytes, and fast memory has "
          << instance.machine.capacity;
    if (free < instance.machine.capacity)
      error << ", of which step " << i << " (" << step.name << ") can use "
            << free << " for them";
    for (int32_t v : llvm::drop_begin(pinned))
      error.attachNote(program.storages[v].pins.front())
          << "'" << instance.program.values[v].name << "' ("
          << program.storages[v].size << " bytes) is pinned here";
    return error;
  }
  return success();
}

LogicalResult mempl::ir::checkPins(const FunctionProblem &program) {
  return ::checkPins(program, program.instance,
                     program.instance.machine.capacity);
}

const Storage *mempl::ir::largestPinned(const FunctionProblem &program) {
  const Storage *largest = nullptr;
  auto consider = [&](const Storage *storage) {
    if (storage && !storage->pins.empty() &&
        (!largest || storage->size > largest->size))
      largest = storage;
  };
  for (const Storage &storage : program.storages)
    consider(&storage);
  for (const FunctionStep &step : program.steps)
    if (step.body)
      consider(largestPinned(*step.body));
  return largest;
}

/// `program` without the constraint on `value` of the body at `path`, which has
/// the step of a loop per level.
static mempl::Program withoutPin(const mempl::Program &program,
                                 ArrayRef<int32_t> path, int32_t value) {
  mempl::Program result = program;
  if (path.empty()) {
    result.values[value].space = mempl::SpaceConstraint::None;
    return result;
  }
  mempl::Step &step = result.steps[path.front()];
  step.body = std::make_shared<mempl::Program>(
      withoutPin(*step.body, path.drop_front(), value));
  return result;
}

/// Calls `found` for each pinned storage, with the loops that it is in.
static void forEachPinned(const FunctionProblem &program,
                          SmallVectorImpl<int32_t> &path,
                          llvm::function_ref<void(const FunctionProblem &,
                                                  ArrayRef<int32_t>, int32_t)>
                              found) {
  for (auto [v, storage] : llvm::enumerate(program.storages))
    if (!storage.pins.empty())
      found(program, path, static_cast<int32_t>(v));
  for (auto [i, step] : llvm::enumerate(program.steps)) {
    if (!step.body)
      continue;
    path.push_back(static_cast<int32_t>(i));
    forEachPinned(*step.body, path, found);
    path.pop_back();
  }
}

void mempl::ir::remarkCostlyPins(const FunctionProblem &program,
                                 double latency) {
  // A run of the solver each.
  constexpr int kMostPins = 16;
  int count = 0;
  SmallVector<int32_t> path;
  auto check = [&](const FunctionProblem &of, ArrayRef<int32_t> at,
                   int32_t value) {
    if (++count > kMostPins)
      return;
    Instance free = program.instance;
    free.program = withoutPin(free.program, at, value);
    llvm::Expected<mempl::Solution> result =
        mempl::solveVerified(free, "greedy", {});
    if (!result)
      return llvm::consumeError(result.takeError());
    if (!(result->latency < latency * (1 - 1e-3)))
      return;
    emitRemark(of.storages[value].pins.front())
        << "the pin of '" << of.instance.program.values[value].name
        << "' makes the program slower: it takes "
        << mempl::formatSeconds(latency) << ", and "
        << mempl::formatSeconds(result->latency) << " without the pin";
  };
  forEachPinned(program, path, check);
}
