//===- Solver.cpp - the registry of solvers -------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BuiltinSolvers.h"

#include "mempl/Support/Suggest.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/JSON.h"

#include <map>

using namespace mempl;

using Registry = std::map<std::string, SolverFactory>;

static Registry &registry() {
  static Registry factories;
  return factories;
}

/// The registry with the solvers of this library, which are always there.
static Registry &allSolvers() {
  static const bool areAdded = [] {
    Registry others;
    std::swap(others, registry());
#define MEMPL_SOLVER(NAME) register##NAME##Solver();
#include "BuiltinSolvers.def"
    // What was added before may replace them.
    for (auto &[name, factory] : others)
      registry()[name] = std::move(factory);
    return true;
  }();
  (void)areAdded;
  return registry();
}

Solver::~Solver() = default;

void Solver::declareOptions(SolverOptionTable &) {}

llvm::Error Solver::check() { return llvm::Error::success(); }

void mempl::registerSolver(llvm::StringRef name, SolverFactory factory) {
  registry()[name.str()] = std::move(factory);
}

llvm::Expected<std::unique_ptr<Solver>>
mempl::createSolver(const SolverSpec &given) {
  SolverSpec spec = withNewNames(given);
  auto it = allSolvers().find(spec.name);
  if (it == allSolvers().end())
    return specError(spec.column, "unknown solver '" + spec.name +
                                      "', expected " +
                                      llvm::join(solverNames(), ", ") +
                                      didYouMean(spec.name, solverNames()));
  std::unique_ptr<Solver> solver = it->second();
  SolverOptionTable table;
  solver->declareOptions(table);
  if (llvm::Error error = table.assign(spec))
    return error;
  solver->options = table.assigned(/*isBrief=*/false);
  solver->briefOptions = table.assigned(/*isBrief=*/true);
  return solver;
}

llvm::Expected<std::unique_ptr<Solver>>
mempl::createSolver(llvm::StringRef text) {
  auto spec = parseSolverSpec(text);
  return spec ? createSolver(*spec) : spec.takeError();
}

std::vector<std::string> mempl::solverNames() {
  std::vector<std::string> names;
  for (const auto &[name, factory] : allSolvers())
    names.push_back(name);
  return names;
}

/// Calls `visit` with each solver and its options.
static void forAllSolvers(
    llvm::function_ref<void(Solver &, const SolverOptionTable &)> visit) {
  for (const auto &[name, factory] : allSolvers()) {
    std::unique_ptr<Solver> solver = factory();
    SolverOptionTable table;
    solver->declareOptions(table);
    visit(*solver, table);
  }
}

void mempl::printSolvers(llvm::raw_ostream &os) {
  forAllSolvers([&](Solver &solver, const SolverOptionTable &table) {
    os << solver.name() << ": " << solver.description() << '\n';
    for (const SolverOption &option : table.options()) {
      os << "  " << (option.name().empty() ? "<solver>,.." : option.name());
      if (!option.name().empty())
        os << "=<" << option.kind() << '>';
      os << ": " << option.description();
      if (!option.defaultValue().empty())
        os << " (default " << option.defaultValue() << ')';
      os << '\n';
    }
  });
}

void mempl::printSolversJson(llvm::raw_ostream &os) {
  llvm::json::OStream json(os, 1);
  json.array([&] {
    forAllSolvers([&](Solver &solver, const SolverOptionTable &table) {
      json.object([&] {
        json.attribute("name", solver.name());
        json.attribute("description", solver.description());
        json.attributeArray("options", [&] {
          for (const SolverOption &option : table.options())
            json.object([&] {
              json.attribute("name", option.name());
              json.attribute("kind", option.kind());
              json.attribute("expected", option.expected());
              json.attribute("default", option.defaultValue());
              json.attribute("description", option.description());
            });
        });
      });
    });
  });
  os << '\n';
}
