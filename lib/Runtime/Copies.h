//===- Copies.h - two channels that copy beside the program -----*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A thread per channel. When a copy is complete is what ChannelModel says; its
// bytes move, all at once, at that time, so that a program that does not wait
// finds the old ones.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_RUNTIME_COPIES_H
#define MEMPL_LIB_RUNTIME_COPIES_H

#include "ChannelModel.h"
#include "CopyShape.h"
#include "Memory.h"

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace mempl::runtime {

struct Copy {
  void *dest = nullptr;
  const void *source = nullptr;
  CopyShape shape;
  ChannelModel::Channel channel = ChannelModel::In;
  std::string name;
  Region destRegion, sourceRegion;
  bool carried = false; ///< Into another trip of a loop.
  bool complete = false;
  QueuedCopy times;

  /// Whether it reads or writes a byte of the range.
  bool uses(Range range) const {
    return destRegion.overlaps(range) || sourceRegion.overlaps(range);
  }
};

class Copies {
public:
  using Clock = std::chrono::steady_clock;

  Copies(double slowBandwidth, double copyBandwidth, double latency);
  ~Copies();

  /// Seconds since the construction.
  double now() const;

  /// Returns the number of the copy.
  int64_t start(Copy copy);

  /// Waits for the copy and returns it; fatal if it is not under way.
  Copy wait(int64_t number);

  /// Copies that were started and not waited for, by number. Only the thread
  /// that starts and waits may look, and not at `complete` and `times`.
  const std::map<int64_t, Copy> &underWay() const { return copies; }

  /// The copy is waited for in another trip of a loop; fatal if it is not under
  /// way.
  void carry(int64_t number);

  /// A step draws `rate` bytes per second for the next `seconds`.
  void setDraw(double rate, double seconds);

private:
  Copy &find(int64_t number, const char *use);
  void serve(ChannelModel::Channel channel);

  Clock::time_point begin = Clock::now();
  std::mutex mutex;
  std::condition_variable changed;   ///< For the channels.
  std::condition_variable completed; ///< For the program.
  ChannelModel model;
  std::map<int64_t, Copy> copies;
  int64_t lastNumber = 0;
  bool stop = false;
  std::thread threads[ChannelModel::kNumChannels];
};

} // namespace mempl::runtime

#endif // MEMPL_LIB_RUNTIME_COPIES_H
