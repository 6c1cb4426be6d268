//===- SolverSpec.cpp - the syntax of specifications ----------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   specification ::= text [`{` items `}`]
//   items         ::= [item {separator item}]
//   item          ::= [key `=`] specification
//   separator     ::= `,` or white space, or both
//   text          ::= characters but white space and any of , { } ' "
//                     (nor `=`, where a key may stand), or any in quotes
//
//===----------------------------------------------------------------------===//

#include "mempl/Solvers/SolverSpec.h"

#include "llvm/ADT/StringExtras.h"

using namespace mempl;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;

static constexpr StringRef kSpecial = " \t\r\n,{}'\"";

llvm::Error mempl::specError(size_t column, const llvm::Twine &text) {
  if (column == 1)
    return llvm::createStringError(text);
  return llvm::createStringError("column " + llvm::Twine(column) + ": " + text);
}

namespace {

class Parser {
public:
  explicit Parser(StringRef text) : text(text) {}

  /// Items until the end of the text or, within braces, until they close.
  Error parseItems(std::vector<SolverSpec::Item> &items, bool inBraces) {
    size_t opened = at;
    for (bool isFirst = true;; isFirst = false) {
      size_t before = at;
      skipSpace();
      bool hasComma = !isFirst && consume(',');
      if (hasComma)
        skipSpace();
      if (isAtEnd() && inBraces)
        return specError(at + 1, "expected '}' to end what column " +
                                     llvm::Twine(opened) + " begins");
      bool isOver = isAtEnd() || (inBraces && text[at] == '}');
      if (isOver && hasComma)
        return expected("a solver or an option");
      if (isOver) {
        at += inBraces;
        return Error::success();
      }
      if (!isFirst && before == at)
        return expected("',' or a space");
      if (Error error = parseItem(items.emplace_back()))
        return error;
    }
  }

private:
  Error parseItem(SolverSpec::Item &item) {
    item.column = at + 1;
    bool isQuoted = isAtQuote();
    if (Error error = parseText(item.value, "="))
      return error;
    if (!isQuoted && consume('=')) {
      item.key = std::move(item.value.name);
      if (Error error = parseText(item.value, ""))
        return error;
    }
    return consume('{') ? parseItems(item.value.items, /*inBraces=*/true)
                        : Error::success();
  }

  /// A text, which ends before `ends` as well if it is in no quotes.
  Error parseText(SolverSpec &spec, StringRef ends) {
    spec.column = at + 1;
    if (isAtQuote()) {
      size_t end = text.find(text[at], at + 1);
      if (end == StringRef::npos)
        return specError(at + 1, "expected a quote that ends this one");
      spec.name = text.slice(at + 1, end).str();
      at = end + 1;
      return Error::success();
    }
    size_t end = text.find_first_of((kSpecial + ends).str(), at);
    spec.name = text.slice(at, end).str();
    if (spec.name.empty())
      return expected(ends.empty() ? "a value" : "a name");
    at = std::min(end, text.size());
    return Error::success();
  }

  Error expected(StringRef what) const {
    return specError(
        at + 1, "expected " + what + ", found " +
                    (isAtEnd() ? "the end" : "'" + text.substr(at, 1) + "'"));
  }

  bool isAtEnd() const { return at >= text.size(); }
  bool isAtQuote() const {
    return !isAtEnd() && (text[at] == '\'' || text[at] == '"');
  }
  bool consume(char c) {
    bool isThere = !isAtEnd() && text[at] == c;
    at += isThere;
    return isThere;
  }
  void skipSpace() {
    while (!isAtEnd() && llvm::isSpace(text[at]))
      ++at;
  }

  StringRef text;
  size_t at = 0;
};

} // namespace

Expected<std::vector<SolverSpec>> mempl::parseSolverSpecs(StringRef text) {
  std::vector<SolverSpec::Item> items;
  if (Error error = Parser(text).parseItems(items, /*inBraces=*/false))
    return error;
  std::vector<SolverSpec> specs;
  for (SolverSpec::Item &item : items) {
    // What `msa{preset=full,max-retries=3}` without quotes is in a shell.
    if (!item.key.empty())
      return specError(item.column,
                       "expected a solver, found '" + item.key +
                           "='; options stand in braces, and a shell wants "
                           "quotes around those");
    specs.push_back(std::move(item.value));
  }
  return specs;
}

Expected<SolverSpec> mempl::parseSolverSpec(StringRef text) {
  auto specs = parseSolverSpecs(text);
  if (!specs)
    return specs.takeError();
  if (specs->empty())
    return specError(1, "expected a solver, found nothing");
  if (specs->size() > 1)
    return specError((*specs)[1].column, "expected one solver, found '" +
                                             (*specs)[1].str() + "' after it");
  return std::move(specs->front());
}

static std::string quoted(const std::string &text) {
  if (!text.empty() &&
      StringRef(text).find_first_of(kSpecial) == StringRef::npos)
    return text;
  char quote = StringRef(text).contains('\'') ? '"' : '\'';
  return quote + text + quote;
}

std::string SolverSpec::str() const {
  // In front of braces quotes say nothing.
  std::string text = quoted(name);
  if (items.empty())
    return text;
  auto print = [](const Item &item) {
    return item.key.empty() ? item.value.str()
                            : item.key + "=" + item.value.str();
  };
  text += '{';
  for (size_t i = 0; i < items.size(); ++i)
    text += (i ? "," : "") + print(items[i]);
  return text + '}';
}

static void addNames(const SolverSpec &spec, std::vector<std::string> &names) {
  names.push_back(spec.name);
  for (const SolverSpec::Item &item : spec.items)
    addNames(item.value, names);
}

std::vector<std::string> mempl::namesIn(const SolverSpec &spec) {
  std::vector<std::string> names;
  addNames(spec, names);
  return names;
}
