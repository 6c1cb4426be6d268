//===- Copies.cpp - copies that the host waits for ------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What convert-mempl-to-gpu calls for copies that loops carry and for those of
// slices. A stream for each direction serves them first in, first out; each
// copy is a number, which a loop can carry, and an event.
//
//===----------------------------------------------------------------------===//

#include "../CopyShape.h"
#include "Driver.h"
#include "Memory.h"
#include "Trace.h"

#include <map>
#include <mutex>

using namespace mempl::gpu;
using mempl::runtime::CopyShape;

#define MEMPL_EXPORT extern "C" __attribute__((visibility("default")))

namespace {

struct Channels {
  std::mutex mutex;
  Handle streams[2] = {nullptr, nullptr}; ///< In and out.
  std::map<int64_t, Handle> events;       ///< Of copies not waited for.
  int64_t last = 0;
};

/// A row of rows as the driver takes it.
struct Plane {
  DevicePointer dest, source;
  size_t destPitch, sourcePitch, width, height;
};

} // namespace

static Channels &channels() {
  static auto *instance = new Channels;
  return *instance;
}

static void copyPlane(const Plane &plane, Handle stream) {
  Memcpy2D copy = {};
  copy.sourceKind = copy.destKind = Memcpy2D::kUnified;
  copy.source = plane.source;
  copy.sourcePitch = plane.sourcePitch;
  copy.dest = plane.dest;
  copy.destPitch = plane.destPitch;
  copy.width = plane.width;
  copy.height = plane.height;
  check(driver().memcpy2DAsync(&copy, stream), "cuMemcpy2DAsync");
}

/// Issues the dimensions from `dimension` on.
static void issue(const CopyShape &shape, size_t dimension, DevicePointer dest,
                  DevicePointer source, Handle stream) {
  size_t left = shape.sizes.size() - dimension;
  if (left == 0) {
    check(driver().memcpyAsync(dest, source, shape.rowBytes, stream),
          "cuMemcpyAsync");
    return;
  }
  int64_t size = shape.sizes[dimension];
  int64_t from = shape.sourceStrides[dimension];
  int64_t to = shape.destStrides[dimension];
  // The driver wants rows that do not overlap.
  if (left == 1 && from >= shape.rowBytes && to >= shape.rowBytes) {
    copyPlane({dest, source, size_t(to), size_t(from), size_t(shape.rowBytes),
               size_t(size)},
              stream);
    return;
  }
  for (int64_t i = 0; i < size; ++i)
    issue(shape, dimension + 1, dest + i * to, source + i * from, stream);
}

/// Starts a copy, out of the device's memory or into it, and returns its
/// number. All work that it depends on is done. `shape` has `rank` sizes, then
/// the strides of the source and of the destination, in elements.
MEMPL_EXPORT int64_t mempl_gpu_copy_start(void *dest, void *source,
                                          int64_t elementBytes, int64_t rank,
                                          const int64_t *shape, int32_t out) {
  const Driver &cuda = driver();
  CopyShape rows = CopyShape::ofElements(elementBytes, {shape, shape + rank},
                                         {shape + rank, shape + 2 * rank},
                                         {shape + 2 * rank, shape + 3 * rank});
  Channels &all = channels();
  std::lock_guard<std::mutex> lock(all.mutex);
  Handle &stream = all.streams[out != 0];
  static constexpr unsigned kNonBlocking = 1;
  if (!stream)
    check(cuda.streamCreate(&stream, kNonBlocking), "cuStreamCreate");
  if (rows.bytes() > 0) {
    TracedWork trace("copy", out ? "copy out" : "copy in", stream,
                     rows.bytes());
    issue(rows, 0, DevicePointer(reinterpret_cast<uintptr_t>(dest)),
          DevicePointer(reinterpret_cast<uintptr_t>(source)), stream);
  }
  Handle event = takeEvent(false);
  check(cuda.eventRecord(event, stream), "cuEventRecord");
  all.events[++all.last] = event;
  return all.last;
}

/// The host waits until the copy is complete; 0 is no copy.
MEMPL_EXPORT void mempl_gpu_copy_wait(int64_t copy) {
  if (copy == 0)
    return;
  Handle event;
  {
    Channels &all = channels();
    std::lock_guard<std::mutex> lock(all.mutex);
    auto it = all.events.find(copy);
    if (it == all.events.end())
      fail(CallFailed,
           "the program waits for copy %lld, which is not under way",
           static_cast<long long>(copy));
    event = it->second;
    all.events.erase(it);
  }
  check(driver().eventSynchronize(event), "cuEventSynchronize");
  giveEvent(event, false);
}
