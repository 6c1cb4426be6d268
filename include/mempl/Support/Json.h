//===- Json.h - JSON whose every part knows its place -----------*- C++ -*-===//
//-*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The one JSON reader: a small tree for readers whose errors name a line and a
// path, and a cursor that walks it and keeps the first error. Numbers stay text
// until somebody says what they have to be, so that no digit is lost.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_SUPPORT_JSON_H
#define MEMPL_SUPPORT_JSON_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace mempl {

/// One JSON value.
struct JsonNode {
  enum class Kind : uint8_t {
    Null,
    False,
    True,
    Number,
    String,
    Array,
    Object
  };

  Kind kind = Kind::Null;
  /// Where its text is: the end of a plain value, the start of an array or an
  /// object. A byte offset into the document.
  size_t position = 0;
  std::string text; ///< The contents of a string, the digits of a number.
  std::vector<JsonNode> elements; ///< Of an array, or the values of an object.
  std::vector<std::string> keys;  ///< Of an object, in the order of the file.

  /// The value of `key`, or null.
  const JsonNode *find(llvm::StringRef key) const;
  /// What it is, for an error: `the string "raed"`.
  std::string describe() const;
};

/// A document: its text, its name and its tree.
struct JsonDocument {
  llvm::StringRef text;
  llvm::StringRef file;
  JsonNode root;

  /// The line, from 1, of a byte offset.
  int64_t lineOf(size_t position) const;
  /// The node at a path such as `steps[3].accesses[0].mode`, or the innermost
  /// one on the way to it that exists.
  const JsonNode &nodeAt(llvm::StringRef path) const;
};

/// Parses `text`. Errors name file and line: anything that RFC 8259 does not
/// allow, text that is no UTF-8, repeated keys, deep nesting.
llvm::Expected<JsonDocument> parseJson(llvm::StringRef text,
                                       llvm::StringRef file);

/// The first error of a reader. Readers go on after it with default values and
/// ask once, at the end.
class JsonErrors {
public:
  explicit JsonErrors(const JsonDocument &document) : document(document) {}
  void report(size_t position, llvm::StringRef path, const llvm::Twine &text);
  bool any() const { return !message.empty(); }
  llvm::Error take();

private:
  const JsonDocument &document;
  std::string message;
};

/// A node and the way that led to it. Lives on the stack of a reader; every
/// accessor reports into `errors` what it did not expect, and then returns a
/// default.
class JsonCursor {
public:
  JsonCursor(const JsonNode &root, JsonErrors &errors)
      : node(&root), errors(&errors) {}

  /// Whether the key that led here is in the file.
  explicit operator bool() const { return node; }

  /// Requires an object with no keys but these.
  void expectKeys(llvm::ArrayRef<llvm::StringLiteral> known) const;
  /// The value of a key that may be left out.
  JsonCursor optional(llvm::StringRef key) const;
  /// The value of a key that may not.
  JsonCursor required(llvm::StringRef key) const;
  /// Elements of an array, or values of an object.
  size_t size() const;
  JsonCursor element(size_t index) const;
  llvm::StringRef keyOf(size_t index) const;

  bool expectArray() const;
  bool expectObject() const;
  std::string string() const;
  /// A number that a double can hold.
  double number() const;
  /// An integer in [least, most], written without point and exponent. `rule`
  /// is put before the message.
  int64_t integer(int64_t least, int64_t most, llvm::StringRef rule = "") const;
  /// The index of the string among `words`.
  size_t oneOf(llvm::ArrayRef<llvm::StringLiteral> words) const;

  /// Reports that `expected` was expected here.
  void expected(const llvm::Twine &what) const;
  void report(const llvm::Twine &text) const;
  bool is(JsonNode::Kind kind) const { return node && node->kind == kind; }
  std::string path() const;

private:
  JsonCursor(const JsonNode *node, const JsonCursor &parent,
             llvm::StringRef key, size_t index)
      : node(node), errors(parent.errors), parent(&parent), key(key),
        index(index) {}

  const JsonNode *node;
  JsonErrors *errors;
  const JsonCursor *parent = nullptr;
  llvm::StringRef key; ///< Empty for an element of an array.
  size_t index = 0;
};

} // namespace mempl

#endif // MEMPL_SUPPORT_JSON_H
