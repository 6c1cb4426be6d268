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
// Where it is dear to know which actions are legal, only those of the root have
// to be known; others are ruled out when they are tried.
//
// Nodes are in one array, their children inline, found by index; nothing is
// allocated once a tree has been as large before. Rescaling of Q values is per
// node, as in DeepMind's mctx, but never by less than SearchSettings::minRange:
// with a thousand small rewards per game, near-equal siblings are the usual
// case, and stretching their noise would make the policy target noise.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_MUZERO_GUMBELTREE_H
#define MEMPL_MUZERO_GUMBELTREE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/bit.h"

#include <array>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <vector>

namespace mempl {

/// Networks give this or less to actions that they hold to be illegal.
inline constexpr float kIllegalLogit = -1e8f;

struct SearchSettings {
  /// Visits of the root's children, at least 1.
  int32_t simulations = 16;
  /// How many of the root's actions are looked at; at least 1.
  int32_t maxCandidates = INT32_MAX;
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

/// Fills `noise` with Gumbel(0, 1) noise for the root of one search, from a
/// stream of its own for each seed, game and move.
void fillGumbelNoise(uint64_t seed, uint64_t game, uint64_t move,
                     llvm::MutableArrayRef<float> noise);

/// A search among at most `NumActions` actions, 1 to 32, which are numbers from
/// 0 on.
template <int NumActions> class GumbelTree {
  static_assert(NumActions >= 1 && NumActions <= 32);

public:
  using PerAction = std::array<float, NumActions>;
  /// A set of actions: bit `1 << action`.
  using Actions = uint32_t;

  /// What a network, or what stands in for it, says of a state.
  struct Prediction {
    /// Policy, as logits up to a constant. At most kIllegalLogit: not to be
    /// played.
    PerAction logits = {};
    /// Return still to come.
    float value = 0;
  };

  /// What fillGumbelNoise() gives.
  static PerAction gumbelNoise(uint64_t seed, uint64_t game, uint64_t move) {
    PerAction noise;
    fillGumbelNoise(seed, game, move, noise);
    return noise;
  }

  /// Forgets what there was, and begins at a root with these legal actions (at
  /// least one). `noise` is what gumbelNoise() gives, or zeros for the best
  /// play. With one legal action, there is nothing to do.
  void start(const SearchSettings &settings, const Prediction &root,
             Actions legal, const PerAction &noise);
  /// Whether all simulations were made.
  bool isDone() const { return done == budget; }

  /// Begins a simulation: goes down to what was never visited. False if it
  /// ended in a state where the game is over: then it is finished already.
  /// isDone() must not hold.
  bool select();
  /// The actions from the root to the new state, the last one included.
  llvm::ArrayRef<int> path() const { return pathActions; }
  /// The nodes that these start from.
  llvm::ArrayRef<int32_t> nodesOnPath() const { return pathNodes; }
  /// The node that the last action of the path starts from.
  int32_t leafParent() const { return pathNodes.back(); }
  /// The number that the new node will have; the root's is 0.
  int32_t newNode() const { return static_cast<int32_t>(nodes.size()); }
  /// Ends the simulation: `reward` is that of the last action of the path, in
  /// the units of values; `legal` what may be played then, 0 if the game is
  /// over, whatever `state` says.
  void expand(float reward, const Prediction &state, Actions legal);
  /// Instead of expand(): the last action of the path, which is not one of the
  /// root's, turns out to be illegal. It is never tried again, and the
  /// simulation is still to be made.
  void ruleOut();

  //===--- What came out --------------------------------------------------===//

  /// Visits of the root's actions; their sum is the simulations.
  std::array<int32_t, NumActions> visits() const { return nodes[0].visits; }
  /// Their mean returns; of those not visited, what completed Q values say.
  PerAction completedValues() const { return complete(nodes[0]).values; }
  /// The action to play: of those visited most, the best by noise, logits and
  /// values.
  int bestAction() const;
  /// The policy target: softmax of logits and completed Q values, without the
  /// noise.
  PerAction improvedPolicy() const {
    return improve(nodes[0], complete(nodes[0]));
  }
  /// The value of the root under that policy.
  float improvedValue() const;
  /// States evaluated, the root included.
  int32_t numNodes() const { return newNode(); }

private:
  struct Node {
    PerAction logits; // At most 0: the largest is 0.
    PerAction priors;
    PerAction returns = {}; // Sums, or the best.
    std::array<int32_t, NumActions> visits = {};
    std::array<int32_t, NumActions> children; // -1: none yet.
    float value;
    float reward;
    Actions legal;
  };
  struct Completed {
    PerAction values; // In units of returns.
    PerAction scores; // Scaled, as they are added to logits.
    int32_t sum, most;
  };

  static bool contains(Actions actions, int a) { return (actions >> a) & 1; }

  void add(float reward, const Prediction &state, Actions legal);
  void backUp(float value);
  Completed complete(const Node &node) const;
  PerAction improve(const Node &node, const Completed &completed) const;
  int bestAtRoot(int32_t visits, const Completed &completed) const;
  int selectAtRoot() const;
  int selectInside(const Node &node) const;

  SearchSettings options;
  std::vector<Node> nodes;
  std::vector<int32_t> schedule;
  int32_t scheduleCandidates = 0;
  PerAction rootNoise = {};
  std::vector<int32_t> pathNodes;
  std::vector<int> pathActions;
  int32_t done = 0, budget = 0;
};

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

/// Adds a node. Without a finite logit among the legal ones all are equal.
template <int NumActions>
void GumbelTree<NumActions>::add(float reward, const Prediction &state,
                                 Actions legal) {
  Node &node = nodes.emplace_back();
  node.children.fill(-1);
  node.reward = reward;
  Actions playable = 0;
  float largest = -INFINITY;
  for (int a = 0; a < NumActions; ++a) {
    if (!contains(legal, a) || !(state.logits[a] > kIllegalLogit))
      continue;
    playable |= Actions{1} << a;
    largest = std::max(largest, state.logits[a]);
  }
  node.legal = playable ? playable : legal;
  node.value = node.legal ? state.value : 0;
  float sum = 0;
  for (int a = 0; a < NumActions; ++a) {
    node.logits[a] = playable ? state.logits[a] - largest : 0;
    node.priors[a] = contains(node.legal, a) ? std::exp(node.logits[a]) : 0;
    sum += node.priors[a];
  }
  for (float &p : node.priors)
    p = sum > 0 ? p / sum : 0;
}

/// Q values of all legal actions: the mean returns of visited ones; for the
/// others a mixture of the network's value and what was seen.
template <int NumActions>
typename GumbelTree<NumActions>::Completed
GumbelTree<NumActions>::complete(const Node &node) const {
  Completed c = {};
  float visitedPrior = 0, weighted = 0;
  for (int a = 0; a < NumActions; ++a) {
    int32_t n = node.visits[a];
    if (n == 0)
      continue;
    c.sum += n;
    c.most = std::max(c.most, n);
    c.values[a] = options.usesBest ? node.returns[a]
                                   : node.returns[a] / static_cast<float>(n);
    visitedPrior += node.priors[a];
    weighted += node.priors[a] * c.values[a];
  }
  float mixed = node.value;
  if (visitedPrior > 0) {
    auto sum = static_cast<float>(c.sum);
    mixed = (node.value + sum / visitedPrior * weighted) / (1 + sum);
  }
  float low = INFINITY, high = -INFINITY;
  for (int a = 0; a < NumActions; ++a) {
    if (!contains(node.legal, a))
      continue;
    if (node.visits[a] == 0)
      c.values[a] = mixed;
    low = std::min(low, c.values[a]);
    high = std::max(high, c.values[a]);
  }
  float scale = (options.visitOffset + static_cast<float>(c.most)) *
                options.valueScale / std::max(high - low, options.minRange);
  for (int a = 0; a < NumActions; ++a)
    if (contains(node.legal, a))
      c.scores[a] = scale * (c.values[a] - low);
  return c;
}

/// The improved policy of a node: softmax of logits and scores.
template <int NumActions>
typename GumbelTree<NumActions>::PerAction
GumbelTree<NumActions>::improve(const Node &node,
                                const Completed &completed) const {
  PerAction p = {};
  float largest = -INFINITY, sum = 0;
  for (int a = 0; a < NumActions; ++a) {
    p[a] = node.logits[a] + completed.scores[a];
    if (contains(node.legal, a))
      largest = std::max(largest, p[a]);
  }
  for (int a = 0; a < NumActions; ++a) {
    p[a] = contains(node.legal, a) ? std::exp(p[a] - largest) : 0;
    sum += p[a];
  }
  for (float &x : p)
    x /= sum;
  return p;
}

//===----------------------------------------------------------------------===//
// Simulations
//===----------------------------------------------------------------------===//

template <int NumActions>
void GumbelTree<NumActions>::start(const SearchSettings &settings,
                                   const Prediction &root, Actions legal,
                                   const PerAction &noise) {
  assert(legal != 0 && "nothing to choose");
  options = settings;
  rootNoise = noise;
  nodes.clear();
  add(0, root, legal);
  done = 0;
  int32_t count = llvm::popcount(nodes[0].legal);
  budget = count == 1 ? 0 : options.simulations;
  int32_t candidates = std::min({options.maxCandidates, count, budget});
  if (candidates < 1)
    return;
  if (scheduleCandidates != candidates ||
      static_cast<int32_t>(schedule.size()) != budget) {
    schedule = halvingSchedule(candidates, budget);
    scheduleCandidates = candidates;
  }
}

/// Of the root's actions with so many visits, the best by noise, logits and
/// values; -1 if there is none.
template <int NumActions>
int GumbelTree<NumActions>::bestAtRoot(int32_t visits,
                                       const Completed &completed) const {
  const Node &root = nodes[0];
  int best = -1;
  float bestScore = 0;
  for (int a = 0; a < NumActions; ++a) {
    if (!contains(root.legal, a) || root.visits[a] != visits)
      continue;
    float score = rootNoise[a] + root.logits[a] + completed.scores[a];
    if (best < 0 || score > bestScore) {
      best = a;
      bestScore = score;
    }
  }
  return best;
}

template <int NumActions> int GumbelTree<NumActions>::selectAtRoot() const {
  int best = bestAtRoot(schedule[done], complete(nodes[0]));
  assert(best >= 0 && "the schedule leaves nothing to visit");
  return best;
}

/// The action whose share of the visits is furthest below the improved policy.
template <int NumActions>
int GumbelTree<NumActions>::selectInside(const Node &node) const {
  Completed c = complete(node);
  PerAction p = improve(node, c);
  int best = -1;
  float bestScore = 0;
  for (int a = 0; a < NumActions; ++a) {
    if (!contains(node.legal, a))
      continue;
    float score = p[a] - static_cast<float>(node.visits[a]) /
                             static_cast<float>(1 + c.sum);
    if (best < 0 || score > bestScore) {
      best = a;
      bestScore = score;
    }
  }
  return best;
}

template <int NumActions> bool GumbelTree<NumActions>::select() {
  assert(!isDone() && "no simulations left");
  pathNodes.clear();
  pathActions.clear();
  for (int32_t at = 0;;) {
    const Node &node = nodes[at];
    if (node.legal == 0) {
      backUp(0);
      return false;
    }
    int a = at == 0 ? selectAtRoot() : selectInside(node);
    pathNodes.push_back(at);
    pathActions.push_back(a);
    at = node.children[a];
    if (at < 0)
      return true;
  }
}

template <int NumActions>
void GumbelTree<NumActions>::expand(float reward, const Prediction &state,
                                    Actions legal) {
  nodes[leafParent()].children[pathActions.back()] = newNode();
  add(reward, state, legal);
  backUp(nodes.back().value);
}

template <int NumActions> void GumbelTree<NumActions>::ruleOut() {
  assert(pathNodes.size() > 1 && "the root knows what is legal");
  Node &node = nodes[leafParent()];
  auto gone = static_cast<size_t>(pathActions.back());
  node.legal &= ~(Actions{1} << gone);
  float rest = 1 - node.priors[gone];
  node.priors[gone] = 0;
  for (float &p : node.priors)
    p = rest > 0 ? p / rest : 0;
}

/// Adds the return from each node of the path on to the node above it.
template <int NumActions> void GumbelTree<NumActions>::backUp(float value) {
  for (size_t i = pathNodes.size(); i-- > 0;) {
    Node &node = nodes[pathNodes[i]];
    int a = pathActions[i];
    value += nodes[node.children[a]].reward;
    if (!options.usesBest)
      node.returns[a] += value;
    else if (node.visits[a] == 0 || value > node.returns[a])
      node.returns[a] = value;
    ++node.visits[a];
  }
  ++done;
}

//===----------------------------------------------------------------------===//
// What came out
//===----------------------------------------------------------------------===//

template <int NumActions> int GumbelTree<NumActions>::bestAction() const {
  Completed c = complete(nodes[0]);
  return bestAtRoot(c.most, c);
}

template <int NumActions> float GumbelTree<NumActions>::improvedValue() const {
  Completed c = complete(nodes[0]);
  PerAction p = improve(nodes[0], c);
  float value = 0;
  for (int a = 0; a < NumActions; ++a)
    value += p[a] * c.values[a];
  return value;
}

} // namespace mempl

#endif // MEMPL_MUZERO_GUMBELTREE_H
