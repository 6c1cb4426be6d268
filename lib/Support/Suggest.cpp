//===- Suggest.cpp - did you mean -----------------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Levenshtein's distance, as LLVM's own command line uses it.
//
//===----------------------------------------------------------------------===//

#include "mempl/Support/Suggest.h"

#include <algorithm>
#include <vector>

using namespace mempl;
using llvm::ArrayRef;
using llvm::StringRef;

/// Letters that a name must have before being a part of another says anything.
static constexpr size_t kFewestLetters = 3;

/// The only name that contains `part`, or nothing.
static StringRef onlyOneWith(StringRef part, ArrayRef<StringRef> names) {
  StringRef found;
  if (part.size() < kFewestLetters)
    return found;
  for (StringRef name : names) {
    if (!name.contains_insensitive(part))
      continue;
    if (!found.empty())
      return "";
    found = name;
  }
  return found;
}

std::string mempl::nearestName(StringRef name, ArrayRef<StringRef> names) {
  auto most = static_cast<unsigned>(std::max<size_t>(1, name.size() / 3));
  StringRef best;
  unsigned least = most + 1;
  for (StringRef candidate : names) {
    unsigned distance = name.edit_distance_insensitive(
        candidate, /*AllowReplacements=*/true, most);
    // A name of one letter is not like every other name of one letter.
    if (distance >= least || distance >= candidate.size())
      continue;
    least = distance;
    best = candidate;
  }
  return (best.empty() ? onlyOneWith(name, names) : best).str();
}

std::string mempl::nearestName(StringRef name, ArrayRef<std::string> names) {
  std::vector<StringRef> references(names.begin(), names.end());
  return nearestName(name, references);
}

std::string mempl::didYouMean(StringRef name, ArrayRef<StringRef> names) {
  std::string nearest = nearestName(name, names);
  return nearest.empty() ? "" : "; did you mean '" + nearest + "'?";
}

std::string mempl::didYouMean(StringRef name, ArrayRef<std::string> names) {
  std::vector<StringRef> references(names.begin(), names.end());
  return didYouMean(name, references);
}

std::string mempl::commandLineProblem(StringRef output) {
  StringRef line = output.ltrim().split('\n').first.split(": ").second;
  auto [text, advice] = line.split("  Try: ");
  // The guess is on a line of its own, however far it is.
  StringRef guess = output.split("Did you mean '").second.split('\'').first;
  auto nameOf = [](StringRef argument) {
    return argument.split('=').first.ltrim('-');
  };
  StringRef given = text.split('\'').second.split('\'').first;
  std::string result = text.rtrim().str();
  if (!nearestName(nameOf(given), nameOf(guess)).empty())
    result = text.rtrim(" .").str() + "; did you mean '" + guess.str() + "'?";
  return advice.empty() ? result : result + " See --help.";
}
