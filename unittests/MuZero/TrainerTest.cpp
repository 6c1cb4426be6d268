//===- TrainerTest.cpp - tests of training runs ---------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rounds are the same for any number of workers and across a kill; damaged and
// foreign checkpoints are refused; games of actors are taken, bad ones dropped;
// there are evaluated weights from the start, and limits on time end what is
// under way; and from nothing, training comes to beat the heuristic.
//
//===----------------------------------------------------------------------===//

#include "mempl/MuZero/Trainer.h"
#include "mempl/MuZero/SolverLoader.h"
#include "mempl/MuZero/TrajectoryIO.h"
#include "mempl/Problem/Simulator.h"
#include "mempl/Solvers/Solver.h"
#include "mempl/Support/FileIO.h"

#include "GameTestUtils.h"
#include "RandomInstance.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"

#include <gmock/gmock.h>

using namespace mempl;
using namespace mempl::gametest;
using testing::HasSubstr;

namespace {

class TrainerTest : public testing::Test {
protected:
  TrainerTest() {
    folder = testing::TempDir() + "trainer-" +
             testing::UnitTest::GetInstance()->current_test_info()->name();
    removeAll();
  }
  ~TrainerTest() override { removeAll(); }
  void removeAll() const {
    for (const char *suffix : {"", "-1", "-3", "-whole"})
      llvm::sys::fs::remove_directories(folder + suffix);
  }

  static Instance real(const char *name, int64_t mebibytes = 0) {
    Instance instance = llvm::cantFail(
        readInstance(std::string(MEMPL_TEST_DATA "/xla_tpu/roofline/") + name +
                     ".v5e.instance.json.gz"));
    if (mebibytes > 0) {
      Machine machine = instance.machine;
      machine.capacity = mebibytes << 20;
      instance.machine = machine;
    }
    return instance;
  }

  static std::vector<TrainingProgram> programs() {
    return {{"alexnet", real("alexnet_b64"), false},
            {"vgg", real("vgg16_b8"), false},
            {"resnet", real("resnet50_b8", 16), true}};
  }

  static TrainerOptions quick() {
    TrainerOptions options;
    options.size = {"tiny", 8, 16, 2, 1};
    options.gamesPerRound = 6;
    options.stepsPerRound = 3;
    options.learner.batch = 16;
    options.learner.warmupSteps = 5;
    options.selfPlay.search.simulations = 4;
    options.teacherBudget = 200;
    options.refineBudget = 200;
    options.evaluateEvery = 2;
    options.evaluationSamples = 2;
    options.maxRounds = 4;
    return options;
  }

  std::unique_ptr<Trainer> make(const TrainerOptions &options,
                                const std::string &suffix = "") {
    auto trainer = Trainer::create(programs(), options, folder + suffix);
    return llvm::cantFail(std::move(trainer));
  }

  static void run(Trainer &trainer) {
    llvm::Error error = trainer.run({}, {});
    EXPECT_FALSE(static_cast<bool>(error));
  }

  /// The rounds after which there was an evaluation; of rounds themselves,
  /// their negatives.
  std::vector<int64_t> metrics() const {
    std::string text = llvm::cantFail(readFile(folder + "/metrics.jsonl"));
    std::vector<int64_t> rounds;
    for (llvm::StringRef line :
         llvm::split(llvm::StringRef(text).trim(), '\n')) {
      llvm::json::Value value = llvm::cantFail(llvm::json::parse(line));
      const llvm::json::Object *object = value.getAsObject();
      int64_t round = object->getInteger("round").value_or(-1000);
      rounds.push_back(object->get("evaluation") ? round : -round);
    }
    return rounds;
  }

  std::string messageOf(const TrainerOptions &options,
                        std::vector<TrainingProgram> given) {
    auto trainer = Trainer::create(std::move(given), options, folder);
    return trainer ? std::string() : llvm::toString(trainer.takeError());
  }

  std::string folder;
};

} // namespace

TEST_F(TrainerTest, TheNumberOfWorkersChangesNothing) {
  TrainerOptions options = quick();
  auto one = make(options, "-1");
  run(*one);
  options.workers = 3;
  auto three = make(options, "-3");
  run(*three);
  EXPECT_EQ(one->status().round, 4);
  EXPECT_EQ(one->status().games, 24);
  EXPECT_TRUE(one->network().serialize() == three->network().serialize());
  EXPECT_GT(one->status().bestScore, 0);
  EXPECT_EQ(one->status().bestScore, three->status().bestScore);
  for (const char *file : {"-1/network.mempl", "-1/best.mempl", "-1/checkpoint",
                           "-1/metrics.jsonl"})
    EXPECT_TRUE(llvm::sys::fs::exists(folder + file)) << file;
}

TEST_F(TrainerTest, GoesOnWhereItWas) {
  TrainerOptions options = quick();
  auto whole = make(options, "-whole");
  run(*whole);
  // Cancelled in the middle of the third round: that one is lost.
  {
    auto first = make(options);
    int64_t calls = 0;
    llvm::Error error = first->run(
        [&] { return first->status().round == 2 && ++calls > 2; }, {});
    EXPECT_FALSE(static_cast<bool>(error));
    EXPECT_EQ(first->status().round, 2);
  }
  auto second = make(options);
  EXPECT_EQ(second->status().round, 2);
  run(*second);
  EXPECT_EQ(second->status().round, 4);
  EXPECT_EQ(second->status().steps, whole->status().steps);
  EXPECT_EQ(second->status().games, whole->status().games);
  EXPECT_TRUE(second->network().serialize() == whole->network().serialize());
}

TEST_F(TrainerTest, RefusesOtherPeoplesCheckpoints) {
  TrainerOptions options = quick();
  options.maxRounds = 1;
  run(*make(options));
  EXPECT_EQ(messageOf(options, programs()), "");
  auto others = programs();
  others[0].instance = real("mixer_b16", 16);
  EXPECT_THAT(messageOf(options, others), HasSubstr("other programs"));
  TrainerOptions larger = options;
  larger.size.name = "m";
  EXPECT_THAT(messageOf(larger, programs()), HasSubstr("size 'tiny'"));

  std::string path = folder + "/checkpoint";
  std::string good = llvm::cantFail(readFile(path));
  for (size_t length : {size_t(0), size_t(10), good.find('\n') + 1,
                        good.size() / 2, good.size() - 1}) {
    llvm::cantFail(writeFile(path, llvm::StringRef(good).take_front(length)));
    EXPECT_THAT(messageOf(options, programs()),
                testing::AnyOf(HasSubstr("damaged"), HasSubstr("expected")))
        << length;
  }
  std::string newer = good;
  size_t at = newer.find("\"version\":2");
  ASSERT_NE(at, std::string::npos);
  newer.replace(at, 11, "\"version\":7");
  llvm::cantFail(writeFile(path, newer));
  EXPECT_THAT(messageOf(options, programs()), HasSubstr("version 7"));
}

TEST_F(TrainerTest, TakesGamesOfActors) {
  TrainerOptions options = quick();
  options.maxRounds = 1;
  run(*make(options));
  for (const char *name : {"a", "b"})
    llvm::cantFail(runActor(programs(), options, folder, name, 5, {}));
  // What is no game, or none that the rules allow, is dropped.
  llvm::cantFail(writeFile(folder + "/games/c-0.games", "nonsense"));
  std::string games = llvm::cantFail(readFile(folder + "/games/b-0.games"));
  llvm::cantFail(writeFile(folder + "/games/d-0.games",
                           llvm::StringRef(games).drop_back(3)));
  std::string cheating = games;
  // The second byte of the body's first move is an action: after the magic,
  // the key and 25 bytes of header.
  size_t action = llvm::StringRef("mempl-games 1\n").size() + 16 + 25;
  cheating[action] = static_cast<char>((cheating[action] + 1) % 3);
  llvm::cantFail(writeFile(folder + "/games/e-0.games", cheating));

  options.maxRounds = 2;
  auto trainer = make(options);
  run(*trainer);
  // Two rounds of its own, five of each actor, and of the last file what is
  // still a game.
  EXPECT_GE(trainer->status().games, 2 * 6 + 2 * 5);
  EXPECT_LE(trainer->status().games, 2 * 6 + 3 * 5);
  std::error_code ec;
  EXPECT_EQ(llvm::sys::fs::directory_iterator(folder + "/games", ec),
            llvm::sys::fs::directory_iterator());
}

TEST_F(TrainerTest, EvaluatesAtStartAndEnd) {
  TrainerOptions options = quick();
  options.evaluateEvery = 3;
  auto trainer = make(options);
  std::vector<int64_t> told;
  llvm::Error error =
      trainer->run({}, {}, [&](const TrainerStatus &s, TrainerEvent event) {
        told.push_back(event == TrainerEvent::Evaluation ? s.round : -s.round);
      });
  EXPECT_FALSE(static_cast<bool>(error));
  EXPECT_EQ(told, (std::vector<int64_t>{0, -1, -2, -3, 3, -4, 4}));
  EXPECT_EQ(metrics(), told);
  const TrainerStatus &s = trainer->status();
  EXPECT_EQ(s.numEvaluated, 1);
  EXPECT_GT(s.firstScore, 0);
  EXPECT_LE(s.bestScore, s.firstScore);
  EXPECT_GT(s.greedyScore, 0.9);
  EXPECT_GT(s.slowScore, s.greedyScore);
  // The scores of what goes on compare with those of before.
  options.maxRounds = 5;
  auto second = make(options);
  run(*second);
  told.insert(told.end(), {-5, 5});
  EXPECT_EQ(metrics(), told);
  EXPECT_EQ(second->status().firstScore, s.firstScore);
  EXPECT_LE(second->status().bestScore, s.bestScore);
}

TEST_F(TrainerTest, HoweverShortTheTimeThereAreWeights) {
  TrainerOptions options = quick();
  options.maxSeconds = 1e-3;
  auto trainer = make(options);
  run(*trainer);
  EXPECT_EQ(trainer->status().round, 0);
  EXPECT_EQ(metrics(), std::vector<int64_t>{0});
  for (const char *name : {"/best.mempl", "/network.mempl"}) {
    auto network = Network::load(folder + name);
    ASSERT_TRUE(static_cast<bool>(network)) << name;
    EXPECT_EQ(network->serialize(), trainer->network().serialize());
  }
  // With more time it goes on, teachers included.
  options.maxSeconds = 0;
  options.maxRounds = 1;
  auto second = make(options);
  run(*second);
  EXPECT_EQ(second->status().steps, 3);
  EXPECT_EQ(metrics(), (std::vector<int64_t>{0, -1, 1}));
}

TEST_F(TrainerTest, WhoIsStoppedAfterTheFirstEvaluationHasWeights) {
  bool isEvaluated = false;
  auto trainer = make(quick());
  llvm::Error error = trainer->run(
      [&] { return isEvaluated; }, {},
      [&](const TrainerStatus &, TrainerEvent) { isEvaluated = true; });
  EXPECT_FALSE(static_cast<bool>(error));
  EXPECT_EQ(metrics(), std::vector<int64_t>{0});
  for (const char *name : {"/best.mempl", "/network.mempl", "/checkpoint"})
    EXPECT_TRUE(llvm::sys::fs::exists(folder + name)) << name;
}

// Without the limit, none of these would end.
TEST_F(TrainerTest, TimeEndsWhatIsUnderWay) {
  for (bool isLearning : {false, true}) {
    removeAll();
    TrainerOptions options = quick();
    options.maxRounds = 0;
    (isLearning ? options.stepsPerRound : options.gamesPerRound) = 1000000;
    options.maxSeconds = 2;
    auto trainer = make(options);
    run(*trainer);
    const TrainerStatus &s = trainer->status();
    EXPECT_LE(s.round, 1);
    EXPECT_GT(s.firstScore, 0);
    std::vector<int64_t> expected{0};
    if (s.round > 0)
      expected.push_back(-1);
    if (s.steps > 0)
      expected.push_back(1);
    EXPECT_EQ(metrics(), expected);
    EXPECT_TRUE(llvm::sys::fs::exists(folder + "/best.mempl"));
  }
  TrainerOptions options = quick();
  options.maxSeconds = 0.2;
  llvm::cantFail(
      runActor(programs(), options, folder, "a", /*maxGames=*/0, {}));
}

TEST_F(TrainerTest, GamesSurviveBytes) {
  auto program = llvm::cantFail(Game::create(real("alexnet_b64")));
  GameState game(program);
  std::vector<Action> greedy = playGreedily(game).actions;
  game.restart();
  auto t = std::make_shared<Trajectory>(trajectoryOf(game, greedy, 3));
  game.restart();
  std::string key = programKey(*program);
  EXPECT_EQ(key.size(), 16u);
  std::string bytes = serializeGames({t, t}, [&](int32_t) { return key; });
  auto back = llvm::cantFail(deserializeGames(
      bytes, "games", [&](llvm::StringRef k) { return k == key ? 5 : -1; }));
  ASSERT_EQ(back.size(), 2u);
  EXPECT_EQ(back[1].program, 5);
  EXPECT_EQ(back[1].actions, t->actions);
  EXPECT_EQ(back[1].rewards, t->rewards);
  EXPECT_EQ(back[1].policies, t->policies);
  EXPECT_EQ(back[1].latency, t->latency);
  EXPECT_TRUE(playAgain(game, back[1]));
  EXPECT_EQ(back[1].latency, t->latency);
  EXPECT_TRUE(
      llvm::cantFail(deserializeGames(bytes, "games", [](llvm::StringRef) {
        return -1;
      })).empty());
  for (size_t length = 0; length < bytes.size(); ++length) {
    auto damaged = deserializeGames(llvm::StringRef(bytes).take_front(length),
                                    "games", [](llvm::StringRef) { return 0; });
    if (damaged)
      EXPECT_LT(damaged->size(), 2u);
    else
      llvm::consumeError(damaged.takeError());
  }
  Trajectory shorter = *t;
  shorter.actions.pop_back();
  shorter.policies.pop_back();
  EXPECT_FALSE(playAgain(game, shorter));
  EXPECT_EQ(game.numApplied(), 0);
}

TEST_F(TrainerTest, ItsWeightsAreASolver) {
  registerMuZeroSolvers();
  setenv("MEMPL_MUZERO_MODULE", MEMPL_TEST_MODULE, 1);
  TrainerOptions options = quick();
  run(*make(options));
  Instance instance = real("resnet50_b8", 16);
  SolverContext context;
  context.budget = 3000;
  auto muzero = [&](llvm::StringRef file) {
    return "muzero{weights='" + folder + file.str() + "'}";
  };
  auto solve = [&](const std::string &solver) {
    return llvm::cantFail(createSolver(solver))->solve(instance, context);
  };
  double greedy = llvm::cantFail(solve("greedy")).latency;
  std::string played = muzero("/network.mempl");
  std::string guided = "search{guide=" + played + "}";
  for (const std::string &solver : {played, guided}) {
    std::vector<double> improvements;
    context.improved = [&](const SolverProgress &p) {
      if (p.solverName == "muzero")
        improvements.push_back(p.latency);
    };
    Solution first = llvm::cantFail(solve(solver));
    expectValid(instance, first.plan);
    EXPECT_EQ(first.latency, simulateLatency(instance, first.plan));
    EXPECT_LE(first.latency, greedy);
    EXPECT_GT(first.evaluated, 10);
    EXPECT_TRUE(llvm::is_sorted(improvements, std::greater<double>()));
    context.improved = nullptr;
    EXPECT_TRUE(llvm::cantFail(solve(solver)).plan == first.plan);
  }
  // However short the time is, there is a plan.
  context.budget = 0;
  for (int64_t limit : {1, 20}) {
    context.timeLimitMs = limit;
    expectValid(instance, llvm::cantFail(solve(guided)).plan);
  }
  for (const char *name : {"/nothing", "/checkpoint"}) {
    auto result = solve(muzero(name));
    ASSERT_FALSE(static_cast<bool>(result));
    EXPECT_THAT(llvm::toString(result.takeError()), HasSubstr(name));
  }
}

// From scratch: no teachers, no refining, random weights.
TEST_F(TrainerTest, LearnsToBeatGreedy) {
  std::vector<TrainingProgram> given;
  for (uint64_t seed = 0; given.size() < 3; ++seed) {
    RandomInstanceOptions shape;
    shape.minSteps = 10;
    shape.maxSteps = 14;
    shape.maxValues = 12;
    shape.maxCapacityUnits = 9;
    shape.fastOrderChance = shape.slowOrderChance = 0;
    shape.loopChance = shape.carriedChance = 0;
    Random random(seed, "learning test");
    Instance instance = randomInstance(random, shape);
    auto program = Game::create(instance);
    if (!program) {
      llvm::consumeError(program.takeError());
      continue;
    }
    if ((*program)->numNodes() < 16)
      continue;
    // Where greedy play of the game is not all that can be had.
    GameState game(*program);
    double greedy = playGreedily(game).latency;
    game.restart();
    double best = bestOfSamples(game, 3000, 1).latency;
    if (best < 0.97 * std::min(greedy, (*program)->greedyLatency()))
      given.push_back({"random" + std::to_string(seed), instance, false});
  }
  TrainerOptions options;
  options.size = {"tiny", 16, 64, 3, 1};
  options.seed = 1;
  options.gamesPerRound = 48;
  options.stepsPerRound = 40;
  options.learner.batch = 128;
  options.learner.learningRate = 2e-3;
  options.learner.warmupSteps = 20;
  options.teacherBudget = options.refineBudget = 0;
  options.maxRounds = 25;
  options.evaluateEvery = 25;
  options.evaluationSamples = 8;
  auto trainer = Trainer::create(given, options, folder);
  ASSERT_TRUE(static_cast<bool>(trainer));
  run(**trainer);
  std::string metrics = llvm::cantFail(readFile(folder + "/metrics.jsonl"));
  int better = 0;
  for (int32_t i = 0; i < 3; ++i) {
    double greedy =
        llvm::cantFail(Game::create(given[i].instance))->greedyLatency();
    auto reached = (*trainer)->bestLatency(i);
    ASSERT_TRUE(reached.has_value());
    better += *reached < greedy;
  }
  EXPECT_EQ(better, 3) << metrics;
  EXPECT_GT((*trainer)->status().meanReturn, 1) << metrics;
}
