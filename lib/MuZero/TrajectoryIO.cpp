//===- TrajectoryIO.cpp - games as bytes ----------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// About 24 bytes per move: an action, three probabilities, a value, a reward.
//
//===----------------------------------------------------------------------===//

#include "mempl/MuZero/TrajectoryIO.h"

#include "mempl/Problem/ProblemIO.h"
#include "mempl/Support/FileIO.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/xxhash.h"

#include <cmath>

using namespace mempl;

static constexpr llvm::StringLiteral kMagic = "mempl-games 1\n";

std::string mempl::programKey(const Game &program) {
  std::string text;
  llvm::raw_string_ostream os(text);
  writeInstance(os, program.instance());
  for (const auto &[step, body] : program.options().loops) {
    os << step << '\n';
    writePlan(os, body.plan);
  }
  os << static_cast<int>(program.options().order)
     << static_cast<int>(program.options().fit) << program.options().repacks
     << program.options().asksCarried;
  if (program.options().moves == MoveSize::Value)
    os << "by value";
  return llvm::utohexstr(llvm::xxh3_64bits(text), /*LowerCase=*/true, 16);
}

namespace {

class Writer {
public:
  explicit Writer(std::string &out) : out(out) {}
  template <typename T> void write(T x) {
    char bytes[sizeof(T)];
    llvm::support::endian::write<T>(bytes, x, llvm::endianness::little);
    out.append(bytes, sizeof(T));
  }
  void write(float x) { write(llvm::bit_cast<uint32_t>(x)); }
  void write(double x) { write(llvm::bit_cast<uint64_t>(x)); }

private:
  std::string &out;
};

/// Reads until the bytes end; then everything is 0 and `isShort` is true.
class Reader {
public:
  explicit Reader(llvm::StringRef bytes) : left(bytes) {}
  bool isShort = false;
  bool atEnd() const { return left.empty(); }
  bool has(size_t bytes) {
    isShort |= left.size() < bytes;
    return !isShort;
  }
  template <typename T> T read() {
    if (!has(sizeof(T)))
      return T();
    auto x =
        llvm::support::endian::read<T>(left.data(), llvm::endianness::little);
    left = left.drop_front(sizeof(T));
    return x;
  }
  float readFloat() { return llvm::bit_cast<float>(read<uint32_t>()); }
  double readDouble() { return llvm::bit_cast<double>(read<uint64_t>()); }
  llvm::StringRef readBytes(size_t count) {
    if (!has(count))
      return {};
    llvm::StringRef bytes = left.take_front(count);
    left = left.drop_front(count);
    return bytes;
  }

private:
  llvm::StringRef left;
};

} // namespace

std::string
mempl::serializeGames(llvm::ArrayRef<std::shared_ptr<const Trajectory>> games,
                      llvm::function_ref<std::string(int32_t program)> keyOf) {
  std::string bytes = kMagic.str();
  Writer w(bytes);
  for (const auto &game : games) {
    bytes += keyOf(game->program);
    w.write(static_cast<uint32_t>(game->actions.size()));
    w.write(static_cast<uint8_t>(!game->values.empty()));
    w.write(game->weightsVersion);
    w.write(game->latency);
    w.write(game->totalReturn);
    for (size_t i = 0; i < game->actions.size(); ++i) {
      w.write(static_cast<uint8_t>(game->actions[i]));
      w.write(game->rewards[i]);
      for (float p : game->policies[i])
        w.write(p);
      if (!game->values.empty())
        w.write(game->values[i]);
    }
  }
  return bytes;
}

llvm::Expected<std::vector<Trajectory>> mempl::deserializeGames(
    llvm::StringRef bytes, llvm::StringRef name,
    llvm::function_ref<int32_t(llvm::StringRef key)> numberOf) {
  if (!bytes.consume_front(kMagic))
    return fileError(name, 0, "expected games of version 1");
  std::vector<Trajectory> games;
  Reader r(bytes);
  while (!r.atEnd()) {
    Trajectory t;
    t.program = numberOf(r.readBytes(16));
    auto length = r.read<uint32_t>();
    bool hasValues = r.read<uint8_t>() != 0;
    t.weightsVersion = r.read<int64_t>();
    t.latency = r.readDouble();
    t.totalReturn = r.readFloat();
    size_t perMove = 1 + 4 * (1 + kNumActions + (hasValues ? 1 : 0));
    if (!r.has(length * perMove))
      break;
    for (uint32_t i = 0; i < length; ++i) {
      auto action = r.read<uint8_t>();
      if (action >= kNumActions)
        return fileError(name, 0, "damaged games");
      t.actions.push_back(static_cast<Action>(action));
      t.rewards.push_back(r.readFloat());
      PerAction policy;
      for (float &p : policy)
        p = r.readFloat();
      t.policies.push_back(policy);
      if (hasValues)
        t.values.push_back(r.readFloat());
    }
    if (t.program >= 0)
      games.push_back(std::move(t));
  }
  if (r.isShort)
    return fileError(name, 0, "damaged games");
  return games;
}

std::string mempl::floatsAsBytes(llvm::ArrayRef<float> numbers) {
  std::string bytes;
  Writer w(bytes);
  for (float x : numbers)
    w.write(x);
  return bytes;
}

std::vector<float> mempl::floatsFromBytes(llvm::StringRef bytes) {
  std::vector<float> numbers;
  Reader r(bytes);
  for (size_t i = 0; i < bytes.size() / sizeof(float); ++i)
    numbers.push_back(r.readFloat());
  return numbers;
}

bool mempl::playAgain(GameState &game, Trajectory &t) {
  double scale = game.program().scale();
  bool isGood = t.policies.size() == t.actions.size() &&
                (t.values.empty() || t.values.size() == t.actions.size());
  t.rewards.clear();
  for (size_t i = 0; isGood && i < t.actions.size(); ++i) {
    isGood = !game.isOver() && game.isLegal(t.actions[i]);
    float sum = 0;
    for (int a = 0; a < kNumActions; ++a) {
      float p = t.policies[i][a];
      isGood &= p >= 0 && (p == 0 || game.isLegal(static_cast<Action>(a)));
      sum += p;
    }
    isGood &= sum == 0 || std::abs(sum - 1) < 1e-3f;
    isGood &= t.values.empty() || std::isfinite(t.values[i]);
    if (isGood)
      t.rewards.push_back(static_cast<float>(game.apply(t.actions[i]) / scale));
  }
  isGood &= game.isOver();
  if (isGood) {
    t.latency = game.latency();
    t.totalReturn = static_cast<float>(game.totalReward() / scale);
  }
  game.restart();
  return isGood;
}
