//===- Json.cpp - JSON whose every part knows its place -------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The tree is built from the events of RapidJSON's reader, in its iterative
// mode: nesting costs no stack.
//
//===----------------------------------------------------------------------===//

#include "mempl/Support/Json.h"

#include "mempl/Support/FileIO.h"
#include "mempl/Support/Suggest.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

// RapidJSON's stack starts as a null pointer to which it adds an offset: it
// only compares the sum, but that is undefined, and a sanitizer would stop.
#ifdef __clang__
#pragma clang attribute push(__attribute__((no_sanitize("pointer-overflow"))), \
                             apply_to = function)
#endif
#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>
#ifdef __clang__
#pragma clang attribute pop
#endif

#include <cmath>

using namespace mempl;
using llvm::StringRef;
using llvm::Twine;

/// Deepest nesting of arrays and objects. 64 loops inside each other need
/// three levels each; the walks over the tree that recurse stay shallow.
static constexpr size_t kMaxDepth = 256;

//===----------------------------------------------------------------------===//
// The tree
//===----------------------------------------------------------------------===//

const JsonNode *JsonNode::find(StringRef key) const {
  for (size_t i = 0; i < keys.size(); ++i)
    if (keys[i] == key)
      return &elements[i];
  return nullptr;
}

/// At most so much of what the file has is quoted in an error.
static std::string quoted(StringRef text) {
  constexpr size_t most = 60;
  if (text.size() <= most)
    return text.str();
  return text.take_front(most).str() + "...";
}

std::string JsonNode::describe() const {
  switch (kind) {
  case Kind::Null:
    return "null";
  case Kind::False:
    return "false";
  case Kind::True:
    return "true";
  case Kind::Number:
    return quoted(text);
  case Kind::String:
    return "\"" + quoted(text) + "\"";
  case Kind::Array:
    return "an array";
  case Kind::Object:
    return "an object";
  }
  llvm_unreachable("covered switch");
}

int64_t JsonDocument::lineOf(size_t position) const {
  return 1 + text.take_front(position).count('\n');
}

const JsonNode &JsonDocument::nodeAt(StringRef path) const {
  const JsonNode *node = &root;
  while (!path.empty()) {
    const JsonNode *next = nullptr;
    if (path.consume_front("[")) {
      size_t index = 0;
      if (!path.consumeInteger(10, index) && index < node->elements.size())
        next = &node->elements[index];
      path.consume_front("]");
    } else {
      path.consume_front(".");
      StringRef key =
          path.take_until([](char c) { return c == '.' || c == '['; });
      next = node->find(key);
      path = path.drop_front(key.size());
    }
    if (!next)
      break;
    node = next;
  }
  return *node;
}

//===----------------------------------------------------------------------===//
// Parsing
//===----------------------------------------------------------------------===//

namespace {

/// Builds a tree from the events of the reader. A method that returns false
/// stops the reader, with `problem` telling why.
class TreeBuilder {
public:
  explicit TreeBuilder(const rapidjson::MemoryStream &stream)
      : stream(stream) {}

  bool Null() { return add(JsonNode::Kind::Null, ""); }
  bool Bool(bool b) {
    return add(b ? JsonNode::Kind::True : JsonNode::Kind::False, "");
  }
  bool RawNumber(const char *digits, rapidjson::SizeType length, bool) {
    return add(JsonNode::Kind::Number, StringRef(digits, length));
  }
  bool String(const char *chars, rapidjson::SizeType length, bool) {
    return add(JsonNode::Kind::String, StringRef(chars, length));
  }
  bool Key(const char *chars, rapidjson::SizeType length, bool) {
    open.back().keys.emplace_back(chars, length);
    keyPositions.back().push_back(stream.Tell());
    return true;
  }
  bool StartObject() { return start(JsonNode::Kind::Object); }
  bool StartArray() { return start(JsonNode::Kind::Array); }
  bool EndObject(rapidjson::SizeType) { return checkKeys() && end(); }
  bool EndArray(rapidjson::SizeType) { return end(); }

  // Numbers come as text, so that these are never called.
  bool Int(int) { return false; }
  bool Uint(unsigned) { return false; }
  bool Int64(int64_t) { return false; }
  bool Uint64(uint64_t) { return false; }
  bool Double(double) { return false; }

  JsonNode root;
  std::string problem;
  size_t problemPosition = 0;

private:
  bool fail(size_t position, const Twine &why) {
    problem = why.str();
    problemPosition = position;
    return false;
  }
  bool add(JsonNode::Kind kind, StringRef contents) {
    JsonNode node;
    node.kind = kind;
    node.position = stream.Tell();
    node.text = contents.str();
    return place(std::move(node));
  }
  bool place(JsonNode node) {
    if (open.empty())
      root = std::move(node);
    else
      open.back().elements.push_back(std::move(node));
    return true;
  }
  bool start(JsonNode::Kind kind) {
    if (open.size() == kMaxDepth)
      return fail(stream.Tell(), "nested too deeply: expected at most " +
                                     Twine(kMaxDepth) +
                                     " arrays and objects inside each other");
    open.emplace_back();
    open.back().kind = kind;
    open.back().position = stream.Tell();
    keyPositions.emplace_back();
    return true;
  }
  bool end() {
    JsonNode node = std::move(open.back());
    open.pop_back();
    keyPositions.pop_back();
    return place(std::move(node));
  }
  /// A repeated key has two answers to one question.
  bool checkKeys() {
    const std::vector<std::string> &keys = open.back().keys;
    std::vector<size_t> order(keys.size());
    for (size_t i = 0; i < order.size(); ++i)
      order[i] = i;
    llvm::sort(order, [&](size_t a, size_t b) {
      return std::tie(keys[a], a) < std::tie(keys[b], b);
    });
    size_t repeated = keys.size();
    for (size_t i = 1; i < order.size(); ++i)
      if (keys[order[i]] == keys[order[i - 1]])
        repeated = std::min(repeated, order[i]);
    if (repeated == keys.size())
      return true;
    return fail(keyPositions.back()[repeated],
                "repeated key \"" + quoted(keys[repeated]) + "\"");
  }

  const rapidjson::MemoryStream &stream;
  std::vector<JsonNode> open; ///< Arrays and objects not yet closed.
  std::vector<std::vector<size_t>> keyPositions; ///< Of the open ones.
};

} // namespace

/// What is wrong with the JSON, in the words of our errors.
static std::string explain(rapidjson::ParseErrorCode code, StringRef text,
                           size_t position) {
  std::string found = "the end of the file";
  if (position < text.size())
    found = "'" + quoted(text.substr(position, 1)) + "'";
  switch (code) {
  case rapidjson::kParseErrorDocumentEmpty:
    return "expected JSON, found an empty file";
  case rapidjson::kParseErrorDocumentRootNotSingular:
    return "expected nothing after the JSON value, found " + found;
  case rapidjson::kParseErrorObjectMissName:
    return "expected a key in quotes, found " + found;
  case rapidjson::kParseErrorObjectMissColon:
    return "expected ':' after a key, found " + found;
  case rapidjson::kParseErrorObjectMissCommaOrCurlyBracket:
    return "expected ',' or '}', found " + found;
  case rapidjson::kParseErrorArrayMissCommaOrSquareBracket:
    return "expected ',' or ']', found " + found;
  case rapidjson::kParseErrorValueInvalid:
    return "expected a JSON value, found " + found;
  case rapidjson::kParseErrorStringMissQuotationMark:
    return "expected '\"' at the end of a string, found " + found;
  case rapidjson::kParseErrorStringEscapeInvalid:
    return "expected a character or an escape that a string may have, found " +
           found;
  case rapidjson::kParseErrorStringInvalidEncoding:
    return "expected a string in UTF-8";
  case rapidjson::kParseErrorNumberTooBig:
    return "expected a number that a double can hold";
  default:
    return std::string("invalid JSON: ") + rapidjson::GetParseError_En(code);
  }
}

llvm::Expected<JsonDocument> mempl::parseJson(StringRef text, StringRef file) {
  JsonDocument document{text, file, {}};
  rapidjson::MemoryStream stream(text.data(), text.size());
  TreeBuilder builder(stream);
  rapidjson::Reader reader;
  constexpr unsigned flags = rapidjson::kParseIterativeFlag |
                             rapidjson::kParseNumbersAsStringsFlag |
                             rapidjson::kParseValidateEncodingFlag;
  auto result = reader.Parse<flags>(stream, builder);
  auto error = [&](size_t position, const Twine &what) {
    position = std::min(position, text.size());
    return fileError(file, document.lineOf(position), what);
  };
  if (!builder.problem.empty())
    return error(builder.problemPosition, builder.problem);
  if (result.IsError())
    return error(result.Offset(),
                 explain(result.Code(), text, result.Offset()));
  // The reader takes a zero byte for the end.
  if (stream.Tell() != text.size())
    return error(stream.Tell(), "expected JSON, found a zero byte");
  document.root = std::move(builder.root);
  return document;
}

//===----------------------------------------------------------------------===//
// The cursor
//===----------------------------------------------------------------------===//

void JsonErrors::report(size_t position, StringRef path, const Twine &text) {
  if (any())
    return;
  std::string where = path.empty() ? "" : path.str() + ": ";
  message = llvm::toString(
      fileError(document.file, document.lineOf(position), where + text));
}

llvm::Error JsonErrors::take() {
  if (!any())
    return llvm::Error::success();
  return llvm::createStringError(message);
}

std::string JsonCursor::path() const {
  if (!parent)
    return "";
  std::string before = parent->path();
  if (key.empty())
    return before + "[" + std::to_string(index) + "]";
  return before + (before.empty() ? "" : ".") + quoted(key);
}

void JsonCursor::report(const Twine &text) const {
  const JsonCursor *known = this;
  while (!known->node && known->parent)
    known = known->parent;
  errors->report(known->node ? known->node->position : 0, path(), text);
}

void JsonCursor::expected(const Twine &what) const {
  report("expected " + what + ", found " +
         (node ? node->describe() : "nothing"));
}

bool JsonCursor::expectArray() const {
  if (is(JsonNode::Kind::Array))
    return true;
  if (node)
    expected("an array");
  return false;
}

bool JsonCursor::expectObject() const {
  if (is(JsonNode::Kind::Object))
    return true;
  if (node)
    expected("an object");
  return false;
}

void JsonCursor::expectKeys(llvm::ArrayRef<llvm::StringLiteral> known) const {
  if (!expectObject())
    return;
  for (size_t i = 0; i < node->keys.size(); ++i)
    if (!llvm::is_contained(known, StringRef(node->keys[i])))
      return element(i).report(
          "unknown key, expected one of " + llvm::join(known, ", ") +
          didYouMean(node->keys[i],
                     std::vector<StringRef>(known.begin(), known.end())));
}

JsonCursor JsonCursor::optional(StringRef key) const {
  const JsonNode *child =
      is(JsonNode::Kind::Object) ? node->find(key) : nullptr;
  return JsonCursor(child, *this, key, 0);
}

JsonCursor JsonCursor::required(StringRef key) const {
  JsonCursor child = optional(key);
  if (!child && is(JsonNode::Kind::Object))
    report("expected the key \"" + key + "\"");
  return child;
}

size_t JsonCursor::size() const { return node ? node->elements.size() : 0; }

StringRef JsonCursor::keyOf(size_t index) const { return node->keys[index]; }

JsonCursor JsonCursor::element(size_t index) const {
  return JsonCursor(&node->elements[index], *this,
                    node->keys.empty() ? StringRef() : keyOf(index), index);
}

std::string JsonCursor::string() const {
  if (is(JsonNode::Kind::String))
    return node->text;
  if (node)
    expected("a string");
  return "";
}

double JsonCursor::number() const {
  double result = 0;
  if (is(JsonNode::Kind::Number) &&
      !StringRef(node->text).getAsDouble(result) && std::isfinite(result))
    return result;
  if (node)
    expected("a number that a double can hold");
  return 0;
}

int64_t JsonCursor::integer(int64_t least, int64_t most, StringRef rule) const {
  int64_t result = 0;
  if (is(JsonNode::Kind::Number) &&
      !StringRef(node->text).getAsInteger(10, result) && result >= least &&
      result <= most)
    return result;
  if (!node)
    return least;
  std::string range;
  if (least < 0)
    range = most == INT32_MAX ? " of 32 bits" : " of 64 bits";
  else if (most == INT64_MAX)
    range = (" from " + Twine(least) + " to 2^63 - 1").str();
  else
    range = (" from " + Twine(least) + " to " + Twine(most)).str();
  report(Twine(rule) + "expected an integer" + range + ", found " +
         node->describe());
  return least;
}

size_t JsonCursor::oneOf(llvm::ArrayRef<llvm::StringLiteral> words) const {
  for (size_t i = 0; i < words.size(); ++i)
    if (is(JsonNode::Kind::String) && node->text == words[i])
      return i;
  if (node)
    expected("one of \"" + llvm::join(words, "\", \"") + "\"");
  return 0;
}
