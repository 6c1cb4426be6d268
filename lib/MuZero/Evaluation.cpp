//===- Evaluation.cpp - how good weights are ------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Evaluation.h"

#include "mempl/MuZero/Network.h"

#include <cmath>

using namespace mempl;

/// Plays a program with the weights, and adds what comes of it, unless the time
/// is over before anything does. One that `isNeeded` is always played, if only
/// by the policy alone.
void Evaluation::playProgram(int32_t program, Evaluator &evaluator,
                             bool isNeeded, double until) {
  auto isLate = [&] { return stops() || clock.seconds() >= until; };
  double reference =
      set.reference(program, {std::max<int64_t>(options.teacherBudget, 1),
                              options.seed, isLate});
  int32_t samples = isNeeded && isLate() ? 0 : options.evaluationSamples;
  Stopwatch watch;
  auto played = set.play(program, evaluator, samples, options.seed, [&] {
    return isNeeded && samples == 0 ? stops() : isLate();
  });
  spent += watch.seconds();
  if (!played)
    return;
  const TrainingSet::Entry &entry = set.entries()[program];
  const Game &game = *entry.program;
  logs += std::log(played->best / reference);
  greedyLogs += std::log(game.greedyLatency() / reference);
  slowLogs += std::log(game.slowLatency() / reference);
  ++count;
  llvm::json::Object row{{"policy", played->policy},
                         {"best_of_samples", played->best},
                         {"greedy", game.greedyLatency()},
                         {"search", reference},
                         {"slow", game.slowLatency()}};
  if (auto elites = replay.elites(program); !elites.empty())
    row["archive"] = elites.front()->latency;
  programs[entry.name] = std::move(row);
}

bool Evaluation::play(const Network &network, int32_t wanted, double until) {
  auto evaluator = makeEvaluator(network);
  bool hasValidation =
      static_cast<int32_t>(set.trainable().size()) < set.size();
  for (int32_t i = 0; i < set.size(); ++i) {
    if (hasValidation && !set.entries()[i].isValidation)
      continue;
    if (stops())
      return false;
    if (wanted == 0 ? count > 0 && clock.seconds() >= until : count >= wanted)
      break;
    playProgram(i, *evaluator, /*isNeeded=*/count == 0 && wanted == 0, until);
  }
  return !stops();
}
