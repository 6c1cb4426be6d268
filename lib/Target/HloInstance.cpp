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
//===----------------------------------------------------------------------===//

#include "HloCost.h"

#include "mempl/Support/FileIO.h"
#include "mempl/Target/HloImport.h"

#include "llvm/ADT/DenseMap.h"

#include <cmath>

using namespace mempl;
using namespace mempl::hlo;
using llvm::Error;
using llvm::Expected;

/// Slow bytes are few if they are at most this share of all.
static constexpr double kFewSlow = 0.1;
/// An estimate is far above what its slow bytes explain if it is so many times
/// as long as they take. Transposing copies get as little as a quarter of the
/// bandwidth, matrix products most of it.
static constexpr double kFarAbove = 2;

namespace {

class InstanceBuilder {
public:
  InstanceBuilder(const Module &module, const Program &program,
                  const ImportTarget &target, const ImportOptions &options)
      : module(module), program(program), target(target), options(options) {}

  Expected<Imported> build();

private:
  void readEstimates();
  double roofline(const ProgramStep &step) const;
  double compute(const ProgramStep &step) const;
  void addValues();
  Instance buildLevel(int32_t level);

  const Instruction &instruction(const ProgramStep &step) const {
    return module.computations[step.computation].instructions[step.instruction];
  }
  uint64_t kind(const ProgramStep &step) const {
    return kindOf(module, module.computations[step.computation],
                  instruction(step));
  }

  const Module &module;
  const Program &program;
  const ImportTarget &target;
  const ImportOptions &options;
  Imported result;
  /// By kind: the least estimate in seconds that is a compute time.
  std::map<uint64_t, double> estimateOf;
};

} // namespace

void InstanceBuilder::readEstimates() {
  if (options.cost != CostModel::Compiler || target.clock <= 0)
    return;
  for (const Level &level : program.levels)
    for (const ProgramStep &step : level.steps) {
      int64_t cycles = estimatedCycles(instruction(step));
      if (cycles < 0)
        continue;
      double estimate = static_cast<double>(cycles) / target.clock;
      double slow = 0, all = 0;
      for (const BufferAccess &access : step.accesses) {
        double bytes = static_cast<double>(access.read) +
                       static_cast<double>(access.written);
        all += bytes;
        slow += access.fast ? 0 : bytes;
      }
      bool computes = workOf(module, module.computations[step.computation],
                             instruction(step))
                          .matrix > 0;
      bool isCompute =
          slow <= kFewSlow * all ||
          (computes &&
           estimate >= kFarAbove * slow / target.machine.slowBandwidth);
      if (!isCompute)
        continue;
      auto [it, isNew] = estimateOf.insert({kind(step), estimate});
      if (!isNew)
        it->second = std::min(it->second, estimate);
    }
}

double InstanceBuilder::roofline(const ProgramStep &step) const {
  Work work =
      workOf(module, module.computations[step.computation], instruction(step));
  return std::max(work.matrix / target.matrixOpsPerSecond,
                  work.vector / target.vectorOpsPerSecond);
}

double InstanceBuilder::compute(const ProgramStep &step) const {
  double seconds = roofline(step);
  int64_t cycles = estimatedCycles(instruction(step));
  if (options.cost != CostModel::Compiler || target.clock <= 0 || cycles < 0)
    return seconds;
  auto it = estimateOf.find(kind(step));
  if (it != estimateOf.end())
    return it->second;
  return std::min(seconds, static_cast<double>(cycles) / target.clock);
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

Instance InstanceBuilder::buildLevel(int32_t index) {
  Instance instance;
  instance.machine = target.machine;
  const Level &level = program.levels[index];
  for (int32_t b : result.bufferOf[index]) {
    const Buffer &buffer = program.buffers[b];
    Value value;
    value.name = buffer.name;
    value.size = buffer.size;
    value.kind = buffer.kind;
    instance.values.push_back(std::move(value));
  }
  std::vector<bool> isDefined(instance.values.size());
  for (size_t v = 0; v < instance.values.size(); ++v)
    isDefined[v] = instance.values[v].isInput();
  for (const ProgramStep &each : level.steps) {
    Step step;
    step.name = instruction(each).name;
    step.trips = each.trips;
    if (each.body >= 0) {
      Instance body = buildLevel(each.body);
      body.name = step.name;
      if (body.steps.empty()) // A loop of scalars only.
        step.trips = 1;
      else
        step.body = std::make_shared<Instance>(std::move(body));
    } else {
      step.compute = compute(each);
      step.reserved =
          std::max<int64_t>(0, scopedBytes(instruction(each)) -
                                   std::min(scopedBytes(instruction(each)),
                                            options.scopedOutside));
      step.reserved = std::min(target.machine.roundUp(step.reserved),
                               target.machine.capacity);
    }
    for (const BufferAccess &a : each.accesses) {
      Access access;
      access.value = result.valueOf[a.buffer];
      access.bytes =
          a.read > INT64_MAX - a.written ? INT64_MAX : a.read + a.written;
      access.mode = a.mode;
      // Nothing is there yet that a first write could keep.
      if (!isDefined[access.value] && access.mode == AccessMode::Update)
        access.mode = AccessMode::Write;
      isDefined[access.value] = isDefined[access.value] || access.writes();
      step.accesses.push_back(access);
    }
    instance.steps.push_back(std::move(step));
  }
  return instance;
}

Expected<Imported> InstanceBuilder::build() {
  readEstimates();
  addValues();
  result.instance = buildLevel(0);
  result.instance.name = module.name;
  std::vector<InstanceFault> faults = checkInstance(result.instance);
  if (!faults.empty())
    return fileError(module.file, 0,
                     "is no program that can be placed: " +
                         faults.front().where + ": " + faults.front().text);
  return std::move(result);
}

Expected<Imported> hlo::buildInstance(const Module &module,
                                      const Program &program,
                                      const ImportTarget &target,
                                      const ImportOptions &options) {
  return InstanceBuilder(module, program, target, options).build();
}
