//===- WindowSearch.h - plays windows of a game anew ------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Large neighbourhood search (Shaw, 1998) over the actions of a game: take the
// game back to some decision, play the next few as the network's policy says,
// with some noise, and after that go on as before wherever that is legal. What
// is better is kept, and what is a little worse now and then (simulated
// annealing). A trial costs a question per decision in the window, and not per
// decision of the game.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_MUZERO_WINDOWSEARCH_H
#define MEMPL_MUZERO_WINDOWSEARCH_H

#include "mempl/MuZero/Evaluator.h"
#include "mempl/Support/Random.h"

#include <functional>
#include <vector>

namespace mempl {

struct WindowSearchOptions {
  int32_t chains = 16;   ///< Games at once, at least 1.
  int32_t shortest = 4;  ///< Decisions in a window, at least 1.
  int32_t longest = 100; ///< At most; not less than `shortest`.
  float noise = 0.3f;    ///< Factor on the Gumbel noise of the policy.
  double hot = 3e-3;     ///< First temperature, in units of the latency.
  double cold = 1e-6;    ///< Last temperature, the same; > 0.
};

/// Improves games of one program. Deterministic for a seed, if `share` is.
class WindowSearch {
public:
  /// The evaluator must outlive this. `game` is over; every chain begins as a
  /// copy of it. `stop` is asked often, as playing a long game takes a while;
  /// when it says so, what is under way is left as it is, and the search with
  /// it.
  WindowSearch(Evaluator &evaluator, const GameState &game,
               llvm::ArrayRef<Action> actions,
               const WindowSearchOptions &options, uint64_t seed,
               std::function<bool()> stop = {});

  /// Asks the network once, for all chains. `share`, in [0, 1], is how much of
  /// the search is over, and sets the temperature. `finished` is told of each
  /// game at its end.
  void step(double share, const std::function<void(GameState &)> &finished);

  int64_t numQuestions() const { return questions; }
  int64_t numTrials() const { return trials; }

private:
  struct Chain {
    std::unique_ptr<GameState> game;
    std::vector<Action> wanted; // Per node of the program.
    std::vector<int32_t> asked; // Nodes asked, in the order of the kept game.
    std::vector<int32_t> path;  // Nodes asked in the game as it stands.
    std::vector<Action> played; // The actions there.
    double latency = 0;         // Of the kept game.
    int32_t same = 0;           // So many actions are those of the kept game.
    int32_t end = 0;            // The window ends before this decision.
  };
  bool stops();
  void begin(Chain &chain);
  void apply(Chain &chain, Action a);
  void goBack(Chain &chain, int32_t to);
  Action follow(const Chain &chain) const;
  void finish(Chain &chain, double share,
              const std::function<void(GameState &)> &finished);

  Evaluator &network;
  WindowSearchOptions options;
  uint64_t seed;
  Random random;
  std::function<bool()> stop;
  uint32_t asks = 0; ///< Of stops().
  bool isStopped = false;
  std::vector<Chain> chains;
  std::vector<Evaluator::Answer> answers;
  int64_t questions = 0, trials = 0;
};

} // namespace mempl

#endif // MEMPL_MUZERO_WINDOWSEARCH_H
