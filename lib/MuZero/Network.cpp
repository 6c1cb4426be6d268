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

#include "mempl/Game/Features.h"
#include "mempl/MuZero/TrajectoryIO.h"
#include "mempl/Support/FileIO.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/xxhash.h"

#include <cmath>
#include <dlfcn.h>
#include <mutex>
#include <sstream>

using namespace mempl;

// Version 4 says what the weights see and predict (signature()), version 3 does
// not, version 2 has no rules either.
static constexpr int kVersion = 4, kVersionWithoutSignature = 3,
                     kVersionWithoutRules = 2;
// What weights of versions 2 and 3 see and predict.
static constexpr llvm::StringLiteral kOldSignature = "79f1ff71c8902d41";
static constexpr llvm::StringLiteral kMagic = "mempl-network";

/// 16 hexadecimal digits: equal as long as weights can be shared, whatever the
/// sizes of layers.
static const std::string &signature() {
  static const std::string digits = [] {
    std::string text = observationSignature();
    llvm::raw_string_ostream os(text);
    for (const CategoricalSupport &support : {kValueSupport, kRewardSupport})
      os << support.low << ' ' << support.high << ' ' << support.atoms << '\n';
    os << kNumQuantiles << '\n';
    return llvm::utohexstr(llvm::xxh3_64bits(text), /*LowerCase=*/true, 16);
  }();
  return digits;
}

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
  os << kMagic.str() << ' ' << kVersion << ' ' << signature() << ' ' << s.name
     << ' ' << s.channels << ' ' << s.width << ' ' << s.programBlocks << ' '
     << s.stateBlocks << ' ' << static_cast<int>(rules().order) << ' '
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

namespace {

/// The first line of a file of weights.
struct Header {
  int version = 0;
  NetworkSize size;
  GameRules rules;
  std::string signature = kOldSignature.str();
};

} // namespace

/// Takes the words after the version; false if they are not what is expected.
static bool readWords(llvm::ArrayRef<llvm::StringRef> words, Header &header) {
  if (header.version > kVersionWithoutSignature) {
    if (words.empty())
      return false;
    header.signature = words.consume_front().str();
  }
  bool hasRules = header.version > kVersionWithoutRules;
  if (words.size() != (hasRules ? 7 : 5))
    return false;
  auto read = [&](size_t word, int32_t &number, int32_t least, int32_t most) {
    return !words[word].getAsInteger(10, number) && number >= least &&
           number <= most;
  };
  NetworkSize &size = header.size;
  size.name = words[0].str();
  if (!read(1, size.channels, 1, 4096) || !read(2, size.width, 1, 65536) ||
      !read(3, size.programBlocks, 1, 30) || !read(4, size.stateBlocks, 1, 100))
    return false;
  int32_t order = 0, moves = 0;
  if (hasRules && (!read(5, order, 0, 1) || !read(6, moves, 0, 1)))
    return false;
  header.rules = {static_cast<DecisionOrder>(order),
                  static_cast<MoveSize>(moves)};
  return true;
}

static llvm::Expected<Header> readHeader(llvm::StringRef line,
                                         llvm::StringRef name) {
  llvm::SmallVector<llvm::StringRef, 10> words;
  line.split(words, ' ');
  Header header;
  if (words.size() < 2 || words[0] != kMagic ||
      words[1].getAsInteger(10, header.version))
    return fileError(name, 0, "expected weights of a network");
  if (header.version < kVersionWithoutRules || header.version > kVersion)
    return fileError(name, 0,
                     "weights of version " + llvm::Twine(header.version) +
                         "; this mempl reads version " + llvm::Twine(kVersion));
  if (!readWords(llvm::ArrayRef(words).drop_front(2), header))
    return fileError(
        name, 1, "expected a name, four layer sizes and two rules of games");
  if (header.signature != signature())
    return fileError(name, 1,
                     "weights that were trained with other features of the "
                     "game (" +
                         header.signature + ", this mempl has " + signature() +
                         "); train them anew");
  return header;
}

llvm::Expected<Network> Network::deserialize(llvm::StringRef bytes,
                                             llvm::StringRef name) {
  auto [line, weights] = bytes.split('\n');
  auto header = readHeader(line, name);
  if (!header)
    return header.takeError();
  // Sizes that no file of that length can be of are not allocated.
  const NetworkSize &size = header->size;
  int64_t least = int64_t{size.width} * size.width +
                  int64_t{size.programBlocks} * size.channels * size.channels;
  if (least > static_cast<int64_t>(weights.size()))
    return fileError(name, 0, "damaged weights of a network");
  Network network = create(size, 0);
  network.setRules(header->rules);
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
