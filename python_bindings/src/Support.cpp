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

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

using namespace mempl::python;

static constexpr std::chrono::milliseconds kPause(50);

/// Python ends while this thread, a daemon, still works: who asks for the GIL
/// then is ended in a way that C++ takes for an exception.
static bool isPythonEnding() {
#if PY_VERSION_HEX >= 0x030d0000
  return Py_IsFinalizing() != 0;
#else
  return _Py_IsFinalizing() != 0;
#endif
}

void mempl::python::registerErrors() {
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
      if (isPythonEnding())
        stop = true;
      else if (!problem)
        look();
      lock.lock();
    }
    lock.unlock();
    worker.join();
    // As Python itself has it from 3.14 on.
    while (isPythonEnding())
      std::this_thread::sleep_for(kPause);
    if (!problem)
      look();
  }
  if (problem)
    std::rethrow_exception(problem);
  if (failure)
    std::rethrow_exception(failure);
}
