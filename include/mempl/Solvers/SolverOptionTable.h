//===- SolverOptionTable.h - the options that a solver has ------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A solver declares each option once, with the variable that it sets:
//
//   void declareOptions(SolverOptionTable &table) override {
//     table.add("max-retries", maxRetries, "attempts per value").atLeast(1);
//   }
//
// From that follow how specifications are parsed, checked and printed, the list
// of --list-solvers, and docs/Solvers.md. The default is what the variable
// holds at the time.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_SOLVERS_SOLVEROPTIONTABLE_H
#define MEMPL_SOLVERS_SOLVEROPTIONTABLE_H

#include "mempl/Solvers/SolverSpec.h"

#include "llvm/ADT/ArrayRef.h"

#include <deque>
#include <functional>
#include <memory>
#include <optional>

namespace mempl {

class Solver;

/// One option, or what else stands between the braces.
class SolverOption {
public:
  /// A value in canonical form, and in a shorter one for tables.
  struct Printed {
    std::string full, brief;
  };

  /// The least number that it may be.
  SolverOption &atLeast(double number);
  /// The number that it must be above.
  SolverOption &above(double number);
  /// What lists say of the default, where the value itself would say nothing.
  SolverOption &byDefault(llvm::StringRef text);

  llvm::StringRef name() const { return key; }
  llvm::StringRef description() const { return text; }
  /// "integer", "number", "true|false", "cost|count", "text", "file", "solver".
  llvm::StringRef kind() const { return type; }
  llvm::StringRef defaultValue() const { return initial; }
  /// What a value has to be: "an integer of at least 1".
  std::string expected() const;

private:
  friend class SolverOptionTable;

  /// Nothing if the value is not what expected() says. An error is about
  /// something in the value.
  using Setter =
      std::function<llvm::Expected<std::optional<Printed>>(const SolverSpec &)>;

  bool isInRange(double number) const;

  std::string key, text, type, initial;
  std::optional<double> least;
  bool isAbove = false; ///< The value is above `least`, not only at least that.
  Setter set;
  std::vector<Printed> given; ///< The values that assign() has set.
};

class SolverOptionTable {
public:
  SolverOption &add(llvm::StringRef key, int64_t &variable,
                    llvm::StringRef description);
  SolverOption &add(llvm::StringRef key, double &variable,
                    llvm::StringRef description);
  /// A key without a value is true.
  SolverOption &add(llvm::StringRef key, bool &variable,
                    llvm::StringRef description);
  SolverOption &add(llvm::StringRef key, std::string &variable,
                    llvm::StringRef description);
  /// A solver with options of its own; null unless given.
  SolverOption &add(llvm::StringRef key, std::shared_ptr<Solver> &variable,
                    llvm::StringRef description);
  /// The name of a file, or something that stands for one.
  SolverOption &addFile(llvm::StringRef key, std::string &variable,
                        llvm::StringRef description);
  /// One of some words, in which `_` and `-` are the same.
  template <typename Enum>
  SolverOption &add(llvm::StringRef key, Enum &variable,
                    llvm::ArrayRef<std::pair<llvm::StringRef, Enum>> words,
                    llvm::StringRef description) {
    std::vector<std::string> names;
    std::vector<Enum> values;
    size_t chosen = 0;
    for (const auto &[name, value] : words) {
      chosen = value == variable ? names.size() : chosen;
      names.push_back(name.str());
      values.push_back(value);
    }
    return addChoice(
        key, names, chosen,
        [&variable, values](size_t i) { variable = values[i]; }, description);
  }
  /// The same of what is no variable: `choose` is called with the number of the
  /// word that is given.
  SolverOption &addChoice(llvm::StringRef key,
                          const std::vector<std::string> &words,
                          size_t byDefault, std::function<void(size_t)> choose,
                          llvm::StringRef description);
  /// Solvers that stand between the braces, without a key; they replace those
  /// that are there. An option of this kind has an empty name.
  SolverOption &addSolvers(std::vector<std::shared_ptr<Solver>> &variable,
                           llvm::StringRef description);

  const std::deque<SolverOption> &options() const { return all; }

  /// Sets the variables to what `spec` says, in the order in which they were
  /// declared. Errors name column and key.
  llvm::Error assign(const SolverSpec &spec);
  /// What was assigned, as "{a=1,b=2}" in the order of declaration, or nothing.
  /// With `isBrief`, files have no folders.
  std::string assigned(bool isBrief) const;

private:
  SolverOption &declare(llvm::StringRef key, llvm::StringRef type,
                        llvm::StringRef description);
  /// The option that `item` sets, and the value that it gives it.
  llvm::Expected<std::pair<SolverOption *, SolverSpec>>
  resolve(const SolverSpec &spec, const SolverSpec::Item &item);
  SolverOption *find(llvm::StringRef key);

  std::deque<SolverOption> all; ///< References to options stay valid.
};

} // namespace mempl

#endif // MEMPL_SOLVERS_SOLVEROPTIONTABLE_H
