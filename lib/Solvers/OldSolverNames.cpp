//===- OldSolverNames.cpp - solvers before specifications -----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Names that carried options, and options that every front end had for some
// solvers, as the specifications that they mean.
//
//===----------------------------------------------------------------------===//

#include "BuiltinSolvers.h"

#include "mempl/Solvers/SolverSpec.h"

#include "llvm/ADT/STLExtras.h"

#include <iterator>
#include <utility>

using namespace mempl;
using llvm::Expected;
using llvm::StringRef;

/// Old names and their specifications.
static constexpr std::pair<StringRef, StringRef> kNames[] = {
    {"msa:test", "msa{preset=test}"},
    {"msa:production", "msa{preset=production}"},
    {"msa:full", "msa{preset=full}"},
    {"msa:tuned", "msa{tune=true}"},
    {"muzero+search", "search{start=muzero}"},
};

static void setColumns(SolverSpec &spec, size_t column) {
  spec.column = column;
  for (SolverSpec::Item &item : spec.items) {
    item.column = column;
    setColumns(item.value, column);
  }
}

static void addOption(SolverSpec &spec, StringRef key, SolverSpec value) {
  spec.items.push_back({key.str(), std::move(value), spec.column});
  setColumns(spec.items.back().value, spec.column);
}

SolverSpec mempl::withNewNames(SolverSpec spec) {
  for (SolverSpec::Item &item : spec.items)
    item.value = withNewNames(std::move(item.value));
  for (const auto &[oldName, text] : kNames) {
    if (spec.name != oldName)
      continue;
    SolverSpec meant = llvm::cantFail(parseSolverSpec(text));
    spec.name = meant.name;
    for (SolverSpec::Item &item : llvm::reverse(meant.items)) {
      setColumns(item.value, spec.column);
      item.column = spec.column;
      spec.items.insert(spec.items.begin(), std::move(item));
    }
    break;
  }
  return spec;
}

static bool hasOption(const SolverSpec &spec, StringRef key) {
  return llvm::any_of(spec.items, [&](const SolverSpec::Item &item) {
    return item.key == key;
  });
}

/// Gives `old` to the solvers in `spec`.
static void addOldOptions(SolverSpec &spec, const OldSolverOptions &old,
                          const std::vector<SolverSpec::Item> &msaOptions) {
  if (llvm::is_contained({"learned", "muzero", "search"}, spec.name) &&
      !old.weights.empty() && !hasOption(spec, "weights"))
    addOption(spec, "weights", {old.weights, {}, spec.column});
  if (spec.name == "msa")
    for (const SolverSpec::Item &item : msaOptions)
      addOption(spec, item.key, item.value);
  for (SolverSpec::Item &item : spec.items)
    addOldOptions(item.value, old, msaOptions);
}

Expected<SolverSpec> mempl::withOldOptions(SolverSpec spec,
                                           const OldSolverOptions &old) {
  spec = withNewNames(std::move(spec));
  std::vector<SolverSpec::Item> msaOptions;
  if (!old.msaOptions.empty()) {
    auto msa = parseSolverSpec("msa{" + old.msaOptions + "}");
    if (!msa)
      return msa.takeError();
    msaOptions = std::move(msa->items);
  }
  if (spec.name == "portfolio" && spec.isPlain()) {
    std::vector<std::string> solvers = old.portfolio;
    if (solvers.empty() && !old.weights.empty())
      solvers.assign(std::begin(kUsualSolvers), std::end(kUsualSolvers));
    for (const std::string &solver : solvers) {
      auto member = parseSolverSpec(solver);
      if (!member)
        return member.takeError();
      addOption(spec, "", withNewNames(std::move(*member)));
    }
  }
  addOldOptions(spec, old, msaOptions);
  return spec;
}
