//===- BatchedSearchTest.cpp - tests of search in many games
//-----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The three modes against each other and against the best that small games
// allow, with models made by hand: one that is right about everything.
//
//===----------------------------------------------------------------------===//

#include "mempl/MuZero/BatchedSearch.h"

#include "GameTestUtils.h"
#include "RandomInstance.h"

using namespace mempl;
using namespace mempl::gametest;

namespace {

/// Latent states are games, so that predictions are right. Policy and value are
/// drawn by the hash of the state, or values are those of greedy play.
class PerfectModel : public Evaluator {
public:
  explicit PerfectModel(bool playsOut = false) : playsOut(playsOut) {}

  void reserveRows(int32_t rows) override { latents.resize(rows); }
  void addState(GameState &game, int32_t row) override {
    latents[row] = game.clone();
    pending.push_back(answerFor(*latents[row]));
  }
  void addAction(const Game &program, int32_t parent, Action action, int32_t,
                 int32_t row) override {
    std::unique_ptr<GameState> game = latents[parent]->clone();
    Answer answer;
    double reward = 0;
    if (!game->isOver() && game->isLegal(action))
      reward = game->apply(action);
    answer = answerFor(*game);
    answer.reward = static_cast<float>(reward / program.scale());
    pending.push_back(answer);
    latents[row] = std::move(game);
  }
  void run(std::vector<Answer> &answers) override {
    answers.swap(pending);
    pending.clear();
    ++numRuns;
  }

  int numRuns = 0;

private:
  Answer answerFor(GameState &game) const {
    Answer answer;
    if (game.isOver()) {
      answer.state.logits.fill(0);
      return answer;
    }
    Random random(game.hash(), "table");
    for (int a = 0; a < kNumActions; ++a) {
      auto logit = static_cast<float>(random.uniform());
      answer.state.logits[a] = !game.isLegal(static_cast<Action>(a)) ? -1e9f
                               : playsOut                            ? 0
                                                                     : logit;
    }
    if (playsOut) {
      std::unique_ptr<GameState> copy = game.clone();
      double reached = playGreedily(*copy).latency;
      answer.state.value = static_cast<float>((game.latency() - reached) /
                                              game.program().scale());
    } else {
      answer.state.value = static_cast<float>(random.uniform() - 0.5);
    }
    return answer;
  }

  bool playsOut;
  std::vector<std::unique_ptr<GameState>> latents;
  std::vector<Answer> pending;
};

/// Plays one game to the end, moving by GameTree::bestAction(), without
/// noise.
EpisodeResult playBySearch(GameState &game, Evaluator &evaluator,
                           SearchMode mode, const SearchSettings &settings) {
  EpisodeResult play;
  BatchedSearch search(evaluator, mode, 1, settings.simulations);
  llvm::SmallVector<int32_t, 1> finished;
  while (!game.isOver()) {
    search.begin(0, game, settings, {});
    for (finished.clear(); finished.empty();)
      search.step(finished);
    play.actions.push_back(static_cast<Action>(search.tree(0).bestAction()));
    game.apply(play.actions.back());
  }
  play.latency = game.latency();
  return play;
}

struct Searched {
  std::array<int32_t, kNumActions> visits;
  PerAction values, policy;
  Action best;
  bool operator==(const Searched &) const = default;
};

Searched resultOf(const GameTree &tree) {
  return {tree.visits(), tree.completedValues(), tree.improvedPolicy(),
          static_cast<Action>(tree.bestAction())};
}

Searched searchOne(GameState &game, Evaluator &evaluator, SearchMode mode,
                   int32_t simulations, uint64_t key) {
  BatchedSearch search(evaluator, mode, 1, simulations);
  SearchSettings settings;
  settings.simulations = simulations;
  search.begin(0, game, settings, GameTree::gumbelNoise(1, key, 0));
  llvm::SmallVector<int32_t, 1> finished;
  while (finished.empty())
    search.step(finished);
  return resultOf(search.tree(0));
}

class BatchedSearchModes : public testing::TestWithParam<SearchMode> {};

INSTANTIATE_TEST_SUITE_P(All, BatchedSearchModes,
                         testing::Values(SearchMode::Exact, SearchMode::Latent,
                                         SearchMode::Hybrid),
                         [](const auto &info) {
                           return searchModeName(info.param).str();
                         });

} // namespace

TEST_P(BatchedSearchModes, WithAPerfectModelAreTheSame) {
  uint64_t key = 0;
  for (GameState &game : someGames(60, 3, 14, "perfect model")) {
    SCOPED_TRACE(++key);
    std::string before = describe(game);
    for (int32_t simulations : {1, 5, 40}) {
      PerfectModel model, exactModel;
      Searched exact =
          searchOne(game, exactModel, SearchMode::Exact, simulations, key);
      Searched found = searchOne(game, model, GetParam(), simulations, key);
      EXPECT_EQ(found, exact);
    }
    EXPECT_EQ(describe(game), before);
  }
}

TEST_P(BatchedSearchModes, BatchesAreTheSameAsSingleSearches) {
  std::deque<GameState> games = someGames(20, 3, 14, "batches");
  std::vector<Searched> alone;
  for (size_t i = 0; i < games.size(); ++i) {
    PerfectModel model;
    alone.push_back(
        searchOne(games[i], model, GetParam(), 3 + static_cast<int32_t>(i), i));
  }
  PerfectModel model;
  BatchedSearch search(model, GetParam(), static_cast<int32_t>(games.size()),
                       30);
  for (size_t i = 0; i < games.size(); ++i) {
    SearchSettings settings;
    settings.simulations = 3 + static_cast<int32_t>(i);
    search.begin(static_cast<int32_t>(i), games[i], settings,
                 GameTree::gumbelNoise(1, i, 0));
  }
  llvm::SmallVector<int32_t> finished;
  while (finished.size() < games.size())
    search.step(finished);
  for (int32_t slot : finished)
    EXPECT_EQ(resultOf(search.tree(slot)), alone[slot]);
  // One question to the network for all of them, not one for each.
  EXPECT_LE(model.numRuns, 25);
}

TEST_P(BatchedSearchModes, FindTheBestOfSmallGames) {
  int32_t most = 0;
  for (GameState &game : someGames(40, 4, 12, "best of small games")) {
    most = std::max(most, game.numDecisions());
    double best = exhaustiveBest(game).latency;
    PerfectModel model(/*playsOut=*/true);
    SearchSettings settings;
    // Little weight on values at first, so that everything is looked at, and
    // more the more visits there are.
    settings.simulations = 1000;
    settings.visitOffset = 0;
    settings.valueScale = 0.02f;
    settings.minRange = 1e-6f;
    settings.usesBest = true;
    EXPECT_NEAR(playBySearch(game, model, GetParam(), settings).latency, best,
                1e-9 * best)
        << game.numDecisions();
  }
  EXPECT_GE(most, 10);
}

TEST(BatchedSearch, WithoutNetworkIsNoWorseThanGreedyPlay) {
  for (GameState &game : someGames(30, 5, 40, "no network")) {
    double greedy = playGreedily(game).latency;
    game.restart();
    PlainEvaluator evaluator(/*playsOut=*/true);
    SearchSettings settings;
    settings.minRange = 1e-6f;
    settings.usesBest = true;
    EpisodeResult play =
        playBySearch(game, evaluator, SearchMode::Exact, settings);
    EXPECT_LE(play.latency, greedy * (1 + 1e-9));
    EXPECT_TRUE(game.isOver());
  }
}

TEST(BatchedSearch, GamesMoveOnByThemselves) {
  std::deque<GameState> games = someGames(6, 3, 14, "moving on");
  std::vector<EpisodeResult> alone;
  for (GameState &game : games) {
    PlainEvaluator evaluator(true);
    SearchSettings settings;
    settings.simulations = 8;
    EpisodeResult play =
        playBySearch(game, evaluator, SearchMode::Exact, settings);
    alone.push_back(play);
    game.restart();
  }
  PlainEvaluator evaluator(true);
  BatchedSearch search(evaluator, SearchMode::Exact, 6, 8);
  SearchSettings settings;
  settings.simulations = 8;
  std::vector<std::vector<Action>> played(games.size());
  for (int32_t i = 0; i < 6; ++i)
    search.begin(i, games[i], settings, {});
  llvm::SmallVector<int32_t> finished;
  for (size_t over = 0; over < games.size();) {
    finished.clear();
    search.step(finished);
    for (int32_t i : finished) {
      Action a = static_cast<Action>(search.tree(i).bestAction());
      played[i].push_back(a);
      games[i].apply(a);
      if (games[i].isOver())
        ++over;
      else
        search.begin(i, games[i], settings, {});
    }
  }
  for (size_t i = 0; i < games.size(); ++i)
    EXPECT_EQ(played[i], alone[i].actions);
}

TEST(BatchedSearch, ModesHaveNames) {
  for (SearchMode mode :
       {SearchMode::Exact, SearchMode::Latent, SearchMode::Hybrid})
    EXPECT_EQ(searchModeByName(searchModeName(mode)), mode);
  EXPECT_EQ(searchModeByName("guess"), std::nullopt);
}
