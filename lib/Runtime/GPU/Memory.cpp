//===- Memory.cpp - device memory and pinned host memory
//---------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Allocating pinned memory takes the driver far longer than a small network
// runs, so that freed memory is kept, by size. The same holds for registering;
// pages that two registrations share are registered once, together.
//
//===----------------------------------------------------------------------===//

#include "Memory.h"

#include <map>
#include <mutex>
#include <unordered_map>
#include <vector>

using namespace mempl::gpu;

static constexpr uint64_t kGranularity = 512;
static constexpr uint64_t kPage = 4096;
/// Portable between contexts, and mapped into the device.
static constexpr unsigned kHostFlags = 3;
static constexpr unsigned kNoTiming = 2;

namespace {

struct FreeBlock {
  void *pointer;
  /// What must be over before the memory is used again; null if nothing.
  Handle event;
};

/// Registered pages of the host: [start, end).
struct Range {
  uintptr_t end;
  int users;
};

struct Memory {
  std::mutex mutex;
  std::map<uintptr_t, std::pair<uint64_t, bool>> used; // size, on host
  std::map<std::pair<bool, uint64_t>, std::vector<FreeBlock>> free;
  std::map<uintptr_t, Range> registered;
  std::vector<Handle> events[2];
};

} // namespace

/// Lives to the end of the process: programs free memory in destructors.
static Memory &memory() {
  static auto *instance = new Memory;
  return *instance;
}

static Handle takeEventLocked(bool timed) {
  std::vector<Handle> &pool = memory().events[timed];
  if (!pool.empty()) {
    Handle event = pool.back();
    pool.pop_back();
    return event;
  }
  Handle event = nullptr;
  check(driver().eventCreate(&event, timed ? 0 : kNoTiming), "cuEventCreate");
  return event;
}

Handle mempl::gpu::takeEvent(bool timed) {
  std::lock_guard<std::mutex> lock(memory().mutex);
  return takeEventLocked(timed);
}

void mempl::gpu::giveEvent(Handle event, bool timed) {
  std::lock_guard<std::mutex> lock(memory().mutex);
  memory().events[timed].push_back(event);
}

/// Memory that was freed before; null if none will do.
static void *reuse(std::vector<FreeBlock> &blocks, Handle stream, bool onHost) {
  const Driver &cuda = driver();
  for (size_t i = 0; i < blocks.size(); ++i) {
    FreeBlock block = blocks[i];
    if (block.event) {
      if (onHost || !stream) {
        int state = cuda.eventQuery(block.event);
        if (state == kNotReady)
          continue;
        check(state, "cuEventQuery");
      } else {
        check(cuda.streamWaitEvent(stream, block.event, 0),
              "cuStreamWaitEvent");
      }
      memory().events[0].push_back(block.event);
    }
    blocks.erase(blocks.begin() + i);
    return block.pointer;
  }
  return nullptr;
}

void *mempl::gpu::allocate(uint64_t bytes, Handle stream, bool onHost) {
  const Driver &cuda = driver();
  uint64_t size =
      bytes == 0 ? kGranularity
                 : (bytes + kGranularity - 1) / kGranularity * kGranularity;
  std::lock_guard<std::mutex> lock(memory().mutex);
  void *pointer = reuse(memory().free[{onHost, size}], stream, onHost);
  if (!pointer) {
    int result;
    if (onHost) {
      result = cuda.memHostAlloc(&pointer, size, kHostFlags);
    } else {
      DevicePointer address = 0;
      result = cuda.memAlloc(&address, size);
      pointer = reinterpret_cast<void *>(uintptr_t(address));
    }
    if (result == kOutOfMemory)
      fail(CallFailed, "no %llu bytes of %s are left%s",
           (unsigned long long)size,
           onHost ? "pinned host memory" : "device memory",
           onHost ? "" : "; place with a smaller capacity");
    check(result, onHost ? "cuMemHostAlloc" : "cuMemAlloc");
  }
  memory().used[reinterpret_cast<uintptr_t>(pointer)] = {size, onHost};
  return pointer;
}

void mempl::gpu::release(void *pointer, Handle stream) {
  if (!pointer)
    return;
  const Driver &cuda = driver();
  std::lock_guard<std::mutex> lock(memory().mutex);
  auto it = memory().used.find(reinterpret_cast<uintptr_t>(pointer));
  if (it == memory().used.end())
    fail(CallFailed, "the program frees %p, which it did not allocate here",
         pointer);
  Handle event = nullptr;
  if (stream) {
    event = takeEventLocked(false);
    check(cuda.eventRecord(event, stream), "cuEventRecord");
  } else {
    check(cuda.synchronize(), "cuCtxSynchronize");
  }
  auto [size, onHost] = it->second;
  memory().free[{onHost, size}].push_back({pointer, event});
  memory().used.erase(it);
}

/// Whether the address is in memory of allocate().
static bool isOurs(uintptr_t address) {
  auto next = memory().used.upper_bound(address);
  if (next == memory().used.begin())
    return false;
  auto &[start, block] = *std::prev(next);
  return address < start + block.first;
}

void mempl::gpu::registerHost(void *pointer, uint64_t bytes) {
  uintptr_t address = reinterpret_cast<uintptr_t>(pointer);
  std::lock_guard<std::mutex> lock(memory().mutex);
  if (bytes == 0 || isOurs(address))
    return;
  const Driver &cuda = driver();
  uintptr_t start = address / kPage * kPage;
  Range range = {(address + bytes + kPage - 1) / kPage * kPage, 1};
  auto &registered = memory().registered;
  auto it = registered.upper_bound(start);
  if (it != registered.begin() && std::prev(it)->second.end > start)
    --it;
  if (it != registered.end() && it->first <= start &&
      it->second.end >= range.end) {
    ++it->second.users;
    return;
  }
  // One range in place of all that it accesses.
  bool isFirst = true;
  while (it != registered.end() && it->first < range.end) {
    if (isFirst)
      check(cuda.synchronize(), "cuCtxSynchronize");
    isFirst = false;
    check(cuda.memHostUnregister(reinterpret_cast<void *>(it->first)),
          "cuMemHostUnregister");
    start = std::min(start, it->first);
    range.end = std::max(range.end, it->second.end);
    range.users += it->second.users;
    it = registered.erase(it);
  }
  check(cuda.memHostRegister(reinterpret_cast<void *>(start), range.end - start,
                             kHostFlags),
        "cuMemHostRegister");
  registered[start] = range;
}

void mempl::gpu::unregisterHost(void *pointer, uint64_t bytes) {
  uintptr_t address = reinterpret_cast<uintptr_t>(pointer);
  std::lock_guard<std::mutex> lock(memory().mutex);
  if (bytes == 0 || isOurs(address))
    return;
  auto it = memory().registered.upper_bound(address);
  if (it == memory().registered.begin() || std::prev(it)->second.end <= address)
    fail(CallFailed, "the program unregisters %p, which is not registered",
         pointer);
  --it;
  if (--it->second.users > 0)
    return;
  check(driver().synchronize(), "cuCtxSynchronize");
  check(driver().memHostUnregister(reinterpret_cast<void *>(it->first)),
        "cuMemHostUnregister");
  memory().registered.erase(it);
}
