//===- Progress.cpp - the one progress display ----------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Carriage return and "erase to the end of the line" (ECMA-48), which every
// terminal of today understands.
//
//===----------------------------------------------------------------------===//

#include "mempl/Support/Progress.h"

#include "llvm/Support/Process.h"

using namespace mempl;

/// Between two updates: fast enough for the eye, too slow to cost anything.
static constexpr std::chrono::milliseconds kInterval(100);

Progress::Progress(ProgressMode mode, llvm::raw_ostream &os)
    : os(os), inPlace(os.is_displayed()) {
  shown =
      mode == ProgressMode::Always || (mode == ProgressMode::Auto && inPlace);
}

void Progress::update(llvm::function_ref<std::string()> text) {
  if (!shown)
    return;
  auto now = std::chrono::steady_clock::now();
  if (now < next)
    return;
  next = now + kInterval;
  std::string made = text();
  llvm::StringRef line = llvm::StringRef(made).split('\n').first;
  if (!inPlace) {
    os << line << '\n';
    return;
  }
  // A line that wraps could not be taken away again.
  if (unsigned columns = llvm::sys::Process::StandardErrColumns())
    line = line.take_front(columns - 1);
  os << '\r' << line << "\x1b[K";
  os.flush();
  visible = true;
}

void Progress::clear() {
  if (!visible)
    return;
  os << "\r\x1b[K";
  os.flush();
  visible = false;
}
