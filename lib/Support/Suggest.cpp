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

#include "mempl/Support/OptionNames.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

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
  bool isBeginning = false; // Of the best one; others as near come after it.
  for (StringRef candidate : names) {
    unsigned distance = name.edit_distance_insensitive(
        candidate, /*AllowReplacements=*/true, most);
    // A name of one letter is not like every other name of one letter.
    bool begins = candidate.starts_with_insensitive(name);
    if (distance > std::min(least, most) || distance >= candidate.size() ||
        (distance == least && (!begins || isBeginning)))
      continue;
    least = distance;
    isBeginning = begins;
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

std::vector<std::string> mempl::optionNames(StringRef options) {
  std::vector<std::string> names;
  bool inName = true;
  int depth = 0;
  char quote = 0;
  std::string name;
  auto end = [&] {
    if (!name.empty())
      names.push_back(std::move(name));
    name.clear();
    inName = true;
  };
  for (char c : options) {
    if (quote != 0) {
      quote = c == quote ? 0 : quote;
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == '{') {
      ++depth;
    } else if (c == '}') {
      --depth;
    } else if (depth == 0 && (c == ' ' || c == '\n' || c == '\t')) {
      end();
    } else if (depth == 0 && c == '=') {
      inName = false;
    } else if (depth == 0 && inName) {
      name += c;
    }
  }
  end();
  return names;
}

std::string
mempl::wrongOptionName(StringRef options,
                       llvm::function_ref<void(llvm::raw_ostream &)> print) {
  std::string text;
  llvm::raw_string_ostream os(text);
  print(os);
  StringRef inside = StringRef(text).split('{').second;
  inside.consume_back("}");
  std::vector<std::string> known = optionNames(inside);
  for (const std::string &name : optionNames(options)) {
    if (llvm::is_contained(known, name))
      continue;
    StringRef pass = StringRef(text).split('{').first;
    return (pass + ": no option '" + name + "'; expected " +
            llvm::join(known, ", ") + didYouMean(name, known))
        .str();
  }
  return "";
}

std::string mempl::withPlace(StringRef message, StringRef tool) {
  bool hasPlace = message.contains(": error: ");
  return hasPlace ? message.str() : (tool + ": error: " + message).str();
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
