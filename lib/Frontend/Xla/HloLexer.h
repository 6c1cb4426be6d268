//===- HloLexer.h - a cursor over HLO text ----------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Walks over the characters of a module, skips blanks, ends of lines and
// comments (which may stand between any two tokens), counts lines, and keeps
// the first error. Brackets are matched without recursion.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_FRONTEND_XLA_HLOLEXER_H
#define MEMPL_LIB_FRONTEND_XLA_HLOLEXER_H

#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <string>

namespace mempl::hlo {

/// Methods that return bool return false after an error, which is then kept;
/// the caller returns at once.
class HloLexer {
public:
  HloLexer(llvm::StringRef text, llvm::StringRef file)
      : text(text), file(file) {}

  /// Skips blanks, ends of lines, and both kinds of comments.
  bool skip();
  bool atEnd() const { return position >= text.size(); }
  char peek() const { return atEnd() ? '\0' : text[position]; }
  llvm::StringRef rest() const { return text.substr(position); }
  int64_t line() const { return lineNumber; }

  /// Takes `token` if it is next.
  bool consume(llvm::StringRef token);
  /// Takes `word` if it is next and is a word of its own.
  bool consumeWord(llvm::StringRef word);
  /// The same, or an error that says that it was expected, `where`.
  bool expect(llvm::StringRef token, llvm::StringRef where);
  /// A name with an optional `%`: letters, digits, `_`, `-`, `.`, or anything
  /// in quotes.
  bool name(std::string &result, llvm::StringRef what);
  /// A decimal integer in [least, 2^63).
  bool integer(int64_t &result, int64_t least, llvm::StringRef what);
  /// Text up to one of `ends` or a closing bracket, outside of brackets and
  /// quotes; trimmed, and without comments. Unless it ends with `)`, it also
  /// ends with its line or before another instruction.
  bool balanced(llvm::StringRef ends, std::string &result,
                llvm::StringRef what);
  /// Skips to the start of the next line.
  void skipLine();

  /// Keeps `expected what, got ...`, unless there is an error already.
  bool expected(const llvm::Twine &what);
  bool fail(const llvm::Twine &message, int64_t line);
  llvm::Error takeError();
  bool failed() const { return errorLine >= 0; }

private:
  bool skipComment();
  bool skipQuoted();
  void advance(size_t count);

  llvm::StringRef text, file;
  size_t position = 0;
  int64_t lineNumber = 1;
  std::string message;
  int64_t errorLine = -1;
};

} // namespace mempl::hlo

#endif // MEMPL_LIB_FRONTEND_XLA_HLOLEXER_H
