//===- StateBatch.cpp - states of games as rows of numbers ----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StateBatch.h"

#include <cassert>

using namespace mempl;

QuestionTable::Entry &
QuestionTable::of(const std::shared_ptr<const Game> &program) {
  std::unique_ptr<Entry> &entry = entries[program.get()];
  if (!entry)
    entry.reset(new Entry{program, Observer(program)});
  if (entry->firstRow < 0) {
    entry->firstRow = rows;
    rows += program->numNodes();
    inOrder.push_back(entry.get());
  }
  return *entry;
}

int64_t QuestionTable::row(const Game &program, int32_t node) const {
  if (node < 0)
    return 0;
  auto it = entries.find(&program);
  assert(it != entries.end() && "a state of the program comes first");
  return it->second->firstRow + node;
}

void QuestionTable::clear() {
  for (Entry *entry : inOrder)
    entry->firstRow = -1;
  inOrder.clear();
  rows = 1;
}

void StateBatch::add(const GameState &game, QuestionTable &table) {
  QuestionTable::Entry &entry = table.of(game.sharedProgram());
  entry.observer.observe(game, seen);
  auto append = [](std::vector<float> &to, const auto &from) {
    to.insert(to.end(), from.begin(), from.end());
  };
  append(profiles, seen.profile);
  append(nears, seen.near);
  append(scalars, seen.scalars);
  for (int32_t node : seen.nearNodes) {
    nearRows.push_back(node < 0 ? 0 : entry.firstRow + node);
    masks.push_back(node < 0 ? 0 : 1);
  }
  questions.push_back(entry.firstRow + game.decisionNode());
  ++count;
}

void StateBatch::clear() {
  count = 0;
  for (std::vector<float> *list : {&profiles, &nears, &masks, &scalars})
    list->clear();
  nearRows.clear();
  questions.clear();
}
