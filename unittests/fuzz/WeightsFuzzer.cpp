//===- WeightsFuzzer.cpp - arbitrary bytes as weights ---------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Whatever the bytes are: an error of one line, or weights that read back as
// the same after they are written and that a small program can be placed with.
//
//===----------------------------------------------------------------------===//

#include "FuzzUtils.h"

#include "mempl/MuZero/GamePlayer.h"
#include "mempl/Problem/ProblemIO.h"
#include "mempl/Problem/Verifier.h"
#include "mempl/Solvers/LoopPlanning.h"
#include "mempl/Solvers/PolicyDecoder.h"

#include <cmath>

using namespace mempl;
using namespace mempl::fuzz;

static void play(const std::shared_ptr<const Game> &game,
                 const Weights &weights, int32_t head) {
  auto policy = GamePolicy::create(game, weights, head);
  if (!policy) {
    takeError(policy.takeError());
    return;
  }
  GamePlayerOptions options;
  options.search.simulations = 4;
  GamePlayer player(*policy, options);
  for (const PlayedGame &played :
       {player.playByPolicy(), player.playBySearch(/*noise=*/0, /*seed=*/0)})
    require(verify(game->instance(), played.plan).empty() &&
            std::isfinite(played.latency));
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const std::shared_ptr<const Game> game = llvm::cantFail(
      Game::create(llvm::cantFail(parseInstance(kInstance, "i")), {}));
  // Few would guess the first line.
  static const std::string head = [] {
    std::string contents = Weights().contents();
    return contents;
  }();
  llvm::StringRef given = textOf(data, size);
  std::string contents = given.str();
  if (given.consume_front("+"))
    contents = head + given.str();
  auto weights = Weights::parse(contents, "f");
  if (!weights)
    return takeError(weights.takeError());
  require(weights->contents() == contents ||
          Weights::parse(weights->contents(), "f")->contents() ==
              weights->contents());
  auto heads = GamePolicy::numHeads(*weights);
  if (!heads)
    return takeError(heads.takeError());
  for (int32_t i = 0; i < *heads && i < 2; ++i)
    play(game, *weights, i);
  if (!weights->has("policy.linear"))
    return 0;
  auto policy = llvm::cantFail(SegmentPolicy::create(*weights));
  SolverContext unlimited;
  Deadline deadline(unlimited);
  PolicyDecoder decoder(game->index(), {}, policy, /*isFree=*/true, deadline);
  for (int32_t i = 0; i < *heads && i < 2; ++i)
    require(std::isfinite(decoder.decode(headOf(policy, i)).latency));
  return 0;
}
