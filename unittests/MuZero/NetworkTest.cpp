//===- NetworkTest.cpp - tests of the network and its training ------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Neutral weights, files, batches, precision, and that training learns.
//
//===----------------------------------------------------------------------===//

#include "mempl/MuZero/Learner.h"
#include "mempl/MuZero/SelfPlay.h"
#include "mempl/Support/FileIO.h"

#include "GameTestUtils.h"
#include "RandomInstance.h"

#include <gmock/gmock.h>

using namespace mempl;
using namespace mempl::gametest;
using testing::AllOf;
using testing::HasSubstr;

namespace {

class NetworkTest : public testing::Test {
protected:
  NetworkTest() { useOneTorchThread(); }

  static NetworkSize tiny() { return {"tiny", 8, 16, 2, 1}; }

  static std::shared_ptr<const Game> program(const char *name) {
    Instance instance =
        llvm::cantFail(readInstance(std::string(MEMPL_TEST_DATA "/xla_tpu/") +
                                    name + ".v5e.instance.json.gz"));
    return llvm::cantFail(Game::create(std::move(instance)));
  }

  /// A game after some greedy moves.
  static std::unique_ptr<GameState>
  after(const std::shared_ptr<const Game> &program, int moves) {
    auto game = std::make_unique<GameState>(program);
    for (int i = 0; i < moves && !game->isOver(); ++i)
      game->apply(greedyAction(*game));
    return game;
  }

  static double step(Learner &learner, ReplayBuffer &replay) {
    return learner.step(replay).total;
  }
};

void expectNear(const Evaluator::Answer &a, const Evaluator::Answer &b,
                float tolerance) {
  for (int i = 0; i < kNumActions; ++i)
    EXPECT_NEAR(a.state.logits[i], b.state.logits[i], tolerance);
  EXPECT_NEAR(a.state.value, b.state.value, tolerance);
  EXPECT_NEAR(a.reward, b.reward, tolerance);
}

/// What a network says of some states and what follows from them.
std::vector<Evaluator::Answer> answersOf(Evaluator &evaluator,
                                         llvm::ArrayRef<GameState *> games) {
  evaluator.reserveRows(static_cast<int32_t>(2 * games.size()));
  auto n = static_cast<int32_t>(games.size());
  std::vector<Evaluator::Answer> states, next;
  for (int32_t i = 0; i < n; ++i)
    evaluator.addState(*games[i], i);
  evaluator.run(states);
  for (int32_t i = 0; i < n; ++i)
    evaluator.addAction(games[i]->program(), i, static_cast<Action>(i % 3),
                        i % 2 ? games[i]->decisionNode() : -1, n + i);
  evaluator.run(next);
  states.insert(states.end(), next.begin(), next.end());
  return states;
}

} // namespace

TEST_F(NetworkTest, IsNeutralAtFirst) {
  auto evaluator = makeEvaluator(Network::create(tiny(), 3));
  auto game = after(program("alexnet_b64"), 2);
  for (const Evaluator::Answer &a : answersOf(*evaluator, {game.get()})) {
    EXPECT_EQ(a.state.logits, (PerAction{0, 0, 0}));
    EXPECT_NEAR(a.state.value, 0, 1e-3);
    EXPECT_NEAR(a.reward, 0, 1e-3);
  }
  auto p = program("alexnet_b64");
  SearchGuide guide = guideOf(Network::create(tiny(), 3), *p);
  for (const DecisionNode &node : p->nodes()) {
    EXPECT_NEAR(guide.fast[node.use], 2.0 / 3, 1e-6);
    EXPECT_NEAR(guide.kept[node.use], 1.0 / 3, 1e-6);
  }
}

TEST_F(NetworkTest, LearnsToImitateAndToPredict) {
  auto gpt = program("gpt2_decode_b8"), alexnet = program("alexnet_b64");
  Network network = Network::create(tiny(), 3);
  LearnerOptions options;
  options.batch = 64;
  options.warmupSteps = 5;
  options.learningRate = 3e-3;
  Learner learner(network, options, 1);
  ReplayBuffer replay({});
  for (const auto &p : {gpt, alexnet}) {
    GameState game(p);
    std::vector<Action> greedy = playGreedily(game).actions;
    game.restart();
    replay.add(trajectoryOf(game, greedy, learner.addProgram(p)), true);
  }
  std::vector<LearnerLoss> losses;
  for (int i = 0; i < 150; ++i)
    losses.push_back(learner.step(replay));
  EXPECT_EQ(learner.numSteps(), 150);
  const LearnerLoss &first = losses.front(), &last = losses.back();
  EXPECT_LT(last.policy, 0.6 * first.policy);
  EXPECT_LT(last.value, 0.6 * first.value);
  EXPECT_LT(last.valueError, 0.5 * first.valueError);
  EXPECT_LT(last.consistency, -0.5);
  EXPECT_LT(last.placement, 0.6 * first.placement);
  // What a program alone lets expect is mostly what was played in it.
  GameState game(gpt);
  std::vector<Action> greedy = playGreedily(game).actions;
  game.restart();
  SearchGuide guide = guideOf(network, *gpt);
  double agreed = 0, asked = 0;
  for (Action a : greedy) {
    const DecisionNode &node = gpt->nodes()[game.decisionNode()];
    agreed += (guide.fast[node.use] > 0.5) == (a != Action::Drop);
    ++asked;
    game.apply(a);
  }
  EXPECT_GT(agreed, 0.8 * asked);
  // Playing by its policy comes near to what it was shown.
  auto evaluator = makeEvaluator(network);
  SelfPlayOptions play;
  play.search.simulations = 0;
  play.noise = 0;
  SelfPlay selfPlay(*evaluator, play, 0);
  double reached = 0;
  while (selfPlay.step(
      [&](uint64_t k, uint64_t &, int32_t &) { return k == 0 ? gpt : nullptr; },
      [&](GameState &, uint64_t, Trajectory t) { reached = t.totalReturn; })) {
  }
  EXPECT_GT(reached, 0.6 * replay.elites(0)[0]->totalReturn);
}

// What learning is, to five digits: other digits are other mathematics, or at
// least another order of it. Processors differ in the last ones.
TEST_F(NetworkTest, LossesAreWhatTheyWere) {
  auto gpt = program("gpt2_decode_b8"), alexnet = program("alexnet_b64");
  LearnerOptions options;
  options.batch = 32;
  options.gamesPerBatch = 4;
  options.bootstrap = 5;
  options.warmupSteps = 2;
  Learner learner(Network::create(tiny(), 3), options, 1);
  ReplayBuffer replay({});
  for (const auto &p : {gpt, alexnet}) {
    GameState game(p);
    std::vector<Action> greedy = playGreedily(game).actions;
    game.restart();
    Trajectory t = trajectoryOf(game, greedy, learner.addProgram(p));
    if (p == gpt)
      t.values.assign(t.actions.size(), 0.25f);
    replay.add(std::move(t), /*onlyElite=*/p == alexnet);
  }
  LearnerLoss loss;
  for (int i = 0; i < 4; ++i)
    loss = learner.step(replay);
  const double expected[] = {7.178079, 4.864391,  29.39128, 12.50199,
                             1.118028, -0.333366, 1.093158};
  const double *want = expected;
  for (const LossTerm &term : kLossTerms) {
    EXPECT_NEAR(loss.*term.value, *want, 1e-5 * std::abs(*want)) << term.name;
    ++want;
  }
  EXPECT_NEAR(loss.gradientNorm, 5.392867, 1e-4);
  EXPECT_NEAR(loss.valueError, 0.4028816, 1e-5);
}

TEST_F(NetworkTest, LearnsInBFloat16) {
  auto p = program("alexnet_b64");
  LearnerLoss losses[2];
  for (Precision precision : {Precision::Float32, Precision::BFloat16}) {
    LearnerOptions options;
    options.batch = 16;
    options.precision = precision;
    Learner learner(Network::create(tiny(), 3), options, 1);
    ReplayBuffer replay({});
    GameState game(p);
    std::vector<Action> greedy = playGreedily(game).actions;
    game.restart();
    replay.add(trajectoryOf(game, greedy, learner.addProgram(p)));
    losses[precision == Precision::BFloat16] = learner.step(replay);
  }
  EXPECT_NEAR(losses[0].total, losses[1].total, 0.05 * losses[0].total);
}

TEST_F(NetworkTest, SavesAndLoads) {
  auto p = program("alexnet_b64");
  Network network = Network::create(tiny(), 3);
  Learner learner(network, {}, 1);
  ReplayBuffer replay({});
  GameState game(p);
  std::vector<Action> greedy = playGreedily(game).actions;
  game.restart();
  replay.add(trajectoryOf(game, greedy, learner.addProgram(p)));
  learner.step(replay);

  GameRules rules = {DecisionOrder::ValueDensity, MoveSize::Value};
  network.setRules(rules);
  std::string path = testing::TempDir() + "network.mempl";
  ASSERT_FALSE(static_cast<bool>(network.save(path)));
  auto loaded = Network::load(path);
  ASSERT_TRUE(static_cast<bool>(loaded));
  EXPECT_EQ(loaded->size().width, 16);
  EXPECT_EQ(loaded->rules(), rules);
  EXPECT_EQ(network.clone().rules(), rules);
  EXPECT_EQ(loaded->numWeights(), network.numWeights());
  auto state = after(p, 2);
  auto before = answersOf(*makeEvaluator(network), {state.get()});
  auto after = answersOf(*makeEvaluator(*loaded), {state.get()});
  auto cloned = answersOf(*makeEvaluator(network.clone()), {state.get()});
  for (size_t i = 0; i < before.size(); ++i) {
    expectNear(before[i], after[i], 0);
    expectNear(before[i], cloned[i], 0);
  }
  // A clone does not learn with the other.
  Network frozen = network.clone();
  learner.step(replay);
  auto trained = answersOf(*makeEvaluator(network), {state.get()});
  expectNear(answersOf(*makeEvaluator(frozen), {state.get()})[0], before[0], 0);
  EXPECT_NE(trained[0].state.value, before[0].state.value);
}

TEST_F(NetworkTest, RefusesDamagedFiles) {
  std::string good = Network::create(tiny(), 3).serialize();
  auto messageOf = [](llvm::StringRef bytes) {
    auto network = Network::deserialize(bytes, "net.mempl");
    return network ? std::string() : llvm::toString(network.takeError());
  };
  EXPECT_EQ(messageOf(good), "");
  EXPECT_THAT(messageOf(""), HasSubstr("net.mempl: error: expected weights"));
  EXPECT_THAT(messageOf("{}"), HasSubstr("expected weights"));
  EXPECT_THAT(messageOf(llvm::StringRef(good).drop_back(200)),
              HasSubstr("damaged weights"));
  std::string newer = good;
  newer.replace(newer.find(" 4 "), 3, " 9 ");
  EXPECT_THAT(messageOf(newer), HasSubstr("version 9"));
  // The signature of what the weights see follows the version.
  size_t signature = good.find(" 4 ") + 3;
  ASSERT_EQ(good[signature + 16], ' ');
  std::string foreign = good;
  foreign.replace(signature, 16, "0123456789abcdef");
  EXPECT_THAT(messageOf(foreign), AllOf(HasSubstr("net.mempl:1: error: "),
                                        HasSubstr("other features of the game"),
                                        HasSubstr("0123456789abcdef"),
                                        HasSubstr(good.substr(signature, 16))));
  std::string unruly = good;
  unruly.replace(unruly.find(" 0 0\n"), 5, " 0 2\n");
  EXPECT_THAT(messageOf(unruly), HasSubstr("two rules of games"));
  // Version 3 had no signature, and version 2 no rules: all games were by
  // program and use.
  std::string older = good;
  older.erase(signature, 17);
  older.replace(older.find(" 4 "), 3, " 3 ");
  EXPECT_EQ(
      llvm::cantFail(Network::deserialize(older, "net.mempl")).serialize(),
      good);
  older.replace(older.find(" 3 "), 3, " 2 ");
  older.erase(older.find(" 0 0\n"), 4);
  auto read = Network::deserialize(older, "net.mempl");
  ASSERT_TRUE(static_cast<bool>(read));
  EXPECT_EQ(read->rules(), GameRules());
  EXPECT_EQ(read->serialize(), good);
  std::string other = good;
  other.replace(other.find(" 16 "), 4, " 24 ");
  EXPECT_THAT(messageOf(other), HasSubstr("damaged weights"));
  auto missing = Network::load(testing::TempDir() + "no-such-file");
  ASSERT_FALSE(static_cast<bool>(missing));
  EXPECT_THAT(llvm::toString(missing.takeError()), HasSubstr("no-such-file"));
}

TEST_F(NetworkTest, BatchesAndPrecisionsAgree) {
  auto gpt = program("gpt2_decode_b8"), alexnet = program("alexnet_b64");
  Network network = Network::create(tiny(), 3);
  {
    // Weights that say something.
    Learner learner(network, {}, 1);
    ReplayBuffer replay({});
    GameState game(gpt);
    std::vector<Action> greedy = playGreedily(game).actions;
    game.restart();
    replay.add(trajectoryOf(game, greedy, learner.addProgram(gpt)));
    for (int i = 0; i < 10; ++i)
      learner.step(replay);
  }
  std::vector<std::unique_ptr<GameState>> games;
  std::vector<GameState *> all;
  for (int i = 0; i < 12; ++i) {
    games.push_back(after(i % 3 ? gpt : alexnet, i % 3 ? 31 * i : i / 3));
    all.push_back(games.back().get());
  }
  auto together = answersOf(*makeEvaluator(network), all);
  auto rough = answersOf(*makeEvaluator(network, Precision::BFloat16), all);
  for (size_t i = 0; i < all.size(); ++i) {
    auto single = makeEvaluator(network);
    single->reserveRows(1);
    single->addState(*all[i], 0);
    std::vector<Evaluator::Answer> alone;
    single->run(alone);
    expectNear(alone[0], together[i], 1e-4f);
  }
  for (size_t i = 0; i < together.size(); ++i)
    expectNear(together[i], rough[i], 0.1f);
}

TEST_F(NetworkTest, TrainingGoesOnFromWhatWasSaved) {
  auto p = program("alexnet_b64");
  auto prepare = [&](Learner &learner, ReplayBuffer &replay) {
    GameState game(p);
    std::vector<Action> greedy = playGreedily(game).actions;
    game.restart();
    replay.add(trajectoryOf(game, greedy, learner.addProgram(p)), true);
  };
  LearnerOptions options;
  options.batch = 16;
  Learner learner(Network::create(tiny(), 3), options, 7);
  ReplayBuffer replay({});
  prepare(learner, replay);
  for (int i = 0; i < 3; ++i)
    learner.step(replay);
  auto copy = llvm::cantFail(
      Network::deserialize(learner.network().serialize(), "weights"));
  Learner other(copy, options, 7);
  ReplayBuffer same({});
  prepare(other, same);
  ASSERT_FALSE(
      static_cast<bool>(other.restoreState(learner.serializeState(), "state")));
  EXPECT_EQ(other.numSteps(), 3);
  for (int i = 0; i < 3; ++i)
    EXPECT_DOUBLE_EQ(step(learner, replay), step(other, same));
  EXPECT_THAT(llvm::toString(other.restoreState("3\nnonsense", "state")),
              HasSubstr("state: error: damaged"));
}
