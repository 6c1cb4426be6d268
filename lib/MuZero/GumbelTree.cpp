//===- GumbelTree.cpp - Gumbel MuZero search in one tree ------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What is the same for any number of actions.
//
//===----------------------------------------------------------------------===//

#include "mempl/MuZero/GumbelTree.h"

#include "mempl/Support/Random.h"

#include "llvm/Support/MathExtras.h"

using namespace mempl;

std::vector<int32_t> mempl::halvingSchedule(int32_t candidates,
                                            int32_t simulations) {
  assert(candidates >= 1 && simulations >= 0);
  std::vector<int32_t> schedule;
  if (candidates == 1) {
    for (int32_t i = 0; i < simulations; ++i)
      schedule.push_back(i);
    return schedule;
  }
  auto phases = static_cast<int32_t>(
      llvm::Log2_32_Ceil(static_cast<uint32_t>(candidates)));
  std::vector<int32_t> visits(candidates, 0);
  auto left = static_cast<size_t>(candidates);
  auto most = static_cast<size_t>(simulations);
  while (schedule.size() < most) {
    size_t rounds = std::max<size_t>(1, most / (phases * left));
    for (size_t i = 0; i < rounds; ++i)
      for (size_t k = 0; k < left; ++k)
        schedule.push_back(visits[k]++);
    left = std::max<size_t>(2, left / 2);
  }
  schedule.resize(most);
  return schedule;
}

void mempl::fillGumbelNoise(uint64_t seed, uint64_t game, uint64_t move,
                            llvm::MutableArrayRef<float> noise) {
  Random mixed(seed, "gumbel noise");
  Random perGame(mixed.next() ^ game, "game");
  Random perMove(perGame.next() ^ move, "move");
  for (float &g : noise) {
    // In (0, 1): neither logarithm is infinite.
    double u = (static_cast<double>(perMove.next() >> 11) + 0.5) * 0x1p-53;
    g = static_cast<float>(-std::log(-std::log(u)));
  }
}
