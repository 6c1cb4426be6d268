//===- Field.h - visiting the fields of a struct by name --------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What Mapping.h is written in, in the manner of LLVM's YAMLTraits:
// mapFields(io, x) names every field of x, and `io` decides what that means. An
// `io` that writes files or reads them has all of the functions below, and more
// for lists (ProblemIO.cpp, ProblemWriter.cpp); those for records, which have
// one place per field whether it is given or not, are made here of a function
// that is called per field:
//
//   required(field, x)        x is always given
//   optional(field, x, omit)  x may be left out; writers leave it out for
//   `omit` flag(field)               given, or not: true and false
//   alternative(variant, f)   f(io, T &) has the fields of a variant's case T
//   part(optional, text, f)   f(io, T &) has the fields of an optional struct;
//                             `text` is the error where some are missing
//   exactlyOne(text)          the error where there is not one alternative
//   group(key, f)             f(io) has the fields of an object inside
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_PROBLEM_FIELD_H
#define MEMPL_PROBLEM_FIELD_H

#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

namespace mempl {

/// One field of a struct.
struct Field {
  /// Its key in files.
  llvm::StringLiteral key;
  /// What it is, as Python says it.
  llvm::StringLiteral doc;
  /// Its name in Python, where it is not the key.
  llvm::StringLiteral longName = "";
  /// Key of the object that it is in, inside of the struct's own; or empty.
  llvm::StringLiteral group = "";
  /// Least integer that it can be; kAny for all.
  int64_t least = 0;
  /// Of a number: it is above 0, and not 0.
  bool isPositive = false;

  static constexpr int64_t kAny = std::numeric_limits<int64_t>::min();

  constexpr Field atLeast(int64_t bound) const {
    Field field = *this;
    field.least = bound;
    return field;
  }
  constexpr Field positive() const {
    Field field = *this;
    field.isPositive = true;
    return field;
  }
  constexpr Field named(llvm::StringLiteral name) const {
    Field field = *this;
    field.longName = name;
    return field;
  }
  constexpr Field inGroup(llvm::StringLiteral key) const {
    Field field = *this;
    field.group = key;
    return field;
  }

  constexpr llvm::StringLiteral name() const {
    return longName.empty() ? key : longName;
  }
  /// Its name as an attribute of an op.
  std::string attributeName() const {
    return group.empty() ? key.str() : group.str() + "_" + key.str();
  }
  /// Least integer of type T that it can be.
  template <typename T> constexpr int64_t leastOf() const {
    return least == kAny ? std::numeric_limits<T>::min() : least;
  }
};

/// Calls `visit(field, std::optional<T>)` for every field of a record; bool for
/// flags.
template <typename Visit> class RecordWriter {
public:
  constexpr explicit RecordWriter(Visit visit) : visit(std::move(visit)) {}

  template <typename T> constexpr void required(const Field &field, T &x) {
    give(field, std::optional<T>(x));
  }
  template <typename T>
  constexpr void optional(const Field &field, T &x, bool = false) {
    give(field, std::optional<T>(x));
  }
  template <typename T>
  constexpr void optional(const Field &field, std::optional<T> &x,
                          bool = false) {
    give(field, x);
  }
  constexpr void flag(const Field &field) {
    visit(field.inGroup(current), std::optional<bool>(isHeld));
  }
  template <typename T, typename Variant, typename Fields>
  constexpr void alternative(Variant &x, Fields fields) {
    T *held = std::get_if<T>(&x);
    T none{};
    isHeld = held;
    fields(*this, held ? *held : none);
    isHeld = true;
  }
  template <typename T, typename Fields>
  constexpr void part(std::optional<T> &x, const char *, Fields fields) {
    T none{};
    isHeld = x.has_value();
    fields(*this, x ? *x : none);
    isHeld = true;
  }
  constexpr void exactlyOne(const char *) {}
  template <typename Fields>
  constexpr void group(llvm::StringLiteral key, Fields fields) {
    current = key;
    fields(*this);
    current = "";
  }

private:
  template <typename T>
  constexpr void give(const Field &field, std::optional<T> x) {
    visit(field.inGroup(current), isHeld ? x : std::nullopt);
  }

  Visit visit;
  bool isHeld = true;
  llvm::StringLiteral current = "";
};

/// Calls `visit(field, T &, bool mayBeAbsent)` for every field of a record, and
/// takes what it returns: whether the field is given. Flags are of type bool.
template <typename Visit> class RecordReader {
public:
  explicit RecordReader(Visit visit) : visit(std::move(visit)) {}

  template <typename T> void required(const Field &field, T &x) {
    ++wanted;
    found += visit(field.inGroup(current), x, isPart);
  }
  template <typename T> void optional(const Field &field, T &x, bool = false) {
    any |= visit(field.inGroup(current), x, isPart);
  }
  template <typename T>
  void optional(const Field &field, std::optional<T> &x, bool = false) {
    T given{};
    if (!visit(field, given, true))
      return;
    any = true;
    x = given;
  }
  void flag(const Field &field) {
    bool isOn = false;
    ++wanted;
    found += visit(field, isOn, true) && isOn;
  }
  template <typename T, typename Variant, typename Fields>
  void alternative(Variant &x, Fields fields) {
    T given{};
    if (!readPart(given, fields))
      return;
    ++alternatives;
    isWhole &= found == wanted;
    x = given;
  }
  template <typename T, typename Fields>
  void part(std::optional<T> &x, const char *text, Fields fields) {
    T given{};
    if (!readPart(given, fields))
      return;
    if (found == wanted)
      x = given;
    else
      fail(text);
  }
  void exactlyOne(const char *text) {
    if (alternatives != 1 || !isWhole)
      fail(text);
  }
  template <typename Fields>
  void group(llvm::StringLiteral key, Fields fields) {
    current = key;
    fields(*this);
    current = "";
  }

  /// What is wrong with the record as a whole; empty if nothing is.
  llvm::StringRef error() const { return problem; }

private:
  /// Whether any of the fields is given.
  template <typename T, typename Fields>
  bool readPart(T &given, Fields fields) {
    wanted = found = 0;
    any = false;
    isPart = true;
    fields(*this, given);
    isPart = false;
    return found > 0 || any;
  }
  void fail(llvm::StringRef text) {
    if (problem.empty())
      problem = text.str();
  }

  Visit visit;
  std::string problem;
  int wanted = 0, found = 0; ///< Required fields of the part that is read.
  bool any = false;          ///< An optional field of it is given.
  bool isPart = false, isWhole = true;
  int alternatives = 0;
  llvm::StringLiteral current = "";
};

/// How many fields mapFields() has for a record.
template <typename T> consteval size_t numMappedFields() {
  size_t count = 0;
  T x;
  RecordWriter counter([&](const Field &, const auto &) { ++count; });
  mapFields(counter, x);
  return count;
}

/// Converts to anything, to count the fields of a struct.
struct AnyField {
  template <typename T> operator T() const;
};

/// How many fields a struct without constructors has: another form of a record
/// is compared with mapFields() by it.
template <typename Struct, typename... Fields> consteval size_t numFields() {
  if constexpr (requires { Struct{Fields{}..., AnyField{}}; })
    return numFields<Struct, Fields..., AnyField>();
  else
    return sizeof...(Fields);
}

} // namespace mempl

#endif // MEMPL_PROBLEM_FIELD_H
