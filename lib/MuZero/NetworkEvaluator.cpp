//===- NetworkEvaluator.cpp - a network's answers to a search -------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Observations are written where LibTorch reads them; the latents of all rows
// are one tensor, gathered from and scattered to. Programs are encoded when
// they are first seen, and their questions are rows of one table, whose row 0
// stands for no question.
//
//===----------------------------------------------------------------------===//

#include "StateTensors.h"

#include "llvm/ADT/DenseMap.h"

using namespace mempl;

namespace {

class NetworkEvaluator : public Evaluator {
public:
  NetworkEvaluator(const Network &network, Precision precision)
      : network(network), state(network.modules().state),
        questions(network.modules()), valueAtoms(atomsOf(kValueSupport)),
        rewardAtoms(atomsOf(kRewardSupport)) {
    if (precision == Precision::Float32)
      return;
    type = torch::kBFloat16;
    torch::NoGradGuard noGradients;
    StateEncoder copy(network.size());
    copyWeights(*copy, *state);
    state = copy;
    state->to(type);
    state->norm->to(torch::kFloat32);
  }

  // Measured with the weights that come with mempl.
  int64_t unitsPerQuestion() const override { return 10; }

  void reserveRows(int32_t rows) override {
    latents = torch::zeros({rows, network.size().width});
  }

  void addState(GameState &game, int32_t row) override {
    stateAnswers.push_back(numAsked++);
    stateRows.push_back(row);
    states.add(game, table);
  }

  void addAction(const Game &program, int32_t parent, Action action,
                 int32_t nextNode, int32_t row) override {
    actionAnswers.push_back(numAsked++);
    actionRows.push_back(row);
    parents.push_back(parent);
    actions.push_back(static_cast<int64_t>(action));
    nextQuestions.push_back(table.row(program, nextNode));
  }

  void run(std::vector<Answer> &answers) override {
    torch::NoGradGuard noGradients;
    answers.assign(numAsked, Answer());
    if (!stateRows.empty()) {
      torch::Tensor latent = state(takeStates(states, questions.of(table)));
      store(latent, stateRows);
      answer(latent, stateAnswers, answers);
    }
    if (!actionRows.empty()) {
      torch::Tensor latent = predict();
      store(latent, actionRows);
      answer(latent, actionAnswers, answers);
    }
    for (std::vector<int64_t> *list :
         {&stateRows, &stateAnswers, &actionRows, &actionAnswers, &parents,
          &actions, &nextQuestions})
      list->clear();
    numAsked = 0;
  }

private:
  /// What DynamicsImpl::forward() gives for all open actions.
  torch::Tensor predict() {
    DynamicsImpl &g = *network.modules().dynamics;
    const torch::Tensor &encoded = questions.of(table);
    int64_t d = network.size().width;
    if (!questionTable.defined() || questionTable.size(0) != encoded.size(0)) {
      torch::Tensor weight = g.input->weight;
      auto prepared = [&](const torch::Tensor &w) {
        return w.t().contiguous().to(type);
      };
      ofLatent = prepared(weight.slice(1, 0, d));
      torch::Tensor ofAction = weight.slice(1, d, d + kNumActions).t();
      torch::Tensor ofQuestion = weight.slice(1, d + kNumActions).t();
      questionTable = encoded.matmul(ofQuestion).to(type);
      actionTable = (ofAction + g.input->bias).to(type);
      firstWeight = prepared(g.first->weight);
      secondWeight = prepared(g.second->weight);
      firstBias = g.first->bias.to(type);
      secondBias = g.second->bias.to(type);
    }
    torch::Tensor latent = latents.index_select(0, indices(parents));
    torch::Tensor x = latent.to(type);
    torch::Tensor h = actionTable.index_select(0, indices(actions));
    h += questionTable.index_select(0, indices(nextQuestions));
    h.addmm_(x, ofLatent).relu_();
    h += torch::addmm(firstBias, h, firstWeight).relu_();
    h += torch::addmm(secondBias, h, secondWeight).relu_();
    latent += h;
    return torch::layer_norm(latent, {d}, g.norm->weight, g.norm->bias);
  }

  static torch::Tensor indices(std::vector<int64_t> &list) {
    return tensorOf(list, {static_cast<int64_t>(list.size())});
  }

  void store(const torch::Tensor &latent, std::vector<int64_t> &rows) {
    latents.index_copy_(0, indices(rows), latent);
  }

  void answer(const torch::Tensor &latent, llvm::ArrayRef<int64_t> asked,
              std::vector<Answer> &answers) {
    torch::Tensor out = network.modules().heads(latent);
    auto meanOf = [&](int64_t at, const torch::Tensor &atoms) {
      return out.slice(1, at, at + atoms.size(0)).softmax(1).matmul(atoms);
    };
    torch::Tensor logits = out.slice(1, 0, kNumActions).contiguous();
    torch::Tensor values = meanOf(HeadsImpl::kValueAt, valueAtoms);
    torch::Tensor rewards = meanOf(HeadsImpl::kRewardAt, rewardAtoms);
    const float *l = logits.data_ptr<float>();
    const float *v = values.data_ptr<float>();
    const float *r = rewards.data_ptr<float>();
    for (size_t i = 0; i < asked.size(); ++i) {
      Answer &a = answers[asked[i]];
      std::copy_n(l + i * kNumActions, kNumActions, a.state.logits.begin());
      a.state.value = v[i];
      a.reward = r[i];
    }
  }

  Network network;
  torch::ScalarType type = torch::kFloat32;
  StateEncoder state; // As `type` says.
  QuestionTable table;
  EncodedQuestions questions;
  StateBatch states;
  torch::Tensor valueAtoms, rewardAtoms;
  torch::Tensor latents; // [rows, D]
  // The share of each question and action in the first layer of the dynamics,
  // and weights as they are multiplied with.
  torch::Tensor questionTable, actionTable, ofLatent, firstWeight, secondWeight,
      firstBias, secondBias;
  int64_t numAsked = 0;
  std::vector<int64_t> stateRows, stateAnswers;
  std::vector<int64_t> actionRows, actionAnswers, parents, actions,
      nextQuestions;
};

} // namespace

std::unique_ptr<Evaluator> mempl::makeEvaluator(const Network &network,
                                                Precision precision) {
  return std::make_unique<NetworkEvaluator>(network, precision);
}

SearchGuide mempl::guideOf(const Network &network, const Game &program) {
  torch::NoGradGuard noGradients;
  const AccessIndex &index = program.index();
  SearchGuide guide;
  for (int32_t u = 0; u < index.numUses(); ++u) {
    guide.fast.push_back(index.use(u).mustBeFast ? 1 : 0);
    guide.kept.push_back(guide.fast.back());
  }
  if (program.numNodes() == 0)
    return guide;
  NetworkModules &net = network.modules();
  torch::Tensor chances =
      net.placement(net.program(featuresOf(program))).softmax(1).contiguous();
  const float *row = chances.data_ptr<float>();
  for (const DecisionNode &node : program.nodes()) {
    if (node.use >= 0) {
      guide.kept[node.use] = row[static_cast<int>(Action::NoCopy)];
      guide.fast[node.use] = 1 - row[static_cast<int>(Action::Drop)];
    }
    row += kNumActions;
  }
  return guide;
}
