//===- UnitsTest.cpp - sizes and times for people -------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Support/Units.h"

#include "gtest/gtest.h"

#include <cmath>
#include <limits>

using namespace mempl;

/// The size, or -1 for an error.
static int64_t sizeOf(llvm::StringRef text) {
  auto size = parseSize(text);
  if (size)
    return *size;
  llvm::consumeError(size.takeError());
  return -1;
}

TEST(Units, SizesAreRead) {
  EXPECT_EQ(sizeOf("0"), 0);
  EXPECT_EQ(sizeOf("117440512"), 117440512);
  EXPECT_EQ(sizeOf("112MiB"), 117440512);
  EXPECT_EQ(sizeOf("112 MiB"), 117440512);
  EXPECT_EQ(sizeOf("32KiB"), 32768);
  EXPECT_EQ(sizeOf("7B"), 7);
  EXPECT_EQ(sizeOf("2GiB"), int64_t(2) << 30);
  EXPECT_EQ(sizeOf("1TiB"), int64_t(1) << 40);
  EXPECT_EQ(sizeOf("5.0"), 5);
  EXPECT_EQ(sizeOf("9223372036854775807"), INT64_MAX);
}

TEST(Units, UnitsOfSizesArePowersOf1024) {
  for (const char *text : {"64K", "64KB", "64KiB", "64k", "64kb", "64kib",
                           "64 K", "64.0K", "65536B"})
    EXPECT_EQ(sizeOf(text), 65536) << text;
  for (const char *text : {"1.5MiB", "1.5M", "1.5 MB", "1.50mib", "1536K"})
    EXPECT_EQ(sizeOf(text), 1572864) << text;
  EXPECT_EQ(sizeOf("5GB"), int64_t(5) << 30);
  EXPECT_EQ(sizeOf("1T"), int64_t(1) << 40);
  EXPECT_EQ(sizeOf("0.0009765625K"), 1);
}

TEST(Units, WrongSizesAreErrors) {
  for (const char *text : {"",
                           "MiB",
                           "-1",
                           "+1",
                           ".5M",
                           "1.M",
                           "1.",
                           "1e6",
                           "12X",
                           "1Mi",
                           "1BB",
                           "1iB",
                           "1 2",
                           " 1",
                           "1 ",
                           "1  B",
                           "0x10",
                           "1.5",
                           "0.1K",
                           "1.5.0K",
                           "9223372036854775808",
                           "8388608TiB",
                           "9007199254740991.9999K",
                           "0.00000000000000000000000000000000001T",
                           "99999999999999999999999999"})
    EXPECT_EQ(sizeOf(text), -1) << text;
  EXPECT_EQ(llvm::toString(parseSize("1Q").takeError()),
            "expected a number of bytes such as 117440512, 64K, 64KiB or "
            "1.5MiB, found '1Q'");
  EXPECT_EQ(llvm::toString(parseSize("0.1K").takeError()),
            "expected a whole number of bytes, found '0.1K'");
  EXPECT_EQ(llvm::toString(parseSize("8388608TiB").takeError()),
            "expected fewer than 2^63 bytes, found '8388608TiB'");
}

TEST(Units, SizesAreWrittenExactly) {
  EXPECT_EQ(formatBytes(0), "0 B");
  EXPECT_EQ(formatBytes(100), "100 B");
  EXPECT_EQ(formatBytes(1024), "1 KiB");
  EXPECT_EQ(formatBytes(117440512), "112 MiB");
  EXPECT_EQ(formatBytes((int64_t(1) << 30) + 1), "1073741825 B");
}

TEST(Units, TimesGetAFittingUnit) {
  EXPECT_EQ(formatSeconds(0), "0.0000 s");
  EXPECT_EQ(formatSeconds(12), "12.0000 s");
  EXPECT_EQ(formatSeconds(1.368e-3), "1.3680 ms");
  EXPECT_EQ(formatSeconds(1e-6), "1.0000 us");
  EXPECT_EQ(formatSeconds(2.5e-10), "0.2500 ns");
  EXPECT_EQ(formatTime(1e-3, timeUnitFor(2)), "0.0010");
}

TEST(Units, NumbersReadBackAsTheSame) {
  for (double number : {0.1, 1.0 / 3, 1e22, 5e-324, 819e9, 1.0, 0.0,
                        std::numeric_limits<double>::max()})
    EXPECT_EQ(std::strtod(formatNumber(number).c_str(), nullptr), number);
  EXPECT_EQ(formatNumber(0.1), "0.1");
  EXPECT_EQ(formatNumber(8), "8");
}
