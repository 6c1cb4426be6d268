//===- Evaluator.cpp - stand-ins for a network ----------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tree search without a network: the yardstick that a network has to beat.
//
//===----------------------------------------------------------------------===//

#include "mempl/MuZero/Evaluator.h"

#include "mempl/Game/Episodes.h"

#include "llvm/Support/ErrorHandling.h"

using namespace mempl;

template class mempl::GumbelTree<kNumActions>;

Evaluator::~Evaluator() = default;

void PlainEvaluator::addState(GameState &game, int32_t) {
  Answer &answer = pending.emplace_back();
  if (greedyLogit != 0)
    answer.state.logits[static_cast<size_t>(greedyAction(game))] = greedyLogit;
  if (!playsOut)
    return;
  double here = game.latency();
  int32_t applied = game.numApplied();
  double end = playGreedily(game).latency;
  if (reached)
    reached(game, game.numApplied() - applied);
  while (game.numApplied() > applied)
    game.undo();
  answer.state.value =
      static_cast<float>((here - end) / game.program().scale());
}

void PlainEvaluator::addAction(const Game &, int32_t, Action, int32_t,
                               int32_t) {
  llvm_unreachable("without a network there are no latent states");
}

void PlainEvaluator::run(std::vector<Answer> &answers) {
  answers.swap(pending);
  pending.clear();
}
