//===- Network.cpp - the network that plays mallocGame --------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Weights in files: a line of text with what they are for, then each tensor: a
// line with its name and the count of its numbers, and those, little-endian.
//
//===----------------------------------------------------------------------===//

#include "NetworkModules.h"

#include "mempl/MuZero/TrajectoryIO.h"
#include "mempl/Support/FileIO.h"

#include "llvm/ADT/StringSwitch.h"

#include <cmath>
#include <dlfcn.h>
#include <mutex>
#include <sstream>

using namespace mempl;

// Of the layers, the features of Observation.h, kValueSupport and
// kRewardSupport.
static constexpr int kVersion = 3;
// The same without rules.
static constexpr int kVersionWithoutRules = 2;
static constexpr llvm::StringLiteral kMagic = "mempl-network";

std::optional<NetworkSize> mempl::networkSizeByName(llvm::StringRef name) {
  return llvm::StringSwitch<std::optional<NetworkSize>>(name)
      .Case("s", NetworkSize{"s", 32, 128})
      .Case("m", NetworkSize{"m", 64, 256})
      .Default(std::nullopt);
}

Network Network::create(const NetworkSize &size, uint64_t seed) {
  // LibTorch initialises from a generator that all threads share.
  static std::mutex generator;
  std::lock_guard<std::mutex> lock(generator);
  torch::manual_seed(seed);
  return Network(std::make_shared<NetworkModules>(size));
}

const NetworkSize &Network::size() const { return shared->size; }

const GameRules &Network::rules() const { return shared->rules; }

void Network::setRules(const GameRules &rules) { shared->rules = rules; }

int64_t Network::numWeights() const {
  int64_t count = 0;
  for (const torch::Tensor &weights : shared->parameters())
    count += weights.numel();
  return count;
}

void Network::copyFrom(const Network &other) {
  copyWeights(*shared, *other.shared);
}

Network Network::clone() const {
  Network copy = create(size(), 0);
  copy.copyFrom(*this);
  copy.setRules(rules());
  return copy;
}

std::string Network::serialize() const {
  std::ostringstream os;
  const NetworkSize &s = size();
  os << kMagic.str() << ' ' << kVersion << ' ' << s.name << ' ' << s.channels
     << ' ' << s.width << ' ' << s.programBlocks << ' ' << s.stateBlocks << ' '
     << static_cast<int>(rules().order) << ' '
     << static_cast<int>(rules().moves) << '\n';
  // Not LibTorch's archive, whose bytes differ from one run to the next.
  std::string bytes = os.str();
  for (const auto &weights : shared->named_parameters()) {
    bytes += weights.key() + ' ' + std::to_string(weights.value().numel());
    bytes += '\n';
    torch::Tensor flat = weights.value().detach().contiguous();
    bytes += floatsAsBytes(llvm::ArrayRef(flat.data_ptr<float>(),
                                          static_cast<size_t>(flat.numel())));
  }
  return bytes;
}

/// Takes what serialize() wrote after the first line; false if it is damaged.
static bool readWeights(llvm::StringRef bytes, NetworkModules &modules) {
  torch::NoGradGuard noGradients;
  for (auto &weights : modules.named_parameters()) {
    torch::Tensor &tensor = weights.value();
    auto [line, rest] = bytes.split('\n');
    auto count = static_cast<size_t>(tensor.numel());
    if (line != weights.key() + ' ' + std::to_string(count) ||
        rest.size() < count * sizeof(float))
      return false;
    std::vector<float> numbers =
        floatsFromBytes(rest.take_front(count * sizeof(float)));
    if (!llvm::all_of(numbers, [](float x) { return std::isfinite(x); }))
      return false;
    tensor.copy_(torch::from_blob(numbers.data(), tensor.sizes()));
    bytes = rest.drop_front(count * sizeof(float));
  }
  return bytes.empty();
}

llvm::Expected<Network> Network::deserialize(llvm::StringRef bytes,
                                             llvm::StringRef name) {
  auto [line, weights] = bytes.split('\n');
  llvm::SmallVector<llvm::StringRef, 9> words;
  line.split(words, ' ');
  int version = 0;
  if (words.size() < 2 || words[0] != kMagic ||
      words[1].getAsInteger(10, version))
    return fileError(name, 0, "expected weights of a network");
  if (version != kVersion && version != kVersionWithoutRules)
    return fileError(name, 0,
                     "weights of version " + llvm::Twine(version) +
                         "; this mempl reads version " + llvm::Twine(kVersion));
  NetworkSize size;
  auto read = [&](size_t word, int32_t &number, int32_t least, int32_t most) {
    return word < words.size() && !words[word].getAsInteger(10, number) &&
           number >= least && number <= most;
  };
  int32_t order = 0, moves = 0;
  bool hasRules = version != kVersionWithoutRules;
  if (words.size() != (hasRules ? 9 : 7) || !read(3, size.channels, 1, 4096) ||
      !read(4, size.width, 1, 65536) || !read(5, size.programBlocks, 1, 30) ||
      !read(6, size.stateBlocks, 1, 100) ||
      (hasRules && (!read(7, order, 0, 1) || !read(8, moves, 0, 1))))
    return fileError(
        name, 1, "expected a name, four layer sizes and two rules of games");
  size.name = words[2].str();
  // Sizes that no file of that length can be of are not allocated.
  int64_t least = int64_t{size.width} * size.width +
                  int64_t{size.programBlocks} * size.channels * size.channels;
  if (least > static_cast<int64_t>(weights.size()))
    return fileError(name, 0, "damaged weights of a network");
  Network network = create(size, 0);
  network.setRules(
      {static_cast<DecisionOrder>(order), static_cast<MoveSize>(moves)});
  if (!readWeights(weights, network.modules()))
    return fileError(name, 0, "damaged weights of a network");
  return network;
}

llvm::Expected<Network> Network::load(const std::string &path) {
  llvm::Expected<std::string> bytes = readFile(path);
  if (!bytes)
    return bytes.takeError();
  return deserialize(*bytes, path);
}

llvm::Error Network::save(const std::string &path) const {
  return writeFile(path, serialize());
}

void mempl::useOneTorchThread() {
  at::set_num_threads(1);
  // LibTorch does not tell OpenBLAS, which has threads of its own.
  using SetThreads = void (*)(int);
  if (auto *set = reinterpret_cast<SetThreads>(
          dlsym(RTLD_DEFAULT, "openblas_set_num_threads")))
    set(1);
}
