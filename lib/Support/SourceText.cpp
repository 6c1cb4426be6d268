//===- SourceText.cpp - lines of the user's program -----------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Support/SourceText.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"

using namespace mempl;
using llvm::StringRef;

std::string mempl::sourceText(StringRef file, int64_t line, StringRef name) {
  // Text that came from no file, such as `<stdin>`, is nowhere to look at.
  if (file.empty() || file == "-" || file.starts_with("<") || line < 1)
    return "";
  std::string text = (file + ":" + llvm::Twine(line)).str();
  if (text.size() > kMaxSourceBytes)
    return "";
  constexpr StringRef kCut = "..";
  constexpr size_t kBrackets = 3; // " (" and ")".
  if (name.empty() || text.size() + kBrackets + kCut.size() >= kMaxSourceBytes)
    return text;
  size_t room = kMaxSourceBytes - text.size() - kBrackets;
  if (name.size() <= room)
    return (llvm::Twine(text) + " (" + name + ")").str();
  // Not in the middle of a character.
  size_t kept = room - kCut.size();
  while (kept > 0 && (name[kept] & 0xC0) == 0x80)
    --kept;
  return (llvm::Twine(text) + " (" + name.take_front(kept) + kCut + ")").str();
}

StringRef mempl::sourceFile(StringRef source) {
  // The first colon that a line follows: a file's name may have others.
  for (size_t colon = source.find(':'); colon != StringRef::npos;
       colon = source.find(':', colon + 1)) {
    StringRef rest = source.drop_front(colon + 1);
    StringRef after = rest.drop_while(llvm::isDigit);
    if (after.size() < rest.size() &&
        (after.empty() || (after.starts_with(" (") && after.ends_with(")"))))
      return source.take_front(colon);
  }
  return "";
}
