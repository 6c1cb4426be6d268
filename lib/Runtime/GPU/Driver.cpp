//===- Driver.cpp - the CUDA driver, opened at run time
//----------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Driver.h"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <mutex>

using namespace mempl::gpu;

/// Attributes of devices, by the numbers of the driver API.
static constexpr int kUnifiedAddressing = 41;
static constexpr int kHostPointerForRegisteredMemory = 91;

static std::once_flag opened;
static Driver functions;
static Handle context;
static bool isOpen = false;
static int wantedDevice = 0;

void mempl::gpu::fail(ExitCode code, const char *format, ...) {
  std::fflush(stdout);
  std::fputs("mempl: error: ", stderr);
  va_list arguments;
  va_start(arguments, format);
  std::vfprintf(stderr, format, arguments);
  va_end(arguments);
  std::fputc('\n', stderr);
  std::fflush(stderr);
  // Destructors would call the driver.
  std::_Exit(code);
}

void mempl::gpu::check(int result, const char *what) {
  if (result == 0)
    return;
  const char *name = nullptr, *text = nullptr;
  functions.getErrorName(result, &name);
  functions.getErrorString(result, &text);
  fail(CallFailed, "%s: %s (%s)", what, text ? text : "unknown error",
       name ? name : "no name");
}

static void loadFunctions() {
  const char *path = std::getenv("MEMPL_CUDA_DRIVER");
  if (!path || !*path)
    path = "libcuda.so.1";
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library)
    fail(NoDevice, "no CUDA driver: %s", dlerror());
#define MEMPL_CUDA_LOAD(field, symbol, parameters)                             \
  functions.field =                                                            \
      reinterpret_cast<int(*) parameters>(dlsym(library, symbol));             \
  if (!functions.field)                                                        \
    fail(NoDevice, "the CUDA driver %s has no function %s", path, symbol);
  MEMPL_CUDA_FUNCTIONS(MEMPL_CUDA_LOAD)
#undef MEMPL_CUDA_LOAD
}

static void open() {
  loadFunctions();
  int count = 0;
  if (functions.init(0) != 0 || functions.deviceGetCount(&count) != 0 ||
      count == 0)
    fail(NoDevice, "the CUDA driver finds no device");
  if (wantedDevice < 0 || wantedDevice >= count)
    fail(NoDevice, "no CUDA device %d; there are %d", wantedDevice, count);
  int device = 0;
  check(functions.deviceGet(&device, wantedDevice), "cuDeviceGet");
  for (int attribute : {kUnifiedAddressing, kHostPointerForRegisteredMemory}) {
    int has = 0;
    check(functions.deviceGetAttribute(&has, attribute, device),
          "cuDeviceGetAttribute");
    if (!has)
      fail(NoDevice,
           "CUDA device %d cannot read pinned host memory by the "
           "host's addresses",
           wantedDevice);
  }
  check(functions.primaryContext(&context, device), "cuDevicePrimaryCtxRetain");
  isOpen = true;
}

const Driver &mempl::gpu::driver() {
  std::call_once(opened, open);
  thread_local bool isCurrent = false;
  if (!isCurrent) {
    check(functions.setContext(context), "cuCtxSetCurrent");
    isCurrent = true;
  }
  return functions;
}

bool mempl::gpu::driverIsOpen() { return isOpen; }

void mempl::gpu::selectDevice(int number) { wantedDevice = number; }
