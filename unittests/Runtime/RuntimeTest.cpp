//===- RuntimeTest.cpp - the C interface of the runtime -------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Runtime/Runtime.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

using Clock = std::chrono::steady_clock;

static double secondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// The defaults, whatever the environment says.
static mempl_config plainConfig() {
  mempl_config config = {};
  config.fast_capacity = 1 << 20;
  return config;
}

static mempl_config checkedConfig() {
  mempl_config config = plainConfig();
  config.check = 1;
  return config;
}

static void configure(const mempl_config &config) { mempl_configure(&config); }

static std::vector<int32_t> numbers(size_t count) {
  std::vector<int32_t> numbers(count);
  std::iota(numbers.begin(), numbers.end(), 1);
  return numbers;
}

namespace {
class RuntimeDeathTest : public testing::Test {
protected:
  // Threads of the channels do not survive a fork.
  void SetUp() override {
    testing::FLAGS_gtest_death_test_style = "threadsafe";
  }
};
} // namespace

#define EXPECT_ERROR(statement, message)                                       \
  EXPECT_EXIT(statement, testing::ExitedWithCode(1),                           \
              std::string("mempl-runtime: error: .*") + message)

//===----------------------------------------------------------------------===//
// Copies
//===----------------------------------------------------------------------===//

TEST(Runtime, CopiesInAndOut) {
  configure(checkedConfig());
  std::vector<int32_t> source = numbers(1000), back(1000);
  void *fast = mempl_alloc(256, 4000);
  mempl_copy_wait(mempl_copy_start(fast, source.data(), 4000, "in"));
  EXPECT_EQ(std::memcmp(fast, source.data(), 4000), 0);
  mempl_copy_wait(mempl_copy_start(back.data(), fast, 4000, "out"));
  EXPECT_EQ(back, source);
  mempl_release(fast);
}

TEST(Runtime, ManyCopiesUnderWay) {
  configure(checkedConfig());
  std::vector<int32_t> source = numbers(64 * 256);
  std::vector<void *> storages;
  std::vector<int64_t> copies;
  for (int i = 0; i < 256; ++i) {
    storages.push_back(mempl_alloc(i * 256, 256));
    copies.push_back(
        mempl_copy_start(storages.back(), source.data() + i * 64, 256, "in"));
  }
  for (int i = 255; i >= 0; --i) {
    mempl_copy_wait(copies[i]);
    EXPECT_EQ(std::memcmp(storages[i], source.data() + i * 64, 256), 0);
  }
}

TEST(Runtime, CopiesWithStrides) {
  configure(checkedConfig());
  std::vector<int32_t> matrix = numbers(6 * 8);
  auto *fast = static_cast<int32_t *>(mempl_alloc(0, 4 * 3 * 2));
  // Rows 1 to 3, columns 2 and 3, transposed.
  const int64_t shape[] = {3, 2, 8, 1, 1, 3};
  mempl_copy_wait(
      mempl_copy_start_strided(fast, matrix.data() + 10, 4, 2, shape, "in"));
  EXPECT_THAT(std::vector<int32_t>(fast, fast + 6),
              testing::ElementsAre(11, 19, 27, 12, 20, 28));
}

TEST(Runtime, CopiesRowsOfThreeDimensions) {
  configure(checkedConfig());
  std::vector<int32_t> cube = numbers(4 * 6 * 8), back(4 * 6 * 8);
  auto *fast = static_cast<int32_t *>(mempl_alloc(0, 4 * 2 * 3 * 8));
  // Rows 1 to 3 of planes 2 and 3, all columns; and back to the same place.
  const int64_t in[] = {2, 3, 8, 48, 8, 1, 24, 8, 1};
  const int64_t out[] = {2, 3, 8, 24, 8, 1, 48, 8, 1};
  mempl_copy_wait(
      mempl_copy_start_strided(fast, cube.data() + 104, 4, 3, in, "in"));
  EXPECT_EQ(fast[0], 105);
  EXPECT_EQ(fast[24], 153);
  EXPECT_EQ(fast[47], 176);
  mempl_copy_wait(
      mempl_copy_start_strided(back.data() + 104, fast, 4, 3, out, "out"));
  EXPECT_EQ(std::count(back.begin(), back.end(), 0), 192 - 48);
  EXPECT_EQ(back[104], 105);
  EXPECT_EQ(back[175], 176);
}

TEST(Runtime, NoCopyTakesNoTime) {
  configure(checkedConfig());
  mempl_copy_wait(0);
}

TEST(Runtime, StorageOfCarriedCopyIsNamedAgain) {
  mempl_config config = checkedConfig();
  config.copy_latency = 0.01;
  configure(config);
  std::vector<int32_t> source = numbers(16), back(16);
  void *fast = mempl_alloc(64, 64);
  int64_t copy = mempl_copy_start(fast, source.data(), 64, "ahead");
  mempl_copy_carry(copy);
  EXPECT_EQ(mempl_alloc(64, 64), fast);
  mempl_copy_wait(copy);
  EXPECT_EQ(std::memcmp(fast, source.data(), 64), 0);
  // After the wait it is new storage again.
  mempl_alloc(64, 64);
  EXPECT_NE(std::memcmp(fast, source.data(), 64), 0);
}

TEST(Runtime, CopyOfNothing) {
  configure(checkedConfig());
  int32_t source = 0;
  void *fast = mempl_alloc(64, 0);
  mempl_copy_wait(mempl_copy_start(fast, &source, 0, nullptr));
  const int64_t shape[] = {0, 4, 4, 1, 4, 1};
  mempl_copy_wait(
      mempl_copy_start_strided(fast, &source, 4, 2, shape, nullptr));
  mempl_release(fast);
}

TEST(Runtime, BandwidthAndLatencyHold) {
  mempl_config config = plainConfig();
  config.copy_bandwidth = 1e6;
  config.copy_latency = 0.01;
  configure(config);
  std::vector<char> source(20000, 1);
  void *fast = mempl_alloc(0, 40000);
  Clock::time_point begin = Clock::now();
  int64_t first = mempl_copy_start(fast, source.data(), 20000, "first");
  int64_t second = mempl_copy_start(static_cast<char *>(fast) + 20000,
                                    source.data(), 20000, "second");
  bool there = std::memcmp(fast, source.data(), 1) == 0;
  EXPECT_TRUE(!there || secondsSince(begin) > 0.0299);
  mempl_copy_wait(second);
  EXPECT_GE(secondsSince(begin), 0.0599);
  mempl_copy_wait(first);
}

TEST(Runtime, ChannelsWorkSideBySide) {
  mempl_config config = plainConfig();
  config.copy_bandwidth = 1e6;
  configure(config);
  std::vector<char> slow(100000, 1);
  auto *fast = static_cast<char *>(mempl_alloc(0, 100000));
  // A machine that does something else may take longer now and then.
  double shortest = 1;
  for (int i = 0; i < 10 && shortest > 0.09; ++i) {
    Clock::time_point begin = Clock::now();
    int64_t in = mempl_copy_start(fast, slow.data(), 50000, "in");
    int64_t out =
        mempl_copy_start(slow.data() + 50000, fast + 50000, 50000, "out");
    mempl_copy_wait(in);
    mempl_copy_wait(out);
    shortest = std::min(shortest, secondsSince(begin));
  }
  EXPECT_GE(shortest, 0.0499);
  EXPECT_LT(shortest, 0.09);
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

TEST(Runtime, StepsLastAsLongAsTheirMemoryTime) {
  mempl_config config = plainConfig();
  config.slowdown = 1;
  config.slow_bandwidth = 1e6;
  config.fast_bandwidth = 1e7;
  config.step_overhead = 0.005;
  configure(config);
  char slow[16] = {};
  void *fast = mempl_alloc(0, 1000);
  Clock::time_point begin = Clock::now();
  mempl_step_access(slow, 16, 20000, MEMPL_READ);
  mempl_step_access(fast, 1000, 100000, MEMPL_WRITE);
  mempl_step_begin("step", "here");
  mempl_step_end();
  EXPECT_GE(secondsSince(begin), 0.0349);
  begin = Clock::now();
  mempl_step_begin("nothing", nullptr);
  mempl_step_end();
  EXPECT_GE(secondsSince(begin), 0.0049);
}

TEST(Runtime, StepsAndCopiesShareSlowMemory) {
  mempl_config config = plainConfig();
  config.slowdown = 1;
  config.slow_bandwidth = 1e6;
  configure(config);
  std::vector<char> slow(20000, 1);
  void *fast = mempl_alloc(0, 20000);
  Clock::time_point begin = Clock::now();
  mempl_step_access(slow.data(), 20000, 40000, MEMPL_READ);
  mempl_step_begin("all of the bandwidth", nullptr);
  int64_t copy = mempl_copy_start(fast, slow.data(), 20000, "in");
  mempl_step_end();
  mempl_copy_wait(copy);
  EXPECT_GE(secondsSince(begin), 0.0599);
}

TEST(Runtime, WritesATrace) {
  std::string path = testing::TempDir() + "mempl-runtime-trace.json";
  mempl_config config = plainConfig();
  config.trace = path.c_str();
  configure(config);
  std::vector<char> slow(64, 1);
  void *fast = mempl_alloc(0, 64);
  mempl_function_begin("net \"a\"");
  int64_t copy = mempl_copy_start(fast, slow.data(), 64, "weights");
  mempl_step_access(slow.data(), 64, 64, MEMPL_READ);
  mempl_step_begin("linalg.fill", "net.mlir:3:4");
  mempl_step_end();
  mempl_copy_wait(copy);
  mempl_function_end();
  configure(plainConfig()); // Writes it.
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_THAT(text.str(), testing::HasSubstr("\"net \\\"a\\\"\""));
  EXPECT_THAT(text.str(), testing::HasSubstr("\"wait for weights\""));
  EXPECT_THAT(text.str(), testing::HasSubstr("\"location\": \"net.mlir:3:4\""));
  EXPECT_THAT(text.str(), testing::HasSubstr("\"slow bytes\": 64"));
  std::remove(path.c_str());
}

//===----------------------------------------------------------------------===//
// Slow memory
//===----------------------------------------------------------------------===//

TEST(Runtime, SlowMemoryIsAligned) {
  configure(checkedConfig());
  void *block = _mlir_memref_to_llvm_aligned_alloc(4096, 10);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % 4096, 0u);
  void *empty = _mlir_memref_to_llvm_alloc(0);
  EXPECT_NE(empty, nullptr);
  _mlir_memref_to_llvm_free(block);
  _mlir_memref_to_llvm_free(empty);
  _mlir_memref_to_llvm_free(nullptr);
}

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

/// A step that accesses the bytes in one way.
static void step(const void *address, int64_t bytes, int32_t mode) {
  mempl_step_access(address, bytes, bytes, mode);
  mempl_step_begin("op", "net.mlir:1:2");
  mempl_step_end();
}

TEST_F(RuntimeDeathTest, StorageOutsideOfFastMemory) {
  configure(plainConfig());
  EXPECT_ERROR(mempl_alloc((1 << 20) - 4, 8), "outside of the 1048576 bytes");
  EXPECT_ERROR(mempl_alloc(-64, 8), "outside");
  EXPECT_ERROR(mempl_alloc(8, INT64_MAX), "outside");
}

TEST_F(RuntimeDeathTest, WaitForNothing) {
  configure(plainConfig());
  EXPECT_ERROR(mempl_copy_wait(77), "copy 77, which is not under way\n");
  auto twice = [] {
    char slow = 0;
    int64_t copy = mempl_copy_start(mempl_alloc(0, 1), &slow, 1, "w");
    mempl_copy_wait(copy);
    mempl_copy_wait(copy);
  };
  EXPECT_ERROR(twice(), "it was waited for before");
}

TEST_F(RuntimeDeathTest, CopyThatNobodyWaitsFor) {
  auto leave = [] {
    static char slow = 0;
    mempl_config config = plainConfig();
    configure(config);
    mempl_copy_start(mempl_alloc(0, 1), &slow, 1, "weights");
    configure(config);
  };
  EXPECT_ERROR(leave(), "copy of 'weights' was never waited for");
}

TEST_F(RuntimeDeathTest, UseBeforeWait) {
  configure(checkedConfig());
  static std::vector<char> slow(64);
  char *fast = static_cast<char *>(mempl_alloc(0, 64));
  auto start = [&] { mempl_copy_start(fast, slow.data(), 64, "w"); };
  EXPECT_ERROR((start(), step(fast + 8, 8, MEMPL_READ)),
               "step 'op' at net.mlir:1:2 reads bytes that the copy of 'w' is "
               "still writing");
  EXPECT_ERROR((start(), step(slow.data(), 8, MEMPL_WRITE)),
               "writes bytes that the copy of 'w' is still reading");
  EXPECT_ERROR((start(), mempl_release(fast)), "release");
  EXPECT_ERROR((start(), mempl_alloc(32, 64)), "overlaps the copy of 'w'");
  EXPECT_ERROR((start(), start()), "still writing");
  // Reading the source of a copy is right.
  int64_t copy = mempl_copy_start(fast, slow.data(), 64, "w");
  step(slow.data(), 64, MEMPL_READ);
  mempl_copy_wait(copy);
  step(fast, 64, MEMPL_UPDATE);
}

TEST_F(RuntimeDeathTest, AccessOutsideOfStorage) {
  configure(checkedConfig());
  char *fast = static_cast<char *>(mempl_alloc(64, 64));
  EXPECT_ERROR(step(fast, 65, MEMPL_READ), "ends after 64");
  EXPECT_ERROR(step(fast - 1, 2, MEMPL_READ),
               "byte 63 of fast memory, which is no storage");
  EXPECT_ERROR((mempl_release(fast), step(fast, 1, MEMPL_READ)),
               "which is no storage");
  EXPECT_ERROR((mempl_release(fast), mempl_release(fast)), "there is none");
  EXPECT_ERROR((mempl_alloc(0, 65), step(fast + 8, 1, MEMPL_WRITE)),
               "which is no storage");
}

TEST_F(RuntimeDeathTest, MisuseOfSlowMemory) {
  configure(checkedConfig());
  char *block = static_cast<char *>(_mlir_memref_to_llvm_alloc(100));
  EXPECT_ERROR(step(block + 96, 8, MEMPL_READ),
               "bytes up to 104 of an allocation of 100");
  EXPECT_ERROR((_mlir_memref_to_llvm_free(block), step(block, 1, MEMPL_READ)),
               "freed");
  EXPECT_ERROR(
      (_mlir_memref_to_llvm_free(block), _mlir_memref_to_llvm_free(block)),
      "not allocated");
  _mlir_memref_to_llvm_free(block);
}

// Blocks that were freed are kept, to be noticed when they are used, as long as
// they are few; later ones of the same place are then as new.
TEST_F(RuntimeDeathTest, ManyBlocksThatWereFreed) {
  configure(checkedConfig());
  constexpr uint64_t kBytes = uint64_t(100) << 20;
  std::vector<char *> blocks;
  for (int i = 0; i < 5; ++i)
    blocks.push_back(static_cast<char *>(_mlir_memref_to_llvm_alloc(kBytes)));
  for (char *block : blocks)
    _mlir_memref_to_llvm_free(block);
  for (char *block : {blocks[0], blocks[1], blocks[2]})
    step(block, 1, MEMPL_READ);
  for (char *block : {blocks[3], blocks[4]})
    EXPECT_ERROR(step(block, 1, MEMPL_READ), "freed");
}

TEST_F(RuntimeDeathTest, WrongConfiguration) {
  mempl_config config = plainConfig();
  config.copy_bandwidth = -1;
  EXPECT_ERROR(mempl_configure(&config), "copy_bandwidth: expected a finite");
  auto environment = [](const char *name, const char *value) {
    setenv(name, value, 1);
    mempl_config config;
    mempl_config_from_environment(&config);
  };
  EXPECT_ERROR(environment("MEMPL_RUNTIME_COPY_LATENCY", "soon"),
               "MEMPL_RUNTIME_COPY_LATENCY: expected a number of at least 0, "
               "got 'soon'");
  EXPECT_ERROR(environment("MEMPL_RUNTIME_CHECK", "2"), "expected 0 or 1");
  EXPECT_ERROR(environment("MEMPL_RUNTIME_FAST_CAPACITY", "1.5"),
               "whole number of bytes");
}

TEST_F(RuntimeDeathTest, StepsDoNotNest) {
  configure(plainConfig());
  EXPECT_ERROR((mempl_step_begin("a", ""), mempl_step_begin("b", "")),
               "'b' begins in the step 'a'");
  EXPECT_ERROR(mempl_step_end(), "did not begin");
  EXPECT_ERROR(mempl_function_end(), "did not begin");
  EXPECT_ERROR(
      (mempl_function_begin("f"), mempl_function_end(), mempl_function_end()),
      "did not begin");
  EXPECT_ERROR(mempl_step_access(nullptr, 1, 1, 4), "a mode of 1 to 3");
}

TEST(Runtime, ReadsTheEnvironment) {
  setenv("MEMPL_RUNTIME_SLOW_BANDWIDTH", "2e6", 1);
  setenv("MEMPL_RUNTIME_FAST_CAPACITY", "4096", 1);
  setenv("MEMPL_RUNTIME_SLOWDOWN", "1", 1);
  mempl_config config;
  mempl_config_from_environment(&config);
  EXPECT_EQ(config.slow_bandwidth, 2e6);
  EXPECT_EQ(config.fast_capacity, 4096);
  EXPECT_EQ(config.slowdown, 1);
  EXPECT_EQ(config.check, 0);
  EXPECT_EQ(config.trace, nullptr);
  for (const char *name :
       {"MEMPL_RUNTIME_SLOW_BANDWIDTH", "MEMPL_RUNTIME_FAST_CAPACITY",
        "MEMPL_RUNTIME_SLOWDOWN"})
    unsetenv(name);
}

extern "C" int memplHeaderIsC(void);

TEST(Runtime, HeaderIsC) { EXPECT_EQ(memplHeaderIsC(), MEMPL_UPDATE); }

//===----------------------------------------------------------------------===//
// Copies that loops carry, and slices
//===----------------------------------------------------------------------===//

TEST_F(RuntimeDeathTest, OtherStorageThanThatOfACarriedCopy) {
  mempl_config config = checkedConfig();
  config.copy_latency = 10;
  std::vector<int32_t> source = numbers(16);
  EXPECT_ERROR(
      {
        configure(config);
        void *fast = mempl_alloc(64, 64);
        mempl_copy_carry(mempl_copy_start(fast, source.data(), 64, "ahead"));
        mempl_alloc(96, 64);
      },
      "new storage at byte 96 of fast memory overlaps the copy of 'ahead'");
}

TEST_F(RuntimeDeathTest, StorageEndsWithCarriedCopyOutOfIt) {
  std::vector<int32_t> slow = numbers(16);
  EXPECT_ERROR(
      {
        configure(checkedConfig());
        void *fast = mempl_alloc(64, 64);
        int64_t copy = mempl_copy_start(slow.data(), fast, 64, "behind");
        mempl_copy_carry(copy);
        mempl_copy_wait(copy);
        mempl_step_access(fast, 64, 64, MEMPL_READ);
        mempl_step_begin("read", "here");
      },
      "reads byte 64 of fast memory, which is no storage");
}

TEST_F(RuntimeDeathTest, CarriesNoCopy) {
  EXPECT_ERROR(
      {
        configure(checkedConfig());
        mempl_copy_carry(7);
      },
      "carry of copy 7, which is not under way");
}

/// Columns [first, first + 2) of a matrix of 4 x 8 numbers.
static void accessColumns(std::vector<int32_t> &matrix, int64_t first,
                          int32_t mode) {
  const int64_t shape[] = {4, 2, 8, 1};
  mempl_step_access_strided(matrix.data() + first, 4, 2, shape, 32, mode);
  mempl_step_begin("columns", "here");
  mempl_step_end();
}

/// A copy of columns 2 and 3 out of fast memory, not waited for.
static int64_t copyColumnsOut(std::vector<int32_t> &matrix) {
  const int64_t shape[] = {4, 2, 2, 1, 8, 1};
  return mempl_copy_start_strided(matrix.data() + 2, mempl_alloc(0, 32), 4, 2,
                                  shape, "columns 2 and 3");
}

TEST(Runtime, ColumnsBesideColumnsOfACopy) {
  mempl_config config = checkedConfig();
  config.copy_latency = 0.01;
  configure(config);
  std::vector<int32_t> matrix = numbers(32);
  int64_t copy = copyColumnsOut(matrix);
  accessColumns(matrix, 0, MEMPL_UPDATE);
  accessColumns(matrix, 4, MEMPL_UPDATE);
  accessColumns(matrix, 6, MEMPL_UPDATE);
  mempl_copy_wait(copy);
}

TEST_F(RuntimeDeathTest, ColumnsThatACopyWrites) {
  mempl_config config = checkedConfig();
  config.copy_latency = 10;
  std::vector<int32_t> matrix = numbers(32);
  for (int64_t first : {1, 2, 3})
    EXPECT_ERROR(
        {
          configure(config);
          copyColumnsOut(matrix);
          accessColumns(matrix, first, MEMPL_READ);
        },
        "reads bytes that the copy of 'columns 2 and 3' is still writing");
}
