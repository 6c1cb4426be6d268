//===- Columns.h - tables as columns of JSON --------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How the data of all reports is written.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_REPORT_COLUMNS_H
#define MEMPL_LIB_REPORT_COLUMNS_H

#include "mempl/Support/Units.h"

#include "llvm/Support/JSON.h"

#include <cmath>
#include <optional>
#include <string>
#include <type_traits>

namespace mempl::report {

inline void number(llvm::json::OStream &json, double value) {
  json.rawValue(std::isfinite(value) ? formatNumber(value) : "null");
}

inline void number(llvm::json::OStream &json, llvm::StringRef key,
                   std::optional<double> value) {
  json.attributeBegin(key);
  number(json, value.value_or(NAN));
  json.attributeEnd();
}

/// A column of numbers: `get` of every item.
template <typename Items, typename Get>
void column(llvm::json::OStream &json, llvm::StringRef key, const Items &items,
            Get get) {
  json.attributeArray(key, [&] {
    for (const auto &item : items) {
      using T = decltype(get(item));
      if constexpr (std::is_floating_point_v<T>)
        number(json, get(item));
      else if constexpr (std::is_convertible_v<T, llvm::StringRef>)
        json.value(llvm::json::fixUTF8(get(item)));
      else
        json.value(get(item));
    }
  });
}

/// `json` without what could end a script in a page.
inline std::string safeInPage(llvm::StringRef json) {
  std::string safe;
  safe.reserve(json.size());
  for (char c : json) {
    if (c == '<')
      safe += "\\u003c";
    else
      safe += c;
  }
  return safe;
}

} // namespace mempl::report

#endif // MEMPL_LIB_REPORT_COLUMNS_H
