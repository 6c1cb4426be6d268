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
  /// Its key in files and its name as an attribute of an op.
  llvm::StringLiteral key;
  /// What it is, as Python says it.
  llvm::StringLiteral doc;
  /// Least integer that it can be; kAny for all.
  int64_t least = 0;
  /// Its name in Python, where it is not the key.
  llvm::StringLiteral longName = "";

  static constexpr int64_t kAny = std::numeric_limits<int64_t>::min();

  constexpr llvm::StringLiteral name() const {
    return longName.empty() ? key : longName;
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
    visit(field, std::optional<bool>(isHeld));
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
  constexpr void group(llvm::StringLiteral, Fields fields) {
    fields(*this);
  }

private:
  template <typename T>
  constexpr void give(const Field &field, std::optional<T> x) {
    visit(field, isHeld ? x : std::nullopt);
  }

  Visit visit;
  bool isHeld = true;
};

/// Calls `visit(field, T &, bool mayBeAbsent)` for every field of a record, and
/// takes what it returns: whether the field is given. Flags are of type bool.
template <typename Visit> class RecordReader {
public:
  explicit RecordReader(Visit visit) : visit(std::move(visit)) {}

  template <typename T> void required(const Field &field, T &x) {
    ++wanted;
    found += visit(field, x, isPart);
  }
  template <typename T> void optional(const Field &field, T &x, bool = false) {
    any |= visit(field, x, isPart);
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
  template <typename Fields> void group(llvm::StringLiteral, Fields fields) {
    fields(*this);
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
};

} // namespace mempl

#endif // MEMPL_PROBLEM_FIELD_H
