//===- Workers.h - numbered tasks on some threads ---------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_TRAINING_WORKERS_H
#define MEMPL_LIB_TRAINING_WORKERS_H

#include "mempl/Support/Threads.h"

#include "llvm/Support/ErrorHandling.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <vector>

namespace mempl {

/// Does tasks 0, 1, .. on threads of its own; what comes out must not depend on
/// which thread does which.
class Workers {
public:
  /// A task is given its number, and what says that it should end early.
  using Task = std::function<void(int32_t, const std::function<bool()> &)>;

  Workers(int32_t threads, int32_t count, Task task)
      : task(std::move(task)), count(count), running(threads) {
    auto missing =
        threads - int32_t(startThreads(pool, threads, [this] { work(); }));
    if (missing == threads)
      llvm::report_fatal_error("no thread can be started",
                               /*gen_crash_diag=*/false);
    running -= missing;
  }
  ~Workers() { stop(); }
  Workers(const Workers &) = delete;
  Workers &operator=(const Workers &) = delete;

  bool isRunning() const { return running > 0; }
  /// Begins no more tasks, and asks those under way to end.
  void ask() { stopped = true; }
  /// The same, and waits for them.
  void stop() {
    ask();
    for (std::thread &thread : pool)
      thread.join();
    pool.clear();
  }
  /// Whether it was asked to end before all was done.
  bool wasAsked() const { return stopped; }

private:
  void work() {
    for (int32_t i; !stopped && (i = next++) < count;)
      task(i, [this] { return stopped.load(); });
    --running;
  }

  Task task;
  int32_t count;
  std::atomic<int32_t> next = 0, running;
  std::atomic<bool> stopped = false;
  std::vector<std::thread> pool;
};

} // namespace mempl

#endif // MEMPL_LIB_TRAINING_WORKERS_H
