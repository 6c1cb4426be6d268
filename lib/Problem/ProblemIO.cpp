//===- ProblemIO.cpp - reading instances and plans as JSON ----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The schema of docs/Problem.md, read as Mapping.h has it.
//
//===----------------------------------------------------------------------===//

#include "mempl/Problem/ProblemIO.h"

#include "mempl/Problem/Mapping.h"
#include "mempl/Support/FileIO.h"
#include "mempl/Support/Json.h"

#include "llvm/ADT/STLExtras.h"

using namespace mempl;
using llvm::StringRef;
using llvm::Twine;

/// Most loops inside each other. Every walk over a program recurses into
/// bodies, so this bounds the stack of all of them.
static constexpr int kMaxLoopDepth = 64;

/// Put before messages about the fields of a struct.
template <typename T> static constexpr llvm::StringLiteral kFieldRule = "";
template <> constexpr llvm::StringLiteral kFieldRule<Residency> = "V9: ";
static constexpr llvm::StringLiteral kLoopRule = "V9: ";

static void checkVersion(const JsonCursor &at) {
  JsonCursor version = at.optional("version");
  if (!version)
    return;
  int64_t number = version.integer(1, INT64_MAX);
  if (number > kProblemSchemaVersion)
    version.report("version " + Twine(number) + " is newer than " +
                   Twine(kProblemSchemaVersion) +
                   ", the newest that this program reads");
}

/// What another compiler kept over from the run before, as indices or names
/// of values: for comparisons only, so that only its form is looked at.
static void checkCrossProgram(const JsonCursor &at) {
  if (!at || !at.expectArray())
    return;
  for (size_t i = 0; i < at.size(); ++i) {
    JsonCursor value = at.element(i);
    if (!value.is(JsonNode::Kind::String))
      value.integer(0, INT32_MAX);
  }
}

namespace {

/// Collects the keys of an object.
class KeyLister {
public:
  template <typename T> void required(const Field &field, T &) {
    keys.push_back(field.key);
  }
  template <typename T> void optional(const Field &field, T &, bool = false) {
    keys.push_back(field.key);
  }
  void flag(const Field &field) { keys.push_back(field.key); }
  template <typename T, typename Variant, typename Fields>
  void alternative(Variant &, Fields fields) {
    T none{};
    fields(*this, none);
  }
  template <typename T, typename Fields>
  void part(std::optional<T> &, const char *, Fields fields) {
    T none{};
    fields(*this, none);
  }
  void exactlyOne(const char *) {}
  template <typename Fields> void group(llvm::StringLiteral key, Fields) {
    keys.push_back(key);
  }
  template <typename T> void object(llvm::StringLiteral key, T &) {
    keys.push_back(key);
  }
  template <typename T> void list(llvm::StringLiteral key, T &) {
    keys.push_back(key);
  }
  template <typename T> void body(llvm::StringLiteral key, T &) {
    keys.push_back(key);
  }
  template <typename T> void loops(llvm::StringLiteral key, T &) {
    keys.push_back(key);
  }
  void integers(const Field &field, std::vector<int32_t> &) {
    keys.push_back(field.key);
  }
  void version() { keys.push_back("version"); }
  void comparisons(llvm::StringLiteral key) { keys.push_back(key); }

  std::vector<llvm::StringLiteral> keys;
};

/// Reads one plain value.
struct JsonValueReader {
  const JsonCursor &at;
  StringRef rule;

  /// False where the key is left out, which is an error unless `mayBeAbsent`.
  template <typename T>
  bool operator()(const Field &field, T &x, bool mayBeAbsent) const {
    JsonCursor from =
        mayBeAbsent ? at.optional(field.key) : at.required(field.key);
    if (!from)
      return false;
    if constexpr (std::is_same_v<T, bool>) {
      x = from.is(JsonNode::Kind::True);
      if (!x)
        from.expected("true, or no such key");
    } else if constexpr (std::is_enum_v<T>) {
      size_t first = kFirstIsNone<T>;
      x = static_cast<T>(
          first + from.oneOf(llvm::ArrayRef(kWords<T>).drop_front(first)));
    } else if constexpr (std::is_integral_v<T>) {
      x = static_cast<T>(from.integer(field.leastOf<T>(),
                                      std::numeric_limits<T>::max(), rule));
    } else if constexpr (std::is_floating_point_v<T>) {
      x = from.number();
    } else {
      x = from.string();
    }
    return true;
  }
};

/// Reads an object of a document that is being read.
class JsonReader : public RecordReader<JsonValueReader> {
public:
  JsonReader(const JsonCursor &at, StringRef rule, int depth)
      : RecordReader({at, rule}), at(at), depth(depth) {}

  /// Reads a whole object, which has no keys but its own and `more`.
  template <typename T>
  static T read(const JsonCursor &at, int depth,
                llvm::ArrayRef<llvm::StringLiteral> more = {}) {
    T x{};
    JsonReader(at, kFieldRule<T>, depth).readInto(x, more);
    return x;
  }
  template <typename T>
  void readInto(T &x, llvm::ArrayRef<llvm::StringLiteral> more = {}) {
    if (more.empty()) {
      at.expectKeys(keysOf(x));
    } else {
      std::vector<llvm::StringLiteral> keys(more.begin(), more.end());
      llvm::append_range(keys, keysOf(x));
      at.expectKeys(keys);
    }
    mapFields(*this, x);
    if (!error().empty())
      at.report(kFieldRule<T> + error());
  }

  using RecordReader::optional;
  template <typename T> void optional(const Field &field, T &x, bool = false) {
    JsonValueReader{at, ""}(field, x, true);
  }
  template <typename Fields>
  void group(llvm::StringLiteral key, Fields fields) {
    JsonCursor inner = at.required(key);
    KeyLister lister;
    fields(lister);
    inner.expectKeys(lister.keys);
    JsonReader reader(inner, "", depth);
    fields(reader);
  }
  template <typename T> void object(llvm::StringLiteral key, T &x) {
    x = read<T>(at.required(key), depth);
  }
  template <typename T> void list(llvm::StringLiteral key, std::vector<T> &x) {
    JsonCursor elements = at.required(key);
    if (elements.expectArray())
      for (size_t i = 0; i < elements.size(); ++i)
        x.push_back(read<T>(elements.element(i), depth));
  }
  void integers(const Field &field, std::vector<int32_t> &x) {
    JsonCursor elements = at.optional(field.key);
    if (elements && elements.expectArray())
      for (size_t i = 0; i < elements.size(); ++i)
        x.push_back(static_cast<int32_t>(
            elements.element(i).integer(field.leastOf<int32_t>(), INT32_MAX)));
  }
  void body(llvm::StringLiteral key, std::shared_ptr<const Program> &x) {
    JsonCursor program = at.optional(key);
    if (program && isTooDeep(program))
      return;
    if (program)
      x = std::make_shared<Program>(read<Program>(program, depth + 1));
  }
  void loops(llvm::StringLiteral key, std::map<int32_t, BodyPlan> &x);
  void version() { checkVersion(at); }
  void comparisons(llvm::StringLiteral key) {
    checkCrossProgram(at.optional(key));
  }

private:
  /// The keys of a type, listed once.
  template <typename T>
  static llvm::ArrayRef<llvm::StringLiteral> keysOf(T &x) {
    static const std::vector<llvm::StringLiteral> keys = [&] {
      KeyLister lister;
      mapFields(lister, x);
      return std::move(lister.keys);
    }();
    return keys;
  }
  bool isTooDeep(const JsonCursor &inner) const {
    if (depth == kMaxLoopDepth)
      inner.report("expected at most " + Twine(kMaxLoopDepth) +
                   " loops inside each other");
    return depth == kMaxLoopDepth;
  }

  JsonCursor at;
  int depth;
};

} // namespace

void JsonReader::loops(llvm::StringLiteral key,
                       std::map<int32_t, BodyPlan> &x) {
  JsonCursor all = at.optional(key);
  if (!all || !all.expectObject())
    return;
  for (size_t i = 0; i < all.size(); ++i) {
    JsonCursor loop = all.element(i);
    StringRef name = all.keyOf(i);
    int32_t step = 0;
    // No sign and no leading zero: one step has one spelling.
    if (name.getAsInteger(10, step) || Twine(step).str() != name || step < 0)
      return loop.report(kLoopRule +
                         "expected the number of a step as the key");
    if (isTooDeep(loop))
      return;
    x[step] = read<BodyPlan>(loop, depth + 1);
  }
}

//===----------------------------------------------------------------------===//
// Instances
//===----------------------------------------------------------------------===//

Machine mempl::machineFromJson(const JsonCursor &at) {
  return JsonReader::read<Machine>(at, 0);
}

Instance mempl::instanceFromJson(const JsonCursor &at) {
  return JsonReader::read<Instance>(at, 0);
}

/// The error for the first of the faults of an instance, or of a machine that
/// is alone in its document.
static llvm::Error faultError(const JsonDocument &document,
                              const std::vector<InstanceFault> &faults,
                              bool isMachine = false) {
  const InstanceFault &first = faults.front();
  std::string where = isMachine ? first.inside() : first.where();
  std::string text = isMachine ? first.strInside() : first.str();
  if (faults.size() > 1)
    text += " (the first of " + std::to_string(faults.size()) + " faults)";
  return fileError(document.file,
                   document.lineOf(document.nodeAt(where).position), text);
}

llvm::Expected<Instance> mempl::parseInstance(StringRef json, StringRef file) {
  auto document = parseJson(json, file);
  if (!document)
    return document.takeError();
  JsonErrors errors(*document);
  Instance instance = instanceFromJson(JsonCursor(document->root, errors));
  if (errors.any())
    return errors.take();
  auto faults = checkInstance(instance);
  if (!faults.empty())
    return faultError(*document, faults);
  return instance;
}

llvm::Expected<Machine> mempl::parseMachine(StringRef json, StringRef file) {
  auto document = parseJson(json, file);
  if (!document)
    return document.takeError();
  JsonErrors errors(*document);
  JsonCursor at(document->root, errors);
  checkVersion(at);
  Instance instance;
  instance.machine = JsonReader::read<Machine>(at, 0, {"version"});
  if (errors.any())
    return errors.take();
  auto faults = checkInstance(instance);
  if (!faults.empty())
    return faultError(*document, faults, /*isMachine=*/true);
  return instance.machine;
}

//===----------------------------------------------------------------------===//
// Plans
//===----------------------------------------------------------------------===//

llvm::Expected<Plan> mempl::parsePlan(StringRef json, StringRef file) {
  auto document = parseJson(json, file);
  if (!document)
    return document.takeError();
  JsonErrors errors(*document);
  Plan plan;
  PlanFile whole{plan};
  JsonReader(JsonCursor(document->root, errors), "", 0).readInto(whole);
  if (errors.any())
    return errors.take();
  return plan;
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

llvm::Expected<Instance> mempl::readInstance(StringRef path) {
  auto text = readFile(path);
  if (!text)
    return text.takeError();
  return parseInstance(*text, path);
}

llvm::Expected<Machine> mempl::readMachine(StringRef path) {
  auto text = readFile(path);
  if (!text)
    return text.takeError();
  return parseMachine(*text, path);
}

llvm::Expected<Plan> mempl::readPlan(StringRef path) {
  auto text = readFile(path);
  if (!text)
    return text.takeError();
  return parsePlan(*text, path);
}
