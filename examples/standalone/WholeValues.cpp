//===- WholeValues.cpp - a solver of one's own ----------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The solver `whole-values` goes through the values of a program, those with
// the most traffic per byte first, and keeps each in fast memory from its first
// access to its last if that fits and makes the program faster. Loops run from
// slow memory.
//
//===----------------------------------------------------------------------===//

#include "WholeValues.h"

#include "mempl/Problem/PlanEditor.h"
#include "mempl/Solvers/Solver.h"
#include "mempl/Solvers/UseIntervalPlacer.h"

#include "llvm/ADT/STLExtras.h"

#include <chrono>
#include <tuple>

using namespace mempl;

namespace {

class WholeValues : public Solver {
public:
  llvm::StringRef name() const override { return "whole-values"; }
  llvm::StringRef description() const override {
    return "values for all of their life, by traffic per byte";
  }
  void declareOptions(SolverOptionTable &table) override {
    table.add("min-bytes", minBytes, "smaller values stay in slow memory")
        .atLeast(0);
  }

  llvm::Expected<Solution> solve(const Instance &instance,
                                 const SolverContext &context) override {
    auto start = std::chrono::steady_clock::now();
    AccessIndex index(instance);
    PlanEditor editor(index);
    UseIntervalPlacer placer(editor);
    Solution result;
    for (int32_t value : inOrder(index)) {
      if (context.cancelled && context.cancelled())
        break;
      if (instance.program.values[value].size < minBytes &&
          !isConstrained(index, value))
        continue;
      double before = editor.latency();
      PlanEditor::Mark mark = editor.mark();
      // The placer chooses the offset, and when copies start and are awaited.
      UseInterval life = {index.firstUse(value), index.endUse(value) - 1};
      bool isPlaced = placer.place(life, PlacementStyle()) != PlanEditor::kNone;
      ++result.evaluated;
      if (isPlaced &&
          (isConstrained(index, value) || editor.latency() < before))
        editor.commit();
      else
        editor.undo(mark);
    }
    if (!editor.isLegal())
      return llvm::createStringError(
          "%s: found no plan that keeps all constraints",
          instance.name.c_str());
    result.plan = editor.plan();
    result.latency = editor.latency();
    result.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
            .count();
    return result;
  }

private:
  /// Whether an access of the value has to be served in fast memory.
  static bool isConstrained(const AccessIndex &index, int32_t value) {
    return llvm::any_of(index.usesOf(value),
                        [](const Use &use) { return use.mustBeFast; });
  }

  /// The values that are accessed: constrained ones first, then by traffic per
  /// byte.
  static std::vector<int32_t> inOrder(const AccessIndex &index) {
    std::vector<int32_t> values;
    std::vector<double> worth(index.numValues());
    for (int32_t value = 0; value < index.numValues(); ++value) {
      if (index.usesOf(value).empty())
        continue;
      values.push_back(value);
      for (const Use &use : index.usesOf(value))
        worth[value] += use.bytes / (1.0 + index.roundedSize(value));
    }
    // Ties by number, so that the same input gives the same plan.
    llvm::sort(values, [&](int32_t a, int32_t b) {
      return std::tuple(!isConstrained(index, a), -worth[a], a) <
             std::tuple(!isConstrained(index, b), -worth[b], b);
    });
    return values;
  }

  int64_t minBytes = 0;
};

} // namespace

void standalone::registerSolvers() { mempl::registerSolver<WholeValues>(); }
