//===- ChannelModel.cpp - when copies finish ------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Between two events (a latency ends, a copy finishes, the draw ends) all rates
// are constant, so time goes from event to event.
//
//===----------------------------------------------------------------------===//

#include "ChannelModel.h"

#include <algorithm>
#include <limits>

using namespace mempl::runtime;

static constexpr double kNever = std::numeric_limits<double>::infinity();

static double limitOf(double bandwidth) {
  return bandwidth > 0 ? bandwidth : kNever;
}

ChannelModel::ChannelModel(double slowBandwidth, double copyBandwidth,
                           double latency)
    : slowBandwidth(limitOf(slowBandwidth)),
      copyBandwidth(limitOf(copyBandwidth)), latency(latency) {}

bool ChannelModel::flows(int channel) const {
  return !waiting[channel].empty() &&
         waiting[channel].front().started + latency <= time;
}

double ChannelModel::rateOf(int channel) const {
  if (!flows(channel))
    return 0;
  double spare = slowBandwidth - (time < drawUntil ? draw : 0);
  int flowing = 0;
  for (int i = 0; i < kNumChannels; ++i)
    flowing += flows(i);
  return std::min(copyBandwidth, std::max(spare, 0.0) / flowing);
}

double ChannelModel::nextEvent() const {
  double next = time < drawUntil ? drawUntil : kNever;
  for (int i = 0; i < kNumChannels; ++i) {
    if (waiting[i].empty())
      continue;
    const QueuedCopy &copy = waiting[i].front();
    double rate = rateOf(i);
    if (!flows(i))
      next = std::min(next, copy.started + latency);
    else if (rate > 0)
      next = std::min(next, time + copy.bytes / rate);
  }
  return next;
}

/// Takes the copies out of the queues whose last byte has moved.
void ChannelModel::settle() {
  for (bool again = true; again;) {
    again = false;
    for (int i = 0; i < kNumChannels; ++i) {
      if (!flows(i))
        continue;
      QueuedCopy &copy = waiting[i].front();
      // What is left after rounding takes no time.
      if (copy.bytes > 0 && !(time + copy.bytes / rateOf(i) <= time))
        continue;
      copy.bytes = 0;
      copy.finished = time;
      finished[i].push_back(copy);
      waiting[i].pop_front();
      if (!waiting[i].empty())
        waiting[i].front().started = time;
      again = true;
    }
  }
}

void ChannelModel::advance(double now) {
  settle();
  while (time < now) {
    double rates[kNumChannels];
    for (int i = 0; i < kNumChannels; ++i)
      rates[i] = rateOf(i);
    double next = std::min(now, nextEvent());
    for (int i = 0; i < kNumChannels; ++i)
      if (rates[i] > 0) {
        QueuedCopy &copy = waiting[i].front();
        copy.bytes = std::max(0.0, copy.bytes - rates[i] * (next - time));
      }
    time = next;
    settle();
  }
}

void ChannelModel::issue(Channel channel, int64_t number, double bytes,
                         double now) {
  advance(now);
  QueuedCopy copy;
  copy.number = number;
  copy.bytes = bytes;
  copy.issued = time;
  if (waiting[channel].empty())
    copy.started = time;
  waiting[channel].push_back(copy);
  settle();
}

void ChannelModel::setDraw(double rate, double now, double until) {
  advance(now);
  draw = rate;
  drawUntil = until;
}

std::optional<QueuedCopy> ChannelModel::takeFinished(Channel channel) {
  if (finished[channel].empty())
    return std::nullopt;
  QueuedCopy copy = finished[channel].front();
  finished[channel].pop_front();
  return copy;
}

double ChannelModel::nextFinish(Channel channel) const {
  if (!finished[channel].empty())
    return time;
  ChannelModel ahead = *this;
  while (ahead.finished[channel].empty()) {
    double next = ahead.nextEvent();
    if (next == kNever)
      return kNever;
    ahead.advance(std::max(next, ahead.time));
    ahead.settle();
  }
  return ahead.finished[channel].front().finished;
}
