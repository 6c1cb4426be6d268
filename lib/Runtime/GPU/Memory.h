//===- Memory.h - device memory and pinned host memory ----------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_RUNTIME_GPU_MEMORY_H
#define MEMPL_LIB_RUNTIME_GPU_MEMORY_H

#include "Driver.h"

namespace mempl::gpu {

/// Memory of `bytes` bytes, aligned to 256: of the device, for work issued to
/// `stream` from now on, or pinned memory of the host, which the host may use
/// at once and kernels read over the bus. Freed memory of the same size is used
/// again. Where there is none left the process ends.
void *allocate(uint64_t bytes, Handle stream, bool onHost);

/// Frees memory of allocate() once the work issued to `stream` is done; all
/// work, if there is no stream. Does nothing for a null pointer.
void release(void *pointer, Handle stream);

/// Lets kernels read and write `bytes` bytes of the host. Counts: each needs an
/// unregisterHost. Nothing to do for memory of allocate().
void registerHost(void *pointer, uint64_t bytes);
void unregisterHost(void *pointer, uint64_t bytes);

/// An event that nobody uses; `timed` ones can be subtracted.
Handle takeEvent(bool timed);
void giveEvent(Handle event, bool timed);

} // namespace mempl::gpu

#endif // MEMPL_LIB_RUNTIME_GPU_MEMORY_H
