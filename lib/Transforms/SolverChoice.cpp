//===- SolverChoice.cpp - the options of passes that solve ----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SolverChoice.h"

#include "llvm/ADT/SmallVector.h"

using namespace mempl;
using llvm::StringRef;

mempl::SolverContext mempl::ir::contextOf(int64_t budget, int64_t timeLimitMs,
                                          uint64_t seed, int threads) {
  SolverContext context;
  context.budget = budget;
  context.timeLimitMs = timeLimitMs;
  context.seed = seed;
  context.threads = threads;
  return context;
}

/// The options one by one: what is in quotes or braces stays together.
static llvm::SmallVector<StringRef> split(StringRef options) {
  llvm::SmallVector<StringRef> parts;
  char quote = 0;
  int depth = 0;
  size_t begin = 0;
  for (size_t i = 0; i < options.size(); ++i) {
    char c = options[i];
    if (quote)
      quote = c == quote ? 0 : quote;
    else if (c == '\'' || c == '"')
      quote = c;
    else
      depth += (c == '{') - (c == '}');
    if (c == ' ' && !quote && depth == 0) {
      parts.push_back(options.slice(begin, i));
      begin = i + 1;
    }
  }
  parts.push_back(options.drop_front(begin));
  return parts;
}

/// A value without the quotes or braces around it.
static StringRef plain(StringRef value) {
  bool isWrapped =
      value.size() > 1 && ((value.front() == value.back() &&
                            (value.front() == '\'' || value.front() == '"')) ||
                           (value.front() == '{' && value.back() == '}'));
  return isWrapped ? value.drop_front().drop_back() : value;
}

llvm::Expected<std::string> mempl::ir::withNewNames(StringRef options) {
  OldSolverOptions old;
  std::string rest;
  StringRef solver;
  for (StringRef part : split(options)) {
    auto [key, value] = part.split('=');
    if (key == "solver" || key == "policy")
      solver = value;
    else if (key == "weights" || key == "checkpoint")
      old.weights = plain(value).str();
    else if (key == "msa-options")
      old.msaOptions = plain(value).str();
    else
      rest += part.str() + " ";
  }
  if (old.weights.empty() && old.msaOptions.empty())
    return solver.empty() ? StringRef(rest).rtrim().str()
                          : rest + "solver=" + solver.str();
  auto spec = parseSolverSpec(solver.empty() ? "portfolio" : plain(solver));
  if (spec)
    spec = withOldOptions(std::move(*spec), old);
  if (!spec)
    return spec.takeError();
  // Braces keep the text together, whatever is in it.
  return rest + "solver={" + spec->str() + "}";
}
