//===- Memory.cpp - the two memories of the runtime -----------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Fast memory is one anonymous mapping: the system gives pages when they are
// accessed, so a capacity that is not used costs nothing.
//
//===----------------------------------------------------------------------===//

#include "Memory.h"

#include "Config.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>

using namespace mempl::runtime;

static constexpr uint64_t kMostFreedBytes = uint64_t(256) << 20;

//===----------------------------------------------------------------------===//
// Fast memory
//===----------------------------------------------------------------------===//

FastMemory::~FastMemory() {
  if (all.begin)
    ::munmap(reinterpret_cast<void *>(all.begin), all.end - all.begin);
}

void FastMemory::reserve(int64_t bytes) {
  storages.clear();
  emptyStorages.clear();
  if (all.begin)
    ::munmap(reinterpret_cast<void *>(all.begin), all.end - all.begin);
  capacity = bytes;
  // A byte more, so that the end of fast memory is an address in it.
  void *mapped = ::mmap(nullptr, bytes + 1, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED)
    fail("cannot reserve %lld bytes of fast memory: %s",
         static_cast<long long>(bytes), std::strerror(errno));
  all = Range::of(mapped, bytes + 1);
}

Range FastMemory::rangeOf(int64_t offset, int64_t bytes) const {
  if (offset < 0 || bytes < 0 || offset > capacity || bytes > capacity - offset)
    fail("storage of %lld bytes at byte %lld is outside of the %lld bytes of "
         "fast memory",
         static_cast<long long>(bytes), static_cast<long long>(offset),
         static_cast<long long>(capacity));
  return {all.begin + offset, all.begin + offset + bytes};
}

void FastMemory::begin(Range range) {
  if (range.empty()) {
    emptyStorages.insert(range.begin);
    return;
  }
  auto it = storages.upper_bound(range.begin);
  if (it != storages.begin() && std::prev(it)->second > range.begin)
    --it;
  while (it != storages.end() && it->first < range.end)
    it = storages.erase(it);
  storages[range.begin] = range.end;
}

bool FastMemory::end(const void *address) {
  auto empty = emptyStorages.find(reinterpret_cast<uintptr_t>(address));
  if (empty != emptyStorages.end()) {
    emptyStorages.erase(empty);
    return true;
  }
  Range storage = storageAt(address);
  return storages.erase(storage.begin) > 0;
}

Range FastMemory::storageAt(const void *address) const {
  uintptr_t at = reinterpret_cast<uintptr_t>(address);
  auto it = storages.upper_bound(at);
  if (it == storages.begin() || std::prev(it)->second <= at)
    return {};
  --it;
  return {it->first, it->second};
}

std::string FastMemory::describe(const void *address) const {
  uintptr_t at = reinterpret_cast<uintptr_t>(address);
  return "byte " + std::to_string(at - all.begin) + " of fast memory";
}

//===----------------------------------------------------------------------===//
// Slow memory
//===----------------------------------------------------------------------===//

SlowMemory::~SlowMemory() {
  for (uintptr_t address : freed)
    std::free(reinterpret_cast<void *>(address));
}

void *SlowMemory::allocate(uint64_t alignment, uint64_t bytes, bool watch) {
  if (alignment & (alignment - 1))
    fail("expected an alignment that is a power of two, got %llu",
         static_cast<unsigned long long>(alignment));
  void *block = nullptr;
  // One byte at least: two blocks never have the same address.
  if (::posix_memalign(&block, std::max<uint64_t>(alignment, 64),
                       std::max<uint64_t>(bytes, 1)))
    fail("out of slow memory: %llu bytes",
         static_cast<unsigned long long>(bytes));
  if (watch) {
    std::memset(block, 0xff, bytes);
    uintptr_t begin = reinterpret_cast<uintptr_t>(block);
    // What was allocated while nobody watched may have been freed likewise.
    blocks[begin] = {begin + bytes, false};
  }
  return block;
}

std::optional<Range> SlowMemory::blockAt(const void *address) const {
  auto it = blocks.find(reinterpret_cast<uintptr_t>(address));
  if (it == blocks.end() || it->second.freed)
    return std::nullopt;
  return Range{it->first, it->second.end};
}

void SlowMemory::free(void *address, bool watch) {
  uintptr_t begin = reinterpret_cast<uintptr_t>(address);
  auto it = blocks.find(begin);
  if (it == blocks.end() || !watch) {
    if (it != blocks.end())
      blocks.erase(it);
    std::free(address);
    return;
  }
  it->second.freed = true;
  freed.push_back(begin);
  freedBytes += it->second.end - begin;
  while (freedBytes > kMostFreedBytes) {
    uintptr_t oldest = freed.front();
    freed.pop_front();
    auto block = blocks.find(oldest);
    freedBytes -= block->second.end - oldest;
    blocks.erase(block);
    std::free(reinterpret_cast<void *>(oldest));
  }
}

std::string SlowMemory::problemOf(Range range) const {
  auto it = blocks.upper_bound(range.begin);
  if (it != blocks.begin() && std::prev(it)->second.end > range.begin) {
    --it;
    if (it->second.freed)
      return "slow memory that was freed";
    if (range.end > it->second.end)
      return "bytes up to " + std::to_string(range.end - it->first) +
             " of an allocation of " +
             std::to_string(it->second.end - it->first) +
             " bytes of slow memory";
    return "";
  }
  if (it != blocks.end() && it->first < range.end)
    return "bytes before an allocation of slow memory";
  return "";
}
