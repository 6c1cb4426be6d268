//===- TrainerTest.cpp - tests of training runs ---------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a run leaves, that it goes on where it was killed, that threads do not
// matter, and what is refused.
//
//===----------------------------------------------------------------------===//

#include "mempl/Training/Trainer.h"

#include "GameTestUtils.h"

#include "mempl/MuZero/MuZeroSolver.h"
#include "mempl/Problem/Simulator.h"
#include "mempl/Solvers/Solve.h"
#include "mempl/Support/FileIO.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"

#include <cmath>
#include <gmock/gmock.h>

using namespace mempl;
using namespace mempl::gametest;
using testing::ElementsAre;
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
    for (const char *suffix : {"", "-other"})
      llvm::sys::fs::remove_directories(folder + suffix);
  }

  static Instance real(const char *name, int64_t mebibytes) {
    Instance instance = realProgram(name);
    Machine machine = instance.machine;
    machine.capacity = mebibytes << 20;
    instance.machine = machine;
    return instance;
  }

  static std::vector<TrainingProgram> programs() {
    return {{"alexnet", real("alexnet_b64", 16), false},
            {"vgg", real("vgg16_b8", 16), false},
            {"alexnet.8", real("alexnet_b64", 8), true}};
  }

  static TrainerOptions quick() {
    TrainerOptions options;
    options.gamesPerRound = 3;
    options.stepsPerRound = 3;
    options.play.candidates = 4;
    options.play.search.simulations = 2;
    options.play.samples = 8;
    options.learner.batch = 16;
    options.heads = 1;
    options.generations = 2;
    options.generationsPerRound = 1;
    options.teacherBudget = 300;
    options.refineBudget = 100;
    options.evaluationBudget = 200;
    options.evaluateEvery = 2;
    options.maxRounds = 4;
    return options;
  }

  std::unique_ptr<Trainer> make(const TrainerOptions &options,
                                const std::string &suffix = "") {
    return llvm::cantFail(
        Trainer::create(programs(), options, folder + suffix));
  }

  static void run(Trainer &trainer) {
    EXPECT_EQ(llvm::toString(trainer.run({}, {})), "");
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

TEST_F(TrainerTest, LeavesWeightsPlansAndMetrics) {
  auto trainer = make(quick());
  int rounds = 0, evaluations = 0;
  auto ended = [&](const TrainerStatus &, TrainerEvent event) {
    ++(event == TrainerEvent::Round ? rounds : evaluations);
    // From the first moment on.
    EXPECT_TRUE(llvm::sys::fs::exists(folder + "/best.mempl"));
  };
  EXPECT_EQ(llvm::toString(trainer->run({}, {}, ended)), "");
  EXPECT_EQ(rounds, 4);
  EXPECT_EQ(evaluations, 3);
  EXPECT_THAT(metrics(), ElementsAre(0, -1, -2, 2, -3, -4, 4));
  const TrainerStatus &status = trainer->status();
  EXPECT_EQ(status.round, 4);
  EXPECT_EQ(status.games, 12);
  EXPECT_EQ(status.steps, 12);
  EXPECT_EQ(status.numEvaluated, 1);
  EXPECT_GT(status.bestScore, 0);
  EXPECT_LE(status.bestScore, status.firstScore);
  for (int32_t i : {0, 1}) {
    const Trainer::BestPlan *best = trainer->bestPlan(i);
    ASSERT_NE(best, nullptr);
    Instance instance = programs()[i].instance;
    expectValid(instance, best->plan);
    EXPECT_EQ(simulateLatency(instance, best->plan), best->latency);
    SolverContext context;
    context.budget = quick().teacherBudget;
    EXPECT_LE(
        best->latency,
        llvm::cantFail(solveVerified(instance, "search", context)).latency);
  }
  EXPECT_EQ(trainer->bestPlan(2), nullptr);
  // The weights have the network and the new head, and solvers take them.
  auto weights = llvm::cantFail(Weights::read(folder + "/network.mempl"));
  EXPECT_TRUE(llvm::cantFail(GameNetwork::create(*weights)).isTrained());
  EXPECT_EQ(weights->contents(), trainer->weights().contents());
  EXPECT_TRUE(weights->has("policy.linear"));
  registerMuZeroSolvers();
  SolverContext context;
  context.budget = 100;
  auto solved =
      solveVerified(programs()[2].instance,
                    "muzero{weights=" + folder + "/best.mempl}", context);
  EXPECT_TRUE(static_cast<bool>(solved));
}

TEST_F(TrainerTest, GoesOnAsIfItHadNotBeenKilled) {
  auto whole = make(quick());
  run(*whole);
  TrainerOptions half = quick();
  half.maxRounds = 1;
  run(*make(half, "-other"));
  auto second = make(quick(), "-other");
  EXPECT_EQ(second->status().round, 1);
  run(*second);
  EXPECT_EQ(whole->weights().contents(), second->weights().contents());
  for (int32_t i : {0, 1})
    EXPECT_EQ(whole->bestPlan(i)->plan, second->bestPlan(i)->plan);
  EXPECT_EQ(whole->status().moves, second->status().moves);
}

TEST_F(TrainerTest, ThreadsDoNotMatter) {
  TrainerOptions options = quick();
  options.maxRounds = 2;
  auto one = make(options);
  run(*one);
  options.threads = 3;
  auto three = make(options, "-other");
  run(*three);
  EXPECT_EQ(one->weights().contents(), three->weights().contents());
  EXPECT_EQ(one->status().bestScore, three->status().bestScore);
  for (int32_t i : {0, 1})
    EXPECT_EQ(one->bestPlan(i)->plan, three->bestPlan(i)->plan);
}

TEST_F(TrainerTest, CanBeCancelledAtAnyTime) {
  for (int most : {0, 1, 3, 8, 20}) {
    SCOPED_TRACE(most);
    auto trainer = make(quick());
    int asked = 0;
    EXPECT_EQ(llvm::toString(trainer->run([&] { return ++asked > most; }, {})),
              "");
    EXPECT_TRUE(llvm::sys::fs::exists(folder + "/best.mempl"));
  }
  run(*make(quick()));
  EXPECT_EQ(make(quick())->status().round, 4);
}

TEST_F(TrainerTest, KeepsToTheTime) {
  TrainerOptions options = quick();
  options.maxRounds = 0;
  options.maxSeconds = 1;
  auto trainer = make(options);
  run(*trainer);
  EXPECT_GT(trainer->status().numEvaluated, 0);
  EXPECT_NE(trainer->bestPlan(0), nullptr);
}

TEST_F(TrainerTest, EvolvesAPolicyFromNothing) {
  TrainerOptions options = quick();
  options.initialWeights = "none";
  options.heads = 2;
  options.generations = options.generationsPerRound = 1;
  run(*make(options));
  auto weights = llvm::cantFail(Weights::read(folder + "/network.mempl"));
  EXPECT_EQ(llvm::cantFail(SegmentPolicy::create(*weights)).numHeads(), 2);
}

TEST_F(TrainerTest, StopsWhenItGetsNoBetter) {
  TrainerOptions options = quick();
  options.maxRounds = 0;
  options.evaluateEvery = 1;
  options.patience = 1;
  options.stepsPerRound = 0;
  options.heads = 0;
  auto trainer = make(options);
  run(*trainer);
  EXPECT_EQ(trainer->status().round, 1);
}

TEST_F(TrainerTest, SaysWhatIsWrong) {
  EXPECT_THAT(messageOf(quick(), {}), HasSubstr("no program to train on"));
  TrainerOptions options = quick();
  options.initialWeights = folder + "/none.mempl";
  EXPECT_THAT(messageOf(options, programs()), HasSubstr("none.mempl"));
  options = quick();
  options.maxRounds = 1;
  run(*make(options));
  auto others = programs();
  others.pop_back();
  EXPECT_THAT(messageOf(options, others), HasSubstr("other programs"));
  std::string name = folder + "/checkpoint";
  std::string bytes = llvm::cantFail(readFile(name));
  for (size_t length :
       {size_t(0), size_t(10), bytes.size() / 2, bytes.size() - 1}) {
    llvm::cantFail(writeFile(name, llvm::StringRef(bytes).take_front(length)));
    EXPECT_THAT(messageOf(options, programs()), HasSubstr("checkpoint"))
        << length;
  }
  // What LibTorch reads of it does not notice a bit.
  for (size_t at : {bytes.size() / 2, bytes.size() - 30}) {
    std::string changed = bytes;
    changed[at] ^= 1;
    llvm::cantFail(writeFile(name, changed));
    EXPECT_THAT(messageOf(options, programs()), HasSubstr("checkpoint")) << at;
  }
  llvm::cantFail(writeFile(name, bytes));
  llvm::cantFail(writeFile(folder + "/best.mempl", "garbage"));
  EXPECT_THAT(messageOf(options, programs()), HasSubstr("best.mempl"));
}

TEST_F(TrainerTest, RefusesOptionsOutOfRange) {
  TrainerOptions options = quick();
  options.learner.batch = 1 << 30;
  EXPECT_EQ(messageOf(options, programs()),
            "batch: expected an integer from 1 to 65536, found 1073741824");
  options = quick();
  options.learner.learningRate = INFINITY;
  EXPECT_EQ(messageOf(options, programs()),
            "learning_rate: expected a number between 0 and 1");
  options = quick();
  options.replay.eliteShare = 2;
  EXPECT_EQ(messageOf(options, programs()),
            "elite_share: expected a number from 0 to 1");
  EXPECT_FALSE(llvm::sys::fs::exists(folder));
}

TEST_F(TrainerTest, RefusesAProgramThatTakesNoTime) {
  auto given = programs();
  given[0].instance.program = {};
  given[0].instance.program.steps.resize(1);
  EXPECT_THAT(messageOf(quick(), given),
              HasSubstr("alexnet: error: nothing in it takes time"));
}

TEST_F(TrainerTest, HasTheFolderToItself) {
  auto first = make(quick());
  EXPECT_THAT(messageOf(quick(), programs()),
              HasSubstr("another run trains in this folder"));
}
