//===- Support.h - errors and waiting for bindings --------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// llvm::Error as a Python exception, long work that Python can interrupt, and
// NumPy views of columns of structs.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_PYTHON_SUPPORT_H
#define MEMPL_PYTHON_SUPPORT_H

#include "llvm/Support/Error.h"

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <atomic>
#include <functional>
#include <string>
#include <vector>

namespace mempl::python {

namespace nb = nanobind;

/// Becomes mempl.Error with this text. Needs no GIL to be thrown.
struct PythonError {
  std::string text;
};

/// Makes PythonError known to the module that is being initialised, and lets
/// Python end while runWatched() waits in daemons.
void registerSupport();

[[noreturn]] inline void raise(llvm::Error error) {
  throw PythonError{llvm::toString(std::move(error))};
}

template <typename T> T unwrap(llvm::Expected<T> result) {
  if (!result)
    raise(result.takeError());
  return std::move(*result);
}

/// Runs `work` on a thread of its own while the caller, who has the GIL, waits
/// without it. Every 50 ms, and once at the end, with the GIL: signals are
/// looked at (Ctrl-C), `tick` is called, and `cancelled`, if it is not None,
/// is asked. Where one of them raises, or `cancelled` says true, `work` sees
/// its argument turn true and has to return soon; what was raised is thrown.
void runWatched(const nb::object &cancelled, const std::function<void()> &tick,
                const std::function<void(const std::atomic<bool> &)> &work);

/// What type checkers expect of an __eq__.
inline const nb::sig
    kEqualSignature("def __eq__(self, arg: object, /) -> bool");

template <typename T> using View = nb::ndarray<nb::numpy, const T, nb::ndim<1>>;

/// A read-only view of a vector that `owner` keeps alive.
template <typename T>
View<T> viewOf(const std::vector<T> &items, nb::handle owner) {
  return View<T>(items.data(), {items.size()}, owner);
}

/// A read-only view of the field at `first` in an array of `count` structs of
/// `size` bytes, without a copy.
template <typename T>
View<T> columnOf(const T *first, size_t count, size_t size, nb::handle owner) {
  return View<T>(first, {count}, owner,
                 {static_cast<int64_t>(size / sizeof(T))});
}

} // namespace mempl::python

#endif // MEMPL_PYTHON_SUPPORT_H
