//===- ChannelModel.h - when copies finish ----------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The arithmetic of the two channels, without threads or clocks: time is what
// the caller says. It follows docs/Problem.md, "Latency": each channel serves
// its copies first in, first out; the first of a channel is busy for the
// latency, then its bytes flow at min(copy bandwidth, spare / k), where k is
// the number of channels with bytes flowing and spare is what the running step
// leaves of the slow memory's bandwidth.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_RUNTIME_CHANNELMODEL_H
#define MEMPL_LIB_RUNTIME_CHANNELMODEL_H

#include <cstdint>
#include <deque>
#include <optional>

namespace mempl::runtime {

/// A copy in the queue of a channel; times in seconds.
struct QueuedCopy {
  int64_t number = 0;
  double bytes = 0;     ///< That have not moved yet.
  double issued = 0;    ///< When it came into the queue.
  double started = -1;  ///< When it became the first of its channel.
  double finished = -1; ///< When its last byte has moved.
};

class ChannelModel {
public:
  enum Channel { In, Out };
  static constexpr int kNumChannels = 2;

  /// Bandwidths in bytes per second, 0 for no limit; latency in seconds.
  ChannelModel(double slowBandwidth, double copyBandwidth, double latency);

  /// Time goes on to `now`, which is not before any time given so far.
  void advance(double now);

  /// A copy of `bytes` bytes is issued at `now`.
  void issue(Channel channel, int64_t number, double bytes, double now);

  /// From `now` on a step draws `rate` bytes per second from slow memory, until
  /// `until`.
  void setDraw(double rate, double now, double until);

  /// The oldest copy of the channel that has finished and was not taken yet.
  std::optional<QueuedCopy> takeFinished(Channel channel);

  /// When the first copy of the channel will have finished if nothing else is
  /// issued and the draw stays; infinity if there is none or it stands still.
  double nextFinish(Channel channel) const;

private:
  bool flows(int channel) const;
  double rateOf(int channel) const;
  double nextEvent() const;
  void settle();

  double slowBandwidth, copyBandwidth, latency;
  double time = 0;
  double draw = 0, drawUntil = 0;
  std::deque<QueuedCopy> waiting[kNumChannels];
  std::deque<QueuedCopy> finished[kNumChannels];
};

} // namespace mempl::runtime

#endif // MEMPL_LIB_RUNTIME_CHANNELMODEL_H
