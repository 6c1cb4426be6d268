//===- Runtime.cpp - the C interface of the runtime -----------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Runtime/Runtime.h"

#include "Config.h"
#include "Copies.h"
#include "Memory.h"
#include "Trace.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <unordered_map>

using namespace mempl::runtime;

namespace {

/// The machine that the program runs on.
class Machine {
public:
  ~Machine() { finish(); }

  void configure(const mempl_config &wanted);
  bool isConfigured() const { return copies != nullptr; }

  void *allocate(int64_t offset, int64_t bytes);
  void release(const void *storage);
  int64_t startCopy(Copy copy);
  void carryCopy(int64_t number) { copies->carry(number); }
  void waitForCopy(int64_t number);
  void declareAccess(const Region &region, int64_t moved, int32_t mode);
  void beginStep(const char *name, const char *location);
  void endStep();
  void beginFunction(const char *name);
  void endFunction();
  void *allocateSlow(uint64_t alignment, uint64_t bytes);
  void freeSlow(void *storage);

private:
  void finish();
  bool checks() const { return config.check; }
  std::string place() const;
  void checkAccess(const Region &region, int32_t mode, const std::string &user);
  bool isFilledByCarried(Range storage) const;
  void sleepUntil(double time);

  mempl_config config = {};
  std::string tracePath;
  FastMemory fast;
  SlowMemory slow;
  std::unique_ptr<Copies> copies;
  Trace trace;

  const char *step = nullptr; ///< The running step, or null.
  const char *stepLocation = nullptr;
  double stepBegin = 0, stepMemory = 0;
  int64_t slowBytes = 0, fastBytes = 0; ///< Of the declared accesses.
  struct Access {
    Region region;
    int32_t mode;
  };
  std::vector<Access> accesses; ///< Declared, to be checked.
  /// How long each step computed when it ran last, by the address of its
  /// location: what it will leave of the bandwidth has to be known while it
  /// runs.
  std::unordered_map<const char *, double> lastCompute;
  std::vector<std::pair<const char *, double>> functions;
};

Machine &anyMachine() {
  static Machine instance;
  return instance;
}

/// As the environment says if nobody has said anything else.
Machine &machine() {
  Machine &instance = anyMachine();
  if (!instance.isConfigured())
    instance.configure(configFromEnvironment());
  return instance;
}

std::string nameOf(const char *name) { return name ? name : "unnamed"; }

/// Fatal if a size or a stride is negative.
void checkShape(const char *function, int64_t elementBytes,
                const int64_t *numbers, int64_t count) {
  if (elementBytes < 0 ||
      std::any_of(numbers, numbers + count, [](int64_t i) { return i < 0; }))
    fail("%s: expected no negative sizes and strides", function);
}

} // namespace

void Machine::configure(const mempl_config &wanted) {
  checkConfig(wanted);
  finish();
  config = wanted;
  tracePath = config.trace ? config.trace : "";
  config.trace = nullptr;
  fast.reserve(config.fast_capacity);
  lastCompute.clear();
  functions.clear();
  slowBytes = fastBytes = 0;
  copies = std::make_unique<Copies>(config.slow_bandwidth,
                                    config.copy_bandwidth, config.copy_latency);
}

/// Stops the channels and writes the trace.
void Machine::finish() {
  if (!copies)
    return;
  if (step)
    fail("the step '%s' has not ended", step);
  if (!copies->underWay().empty())
    fail("copy of '%s' was never waited for",
         copies->underWay().begin()->second.name.c_str());
  copies.reset();
  if (!tracePath.empty() && !trace.write(tracePath))
    fail("cannot write the trace '%s'", tracePath.c_str());
  trace.clear();
}

/// Where the program is, for messages.
std::string Machine::place() const {
  if (step)
    return std::string("step '") + step + "' at " + stepLocation;
  return functions.empty()
             ? "the program"
             : std::string("function '") + functions.back().first + "'";
}

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

void Machine::checkAccess(const Region &region, int32_t mode,
                          const std::string &user) {
  Range range = region.span();
  if (range.empty())
    return;
  const void *address = reinterpret_cast<const void *>(range.begin);
  const char *verb = mode == MEMPL_READ ? "reads" : "writes";
  if (fast.contains(address)) {
    Range storage = fast.storageAt(address);
    if (storage.empty())
      fail("%s %s %s, which is no storage", user.c_str(), verb,
           fast.describe(address).c_str());
    if (range.end > storage.end)
      fail("%s %s %lld bytes from %s, but the storage ends after %lld",
           user.c_str(), verb, static_cast<long long>(range.end - range.begin),
           fast.describe(address).c_str(),
           static_cast<long long>(storage.end - range.begin));
  } else if (std::string problem = slow.problemOf(range); !problem.empty()) {
    fail("%s %s %s", user.c_str(), verb, problem.c_str());
  }
  for (const auto &[number, copy] : copies->underWay()) {
    if (region.overlaps(copy.destRegion))
      fail("%s %s bytes that the copy of '%s' is still writing: it is not "
           "waited for yet",
           user.c_str(), verb, copy.name.c_str());
    if ((mode & MEMPL_WRITE) && region.overlaps(copy.sourceRegion))
      fail("%s writes bytes that the copy of '%s' is still reading: it is not "
           "waited for yet",
           user.c_str(), copy.name.c_str());
  }
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

/// Whether a copy that the trip before has started is filling this storage: a
/// trip that waits for the copy names its storage before.
bool Machine::isFilledByCarried(Range storage) const {
  for (const auto &[number, copy] : copies->underWay())
    if (copy.carried && copy.channel == ChannelModel::In &&
        fast.storageAt(copy.dest) == storage)
      return true;
  return false;
}

void *Machine::allocate(int64_t offset, int64_t bytes) {
  Range range = fast.rangeOf(offset, bytes);
  void *storage = reinterpret_cast<void *>(range.begin);
  if (checks() && !isFilledByCarried(range)) {
    for (const auto &[number, copy] : copies->underWay())
      if (copy.uses(range))
        fail("new storage at byte %lld of fast memory overlaps the copy of "
             "'%s', which is not waited for yet",
             static_cast<long long>(offset), copy.name.c_str());
    fast.begin(range);
    std::memset(storage, 0xff, bytes);
  }
  return storage;
}

void Machine::release(const void *storage) {
  if (!checks())
    return;
  Range range = fast.storageAt(storage);
  for (const auto &[number, copy] : copies->underWay())
    if (copy.uses(range))
      fail("release of storage at %s, but the copy of '%s' is not waited for "
           "yet",
           fast.describe(storage).c_str(), copy.name.c_str());
  if (!fast.contains(storage))
    fail("release of storage that is not in fast memory");
  if (!fast.end(storage))
    fail("release of storage at %s, where there is none",
         fast.describe(storage).c_str());
}

void *Machine::allocateSlow(uint64_t alignment, uint64_t bytes) {
  return slow.allocate(alignment, bytes, checks());
}

void Machine::freeSlow(void *storage) {
  if (!storage)
    return;
  if (checks()) {
    std::optional<Range> block = slow.blockAt(storage);
    if (!block)
      fail("free of slow memory that is not allocated");
    for (const auto &[number, copy] : copies->underWay())
      if (copy.uses(*block))
        fail("free of slow memory, but the copy of '%s' is not waited for yet",
             copy.name.c_str());
  }
  slow.free(storage, checks());
}

//===----------------------------------------------------------------------===//
// Copies
//===----------------------------------------------------------------------===//

int64_t Machine::startCopy(Copy copy) {
  copy.channel =
      fast.contains(copy.dest) ? ChannelModel::In : ChannelModel::Out;
  if (checks()) {
    std::string user = "the copy of '" + copy.name + "'";
    checkAccess(copy.sourceRegion, MEMPL_READ, user);
    checkAccess(copy.destRegion, MEMPL_WRITE, user);
  }
  return copies->start(std::move(copy));
}

void Machine::waitForCopy(int64_t number) {
  double begin = copies->now();
  Copy copy = copies->wait(number);
  // Nobody else ends storage that a trip leaves to the next one.
  if (checks() && copy.carried && copy.channel == ChannelModel::Out)
    fast.end(copy.source);
  if (tracePath.empty())
    return;
  double bytes = double(copy.shape.bytes());
  trace.add(
      {copy.name,
       "copy",
       copy.channel == ChannelModel::In ? Trace::ChannelIn : Trace::ChannelOut,
       copy.times.started,
       copy.times.finished,
       {{"copy", double(number)},
        {"bytes", bytes},
        {"carried", double(copy.carried)},
        {"issued", copy.times.issued * 1e6}}});
  trace.add({"wait for " + copy.name,
             "wait",
             Trace::Program,
             begin,
             copies->now(),
             {{"copy", double(number)}}});
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

/// The system may wake a sleeper late: the last part is spent awake.
void Machine::sleepUntil(double time) {
  constexpr double kAwake = 2e-4;
  double left = time - copies->now();
  if (left > kAwake)
    std::this_thread::sleep_for(std::chrono::duration<double>(left - kAwake));
  while (copies->now() < time) {
  }
}

void Machine::declareAccess(const Region &region, int64_t moved, int32_t mode) {
  if (mode < MEMPL_READ || mode > MEMPL_UPDATE || moved < 0)
    fail("mempl_step_access: expected bytes of at least 0 and a mode of 1 to "
         "3, got %lld and %d",
         static_cast<long long>(moved), mode);
  const void *address = reinterpret_cast<const void *>(region.span().begin);
  (fast.contains(address) ? fastBytes : slowBytes) += moved;
  if (checks())
    accesses.push_back({region, mode});
}

void Machine::beginStep(const char *name, const char *location) {
  if (step)
    fail("the step '%s' begins in the step '%s'", nameOf(name).c_str(), step);
  step = name ? name : "unnamed";
  stepLocation = location ? location : step;
  for (const Access &access : accesses)
    checkAccess(access.region, access.mode, place());
  accesses.clear();
  stepMemory = 0;
  if (config.slowdown) {
    if (config.slow_bandwidth > 0)
      stepMemory += double(slowBytes) / config.slow_bandwidth;
    if (config.fast_bandwidth > 0)
      stepMemory += double(fastBytes) / config.fast_bandwidth;
    double seconds =
        config.step_overhead + std::max(lastCompute[stepLocation], stepMemory);
    if (config.slow_bandwidth > 0 && slowBytes > 0)
      copies->setDraw(double(slowBytes) / seconds, seconds);
  }
  stepBegin = copies->now();
}

void Machine::endStep() {
  if (!step)
    fail("a step ends that did not begin");
  double compute = copies->now() - stepBegin;
  if (config.slowdown) {
    sleepUntil(stepBegin + config.step_overhead +
               std::max(compute, stepMemory));
    lastCompute[stepLocation] = compute;
    if (config.slow_bandwidth > 0 && slowBytes > 0)
      copies->setDraw(0, 0);
  }
  if (!tracePath.empty())
    trace.add({step,
               "step",
               Trace::Program,
               stepBegin,
               copies->now(),
               {{"slow bytes", double(slowBytes)},
                {"fast bytes", double(fastBytes)},
                {"compute", compute * 1e6}},
               stepLocation});
  step = nullptr;
  slowBytes = fastBytes = 0;
}

void Machine::beginFunction(const char *name) {
  functions.push_back({name ? name : "unnamed", copies->now()});
}

void Machine::endFunction() {
  if (functions.empty())
    fail("a function ends that did not begin");
  auto [name, begin] = functions.back();
  functions.pop_back();
  if (!tracePath.empty())
    trace.add({name, "function", Trace::Program, begin, copies->now(), {}});
}

//===----------------------------------------------------------------------===//
// The interface
//===----------------------------------------------------------------------===//

void mempl_config_from_environment(mempl_config *config) {
  *config = configFromEnvironment();
}

void mempl_configure(const mempl_config *config) {
  anyMachine().configure(*config);
}

void *mempl_alloc(int64_t offset, int64_t bytes) {
  return machine().allocate(offset, bytes);
}

void mempl_release(const void *storage) { machine().release(storage); }

int64_t mempl_copy_start(void *dest, const void *source, int64_t bytes,
                         const char *name) {
  if (bytes < 0)
    fail("mempl_copy_start: expected at least 0 bytes, got %lld",
         static_cast<long long>(bytes));
  Copy copy;
  copy.dest = dest;
  copy.source = source;
  copy.shape.rowBytes = bytes;
  copy.destRegion = Range::of(dest, bytes);
  copy.sourceRegion = Range::of(source, bytes);
  copy.name = nameOf(name);
  return machine().startCopy(std::move(copy));
}

int64_t mempl_copy_start_strided(void *dest, const void *source,
                                 int64_t element_bytes, int64_t rank,
                                 const int64_t *shape, const char *name) {
  checkShape("mempl_copy_start_strided", element_bytes, shape, 3 * rank);
  std::vector<int64_t> sizes(shape, shape + rank);
  std::vector<int64_t> sourceStrides(shape + rank, shape + 2 * rank);
  std::vector<int64_t> destStrides(shape + 2 * rank, shape + 3 * rank);
  Copy copy;
  copy.dest = dest;
  copy.source = source;
  copy.shape =
      CopyShape::ofElements(element_bytes, sizes, sourceStrides, destStrides);
  copy.destRegion = Region(dest, element_bytes, sizes, destStrides);
  copy.sourceRegion = Region(source, element_bytes, sizes, sourceStrides);
  copy.name = nameOf(name);
  return machine().startCopy(std::move(copy));
}

void mempl_copy_carry(int64_t copy) { machine().carryCopy(copy); }

void mempl_copy_wait(int64_t copy) {
  if (copy != 0)
    machine().waitForCopy(copy);
}

void mempl_step_access(const void *address, int64_t span, int64_t moved,
                       int32_t mode) {
  if (span < 0)
    fail("mempl_step_access: expected a span of at least 0, got %lld",
         static_cast<long long>(span));
  machine().declareAccess(Range::of(address, span), moved, mode);
}

void mempl_step_access_strided(const void *address, int64_t element_bytes,
                               int64_t rank, const int64_t *shape,
                               int64_t moved, int32_t mode) {
  checkShape("mempl_step_access_strided", element_bytes, shape, 2 * rank);
  Region region(address, element_bytes, {shape, shape + rank},
                {shape + rank, shape + 2 * rank});
  machine().declareAccess(region, moved, mode);
}

void mempl_step_begin(const char *name, const char *location) {
  machine().beginStep(name, location);
}
void mempl_step_end(void) { machine().endStep(); }
void mempl_function_begin(const char *name) { machine().beginFunction(name); }
void mempl_function_end(void) { machine().endFunction(); }

void *_mlir_memref_to_llvm_alloc(uint64_t bytes) {
  return machine().allocateSlow(1, bytes);
}

void *_mlir_memref_to_llvm_aligned_alloc(uint64_t alignment, uint64_t bytes) {
  return machine().allocateSlow(alignment, bytes);
}

void _mlir_memref_to_llvm_free(void *storage) { machine().freeSlow(storage); }
