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

static bool isNameChar(char c) {
  return llvm::isAlnum(c) || c == '_' || c == '-' || c == '.';
}

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

bool HloLexer::skip() {
  while (!atEnd()) {
    if (llvm::isSpace(peek())) {
      advance(1);
    } else if (rest().starts_with("/*")) {
      if (!skipComment())
        return false;
    } else if (rest().starts_with("//")) {
      skipLine();
    } else {
      break;
    }
  }
  return true;
}

void HloLexer::skipLine() {
  size_t end = text.find('\n', position);
  advance(end == StringRef::npos ? text.size() - position : end + 1 - position);
}

bool HloLexer::consume(StringRef token) {
  if (!skip() || !rest().starts_with(token))
    return false;
  advance(token.size());
  return true;
}

bool HloLexer::consumeWord(StringRef word) {
  if (!skip() || !rest().starts_with(word))
    return false;
  StringRef after = rest().drop_front(word.size());
  if (!after.empty() && isNameChar(after.front()))
    return false;
  advance(word.size());
  return true;
}

bool HloLexer::expect(StringRef token, StringRef where) {
  return consume(token) || expected("'" + token + "' " + where);
}

bool HloLexer::name(std::string &result, StringRef what) {
  consume("%");
  if (peek() == '"') {
    size_t start = position + 1;
    if (!skipQuoted())
      return false;
    result = text.slice(start, position - 1).str();
    return true;
  }
  StringRef word = rest().take_while(isNameChar);
  if (word.empty())
    return expected(what);
  result = word.str();
  advance(word.size());
  return true;
}

bool HloLexer::integer(int64_t &result, int64_t least, StringRef what) {
  if (!skip())
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

/// Whether an instruction is next: `ROOT`, or a name and `=`.
static bool startsInstruction(StringRef rest) {
  if (rest.consume_front("ROOT"))
    return !rest.empty() && llvm::isSpace(rest.front());
  rest.consume_front("%");
  StringRef name = rest.take_while(isNameChar);
  return !name.empty() && rest.drop_front(name.size()).ltrim().starts_with("=");
}

bool HloLexer::balanced(StringRef ends, std::string &result, StringRef what) {
  std::string open; // The brackets that wait for their other half.
  size_t start = position;
  int64_t startLine = lineNumber;
  std::string kept; // What stands before the last comment.
  while (!atEnd()) {
    char c = peek();
    bool isOutside = open.empty();
    if (isOutside && (ends.contains(c) || StringRef("})]").contains(c)))
      break;
    // A value ends with its line, or in front of another instruction.
    if (isOutside && !ends.contains(')') &&
        (c == '\n' || (llvm::isSpace(c) && startsInstruction(rest().ltrim()))))
      break;
    if (c == '"') {
      if (!skipQuoted())
        return false;
    } else if (rest().starts_with("/*") || rest().starts_with("//")) {
      kept += text.slice(start, position);
      if (rest().starts_with("//"))
        advance(rest().find('\n')); // The end of the line may end the value.
      else if (!skipComment())
        return false;
      start = position;
    } else {
      if (c == '{' || c == '(' || c == '[')
        open += closing(c);
      else if (!open.empty() && c == open.back())
        open.pop_back();
      else if (c == '}' || c == ')' || c == ']')
        return expected("'" + Twine(open.back()) + "'");
      advance(1);
    }
  }
  if (!open.empty())
    return fail("expected '" + Twine(open.back()) + "' in " + what, startLine);
  kept += text.slice(start, position);
  result = StringRef(kept).trim().str();
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
  // A file that is no text is not to garble the message.
  for (char &c : got)
    if (!llvm::isPrint(c))
      c = '?';
  return fail("expected " + what + ", got " + got, lineNumber);
}

llvm::Error HloLexer::takeError() {
  return fileError(file, errorLine, message);
}
