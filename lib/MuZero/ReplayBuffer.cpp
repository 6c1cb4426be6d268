//===- ReplayBuffer.cpp - games to learn from
//-----------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rebuilding what was seen costs a replay of the game, so one drawn game gives
// several positions. A game is drawn by the sum of its priorities, a position
// by its own.
//
//===----------------------------------------------------------------------===//

#include "mempl/MuZero/ReplayBuffer.h"

#include <cassert>
#include <cmath>

using namespace mempl;

Trajectory mempl::trajectoryOf(GameState &game, llvm::ArrayRef<Action> actions,
                               int32_t program, float smoothing) {
  Trajectory t;
  t.program = program;
  t.weightsVersion = -1;
  double scale = game.program().scale();
  for (Action chosen : actions) {
    PerAction policy = {};
    int others = 0;
    for (Action a : kActions)
      others += a != chosen && game.isLegal(a);
    for (Action a : kActions)
      if (a != chosen && game.isLegal(a))
        policy[static_cast<size_t>(a)] = smoothing / static_cast<float>(others);
    policy[static_cast<size_t>(chosen)] = others > 0 ? 1 - smoothing : 1;
    t.policies.push_back(policy);
    t.actions.push_back(chosen);
    t.rewards.push_back(static_cast<float>(game.apply(chosen) / scale));
  }
  assert(game.isOver());
  t.latency = game.latency();
  t.totalReturn = static_cast<float>(game.totalReward() / scale);
  return t;
}

//===----------------------------------------------------------------------===//
// PriorityTree
//===----------------------------------------------------------------------===//

void PriorityTree::set(size_t index, double weight) {
  if (index >= leaves) {
    size_t grown = std::max<size_t>(leaves, 1);
    while (grown <= index)
      grown *= 2;
    std::vector<double> larger(2 * grown, 0.0);
    for (size_t i = 0; i < leaves; ++i)
      larger[grown + i] = nodes[leaves + i];
    leaves = grown;
    nodes = std::move(larger);
    for (size_t i = leaves - 1; i > 0; --i)
      nodes[i] = nodes[2 * i] + nodes[2 * i + 1];
  }
  // Sums are made anew on the way up, so that rounding does not add up.
  size_t i = leaves + index;
  nodes[i] = weight;
  for (i /= 2; i > 0; i /= 2)
    nodes[i] = nodes[2 * i] + nodes[2 * i + 1];
}

double PriorityTree::weight(size_t index) const {
  return index < leaves ? nodes[leaves + index] : 0;
}

size_t PriorityTree::find(double point) const {
  assert(total() > 0);
  size_t i = 1;
  while (i < leaves) {
    i *= 2;
    // Rounding must not lead to where nothing is.
    if (point >= nodes[i] && nodes[i + 1] > 0) {
      point -= nodes[i];
      ++i;
    }
  }
  return i - leaves;
}

//===----------------------------------------------------------------------===//
// ReplayBuffer
//===----------------------------------------------------------------------===//

void ReplayBuffer::addElite(std::shared_ptr<const Trajectory> game) {
  auto program = static_cast<size_t>(game->program);
  if (archive.size() <= program)
    archive.resize(program + 1);
  auto &best = archive[program];
  auto at = best.begin();
  while (at != best.end() && (*at)->totalReturn >= game->totalReturn) {
    if ((*at)->actions == game->actions)
      return;
    ++at;
  }
  best.insert(at, std::move(game));
  if (best.size() > static_cast<size_t>(options.elites))
    best.pop_back();
}

void ReplayBuffer::add(Trajectory trajectory, bool onlyElite) {
  if (trajectory.actions.empty())
    return;
  auto game = std::make_shared<const Trajectory>(std::move(trajectory));
  addElite(game);
  if (onlyElite)
    return;
  moves += game->length();
  std::vector<float> priorities(game->actions.size(), largest);
  entries.push_back({std::move(game), std::move(priorities)});
  weigh(entries.size() - 1);
  while (moves > options.maxMoves && numRecent() > 1)
    forgetOldest();
}

/// Brings the weight of an entry up to date.
void ReplayBuffer::weigh(size_t index) {
  double sum = 0;
  for (float p : entries[index].priorities)
    sum += p;
  weights.set(index, sum);
}

void ReplayBuffer::forgetOldest() {
  Entry &oldest = entries[numForgotten];
  moves -= oldest.game->length();
  oldest = Entry();
  weigh(numForgotten++);
  if (numForgotten * 2 < entries.size() + 64)
    return;
  entries.erase(entries.begin(),
                entries.begin() + static_cast<ptrdiff_t>(numForgotten));
  firstId += numForgotten;
  numForgotten = 0;
  weights = PriorityTree();
  for (size_t i = 0; i < entries.size(); ++i)
    weigh(i);
}

ReplayBuffer::Choice ReplayBuffer::draw(Random &random, int32_t positions,
                                        double beta) const {
  Choice choice;
  std::vector<float> uniform;
  llvm::ArrayRef<float> priorities;
  bool hasElites = llvm::any_of(archive, [](auto &a) { return !a.empty(); });
  choice.isElite =
      hasElites && (numRecent() == 0 || random.chance(options.eliteShare));
  if (choice.isElite) {
    size_t program;
    do
      program = random.below(archive.size());
    while (archive[program].empty());
    // Better ones more often: the smaller of two ranks.
    size_t count = archive[program].size();
    size_t rank = std::min(random.below(count), random.below(count));
    choice.game = archive[program][rank];
    uniform.assign(choice.game->actions.size(), 1.0f);
    priorities = uniform;
  } else {
    size_t index = weights.find(random.uniform() * weights.total());
    const Entry &entry = entries[index];
    choice.game = entry.game;
    choice.id = firstId + index;
    priorities = entry.priorities;
  }
  double sum = 0;
  for (float p : priorities)
    sum += p;
  // Stratified: one position in each of as many equal shares.
  auto wanted = static_cast<size_t>(positions);
  size_t at = 0;
  double before = 0;
  for (size_t k = 0; k < wanted; ++k) {
    double point =
        sum * (static_cast<double>(k) + random.uniform()) / positions;
    while (at + 1 < priorities.size() && before + priorities[at] <= point)
      before += priorities[at++];
    auto position = static_cast<int32_t>(at);
    if (!choice.positions.empty() && choice.positions.back() == position)
      continue;
    choice.positions.push_back(position);
    double share =
        priorities[at] / sum * static_cast<double>(priorities.size());
    choice.weights.push_back(
        choice.isElite
            ? 1.0f
            : static_cast<float>(std::pow(std::max(share, 1e-6), -beta)));
  }
  return choice;
}

void ReplayBuffer::setPriorities(const Choice &choice,
                                 llvm::ArrayRef<float> errors) {
  if (choice.isElite || choice.id < firstId + numForgotten)
    return;
  size_t index = choice.id - firstId;
  for (auto [position, error] : llvm::zip_equal(choice.positions, errors)) {
    auto p =
        static_cast<float>(std::pow(std::abs(error) + 1e-3, options.alpha));
    entries[index].priorities[position] = p;
    largest = std::max(largest * 0.9999f, p);
  }
  weigh(index);
}

llvm::ArrayRef<std::shared_ptr<const Trajectory>>
ReplayBuffer::elites(int32_t program) const {
  if (static_cast<size_t>(program) >= archive.size())
    return {};
  return archive[program];
}

std::vector<std::shared_ptr<const Trajectory>> ReplayBuffer::recent() const {
  std::vector<std::shared_ptr<const Trajectory>> games;
  for (size_t i = numForgotten; i < entries.size(); ++i)
    games.push_back(entries[i].game);
  return games;
}

std::vector<float> ReplayBuffer::priorities() const {
  std::vector<float> all;
  for (size_t i = numForgotten; i < entries.size(); ++i)
    llvm::append_range(all, entries[i].priorities);
  all.push_back(largest);
  return all;
}

void ReplayBuffer::restorePriorities(llvm::ArrayRef<float> values) {
  if (values.size() != static_cast<size_t>(moves) + 1 ||
      llvm::any_of(values, [](float p) { return !(p > 0 && p < 1e9f); }))
    return;
  for (size_t i = numForgotten; i < entries.size(); ++i) {
    std::vector<float> &own = entries[i].priorities;
    own.assign(values.begin(), values.begin() + own.size());
    values = values.drop_front(own.size());
    weigh(i);
  }
  largest = values.front();
}
