//===- Wrap.h - what the files of the C API share ---------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_CAPI_WRAP_H
#define MEMPL_LIB_CAPI_WRAP_H

#include "mempl-c/Problem.h"

#include "mempl/Problem/Instance.h"
#include "mempl/Problem/Plan.h"

#include "llvm/Support/Error.h"

namespace mempl::capi {

inline Instance *unwrap(MemplInstance handle) {
  return static_cast<Instance *>(handle.ptr);
}
inline Plan *unwrap(MemplPlan handle) {
  return static_cast<Plan *>(handle.ptr);
}

/// Gives a copy of an object to the caller of the C API.
inline MemplInstance give(Instance instance) {
  return {new Instance(std::move(instance))};
}
inline MemplPlan give(Plan plan) { return {new Plan(std::move(plan))}; }

/// A string that the caller ends with memplStringDestroy().
char *giveString(llvm::StringRef text);

/// Notes that nothing went wrong.
inline void succeed(char **error) {
  if (error)
    *error = nullptr;
}

/// Stores a message.
void fail(char **error, llvm::StringRef text);

/// Gives away the value, or a null handle and the error.
template <typename Handle, typename T>
Handle giveOrFail(llvm::Expected<T> value, char **error) {
  if (!value) {
    fail(error, llvm::toString(value.takeError()));
    return {nullptr};
  }
  succeed(error);
  return give(std::move(*value));
}

} // namespace mempl::capi

#endif // MEMPL_LIB_CAPI_WRAP_H
