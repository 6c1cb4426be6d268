//===- GameNetwork.h - what a player expects of mallocGame ------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Policy and value of a state, in plain C++: a microsecond per action. The
// policy is the order of segments that comes from SegmentPolicy, corrected by
// what the state around a segment has become; the value is of the actions
// together. Per action one hidden layer sees features of the segment, of the
// program, of the state around it and of the whole state; what does not change
// in a game is computed once.
//
//   hidden = relu(segment * W_s + around * W_a + state * W_g + b)
//   logit  = prior * p + relu(hidden * W_1 + b_1) * w_2
//   value  = relu([mean hidden, max hidden, state] * V_1 + c_1) * v_2 + c_2
//
// LibTorch trains the same network (lib/Training/TorchNetwork.h).
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_MUZERO_GAMENETWORK_H
#define MEMPL_MUZERO_GAMENETWORK_H

#include "mempl/Game/GameState.h"
#include "mempl/Solvers/Weights.h"

namespace mempl {

/// What the network is asked about: some actions of a state.
struct GamePosition {
  static constexpr int32_t kNumAround = kNumNodeFeatures;
  static constexpr int32_t kNumState = kNumStateFeatures;

  std::vector<Action> actions;
  /// Per action: the logit of who knows nothing of the state.
  std::vector<float> priors;
  /// Per action: features of the state around it; zeros for Stop.
  std::vector<float> around;
  std::array<float, kNumState> state = {};

  int32_t size() const { return static_cast<int32_t>(actions.size()); }
  llvm::ArrayRef<float> aroundOf(int32_t action) const {
    return llvm::ArrayRef(around).slice(
        static_cast<size_t>(action) * kNumAround, kNumAround);
  }
  void clear() {
    actions.clear();
    priors.clear();
    around.clear();
  }
};

class GameNetwork {
public:
  /// Of all hidden layers.
  static constexpr int32_t kHidden = 32;
  static constexpr int32_t kNumKinds = 1 + Action::kNumKinds;
  /// Features of a segment, of its program, and the kind of the action.
  static constexpr int32_t kSegmentInputs =
      int32_t(SegmentFeatures::kNumColumns) +
      int32_t(SegmentFeatures::kNumContext) + kNumKinds;

  /// An array of the weights, by its name in their file.
  struct Array {
    enum Id : int32_t {
      Segment,
      Around,
      State,
      Bias,
      Prior,
      Policy,
      PolicyBias,
      PolicyOut,
      ValueHidden,
      ValueState,
      ValueBias,
      ValueOut,
      ValueOutBias,
      ValueError,
      kCount
    };
    const char *name;
    int64_t rows, columns; ///< Inputs and outputs; one row for vectors.
  };
  static llvm::ArrayRef<Array> arrays();

  /// One that has learned nothing: the policy is the prior, values are 0.
  GameNetwork();
  /// The same with hidden layers that learning can begin with.
  static GameNetwork random(uint64_t seed);
  /// That of the weights, or one that has learned nothing, if they have none.
  static llvm::Expected<GameNetwork> create(const Weights &weights);
  /// Adds the arrays to weights.
  void addTo(Weights &weights) const;

  /// Whether it has learned something.
  bool isTrained() const { return trained; }
  /// How far values are off, in their mean over what was learned last.
  float valueError() const { return data[Array::ValueError][0]; }
  llvm::ArrayRef<float> array(Array::Id id) const { return data[id]; }
  void setArray(Array::Id id, std::vector<float> numbers);

  /// What does not change in a game: the first layer of every segment.
  std::vector<float> prepare(const SegmentFeatures &features) const;
  /// Logits of the actions; returns the value: what is still to be gained, in
  /// units of Game::scale(). `prepared` is what prepare() gave.
  float evaluate(const SegmentFeatures &features,
                 llvm::ArrayRef<float> prepared, const GamePosition &position,
                 llvm::MutableArrayRef<float> logits) const;

private:
  std::array<std::vector<float>, Array::kCount> data;
  bool trained = false;
};

} // namespace mempl

#endif // MEMPL_MUZERO_GAMENETWORK_H
