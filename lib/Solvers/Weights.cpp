//===- Weights.cpp - what learned policies know ---------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Solvers/Weights.h"

#include "mempl/Solvers/SegmentPolicy.h"
#include "mempl/Support/FileIO.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/xxhash.h"

#include <cmath>

using namespace mempl;
using llvm::Expected;
using llvm::StringRef;

// Up to version 4 weights were of networks for games that are gone.
static constexpr int kVersion = 5;
static constexpr StringRef kMagic = "mempl-weights",
                           kOldMagic = "mempl-network";
static constexpr int64_t kMostNumbers = int64_t(1) << 28;
/// No weight that training comes to is near it, and with such ones no sum that
/// networks form leaves the range of a float.
static constexpr float kLargest = 1e6F;

/// What the weights see: 16 hexadecimal digits.
static std::string signature() {
  return llvm::utohexstr(llvm::xxh3_64bits(segmentFeatureNames()),
                         /*LowerCase=*/true, 16);
}

namespace {

/// Reads the contents of one file.
class Reader {
public:
  Reader(StringRef contents, StringRef name) : rest(contents), name(name) {}

  Expected<Weights> read() {
    if (llvm::Error error = readHead())
      return error;
    Weights weights;
    while (!rest.empty())
      if (llvm::Error error = readArray(weights))
        return error;
    return weights;
  }

private:
  llvm::Error failure(const llvm::Twine &text) const {
    return fileError(name, 0, text);
  }

  StringRef takeLine() {
    StringRef line;
    std::tie(line, rest) = rest.split('\n');
    return line;
  }

  llvm::Error readHead() {
    llvm::SmallVector<StringRef, 3> words;
    takeLine().split(words, ' ');
    if (words[0] == kOldMagic)
      return failure(
          "these weights are of an earlier mempl, for a game that is "
          "gone: train them anew");
    int version;
    if (words.size() != 3 || words[0] != kMagic ||
        words[1].getAsInteger(10, version))
      return failure("expected weights, as mempl-train writes them");
    if (version > kVersion)
      return failure("weights of version " + llvm::Twine(version) +
                     "; this mempl reads up to " + llvm::Twine(kVersion));
    if (words[2] != signature())
      return failure("these weights see other features than this mempl has: "
                     "train them anew");
    return llvm::Error::success();
  }

  llvm::Error readArray(Weights &weights) {
    llvm::SmallVector<StringRef, 4> words;
    takeLine().split(words, ' ');
    Weights::Array array;
    int64_t count = 1;
    for (StringRef word : llvm::ArrayRef(words).drop_front()) {
      int64_t extent;
      if (word.getAsInteger(10, extent) || extent < 1 ||
          extent > kMostNumbers / count)
        return failure("damaged weights");
      array.shape.push_back(extent);
      count *= extent;
    }
    if (words[0].empty() || static_cast<uint64_t>(count) * 4 > rest.size())
      return failure("damaged weights");
    for (int64_t k = 0; k < count; ++k)
      array.numbers.push_back(
          llvm::bit_cast<float>(llvm::support::endian::read32le(
              rest.data() + static_cast<size_t>(k) * 4)));
    if (!llvm::all_of(array.numbers,
                      [](float x) { return std::abs(x) <= kLargest; }))
      return failure("damaged weights");
    rest = rest.drop_front(static_cast<size_t>(count) * 4);
    weights.set(words[0], std::move(array));
    return llvm::Error::success();
  }

  StringRef rest, name;
};

} // namespace

Expected<Weights> Weights::parse(StringRef contents, StringRef name) {
  return Reader(contents, name).read();
}

Expected<std::shared_ptr<const Weights>> Weights::read(StringRef path) {
  auto contents = readFile(path);
  if (!contents)
    return contents.takeError();
  auto weights = parse(*contents, path);
  if (!weights)
    return weights.takeError();
  return std::make_shared<const Weights>(std::move(*weights));
}

static constexpr unsigned char kBuiltIn[] = {
#include "BuiltinWeights.inc"
};

std::shared_ptr<const Weights> Weights::builtIn() {
  static const auto weights =
      std::make_shared<const Weights>(llvm::cantFail(parse(
          StringRef(reinterpret_cast<const char *>(kBuiltIn), sizeof(kBuiltIn)),
          "the weights of this mempl")));
  return weights;
}

std::string Weights::contents() const {
  std::string text =
      (kMagic + " " + llvm::Twine(kVersion) + " " + signature() + "\n").str();
  for (const auto &[name, array] : arrays) {
    text += name;
    for (int64_t extent : array.shape)
      text += " " + std::to_string(extent);
    text += '\n';
    for (float x : array.numbers) {
      char bytes[4];
      llvm::support::endian::write32le(bytes, llvm::bit_cast<uint32_t>(x));
      text.append(bytes, sizeof(bytes));
    }
  }
  return text;
}

llvm::Error Weights::write(StringRef path) const {
  return writeFile(path, contents());
}

const Weights::Array *Weights::find(StringRef name) const {
  auto it = arrays.find(std::string_view(name));
  return it == arrays.end() ? nullptr : &it->second;
}

Expected<const Weights::Array *>
Weights::get(StringRef name, llvm::ArrayRef<int64_t> shape) const {
  const Array *array = find(name);
  if (!array)
    return llvm::createStringError("these weights have no " + name);
  bool fits = array->shape.size() == shape.size() &&
              llvm::all_of(llvm::zip_equal(array->shape, shape), [](auto pair) {
                auto [has, wanted] = pair;
                return wanted < 0 || has == wanted;
              });
  if (!fits)
    return llvm::createStringError("weights " + name +
                                   " are of another shape than expected");
  return array;
}

void Weights::set(StringRef name, Array array) {
  assert(llvm::product_of(array.shape) ==
         static_cast<int64_t>(array.numbers.size()));
  arrays.insert_or_assign(name.str(), std::move(array));
}
