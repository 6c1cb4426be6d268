//===- GameState.cpp - placement as a single-player game -----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Whose turn it is, and how that is taken back. PartialPlan undoes the plan;
// GameMoves has the rules. Time per action: what is near in time, as for the
// plan editor.
//
//===----------------------------------------------------------------------===//

#include "mempl/Game/GameState.h"

#include "GameMoves.h"
#include "Mix.h"

#include <bit>
#include <cassert>

using namespace mempl;

llvm::StringRef mempl::actionName(Action a) {
  switch (a) {
  case Action::NoCopy:
    return "NoCopy";
  case Action::Copy:
    return "Copy";
  case Action::Drop:
    return "Drop";
  }
  return "";
}

static uint64_t hashOfAnswer(int32_t value, Action a) {
  return mix(mix(static_cast<uint64_t>(value) + kMixStart) +
             static_cast<uint64_t>(a));
}

GameState::GameState(std::shared_ptr<const Game> program)
    : shared(std::move(program)), partial(*shared) {
  if (shared->options().moves == MoveSize::Value)
    answers.resize(index().numValues());
  // Forced answers before the first question are never taken back.
  advance();
  partial.commit();
  seconds = partial.latency();
}

//===----------------------------------------------------------------------===//
// Answers
//===----------------------------------------------------------------------===//

void GameState::playItem(Action a) {
  GameMoves(*shared, partial).play(item(), a);
}

/// Answers what has one answer, up to the next question.
void GameState::advance() {
  GameMoves moves(*shared, partial);
  auto n = static_cast<int32_t>(shared->items().size());
  for (; position < n; ++position) {
    if (item().use >= 0 && partial.time().isServed(item().use))
      continue;
    mask = moves.legalActions(item());
    if (mask == maskOf(Action::Drop))
      playItem(Action::Drop);
    else if (!answersLikeBefore())
      return;
  }
  mask = 0;
}

/// Whether an answer to what is asked now is one about all of a value.
bool GameState::asksForValue() const {
  return !answers.empty() && item().use >= 0;
}

/// Notes, or forgets, what was answered about the value that is asked about.
void GameState::answer(std::optional<Action> a) {
  std::optional<Action> &known = answers[item().value];
  for (std::optional<Action> x : {known, a})
    if (x)
      answerHash ^= hashOfAnswer(item().value, *x);
  known = a;
}

/// If a question is about a value that was asked about, as a whole: answers it
/// in the same spirit.
bool GameState::answersLikeBefore() {
  if (!asksForValue() || !answers[item().value])
    return false;
  if (answers[item().value] == Action::Drop) {
    playItem(Action::Drop);
  } else if (isLegal(Action::NoCopy)) {
    playItem(Action::NoCopy);
  } else {
    assert(isLegal(Action::Copy));
    double before = partial.latency();
    PartialPlan::Mark here = partial.mark();
    playItem(Action::Copy);
    if (partial.latency() > before) {
      partial.undo(here);
      playItem(Action::Drop);
    }
  }
  return true;
}

double GameState::apply(Action a) {
  assert(isLegal(a) && "not a legal action");
  frames.push_back({partial.mark(), position, mask, seconds});
  if (asksForValue())
    answer(a);
  playItem(a);
  ++position;
  advance();
  double before = seconds;
  seconds = partial.latency();
  return before - seconds;
}

void GameState::undo() {
  assert(!frames.empty() && "nothing to take back");
  const Frame &frame = frames.back();
  partial.undo(frame.mark);
  position = frame.position;
  mask = frame.mask;
  seconds = frame.seconds;
  if (asksForValue())
    answer(std::nullopt);
  frames.pop_back();
}

Plan GameState::plan() {
  size_t here = frames.size();
  while (!isOver())
    apply(Action::Drop);
  Plan result = planSoFar();
  while (frames.size() > here)
    undo();
  return result;
}

uint64_t GameState::hash() const {
  return mix(partial.hash() ^ answerHash ^
             mix(static_cast<uint64_t>(position) + kMixStart) ^
             mix(std::bit_cast<uint64_t>(seconds)));
}
