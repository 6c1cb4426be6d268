//===- HloInstance.cpp - XLA's programs as placement problems -------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The compiler's estimate of a step holds for the placement that the step has
// in the text: it is the larger of compute and memory time. The estimate of a
// step that moves little in slow memory is its compute. Steps of one kind (the
// same operations on the same shapes) share the least estimate among those.
//
// Calibration: the estimate of a step that is neither compute nor explained by
// its slow bytes at full bandwidth says how much slower these move. Steps of
// the kind share the median; kinds without such a step take the median of their
// class: products, copies, or anything else.
//
//===----------------------------------------------------------------------===//

#include "HloCost.h"

#include "mempl/Frontend/Xla/HloImport.h"
#include "mempl/Problem/TimeModel.h"
#include "mempl/Support/FileIO.h"
#include "mempl/Support/SourceText.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"

#include <algorithm>
#include <array>

using namespace mempl;
using namespace mempl::hlo;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;

/// Slow bytes are few if they are at most this share of all.
static constexpr double kFewSlow = 0.1;
/// An estimate is far above what its slow bytes explain if it is so many times
/// as long as they take. Transposing copies get as little as a quarter of the
/// bandwidth, matrix products most of it.
static constexpr double kFarAbove = 2;
/// Steps tell how long slow bytes take if these are more than this share of
/// all.
static constexpr double kMostlySlow = 0.5;
/// A step whose compute is more than this share of its estimate tells nothing
/// about memory.
static constexpr double kMostlyCompute = 0.8;
/// Most times that slow bytes may take longer than at full bandwidth.
static constexpr double kMaxScale = 5;

namespace {

class InstanceBuilder {
public:
  InstanceBuilder(const Module &module, const ModuleProgram &program,
                  const ImportTarget &target, const ImportOptions &options)
      : module(module), program(program), target(target), options(options) {}

  Expected<Imported> build();

private:
  void readEstimates();
  void calibrate();
  Error checkScoped() const;
  double scaleOf(const ProgramStep &step) const;
  enum Class : uint8_t { Product, Copy, Other };
  Class classOf(const ProgramStep &step) const;
  bool usesEstimates() const {
    return options.cost != CostModel::Roofline && target.clock > 0;
  }
  /// Seconds, or a negative number.
  double estimate(const ProgramStep &step) const {
    int64_t cycles = estimatedCycles(instruction(step));
    return cycles < 0 ? -1 : static_cast<double>(cycles) / target.clock;
  }
  double roofline(const ProgramStep &step) const;
  double compute(const ProgramStep &step) const;
  void addValues();
  Program buildLevel(int32_t level);

  const Instruction &instruction(const ProgramStep &step) const {
    return module.computations[step.computation].instructions[step.instruction];
  }
  uint64_t kind(const ProgramStep &step) const {
    return kindOf(module, module.computations[step.computation],
                  instruction(step));
  }

  const Module &module;
  const ModuleProgram &program;
  const ImportTarget &target;
  const ImportOptions &options;
  Imported result;
  /// By kind: the least estimate in seconds that is a compute time.
  std::map<uint64_t, double> estimateOf;
  /// By kind, and by class: how many times longer slow bytes take.
  std::map<uint64_t, double> scaleOfKind;
  std::array<double, 3> scaleOfClass = {1, 1, 1};
};

} // namespace

/// Bytes in slow memory under XLA's placement, and of all accesses.
static std::pair<double, double> trafficOf(const ProgramStep &step) {
  double slow = 0, all = 0;
  auto add = [&](const BufferAccess &access) {
    double bytes =
        static_cast<double>(access.read) + static_cast<double>(access.written);
    all += bytes;
    slow += access.fast ? 0 : bytes;
  };
  llvm::for_each(step.accesses, add);
  llvm::for_each(step.outside, add);
  return {slow, all};
}

void InstanceBuilder::readEstimates() {
  if (!usesEstimates())
    return;
  for (const Level &level : program.levels)
    for (const ProgramStep &step : level.steps) {
      double estimate = this->estimate(step);
      if (estimate < 0)
        continue;
      auto [slow, all] = trafficOf(step);
      bool computes = workOf(module, module.computations[step.computation],
                             instruction(step))
                          .matrix > 0;
      bool isCompute =
          slow <= kFewSlow * all ||
          (computes &&
           estimate >= kFarAbove * memorySeconds(target.machine, slow, 0));
      if (!isCompute)
        continue;
      auto [it, isNew] = estimateOf.insert({kind(step), estimate});
      if (!isNew)
        it->second = std::min(it->second, estimate);
    }
}

InstanceBuilder::Class InstanceBuilder::classOf(const ProgramStep &step) const {
  if (workOf(module, module.computations[step.computation], instruction(step))
          .matrix > 0)
    return Product;
  llvm::StringRef opcode = instruction(step).opcode;
  return opcode == "copy" || opcode == "transpose" || opcode == "reshape"
             ? Copy
             : Other;
}

static double median(std::vector<double> &values) {
  auto middle = values.begin() + static_cast<ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

void InstanceBuilder::calibrate() {
  if (options.cost != CostModel::Calibrated || !usesEstimates())
    return;
  std::array<std::vector<double>, 3> ofClass;
  for (const Level &level : program.levels)
    for (const ProgramStep &step : level.steps) {
      double estimate = this->estimate(step);
      auto [slow, all] = trafficOf(step);
      double seconds = memorySeconds(target.machine, slow, 0);
      // Where slow bytes are few, or compute explains most, nothing is learned.
      if (estimate < 0 || slow <= kMostlySlow * all ||
          compute(step) > kMostlyCompute * estimate)
        continue;
      double scale = std::clamp(estimate / seconds, 1.0, kMaxScale);
      ofClass[classOf(step)].push_back(scale);
      auto [it, isNew] = scaleOfKind.insert({kind(step), scale});
      if (!isNew)
        it->second = std::min(it->second, scale);
    }
  for (size_t c = 0; c < ofClass.size(); ++c)
    if (!ofClass[c].empty())
      scaleOfClass[c] = median(ofClass[c]);
}

double InstanceBuilder::scaleOf(const ProgramStep &step) const {
  if (options.cost != CostModel::Calibrated || !usesEstimates() ||
      estimate(step) < 0)
    return 1;
  auto it = scaleOfKind.find(kind(step));
  return it != scaleOfKind.end() ? it->second : scaleOfClass[classOf(step)];
}

double InstanceBuilder::roofline(const ProgramStep &step) const {
  Work work =
      workOf(module, module.computations[step.computation], instruction(step));
  return std::max(work.matrix / target.matrixOpsPerSecond,
                  work.vector / target.vectorOpsPerSecond);
}

double InstanceBuilder::compute(const ProgramStep &step) const {
  double seconds = roofline(step);
  double estimate = this->estimate(step);
  if (!usesEstimates() || estimate < 0)
    return seconds;
  auto it = estimateOf.find(kind(step));
  return it != estimateOf.end() ? it->second : std::min(seconds, estimate);
}

/// Values in the order of their buffers, which is that of their definitions.
void InstanceBuilder::addValues() {
  result.bufferOf.resize(program.levels.size());
  result.valueOf.assign(program.buffers.size(), -1);
  std::vector<bool> isAccessed(program.buffers.size(), false);
  for (const Level &level : program.levels)
    for (const ProgramStep &step : level.steps)
      for (const BufferAccess &access : step.accesses)
        isAccessed[access.buffer] = true;
  for (size_t b = 0; b < program.buffers.size(); ++b) {
    if (!isAccessed[b])
      continue;
    std::vector<int32_t> &list = result.bufferOf[program.buffers[b].level];
    result.valueOf[b] = list.size();
    list.push_back(b);
  }
}

/// The bytes of an access, times a scale of at least 1.
static int64_t scaled(const BufferAccess &access, double scale) {
  if (access.read > INT64_MAX - access.written)
    return INT64_MAX;
  int64_t bytes = access.read + access.written;
  double product = static_cast<double>(bytes) * scale;
  return scale == 1 ? bytes : static_cast<int64_t>(std::min(product, 0x1p62));
}

/// What `metadata={op_name="a" source_file="b" source_line=3}` has by key,
/// without quotes; of a key that is there twice the first.
static llvm::StringMap<std::string> readMetadata(StringRef text) {
  llvm::StringMap<std::string> values;
  text.consume_front("{");
  while (!(text = text.ltrim(" ,")).empty()) {
    auto [name, rest] = text.split('=');
    if (name.contains('}'))
      break;
    std::string value;
    size_t end = rest.find_first_of(" }");
    if (rest.consume_front("\"")) {
      for (end = 0; end < rest.size() && rest[end] != '"'; ++end) {
        end += rest[end] == '\\' && end + 1 < rest.size();
        value += rest[end];
      }
      ++end;
    } else {
      value = rest.take_front(end).str();
    }
    values.try_emplace(name, std::move(value));
    text = rest.drop_front(std::min(end, rest.size()));
  }
  return values;
}

/// Where the author of the program wrote an instruction, or else where it is in
/// the text.
static std::string sourceOf(const Module &module, const Instruction &i) {
  auto metadata = readMetadata(i.attribute("metadata"));
  StringRef name = metadata["op_name"], file = metadata["source_file"];
  int64_t line = 0;
  bool isNamed = !file.empty() &&
                 !StringRef(metadata["source_line"]).getAsInteger(10, line);
  return isNamed ? sourceText(file, line, name)
                 : sourceText(module.file, i.line, name);
}

/// Whether two steps depend on each other by what they access.
static bool accessTogether(const Step &a, const Step &b) {
  return llvm::any_of(a.accesses, [&](const Access &one) {
    return llvm::any_of(b.accesses, [&](const Access &other) {
      return one.value == other.value && (one.writes() || other.writes());
    });
  });
}

Program InstanceBuilder::buildLevel(int32_t index) {
  Program made;
  made.order = options.freeOrder ? StepOrder::Free : StepOrder::Fixed;
  const Level &level = program.levels[index];
  for (int32_t b : result.bufferOf[index]) {
    const Buffer &buffer = program.buffers[b];
    Value value;
    value.name = buffer.name;
    value.size = buffer.size;
    value.kind = buffer.kind;
    value.streamed = buffer.streamed;
    // Others are written by a step, which says where.
    if (value.isInput()) {
      const Site &site = buffer.definition;
      value.source = sourceOf(
          module,
          module.computations[site.computation].instructions[site.instruction]);
    }
    if (buffer.onHost) {
      value.space = SpaceConstraint::Slow;
      value.reason = "is in the memory of the host";
    }
    made.values.push_back(std::move(value));
  }
  std::vector<bool> isDefined(made.values.size());
  for (size_t v = 0; v < made.values.size(); ++v)
    isDefined[v] = made.values[v].isInput();
  for (const ProgramStep &each : level.steps) {
    Step step;
    step.name = instruction(each).name;
    step.trips = each.trips;
    step.source = sourceOf(module, instruction(each));
    if (each.body >= 0) {
      Program body = buildLevel(each.body);
      if (body.steps.empty()) // A loop of scalars only.
        step.trips = 1;
      else
        step.body = std::make_shared<Program>(std::move(body));
    } else {
      step.compute = compute(each);
      int64_t scoped = scopedBytes(instruction(each));
      step.reserved = target.machine.roundUp(
          scoped - std::min(scoped, options.scopedOutside));
    }
    double scale = scaleOf(each);
    for (const BufferAccess &a : each.accesses) {
      Access access;
      access.value = result.valueOf[a.buffer];
      access.bytes = scaled(a, scale);
      access.mode = a.mode;
      if (a.slowOnly)
        access.space = SpaceConstraint::Slow;
      // Nothing is there yet that a first write could keep.
      if (!isDefined[access.value] && access.mode == AccessMode::Update)
        access.mode = AccessMode::Write;
      isDefined[access.value] = isDefined[access.value] || access.writes();
      step.accesses.push_back(access);
    }
    if (options.freeOrder)
      llvm::copy_if(each.after, std::back_inserter(step.after),
                    [&](int32_t earlier) {
                      return !accessTogether(made.steps[earlier], step);
                    });
    made.steps.push_back(std::move(step));
  }
  return made;
}

/// Scoped memory that a step needs beyond what the machine leaves out has to
/// fit, as in XLA.
Error InstanceBuilder::checkScoped() const {
  for (const Level &level : program.levels)
    for (const ProgramStep &step : level.steps) {
      if (step.body >= 0 || options.scopedOutside == INT64_MAX)
        continue;
      int64_t bytes = scopedBytes(instruction(step));
      int64_t line = instruction(step).line;
      if (bytes < 0)
        return fileError(module.file, line,
                         "used_scoped_memory_configs: expected a list of sizes "
                         "and offsets in bytes, at least 0 and below 2^63");
      bytes -= std::min(bytes, options.scopedOutside);
      if (target.machine.roundUp(bytes) > target.machine.capacity)
        return fileError(module.file, line,
                         "expected at most " +
                             llvm::Twine(target.machine.capacity) +
                             " bytes of scoped memory, the capacity of fast "
                             "memory, got " +
                             llvm::Twine(bytes));
    }
  return Error::success();
}

Expected<Imported> InstanceBuilder::build() {
  if (Error error = checkScoped())
    return error;
  readEstimates();
  calibrate();
  addValues();
  result.instance = {module.name, target.machine, buildLevel(0)};
  std::vector<InstanceFault> faults = checkInstance(result.instance);
  if (!faults.empty())
    return fileError(module.file, 0,
                     "is no program that can be placed: " +
                         faults.front().str());
  return std::move(result);
}

Expected<Imported> hlo::buildInstance(const Module &module,
                                      const ModuleProgram &program,
                                      const ImportTarget &target,
                                      const ImportOptions &options) {
  return InstanceBuilder(module, program, target, options).build();
}
