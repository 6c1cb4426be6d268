//===- Records.h - structs whose fields have names in Python ----*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Attributes, arguments and columns made of the fields in Mapping.h. What is
// not given is -1 or False.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_PYTHON_RECORDS_H
#define MEMPL_PYTHON_RECORDS_H

#include "Support.h"

#include "mempl/Problem/Mapping.h"

namespace mempl::python {

/// What stands for a field that is not given.
template <typename T> T absent() {
  if constexpr (std::is_arithmetic_v<T> && !std::is_same_v<T, bool>)
    return static_cast<T>(-1);
  else
    return T();
}

/// Calls `visit(field, value)` for every field of `x`.
template <typename T, typename Visit> void forEachField(T x, Visit visit) {
  RecordWriter writer(
      [&]<typename V>(const Field &field, const std::optional<V> &value) {
        visit(field, value ? *value : absent<V>());
      });
  mapFields(writer, x);
}

template <typename V, typename T> V fieldOf(const T &x, llvm::StringRef name) {
  V result = absent<V>();
  forEachField(x, [&]<typename W>(const Field &field, const W &value) {
    if constexpr (std::is_same_v<V, W>)
      if (field.name() == name)
        result = value;
  });
  return result;
}

template <typename V, typename T>
void setField(T &x, llvm::StringRef name, const V &value) {
  RecordReader reader([&]<typename W>(const Field &field, W &to, bool) {
    if constexpr (std::is_same_v<V, W>)
      if (field.name() == name)
        to = value;
    return true;
  });
  mapFields(reader, x);
}

/// Every field as an attribute that can be read.
template <typename T> void defFields(nb::class_<T> &type) {
  forEachField(T(), [&]<typename V>(const Field &field, const V &) {
    llvm::StringLiteral name = field.name();
    type.def_prop_ro(
        name.data(), [name](const T &x) { return fieldOf<V>(x, name); },
        field.doc.data());
  });
}

/// Every field as an attribute that can be read and set, under a lock where
/// there is no GIL.
template <typename T> void defWritableFields(nb::class_<T> &type) {
  forEachField(T(), [&]<typename V>(const Field &field, const V &) {
    llvm::StringLiteral name = field.name();
    type.def_prop_rw(
        name.data(), [name](const T &x) { return fieldOf<V>(x, name); },
        [name](T &x, V value) { setField(x, name, value); }, nb::lock_self(),
        field.doc.data());
  });
}

/// A record of keyword arguments, all of numbers. Raises TypeError for unknown
/// and missing ones, and mempl.Error, with `rule` before the text, for those
/// that do not go together.
template <typename T>
T recordFrom(const nb::kwargs &arguments, llvm::StringRef rule) {
  T x;
  size_t known = 0;
  RecordReader reader(
      [&]<typename V>(const Field &field, V &to, bool mayBeAbsent) {
        nb::str key(field.name().data());
        if (!arguments.contains(key)) {
          if (!mayBeAbsent)
            throw nb::type_error(
                ("expected the argument " + field.name() + "=").str().c_str());
          return false;
        }
        ++known;
        if (!nb::try_cast(nb::object(arguments[key]), to))
          throw nb::type_error(
              ("expected another type of the argument " + field.name() + "=")
                  .str()
                  .c_str());
        return !mayBeAbsent || to != absent<V>();
      });
  mapFields(reader, x);
  if (known != arguments.size())
    throw nb::type_error("got an unknown argument");
  if (!reader.error().empty())
    throw PythonError{(rule + reader.error()).str()};
  return x;
}

/// The signature of an __init__ that takes the fields as keyword arguments.
template <typename T> std::string signatureOf() {
  std::string text = "def __init__(self, *";
  T x;
  RecordReader reader(
      [&]<typename V>(const Field &field, V &, bool mayBeAbsent) {
        bool isFlag = std::is_same_v<V, bool>;
        text += ", " + field.name().str() + (isFlag ? ": bool" : ": int");
        if (mayBeAbsent)
          text += isFlag ? " = False" : " = -1";
        return true;
      });
  mapFields(reader, x);
  return text + ") -> None";
}

/// The fields of rows as a dict of arrays, which own what they show.
template <typename T> nb::dict fieldColumns(const std::vector<T> &rows) {
  nb::dict result;
  forEachField(T(), [&]<typename V>(const Field &field, const V &) {
    auto *items = new V[rows.size()];
    for (size_t i = 0; i < rows.size(); ++i)
      items[i] = fieldOf<V>(rows[i], field.name());
    nb::capsule owner(items,
                      [](void *p) noexcept { delete[] static_cast<V *>(p); });
    result[field.name().data()] = View<V>(items, {rows.size()}, owner);
  });
  return result;
}

/// The cases of an enum, by their words in capitals.
template <typename Enum>
void bindWords(nb::module_ &m, const char *name, const char *doc) {
  nb::enum_<Enum> type(m, name, doc);
  for (size_t i = 0; i < std::size(kWords<Enum>); ++i)
    type.value(kWords<Enum>[i].upper().c_str(), static_cast<Enum>(i));
}

} // namespace mempl::python

#endif // MEMPL_PYTHON_RECORDS_H
