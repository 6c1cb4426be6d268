//===- Learner.cpp - training of the network ------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A batch is rebuilt by playing its games again: what was seen, what was legal,
// and which questions came up. After the end of a game, states are absorbing:
// value and reward are 0, and there is no policy to learn. Random numbers are
// keyed by the step, so that training goes on as it would have.
//
//===----------------------------------------------------------------------===//

#include "mempl/MuZero/Learner.h"

#include "StateBatch.h"

#include "mempl/Game/Episodes.h"
#include "mempl/Support/FileIO.h"

#include <cmath>
#include <numbers>
#include <sstream>

using namespace mempl;

namespace {

/// Everything of a batch of B positions, for each of K + 1 steps.
struct Batch {
  explicit Batch(int32_t steps) : steps(steps) {}

  int32_t steps; // K + 1
  int64_t rows = 0;
  std::vector<ReplayBuffer::Choice> choices;
  std::vector<float> weights;              // [B]
  std::vector<float> policies, mayPlay;    // [B, K + 1, 3]
  std::vector<float> hasPolicy;            // [B, K + 1]
  std::vector<float> values, returns;      // [B, K + 1]
  std::vector<float> rewards;              // [B, K + 1]; the first is unused.
  std::vector<int64_t> actions, questions; // [B, K]: taken, and asked next.
  // For consistency: rows, the step that each is compared at.
  std::vector<int64_t> laterRows, laterSteps;
  // All accesses that elites could decide about, and how their plans serve
  // them.
  std::vector<int64_t> placedQuestions, placed;
};

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

torch::Tensor tensorOf(std::vector<float> &list, at::IntArrayRef shape) {
  return torch::from_blob(list.data(), shape);
}

torch::Tensor tensorOf(std::vector<int64_t> &list, at::IntArrayRef shape) {
  return torch::from_blob(list.data(), shape, torch::kInt64);
}

/// Two-hot rows of `targets`; counts those off the support.
torch::Tensor twoHotRows(llvm::ArrayRef<float> targets,
                         const CategoricalSupport &support, int64_t &clipped) {
  auto atoms = static_cast<size_t>(support.atoms);
  torch::Tensor rows = torch::empty(
      {static_cast<int64_t>(targets.size()), static_cast<int64_t>(atoms)});
  float *out = rows.data_ptr<float>();
  for (size_t i = 0; i < targets.size(); ++i)
    clipped += !support.twoHot(
        targets[i], llvm::MutableArrayRef<float>(out + i * atoms, atoms));
  return rows;
}

/// -sum target * log softmax(logits), per row.
torch::Tensor crossEntropy(const torch::Tensor &logits,
                           const torch::Tensor &target) {
  return -(target * logits.to(torch::kFloat32).log_softmax(-1)).sum(-1);
}

} // namespace

struct Learner::Impl {
  Impl(Network net, const LearnerOptions &options, uint64_t seed)
      : network(std::move(net)), options(options), seed(seed),
        table(network.modules()),
        optimiser(network.modules().parameters(),
                  torch::optim::AdamWOptions(options.learningRate)
                      .weight_decay(options.weightDecay)) {}

  void addGame(ReplayBuffer::Choice choice, Random &random, Batch &batch);
  Batch collect(ReplayBuffer &replay, Random &random);
  torch::Tensor lossOf(Batch &batch, LearnerLoss &loss,
                       std::vector<float> &errors);
  torch::Tensor consistencyOf(Batch &batch,
                              llvm::ArrayRef<torch::Tensor> latents,
                              const torch::Tensor &encoded,
                              const torch::Tensor &weights);
  void setLearningRate();

  Network network;
  LearnerOptions options;
  uint64_t seed;
  ProgramTable table;
  torch::optim::AdamW optimiser;
  StateBatch roots, later;
  std::vector<std::shared_ptr<const Game>> programs;
  std::vector<std::unique_ptr<GameState>> games; // In their first state.
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
// Batches
//===----------------------------------------------------------------------===//

/// Plays a drawn game again and takes from it what is needed.
void Learner::Impl::addGame(ReplayBuffer::Choice choice, Random &random,
                            Batch &batch) {
  const Trajectory &t = *choice.game;
  std::unique_ptr<GameState> &game = games[t.program];
  if (!game)
    game = std::make_unique<GameState>(programs[t.program]);
  table.of(programs[t.program]);
  int32_t length = t.length(), unroll = options.unroll;

  // When to look: at each position, and for consistency some steps later.
  struct Look {
    int32_t time;
    int64_t row; // Of a root; or, with `step`, of a later state.
    int32_t step;
  };
  llvm::SmallVector<Look, 64> looks;
  for (size_t i = 0; i < choice.positions.size(); ++i) {
    int32_t p = choice.positions[i];
    int64_t row = batch.rows + static_cast<int64_t>(i);
    looks.push_back({p, row, 0});
    auto step = static_cast<int32_t>(random.between(1, unroll));
    if (p + step < length)
      looks.push_back({p + step, row, step});
  }
  llvm::stable_sort(
      looks, [](const Look &a, const Look &b) { return a.time < b.time; });

  // Elites are looked at as a whole.
  int32_t last = choice.isElite
                     ? length
                     : std::min(length, choice.positions.back() + unroll + 1);
  std::vector<ActionMask> legal(last);
  std::vector<int32_t> asked(last + 1, -1);
  auto look = looks.begin();
  for (int32_t time = 0; time <= last; ++time) {
    for (; look != looks.end() && look->time == time; ++look) {
      if (look->step == 0) {
        roots.add(*game, table);
        continue;
      }
      later.add(*game, table);
      batch.laterRows.push_back(look->row);
      batch.laterSteps.push_back(look->step);
    }
    asked[time] = game->decisionNode();
    if (time == last)
      break;
    legal[time] = game->legalActions();
    game->apply(t.actions[time]);
  }
  if (choice.isElite) {
    int32_t node = 0;
    for (Action a : actionsOfPlan(*game)) {
      batch.placedQuestions.push_back(table.row(game->program(), node++));
      batch.placed.push_back(static_cast<int64_t>(a));
    }
  }
  game->restart();

  std::vector<double> sums(length + 1, 0); // Rewards before each action.
  for (int32_t i = 0; i < length; ++i)
    sums[i + 1] = sums[i] + t.rewards[i];
  auto valueAt = [&](int32_t at) {
    if (at >= length)
      return 0.0;
    int32_t end = at + options.bootstrap;
    if (choice.isElite || t.values.empty() || end >= length)
      return sums[length] - sums[at];
    return sums[end] - sums[at] + t.values[end];
  };
  for (size_t i = 0; i < choice.positions.size(); ++i) {
    int32_t p = choice.positions[i];
    batch.weights.push_back(choice.weights[i]);
    for (int32_t k = 0; k < batch.steps; ++k) {
      int32_t at = p + k;
      bool isOver = at >= length;
      PerAction policy = isOver ? PerAction{} : t.policies[at];
      float sum = 0;
      for (int a = 0; a < kNumActions; ++a) {
        sum += policy[a];
        batch.policies.push_back(policy[a]);
        batch.mayPlay.push_back(isOver || ((legal[at] >> a) & 1) ? 0 : -1e9f);
      }
      batch.hasPolicy.push_back(sum > 0 ? 1 : 0);
      batch.values.push_back(static_cast<float>(valueAt(at)));
      batch.returns.push_back(
          isOver ? 0 : static_cast<float>(sums[length] - sums[at]));
      batch.rewards.push_back(k == 0 || at > length ? 0 : t.rewards[at - 1]);
      if (k + 1 == batch.steps)
        continue;
      // What is played after the end makes no difference: anything.
      batch.actions.push_back(
          static_cast<int64_t>(isOver ? Action::Drop : t.actions[at]));
      int32_t next = at + 1 <= last ? asked[at + 1] : -1;
      batch.questions.push_back(table.row(game->program(), next));
    }
    ++batch.rows;
  }
  batch.choices.push_back(std::move(choice));
}

Batch Learner::Impl::collect(ReplayBuffer &replay, Random &random) {
  Batch batch(options.unroll + 1);
  table.clear();
  int32_t each = std::max(1, options.batch / options.gamesPerBatch);
  // Short games give fewer positions than they are asked for.
  for (int32_t tries = 0;
       batch.rows < options.batch && tries < 4 * options.gamesPerBatch; ++tries)
    addGame(
        replay.draw(random,
                    std::min<int32_t>(
                        each, options.batch - static_cast<int32_t>(batch.rows)),
                    options.beta),
        random, batch);
  float largest = *std::max_element(batch.weights.begin(), batch.weights.end());
  for (float &w : batch.weights)
    w /= largest;
  return batch;
}

//===----------------------------------------------------------------------===//
// Loss
//===----------------------------------------------------------------------===//

torch::Tensor Learner::Impl::consistencyOf(
    Batch &batch, llvm::ArrayRef<torch::Tensor> latents,
    const torch::Tensor &encoded, const torch::Tensor &weights) {
  NetworkModules &net = network.modules();
  auto count = static_cast<int64_t>(batch.laterRows.size());
  torch::Tensor target;
  {
    torch::NoGradGuard noGradients;
    target = net.projector->project(net.state(later.take(encoded)));
  }
  torch::Tensor rows = tensorOf(batch.laterRows, {count}).clone();
  torch::Tensor steps = tensorOf(batch.laterSteps, {count}).clone();
  torch::Tensor all =
      torch::stack(std::vector<torch::Tensor>(latents.begin(), latents.end()));
  torch::Tensor predicted =
      net.projector->predict(net.projector->project(all.index({steps, rows})));
  torch::Tensor similarity = torch::cosine_similarity(
      predicted.to(torch::kFloat32), target.to(torch::kFloat32), 1);
  return -(similarity * weights.index_select(0, rows)).sum() /
         static_cast<double>(batch.rows);
}

torch::Tensor Learner::Impl::lossOf(Batch &batch, LearnerLoss &loss,
                                    std::vector<float> &errors) {
  NetworkModules &net = network.modules();
  int64_t rows = batch.rows, steps = batch.steps;
  const torch::Tensor &encoded = table.encoded();
  torch::Tensor weights = tensorOf(batch.weights, {rows});
  torch::Tensor policies = tensorOf(batch.policies, {rows, steps, kNumActions});
  torch::Tensor mayPlay = tensorOf(batch.mayPlay, {rows, steps, kNumActions});
  torch::Tensor hasPolicy = tensorOf(batch.hasPolicy, {rows, steps});
  torch::Tensor returns = tensorOf(batch.returns, {rows, steps});
  torch::Tensor actions = tensorOf(batch.actions, {rows, steps - 1});
  torch::Tensor questions = tensorOf(batch.questions, {rows, steps - 1});
  int64_t clipped = 0;
  torch::Tensor values =
      twoHotRows(batch.values, kValueSupport, clipped).view({rows, steps, -1});
  torch::Tensor rewards = twoHotRows(batch.rewards, kRewardSupport, clipped)
                              .view({rows, steps, -1});
  torch::Tensor levels =
      (torch::arange(kNumQuantiles, torch::kFloat32) + 0.5) / kNumQuantiles;

  torch::Tensor total = torch::zeros({});
  auto add = [&](const torch::Tensor &perRow, double weight, double &sum) {
    torch::Tensor mean = (perRow * weights).sum() / static_cast<double>(rows);
    sum += mean.item<double>();
    total = total + mean * weight;
  };
  std::vector<torch::Tensor> latents;
  torch::Tensor latent = net.state(roots.take(encoded));
  for (int64_t k = 0; k < steps; ++k) {
    if (k > 0) {
      torch::Tensor halved = latent * 0.5 + latent.detach() * 0.5;
      latent = net.dynamics(
          halved,
          torch::one_hot(actions.select(1, k - 1), kNumActions)
              .to(torch::kFloat32),
          encoded.index_select(0, questions.select(1, k - 1).contiguous()));
    }
    latents.push_back(latent);
    torch::Tensor out = net.heads(latent).to(torch::kFloat32);
    double share = k == 0 ? 1 : 1.0 / static_cast<double>(steps - 1);

    torch::Tensor logits = out.slice(1, 0, kNumActions) + mayPlay.select(1, k);
    add(crossEntropy(logits, policies.select(1, k)) * hasPolicy.select(1, k),
        share, loss.policy);
    torch::Tensor valueLogits =
        out.slice(1, HeadsImpl::kValueAt, HeadsImpl::kRewardAt);
    add(crossEntropy(valueLogits, values.select(1, k)),
        share * options.valueWeight, loss.value);
    if (k == 0) {
      torch::Tensor means =
          (valueLogits.detach().softmax(1) * atomsOf(kValueSupport)).sum(1);
      const float *m = means.data_ptr<float>();
      for (int64_t i = 0; i < rows; ++i)
        errors.push_back(std::abs(m[i] - batch.values[i * steps]));
    } else {
      add(crossEntropy(
              out.slice(1, HeadsImpl::kRewardAt, HeadsImpl::kQuantilesAt),
              rewards.select(1, k)),
          share * options.rewardWeight, loss.reward);
    }
    torch::Tensor quantiles = out.slice(1, HeadsImpl::kQuantilesAt);
    torch::Tensor off = returns.select(1, k).unsqueeze(1) - quantiles;
    torch::Tensor huber =
        torch::where(off.abs() < 0.1, off * off * 5, off.abs() - 0.05);
    add(((levels - (off.detach() < 0).to(torch::kFloat32)).abs() * huber)
            .mean(1),
        share * options.quantileWeight, loss.quantiles);
  }
  if (!batch.laterRows.empty()) {
    torch::Tensor consistency = consistencyOf(batch, latents, encoded, weights);
    loss.consistency = consistency.item<double>();
    total = total + consistency * options.consistencyWeight;
  }
  if (!batch.placed.empty()) {
    auto count = static_cast<int64_t>(batch.placed.size());
    torch::Tensor logits = net.placement(
        encoded.index_select(0, tensorOf(batch.placedQuestions, {count})));
    torch::Tensor placement = torch::nn::functional::cross_entropy(
        logits.to(torch::kFloat32), tensorOf(batch.placed, {count}));
    loss.placement = placement.item<double>();
    total = total + placement * options.placementWeight;
  }
  double sum = 0;
  for (float e : errors)
    sum += e;
  loss.valueError = sum / static_cast<double>(rows);
  loss.clippedTargets =
      static_cast<double>(clipped) / static_cast<double>(2 * rows * steps);
  loss.total = total.item<double>();
  return total;
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
  impl->programs.push_back(std::move(program));
  impl->games.emplace_back();
  return static_cast<int32_t>(impl->programs.size()) - 1;
}

int64_t Learner::numSteps() const { return impl->steps; }
const Network &Learner::network() const { return impl->network; }

void Learner::setWeights(const Network &other) {
  impl->network.copyFrom(other);
}

LearnerLoss Learner::step(ReplayBuffer &replay) {
  Random random(impl->seed + static_cast<uint64_t>(impl->steps), "learner");
  LearnerLoss loss;
  Batch batch = impl->collect(replay, random);
  std::vector<float> errors;
  impl->setLearningRate();
  impl->optimiser.zero_grad();
  torch::Tensor total;
  {
    AutocastScope autocast(impl->options.precision == Precision::BFloat16);
    total = impl->lossOf(batch, loss, errors);
  }
  total.backward();
  loss.gradientNorm = torch::nn::utils::clip_grad_norm_(
      impl->network.modules().parameters(), impl->options.clipNorm);
  // A batch that cannot be learned from must not spoil the weights.
  if (std::isfinite(loss.gradientNorm))
    impl->optimiser.step();
  impl->table.clear();
  ++impl->steps;
  llvm::ArrayRef<float> left = errors;
  for (const ReplayBuffer::Choice &choice : batch.choices) {
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
