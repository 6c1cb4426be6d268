//===- SolverOptionTable.cpp - the options that a solver has --------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Solvers/SolverOptionTable.h"

#include "mempl/Solvers/Solver.h"
#include "mempl/Support/Suggest.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>

using namespace mempl;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;
using Printed = SolverOption::Printed;
using Result = Expected<std::optional<Printed>>;

/// Whether two words are the same but for `_` and `-`.
static bool isSameWord(StringRef a, StringRef b) {
  auto plain = [](char c) { return c == '_' ? '-' : c; };
  return a.size() == b.size() && llvm::equal(a, b, [&](char x, char y) {
           return plain(x) == plain(y);
         });
}

static std::string textOf(double number) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%g", number);
  return text;
}

/// The same in full and in brief.
static Printed printed(const std::string &text) { return {text, text}; }

SolverOption &SolverOption::atLeast(double number) {
  least = number;
  return *this;
}

SolverOption &SolverOption::above(double number) {
  least = number;
  isAbove = true;
  return *this;
}

SolverOption &SolverOption::byDefault(StringRef text) {
  initial = text.str();
  return *this;
}

bool SolverOption::isInRange(double number) const {
  return std::isfinite(number) &&
         (!least || (isAbove ? number > *least : number >= *least));
}

std::string SolverOption::expected() const {
  if (type == "text" || type == "file")
    return "a " + type;
  if (type == "solver")
    return "a solver";
  if (type != "integer" && type != "number")
    return llvm::join(llvm::split(type, '|'), " or ");
  std::string what = type == "integer" ? "an integer" : "a number";
  if (least)
    what += (isAbove ? " above " : " of at least ") + textOf(*least);
  return what;
}

SolverOption &SolverOptionTable::declare(StringRef key, StringRef type,
                                         StringRef description) {
  SolverOption &option = all.emplace_back();
  option.key = key.str();
  option.type = type.str();
  option.text = description.str();
  return option;
}

SolverOption &SolverOptionTable::add(StringRef key, int64_t &variable,
                                     StringRef description) {
  SolverOption &option = declare(key, "integer", description);
  option.initial = std::to_string(variable);
  option.set = [&option, &variable](const SolverSpec &value) -> Result {
    int64_t number;
    if (!value.isPlain() || StringRef(value.name).getAsInteger(10, number) ||
        !option.isInRange(static_cast<double>(number)))
      return std::nullopt;
    variable = number;
    return printed(value.str());
  };
  return option;
}

SolverOption &SolverOptionTable::add(StringRef key, double &variable,
                                     StringRef description) {
  SolverOption &option = declare(key, "number", description);
  option.initial = textOf(variable);
  option.set = [&option, &variable](const SolverSpec &value) -> Result {
    double number;
    if (!value.isPlain() || StringRef(value.name).getAsDouble(number) ||
        !option.isInRange(number))
      return std::nullopt;
    variable = number;
    return printed(value.str());
  };
  return option;
}

SolverOption &SolverOptionTable::add(StringRef key, bool &variable,
                                     StringRef description) {
  return add<bool>(key, variable, {{"true", true}, {"false", false}},
                   description);
}

SolverOption &SolverOptionTable::add(StringRef key, std::string &variable,
                                     StringRef description) {
  SolverOption &option = declare(key, "text", description);
  option.initial = variable;
  option.set = [&option, &variable](const SolverSpec &value) -> Result {
    if (!value.isPlain())
      return std::nullopt;
    variable = value.name;
    SolverSpec brief = value;
    if (option.type == "file")
      brief.name = llvm::sys::path::filename(value.name).str();
    return Printed{value.str(), brief.str()};
  };
  return option;
}

SolverOption &SolverOptionTable::addFile(StringRef key, std::string &variable,
                                         StringRef description) {
  SolverOption &option = add(key, variable, description);
  option.type = "file";
  return option;
}

SolverOption &SolverOptionTable::add(StringRef key,
                                     std::shared_ptr<Solver> &variable,
                                     StringRef description) {
  SolverOption &option = declare(key, "solver", description);
  if (variable)
    option.initial = variable->spec();
  option.set = [&variable](const SolverSpec &value) -> Result {
    auto solver = createSolver(value);
    if (!solver)
      return solver.takeError();
    variable = std::move(*solver);
    return Printed{variable->spec(), variable->label()};
  };
  return option;
}

SolverOption &
SolverOptionTable::addSolvers(std::vector<std::shared_ptr<Solver>> &variable,
                              StringRef description) {
  SolverOption &option = declare("", "solver", description);
  for (const auto &solver : variable)
    option.initial += (option.initial.empty() ? "" : ",") + solver->spec();
  option.set = [&option, &variable](const SolverSpec &value) -> Result {
    auto solver = createSolver(value);
    if (!solver)
      return solver.takeError();
    if (option.given.empty())
      variable.clear();
    variable.push_back(std::move(*solver));
    return Printed{variable.back()->spec(), variable.back()->label()};
  };
  return option;
}

SolverOption &SolverOptionTable::addChoice(
    StringRef key, const std::vector<std::string> &words, size_t byDefault,
    std::function<void(size_t)> choose, StringRef description) {
  SolverOption &option = declare(key, llvm::join(words, "|"), description);
  option.initial = words[byDefault];
  option.set = [words,
                choose = std::move(choose)](const SolverSpec &value) -> Result {
    for (size_t i = 0; value.isPlain() && i < words.size(); ++i)
      if (isSameWord(value.name, words[i])) {
        choose(i);
        return printed(words[i]);
      }
    return std::nullopt;
  };
  return option;
}

SolverOption *SolverOptionTable::find(StringRef key) {
  for (SolverOption &option : all)
    if (isSameWord(option.key, key))
      return &option;
  return nullptr;
}

Expected<std::pair<SolverOption *, SolverSpec>>
SolverOptionTable::resolve(const SolverSpec &spec,
                           const SolverSpec::Item &item) {
  if (SolverOption *option = find(item.key))
    return std::make_pair(option, item.value);
  // Without a key, and nothing to list: something that is true.
  bool hasKey = !item.key.empty();
  const std::string &key = hasKey ? item.key : item.value.name;
  SolverOption *option = hasKey ? nullptr : find(key);
  if (option && option->type == "true|false" && item.value.isPlain())
    return std::make_pair(option, SolverSpec{"true", {}, item.column});
  if (option)
    return specError(item.column, key + ": expected '=' and " +
                                      option->expected() + " after it");
  std::vector<std::string> keys;
  for (const SolverOption &known : all)
    if (!known.key.empty())
      keys.push_back(known.key);
  if (keys.empty())
    return specError(item.column,
                     spec.name + " has no options, found '" + key + "'");
  return specError(item.column, spec.name + " has no option '" + key +
                                    "', expected " + llvm::join(keys, ", ") +
                                    didYouMean(key, keys));
}

Error SolverOptionTable::assign(const SolverSpec &spec) {
  std::vector<std::pair<SolverOption *, SolverSpec>> given;
  for (const SolverSpec::Item &item : spec.items) {
    auto one = resolve(spec, item);
    if (!one)
      return one.takeError();
    bool isTwice =
        !one->first->key.empty() && llvm::any_of(given, [&](const auto &other) {
          return other.first == one->first;
        });
    if (isTwice)
      return specError(item.column, one->first->key + " is given twice");
    given.push_back(std::move(*one));
  }
  for (SolverOption &option : all)
    for (const auto &[target, value] : given) {
      if (target != &option)
        continue;
      auto printed = option.set(value);
      if (!printed)
        return printed.takeError();
      if (!*printed)
        return specError(value.column, option.key + ": expected " +
                                           option.expected() + ", found '" +
                                           value.str() + "'");
      option.given.push_back(std::move(**printed));
    }
  return Error::success();
}

std::string SolverOptionTable::assigned(bool isBrief) const {
  std::string text;
  for (const SolverOption &option : all)
    for (const Printed &value : option.given) {
      text += text.empty() ? "{" : ",";
      if (!option.key.empty())
        text += option.key + "=";
      text += isBrief ? value.brief : value.full;
    }
  return text.empty() ? text : text + "}";
}
