//===- BatchedSearch.cpp - search in many games at once
//----------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The three modes. In those that play the game, every simulation plays it from
// the root to the new state and takes that back: an action costs about a
// microsecond, and paths are short. Row r of a slot holds the latent of node r
// of its tree.
//
//===----------------------------------------------------------------------===//

#include "mempl/MuZero/BatchedSearch.h"

#include "llvm/ADT/StringSwitch.h"

#include <cassert>

using namespace mempl;

llvm::StringRef mempl::searchModeName(SearchMode mode) {
  switch (mode) {
  case SearchMode::Exact:
    return "exact";
  case SearchMode::Latent:
    return "latent";
  case SearchMode::Hybrid:
    return "hybrid";
  }
  return "";
}

std::optional<SearchMode> mempl::searchModeByName(llvm::StringRef name) {
  return llvm::StringSwitch<std::optional<SearchMode>>(name)
      .Case("exact", SearchMode::Exact)
      .Case("latent", SearchMode::Latent)
      .Case("hybrid", SearchMode::Hybrid)
      .Default(std::nullopt);
}

BatchedSearch::BatchedSearch(Evaluator &evaluator, SearchMode mode,
                             int32_t numSlots, int32_t maxSimulations)
    : network(evaluator), mode(mode), rowsPerSlot(maxSimulations + 1),
      slots(numSlots) {
  network.reserveRows(numSlots * rowsPerSlot);
}

void BatchedSearch::begin(int32_t index, GameState &game,
                          const SearchSettings &settings,
                          const PerAction &noise) {
  Slot &slot = slots[index];
  assert(slot.state == Slot::Free && !game.isOver());
  assert(settings.simulations < rowsPerSlot);
  slot.game = &game;
  slot.settings = settings;
  slot.noise = noise;
  slot.state = Slot::AtRoot;
}

/// Asks about what the open path of `slot` leads to. False if the game is over
/// there: then nothing needs to be asked.
bool BatchedSearch::askExact(Slot &slot, int32_t firstRow) {
  GameState &game = *slot.game;
  llvm::ArrayRef<int> path = slot.tree.path();
  double reward = 0;
  for (int a : path)
    reward = game.apply(static_cast<Action>(a));
  slot.reward = static_cast<float>(reward / game.program().scale());
  slot.legal = game.legalActions();
  if (slot.legal != 0) {
    int32_t row = firstRow + slot.tree.newNode();
    if (mode == SearchMode::Hybrid && path.size() > 1)
      network.addAction(game.program(), firstRow + slot.tree.leafParent(),
                        static_cast<Action>(path.back()), game.decisionNode(),
                        row);
    else
      network.addState(game, row);
  }
  for (size_t i = 0; i < path.size(); ++i)
    game.undo();
  return slot.legal != 0;
}

void BatchedSearch::askLatent(Slot &slot, int32_t firstRow) {
  int32_t parent = slot.tree.leafParent();
  int32_t from = slot.questions[parent];
  slot.question = from < 0 ? -1 : slot.game->program().nodeAfter(from);
  // The network says which of them are any good.
  slot.legal = slot.question < 0 ? 0 : (1 << kNumActions) - 1;
  network.addAction(slot.game->program(), firstRow + parent,
                    static_cast<Action>(slot.tree.path().back()), slot.question,
                    firstRow + slot.tree.newNode());
}

/// Goes on with a search until it has to ask the network. False if it is done.
bool BatchedSearch::ask(int32_t index) {
  Slot &slot = slots[index];
  int32_t firstRow = index * rowsPerSlot;
  if (slot.state == Slot::AtRoot) {
    network.addState(*slot.game, firstRow);
    return true;
  }
  while (!slot.tree.isDone()) {
    if (!slot.tree.select())
      continue;
    if (mode == SearchMode::Latent) {
      askLatent(slot, firstRow);
      return true;
    }
    if (askExact(slot, firstRow))
      return true;
    slot.tree.expand(slot.reward, Prediction(), 0);
  }
  return false;
}

size_t BatchedSearch::step(llvm::SmallVectorImpl<int32_t> &finished) {
  asked.clear();
  for (int32_t i = 0; i < numSlots(); ++i) {
    if (slots[i].state == Slot::Free)
      continue;
    if (ask(i)) {
      asked.push_back(i);
      continue;
    }
    slots[i].state = Slot::Free;
    finished.push_back(i);
  }
  if (asked.empty())
    return 0;
  network.run(answers);
  assert(answers.size() == asked.size());
  for (size_t k = 0; k < asked.size(); ++k) {
    Slot &slot = slots[asked[k]];
    const Evaluator::Answer &answer = answers[k];
    if (slot.state == Slot::AtRoot) {
      slot.tree.start(slot.settings, answer.state, slot.game->legalActions(),
                      slot.noise);
      slot.questions.assign(1, slot.game->decisionNode());
      slot.state = Slot::Searching;
      continue;
    }
    bool isLatent = mode == SearchMode::Latent;
    if (isLatent)
      slot.questions.push_back(slot.question);
    slot.tree.expand(isLatent ? answer.reward : slot.reward, answer.state,
                     slot.legal);
  }
  return asked.size();
}
