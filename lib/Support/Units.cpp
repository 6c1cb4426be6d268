//===- Units.cpp - sizes and times for people -----------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sizes are exact or an error; times are rounded for tables only.
//
//===----------------------------------------------------------------------===//

#include "mempl/Support/Units.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

#include <charconv>
#include <optional>

using namespace mempl;
using llvm::StringRef;

namespace {
struct SizeUnit {
  StringRef name;
  int64_t bytes;
};
} // namespace

static constexpr SizeUnit kUnits[] = {{"TiB", int64_t(1) << 40},
                                      {"GiB", int64_t(1) << 30},
                                      {"MiB", int64_t(1) << 20},
                                      {"KiB", int64_t(1) << 10},
                                      {"B", 1}};

/// The bytes of a unit, written as "KiB", "KB" or "K" in any case; 0 if it is
/// none.
static int64_t bytesOfUnit(StringRef name) {
  if (name.empty())
    return 1;
  for (const SizeUnit &unit : kUnits) {
    StringRef letter = unit.name.take_front();
    bool isShort = name.size() == 2 && name.ends_with_insensitive("B") &&
                   name.starts_with_insensitive(letter) && unit.bytes > 1;
    if (isShort || name.equals_insensitive(unit.name) ||
        name.equals_insensitive(letter))
      return unit.bytes;
  }
  return 0;
}

/// The bytes of a decimal fraction of a unit; nothing if they are not whole.
static std::optional<int64_t> bytesOfFraction(StringRef digits, int64_t unit) {
  __int128 numerator = 0, denominator = 1;
  for (char digit : digits.rtrim('0')) {
    numerator = 10 * numerator + (digit - '0');
    denominator *= 10;
    if (denominator >> 80 != 0) // Times a unit it would be too large.
      return std::nullopt;
  }
  numerator *= unit;
  if (numerator % denominator != 0)
    return std::nullopt;
  return static_cast<int64_t>(numerator / denominator);
}

llvm::Expected<int64_t> mempl::parseSize(StringRef text) {
  auto error = [&](const llvm::Twine &expected) {
    return llvm::createStringError("expected " + expected + ", found '" + text +
                                   "'");
  };
  StringRef whole = text.take_while(llvm::isDigit), fraction = "0";
  StringRef suffix = text.drop_front(whole.size());
  if (suffix.consume_front(".")) {
    fraction = suffix.take_while(llvm::isDigit);
    suffix = suffix.drop_front(fraction.size());
  }
  if (suffix.size() > 1)
    suffix.consume_front(" ");
  int64_t unit = bytesOfUnit(suffix);
  if (whole.empty() || fraction.empty() || unit == 0)
    return error("a number of bytes such as 117440512, 64K, 64KiB or 1.5MiB");
  std::optional<int64_t> rest = bytesOfFraction(fraction, unit);
  if (!rest)
    return error("a whole number of bytes");
  int64_t number = 0;
  if (whole.getAsInteger(10, number) || number > (INT64_MAX - *rest) / unit)
    return error("fewer than 2^63 bytes");
  return number * unit + *rest;
}

std::string mempl::formatBytes(int64_t bytes) {
  for (const SizeUnit &u : kUnits)
    if (bytes != 0 && bytes % u.bytes == 0)
      return (llvm::Twine(bytes / u.bytes) + " " + u.name).str();
  return "0 B";
}

std::string mempl::formatTraffic(double bytes) {
  // Below, one digit after the point would round up to the next unit.
  for (const SizeUnit &u : kUnits)
    if (double number = bytes / static_cast<double>(u.bytes);
        u.bytes > 1 && number >= 0.99995)
      return llvm::formatv("{0:f1} {1}", number, u.name).str();
  return llvm::formatv("{0:f0} B", bytes).str();
}

std::string mempl::formatNumber(double number) {
  char digits[32];
  auto [end, error] = std::to_chars(digits, digits + sizeof(digits), number);
  return std::string(digits, end);
}

TimeUnit mempl::timeUnitFor(double seconds) {
  if (seconds >= 1)
    return {"s", 1};
  if (seconds >= 1e-3)
    return {"ms", 1e3};
  if (seconds >= 1e-6)
    return {"us", 1e6};
  return {"ns", 1e9};
}

std::string mempl::formatTime(double seconds, TimeUnit unit) {
  std::string text;
  llvm::raw_string_ostream(text)
      << llvm::format("%.4f", seconds * unit.perSecond);
  return text;
}

std::string mempl::formatSeconds(double seconds) {
  TimeUnit unit = seconds == 0 ? TimeUnit{"s", 1} : timeUnitFor(seconds);
  return formatTime(seconds, unit) + " " + unit.name.str();
}
