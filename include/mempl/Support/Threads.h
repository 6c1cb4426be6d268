//===- Threads.h - as many threads as there are ----------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_SUPPORT_THREADS_H
#define MEMPL_SUPPORT_THREADS_H

#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

namespace mempl {

/// The most that a tool takes for a number of threads: more is a mistake.
inline constexpr int32_t kMaxThreads = 1024;

/// Adds `count` threads that call `work` to `threads`, or as many as the system
/// lets the process have; returns how many. The caller joins them.
int64_t startThreads(std::vector<std::thread> &threads, int64_t count,
                     const std::function<void()> &work);

} // namespace mempl

#endif // MEMPL_SUPPORT_THREADS_H
