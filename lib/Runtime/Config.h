//===- Config.h - configuration and errors of the runtime -------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_RUNTIME_CONFIG_H
#define MEMPL_LIB_RUNTIME_CONFIG_H

#include "mempl/Runtime/Runtime.h"

namespace mempl::runtime {

/// Prints `mempl-runtime: error: ` and the text, formatted as by printf, on
/// stderr and ends the process with exit code 1, running no destructors.
[[noreturn]] void fail(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/// The defaults and what the environment says; a wrong value is fatal.
mempl_config configFromEnvironment();

/// Fatal if a value is out of range.
void checkConfig(const mempl_config &config);

} // namespace mempl::runtime

#endif // MEMPL_LIB_RUNTIME_CONFIG_H
