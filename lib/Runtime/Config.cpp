//===- Config.cpp - configuration and errors of the runtime ---------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Config.h"

#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <utility>

using namespace mempl::runtime;

void mempl::runtime::fail(const char *format, ...) {
  std::fflush(stdout);
  std::fputs("mempl-runtime: error: ", stderr);
  va_list arguments;
  va_start(arguments, format);
  std::vfprintf(stderr, format, arguments);
  va_end(arguments);
  std::fputc('\n', stderr);
  std::fflush(stderr);
  std::_Exit(1);
}

/// The number in the variable `MEMPL_RUNTIME_<name>`, or `otherwise`.
static double numberOf(const char *name, double otherwise) {
  const char *text = std::getenv(name);
  if (!text || !*text)
    return otherwise;
  char *end = nullptr;
  double number = std::strtod(text, &end);
  if (*end || !std::isfinite(number) || number < 0)
    fail("%s: expected a number of at least 0, got '%s'", name, text);
  return number;
}

static bool flagOf(const char *name) {
  double number = numberOf(name, 0);
  if (number != 0 && number != 1)
    fail("%s: expected 0 or 1, got '%s'", name, std::getenv(name));
  return number != 0;
}

/// More than any machine has: larger numbers would not fit an address.
static constexpr double kMostBytes = double(int64_t(1) << 46);

mempl_config mempl::runtime::configFromEnvironment() {
  mempl_config config = {};
  double capacity =
      numberOf("MEMPL_RUNTIME_FAST_CAPACITY", double(int64_t(1) << 30));
  if (capacity > kMostBytes || capacity != std::floor(capacity))
    fail("MEMPL_RUNTIME_FAST_CAPACITY: expected a whole number of bytes up to "
         "2^46, got '%s'",
         std::getenv("MEMPL_RUNTIME_FAST_CAPACITY"));
  config.fast_capacity = int64_t(capacity);
  config.slow_bandwidth = numberOf("MEMPL_RUNTIME_SLOW_BANDWIDTH", 0);
  config.fast_bandwidth = numberOf("MEMPL_RUNTIME_FAST_BANDWIDTH", 0);
  config.copy_bandwidth = numberOf("MEMPL_RUNTIME_COPY_BANDWIDTH", 0);
  config.copy_latency = numberOf("MEMPL_RUNTIME_COPY_LATENCY", 0);
  config.step_overhead = numberOf("MEMPL_RUNTIME_STEP_OVERHEAD", 0);
  config.slowdown = flagOf("MEMPL_RUNTIME_SLOWDOWN");
  config.check = flagOf("MEMPL_RUNTIME_CHECK");
  const char *trace = std::getenv("MEMPL_RUNTIME_TRACE");
  config.trace = trace && *trace ? trace : nullptr;
  return config;
}

void mempl::runtime::checkConfig(const mempl_config &config) {
  if (config.fast_capacity < 0 || double(config.fast_capacity) > kMostBytes)
    fail("fast_capacity: expected 0 to 2^46, got %lld",
         static_cast<long long>(config.fast_capacity));
  const std::pair<const char *, double> numbers[] = {
      {"slow_bandwidth", config.slow_bandwidth},
      {"fast_bandwidth", config.fast_bandwidth},
      {"copy_bandwidth", config.copy_bandwidth},
      {"copy_latency", config.copy_latency},
      {"step_overhead", config.step_overhead}};
  for (auto [name, number] : numbers)
    if (!std::isfinite(number) || number < 0)
      fail("%s: expected a finite number of at least 0, got %g", name, number);
}
