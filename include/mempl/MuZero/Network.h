//===- Network.h - the network that plays mallocGame ------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Weights and what is done with them, without LibTorch's headers. A network is
// five parts: the encoder of a program (once per program and weights), the
// encoder of a state, the dynamics (what an action does to a latent state), the
// heads (policy, value, reward, quantiles of the return), and a projector that
// is used in training only.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_MUZERO_NETWORK_H
#define MEMPL_MUZERO_NETWORK_H

#include "mempl/MuZero/Evaluator.h"
#include "mempl/Solvers/Solver.h"

#include "llvm/Support/Error.h"

#include <optional>

namespace mempl {

/// Layer sizes. All but `name` are at least 1.
struct NetworkSize {
  std::string name;
  int32_t channels; ///< Of the convolutions, and of a program's questions.
  int32_t width;    ///< Of a latent state.
  int32_t programBlocks = 6;
  int32_t stateBlocks = 2;
};

/// Size `s` (32 channels, width 128: tests, small machines) or `m` (64, 256).
std::optional<NetworkSize> networkSizeByName(llvm::StringRef name);

/// Quantiles of the return that the network predicts.
inline constexpr int32_t kNumQuantiles = 16;

struct NetworkModules;

/// A set of weights. Copies share them. Reading is thread-safe as long as
/// nobody trains them.
class Network {
public:
  /// Random weights with heads that say nothing: a uniform policy, and 0 for
  /// value and reward.
  static Network create(const NetworkSize &size, uint64_t seed);
  /// What save() wrote; an error that names the file if it is damaged, or of a
  /// newer version.
  static llvm::Expected<Network> load(const std::string &path);
  /// Writes version, size, rules and weights, atomically.
  llvm::Error save(const std::string &path) const;
  /// The same as text of bytes, for sending them elsewhere.
  std::string serialize() const;
  /// `name` stands for the bytes in error messages.
  static llvm::Expected<Network> deserialize(llvm::StringRef bytes,
                                             llvm::StringRef name);
  /// The same weights, independent of these.
  Network clone() const;

  /// Takes the weights of `other`, which is of the same size; not its rules.
  void copyFrom(const Network &other);

  const NetworkSize &size() const;
  /// Of the games that the weights were trained for, and are to play. Kept in
  /// files; in those of version 2 they were always by program and use.
  const GameRules &rules() const;
  void setRules(const GameRules &rules);
  int64_t numWeights() const;
  NetworkModules &modules() const { return *shared; }

private:
  explicit Network(std::shared_ptr<NetworkModules> modules)
      : shared(std::move(modules)) {}
  std::shared_ptr<NetworkModules> shared;
};

/// What acting computes with. Weights are trained in float32; with bfloat16,
/// encoders of states and dynamics use it, heads do not.
enum class Precision : uint8_t { Float32, BFloat16 };

/// Answers a search from a network, on one thread. The weights must not be
/// trained meanwhile.
std::unique_ptr<Evaluator>
makeEvaluator(const Network &network, Precision precision = Precision::Float32);

/// What the network expects of the good plans of a program, before anything is
/// decided.
SearchGuide guideOf(const Network &network, const Game &program);

/// LibTorch on one thread, for this process: parallelism is over games and
/// workers. (With a busy second core, two threads can be 30 times slower.)
void useOneTorchThread();

} // namespace mempl

#endif // MEMPL_MUZERO_NETWORK_H
