//===- OldNames.cpp - options of passes by their old names ----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A key begins the text or follows a space that is in no quotes and braces.
//
//===----------------------------------------------------------------------===//

#include "OldNames.h"

#include <utility>

/// Old and new, both with what ends them.
static constexpr std::pair<llvm::StringLiteral, llvm::StringLiteral> kNames[] =
    {{"checkpoint=", "weights="}, {"policy=", "solver="}};

std::string mempl::ir::withNewNames(llvm::StringRef options) {
  std::string text;
  char quote = 0;
  int depth = 0;
  bool isKey = true;
  while (!options.empty()) {
    if (isKey)
      for (const auto &[oldName, newName] : kNames)
        if (options.consume_front(oldName))
          text += newName;
    if (options.empty())
      break;
    char c = options.front();
    options = options.drop_front();
    text += c;
    if (quote)
      quote = c == quote ? 0 : quote;
    else if (c == '\'' || c == '"')
      quote = c;
    else
      depth += (c == '{') - (c == '}');
    isKey = c == ' ' && !quote && depth == 0;
  }
  return text;
}
