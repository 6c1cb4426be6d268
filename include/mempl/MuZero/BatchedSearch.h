//===- BatchedSearch.h - search in many games at once --------------*- C++
//-*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Runs the searches of many games on one thread, so that the network sees one
// batch of states where each game by itself would ask for one. A search that is
// finished leaves the batch; its game may move and begin another while the
// others go on. Nothing is locked, no game waits for another.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_MUZERO_BATCHEDSEARCH_H
#define MEMPL_MUZERO_BATCHEDSEARCH_H

#include "mempl/MuZero/Evaluator.h"

#include <optional>

namespace mempl {

/// Where the states below the root come from.
enum class SearchMode : uint8_t {
  /// The game is played in the tree; every state is looked at by the network.
  Exact,
  /// Below the root everything is the network's: latent states, rewards, and
  /// which actions are any good. Questions come up in the program's order.
  Latent,
  /// The game is played in the tree, which gives rewards, legal actions and the
  /// end; policy and value are those of latent states below the root's
  /// children.
  Hybrid
};

/// "exact", "latent" or "hybrid".
llvm::StringRef searchModeName(SearchMode mode);
std::optional<SearchMode> searchModeByName(llvm::StringRef name);

class BatchedSearch {
public:
  /// Room for `numSlots` games with at most `maxSimulations` each. The
  /// evaluator must outlive the search, and be used by nobody else meanwhile.
  BatchedSearch(Evaluator &evaluator, SearchMode mode, int32_t numSlots,
                int32_t maxSimulations);

  int32_t numSlots() const { return static_cast<int32_t>(slots.size()); }

  /// Begins a search in a free slot from the present state of `game`, which
  /// must not be over, and must stay where it is until the search is finished;
  /// it is moved in between, and put back. `noise`: see GameTree::start().
  void begin(int32_t slot, GameState &game, const SearchSettings &settings,
             const PerAction &noise);
  /// Asks the network once for all searches; appends to `finished` the slots of
  /// those that are done. Their trees can be read until the next begin() there.
  /// Returns how many states the network was asked about.
  size_t step(llvm::SmallVectorImpl<int32_t> &finished);
  const GameTree &tree(int32_t slot) const { return slots[slot].tree; }

private:
  struct Slot {
    GameState *game = nullptr;
    SearchSettings settings;
    PerAction noise;
    GameTree tree;
    /// Of each node of the tree: which question it is about, -1 if none is
    /// left. (Latent mode.)
    std::vector<int32_t> questions;
    enum { Free, AtRoot, Searching } state = Free;
    float reward = 0; ///< Of the action that leads to it; not in latent mode.
    ActionMask legal = 0; ///< What may be played there.
    int32_t question = -1;
  };

  bool ask(int32_t slot);
  bool askExact(Slot &slot, int32_t firstRow);
  void askLatent(Slot &slot, int32_t firstRow);

  Evaluator &network;
  SearchMode mode;
  int32_t rowsPerSlot;
  std::vector<Slot> slots;
  std::vector<int32_t> asked;
  std::vector<Evaluator::Answer> answers;
};

} // namespace mempl

#endif // MEMPL_MUZERO_BATCHEDSEARCH_H
