//===- HloLexer.cpp - a cursor over HLO text --------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// See HloLexer.h.
//
//===----------------------------------------------------------------------===//

#include "HloLexer.h"

#include "mempl/Support/FileIO.h"

#include "llvm/ADT/StringExtras.h"

using namespace mempl;
using namespace mempl::hlo;
using llvm::StringRef;
using llvm::Twine;

void HloLexer::advance(size_t count) {
  count = std::min(count, text.size() - position);
  lineNumber += text.substr(position, count).count('\n');
  position += count;
}

bool HloLexer::skipComment() {
  size_t end = text.find("*/", position + 2);
  if (end == StringRef::npos)
    return fail("expected '*/' at the end of the comment", lineNumber);
  advance(end + 2 - position);
  return true;
}

bool HloLexer::skip(bool lines) {
  while (!atEnd()) {
    char c = peek();
    if (c == ' ' || c == '\t' || c == '\r' || (c == '\n' && lines))
      advance(1);
    else if (rest().starts_with("/*")) {
      if (!skipComment())
        return false;
    } else if (lines && rest().starts_with("//"))
      skipLine();
    else
      break;
  }
  return true;
}

void HloLexer::skipLine() {
  size_t end = text.find('\n', position);
  advance(end == StringRef::npos ? text.size() - position : end + 1 - position);
}

bool HloLexer::consume(StringRef token) {
  if (!skip(/*lines=*/false) || !rest().starts_with(token))
    return false;
  advance(token.size());
  return true;
}

bool HloLexer::expect(StringRef token, StringRef where) {
  return consume(token) || expected("'" + token + "' " + where);
}

static bool isNameChar(char c) {
  return llvm::isAlnum(c) || c == '_' || c == '-' || c == '.';
}

bool HloLexer::name(std::string &result, StringRef what) {
  consume("%");
  StringRef word = rest().take_while(isNameChar);
  if (word.empty())
    return expected(what);
  result = word.str();
  advance(word.size());
  return true;
}

bool HloLexer::integer(int64_t &result, int64_t least, StringRef what) {
  if (!skip(/*lines=*/false))
    return false;
  bool negative = rest().starts_with("-");
  StringRef digits = rest().drop_front(negative).take_while(llvm::isDigit);
  StringRef number = rest().take_front(digits.size() + negative);
  if (digits.empty() || number.getAsInteger(10, result) || result < least)
    return expected(what);
  advance(number.size());
  return true;
}

/// Steps over a string; quotes inside it have a backslash before them.
bool HloLexer::skipQuoted() {
  for (size_t i = position + 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      advance(i + 1 - position);
      return true;
    }
  }
  return fail("expected a closing quote", lineNumber);
}

static char closing(char open) {
  return open == '{' ? '}' : open == '(' ? ')' : ']';
}

bool HloLexer::balanced(StringRef ends, StringRef &result, StringRef what) {
  std::string open; // The brackets that wait for their other half.
  size_t start = position;
  int64_t startLine = lineNumber;
  while (!atEnd()) {
    char c = peek();
    if (open.empty() && (c == '\n' || ends.contains(c)))
      break;
    if (c == '"') {
      if (!skipQuoted())
        return false;
    } else if (rest().starts_with("/*")) {
      if (!skipComment())
        return false;
    } else {
      if (c == '{' || c == '(' || c == '[')
        open += closing(c);
      else if (!open.empty() && c == open.back())
        open.pop_back();
      else if (c == '}' || c == ')' || c == ']')
        return expected(open.empty() ? what : "'" + Twine(open.back()) + "'");
      advance(1);
    }
  }
  if (!open.empty())
    return fail("expected '" + Twine(open.back()) + "' in " + what, startLine);
  result = text.slice(start, position).trim();
  return true;
}

bool HloLexer::fail(const Twine &text, int64_t line) {
  if (failed())
    return false;
  message = text.str();
  errorLine = line;
  return false;
}

bool HloLexer::expected(const Twine &what) {
  StringRef found = rest().take_until([](char c) { return c == '\n'; });
  std::string got = found.empty() && atEnd() ? "the end of the file"
                    : found.empty()
                        ? "the end of the line"
                        : "'" + found.take_front(40).rtrim().str() + "'";
  return fail("expected " + what + ", got " + got, lineNumber);
}

llvm::Error HloLexer::takeError() {
  return fileError(file, errorLine, message);
}
