//===- Learner.cpp - training of the network ------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Steps of the optimiser: targets (Targets.h), predictions along each row, the
// sum of the losses (Losses.h). Random numbers are keyed by the step, so that
// training goes on as it would have.
//
//===----------------------------------------------------------------------===//

#include "mempl/MuZero/Learner.h"

#include "Losses.h"
#include "StateTensors.h"
#include "Targets.h"

#include "mempl/Support/FileIO.h"

#include <cmath>
#include <numbers>
#include <sstream>

using namespace mempl;

namespace {

// LibTorch 2.4 gave these functions other names.
#if TORCH_VERSION_MAJOR > 2 ||                                                 \
    (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
void setAutocast(bool isOn) {
  at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
  at::autocast::set_autocast_enabled(at::kCPU, isOn);
}
#else
void setAutocast(bool isOn) {
  at::autocast::set_autocast_cpu_dtype(at::kBFloat16);
  at::autocast::set_cpu_enabled(isOn);
}
#endif

/// Matrix products in bfloat16, if asked for, until it goes.
class AutocastScope {
public:
  explicit AutocastScope(bool isOn) { setAutocast(isOn); }
  ~AutocastScope() {
    at::autocast::clear_cache();
    setAutocast(false);
  }
  AutocastScope(const AutocastScope &) = delete;
  AutocastScope &operator=(const AutocastScope &) = delete;
};

/// The weighted sum of the parts of a loss.
class LossSum {
public:
  explicit LossSum(const torch::Tensor &rowWeights)
      : total(torch::zeros({})), rowWeights(rowWeights) {}

  /// A part that is a number, which becomes `figure`.
  void add(const torch::Tensor &part, double weight, double &figure) {
    figure += part.item<double>();
    total = total + part * weight;
  }
  /// A part with a number for each row.
  void addRows(const torch::Tensor &rows, double weight, double &figure) {
    add((rows * rowWeights).sum() / static_cast<double>(rowWeights.size(0)),
        weight, figure);
  }

  torch::Tensor total;

private:
  torch::Tensor rowWeights;
};

/// Targets as tensors, views of them.
struct TargetTensors {
  explicit TargetTensors(Targets &t)
      : rows(t.rows), steps(t.steps), weights(tensorOf(t.weights, {rows})),
        policies(tensorOf(t.policies, {rows, steps, kNumActions})),
        mayPlay(tensorOf(t.mayPlay, {rows, steps, kNumActions})),
        hasPolicy(tensorOf(t.hasPolicy, {rows, steps})),
        returns(tensorOf(t.returns, {rows, steps})),
        actions(tensorOf(t.actions, {rows, steps - 1})),
        questions(tensorOf(t.questions, {rows, steps - 1})),
        values(twoHotRows(t.values, kValueSupport, clipped)
                   .view({rows, steps, -1})),
        rewards(twoHotRows(t.rewards, kRewardSupport, clipped)
                    .view({rows, steps, -1})) {}

  int64_t rows, steps;
  int64_t clipped = 0; ///< Of values and rewards, those off the support.
  torch::Tensor weights, policies, mayPlay, hasPolicy, returns, actions,
      questions;
  torch::Tensor values, rewards; ///< Two-hot.
};

} // namespace

struct Learner::Impl {
  Impl(Network net, const LearnerOptions &options, uint64_t seed)
      : network(std::move(net)), options(options), seed(seed),
        encoded(network.modules()), builder(this->options, table),
        optimiser(network.modules().parameters(),
                  torch::optim::AdamWOptions(options.learningRate)
                      .weight_decay(options.weightDecay)) {}

  torch::Tensor lossOf(Targets &targets, LearnerLoss &loss,
                       std::vector<float> &errors);
  torch::Tensor predict(const TargetTensors &t, int64_t k,
                        const torch::Tensor &latent);
  void addStep(const TargetTensors &t, int64_t k, const torch::Tensor &heads,
               LossSum &sum, LearnerLoss &loss) const;
  void addConsistency(Targets &targets, const TargetTensors &t,
                      const std::vector<torch::Tensor> &latents, LossSum &sum,
                      LearnerLoss &loss);
  void addPlacement(Targets &targets, LossSum &sum, LearnerLoss &loss);
  void setLearningRate();
  void forgetPrograms() {
    table.clear();
    encoded.clear();
  }

  Network network;
  LearnerOptions options;
  uint64_t seed;
  QuestionTable table;
  EncodedQuestions encoded;
  TargetBuilder builder;
  torch::optim::AdamW optimiser;
  int64_t steps = 0;
};

void LearnerLoss::add(const LearnerLoss &other, double factor) {
  for (const LossTerm &term : kLossTerms)
    this->*term.value += other.*term.value * factor;
  for (double LearnerLoss::*figure :
       {&LearnerLoss::gradientNorm, &LearnerLoss::valueError,
        &LearnerLoss::clippedTargets})
    this->*figure += other.*figure * factor;
}

//===----------------------------------------------------------------------===//
// Loss
//===----------------------------------------------------------------------===//

/// The latent states of each row after `k` actions, predicted from those before
/// the last one. Gradients are halved at each step.
torch::Tensor Learner::Impl::predict(const TargetTensors &t, int64_t k,
                                     const torch::Tensor &latent) {
  torch::Tensor halved = latent * 0.5 + latent.detach() * 0.5;
  torch::Tensor action = torch::one_hot(t.actions.select(1, k - 1), kNumActions)
                             .to(torch::kFloat32);
  torch::Tensor asked = encoded.of(table).index_select(
      0, t.questions.select(1, k - 1).contiguous());
  return network.modules().dynamics(halved, action, asked);
}

/// What is said of the states after `k` actions.
void Learner::Impl::addStep(const TargetTensors &t, int64_t k,
                            const torch::Tensor &heads, LossSum &sum,
                            LearnerLoss &loss) const {
  double share = k == 0 ? 1 : 1.0 / static_cast<double>(t.steps - 1);
  sum.addRows(policyLoss(heads, t.policies.select(1, k), t.mayPlay.select(1, k),
                         t.hasPolicy.select(1, k)),
              share, loss.policy);
  sum.addRows(valueLoss(heads, t.values.select(1, k)),
              share * options.valueWeight, loss.value);
  if (k > 0)
    sum.addRows(rewardLoss(heads, t.rewards.select(1, k)),
                share * options.rewardWeight, loss.reward);
  sum.addRows(quantileLoss(heads, t.returns.select(1, k)),
              share * options.quantileWeight, loss.quantiles);
}

void Learner::Impl::addConsistency(Targets &targets, const TargetTensors &t,
                                   const std::vector<torch::Tensor> &latents,
                                   LossSum &sum, LearnerLoss &loss) {
  if (targets.laterRows.empty())
    return;
  auto count = static_cast<int64_t>(targets.laterRows.size());
  torch::Tensor rows = tensorOf(targets.laterRows, {count}).clone();
  torch::Tensor steps = tensorOf(targets.laterSteps, {count}).clone();
  torch::Tensor predicted = torch::stack(latents).index({steps, rows});
  StateInput seen = takeStates(targets.later, encoded.of(table).detach());
  sum.add(consistencyLoss(network.modules(), predicted, seen,
                          t.weights.index_select(0, rows), t.rows),
          options.consistencyWeight, loss.consistency);
}

void Learner::Impl::addPlacement(Targets &targets, LossSum &sum,
                                 LearnerLoss &loss) {
  if (targets.placed.empty())
    return;
  auto count = static_cast<int64_t>(targets.placed.size());
  torch::Tensor questions = encoded.of(table).index_select(
      0, tensorOf(targets.placedQuestions, {count}));
  sum.add(placementLoss(network.modules(), questions,
                        tensorOf(targets.placed, {count})),
          options.placementWeight, loss.placement);
}

/// Appends |predicted - target| of the values before any action; returns the
/// mean.
static double valueErrors(const torch::Tensor &heads, const Targets &targets,
                          std::vector<float> &errors) {
  torch::Tensor means = predictedValues(heads);
  const float *m = means.data_ptr<float>();
  double sum = 0;
  for (int64_t i = 0; i < targets.rows; ++i) {
    errors.push_back(std::abs(m[i] - targets.values[i * targets.steps]));
    sum += errors.back();
  }
  return sum / static_cast<double>(targets.rows);
}

/// The sum of all parts. `errors` gets those of the values, for priorities.
torch::Tensor Learner::Impl::lossOf(Targets &targets, LearnerLoss &loss,
                                    std::vector<float> &errors) {
  NetworkModules &net = network.modules();
  TargetTensors t(targets);
  LossSum sum(t.weights);
  std::vector<torch::Tensor> latents = {
      net.state(takeStates(targets.roots, encoded.of(table)))};
  for (int64_t k = 0; k < t.steps; ++k) {
    if (k > 0)
      latents.push_back(predict(t, k, latents.back()));
    torch::Tensor heads = net.heads(latents.back()).to(torch::kFloat32);
    addStep(t, k, heads, sum, loss);
    if (k == 0)
      loss.valueError = valueErrors(heads, targets, errors);
  }
  addConsistency(targets, t, latents, sum, loss);
  addPlacement(targets, sum, loss);
  loss.clippedTargets = static_cast<double>(t.clipped) /
                        static_cast<double>(2 * t.rows * t.steps);
  loss.total = sum.total.item<double>();
  return sum.total;
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

void Learner::Impl::setLearningRate() {
  double rate = options.learningRate;
  if (steps < options.warmupSteps)
    rate *= static_cast<double>(steps + 1) /
            static_cast<double>(options.warmupSteps);
  if (options.decaySteps > 0) {
    double done = std::min(1.0, static_cast<double>(steps) /
                                    static_cast<double>(options.decaySteps));
    rate *= 0.1 + 0.9 * 0.5 * (1 + std::cos(std::numbers::pi * done));
  }
  for (auto &group : optimiser.param_groups())
    static_cast<torch::optim::AdamWOptions &>(group.options()).lr(rate);
}

Learner::Learner(Network network, const LearnerOptions &options, uint64_t seed)
    : impl(std::make_unique<Impl>(std::move(network), options, seed)) {}

Learner::~Learner() = default;

int32_t Learner::addProgram(std::shared_ptr<const Game> program) {
  return impl->builder.addProgram(std::move(program));
}

int64_t Learner::numSteps() const { return impl->steps; }
const Network &Learner::network() const { return impl->network; }

void Learner::setWeights(const Network &other) {
  impl->network.copyFrom(other);
}

LearnerLoss Learner::step(ReplayBuffer &replay) {
  Random random(impl->seed + static_cast<uint64_t>(impl->steps), "learner");
  LearnerLoss loss;
  impl->forgetPrograms();
  Targets targets = impl->builder.collect(replay, random);
  std::vector<float> errors;
  impl->setLearningRate();
  impl->optimiser.zero_grad();
  torch::Tensor total;
  {
    AutocastScope autocast(impl->options.precision == Precision::BFloat16);
    total = impl->lossOf(targets, loss, errors);
  }
  total.backward();
  loss.gradientNorm = torch::nn::utils::clip_grad_norm_(
      impl->network.modules().parameters(), impl->options.clipNorm);
  // A batch that cannot be learned from must not spoil the weights.
  if (std::isfinite(loss.gradientNorm))
    impl->optimiser.step();
  impl->forgetPrograms();
  ++impl->steps;
  llvm::ArrayRef<float> left = errors;
  for (const ReplayBuffer::Choice &choice : targets.choices) {
    replay.setPriorities(choice, left.take_front(choice.positions.size()));
    left = left.drop_front(choice.positions.size());
  }
  return loss;
}

std::string Learner::serializeState() const {
  std::ostringstream os;
  os << impl->steps << '\n';
  torch::serialize::OutputArchive archive;
  impl->optimiser.save(archive);
  archive.save_to(os);
  return os.str();
}

llvm::Error Learner::restoreState(llvm::StringRef bytes, llvm::StringRef name) {
  auto [line, rest] = bytes.split('\n');
  int64_t steps = 0;
  if (line.getAsInteger(10, steps) || steps < 0)
    return fileError(name, 0, "expected the state of a learner");
  try {
    std::istringstream is(rest.str());
    torch::serialize::InputArchive archive;
    archive.load_from(is);
    impl->optimiser.load(archive);
  } catch (const std::exception &) {
    return fileError(name, 0, "damaged state of a learner");
  }
  impl->steps = steps;
  return llvm::Error::success();
}
