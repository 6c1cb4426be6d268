//===- Support.cpp - strings and errors of the C API ----------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Wrap.h"

#include "mempl/Support/Version.h"

#include <cstdlib>
#include <cstring>

char *mempl::capi::giveString(llvm::StringRef text) {
  auto *copy = static_cast<char *>(std::malloc(text.size() + 1));
  if (!copy)
    std::abort();
  std::memcpy(copy, text.data(), text.size());
  copy[text.size()] = '\0';
  return copy;
}

void mempl::capi::fail(char **error, llvm::StringRef text) {
  if (error)
    *error = giveString(text);
}

const char *memplGetVersion() { return mempl::version().data(); }

const char *memplGetLLVMVersion() { return mempl::llvmVersion().data(); }

void memplStringDestroy(char *string) { std::free(string); }
