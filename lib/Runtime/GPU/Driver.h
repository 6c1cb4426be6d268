//===- Driver.h - the CUDA driver, opened at run time -----------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Declarations of the functions of the CUDA driver that the runtime uses, from
// NVIDIA's public documentation of the driver API; none of its headers is
// needed. Handles are opaque pointers.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_RUNTIME_GPU_DRIVER_H
#define MEMPL_LIB_RUNTIME_GPU_DRIVER_H

#include <cstddef>
#include <cstdint>

namespace mempl::gpu {

/// Exit codes of a program that cannot go on.
enum ExitCode : int {
  /// No driver, no device, or a device that cannot read host memory.
  NoDevice = 69,
  /// The driver refused a call, or the program misused the runtime.
  CallFailed = 70,
};

using Handle = void *;
using DevicePointer = unsigned long long;

/// Results that are told apart; 0 is success.
constexpr int kOutOfMemory = 2;
constexpr int kNotReady = 600;

/// What cuMemcpy2DAsync takes, as the driver lays it out.
struct Memcpy2D {
  /// Memory of either kind, by addresses that both know.
  static constexpr unsigned kUnified = 4;

  size_t sourceX, sourceY;
  unsigned sourceKind;
  const void *sourceHost;
  DevicePointer source;
  Handle sourceArray;
  size_t sourcePitch;
  size_t destX, destY;
  unsigned destKind;
  void *destHost;
  DevicePointer dest;
  Handle destArray;
  size_t destPitch;
  size_t width, height; ///< Bytes and rows.
};

// field, symbol, parameters. A symbol with a version suffix is the one that
// the documented name stands for since CUDA 4.
#define MEMPL_CUDA_FUNCTIONS(X)                                                \
  X(init, "cuInit", (unsigned))                                                \
  X(deviceGetCount, "cuDeviceGetCount", (int *))                               \
  X(deviceGet, "cuDeviceGet", (int *, int))                                    \
  X(deviceGetAttribute, "cuDeviceGetAttribute", (int *, int, int))             \
  X(primaryContext, "cuDevicePrimaryCtxRetain", (Handle *, int))               \
  X(setContext, "cuCtxSetCurrent", (Handle))                                   \
  X(synchronize, "cuCtxSynchronize", ())                                       \
  X(moduleLoad, "cuModuleLoadDataEx",                                          \
    (Handle *, const void *, unsigned, int *, void **))                        \
  X(moduleUnload, "cuModuleUnload", (Handle))                                  \
  X(moduleGetFunction, "cuModuleGetFunction",                                  \
    (Handle *, Handle, const char *))                                          \
  X(launch, "cuLaunchKernel",                                                  \
    (Handle, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,       \
     unsigned, Handle, void **, void **))                                      \
  X(memAlloc, "cuMemAlloc_v2", (DevicePointer *, size_t))                      \
  X(memHostAlloc, "cuMemHostAlloc", (void **, size_t, unsigned))               \
  X(memHostRegister, "cuMemHostRegister_v2", (void *, size_t, unsigned))       \
  X(memHostUnregister, "cuMemHostUnregister", (void *))                        \
  X(memcpyAsync, "cuMemcpyAsync",                                              \
    (DevicePointer, DevicePointer, size_t, Handle))                            \
  X(memcpy2DAsync, "cuMemcpy2DAsync_v2", (const Memcpy2D *, Handle))           \
  X(memsetD16Async, "cuMemsetD16Async",                                        \
    (DevicePointer, unsigned short, size_t, Handle))                           \
  X(memsetD32Async, "cuMemsetD32Async",                                        \
    (DevicePointer, unsigned, size_t, Handle))                                 \
  X(streamCreate, "cuStreamCreate", (Handle *, unsigned))                      \
  X(streamSynchronize, "cuStreamSynchronize", (Handle))                        \
  X(streamWaitEvent, "cuStreamWaitEvent", (Handle, Handle, unsigned))          \
  X(eventCreate, "cuEventCreate", (Handle *, unsigned))                        \
  X(eventRecord, "cuEventRecord", (Handle, Handle))                            \
  X(eventQuery, "cuEventQuery", (Handle))                                      \
  X(eventSynchronize, "cuEventSynchronize", (Handle))                          \
  X(eventElapsedTime, "cuEventElapsedTime", (float *, Handle, Handle))         \
  X(getErrorName, "cuGetErrorName", (int, const char **))                      \
  X(getErrorString, "cuGetErrorString", (int, const char **))

/// The functions of the driver; all are there.
struct Driver {
#define MEMPL_CUDA_FIELD(field, symbol, parameters) int(*field) parameters;
  MEMPL_CUDA_FUNCTIONS(MEMPL_CUDA_FIELD)
#undef MEMPL_CUDA_FIELD
};

/// The driver, with the context of the device current on this thread. Opens it
/// on the first call: the library that the environment variable
/// MEMPL_CUDA_DRIVER names, else libcuda.so.1. Without a driver or a device
/// that will do the process ends with NoDevice and a message.
const Driver &driver();

/// Whether driver() has succeeded before.
bool driverIsOpen();

/// Which device the context is of; before the first call of driver().
void selectDevice(int number);

/// Ends the process with CallFailed if `result`, which the driver gave for
/// `what`, is not success.
void check(int result, const char *what);

/// Ends the process with `code` after "mempl: error: " and the message, as
/// printf takes it.
[[noreturn]] void fail(ExitCode code, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

} // namespace mempl::gpu

#endif // MEMPL_LIB_RUNTIME_GPU_DRIVER_H
