//===- Memory.h - the two memories of the runtime ---------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which bytes of fast memory are storage, and which blocks of slow memory are
// allocated. Addresses are integers here: nothing is dereferenced but to fill
// new storage. Not thread safe.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_RUNTIME_MEMORY_H
#define MEMPL_LIB_RUNTIME_MEMORY_H

#include "Region.h"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace mempl::runtime {

class FastMemory {
public:
  FastMemory() = default;
  FastMemory(const FastMemory &) = delete;
  FastMemory &operator=(const FastMemory &) = delete;
  ~FastMemory();

  /// Reserves `capacity` bytes of addresses, none of them accessed yet, and
  /// forgets all storage. Running out of addresses is fatal.
  void reserve(int64_t capacity);

  bool contains(const void *address) const {
    uintptr_t at = reinterpret_cast<uintptr_t>(address);
    return at >= all.begin && at < all.end;
  }

  /// Fatal if the storage does not fit.
  Range rangeOf(int64_t offset, int64_t bytes) const;

  /// New storage; what it overlaps ends.
  void begin(Range range);

  /// Ends the storage that holds the address; false if there is none.
  bool end(const void *address);

  /// The storage that holds the address; empty if there is none.
  Range storageAt(const void *address) const;

  /// "byte 128 of fast memory".
  std::string describe(const void *address) const;

private:
  Range all;
  int64_t capacity = 0;
  std::map<uintptr_t, uintptr_t> storages; ///< End by begin.
  std::multiset<uintptr_t> emptyStorages;  ///< Those without a byte.
};

class SlowMemory {
public:
  SlowMemory() = default;
  SlowMemory(const SlowMemory &) = delete;
  SlowMemory &operator=(const SlowMemory &) = delete;
  ~SlowMemory();

  /// With `watch` blocks are known, and freed ones kept for a while.
  void *allocate(uint64_t alignment, uint64_t bytes, bool watch);

  /// The allocated block that begins at the address, if there is one.
  std::optional<Range> blockAt(const void *address) const;

  void free(void *address, bool watch);

  /// What is wrong with an access to the range; empty if nothing is. Memory
  /// that was not allocated here is nobody's business.
  std::string problemOf(Range range) const;

private:
  struct Block {
    uintptr_t end;
    bool freed;
  };
  std::map<uintptr_t, Block> blocks;
  std::deque<uintptr_t> freed; ///< Kept blocks, oldest first.
  uint64_t freedBytes = 0;
};

} // namespace mempl::runtime

#endif // MEMPL_LIB_RUNTIME_MEMORY_H
