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

static void move(const CopyShape &shape, size_t dimension, char *dest,
                 const char *source) {
  if (dimension == shape.sizes.size()) {
    std::memcpy(dest, source, shape.rowBytes);
    return;
  }
  for (int64_t i = 0; i < shape.sizes[dimension]; ++i)
    move(shape, dimension + 1, dest + i * shape.destStrides[dimension],
         source + i * shape.sourceStrides[dimension]);
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

/// The copy that is about to be used as `use` says.
Copy &Copies::find(int64_t number, const char *use) {
  auto it = copies.find(number);
  if (it == copies.end())
    fail("%s copy %lld, which is not under way%s", use,
         static_cast<long long>(number),
         number > 0 && number <= lastNumber ? ": it was waited for before"
                                            : "");
  return it->second;
}

void Copies::carry(int64_t number) {
  std::lock_guard<std::mutex> lock(mutex);
  find(number, "carry of").carried = true;
}

Copy Copies::wait(int64_t number) {
  std::unique_lock<std::mutex> lock(mutex);
  Copy &awaited = find(number, "wait for");
  completed.wait(lock, [&] { return awaited.complete; });
  Copy copy = std::move(awaited);
  copies.erase(number);
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
