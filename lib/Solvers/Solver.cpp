//===- Solver.cpp - the registry of solvers ------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Solvers/Solver.h"

#include "BuiltinSolvers.h"

#include "mempl/Support/Suggest.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

#include <map>

using namespace mempl;

Solver::~Solver() = default;

llvm::Error Solver::check(const SolverOptions &) {
  return llvm::Error::success();
}

/// The solvers of this library are always there; others add themselves.
static std::map<std::string, SolverFactory> &registry() {
  static std::map<std::string, SolverFactory> factories = {
      {"none", createNoneSolver},
      {"greedy", createGreedySolver},
      {"search", createSearchSolver},
      {"portfolio", createPortfolioSolver},
      {"msa", createMsaSolver},
      {"msa:test", createMsaTestSolver},
      {"msa:production", createMsaProductionSolver},
      {"msa:full", createMsaFullSolver},
      {"msa:tuned", createMsaTunedSolver},
  };
  return factories;
}

void mempl::registerSolver(llvm::StringRef name, SolverFactory factory) {
  registry()[name.str()] = std::move(factory);
}

llvm::Expected<std::unique_ptr<Solver>>
mempl::createSolver(llvm::StringRef name) {
  auto it = registry().find(name.str());
  if (it == registry().end())
    return llvm::createStringError(("unknown solver '" + name + "', expected " +
                                    llvm::join(solverNames(), ", ") +
                                    didYouMean(name, solverNames()))
                                       .str());
  return it->second();
}

std::vector<std::string> mempl::solverNames() {
  std::vector<std::string> names;
  for (const auto &[name, factory] : registry())
    names.push_back(name);
  return names;
}
