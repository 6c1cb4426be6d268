//===- OpenNodes.h - segments that may still be placed ----------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A list in the order of a policy, from which nodes are closed and, in the
// reverse order, opened again, each in a few instructions (Knuth's dancing
// links).
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_MUZERO_OPENNODES_H
#define MEMPL_LIB_MUZERO_OPENNODES_H

#include "llvm/ADT/ArrayRef.h"

#include <vector>

namespace mempl {

class OpenNodes {
public:
  explicit OpenNodes(int32_t numNodes) : places(numNodes, -1) {}

  /// All of `order` are open, and no other nodes ever are. `order` has the same
  /// nodes every time.
  void begin(std::vector<int32_t> order) {
    nodes = std::move(order);
    for (auto [place, node] : llvm::enumerate(nodes))
      places[node] = static_cast<int32_t>(place);
    openAll();
  }

  /// Opens all; what was closed before cannot be opened again by undo().
  void openAll() {
    auto count = static_cast<int32_t>(nodes.size());
    next.resize(nodes.size() + 1);
    previous.resize(nodes.size() + 1);
    isClosed.assign(nodes.size(), false);
    for (int32_t place = 0; place <= count; ++place) {
      next[place] = place == count ? 0 : place + 1;
      previous[place] = place == 0 ? count : place - 1;
    }
    closed.clear();
  }

  // Places in the list; end() is behind the last.
  int32_t first() const { return next[end()]; }
  int32_t end() const { return static_cast<int32_t>(nodes.size()); }
  int32_t after(int32_t place) const { return next[place]; }
  int32_t node(int32_t place) const { return nodes[place]; }

  bool isOpen(int32_t node) const {
    return places[node] >= 0 && !isClosed[places[node]];
  }
  /// Does nothing if it is closed, or never open.
  void close(int32_t node) {
    int32_t place = places[node];
    if (place < 0 || isClosed[place])
      return;
    isClosed[place] = true;
    next[previous[place]] = next[place];
    previous[next[place]] = previous[place];
    closed.push_back(place);
  }
  size_t mark() const { return closed.size(); }
  /// Opens what was closed since mark() returned `mark`.
  void undo(size_t mark) {
    for (; closed.size() > mark; closed.pop_back()) {
      int32_t place = closed.back();
      next[previous[place]] = place;
      previous[next[place]] = place;
      isClosed[place] = false;
    }
  }

private:
  std::vector<int32_t> nodes, places, next, previous, closed;
  std::vector<bool> isClosed;
};

} // namespace mempl

#endif // MEMPL_LIB_MUZERO_OPENNODES_H
