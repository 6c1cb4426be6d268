//===- Progress.h - the one progress display --------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One line that is rewritten in place while something long runs. It shows up
// on a terminal only, unless asked for, so that logs and pipes stay clean.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_SUPPORT_PROGRESS_H
#define MEMPL_SUPPORT_PROGRESS_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"

#include <chrono>
#include <string>

namespace mempl {

enum class ProgressMode : uint8_t {
  Auto,   ///< If standard error is a terminal.
  Always, ///< Everywhere: on no terminal, one line after the other.
  Never
};

/// A progress line. Not thread-safe: use it from one thread.
class Progress {
public:
  explicit Progress(ProgressMode mode = ProgressMode::Auto,
                    llvm::raw_ostream &os = llvm::errs());
  Progress(const Progress &) = delete;
  Progress &operator=(const Progress &) = delete;
  /// Takes the line away.
  ~Progress() { clear(); }

  /// Whether anything is ever shown.
  bool isShown() const { return shown; }
  /// Shows the line that `text` makes, at most ten times per second: between,
  /// and when nothing is shown, `text` is not called. Only the first line of
  /// it, cut to the width of the terminal.
  void update(llvm::function_ref<std::string()> text);
  /// Takes the line away, so that something else can be printed. Anything
  /// that writes to the same terminal calls this first.
  void clear();

private:
  llvm::raw_ostream &os;
  bool shown;
  bool inPlace;
  bool visible = false;
  std::chrono::steady_clock::time_point next;
};

} // namespace mempl

#endif // MEMPL_SUPPORT_PROGRESS_H
