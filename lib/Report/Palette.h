//===- Palette.h - the colours of pages and figures -------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One table: pages have it as variables of their style, in a light and a dark
// scheme, and figures have the colours themselves.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_REPORT_PALETTE_H
#define MEMPL_LIB_REPORT_PALETTE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/ErrorHandling.h"

namespace mempl::report {

struct Colour {
  llvm::StringRef name, light, dark;
};

inline constexpr Colour kPalette[] = {
    {"page", "#ffffff", "#0d1117"},
    {"panel", "#f4f6f8", "#171d26"},
    {"line", "#d4dae1", "#343c47"},
    {"text", "#1f2328", "#e6edf3"},
    {"muted", "#59636e", "#9aa4af"},
    {"accent", "#0b62d6", "#6cb0ff"},
    {"label", "#ffffff", "#0d1117"}, // On a rectangle.
    // Values, by kind.
    {"input", "#3b6fc4", "#78a9f5"},
    {"temporary", "#2a8f67", "#56c596"},
    {"output", "#c4701a", "#f0a552"},
    {"inout", "#8a58b8", "#c39be8"},
    {"reserved", "#b4bcc6", "#4b5563"},
    // Time.
    {"stall", "#cf3a31", "#ff6b61"},
    {"compute", "#9aa5b1", "#6f7a87"},
    {"slow", "#d9a514", "#d9b243"},
    {"fast", "#36a3b5", "#4fc1d3"},
    {"overhead", "#c9b8a8", "#7d6f62"},
};

/// The colour of that name, which there has to be.
inline llvm::StringRef colour(llvm::StringRef name, bool isDark) {
  for (const Colour &c : kPalette)
    if (c.name == name)
      return isDark ? c.dark : c.light;
  llvm_unreachable("no such colour");
}

} // namespace mempl::report

#endif // MEMPL_LIB_REPORT_PALETTE_H
