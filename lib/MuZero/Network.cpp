//===- Network.cpp - the network that plays mallocGame --------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Weights in files: a line of text with what they are for, then LibTorch's own
// archive. LibTorch throws; nothing that it throws leaves this room.
//
//===----------------------------------------------------------------------===//

#include "NetworkModules.h"

#include "mempl/Support/FileIO.h"

#include "llvm/ADT/StringSwitch.h"

#include <dlfcn.h>
#include <mutex>
#include <sstream>

using namespace mempl;

// Version 1: the features of Observation.h, kValueSupport and kRewardSupport.
static constexpr int kVersion = 1;
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

int64_t Network::numWeights() const {
  int64_t count = 0;
  for (const torch::Tensor &weights : shared->parameters())
    count += weights.numel();
  return count;
}

Network Network::clone() const {
  Network copy = create(size(), 0);
  torch::NoGradGuard noGradients;
  auto from = shared->named_parameters();
  for (auto &weights : copy.shared->named_parameters())
    weights.value().copy_(from[weights.key()]);
  return copy;
}

std::string Network::serialize() const {
  std::ostringstream os;
  const NetworkSize &s = size();
  os << kMagic.str() << ' ' << kVersion << ' ' << s.name << ' ' << s.channels
     << ' ' << s.width << ' ' << s.programBlocks << ' ' << s.stateBlocks
     << '\n';
  torch::serialize::OutputArchive archive;
  shared->save(archive);
  archive.save_to(os);
  return os.str();
}

llvm::Expected<Network> Network::deserialize(llvm::StringRef bytes,
                                             llvm::StringRef name) {
  auto [line, weights] = bytes.split('\n');
  llvm::SmallVector<llvm::StringRef, 8> words;
  line.split(words, ' ');
  int version = 0;
  if (words.size() < 2 || words[0] != kMagic ||
      words[1].getAsInteger(10, version))
    return fileError(name, 0, "expected weights of a network");
  if (version != kVersion)
    return fileError(name, 0,
                     "weights of version " + llvm::Twine(version) +
                         "; this mempl reads version " + llvm::Twine(kVersion));
  NetworkSize size;
  auto read = [&](size_t word, int32_t &number, int32_t most) {
    return word < words.size() && !words[word].getAsInteger(10, number) &&
           number >= 1 && number <= most;
  };
  if (words.size() != 7 || !read(3, size.channels, 4096) ||
      !read(4, size.width, 65536) || !read(5, size.programBlocks, 30) ||
      !read(6, size.stateBlocks, 100))
    return fileError(name, 1, "expected five numbers that give layer sizes");
  size.name = words[2].str();
  try {
    Network network = create(size, 0);
    std::istringstream is(weights.str());
    torch::serialize::InputArchive archive;
    archive.load_from(is);
    // Loading takes any shape that it finds.
    auto expected = create(size, 0).shared->parameters();
    network.shared->load(archive);
    auto found = network.shared->parameters();
    for (size_t i = 0; i < found.size(); ++i)
      if (found[i].sizes() != expected[i].sizes() ||
          !found[i].isfinite().all().item<bool>())
        return fileError(name, 0, "expected finite weights of the sizes named");
    return network;
  } catch (const std::exception &) {
    return fileError(name, 0, "damaged weights of a network");
  }
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
