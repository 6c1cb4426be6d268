//===- GamePlayer.cpp - plays mallocGame by a policy or by search ---------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A segment that does not fit never fits again until something is taken out, so
// it is closed for the rest of the game, and with it what lies within a segment
// that was placed. What is closed in the tree is opened again with the action
// that is taken back.
//
//===----------------------------------------------------------------------===//

#include "mempl/MuZero/GamePlayer.h"

#include "OpenNodes.h"

#include <numeric>

using namespace mempl;

namespace {

// How many actions of other kinds are candidates, beside Stop.
constexpr size_t kExtends = 3, kTakeOuts = 2, kCarries = 2;
static_assert(GamePlayerOptions::kMostCandidates + kExtends + kTakeOuts +
                  kCarries + 1 <=
              32);
// Their logits, against that of their segment, of the best segment that is a
// candidate, and in the case of Stop of the last one.
constexpr float kExtendLogit = -2, kTakeOutLogit = -10, kCarryLogit = 0,
                kStopLogit = -4;
// What Stop makes of the plan is known when it is played, which takes long: the
// tree does that in games of so few nodes.
constexpr int32_t kFewNodes = 64;
// A cancelled game looks at that so often, in actions.
constexpr int64_t kCancelEvery = 64;

} // namespace

class GamePlayer::OpenNodes : public mempl::OpenNodes {
  using mempl::OpenNodes::OpenNodes;
};

GamePlayer::GamePlayer(std::shared_ptr<const GamePolicy> p,
                       const GamePlayerOptions &options,
                       std::function<bool()> cancelled)
    : shared(std::move(p)), options(options), cancelled(std::move(cancelled)),
      state(shared->game()),
      open(std::make_unique<OpenNodes>(shared->game()->numNodes())) {
  assert(options.candidates >= 1 &&
         options.candidates <= GamePlayerOptions::kMostCandidates);
}

GamePlayer::~GamePlayer() = default;

//===----------------------------------------------------------------------===//
// Games
//===----------------------------------------------------------------------===//

/// `added` to the priors of all nodes, all through the game; or nothing.
void GamePlayer::begin(llvm::ArrayRef<float> added) {
  state.restart();
  addedToPriors = added;
  std::vector<int32_t> order = shared->order().vec();
  if (!added.empty())
    llvm::stable_sort(
        order, [&](int32_t a, int32_t b) { return priorOf(a) > priorOf(b); });
  open->begin(std::move(order));
  takenOut.clear();
  played = PlayedGame();
  sampleLatencies.clear();
  sampleEvery = 1;
  untilSample = 0;
}

PlayedGame GamePlayer::finish() {
  if (!state.isOver()) {
    state.apply(Action());
    played.actions.push_back(Action());
  }
  played.plan = state.finalPlan();
  played.latency = state.latency();
  for (auto [sample, latency] : llvm::zip(played.samples, sampleLatencies))
    sample.value = static_cast<float>((latency - played.latency) /
                                      shared->game()->scale());
  return std::move(played);
}

/// Keeps every so many states, and half as many once they are too many.
void GamePlayer::keepSample(const GamePosition &position,
                            llvm::ArrayRef<float> policy) {
  if (options.samples == 0 || untilSample-- > 0)
    return;
  untilSample = sampleEvery - 1;
  played.samples.push_back({position, policy.vec(), 0});
  sampleLatencies.push_back(state.latency());
  if (static_cast<int32_t>(played.samples.size()) <= options.samples)
    return;
  for (size_t i = 0; 2 * i < played.samples.size(); ++i) {
    std::swap(played.samples[i], played.samples[2 * i]);
    sampleLatencies[i] = sampleLatencies[2 * i];
  }
  played.samples.resize((played.samples.size() + 1) / 2);
  sampleLatencies.resize(played.samples.size());
  sampleEvery *= 2;
  untilSample = sampleEvery - 1;
}

/// Closes a node that was placed, with all that lies within it.
void GamePlayer::close(int32_t node) {
  const UseIntervalNode &n = shared->game()->forest().node(node);
  open->close(node);
  for (int32_t child : {n.left, n.right})
    if (child >= 0)
      close(child);
}

std::optional<double> GamePlayer::tryApply(Action a) {
  ++tried;
  std::optional<double> reward = state.tryApply(a);
  if (reward && a.kind == Action::Place)
    close(a.node);
  return reward;
}

//===----------------------------------------------------------------------===//
// Positions
//===----------------------------------------------------------------------===//

void GamePlayer::addAction(Action a, float prior) {
  position.actions.push_back(a);
  position.priors.push_back(prior);
  position.around.resize(position.around.size() + kNumNodeFeatures);
  if (seesFeatures && a.kind != Action::Stop)
    state.nodeFeatures(
        a.node,
        llvm::MutableArrayRef(position.around).take_back(kNumNodeFeatures));
}

/// Adds the best few actions of other kinds that may be legal, or at a root
/// that are.
void GamePlayer::addOthers(bool isRoot) {
  float best = position.size() == 0 ? 0 : position.priors.front();
  llvm::SmallVector<Action, 64> actions;
  auto addBest = [&](size_t most, bool isLargest, auto logit) {
    auto prior = [&](Action a) { return priorOf(a.node); };
    most = std::min(most, actions.size());
    std::partial_sort(actions.begin(), actions.begin() + most, actions.end(),
                      [&](Action a, Action b) {
                        if (prior(a) != prior(b))
                          return (prior(a) > prior(b)) == isLargest;
                        return a.node < b.node;
                      });
    for (Action a : llvm::ArrayRef(actions).take_front(most))
      if (!isRoot || rewardOf(a))
        addAction(a, logit(a));
    actions.clear();
  };
  state.listExtends(actions);
  addBest(kExtends, /*isLargest=*/true, [&](Action a) {
    return std::min(best, priorOf(a.node)) + kExtendLogit;
  });
  // Each at most once in a game: else play might go round in circles.
  state.listTakeOuts(actions);
  llvm::erase_if(actions, [&](Action a) { return takenOut.contains(a.node); });
  addBest(kTakeOuts, /*isLargest=*/false,
          [&](Action) { return best + kTakeOutLogit; });
  state.listCarries(actions);
  addBest(kCarries, /*isLargest=*/true,
          [&](Action) { return best + kCarryLogit; });
}

/// The reward of an action, which is not played; nothing if it is not legal.
std::optional<double> GamePlayer::rewardOf(Action a) {
  ++tried;
  std::optional<double> reward = state.tryApply(a);
  if (reward)
    state.undo();
  return reward;
}

/// Adds the first open nodes that may fit, or at a root that fit.
void GamePlayer::addNodes(bool isRoot) {
  // Those that would slow the program down are looked at where others are few,
  // and else no more.
  llvm::SmallVector<int32_t, 32> doubtful;
  auto add = [&](int32_t node) {
    addAction({Action::Place, node}, priorOf(node));
  };
  for (int32_t place = open->first(), after;
       place != open->end() && position.size() < options.candidates;
       place = after) {
    after = open->after(place);
    int32_t node = open->node(place);
    bool fits = state.mayFit(node);
    std::optional<double> reward = 0;
    if (fits && isRoot)
      reward = rewardOf({Action::Place, node});
    bool isDoubtful = reward && *reward < 0;
    if (!fits || !reward ||
        (isDoubtful && llvm::size(doubtful) == options.candidates))
      open->close(node);
    else if (isDoubtful)
      doubtful.push_back(node);
    else
      add(node);
  }
  for (int32_t node : doubtful)
    if (position.size() < options.candidates)
      add(node);
    else
      open->close(node);
}

/// Fills `position` with candidates; Stop comes last. At a root all are legal.
void GamePlayer::look(bool isRoot) {
  position.clear();
  seesFeatures =
      shared->network().isTrained() || (isRoot && options.samples > 0);
  if (seesFeatures)
    state.stateFeatures(position.state);
  addNodes(isRoot);
  float last = position.size() == 0 ? 0 : position.priors.back();
  addOthers(isRoot);
  addAction(Action(), last + kStopLogit);
}

//===----------------------------------------------------------------------===//
// Play by the policy
//===----------------------------------------------------------------------===//

PlayedGame GamePlayer::playByPolicy(llvm::ArrayRef<float> noise) {
  begin(noise);
  decode();
  return finish();
}

double GamePlayer::profileByPolicy() {
  begin();
  decode();
  return state.latency();
}

void GamePlayer::decode() {
  if (shared->network().isTrained())
    decodeByNetwork();
  else
    decodeInOrder();
  llvm::SmallVector<Action, 16> carries;
  state.listCarries(carries);
  for (Action a : carries)
    playIfUseful(a);
}

/// Places one after the other where that saves something.
void GamePlayer::decodeInOrder() {
  while (open->first() != open->end() && !isCancelled()) {
    int32_t node = open->node(open->first());
    if (state.mayFit(node))
      playIfUseful({Action::Place, node});
    open->close(node);
  }
}

/// Plays an action that saves something.
bool GamePlayer::playIfUseful(Action a) {
  size_t mark = open->mark();
  std::optional<double> reward = tryApply(a);
  if (reward && *reward > 0) {
    played.actions.push_back(a);
    return true;
  }
  if (reward) {
    state.undo();
    open->undo(mark);
  }
  return false;
}

bool GamePlayer::isCancelled() {
  if (!cancelled || tried < askAt)
    return false;
  askAt = tried + kCancelEvery;
  return cancelled();
}

/// Plays the best of the candidates, again and again. What is of no use is
/// closed.
void GamePlayer::decodeByNetwork() {
  std::array<float, 32> logits;
  llvm::DenseSet<int32_t> refused; // By their numbers.
  while (!isCancelled()) {
    look(/*isRoot=*/false);
    shared->evaluate(position, logits);
    llvm::SmallVector<int32_t, 32> best(position.size());
    std::iota(best.begin(), best.end(), 0);
    for (int32_t i : best) {
      Action a = position.actions[i];
      if (refused.contains(shared->game()->numberOf(a)))
        logits[i] = -INFINITY;
    }
    llvm::stable_sort(
        best, [&](int32_t a, int32_t b) { return logits[a] > logits[b]; });
    if (position.actions[best.front()].kind == Action::Stop)
      return;
    // What is better than to stop, as long as it is of no use.
    for (int32_t i : best) {
      Action a = position.actions[i];
      if (a.kind == Action::Stop || playIfUseful(a))
        break;
      refused.insert(shared->game()->numberOf(a));
      if (a.kind == Action::Place)
        open->close(a.node);
    }
  }
}

//===----------------------------------------------------------------------===//
// Play by search
//===----------------------------------------------------------------------===//

/// What the policy says of `position`, for the tree, and that all of it may be
/// played.
GamePlayer::Tree::Prediction GamePlayer::predict(Tree::Actions &legal) {
  Tree::Prediction prediction;
  if (shared->network().isTrained())
    prediction.value = shared->evaluate(position, prediction.logits);
  else
    llvm::copy(position.priors, prediction.logits.begin());
  legal = static_cast<Tree::Actions>((uint64_t(1) << position.size()) - 1);
  return prediction;
}

/// One simulation, after which the state is what it was.
void GamePlayer::simulate() {
  size_t mark = open->mark();
  int32_t depth = state.numApplied();
  bool playsStop = shared->game()->numNodes() <= kFewNodes;
  auto goBack = [&] {
    while (state.numApplied() > depth)
      state.undo();
    open->undo(mark);
  };
  while (tree.select()) {
    std::optional<double> reward;
    bool isOver = false;
    for (auto [node, index] : llvm::zip(tree.nodesOnPath(), tree.path())) {
      Action a = treeActions[node][index];
      isOver = a.kind == Action::Stop;
      reward = isOver && !playsStop ? 0 : tryApply(a);
    }
    if (!reward) {
      goBack();
      tree.ruleOut();
      continue;
    }
    Tree::Prediction prediction;
    Tree::Actions legal = 0;
    treeActions.emplace_back();
    if (!isOver) {
      look(/*isRoot=*/false);
      prediction = predict(legal);
      treeActions.back() = position.actions;
    }
    tree.expand(static_cast<float>(*reward / shared->game()->scale()),
                prediction, legal);
    break;
  }
  goBack();
}

/// Searches from the state; keeps what it came to for learning.
Action GamePlayer::search(float noise, uint64_t seed, uint64_t move) {
  look(/*isRoot=*/true);
  Tree::Actions legal;
  Tree::Prediction root = predict(legal);
  Tree::PerAction gumbel = {};
  if (noise > 0)
    gumbel = Tree::gumbelNoise(seed, 0, move);
  for (float &g : gumbel)
    g *= noise;
  // Differences of values within their error say nothing.
  SearchSettings settings = options.search;
  settings.minRange =
      std::max(settings.minRange, shared->network().valueError());
  tree.start(settings, root, legal, gumbel);
  treeActions.assign(1, position.actions);
  GamePosition seen = position;
  while (!tree.isDone())
    simulate();
  Tree::PerAction improved = tree.improvedPolicy();
  keepSample(seen, llvm::ArrayRef(improved).take_front(seen.size()));
  return seen.actions[static_cast<size_t>(tree.bestAction())];
}

PlayedGame GamePlayer::playBySearch(float noise, uint64_t seed) {
  begin();
  for (uint64_t move = 0; !(cancelled && cancelled()); ++move) {
    Action a = search(noise, seed, move);
    if (a.kind == Action::Stop)
      break;
    tryApply(a);
    played.actions.push_back(a);
    // There may be room again.
    if (a.kind == Action::TakeOut) {
      open->openAll();
      takenOut.insert(a.node);
    }
  }
  return finish();
}

//===----------------------------------------------------------------------===//
// Imitation
//===----------------------------------------------------------------------===//

PlayedGame GamePlayer::imitate(const Replay &replay) {
  begin();
  const UseIntervalForest &forest = shared->game()->forest();
  // Actions about one value are played in their order, those of different
  // values in that of the policy.
  std::map<int32_t, llvm::SmallVector<Action, 2>> left;
  for (Action a : llvm::reverse(replay.actions))
    if (a.kind != Action::Stop)
      left[forest.node(a.node).value].push_back(a);
  auto isWanted = [&](Action a) {
    if (a.kind == Action::Stop)
      return left.empty();
    auto it = left.find(forest.node(a.node).value);
    return it != left.end() && it->second.back() == a;
  };
  auto take = [&](Action a) {
    auto it = left.find(forest.node(a.node).value);
    it->second.pop_back();
    if (it->second.empty())
      left.erase(it);
    if (tryApply(a))
      played.actions.push_back(a);
  };
  while (!left.empty() && !(cancelled && cancelled())) {
    look(/*isRoot=*/true);
    // What is right keeps the order that it has.
    std::vector<float> wanted(position.actions.size(), 0);
    std::optional<Action> best;
    float bestPrior = -INFINITY;
    for (auto [i, a] : llvm::enumerate(position.actions))
      if (isWanted(a) && position.priors[i] > bestPrior) {
        best = a;
        bestPrior = position.priors[i];
      }
    for (auto [i, a] : llvm::enumerate(position.actions))
      if (isWanted(a))
        wanted[i] = std::exp(position.priors[i] - bestPrior);
    auto sum = std::accumulate(wanted.begin(), wanted.end(), 0.0f);
    if (best) {
      for (float &p : wanted)
        p /= sum;
      keepSample(position, wanted);
    } else {
      for (const auto &[value, actions] : left)
        if (priorOf(actions.back().node) > bestPrior) {
          best = actions.back();
          bestPrior = priorOf(best->node);
        }
    }
    take(*best);
  }
  return finish();
}
