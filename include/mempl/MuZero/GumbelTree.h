//===- GumbelTree.h - Gumbel MuZero search in one tree ----------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The search of Gumbel MuZero (Danihelka et al., "Policy improvement by
// planning with Gumbel", ICLR 2022): sequential halving with Gumbel noise at
// the root, the deterministic rule inside, completed Q values. The tree knows
// nothing of the game or the network: its user walks down with select(), finds
// out what is there, and says so with expand(). Returns are undiscounted.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_MUZERO_GUMBELTREE_H
#define MEMPL_MUZERO_GUMBELTREE_H

#include "mempl/Game/GameState.h"

#include <array>

namespace mempl {

/// What a network, or what stands in for it, says of a state.
struct Evaluation {
  /// Policy, as logits up to a constant. Below kIllegalLogit: not to be played.
  std::array<float, kNumActions> logits = {};
  /// Return still to come, in units of Game::scale().
  float value = 0;
};

/// Networks give this or less to actions that they hold to be illegal.
inline constexpr float kIllegalLogit = -1e8f;

using PerAction = std::array<float, kNumActions>;

struct SearchSettings {
  /// Visits of the root's children, at least 1.
  int32_t simulations = 16;
  /// How many of the root's actions are looked at; at least 1.
  int32_t maxCandidates = kNumActions;
  /// The weight of Q values against logits is (visitOffset + most visits of a
  /// sibling) * valueScale, with Q values of siblings scaled to [0, 1].
  float visitOffset = 50, valueScale = 0.1f;
  /// Siblings whose Q values differ by less are not spread over all of [0, 1]:
  /// about the error of the network's values. Units of returns, positive.
  float minRange = 0.01f;
  /// The Q value of an action is the best return seen through it instead of
  /// their mean: right where values are reached for certain, as those of
  /// rollouts are; too hopeful where they are guesses.
  bool usesBest = false;
};

/// How many visits a candidate of the root must have to be visited next, for
/// each simulation in turn: sequential halving among `candidates`.
std::vector<int32_t> halvingSchedule(int32_t candidates, int32_t simulations);

/// Gumbel(0, 1) noise for the root of one search, from a stream of its own for
/// each seed, game and move.
PerAction gumbelNoise(uint64_t seed, uint64_t game, uint64_t move);

class GumbelTree {
public:
  /// Forgets what there was, and begins at a root with these legal actions (at
  /// least one). `noise` is what gumbelNoise() gives, or zeros for the best
  /// play. With one legal action, there is nothing to do.
  void start(const SearchSettings &settings, const Evaluation &root,
             ActionMask legal, const PerAction &noise);
  /// Whether all simulations were made.
  bool isDone() const { return done == budget; }

  /// Begins a simulation: goes down to what was never visited. False if it
  /// ended in a state where the game is over: then it is finished already.
  /// isDone() must not hold.
  bool select();
  /// The actions from the root to the new state, the last one included.
  llvm::ArrayRef<Action> path() const { return pathActions; }
  /// The node that the last action of the path starts from.
  int32_t leafParent() const { return pathNodes.back(); }
  /// The number that the new node will have; the root's is 0.
  int32_t newNode() const { return static_cast<int32_t>(nodes.size()); }
  /// Ends the simulation: `reward` is that of the last action of the path, in
  /// the units of values; `legal` what may be played then, 0 if the game is
  /// over, whatever `state` says.
  void expand(float reward, const Evaluation &state, ActionMask legal);

  //===--- What came out --------------------------------------------------===//

  /// Visits of the root's actions; their sum is the simulations.
  std::array<int32_t, kNumActions> visits() const { return nodes[0].visits; }
  /// Their mean returns; of those not visited, what completed Q values say.
  PerAction completedValues() const { return complete(nodes[0]).values; }
  /// The action to play: of those visited most, the best by noise, logits and
  /// values.
  Action bestAction() const;
  /// The policy target: softmax of logits and completed Q values, without the
  /// noise.
  PerAction improvedPolicy() const;
  /// The value of the root under that policy.
  float improvedValue() const;
  /// States evaluated, the root included.
  int32_t numNodes() const { return newNode(); }

private:
  struct Node {
    std::array<float, kNumActions> logits; // At most 0: the largest is 0.
    std::array<float, kNumActions> priors;
    std::array<float, kNumActions> returns = {}; // Sums, or the best.
    std::array<int32_t, kNumActions> visits = {};
    std::array<int32_t, kNumActions> children = {-1, -1, -1};
    float value;
    float reward;
    ActionMask legal;
  };
  struct Completed {
    PerAction values; // In units of returns.
    PerAction scores; // Scaled, as they are added to logits.
    int32_t sum, most;
  };

  void add(float reward, const Evaluation &state, ActionMask legal);
  void backUp(float value);
  Completed complete(const Node &node) const;
  PerAction improve(const Node &node, const Completed &completed) const;
  int selectAtRoot() const;
  int selectInside(const Node &node) const;

  SearchSettings options;
  std::vector<Node> nodes;
  std::vector<int32_t> schedule;
  int32_t scheduleCandidates = 0;
  PerAction rootNoise = {};
  std::vector<int32_t> pathNodes;
  std::vector<Action> pathActions;
  int32_t done = 0, budget = 0;
};

} // namespace mempl

#endif // MEMPL_MUZERO_GUMBELTREE_H
