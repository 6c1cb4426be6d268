//===- TrainingSet.cpp - programs to train on -----------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Loops are planned once, by `search`, so that all games of a program have the
// same ones and its plans can be compared.
//
//===----------------------------------------------------------------------===//

#include "TrainingSet.h"

#include "mempl/Game/Episodes.h"
#include "mempl/MuZero/TrajectoryIO.h"

using namespace mempl;

// Moves of search for the plans of loops, and the noise of samples.
static constexpr int64_t kLoopBudget = 20000;
static constexpr float kSampleNoise = 0.3f;

llvm::Expected<TrainingSet>
TrainingSet::create(std::vector<TrainingProgram> programs,
                    const GameOptions &game) {
  TrainingSet set;
  for (TrainingProgram &given : programs) {
    GameOptions options = game;
    if (llvm::any_of(given.instance.program.steps,
                     [](const Step &step) { return step.body != nullptr; })) {
      SolverContext search;
      search.budget = kLoopBudget;
      auto solver = createSolver("search");
      if (!solver)
        return solver.takeError();
      auto result = (*solver)->solve(given.instance, search);
      if (!result)
        return result.takeError();
      options.loops = std::move(result->plan.loops);
    }
    auto program = Game::create(std::move(given.instance), options);
    if (!program)
      return program.takeError();
    if (GameState(*program).isOver())
      continue;
    set.programs.push_back({std::move(given.name), programKey(**program),
                            *program, given.isValidation});
  }
  set.found.assign(set.programs.size(), 0);
  set.plans.resize(set.programs.size());
  return set;
}

std::vector<int32_t> TrainingSet::trainable() const {
  std::vector<int32_t> list;
  for (int32_t i = 0; i < size(); ++i)
    if (!programs[i].isValidation)
      list.push_back(i);
  return list;
}

int32_t TrainingSet::find(llvm::StringRef key) const {
  for (int32_t i = 0; i < size(); ++i)
    if (programs[i].key == key)
      return i;
  return -1;
}

std::string TrainingSet::fingerprint() const {
  std::string text;
  for (const Entry &entry : programs)
    text += entry.key + (entry.isValidation ? "v" : "t");
  return text;
}

llvm::Expected<Solution> TrainingSet::search(int32_t program,
                                             const SearchLimits &limits,
                                             const Plan *start) const {
  SolverContext options;
  options.budget = limits.moves;
  options.seed = limits.seed;
  options.cancelled = limits.cancelled;
  if (start)
    options.start = std::make_shared<Plan>(*start);
  auto solver = llvm::cantFail(createSolver("search"));
  return solver->solve(programs[program].program->instance(), options);
}

std::optional<Trajectory> TrainingSet::imitate(int32_t program,
                                               const SearchLimits &limits,
                                               const Plan *start) const {
  auto result = search(program, limits, start);
  if (!result) {
    llvm::consumeError(result.takeError());
    return std::nullopt;
  }
  return trajectoryOfPlan(program, result->plan);
}

Trajectory TrainingSet::trajectoryOfPlan(int32_t program,
                                         const Plan &plan) const {
  GameState game(programs[program].program);
  std::vector<Action> actions = playPlan(game, plan).episode.actions;
  game.restart();
  return trajectoryOf(game, actions, program);
}

Plan TrainingSet::planOf(int32_t program,
                         llvm::ArrayRef<Action> actions) const {
  GameState game(programs[program].program);
  playActions(game, actions);
  return game.planSoFar();
}

double TrainingSet::reference(int32_t program, const SearchLimits &limits) {
  double &latency = found[program];
  if (latency > 0)
    return latency;
  auto result = search(program, limits, /*start=*/nullptr);
  if (result) {
    latency = result->latency;
    plans[program] = std::move(result->plan);
  } else {
    llvm::consumeError(result.takeError());
    latency = programs[program].program->greedyLatency();
  }
  return latency;
}

std::optional<TrainingSet::Played>
TrainingSet::play(int32_t program, Evaluator &evaluator, int32_t samples,
                  uint64_t seed, const std::function<bool()> &stop) const {
  SelfPlayOptions options;
  options.mode = SearchMode::Exact;
  options.search.simulations = 0;
  // 0 if no game was over in time.
  auto bestOf = [&](float noise, int32_t games) {
    options.noise = noise;
    options.slots = games;
    SelfPlay selfPlay(evaluator, options, seed);
    double best = 0;
    SelfPlay::NextGame next =
        SelfPlay::gamesOf(programs[program].program, games);
    auto finished = [&](GameState &game, uint64_t, Trajectory) {
      if (best == 0 || game.latency() < best)
        best = game.latency();
    };
    while (!stop() && selfPlay.step(next, finished)) {
    }
    return best;
  };
  double policy = bestOf(0, 1);
  if (policy == 0)
    return std::nullopt;
  double sample = samples > 0 ? bestOf(kSampleNoise, samples) : 0;
  return Played{policy, sample > 0 ? std::min(policy, sample) : policy};
}
