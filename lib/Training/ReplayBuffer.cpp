//===- ReplayBuffer.cpp - games to learn from -----------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Training/ReplayBuffer.h"

#include "mempl/Support/FileIO.h"

#include "llvm/ADT/bit.h"
#include "llvm/Support/Endian.h"

#include <cmath>

using namespace mempl;

void ReplayBuffer::add(LearnedGame game, bool onlyElite) {
  if (game.samples.empty())
    return;
  auto shared = std::make_shared<const LearnedGame>(std::move(game));
  addElite(shared);
  if (onlyElite)
    return;
  recentSamples += static_cast<int64_t>(shared->samples.size());
  recentGames.push_back(std::move(shared));
  while (recentSamples > options.maxSamples && recentGames.size() > 1) {
    recentSamples -= static_cast<int64_t>(recentGames.front()->samples.size());
    recentGames.pop_front();
  }
}

/// Games of equal latency count as the same.
void ReplayBuffer::addElite(GameRef game) {
  auto program = static_cast<size_t>(game->program);
  if (archive.size() <= program)
    archive.resize(program + 1);
  std::vector<GameRef> &list = archive[program];
  auto at = llvm::partition_point(list, [&](const GameRef &other) {
    return other->latency < game->latency;
  });
  if (at != list.end() && (*at)->latency == game->latency)
    return;
  if (list.empty() && options.elites > 0)
    withElites.insert(llvm::lower_bound(withElites, game->program),
                      game->program);
  list.insert(at, std::move(game));
  if (list.size() > static_cast<size_t>(options.elites))
    list.pop_back();
}

llvm::ArrayRef<std::shared_ptr<const LearnedGame>>
ReplayBuffer::elites(int32_t program) const {
  if (static_cast<size_t>(program) >= archive.size())
    return {};
  return archive[program];
}

std::vector<ReplayBuffer::Row> ReplayBuffer::draw(Random &random,
                                                  int32_t count) const {
  auto anyOf = [&](const auto &list) -> const auto & {
    return list[random.below(list.size())];
  };
  std::vector<Row> rows;
  for (int32_t i = 0; i < count; ++i) {
    bool isElite = recentGames.empty() ||
                   (hasElites() && random.chance(options.eliteShare));
    const LearnedGame &game =
        isElite ? *anyOf(archive[anyOf(withElites)]) : *anyOf(recentGames);
    rows.push_back({game.program, &anyOf(game.samples)});
  }
  return rows;
}

//===----------------------------------------------------------------------===//
// Bytes
//===----------------------------------------------------------------------===//

namespace {

/// Numbers of 32 bits, little-endian.
class Writer {
public:
  void add(uint32_t number) {
    char bytes[4];
    llvm::support::endian::write32le(bytes, number);
    text.append(bytes, sizeof(bytes));
  }
  void add(int32_t number) { add(static_cast<uint32_t>(number)); }
  void add(float number) { add(llvm::bit_cast<uint32_t>(number)); }
  void add(double number) {
    auto bits = llvm::bit_cast<uint64_t>(number);
    add(static_cast<uint32_t>(bits));
    add(static_cast<uint32_t>(bits >> 32));
  }
  void addAll(llvm::ArrayRef<float> numbers) {
    for (float x : numbers)
      add(x);
  }
  std::string text;
};

class Reader {
public:
  explicit Reader(llvm::StringRef bytes) : rest(bytes) {}

  uint32_t next() {
    if (rest.size() < 4) {
      isDamaged = true;
      return 0;
    }
    uint32_t number = llvm::support::endian::read32le(rest.data());
    rest = rest.drop_front(4);
    return number;
  }
  float nextFloat() {
    auto x = llvm::bit_cast<float>(next());
    isDamaged |= !std::isfinite(x);
    return x;
  }
  double nextDouble() {
    uint64_t low = next(), high = next();
    auto x = llvm::bit_cast<double>(low | high << 32);
    isDamaged |= !std::isfinite(x);
    return x;
  }
  /// A number in [least, end).
  int32_t nextBelow(int32_t least, int32_t end) {
    auto number = static_cast<int32_t>(next());
    bool isGood = number >= least && number < end;
    isDamaged |= !isGood;
    return isGood ? number : least;
  }
  /// A number of things of at least 4 bytes each.
  int32_t nextCount() {
    return nextBelow(0, static_cast<int32_t>(rest.size() / 4) + 1);
  }
  void fill(llvm::MutableArrayRef<float> numbers) {
    for (float &x : numbers)
      x = nextFloat();
  }

  bool isDamaged = false;
  llvm::StringRef rest;
};

} // namespace

static void write(Writer &out, const GameSample &sample) {
  const GamePosition &position = sample.position;
  out.add(position.size());
  for (const Action &action : position.actions) {
    out.add(static_cast<int32_t>(action.kind));
    out.add(action.node);
  }
  out.addAll(position.priors);
  out.addAll(position.around);
  out.addAll(position.state);
  out.addAll(sample.policy);
  out.add(sample.value);
}

static GameSample readSample(Reader &in, int32_t numNodes) {
  GameSample sample;
  GamePosition &position = sample.position;
  auto count = static_cast<size_t>(in.nextBelow(1, 33));
  for (size_t i = 0; i < count; ++i) {
    auto kind =
        static_cast<Action::Kind>(in.nextBelow(0, GameNetwork::kNumKinds));
    bool isStop = kind == Action::Stop;
    position.actions.push_back(
        {kind, in.nextBelow(isStop ? -1 : 0, isStop ? 0 : numNodes)});
  }
  position.priors.resize(count);
  position.around.resize(count * kNumNodeFeatures);
  sample.policy.resize(count);
  in.fill(position.priors);
  in.fill(position.around);
  in.fill(position.state);
  in.fill(sample.policy);
  sample.value = in.nextFloat();
  return sample;
}

static void write(Writer &out, const LearnedGame &game, bool onlyElite) {
  out.add(static_cast<uint32_t>(onlyElite));
  out.add(game.program);
  out.add(game.latency);
  out.add(static_cast<uint32_t>(game.samples.size()));
  for (const GameSample &sample : game.samples)
    write(out, sample);
}

std::string ReplayBuffer::serialize() const {
  Writer out;
  for (const auto &list : archive)
    for (const GameRef &game : list)
      if (!llvm::is_contained(recentGames, game))
        write(out, *game, /*onlyElite=*/true);
  for (const GameRef &game : recentGames)
    write(out, *game, /*onlyElite=*/false);
  return std::move(out.text);
}

llvm::Error ReplayBuffer::restore(llvm::StringRef bytes, llvm::StringRef name,
                                  llvm::ArrayRef<int32_t> numNodes) {
  Reader in(bytes);
  while (!in.rest.empty() && !in.isDamaged) {
    LearnedGame game;
    bool onlyElite = in.nextBelow(0, 2) == 1;
    game.program = in.nextBelow(0, static_cast<int32_t>(numNodes.size()));
    game.latency = in.nextDouble();
    for (int32_t left = in.nextCount(); left > 0 && !in.isDamaged; --left)
      game.samples.push_back(readSample(in, numNodes[game.program]));
    if (!in.isDamaged)
      add(std::move(game), onlyElite);
  }
  return in.isDamaged ? fileError(name, 0, "damaged checkpoint")
                      : llvm::Error::success();
}
