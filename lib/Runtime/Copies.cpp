//===- Copies.cpp - two channels that copy beside the program -------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Copies.h"

#include "Config.h"

#include <cmath>
#include <cstring>

using namespace mempl::runtime;

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

int64_t CopyShape::bytes() const {
  int64_t bytes = elementBytes;
  for (int64_t size : sizes)
    bytes *= size;
  return bytes;
}

int64_t CopyShape::span(const std::vector<int64_t> &strides) const {
  int64_t last = 0;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] == 0)
      return 0;
    last += (sizes[i] - 1) * strides[i];
  }
  return (last + 1) * elementBytes;
}

static void move(const CopyShape &shape, size_t dimension, char *dest,
                 const char *source) {
  if (dimension == shape.sizes.size()) {
    std::memcpy(dest, source, shape.elementBytes);
    return;
  }
  for (int64_t i = 0; i < shape.sizes[dimension]; ++i)
    move(shape, dimension + 1,
         dest + i * shape.destStrides[dimension] * shape.elementBytes,
         source + i * shape.sourceStrides[dimension] * shape.elementBytes);
}

//===----------------------------------------------------------------------===//
// Channels
//===----------------------------------------------------------------------===//

Copies::Copies(double slowBandwidth, double copyBandwidth, double latency)
    : model(slowBandwidth, copyBandwidth, latency) {
  for (int i = 0; i < ChannelModel::kNumChannels; ++i)
    threads[i] = std::thread([this, i] { serve(ChannelModel::Channel(i)); });
}

Copies::~Copies() {
  {
    std::lock_guard<std::mutex> lock(mutex);
    stop = true;
  }
  changed.notify_all();
  for (std::thread &thread : threads)
    thread.join();
}

double Copies::now() const {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

void Copies::serve(ChannelModel::Channel channel) {
  std::unique_lock<std::mutex> lock(mutex);
  while (!stop) {
    model.advance(now());
    if (std::optional<QueuedCopy> finished = model.takeFinished(channel)) {
      Copy &copy = copies.find(finished->number)->second;
      lock.unlock();
      move(copy.shape, 0, static_cast<char *>(copy.dest),
           static_cast<const char *>(copy.source));
      lock.lock();
      copy.times = *finished;
      copy.complete = true;
      completed.notify_all();
      continue;
    }
    double next = model.nextFinish(channel);
    if (std::isinf(next))
      changed.wait(lock);
    else
      changed.wait_until(lock,
                         begin + std::chrono::ceil<Clock::duration>(
                                     std::chrono::duration<double>(next)));
  }
}

int64_t Copies::start(Copy copy) {
  int64_t number;
  {
    std::lock_guard<std::mutex> lock(mutex);
    number = ++lastNumber;
    ChannelModel::Channel channel = copy.channel;
    double bytes = double(copy.shape.bytes());
    copies.emplace(number, std::move(copy));
    model.issue(channel, number, bytes, now());
  }
  changed.notify_all();
  return number;
}

Copy Copies::wait(int64_t number) {
  std::unique_lock<std::mutex> lock(mutex);
  auto it = copies.find(number);
  if (it == copies.end())
    fail("wait for copy %lld, which is not under way%s",
         static_cast<long long>(number),
         number > 0 && number <= lastNumber ? ": it was waited for before"
                                            : "");
  completed.wait(lock, [&] { return it->second.complete; });
  Copy copy = std::move(it->second);
  copies.erase(it);
  return copy;
}

void Copies::setDraw(double rate, double seconds) {
  {
    std::lock_guard<std::mutex> lock(mutex);
    double time = now();
    model.setDraw(rate, time, time + seconds);
  }
  changed.notify_all();
}
