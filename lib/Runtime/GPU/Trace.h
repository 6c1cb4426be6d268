//===- Trace.h - when launches and copies ran -------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_RUNTIME_GPU_TRACE_H
#define MEMPL_LIB_RUNTIME_GPU_TRACE_H

#include "Driver.h"

#include <string>

namespace mempl::gpu {

/// Records one launch or copy: make it before the work is issued to the
/// stream. Does nothing unless the environment variable MEMPL_GPU_TRACE names
/// a file, which is written when the process ends: Chrome trace JSON, times in
/// microseconds of the device, one row per stream.
class TracedWork {
public:
  /// `category` is "kernel", "copy" or "free"; `bytes` counts for copies.
  TracedWork(const char *category, std::string name, Handle stream,
             uint64_t bytes = 0);
  ~TracedWork();
  TracedWork(const TracedWork &) = delete;
  TracedWork &operator=(const TracedWork &) = delete;

private:
  size_t number;
  Handle stream;
};

} // namespace mempl::gpu

#endif // MEMPL_LIB_RUNTIME_GPU_TRACE_H
