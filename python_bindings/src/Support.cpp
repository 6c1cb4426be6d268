//===- Support.cpp - errors and waiting for bindings ----------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// All Python code runs on the thread that called, whatever threads a solver
// has: only there does Python handle signals.
//
//===----------------------------------------------------------------------===//

#include "Support.h"

#include "llvm/ADT/ScopeExit.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

using namespace mempl::python;

static constexpr std::chrono::milliseconds kPause(50);

/// How long the end of Python waits for callbacks that run.
static constexpr std::chrono::seconds kPatience(5);

namespace {

/// Threads that wait here without the GIL ask for it only in here. When Python
/// ends, a daemon among them would be ended at that, in a way that C++ takes
/// for an exception: from then on nobody gets in but the thread that ends it.
class GilGate {
public:
  bool enter() {
    std::lock_guard<std::mutex> lock(mutex);
    if (isClosed && std::this_thread::get_id() != closer)
      return false;
    ++inside;
    return true;
  }
  void leave() {
    std::lock_guard<std::mutex> lock(mutex);
    --inside;
    changed.notify_all();
  }
  /// With the GIL, which those who are inside get meanwhile.
  void close() {
    nb::gil_scoped_release release;
    std::unique_lock<std::mutex> lock(mutex);
    isClosed = true;
    closer = std::this_thread::get_id();
    changed.wait_for(lock, kPatience, [this] { return inside == 0; });
  }

private:
  std::mutex mutex;
  std::condition_variable changed;
  std::thread::id closer;
  bool isClosed = false;
  int inside = 0;
};

} // namespace

/// Never destroyed: threads may outlive it.
static GilGate &gilGate() {
  static auto *gate = new GilGate();
  return *gate;
}

void mempl::python::registerSupport() {
  nb::module_::import_("atexit").attr("register")(
      nb::cpp_function([] { gilGate().close(); }));
  nb::register_exception_translator(
      [](const std::exception_ptr &p, void *) {
        try {
          std::rethrow_exception(p);
        } catch (const PythonError &error) {
          nb::object type = nb::module_::import_("mempl._errors").attr("Error");
          PyErr_SetObject(type.ptr(),
                          nb::str(error.text.data(), error.text.size()).ptr());
        }
      },
      nullptr);
}

void mempl::python::runWatched(
    const nb::object &cancelled, const std::function<void()> &tick,
    const std::function<void(const std::atomic<bool> &)> &work) {
  std::atomic<bool> stop{false};
  std::mutex mutex;
  std::condition_variable changed;
  bool isDone = false;
  std::exception_ptr problem, failure;
  auto look = [&] {
    if (!gilGate().enter()) {
      stop = true;
      return;
    }
    auto leave = llvm::scope_exit([] { gilGate().leave(); });
    nb::gil_scoped_acquire gil;
    try {
      if (PyErr_CheckSignals() != 0)
        throw nb::python_error();
      if (tick)
        tick();
      if (!cancelled.is_none()) {
        int isTrue = PyObject_IsTrue(cancelled().ptr());
        if (isTrue < 0)
          throw nb::python_error();
        stop = stop || isTrue != 0;
      }
    } catch (...) {
      problem = std::current_exception();
      stop = true;
    }
  };
  {
    nb::gil_scoped_release release;
    std::thread worker([&] {
      try {
        work(stop);
      } catch (...) {
        failure = std::current_exception();
      }
      std::lock_guard<std::mutex> lock(mutex);
      isDone = true;
      changed.notify_one();
    });
    std::unique_lock<std::mutex> lock(mutex);
    while (!changed.wait_for(lock, kPause, [&] { return isDone; })) {
      lock.unlock();
      if (!problem)
        look();
      lock.lock();
    }
    lock.unlock();
    worker.join();
    if (!problem)
      look();
    // Whoever comes late stays here, as Python itself has it from 3.14 on.
    while (!gilGate().enter())
      std::this_thread::sleep_for(kPause);
  }
  gilGate().leave();
  if (problem)
    std::rethrow_exception(problem);
  if (failure)
    std::rethrow_exception(failure);
}
