//===- StateTensors.h - states of games as tensors --------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a network takes: the encoded questions of programs, and batches of
// states.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_MUZERO_STATETENSORS_H
#define MEMPL_LIB_MUZERO_STATETENSORS_H

#include "NetworkModules.h"
#include "StateBatch.h"

namespace mempl {

/// Views of lists; they must outlive the tensors.
torch::Tensor tensorOf(std::vector<float> &list, at::IntArrayRef shape);
torch::Tensor tensorOf(std::vector<int64_t> &list, at::IntArrayRef shape);

/// Game::features() as a tensor, a view of them.
torch::Tensor featuresOf(const Game &program);

/// The questions of a table, encoded by a network.
class EncodedQuestions {
public:
  explicit EncodedQuestions(NetworkModules &modules) : modules(modules) {}

  /// The rows of the table, [1 + questions, C], the first of them zeros;
  /// encodes what is new. Gradients flow unless they are switched off.
  const torch::Tensor &of(const QuestionTable &table);
  /// Forgets everything: for new weights, and after QuestionTable::clear().
  void clear();

private:
  NetworkModules &modules;
  std::vector<torch::Tensor> parts; // Of each program in use.
  torch::Tensor all;
};

/// The states of a batch, which is empty afterwards, given its questions.
StateInput takeStates(StateBatch &batch, const torch::Tensor &encoded);

} // namespace mempl

#endif // MEMPL_LIB_MUZERO_STATETENSORS_H
