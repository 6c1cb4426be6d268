//===- HloEstimates.cpp - the compiler's estimates beside the model -------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Per step: the time of the problem's definition under XLA's own placement,
// without waits for copies, against the compiler's estimate.
//
//===----------------------------------------------------------------------===//

#include "HloCost.h"

#include "mempl/Frontend/Xla/HloImport.h"
#include "mempl/Problem/TimeModel.h"

#include "llvm/ADT/STLExtras.h"

#include <cmath>

using namespace mempl;
using namespace mempl::hlo;

/// Steps below this share of the whole do not count as the worst.
static constexpr double kMinShare = 0.01;

namespace {

struct Sample {
  const Instruction *instruction;
  double estimated;
  double computed;
};

} // namespace

static void collect(const Module &module, const ModuleProgram &program,
                    const Imported &imported, InstanceRef instance,
                    int32_t level, const ImportTarget &target, double times,
                    std::vector<Sample> &samples) {
  const Machine &m = instance.machine;
  const std::vector<ProgramStep> &steps = program.levels[level].steps;
  for (size_t i = 0; i < steps.size(); ++i) {
    const Step &step = instance.program.steps[i];
    const Instruction &instruction = module.computations[steps[i].computation]
                                         .instructions[steps[i].instruction];
    if (step.body) {
      collect(module, program, imported,
              instance.bodyOf(static_cast<int32_t>(i)), steps[i].body, target,
              times * static_cast<double>(step.trips), samples);
      continue;
    }
    int64_t cycles = estimatedCycles(instruction);
    if (cycles < 0)
      continue;
    double slow = 0, fast = 0;
    for (auto [a, access] : llvm::zip_equal(steps[i].accesses, step.accesses))
      (a.fast ? fast : slow) += static_cast<double>(access.bytes);
    samples.push_back({&instruction,
                       times * static_cast<double>(cycles) / target.clock,
                       times * stepSeconds(m, step, slow, fast)});
  }
}

/// Pearson's correlation of the logarithms.
static double correlate(const std::vector<Sample> &samples) {
  double n = 0, sx = 0, sy = 0, sxx = 0, syy = 0, sxy = 0;
  for (const Sample &s : samples) {
    if (s.estimated <= 0 || s.computed <= 0)
      continue;
    double x = std::log(s.estimated), y = std::log(s.computed);
    n += 1, sx += x, sy += y, sxx += x * x, syy += y * y, sxy += x * y;
  }
  double vx = n * sxx - sx * sx, vy = n * syy - sy * sy;
  return vx > 0 && vy > 0 ? (n * sxy - sx * sy) / std::sqrt(vx * vy) : 0;
}

EstimateCheck hlo::checkEstimates(const Module &module,
                                  const ModuleProgram &program,
                                  const Imported &imported,
                                  const ImportTarget &target) {
  EstimateCheck check;
  if (target.clock <= 0)
    return check;
  std::vector<Sample> samples;
  collect(module, program, imported, imported.instance, 0, target, 1, samples);
  check.steps = samples.size();
  for (const Sample &s : samples) {
    check.estimated += s.estimated;
    check.computed += s.computed;
  }
  check.correlation = correlate(samples);
  double worst = 0;
  for (const Sample &s : samples) {
    if (std::max(s.estimated, s.computed) < kMinShare * check.estimated ||
        s.computed <= 0)
      continue;
    double distance = std::abs(std::log(s.computed / s.estimated));
    if (distance <= worst)
      continue;
    worst = distance;
    check.worstRatio = s.computed / s.estimated;
    check.worstStep = s.instruction->name;
  }
  return check;
}
