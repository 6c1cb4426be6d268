//===- ReplayBuffer.h - games to learn from ---------------------------*- C++
//-*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Games that were played, as their actions; what was seen is rebuilt by playing
// them again. Two places per program: a window of recent games, and an archive
// of the best distinct ones ever seen, wherever they came from (elites), which
// are imitated. Positions are drawn by priority (Schaul et al., 2016).
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_MUZERO_REPLAYBUFFER_H
#define MEMPL_MUZERO_REPLAYBUFFER_H

#include "mempl/Game/GameState.h"
#include "mempl/Support/Random.h"

#include <deque>

namespace mempl {

/// One game, from the first state to the end.
struct Trajectory {
  /// Which program, by the numbers that the user of the replay gives them.
  int32_t program = 0;
  std::vector<Action> actions;
  /// Per action: its reward, in units of Game::scale().
  std::vector<float> rewards;
  /// Per action: the policy to learn there; all zeros: none.
  std::vector<PerAction> policies;
  /// Per action: the value of the state before it, as the search had it; empty
  /// where there was no search.
  std::vector<float> values;
  double latency = 0; ///< Seconds; of the plan.
  /// Game::slowLatency() - latency, in units of scale().
  float totalReturn = 0;
  int64_t weightsVersion = 0; ///< Of the network that played; -1: none did.

  int32_t length() const { return static_cast<int32_t>(actions.size()); }
};

/// The trajectory of actions that come from elsewhere, with the policies that
/// choose them; `smoothing` of the probability goes to the other legal actions.
/// The game must be in its first state; it is played to the end.
Trajectory trajectoryOf(GameState &game, llvm::ArrayRef<Action> actions,
                        int32_t program, float smoothing = 0.02f);

/// Sums over a growing array, for drawing indices by weight.
class PriorityTree {
public:
  /// Sets the weight of an index, not negative; grows as needed.
  void set(size_t index, double weight);
  double weight(size_t index) const;
  double total() const { return nodes.empty() ? 0 : nodes[1]; }
  /// The index at `point` of the weights laid out one after the other;
  /// 0 <= point < total().
  size_t find(double point) const;

private:
  size_t leaves = 0;
  std::vector<double> nodes; // 1 is the root; leaf i is leaves + i.
};

struct ReplayBufferOptions {
  int64_t maxMoves = 2000000; ///< Of recent games, together.
  int32_t elites = 8;         ///< Per program.
  /// Probability that a game is drawn from the elites, once there are any.
  double eliteShare = 0.5;
  double alpha = 0.6; ///< Exponent of priorities.
};

class ReplayBuffer {
public:
  explicit ReplayBuffer(const ReplayBufferOptions &options)
      : options(options) {}

  /// Adds a game to the recent ones (unless `onlyElite`), and to the elites of
  /// its program if it is good enough. New positions have the largest priority.
  void add(Trajectory game, bool onlyElite = false);

  struct Choice {
    std::shared_ptr<const Trajectory> game;
    /// Ascending positions; fewer than asked for in short games.
    llvm::SmallVector<int32_t, 32> positions;
    /// Importance weight per position, at most 1 in a batch.
    llvm::SmallVector<float, 32> weights;
    bool isElite = false;
    uint64_t id = 0; ///< For setPriorities(), of recent games.
  };
  /// Draws a game and positions in it. There must be one.
  Choice draw(Random &random, int32_t positions, double beta) const;
  /// New priorities (absolute errors of values) for drawn positions; ignored
  /// if the game is gone, or an elite.
  void setPriorities(const Choice &choice, llvm::ArrayRef<float> errors);

  bool empty() const { return numRecent() == 0 && archive.empty(); }
  int64_t numMoves() const { return moves; }
  int64_t numRecent() const {
    return static_cast<int64_t>(entries.size() - numForgotten);
  }
  /// The elites of a program, the best first.
  llvm::ArrayRef<std::shared_ptr<const Trajectory>>
  elites(int32_t program) const;
  /// All recent games, the oldest first.
  std::vector<std::shared_ptr<const Trajectory>> recent() const;
  /// The priorities of all recent games, one after the other, and the largest
  /// ever: what add() does not restore.
  std::vector<float> priorities() const;
  /// What priorities() gave, of a replay with the same recent games; others are
  /// ignored.
  void restorePriorities(llvm::ArrayRef<float> values);

private:
  struct Entry {
    std::shared_ptr<const Trajectory> game;
    std::vector<float> priorities;
  };
  void addElite(std::shared_ptr<const Trajectory> game);
  void weigh(size_t index);
  void forgetOldest();

  ReplayBufferOptions options;
  // The game with the number `id` is entry id - firstId; those before
  // `numForgotten` are empty, until there are enough of them to be removed.
  std::deque<Entry> entries;
  size_t numForgotten = 0;
  uint64_t firstId = 0;
  PriorityTree weights; // Per entry: the sum of its priorities.
  std::vector<std::vector<std::shared_ptr<const Trajectory>>> archive;
  int64_t moves = 0;
  float largest = 1;
};

} // namespace mempl

#endif // MEMPL_MUZERO_REPLAYBUFFER_H
