//===- WindowSearch.cpp - plays windows of a game anew --------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The game of a chain stands where its last trial ended. It is taken back only
// as far as the next window, or to where it left the kept game.
//
//===----------------------------------------------------------------------===//

#include "mempl/MuZero/WindowSearch.h"

#include <cmath>
#include <limits>

using namespace mempl;

WindowSearch::WindowSearch(Evaluator &evaluator, const GameState &game,
                           llvm::ArrayRef<Action> actions,
                           const WindowSearchOptions &options, uint64_t seed,
                           std::function<bool()> stop)
    : network(evaluator), options(options), seed(seed), random(seed, "windows"),
      stop(std::move(stop)), chains(options.chains) {
  network.reserveRows(options.chains);
  for (Chain &chain : chains) {
    chain.game = game.clone();
    chain.game->restart();
    chain.wanted.assign(game.program().numNodes(), Action::Drop);
    for (Action a : actions) {
      if (stops())
        return;
      chain.wanted[chain.game->decisionNode()] = a;
      apply(chain, a);
    }
    chain.asked = chain.path;
    chain.same = static_cast<int32_t>(actions.size());
    chain.latency = chain.game->latency();
    begin(chain);
  }
}

/// Looks at the clock every so many moves.
bool WindowSearch::stops() {
  isStopped = isStopped || (++asks % 64 == 0 && stop && stop());
  return isStopped;
}

void WindowSearch::apply(Chain &chain, Action a) {
  chain.path.push_back(chain.game->decisionNode());
  chain.played.push_back(a);
  chain.game->apply(a);
}

void WindowSearch::goBack(Chain &chain, int32_t to) {
  while (chain.game->numApplied() > to && !stops())
    chain.game->undo();
  if (isStopped)
    return;
  chain.path.resize(to);
  chain.played.resize(to);
}

/// What the kept game did, or what is nearest to it.
Action WindowSearch::follow(const Chain &chain) const {
  const GameState &game = *chain.game;
  Action a = chain.wanted[game.decisionNode()];
  if (game.isLegal(a))
    return a;
  Action other = a == Action::Copy ? Action::NoCopy : Action::Copy;
  return a != Action::Drop && game.isLegal(other) ? other : Action::Drop;
}

/// Takes a chain to its next window.
void WindowSearch::begin(Chain &chain) {
  auto length = static_cast<int32_t>(chain.asked.size());
  auto first = static_cast<int32_t>(random.below(length));
  goBack(chain, std::min(chain.same, first));
  while (chain.game->numApplied() < first && !stops())
    apply(chain, chain.wanted[chain.game->decisionNode()]);
  chain.same = first;
  chain.end = first + static_cast<int32_t>(
                          random.between(options.shortest, options.longest));
}

void WindowSearch::finish(Chain &chain, double share,
                          const std::function<void(GameState &)> &finished) {
  ++trials;
  if (chain.same == chain.game->numApplied()) {
    begin(chain); // Nothing was played otherwise.
    return;
  }
  while (!chain.game->isOver() && !stops())
    apply(chain, follow(chain));
  if (isStopped)
    return;
  finished(*chain.game);
  double latency = chain.game->latency();
  double temperature =
      chain.latency * options.hot * std::pow(options.cold / options.hot, share);
  if (latency <= chain.latency - temperature * std::log(1 - random.uniform())) {
    for (size_t i = chain.same; i < chain.path.size(); ++i)
      chain.wanted[chain.path[i]] = chain.played[i];
    chain.asked = chain.path;
    chain.same = static_cast<int32_t>(chain.path.size());
    chain.latency = latency;
  }
  begin(chain);
}

void WindowSearch::step(double share,
                        const std::function<void(GameState &)> &finished) {
  if (isStopped)
    return;
  for (size_t i = 0; i < chains.size(); ++i)
    network.addState(*chains[i].game, static_cast<int32_t>(i));
  network.run(answers);
  for (size_t i = 0; i < chains.size(); ++i) {
    Chain &chain = chains[i];
    PerAction noise =
        GameTree::gumbelNoise(seed, i, static_cast<uint64_t>(questions));
    Action best = Action::Drop;
    float bestScore = -std::numeric_limits<float>::infinity();
    for (Action a : kActions) {
      auto k = static_cast<size_t>(a);
      float score = answers[i].state.logits[k] + options.noise * noise[k];
      if (chain.game->isLegal(a) && score > bestScore) {
        best = a;
        bestScore = score;
      }
    }
    ++questions;
    bool isSame = chain.same == chain.game->numApplied() &&
                  best == chain.wanted[chain.game->decisionNode()];
    chain.same += isSame;
    apply(chain, best);
    if (chain.game->isOver() || chain.game->numApplied() >= chain.end)
      finish(chain, share, finished);
    if (isStopped)
      return;
  }
}
