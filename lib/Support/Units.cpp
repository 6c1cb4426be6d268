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
#include "llvm/Support/raw_ostream.h"

#include <charconv>

using namespace mempl;
using llvm::StringRef;

namespace {
struct SizeUnit {
  StringRef name;
  int64_t bytes;
};
} // namespace

static constexpr SizeUnit kBinaryUnits[] = {{"TiB", int64_t(1) << 40},
                                            {"GiB", int64_t(1) << 30},
                                            {"MiB", int64_t(1) << 20},
                                            {"KiB", int64_t(1) << 10},
                                            {"B", 1}};
static constexpr SizeUnit kDecimalUnits[] = {
    {"TB", 1000000000000}, {"GB", 1000000000}, {"MB", 1000000}, {"KB", 1000}};

llvm::Expected<int64_t> mempl::parseSize(StringRef text) {
  auto error = [&](const llvm::Twine &expected) {
    return llvm::createStringError("expected " + expected + ", found '" + text +
                                   "'");
  };
  StringRef digits = text.take_while(llvm::isDigit);
  StringRef suffix = text.drop_front(digits.size());
  suffix.consume_front(" ");
  int64_t unit = suffix.empty() ? 1 : 0;
  for (llvm::ArrayRef<SizeUnit> units :
       {llvm::ArrayRef(kBinaryUnits), llvm::ArrayRef(kDecimalUnits)})
    for (const SizeUnit &u : units)
      if (suffix == u.name)
        unit = u.bytes;
  if (digits.empty() || unit == 0)
    return error("a number of bytes such as 117440512, 112MiB or 4MB");
  int64_t number = 0;
  if (digits.getAsInteger(10, number) || number > INT64_MAX / unit)
    return error("fewer than 2^63 bytes");
  return number * unit;
}

std::string mempl::formatBytes(int64_t bytes) {
  for (const SizeUnit &u : kBinaryUnits)
    if (bytes != 0 && bytes % u.bytes == 0)
      return (llvm::Twine(bytes / u.bytes) + " " + u.name).str();
  return "0 B";
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
