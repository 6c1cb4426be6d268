//===- SourceLocation.cpp - lines of the user's program as MLIR has them --===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/IR/SourceLocation.h"

#include "mempl/Support/SourceText.h"

using namespace mlir;
using namespace mempl::ir;

/// What the name of a location says if its child is a source.
static constexpr StringRef kSourceMark = "mempl.source";

std::string mempl::ir::sourceTextOf(Location loc) {
  if (auto file = dyn_cast<FileLineColLoc>(loc))
    return mempl::sourceText(file.getFilename().getValue(), file.getLine());
  if (auto named = dyn_cast<NameLoc>(loc))
    return sourceTextOf(named.getChildLoc());
  if (auto call = dyn_cast<CallSiteLoc>(loc)) {
    std::string text = sourceTextOf(call.getCallee());
    return text.empty() ? sourceTextOf(call.getCaller()) : text;
  }
  if (auto opaque = dyn_cast<OpaqueLoc>(loc))
    return sourceTextOf(opaque.getFallbackLocation());
  if (auto fused = dyn_cast<FusedLoc>(loc))
    for (Location part : fused.getLocations())
      if (std::string text = sourceTextOf(part); !text.empty())
        return text;
  return "";
}

Location mempl::ir::locationOf(StringRef text, Location other) {
  StringRef file = mempl::sourceFile(text);
  if (file.empty())
    return other;
  MLIRContext *context = other.getContext();
  StringRef rest = text.drop_front(file.size() + 1);
  unsigned line = 0;
  if (rest.consumeInteger(10, line))
    return other;
  Location loc = FileLineColLoc::get(context, file, line, 0);
  if (rest.consume_front(" (") && rest.consume_back(")"))
    loc = NameLoc::get(StringAttr::get(context, rest), loc);
  return NameLoc::get(StringAttr::get(context, kSourceMark), loc);
}

std::string mempl::ir::locatedSource(Location loc) {
  auto mark = dyn_cast<NameLoc>(loc);
  if (!mark || mark.getName() != kSourceMark)
    return "";
  std::string text = sourceTextOf(mark.getChildLoc());
  auto named = dyn_cast<NameLoc>(mark.getChildLoc());
  if (text.empty() || !named)
    return text;
  return text + " (" + named.getName().str() + ")";
}

Location mempl::ir::withoutColumn(Location loc) {
  auto file = loc->findInstanceOf<FileLineColLoc>();
  if (!file)
    return loc;
  return FileLineColLoc::get(file.getFilename(), file.getLine(), 0);
}
