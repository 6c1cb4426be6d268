//===- FakeCuda.cpp - a CUDA driver that is none --------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Has the functions of the driver that libmempl_gpu_runtime.so calls, and works
// on the memory of the host. Streams are queues; what is in them runs when it
// must or when chance says so, in any order that streams and events allow, so
// that a missing dependence shows in the results. Memory of the "device" can be
// accessed only while work runs: the program that accesses it crashes.
//
// Environment:
//   FAKE_CUDA_LOG=FILE      a line per call
//   FAKE_CUDA_ORDER=eager|lazy|early-copies|late-copies|SEED
//                           when work runs. All but eager do as little as they
//                           can: lazy (the default) from the first stream on,
//                           the next two from the last one, with copies before
//                           or after all else
//   FAKE_CUDA_KERNELS=FILE  library with the kernels; without it launches do
//                           nothing
//   FAKE_CUDA_FAIL=SYMBOL:CODE  what that function returns
//   FAKE_CUDA_DEVICES=N, FAKE_CUDA_MEMORY=BYTES  1 and 1 GiB by default
//
//===----------------------------------------------------------------------===//

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <dlfcn.h>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <sys/mman.h>
#include <vector>

#define FAKE_EXPORT extern "C" __attribute__((visibility("default")))

namespace {

struct Ticket {
  bool isDone = false;
};

struct Work {
  std::function<void()> run;
  /// What must be done before; may be null.
  std::shared_ptr<Ticket> before;
  std::shared_ptr<Ticket> done;
  bool isCopy = false;
};

struct Stream {
  int number;
  std::deque<Work> queue;
};

struct Event {
  int number;
  std::shared_ptr<Ticket> last;
};

struct Kernel {
  std::string name;
  void (*run)(void **, const unsigned *, const unsigned *) = nullptr;
  /// A character per parameter: p pointer, l 8 bytes, i and f 4 bytes, ..
  std::string types;
};

enum class Kind { Device, Pinned, Registered };

struct Area {
  size_t bytes;
  Kind kind;
};

struct Machine {
  std::FILE *log = nullptr;
  bool isEager = false;
  bool copiesFirst = false, copiesLast = false;
  uint64_t random = 0;
  size_t freeBytes = size_t(1) << 30;
  std::vector<std::unique_ptr<Stream>> streams;
  std::vector<std::unique_ptr<Event>> events;
  std::map<std::string, std::unique_ptr<Kernel>> kernels;
  std::map<uintptr_t, Area> areas;
};

} // namespace

static Machine &machine() {
  static auto *instance = [] {
    auto *made = new Machine;
    if (const char *path = std::getenv("FAKE_CUDA_LOG"))
      made->log = std::fopen(path, "w");
    if (const char *order = std::getenv("FAKE_CUDA_ORDER")) {
      made->isEager = !std::strcmp(order, "eager");
      made->copiesFirst = !std::strcmp(order, "early-copies");
      made->copiesLast = !std::strcmp(order, "late-copies");
      made->random = std::strtoull(order, nullptr, 10);
    }
    if (const char *bytes = std::getenv("FAKE_CUDA_MEMORY"))
      made->freeBytes = std::strtoull(bytes, nullptr, 10);
    return made;
  }();
  return *instance;
}

template <typename... Values>
static void note(const char *format, Values... values) {
  if (!machine().log)
    return;
  std::fprintf(machine().log, format, values...);
  std::fputc('\n', machine().log);
  std::fflush(machine().log);
}

[[noreturn]] static void broken(const char *what) {
  std::fprintf(stderr, "fake CUDA: %s\n", what);
  std::_Exit(99);
}

/// The code that the test wants from this function, or 0.
static int injected(const char *symbol) {
  const char *wanted = std::getenv("FAKE_CUDA_FAIL");
  if (!wanted)
    return 0;
  const char *colon = std::strchr(wanted, ':');
  if (!colon || std::string(wanted, colon) != symbol)
    return 0;
  return std::atoi(colon + 1);
}

#define FAKE_INJECT(symbol)                                                    \
  if (int code = injected(symbol))                                             \
  return code

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

static void protectDevice(int protection) {
  for (auto &[start, area] : machine().areas)
    if (area.kind == Kind::Device)
      mprotect(reinterpret_cast<void *>(start), area.bytes, protection);
}

/// Whether the device may access the byte.
static bool isAccessible(const void *pointer) {
  auto address = reinterpret_cast<uintptr_t>(pointer);
  auto next = machine().areas.upper_bound(address);
  return next != machine().areas.begin() &&
         address < std::prev(next)->first + std::prev(next)->second.bytes;
}

static void *map(size_t bytes, Kind kind) {
  bytes = (bytes + 4095) / 4096 * 4096;
  void *memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    broken("mmap failed");
  std::memset(memory, 0xff, bytes);
  if (kind == Kind::Device)
    mprotect(memory, bytes, PROT_NONE);
  machine().areas[reinterpret_cast<uintptr_t>(memory)] = {bytes, kind};
  return memory;
}

FAKE_EXPORT int cuMemAlloc_v2(unsigned long long *pointer, size_t bytes) {
  FAKE_INJECT("cuMemAlloc_v2");
  note("alloc device %zu", bytes);
  if (bytes > machine().freeBytes)
    return 2;
  machine().freeBytes -= bytes;
  *pointer = reinterpret_cast<uintptr_t>(map(bytes, Kind::Device));
  return 0;
}

FAKE_EXPORT int cuMemHostAlloc(void **pointer, size_t bytes, unsigned) {
  FAKE_INJECT("cuMemHostAlloc");
  note("alloc host %zu", bytes);
  *pointer = map(bytes, Kind::Pinned);
  return 0;
}

FAKE_EXPORT int cuMemHostRegister_v2(void *pointer, size_t bytes, unsigned) {
  FAKE_INJECT("cuMemHostRegister_v2");
  note("register %zu", bytes);
  auto start = reinterpret_cast<uintptr_t>(pointer);
  for (auto &[other, area] : machine().areas)
    if (start < other + area.bytes && other < start + bytes)
      return 712;
  machine().areas[start] = {bytes, Kind::Registered};
  return 0;
}

FAKE_EXPORT int cuMemHostUnregister(void *pointer) {
  auto it = machine().areas.find(reinterpret_cast<uintptr_t>(pointer));
  if (it == machine().areas.end() || it->second.kind != Kind::Registered)
    return 713;
  note("unregister %zu", it->second.bytes);
  machine().areas.erase(it);
  return 0;
}

//===----------------------------------------------------------------------===//
// Streams
//===----------------------------------------------------------------------===//

static bool canRun(const Stream &stream) {
  return !stream.queue.empty() &&
         (!stream.queue.front().before || stream.queue.front().before->isDone);
}

static void runFront(Stream &stream) {
  Work work = std::move(stream.queue.front());
  stream.queue.pop_front();
  if (work.run)
    work.run();
  if (work.done)
    work.done->isDone = true;
}

static uint64_t nextRandom() {
  uint64_t &state = machine().random;
  state = state * 6364136223846793005u + 1442695040888963407u;
  return state >> 33;
}

/// Runs one piece of work of any stream; false if none can run.
static bool runSomething() {
  std::vector<Stream *> ready;
  for (auto &stream : machine().streams)
    if (canRun(*stream))
      ready.push_back(stream.get());
  if (ready.empty())
    return false;
  size_t chosen = 0;
  if (machine().random)
    chosen = nextRandom() % ready.size();
  else if (machine().copiesFirst || machine().copiesLast)
    for (size_t i = 0; i < ready.size(); ++i) {
      bool isCopy = ready[i]->queue.front().isCopy;
      bool isChosenCopy = ready[chosen]->queue.front().isCopy;
      if (isCopy == isChosenCopy || isCopy == machine().copiesFirst)
        chosen = i;
    }
  runFront(*ready[chosen]);
  return true;
}

/// Runs until `isDone`; as little else as possible where nothing is random.
static void runUntil(const std::function<bool()> &isDone) {
  while (!isDone())
    if (!runSomething())
      broken("a stream waits for what is never done");
}

static void issue(Stream *stream, Work work) {
  stream->queue.push_back(std::move(work));
  if (machine().isEager)
    while (runSomething()) {
    }
  else if (machine().random && nextRandom() % 3 == 0)
    runSomething();
}

/// The stream of a handle; the default stream is not used here.
static Stream *streamOf(void *handle) {
  for (auto &stream : machine().streams)
    if (stream.get() == handle)
      return stream.get();
  broken("no such stream");
}

static Event *eventOf(void *handle) {
  for (auto &event : machine().events)
    if (event.get() == handle)
      return event.get();
  broken("no such event");
}

FAKE_EXPORT int cuStreamCreate(void **stream, unsigned) {
  FAKE_INJECT("cuStreamCreate");
  auto made = std::make_unique<Stream>();
  made->number = int(machine().streams.size());
  *stream = made.get();
  machine().streams.push_back(std::move(made));
  return 0;
}

FAKE_EXPORT int cuStreamSynchronize(void *handle) {
  Stream *stream = streamOf(handle);
  note("synchronize s%d", stream->number);
  runUntil([&] { return stream->queue.empty(); });
  return injected("cuStreamSynchronize");
}

FAKE_EXPORT int cuCtxSynchronize() {
  while (runSomething()) {
  }
  for (auto &stream : machine().streams)
    if (!stream->queue.empty())
      broken("a stream waits for what is never done");
  return 0;
}

FAKE_EXPORT int cuEventCreate(void **event, unsigned) {
  auto made = std::make_unique<Event>();
  made->number = int(machine().events.size());
  *event = made.get();
  machine().events.push_back(std::move(made));
  return 0;
}

FAKE_EXPORT int cuEventRecord(void *event, void *stream) {
  Event *recorded = eventOf(event);
  recorded->last = std::make_shared<Ticket>();
  note("record s%d e%d", streamOf(stream)->number, recorded->number);
  issue(streamOf(stream), {nullptr, nullptr, recorded->last});
  return 0;
}

FAKE_EXPORT int cuStreamWaitEvent(void *stream, void *event, unsigned) {
  Event *awaited = eventOf(event);
  note("wait s%d e%d", streamOf(stream)->number, awaited->number);
  issue(streamOf(stream), {nullptr, awaited->last, nullptr});
  return 0;
}

FAKE_EXPORT int cuEventQuery(void *event) {
  std::shared_ptr<Ticket> last = eventOf(event)->last;
  return !last || last->isDone ? 0 : 600;
}

FAKE_EXPORT int cuEventSynchronize(void *event) {
  std::shared_ptr<Ticket> last = eventOf(event)->last;
  runUntil([&] { return !last || last->isDone; });
  return 0;
}

FAKE_EXPORT int cuEventElapsedTime(float *milliseconds, void *first,
                                   void *second) {
  // One microsecond per event: the numbers show only the order of creation.
  *milliseconds =
      1e-3f * float(eventOf(second)->number - eventOf(first)->number);
  return 0;
}

//===----------------------------------------------------------------------===//
// Copies and launches
//===----------------------------------------------------------------------===//

FAKE_EXPORT int cuMemcpyAsync(unsigned long long to, unsigned long long from,
                              size_t bytes, void *stream) {
  FAKE_INJECT("cuMemcpyAsync");
  note("copy s%d %zu", streamOf(stream)->number, bytes);
  auto run = [=] {
    protectDevice(PROT_READ | PROT_WRITE);
    std::memmove(reinterpret_cast<void *>(to), reinterpret_cast<void *>(from),
                 bytes);
    protectDevice(PROT_NONE);
  };
  issue(streamOf(stream), {run, nullptr, nullptr, true});
  return 0;
}

namespace {
/// The argument of cuMemcpy2DAsync.
struct Memcpy2D {
  size_t sourceX, sourceY;
  unsigned sourceKind;
  const void *sourceHost;
  unsigned long long source;
  void *sourceArray;
  size_t sourcePitch;
  size_t destX, destY;
  unsigned destKind;
  void *destHost;
  unsigned long long dest;
  void *destArray;
  size_t destPitch;
  size_t width, height;
};
} // namespace

FAKE_EXPORT int cuMemcpy2DAsync_v2(const Memcpy2D *copy, void *stream) {
  FAKE_INJECT("cuMemcpy2DAsync_v2");
  note("copy s%d %zu x %zu", streamOf(stream)->number, copy->height,
       copy->width);
  if (copy->sourceKind != 4 || copy->destKind != 4 ||
      copy->sourcePitch < copy->width || copy->destPitch < copy->width)
    return 1;
  auto run = [copy = *copy] {
    protectDevice(PROT_READ | PROT_WRITE);
    for (size_t row = 0; row < copy.height; ++row)
      std::memmove(
          reinterpret_cast<void *>(copy.dest + row * copy.destPitch),
          reinterpret_cast<void *>(copy.source + row * copy.sourcePitch),
          copy.width);
    protectDevice(PROT_NONE);
  };
  issue(streamOf(stream), {run, nullptr, nullptr, true});
  return 0;
}

FAKE_EXPORT int cuMemsetD16Async(unsigned long long to, unsigned short value,
                                 size_t count, void *stream) {
  auto run = [=] {
    protectDevice(PROT_READ | PROT_WRITE);
    std::fill_n(reinterpret_cast<unsigned short *>(to), count, value);
    protectDevice(PROT_NONE);
  };
  issue(streamOf(stream), {run, nullptr, nullptr});
  return 0;
}

FAKE_EXPORT int cuMemsetD32Async(unsigned long long to, unsigned value,
                                 size_t count, void *stream) {
  auto run = [=] {
    protectDevice(PROT_READ | PROT_WRITE);
    std::fill_n(reinterpret_cast<unsigned *>(to), count, value);
    protectDevice(PROT_NONE);
  };
  issue(streamOf(stream), {run, nullptr, nullptr});
  return 0;
}

FAKE_EXPORT int cuModuleLoadDataEx(void **module, const void *image,
                                   unsigned count, int *options,
                                   void **values) {
  note("load %s", std::strstr(static_cast<const char *>(image), ".target")
                      ? "ptx"
                      : "other");
  if (int code = injected("cuModuleLoadDataEx")) {
    for (unsigned i = 0; i < count; ++i)
      if (options[i] == 5)
        std::strcpy(static_cast<char *>(values[i]), "a fake error in PTX");
    return code;
  }
  *module = &machine();
  return 0;
}

FAKE_EXPORT int cuModuleUnload(void *) { return 0; }

FAKE_EXPORT int cuModuleGetFunction(void **function, void *, const char *name) {
  FAKE_INJECT("cuModuleGetFunction");
  auto &kernel = machine().kernels[name];
  if (!kernel) {
    kernel = std::make_unique<Kernel>();
    kernel->name = name;
    if (const char *path = std::getenv("FAKE_CUDA_KERNELS")) {
      void *library = dlopen(path, RTLD_NOW);
      if (!library)
        broken(dlerror());
      std::string symbol = std::string("mempl_kernel_") + name;
      kernel->run = reinterpret_cast<decltype(kernel->run)>(
          dlsym(library, symbol.c_str()));
      auto *types = static_cast<const char *const *>(
          dlsym(library, (symbol + "_types").c_str()));
      if (!kernel->run || !types)
        return 500;
      kernel->types = *types;
    }
  }
  *function = kernel.get();
  return 0;
}

FAKE_EXPORT int cuLaunchKernel(void *function, unsigned gridX, unsigned gridY,
                               unsigned gridZ, unsigned blockX, unsigned blockY,
                               unsigned blockZ, unsigned, void *stream,
                               void **parameters, void **) {
  FAKE_INJECT("cuLaunchKernel");
  auto *kernel = static_cast<Kernel *>(function);
  note("launch s%d %s %u %u", streamOf(stream)->number, kernel->name.c_str(),
       gridX * gridY * gridZ, blockX * blockY * blockZ);
  if (gridX == 0 || gridY == 0 || gridZ == 0 || blockX * blockY * blockZ > 1024)
    return 1;
  // Values now: the program may reuse the memory of the parameters.
  auto values = std::make_shared<std::vector<uint64_t>>();
  for (size_t i = 0; i < kernel->types.size(); ++i) {
    char type = kernel->types[i];
    uint64_t value = 0;
    std::memcpy(&value, parameters[i],
                type == 'p' || type == 'l' || type == 'd' ? 8
                : type == 'b'                             ? 1
                : type == 's'                             ? 2
                                                          : 4);
    values->push_back(value);
  }
  auto run = [=] {
    if (!kernel->run)
      return;
    std::vector<void *> pointers;
    for (size_t i = 0; i < values->size(); ++i) {
      pointers.push_back(&(*values)[i]);
      if (kernel->types[i] == 'p' &&
          !isAccessible(reinterpret_cast<void *>((*values)[i])))
        broken("a kernel gets memory that the device cannot access");
    }
    unsigned grid[] = {gridX, gridY, gridZ}, block[] = {blockX, blockY, blockZ};
    protectDevice(PROT_READ | PROT_WRITE);
    kernel->run(pointers.data(), grid, block);
    protectDevice(PROT_NONE);
  };
  issue(streamOf(stream), {run, nullptr, nullptr});
  return 0;
}

//===----------------------------------------------------------------------===//
// The device
//===----------------------------------------------------------------------===//

FAKE_EXPORT int cuInit(unsigned) { return injected("cuInit"); }

FAKE_EXPORT int cuDeviceGetCount(int *count) {
  const char *wanted = std::getenv("FAKE_CUDA_DEVICES");
  *count = wanted ? std::atoi(wanted) : 1;
  return 0;
}

FAKE_EXPORT int cuDeviceGet(int *device, int number) {
  *device = number;
  return 0;
}

FAKE_EXPORT int cuDeviceGetAttribute(int *value, int, int) {
  *value = injected("attributes") ? 0 : 1;
  return 0;
}

FAKE_EXPORT int cuDevicePrimaryCtxRetain(void **context, int) {
  *context = &machine();
  return 0;
}

FAKE_EXPORT int cuCtxSetCurrent(void *) { return 0; }

FAKE_EXPORT int cuGetErrorName(int code, const char **name) {
  *name = code == 2 ? "CUDA_ERROR_OUT_OF_MEMORY" : "CUDA_ERROR_FAKE";
  return 0;
}

FAKE_EXPORT int cuGetErrorString(int code, const char **text) {
  *text = code == 2 ? "out of memory" : "a fake error";
  return 0;
}
