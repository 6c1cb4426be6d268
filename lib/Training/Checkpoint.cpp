//===- Checkpoint.cpp - the state of a training run as bytes --------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Checkpoint.h"

#include "mempl/Support/FileIO.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/xxhash.h"

using namespace mempl;

namespace json = llvm::json;

static constexpr int64_t kVersion = 4;

/// Every number and text of a checkpoint, by its key.
template <typename IO, typename T> static void map(IO &io, T &c) {
  io.map("programs", c.programs);
  io.map("seed", c.seed);
  io.map("round", c.round);
  io.map("games", c.games);
  io.map("moves", c.moves);
  io.map("seconds", c.seconds);
  io.map("cpu_seconds", c.cpuSeconds);
  io.map("since_best", c.sinceBest);
  io.map("evaluated", c.numEvaluated);
  io.map("evaluated_steps", c.evaluatedSteps);
  io.map("first_score", c.firstScore);
  io.map("best_score", c.bestScore);
  io.map("evaluation_seconds", c.evaluationSeconds);
  io.map("taught", c.isTaught);
  io.map("evolved", c.numEvolved);
  io.map("refine_factor", c.refineFactor);
  io.map("last_refined", c.lastRefined);
}

namespace {

struct Writer {
  json::Object object;

  template <typename T> void map(llvm::StringRef key, const T &x) {
    object[key] = x;
  }
};

/// Leaves what is not there as it is.
struct Reader {
  const json::Object &object;
  bool isDamaged = false;

  template <typename T> void map(llvm::StringRef key, T &x) {
    const json::Value *value = object.get(key);
    json::Path::Root root;
    isDamaged |= value && !json::fromJSON(*value, x, root);
  }
};

} // namespace

std::string Checkpoint::serialize() const {
  Writer writer;
  map(writer, *this);
  json::Array lengths;
  for (const std::string &part : parts)
    lengths.push_back(static_cast<int64_t>(part.size()));
  writer.object["version"] = kVersion;
  writer.object["parts"] = std::move(lengths);
  std::string text;
  llvm::raw_string_ostream os(text);
  os << json::Value(std::move(writer.object)) << '\n';
  for (const std::string &part : parts)
    os << part;
  return text;
}

/// Cuts `bytes` into parts of the lengths that the header has; false if they
/// are shorter.
static bool readParts(const json::Object &header, llvm::StringRef bytes,
                      Checkpoint &checkpoint) {
  const json::Array *lengths = header.getArray("parts");
  if (!lengths || lengths->size() != checkpoint.parts.size())
    return false;
  for (size_t i = 0; i < lengths->size(); ++i) {
    auto length =
        static_cast<size_t>((*lengths)[i].getAsInteger().value_or(-1));
    if (length > bytes.size())
      return false;
    checkpoint.parts[i] = bytes.take_front(length).str();
    bytes = bytes.drop_front(length);
  }
  return true;
}

llvm::Expected<Checkpoint> Checkpoint::deserialize(llvm::StringRef bytes,
                                                   llvm::StringRef name) {
  auto [line, rest] = bytes.split('\n');
  auto damaged = [&] { return fileError(name, 0, "damaged checkpoint"); };
  llvm::Expected<json::Value> header = json::parse(line);
  if (!header) {
    llvm::consumeError(header.takeError());
    return damaged();
  }
  const json::Object *object = header->getAsObject();
  if (!object)
    return damaged();
  int64_t version = object->getInteger("version").value_or(-1);
  if (version != kVersion)
    return fileError(name, 1,
                     "a checkpoint of version " + llvm::Twine(version) +
                         "; this mempl reads version " + llvm::Twine(kVersion));
  Checkpoint checkpoint;
  Reader reader{*object};
  map(reader, checkpoint);
  if (reader.isDamaged || !readParts(*object, rest, checkpoint))
    return damaged();
  return checkpoint;
}

std::vector<double> mempl::numbersOf(llvm::StringRef part) {
  std::vector<double> numbers(part.size() / sizeof(double));
  llvm::copy(part.take_front(numbers.size() * sizeof(double)),
             reinterpret_cast<char *>(numbers.data()));
  return numbers;
}

static std::string hashOf(llvm::StringRef bytes) {
  return llvm::utohexstr(llvm::xxh3_64bits(bytes), /*LowerCase=*/true, 16) +
         "\n";
}

llvm::Error Checkpoint::write(llvm::StringRef path) const {
  std::string bytes = serialize();
  bytes += hashOf(bytes);
  return writeFile(path, bytes);
}

llvm::Expected<Checkpoint> Checkpoint::read(llvm::StringRef path) {
  auto bytes = readFile(path);
  if (!bytes)
    return bytes.takeError();
  // First, as it knows those of other versions, which have no hash.
  auto checkpoint = deserialize(*bytes, path);
  if (!checkpoint)
    return checkpoint;
  llvm::StringRef whole = *bytes;
  size_t length = whole.size() - std::min(whole.size(), hashOf("").size());
  if (whole.drop_front(length) != hashOf(whole.take_front(length)))
    return fileError(path, 0, "damaged checkpoint");
  return checkpoint;
}
