//===- TrainingSet.cpp - programs, and the best plans for them ------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TrainingSet.h"

#include "mempl/Problem/ProblemIO.h"
#include "mempl/Problem/Verifier.h"
#include "mempl/Solvers/Solve.h"
#include "mempl/Support/FileIO.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/xxhash.h"

using namespace mempl;

namespace json = llvm::json;

static constexpr size_t kMostPlans = 4;

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

llvm::Expected<TrainingSet>
TrainingSet::create(std::vector<TrainingProgram> programs) {
  TrainingSet set;
  for (TrainingProgram &given : programs) {
    auto greedy =
        llvm::cantFail(createSolver("greedy"))->solve(given.instance, {});
    if (!greedy)
      return greedy.takeError();
    if (greedy->latency <= 0)
      return fileError(
          given.name, 0,
          "nothing in it takes time: expected a program that does");
    GameOptions options = optionsOf(greedy->plan);
    options.greedyLatency = greedy->latency;
    auto game = Game::create(std::move(given.instance), options);
    if (!game)
      return game.takeError();
    Entry entry = {std::move(given.name), given.isValidation, *game, 0, 0, {}};
    entry.reference = greedy->latency;
    set.programs.push_back(std::move(entry));
    set.models.push_back(greedy->plan);
    set.offer(set.size() - 1, std::move(greedy->plan), greedy->latency);
  }
  return set;
}

std::vector<int32_t> TrainingSet::trainable() const {
  std::vector<int32_t> list;
  for (int32_t i = 0; i < size(); ++i)
    if (!programs[i].isValidation)
      list.push_back(i);
  return list;
}

std::string TrainingSet::fingerprint() const {
  std::string text;
  llvm::raw_string_ostream os(text);
  for (const Entry &entry : programs) {
    writeInstance(os, entry.game->instance());
    os << entry.isValidation;
  }
  return llvm::utohexstr(llvm::xxh3_64bits(text), /*LowerCase=*/true, 16);
}

//===----------------------------------------------------------------------===//
// Plans
//===----------------------------------------------------------------------===//

/// Plans of equal latency count as the same.
bool TrainingSet::offer(int32_t program, Plan plan, double latency) {
  if (programs[program].isValidation)
    return false;
  auto &plans = programs[program].plans;
  auto at = llvm::partition_point(plans, [&](const Trainer::BestPlan &other) {
    return other.latency < latency;
  });
  if (at != plans.end() && at->latency == latency)
    return false;
  bool isBest = at == plans.begin();
  plans.insert(at, {std::move(plan), latency});
  if (plans.size() > kMostPlans)
    plans.pop_back();
  return isBest;
}

void TrainingSet::offerPlayed(int32_t program, Plan plan, double latency) {
  Entry &entry = programs[program];
  if (!entry.played || latency < entry.played->latency)
    entry.played = Trainer::BestPlan{plan, latency};
  offer(program, std::move(plan), latency);
}

/// From the plan, if there is one, which is polished.
static llvm::Expected<Solution> searchFor(const Instance &instance,
                                          const SearchLimits &limits,
                                          std::shared_ptr<const Plan> start) {
  llvm::StringRef solver = start ? "search{polish=true}" : "search";
  SolverContext context;
  context.budget = limits.moves;
  context.seed = limits.seed;
  context.timeLimitMs = limits.milliseconds;
  context.cancelled = limits.cancelled;
  context.start = std::move(start);
  return solveWithin(instance, *llvm::cantFail(createSolver(solver)), context);
}

void TrainingSet::setGame(int32_t program, const Plan &plan) {
  Entry &entry = programs[program];
  GameOptions options = optionsOf(plan);
  options.greedyLatency = entry.game->greedyLatency();
  auto game = Game::create(entry.game->instance(), options);
  if (!game) {
    // The one that there is will do.
    llvm::consumeError(game.takeError());
    return;
  }
  entry.game = *game;
  models[program] = plan;
}

void TrainingSet::teach(int32_t program, const SearchLimits &limits) {
  Entry &entry = programs[program];
  auto found = search(program, limits);
  if (!found)
    return;
  entry.reference = found->latency;
  if (entry.isValidation)
    return;
  setGame(program, found->plan);
  offer(program, std::move(found->plan), found->latency);
}

/// Nothing where there was an error.
static std::optional<Trainer::BestPlan> planOf(llvm::Expected<Solution> found) {
  if (!found) {
    llvm::consumeError(found.takeError());
    return std::nullopt;
  }
  return Trainer::BestPlan{std::move(found->plan), found->latency};
}

std::optional<Trainer::BestPlan>
TrainingSet::search(int32_t program, const SearchLimits &limits) const {
  return planOf(searchFor(programs[program].game->instance(), limits,
                          /*start=*/nullptr));
}

std::optional<Trainer::BestPlan>
TrainingSet::refine(int32_t program, const Trainer::BestPlan &start,
                    const SearchLimits &limits) const {
  return planOf(searchFor(programs[program].game->instance(), limits,
                          std::make_shared<Plan>(start.plan)));
}

bool TrainingSet::hasGameOf(int32_t program, const Plan &plan) const {
  GameOptions needed = optionsOf(plan);
  const GameOptions &given = programs[program].game->options();
  return needed.order == given.order && needed.loops == given.loops;
}

LearnedGame
TrainingSet::imitate(const std::shared_ptr<const GamePolicy> &policy,
                     int32_t program, const Plan &plan,
                     const GamePlayerOptions &options) {
  GameState state(policy->game());
  Replay replay = replayPlan(state, plan, ReplayOrder::Density);
  PlayedGame played = GamePlayer(policy, options).imitate(replay);
  return {program, played.latency, std::move(played.samples)};
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

static std::string textOf(const Plan &plan) {
  std::string text;
  llvm::raw_string_ostream os(text);
  writePlan(os, plan);
  return text;
}

static json::Object rowOf(const Trainer::BestPlan &plan) {
  return json::Object{{"plan", textOf(plan.plan)}, {"latency", plan.latency}};
}

std::string TrainingSet::serialize() const {
  json::Array list;
  for (auto [entry, model] : llvm::zip(programs, models)) {
    json::Array plans, played;
    for (const Trainer::BestPlan &plan : entry.plans)
      plans.push_back(rowOf(plan));
    if (entry.played)
      played.push_back(rowOf(*entry.played));
    list.push_back(json::Object{{"reference", entry.reference},
                                {"model", textOf(model)},
                                {"plans", std::move(plans)},
                                {"played", std::move(played)}});
  }
  return llvm::formatv("{0}", json::Value(std::move(list))).str();
}

llvm::Error TrainingSet::restore(llvm::StringRef text, llvm::StringRef name) {
  auto damaged = [&] { return fileError(name, 0, "damaged checkpoint"); };
  auto parsed = json::parse(text);
  if (!parsed) {
    llvm::consumeError(parsed.takeError());
    return damaged();
  }
  const json::Array *list = parsed->getAsArray();
  if (!list || list->size() != programs.size())
    return damaged();
  auto planOf = [&](const json::Object *object,
                    llvm::StringRef key) -> llvm::Expected<Plan> {
    auto plan = object ? object->getString(key) : std::nullopt;
    if (!plan)
      return damaged();
    return parsePlan(*plan, name);
  };
  auto isLatency = [](std::optional<double> latency) {
    return latency && *latency > 0 && std::isfinite(*latency);
  };
  for (int32_t i = 0; i < size(); ++i) {
    // The game, and its instance with it, may be made anew on the way.
    auto isValid = [&, i](const Plan &plan) {
      return verify(programs[i].game->instance(), plan).empty();
    };
    const json::Object *object = (*list)[i].getAsObject();
    auto model = planOf(object, "model");
    if (!model)
      return model.takeError();
    auto reference = object->getNumber("reference");
    const json::Array *plans = object->getArray("plans");
    const json::Array *played = object->getArray("played");
    if (!isLatency(reference) || !plans || !played || !isValid(*model))
      return damaged();
    programs[i].reference = *reference;
    if (!(*model == models[i]))
      setGame(i, *model);
    programs[i].plans.clear();
    for (const json::Array *rows : {plans, played})
      for (const json::Value &row : *rows) {
        auto plan = planOf(row.getAsObject(), "plan");
        if (!plan)
          return plan.takeError();
        auto latency = row.getAsObject()->getNumber("latency");
        if (!isLatency(latency) || !isValid(*plan))
          return damaged();
        if (rows == plans)
          offer(i, std::move(*plan), *latency);
        else
          programs[i].played = Trainer::BestPlan{std::move(*plan), *latency};
      }
    if (!programs[i].isValidation && programs[i].plans.empty())
      return damaged();
  }
  return llvm::Error::success();
}
