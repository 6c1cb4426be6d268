//===- GumbelTree.cpp - Gumbel MuZero search in one tree ------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Nodes are in one array, three children inline, found by index; nothing is
// allocated once a tree has been as large before. Rescaling of Q values is per
// node, as in DeepMind's mctx, but never by less than SearchSettings::minRange:
// with a thousand small rewards per game, near-equal siblings are the usual
// case, and stretching their noise would make the policy target noise.
//
//===----------------------------------------------------------------------===//

#include "mempl/MuZero/GumbelTree.h"

#include "mempl/Support/Random.h"

#include "llvm/Support/MathExtras.h"

#include <cassert>
#include <cmath>

using namespace mempl;

std::vector<int32_t> mempl::halvingSchedule(int32_t candidates,
                                            int32_t simulations) {
  assert(candidates >= 1 && simulations >= 0);
  std::vector<int32_t> schedule;
  if (candidates == 1) {
    for (int32_t i = 0; i < simulations; ++i)
      schedule.push_back(i);
    return schedule;
  }
  auto phases = static_cast<int32_t>(
      llvm::Log2_32_Ceil(static_cast<uint32_t>(candidates)));
  std::vector<int32_t> visits(candidates, 0);
  auto left = static_cast<size_t>(candidates);
  auto most = static_cast<size_t>(simulations);
  while (schedule.size() < most) {
    size_t rounds = std::max<size_t>(1, most / (phases * left));
    for (size_t i = 0; i < rounds; ++i)
      for (size_t k = 0; k < left; ++k)
        schedule.push_back(visits[k]++);
    left = std::max<size_t>(2, left / 2);
  }
  schedule.resize(most);
  return schedule;
}

PerAction mempl::gumbelNoise(uint64_t seed, uint64_t game, uint64_t move) {
  Random mixed(seed, "gumbel noise");
  Random perGame(mixed.next() ^ game, "game");
  Random perMove(perGame.next() ^ move, "move");
  PerAction noise;
  for (float &g : noise) {
    // In (0, 1): neither logarithm is infinite.
    double u = (static_cast<double>(perMove.next() >> 11) + 0.5) * 0x1p-53;
    g = static_cast<float>(-std::log(-std::log(u)));
  }
  return noise;
}

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

static bool isLegal(ActionMask legal, int a) { return (legal >> a) & 1; }

/// Adds a node. Without a finite logit among the legal ones all are equal.
void GumbelTree::add(float reward, const Evaluation &state, ActionMask legal) {
  Node &node = nodes.emplace_back();
  node.reward = reward;
  ActionMask playable = 0;
  float largest = -INFINITY;
  for (int a = 0; a < kNumActions; ++a) {
    if (!isLegal(legal, a) || !(state.logits[a] > kIllegalLogit))
      continue;
    playable |= static_cast<ActionMask>(1 << a);
    largest = std::max(largest, state.logits[a]);
  }
  node.legal = playable ? playable : legal;
  node.value = node.legal ? state.value : 0;
  float sum = 0;
  for (int a = 0; a < kNumActions; ++a) {
    node.logits[a] = playable ? state.logits[a] - largest : 0;
    node.priors[a] = isLegal(node.legal, a) ? std::exp(node.logits[a]) : 0;
    sum += node.priors[a];
  }
  for (float &p : node.priors)
    p = sum > 0 ? p / sum : 0;
}

/// Q values of all legal actions: the mean returns of visited ones; for the
/// others a mixture of the network's value and what was seen.
GumbelTree::Completed GumbelTree::complete(const Node &node) const {
  Completed c = {};
  float visitedPrior = 0, weighted = 0;
  for (int a = 0; a < kNumActions; ++a) {
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
  for (int a = 0; a < kNumActions; ++a) {
    if (!isLegal(node.legal, a))
      continue;
    if (node.visits[a] == 0)
      c.values[a] = mixed;
    low = std::min(low, c.values[a]);
    high = std::max(high, c.values[a]);
  }
  float scale = (options.visitOffset + static_cast<float>(c.most)) *
                options.valueScale / std::max(high - low, options.minRange);
  for (int a = 0; a < kNumActions; ++a)
    if (isLegal(node.legal, a))
      c.scores[a] = scale * (c.values[a] - low);
  return c;
}

/// The improved policy of a node: softmax of logits and scores.
PerAction GumbelTree::improve(const Node &node,
                              const Completed &completed) const {
  PerAction p = {};
  float largest = -INFINITY, sum = 0;
  for (int a = 0; a < kNumActions; ++a) {
    p[a] = node.logits[a] + completed.scores[a];
    if (isLegal(node.legal, a))
      largest = std::max(largest, p[a]);
  }
  for (int a = 0; a < kNumActions; ++a) {
    p[a] = isLegal(node.legal, a) ? std::exp(p[a] - largest) : 0;
    sum += p[a];
  }
  for (float &x : p)
    x /= sum;
  return p;
}

//===----------------------------------------------------------------------===//
// Simulations
//===----------------------------------------------------------------------===//

void GumbelTree::start(const SearchSettings &settings, const Evaluation &root,
                       ActionMask legal, const PerAction &noise) {
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

int GumbelTree::selectAtRoot() const {
  const Node &root = nodes[0];
  Completed c = complete(root);
  int best = -1;
  float bestScore = 0;
  for (int a = 0; a < kNumActions; ++a) {
    if (!isLegal(root.legal, a) || root.visits[a] != schedule[done])
      continue;
    float score = rootNoise[a] + root.logits[a] + c.scores[a];
    if (best < 0 || score > bestScore) {
      best = a;
      bestScore = score;
    }
  }
  assert(best >= 0 && "the schedule leaves nothing to visit");
  return best;
}

/// The action whose share of the visits is furthest below the improved policy.
int GumbelTree::selectInside(const Node &node) const {
  Completed c = complete(node);
  PerAction p = improve(node, c);
  int best = -1;
  float bestScore = 0;
  for (int a = 0; a < kNumActions; ++a) {
    if (!isLegal(node.legal, a))
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

bool GumbelTree::select() {
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
    pathActions.push_back(static_cast<Action>(a));
    at = node.children[a];
    if (at < 0)
      return true;
  }
}

void GumbelTree::expand(float reward, const Evaluation &state,
                        ActionMask legal) {
  nodes[leafParent()].children[static_cast<int>(pathActions.back())] =
      newNode();
  add(reward, state, legal);
  backUp(nodes.back().value);
}

/// Adds the return from each node of the path on to the node above it.
void GumbelTree::backUp(float value) {
  for (size_t i = pathNodes.size(); i-- > 0;) {
    Node &node = nodes[pathNodes[i]];
    auto a = static_cast<size_t>(pathActions[i]);
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

Action GumbelTree::bestAction() const {
  const Node &root = nodes[0];
  Completed c = complete(root);
  int best = -1;
  float bestScore = 0;
  for (int a = 0; a < kNumActions; ++a) {
    if (!isLegal(root.legal, a) || root.visits[a] != c.most)
      continue;
    float score = rootNoise[a] + root.logits[a] + c.scores[a];
    if (best < 0 || score > bestScore) {
      best = a;
      bestScore = score;
    }
  }
  return static_cast<Action>(best);
}

PerAction GumbelTree::improvedPolicy() const {
  return improve(nodes[0], complete(nodes[0]));
}

float GumbelTree::improvedValue() const {
  Completed c = complete(nodes[0]);
  PerAction p = improve(nodes[0], c);
  float value = 0;
  for (int a = 0; a < kNumActions; ++a)
    value += p[a] * c.values[a];
  return value;
}
