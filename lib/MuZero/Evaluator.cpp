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

Evaluator::~Evaluator() = default;

void PlainEvaluator::addState(MallocGame &game, int32_t) {
  Answer &answer = pending.emplace_back();
  if (!playsOut)
    return;
  double here = game.latency();
  int32_t applied = game.numApplied();
  double reached = playGreedily(game).latency;
  while (game.numApplied() > applied)
    game.undo();
  answer.state.value =
      static_cast<float>((here - reached) / game.program().scale());
}

void PlainEvaluator::addAction(const GameProgram &, int32_t, Action, int32_t,
                               int32_t) {
  llvm_unreachable("without a network there are no latent states");
}

void PlainEvaluator::run(std::vector<Answer> &answers) {
  answers.swap(pending);
  pending.clear();
}
