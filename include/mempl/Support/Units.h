//===- Units.h - sizes and times for people ---------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reading sizes from flags, and writing sizes and times in tables. Files hold
// plain bytes and seconds, with all digits.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_SUPPORT_UNITS_H
#define MEMPL_SUPPORT_UNITS_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <string>

namespace mempl {

/// The bytes that `text` stands for: a decimal number, optionally followed by
/// B, KiB, MiB, GiB or TiB in any case. K and KB are the same as KiB: sizes of
/// memory are in powers of 1024, however they are written. The number may have
/// a fraction if the bytes are whole: 1.5MiB. Anything else, and 2^63 or more,
/// is an error that says what was expected.
llvm::Expected<int64_t> parseSize(llvm::StringRef text);

/// `bytes` with the largest binary unit that divides it: "112 MiB", "100 B".
std::string formatBytes(int64_t bytes);

/// About as many `bytes`, for people: "3.4 GiB", "100 B".
std::string formatTraffic(double bytes);

/// `number` with the fewest digits that read back as the same double, valid
/// as JSON if it is finite.
std::string formatNumber(double number);

/// A unit of time for a column of a table.
struct TimeUnit {
  llvm::StringRef name; ///< "s", "ms", "us" or "ns".
  double perSecond;     ///< Units in a second.
};

/// The unit in which `seconds`, the largest of a column, is at least 1;
/// nanoseconds for less than one.
TimeUnit timeUnitFor(double seconds);

/// `seconds` in `unit`, with four digits after the point.
std::string formatTime(double seconds, TimeUnit unit);

/// `seconds` with its own unit: "1.3680 ms".
std::string formatSeconds(double seconds);

} // namespace mempl

#endif // MEMPL_SUPPORT_UNITS_H
