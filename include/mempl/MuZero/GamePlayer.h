//===- GamePlayer.h - plays mallocGame by a policy or by search -*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The order of segments that SegmentPolicy gives is the prior of the player.
// Legal actions are as many as there are segments, so in each state it looks at
// candidates: the first of the order that are still open, and few actions of
// other kinds. Greedy play takes the best one; search compares them in a
// Gumbel tree on states of the game itself, each action played and taken back.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_MUZERO_GAMEPLAYER_H
#define MEMPL_MUZERO_GAMEPLAYER_H

#include "mempl/Game/PlanReplay.h"
#include "mempl/MuZero/GameNetwork.h"
#include "mempl/MuZero/GumbelTree.h"

#include "llvm/ADT/DenseSet.h"

namespace mempl {

/// What a player brings to all games of a program. Immutable, shared by
/// threads.
class GamePolicy {
public:
  /// A policy with one of the heads of the SegmentPolicy in `weights`, and
  /// their network, if it is wanted. Without the first, segments go by what
  /// they save per byte and second. An error if arrays of the weights have
  /// wrong shapes.
  static llvm::Expected<std::shared_ptr<const GamePolicy>>
  create(std::shared_ptr<const Game> game, const Weights &weights, int32_t head,
         bool withNetwork = true);
  /// One with such priorities of the nodes, and no network.
  static std::shared_ptr<const GamePolicy>
  create(std::shared_ptr<const Game> game, llvm::ArrayRef<double> priorities);
  /// The number of heads; at least 1.
  static llvm::Expected<int32_t> numHeads(const Weights &weights);

  const std::shared_ptr<const Game> &game() const { return shared; }
  const GameNetwork &network() const { return net; }
  /// Logits of all nodes that gain something: larger is earlier.
  llvm::ArrayRef<float> priors() const { return logits; }
  /// Those nodes, the first one first.
  llvm::ArrayRef<int32_t> order() const { return nodes; }
  /// Logits of a position; returns its value.
  float evaluate(const GamePosition &position,
                 llvm::MutableArrayRef<float> out) const {
    return net.evaluate(shared->features(), prepared, position, out);
  }

private:
  GamePolicy(std::shared_ptr<const Game> game, GameNetwork network)
      : shared(std::move(game)), net(std::move(network)) {}
  void setPriorities(llvm::ArrayRef<double> priorities);

  std::shared_ptr<const Game> shared;
  GameNetwork net;
  std::vector<float> logits, prepared;
  std::vector<int32_t> nodes;
};

/// One state, for learning.
struct GameSample {
  GamePosition position;
  std::vector<float> policy; ///< To learn, per action; adds up to 1.
  float value = 0; ///< What was gained from there on, in units of scale().
};

/// A game that is over.
struct PlayedGame {
  std::vector<Action> actions; ///< The last one is Stop.
  Plan plan;                   ///< Valid.
  double latency = 0;          ///< Of the plan, seconds.
  /// States of it, evenly spread.
  std::vector<GameSample> samples;
};

struct GamePlayerOptions {
  /// Segments that are looked at in a state, 1 to kMostCandidates; there are up
  /// to 8 other actions.
  int32_t candidates = 16;
  static constexpr int32_t kMostCandidates = 24;
  SearchSettings search;
  /// States of a game that are kept for learning, at most.
  int32_t samples = 64;
};

/// Plays games of one program, one after the other. One thread at a time.
class GamePlayer {
public:
  using Tree = GumbelTree<32>;

  GamePlayer(std::shared_ptr<const GamePolicy> policy,
             const GamePlayerOptions &options,
             std::function<bool()> cancelled = {});
  ~GamePlayer();

  const GamePolicy &policy() const { return *shared; }

  /// Plays by the policy alone. `noise`, for each node, is added to its logits
  /// all through the game; empty for the best play.
  PlayedGame playByPolicy(llvm::ArrayRef<float> noise = {});
  /// The latency that play by the policy comes to before Stop, seconds: what it
  /// costs to find offsets is saved.
  double profileByPolicy();
  /// Plays by search. `noise` scales the noise at roots.
  PlayedGame playBySearch(float noise, uint64_t seed);
  /// Plays what leads to the plan of a replay, in the order of the policy. To
  /// be learned is the prior without what does not lead there.
  PlayedGame imitate(const Replay &replay);

  /// Actions that were tried so far, over all games: units of budget.
  int64_t numTried() const { return tried; }

private:
  class OpenNodes;

  bool isCancelled();
  std::optional<double> tryApply(Action a);
  void close(int32_t node);
  void begin(llvm::ArrayRef<float> added = {});
  float priorOf(int32_t node) const {
    return shared->priors()[node] +
           (addedToPriors.empty() ? 0 : addedToPriors[node]);
  }
  PlayedGame finish();
  void keepSample(const GamePosition &position, llvm::ArrayRef<float> policy);
  std::optional<double> rewardOf(Action a);
  void look(bool isRoot);
  void addNodes(bool isRoot);
  void addAction(Action a, float prior);
  void addOthers(bool isRoot);
  void decode();
  void decodeInOrder();
  void decodeByNetwork();
  bool playIfUseful(Action a);
  Action search(float noise, uint64_t seed, uint64_t move);
  Tree::Prediction predict(Tree::Actions &legal);
  void simulate();

  std::shared_ptr<const GamePolicy> shared;
  GamePlayerOptions options;
  std::function<bool()> cancelled;
  GameState state;
  std::unique_ptr<OpenNodes> open;
  llvm::ArrayRef<float> addedToPriors; ///< In this game, or nothing.
  GamePosition position;               ///< What look() has found.
  Tree tree;
  std::vector<std::vector<Action>> treeActions; ///< Of the nodes of the tree.
  llvm::DenseSet<int32_t> takenOut;             ///< Nodes, in this game.
  PlayedGame played;
  std::vector<double> sampleLatencies; ///< Of the states of played.samples.
  int32_t sampleEvery = 1, untilSample = 0;
  bool seesFeatures = false;
  int64_t tried = 0, askAt = 0;
};

} // namespace mempl

#endif // MEMPL_MUZERO_GAMEPLAYER_H
