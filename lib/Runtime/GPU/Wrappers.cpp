//===- Wrappers.cpp - what gpu-to-llvm calls
//---------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The names and parameters are those that MLIR's pass gpu-to-llvm and its
// translation of gpu.launch_func call. Streams and events are taken from pools
// and go back there: a program asks for one per copy and wait.
//
//===----------------------------------------------------------------------===//

#include "Driver.h"
#include "Memory.h"
#include "Trace.h"

#include <algorithm>
#include <mutex>
#include <set>
#include <unordered_map>
#include <vector>

using namespace mempl::gpu;

#define MEMPL_EXPORT extern "C" __attribute__((visibility("default")))

namespace {

struct Streams {
  std::mutex mutex;
  std::vector<Handle> idle;
  std::set<Handle> used;
  /// Names of functions, for the trace.
  std::unordered_map<Handle, std::string> names;
};

/// A memref of any rank as MLIR lays it out, up to its strides.
struct MemRefHead {
  char *allocated;
  char *aligned;
  int64_t offset;
  int64_t sizesAndStrides[1];
};

} // namespace

static Streams &streams() {
  static auto *instance = new Streams;
  return *instance;
}

static DevicePointer address(void *pointer) {
  return DevicePointer(reinterpret_cast<uintptr_t>(pointer));
}

//===----------------------------------------------------------------------===//
// Modules and launches
//===----------------------------------------------------------------------===//

/// Options of the driver's compiler, by their numbers in the driver API.
static constexpr int kErrorLog = 5, kErrorLogBytes = 6, kOptimization = 7;

static Handle loadModule(const void *image, int optimization) {
  char log[4096] = "";
  int options[] = {kErrorLog, kErrorLogBytes, kOptimization};
  void *values[] = {log, reinterpret_cast<void *>(sizeof(log)),
                    reinterpret_cast<void *>(uintptr_t(optimization))};
  Handle module = nullptr;
  int result = driver().moduleLoad(&module, image, 3, options, values);
  if (result != 0 && log[0])
    fail(CallFailed, "the driver cannot compile the kernels: %s", log);
  check(result, "cuModuleLoadDataEx");
  return module;
}

/// Loads machine code of `bytes` bytes.
MEMPL_EXPORT Handle mgpuModuleLoad(void *data, size_t bytes) {
  (void)bytes;
  return loadModule(data, 4);
}

/// Loads PTX text, which ends with a zero byte; the driver compiles it.
MEMPL_EXPORT Handle mgpuModuleLoadJIT(void *data, int optimization) {
  return loadModule(data, std::clamp(optimization, 0, 4));
}

/// Called by destructors of the program, when the driver may be gone: the end
/// of the process unloads all modules.
MEMPL_EXPORT void mgpuModuleUnload(Handle) {}

MEMPL_EXPORT Handle mgpuModuleGetFunction(Handle module, const char *name) {
  Handle function = nullptr;
  check(driver().moduleGetFunction(&function, module, name), name);
  std::lock_guard<std::mutex> lock(streams().mutex);
  streams().names[function] = name;
  return function;
}

MEMPL_EXPORT void mgpuLaunchKernel(Handle function, intptr_t gridX,
                                   intptr_t gridY, intptr_t gridZ,
                                   intptr_t blockX, intptr_t blockY,
                                   intptr_t blockZ, int32_t sharedBytes,
                                   Handle stream, void **parameters,
                                   void **extra, size_t) {
  if (gridX == 0 || gridY == 0 || gridZ == 0)
    return; // The driver takes an empty grid for an error.
  std::string name;
  {
    std::lock_guard<std::mutex> lock(streams().mutex);
    name = streams().names[function];
  }
  TracedWork trace("kernel", name, stream);
  check(driver().launch(function, gridX, gridY, gridZ, blockX, blockY, blockZ,
                        sharedBytes, stream, parameters, extra),
        name.c_str());
}

//===----------------------------------------------------------------------===//
// Streams and events
//===----------------------------------------------------------------------===//

MEMPL_EXPORT Handle mgpuStreamCreate() {
  static constexpr unsigned kNonBlocking = 1;
  const Driver &cuda = driver();
  std::lock_guard<std::mutex> lock(streams().mutex);
  Handle stream = nullptr;
  if (!streams().idle.empty()) {
    stream = streams().idle.back();
    streams().idle.pop_back();
  } else {
    check(cuda.streamCreate(&stream, kNonBlocking), "cuStreamCreate");
  }
  streams().used.insert(stream);
  return stream;
}

/// A stream may be given back twice where tokens of it were waited for
/// together; the second time does nothing.
MEMPL_EXPORT void mgpuStreamDestroy(Handle stream) {
  std::lock_guard<std::mutex> lock(streams().mutex);
  if (streams().used.erase(stream))
    streams().idle.push_back(stream);
}

MEMPL_EXPORT void mgpuStreamSynchronize(Handle stream) {
  check(driver().streamSynchronize(stream), "cuStreamSynchronize");
}

MEMPL_EXPORT void mgpuStreamWaitEvent(Handle stream, Handle event) {
  check(driver().streamWaitEvent(stream, event, 0), "cuStreamWaitEvent");
}

MEMPL_EXPORT Handle mgpuEventCreate() { return takeEvent(false); }

MEMPL_EXPORT void mgpuEventDestroy(Handle event) { giveEvent(event, false); }

MEMPL_EXPORT void mgpuEventSynchronize(Handle event) {
  check(driver().eventSynchronize(event), "cuEventSynchronize");
}

MEMPL_EXPORT void mgpuEventRecord(Handle event, Handle stream) {
  check(driver().eventRecord(event, stream), "cuEventRecord");
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

/// Device memory, or pinned host memory if `hostShared`.
MEMPL_EXPORT void *mgpuMemAlloc(uint64_t bytes, Handle stream,
                                bool hostShared) {
  return allocate(bytes, stream, hostShared);
}

MEMPL_EXPORT void mgpuMemFree(void *pointer, Handle stream) {
  release(pointer, stream);
}

MEMPL_EXPORT void mgpuMemcpy(void *to, void *from, size_t bytes,
                             Handle stream) {
  if (bytes == 0)
    return;
  TracedWork trace("copy", "copy", stream, bytes);
  check(driver().memcpyAsync(address(to), address(from), bytes, stream),
        "cuMemcpyAsync");
}

MEMPL_EXPORT void mgpuMemset32(void *to, unsigned value, size_t count,
                               Handle stream) {
  check(driver().memsetD32Async(address(to), value, count, stream),
        "cuMemsetD32Async");
}

MEMPL_EXPORT void mgpuMemset16(void *to, unsigned short value, size_t count,
                               Handle stream) {
  check(driver().memsetD16Async(address(to), value, count, stream),
        "cuMemsetD16Async");
}

MEMPL_EXPORT void mgpuMemHostRegister(void *pointer, uint64_t bytes) {
  registerHost(pointer, bytes);
}

MEMPL_EXPORT void mgpuMemHostUnregister(void *pointer) {
  unregisterHost(pointer, 1);
}

/// First byte and bytes from the first element to the last one.
static std::pair<char *, uint64_t> extentOf(int64_t rank, MemRefHead *memref,
                                            int64_t elementBytes) {
  int64_t elements = 1;
  for (int64_t i = 0; i < rank; ++i) {
    int64_t size = memref->sizesAndStrides[i];
    if (size == 0)
      return {memref->aligned, 0};
    elements += (size - 1) * memref->sizesAndStrides[rank + i];
  }
  return {memref->aligned + memref->offset * elementBytes,
          uint64_t(elements * elementBytes)};
}

MEMPL_EXPORT void mgpuMemHostRegisterMemRef(int64_t rank, MemRefHead *memref,
                                            int64_t elementBytes) {
  auto [pointer, bytes] = extentOf(rank, memref, elementBytes);
  registerHost(pointer, bytes);
}

MEMPL_EXPORT void mgpuMemHostUnregisterMemRef(int64_t rank, MemRefHead *memref,
                                              int64_t elementBytes) {
  auto [pointer, bytes] = extentOf(rank, memref, elementBytes);
  unregisterHost(pointer, bytes);
}

/// Before any other function of the runtime.
MEMPL_EXPORT void mgpuSetDefaultDevice(int32_t device) { selectDevice(device); }
