//===- ToolErrors.cpp - errors and interrupts of tools --------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every error is one line on standard error, whatever names it contains.
//
//===----------------------------------------------------------------------===//

#include "ToolErrors.h"

#include "mempl/Support/FileIO.h"
#include "mempl/Support/Suggest.h"
#include "mempl/Support/Version.h"

#include "llvm/Support/raw_ostream.h"

#include <csignal>

using namespace mempl;

llvm::Error mempl::toolError(const llvm::Twine &text) {
  return llvm::createStringError(
      escapeForMessage((kToolName + llvm::Twine(": error: ") + text).str()));
}

std::optional<int> mempl::parseCommandLine(int argc, const char *const *argv,
                                           llvm::cl::OptionCategory &category,
                                           llvm::StringRef overview) {
  llvm::cl::HideUnrelatedOptions(category);
  llvm::cl::SetVersionPrinter(printVersion);
  std::string problems;
  llvm::raw_string_ostream errors(problems);
  if (llvm::cl::ParseCommandLineOptions(argc, argv, overview, &errors))
    return std::nullopt;
  return problems.empty()
             ? 1 // It has said so itself.
             : printErrors(toolError(commandLineProblem(problems)));
}

int mempl::printErrors(llvm::Error errors) {
  llvm::handleAllErrors(std::move(errors), [](const llvm::ErrorInfoBase &e) {
    llvm::errs() << escapeForMessage(withPlace(e.message(), kToolName)) << '\n';
  });
  return 1;
}

static volatile std::sig_atomic_t interrupted = 0;

static void onInterrupt(int signal) {
  interrupted = 1;
  std::signal(signal, SIG_DFL);
}

void mempl::catchInterrupt() {
  std::signal(SIGINT, onInterrupt);
  std::signal(SIGTERM, onInterrupt);
}

bool mempl::isInterrupted() { return interrupted != 0; }
