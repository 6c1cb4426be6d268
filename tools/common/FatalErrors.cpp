//===- FatalErrors.cpp - errors that nobody can go on after ---------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// LLVM's streams end the program when they are destroyed with an error that was
// not asked for; its own words for that do not say who speaks. Nothing here
// allocates.
//
//===----------------------------------------------------------------------===//

#include "FatalErrors.h"

#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/Signals.h"

#include <cstring>
#include <new>
#include <unistd.h>

static void say(const char *text) {
  // There is nobody to tell if this fails.
  [[maybe_unused]] ssize_t written = write(STDERR_FILENO, text, strlen(text));
}

static void onFatalError(void *tool, const char *reason, bool isBug) {
  say(static_cast<const char *>(tool));
  say(isBug ? ": internal error: " : ": error: ");
  say(reason);
  say("\n");
  // A bug ends as LLVM has it, with a trace.
  if (isBug)
    return;
  llvm::sys::RunInterruptHandlers();
  _exit(1);
}

static const char *nameOfTool = "";

static void onLackOfMemory() {
  onFatalError(const_cast<char *>(nameOfTool), "out of memory",
               /*isBug=*/false);
}

void mempl::reportFatalErrors(const char *tool) {
  nameOfTool = tool;
  void *data = const_cast<char *>(tool);
  llvm::install_fatal_error_handler(onFatalError, data);
  llvm::install_bad_alloc_error_handler(
      [](void *, const char *, bool) { onLackOfMemory(); });
  std::set_new_handler(onLackOfMemory);
}
