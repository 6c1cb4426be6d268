//===- Targets.cpp - what a network shall learn ---------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Targets.h"

#include "mempl/Game/Episodes.h"

#include <algorithm>

using namespace mempl;

/// Added to the logits of illegal actions.
static constexpr float kIllegal = -1e9f;

int32_t TargetBuilder::addProgram(std::shared_ptr<const Game> program) {
  programs.push_back(std::move(program));
  games.emplace_back();
  return static_cast<int32_t>(programs.size()) - 1;
}

namespace {

/// When to look at a game: at each position, and for consistency some steps
/// later.
struct Look {
  int32_t time;
  int64_t row;  // Of a root; or, with `step`, of a later state.
  int32_t step; // 0: a root.
};

llvm::SmallVector<Look, 64> looksAt(const ReplayBuffer::Choice &choice,
                                    int64_t firstRow, int32_t unroll,
                                    Random &random) {
  llvm::SmallVector<Look, 64> looks;
  for (size_t i = 0; i < choice.positions.size(); ++i) {
    int32_t p = choice.positions[i];
    int64_t row = firstRow + static_cast<int64_t>(i);
    looks.push_back({p, row, 0});
    auto step = static_cast<int32_t>(random.between(1, unroll));
    if (p + step < choice.game->length())
      looks.push_back({p + step, row, step});
  }
  llvm::stable_sort(
      looks, [](const Look &a, const Look &b) { return a.time < b.time; });
  return looks;
}

} // namespace

/// Plays a drawn game as far as it matters, and looks at it on the way.
TargetBuilder::Played
TargetBuilder::playAgain(const ReplayBuffer::Choice &choice, Random &random,
                         Targets &targets) {
  const Trajectory &t = *choice.game;
  std::unique_ptr<GameState> &game = games[t.program];
  if (!game)
    game = std::make_unique<GameState>(programs[t.program]);
  table.of(programs[t.program]);
  auto looks = looksAt(choice, targets.rows, options.unroll, random);
  // Elites are looked at as a whole.
  int32_t last = t.length();
  if (!choice.isElite)
    last = std::min(last, choice.positions.back() + options.unroll + 1);
  Played played{std::vector<ActionMask>(last),
                std::vector<int32_t>(last + 1, -1)};
  auto look = looks.begin();
  for (int32_t time = 0; time <= last; ++time) {
    for (; look != looks.end() && look->time == time; ++look) {
      if (look->step == 0) {
        targets.roots.add(*game, table);
        continue;
      }
      targets.later.add(*game, table);
      targets.laterRows.push_back(look->row);
      targets.laterSteps.push_back(look->step);
    }
    played.asked[time] = game->decisionNode();
    if (time == last)
      break;
    played.legal[time] = game->legalActions();
    game->apply(t.actions[time]);
  }
  if (choice.isElite)
    addPlan(*game, targets);
  game->restart();
  return played;
}

/// What the plan of a game says to each question.
void TargetBuilder::addPlan(const GameState &game, Targets &targets) const {
  int32_t node = 0;
  for (Action a : actionsOfPlan(game)) {
    targets.placedQuestions.push_back(table.row(game.program(), node++));
    targets.placed.push_back(static_cast<int64_t>(a));
  }
}

/// The return from `at` on: the rewards of the next actions, and the value that
/// the search had after them. `sums`: of the rewards before each action.
double TargetBuilder::valueAt(const Trajectory &t, bool isElite, int32_t at,
                              llvm::ArrayRef<double> sums) const {
  int32_t length = t.length();
  if (at >= length)
    return 0.0;
  int32_t end = at + options.bootstrap;
  if (isElite || t.values.empty() || end >= length)
    return sums[length] - sums[at];
  return sums[end] - sums[at] + t.values[end];
}

void TargetBuilder::addPosition(const Trajectory &t, bool isElite,
                                int32_t position, const Played &played,
                                llvm::ArrayRef<double> sums,
                                Targets &targets) const {
  int32_t length = t.length();
  const Game &program = *programs[t.program];
  for (int32_t k = 0; k < targets.steps; ++k) {
    int32_t at = position + k;
    bool isOver = at >= length;
    PerAction policy = isOver ? PerAction{} : t.policies[at];
    float sum = 0;
    for (Action a : kActions) {
      float p = policy[static_cast<size_t>(a)];
      sum += p;
      targets.policies.push_back(p);
      bool isLegal = isOver || contains(played.legal[at], a);
      targets.mayPlay.push_back(isLegal ? 0 : kIllegal);
    }
    targets.hasPolicy.push_back(sum > 0 ? 1 : 0);
    targets.values.push_back(static_cast<float>(valueAt(t, isElite, at, sums)));
    targets.returns.push_back(
        isOver ? 0 : static_cast<float>(sums[length] - sums[at]));
    targets.rewards.push_back(k == 0 || at > length ? 0 : t.rewards[at - 1]);
    if (k + 1 == targets.steps)
      continue;
    // What is played after the end makes no difference: anything.
    targets.actions.push_back(
        static_cast<int64_t>(isOver ? Action::Drop : t.actions[at]));
    auto next = static_cast<size_t>(at) + 1;
    targets.questions.push_back(table.row(
        program, next < played.asked.size() ? played.asked[next] : -1));
  }
  ++targets.rows;
}

void TargetBuilder::addGame(ReplayBuffer::Choice choice, Random &random,
                            Targets &targets) {
  const Trajectory &t = *choice.game;
  Played played = playAgain(choice, random, targets);
  std::vector<double> sums(t.length() + 1, 0);
  for (int32_t i = 0; i < t.length(); ++i)
    sums[i + 1] = sums[i] + t.rewards[i];
  llvm::append_range(targets.weights, choice.weights);
  for (int32_t p : choice.positions)
    addPosition(t, choice.isElite, p, played, sums, targets);
  targets.choices.push_back(std::move(choice));
}

Targets TargetBuilder::collect(const ReplayBuffer &replay, Random &random) {
  Targets targets(options.unroll + 1);
  int32_t each = std::max(1, options.batch / options.gamesPerBatch);
  // Short games give fewer positions than they are asked for.
  for (int32_t tries = 0;
       targets.rows < options.batch && tries < 4 * options.gamesPerBatch;
       ++tries) {
    auto left = options.batch - static_cast<int32_t>(targets.rows);
    addGame(replay.draw(random, std::min(each, left), options.beta), random,
            targets);
  }
  float largest =
      *std::max_element(targets.weights.begin(), targets.weights.end());
  for (float &w : targets.weights)
    w /= largest;
  return targets;
}
