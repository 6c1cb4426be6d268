//===- Threads.cpp - as many threads as there are ------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Support/Threads.h"

#include <system_error>

int64_t mempl::startThreads(std::vector<std::thread> &threads, int64_t count,
                            const std::function<void()> &work) {
  for (int64_t started = 0; started < count; ++started) {
    try {
      threads.emplace_back(work);
    } catch (const std::system_error &) {
      return started;
    }
  }
  return count;
}
