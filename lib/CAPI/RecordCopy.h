//===- RecordCopy.h - structs of C and of C++, field by field ---*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A struct of the C API has the fields of its counterpart (Mapping.h) in the
// same order and of the same types; a field that is not given is -1 or false.
// That both have as many fields is checked when this is compiled.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_CAPI_RECORDCOPY_H
#define MEMPL_LIB_CAPI_RECORDCOPY_H

#include "mempl/Problem/Mapping.h"

#include "llvm/Support/MathExtras.h"

#include <cstring>

namespace mempl::capi {

/// Walks over the fields of a struct of C.
class FieldWalk {
public:
  explicit FieldWalk(void *record) : record(static_cast<char *>(record)) {}

  template <typename T> char *next() {
    char *field = record + llvm::alignTo<alignof(T)>(offset);
    offset = field - record + sizeof(T);
    return field;
  }

private:
  char *record;
  size_t offset = 0;
};

/// What stands for a field that is not given.
template <typename T> constexpr T kAbsent = static_cast<T>(-1);
template <> constexpr bool kAbsent<bool> = false;

template <typename C, typename T> C copyToC(T x) {
  static_assert(numFields<C>() == numMappedFields<T>(),
                "the struct of C has other fields");
  C result = {};
  FieldWalk walk(&result);
  RecordWriter writer([&](const Field &, const auto &given) {
    using V = typename std::decay_t<decltype(given)>::value_type;
    V value = given.value_or(kAbsent<V>);
    std::memcpy(walk.next<V>(), &value, sizeof(V));
  });
  mapFields(writer, x);
  return result;
}

/// Returns what is wrong with the struct as a whole; empty if nothing is.
template <typename C, typename T> std::string copyFromC(C from, T &x) {
  static_assert(numFields<C>() == numMappedFields<T>(),
                "the struct of C has other fields");
  FieldWalk walk(&from);
  RecordReader reader([&]<typename V>(const Field &, V &value, bool optional) {
    std::memcpy(&value, walk.next<V>(), sizeof(V));
    return !optional || value != kAbsent<V>;
  });
  mapFields(reader, x);
  return reader.error().str();
}

} // namespace mempl::capi

#endif // MEMPL_LIB_CAPI_RECORDCOPY_H
