//===- RandomPlans.cpp - every solver on random programs ------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   mempl-random-plans FIRST COUNT
//
// Random programs, numbered, by every solver: the plan is valid, its latency is
// what the simulator says, no bound is above it, and a second run, and runs on
// two and on four threads, give the same bytes. Prints a JSON line per program
// with the instance and the best plan, for the executable model to look at, and
// one per mistake. Exits with 1 if there was one.
//
//===----------------------------------------------------------------------===//

#include "RandomInstance.h"

#include "mempl/MuZero/MuZeroSolver.h"
#include "mempl/Problem/LowerBound.h"
#include "mempl/Problem/ProblemIO.h"
#include "mempl/Problem/Simulator.h"
#include "mempl/Problem/Verifier.h"
#include "mempl/Solvers/Solve.h"

#include "llvm/Support/JSON.h"

using namespace mempl;

static constexpr llvm::StringLiteral kSolvers[] = {
    "none", "greedy",  "search",          "portfolio",
    "msa",  "learned", "search{tries=3}", "muzero{simulations=4}"};

static std::string textOf(const Plan &plan) {
  std::string text;
  llvm::raw_string_ostream os(text);
  writePlan(os, plan);
  return text;
}

namespace {

/// One program.
class Case {
public:
  explicit Case(uint64_t number) : number(number) {
    Random random(number, "random plans");
    RandomInstanceOptions options;
    options.maxSteps = 1 + static_cast<int32_t>(random.below(16));
    instance = randomInstance(random, options);
    if (random.chance(0.5))
      instance.program.order = StepOrder::Free;
  }

  /// False if there was a mistake.
  bool run();
  void print() const;

private:
  void check(llvm::StringRef solver);
  std::string textBy(llvm::StringRef solver, int32_t threads);
  void mistake(const llvm::Twine &text) {
    isRight = false;
    llvm::outs() << llvm::formatv("{0}\n",
                                  llvm::json::Value(llvm::json::Object{
                                      {"number", static_cast<int64_t>(number)},
                                      {"mistake", text.str()}}));
  }

  uint64_t number;
  Instance instance;
  std::optional<Solution> best;
  bool isRight = true;
};

} // namespace

static llvm::Expected<Solution> solve(const Instance &instance,
                                      llvm::StringRef solver, int32_t threads) {
  SolverContext context;
  context.budget = 200;
  context.threads = threads;
  return llvm::cantFail(createSolver(solver))->solve(instance, context);
}

std::string Case::textBy(llvm::StringRef solver, int32_t threads) {
  auto found = solve(instance, solver, threads);
  return found ? textOf(found->plan) : llvm::toString(found.takeError());
}

void Case::check(llvm::StringRef solver) {
  auto found = solve(instance, solver, 1);
  std::string text;
  if (!found) {
    // Only constraints to be fast can be impossible to meet.
    text = llvm::toString(found.takeError());
    if (!llvm::StringRef(text).contains("constrained to be there") &&
        !llvm::StringRef(text).contains("no valid plan found"))
      mistake(solver + ": " + text);
  } else {
    text = textOf(found->plan);
    auto violations = verify(instance, found->plan);
    if (!violations.empty())
      return mistake(solver + ": " + violations.front().str());
    if (found->latency != simulateLatency(instance, found->plan))
      mistake(solver + ": another latency than that of its plan");
    if (!best || found->latency < best->latency)
      best = std::move(*found);
  }
  for (int32_t threads : {1, 2, 4})
    if (textBy(solver, threads) != text)
      mistake(solver + ": another plan with threads=" + llvm::Twine(threads));
}

bool Case::run() {
  for (llvm::StringRef solver : kSolvers)
    check(solver);
  LowerBoundOptions options;
  options.maxIterations = 100;
  options.maxNodes = number % 8 == 0 ? 4 : 0;
  double bound = lowerBound(instance, options).bound;
  // Infinite where no plan can meet the constraints.
  if (!(bound >= 0))
    mistake("a bound that is no number");
  if (best && bound > best->latency * (1 + 1e-9))
    mistake("a bound above a plan: " + std::to_string(bound) + " and " +
            std::to_string(best->latency));
  return isRight;
}

void Case::print() const {
  if (!best)
    return;
  std::string text;
  llvm::raw_string_ostream os(text);
  writeInstance(os, instance);
  llvm::json::Object line{
      {"number", static_cast<int64_t>(number)},
      {"latency", best->latency},
      {"instance", llvm::cantFail(llvm::json::parse(text))},
      {"plan", llvm::cantFail(llvm::json::parse(textOf(best->plan)))}};
  llvm::outs() << llvm::formatv("{0}\n", llvm::json::Value(std::move(line)));
}

int main(int argc, char **argv) {
  uint64_t first, count;
  if (argc != 3 || llvm::StringRef(argv[1]).getAsInteger(10, first) ||
      llvm::StringRef(argv[2]).getAsInteger(10, count)) {
    llvm::errs() << "mempl-random-plans: error: expected FIRST COUNT\n";
    return 1;
  }
  registerMuZeroSolvers();
  bool isRight = true;
  for (uint64_t number = first; number < first + count; ++number) {
    Case one(number);
    isRight &= one.run();
    one.print();
  }
  return isRight ? 0 : 1;
}
