//===- FileIOTest.cpp - files, plain and gzip -----------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Support/FileIO.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

using namespace mempl;
using ::testing::HasSubstr;

namespace {

/// A directory of its own for each test.
class FileIOTest : public ::testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("mempl-fileio", dir));
  }
  void TearDown() override { llvm::sys::fs::remove_directories(dir); }

  std::string at(llvm::StringRef name) {
    llvm::SmallString<128> path(dir);
    llvm::sys::path::append(path, name);
    return path.str().str();
  }
  static std::string bytesOf(const std::string &path) {
    std::ifstream in(path, std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
  }
  static void put(const std::string &path, llvm::StringRef bytes) {
    std::ofstream(path, std::ios::binary) << bytes.str();
  }
  static std::string write(const std::string &path, llvm::StringRef text) {
    return llvm::toString(writeFile(path, text));
  }
  static std::string errorOf(const std::string &path) {
    auto text = readFile(path);
    return text ? "" : llvm::toString(text.takeError());
  }
  static std::string read(const std::string &path) {
    auto text = readFile(path);
    EXPECT_TRUE(static_cast<bool>(text));
    return text ? *text : llvm::toString(text.takeError());
  }
  size_t filesInDir() {
    size_t count = 0;
    std::error_code ec;
    for (llvm::sys::fs::directory_iterator it(dir, ec), end; it != end && !ec;
         it.increment(ec))
      ++count;
    return count;
  }

  llvm::SmallString<128> dir;
};

/// Text that gzip cannot make much smaller, longer than one chunk.
std::string longText() {
  std::string text;
  uint32_t x = 1;
  while (text.size() < (size_t(3) << 20)) {
    x = x * 1664525u + 1013904223u;
    text += static_cast<char>(x >> 24);
  }
  return text;
}

} // namespace

TEST_F(FileIOTest, PlainTextComesBack) {
  for (const std::string &text : {std::string(), std::string("a\0b\n", 4)}) {
    EXPECT_EQ(write(at("f"), text), "");
    EXPECT_EQ(bytesOf(at("f")), text);
    EXPECT_EQ(read(at("f")), text);
  }
}

TEST_F(FileIOTest, GzipComesBackWhateverItsName) {
  for (const std::string &text :
       {std::string(), std::string("hello"), longText()}) {
    EXPECT_EQ(write(at("f.gz"), text), "");
    EXPECT_EQ(bytesOf(at("f.gz")).substr(0, 2), "\x1f\x8b");
    EXPECT_EQ(read(at("f.gz")), text);
    put(at("other"), bytesOf(at("f.gz")));
    EXPECT_EQ(read(at("other")), text);
  }
}

TEST_F(FileIOTest, GzipHasNoTimeAndNoName) {
  EXPECT_EQ(write(at("f.gz"), "hello"), "");
  EXPECT_EQ(write(at("g.gz"), "hello"), "");
  EXPECT_EQ(bytesOf(at("f.gz")), bytesOf(at("g.gz")));
  EXPECT_EQ(bytesOf(at("f.gz")).substr(3, 5), std::string(5, '\0'));
}

TEST_F(FileIOTest, GzipMembersAreOneText) {
  EXPECT_EQ(write(at("f.gz"), "hello "), "");
  EXPECT_EQ(write(at("g.gz"), "world"), "");
  put(at("both.gz"), bytesOf(at("f.gz")) + bytesOf(at("g.gz")));
  EXPECT_EQ(read(at("both.gz")), "hello world");
}

TEST_F(FileIOTest, EveryTruncationIsAnError) {
  EXPECT_EQ(write(at("f.gz"), "hello, hello, hello"), "");
  std::string bytes = bytesOf(at("f.gz"));
  for (size_t size = 2; size < bytes.size(); ++size) {
    put(at("cut.gz"), llvm::StringRef(bytes).take_front(size));
    EXPECT_EQ(errorOf(at("cut.gz")),
              at("cut.gz") + ": error: cannot be read: truncated gzip data");
  }
}

TEST_F(FileIOTest, DamagedGzipIsAnError) {
  EXPECT_EQ(write(at("f.gz"), longText()), "");
  std::string bytes = bytesOf(at("f.gz"));
  bytes[bytes.size() / 2] ^= 0x40;
  put(at("bad.gz"), bytes);
  EXPECT_THAT(errorOf(at("bad.gz")), HasSubstr("gzip data"));
}

TEST_F(FileIOTest, SomethingAfterGzipIsAnError) {
  EXPECT_EQ(write(at("f.gz"), "hello"), "");
  put(at("f.gz"), bytesOf(at("f.gz")) + "x");
  EXPECT_THAT(errorOf(at("f.gz")), HasSubstr("something follows its end"));
}

TEST_F(FileIOTest, MissingFilesAndDirectoriesAreErrors) {
  EXPECT_THAT(errorOf(at("none")),
              HasSubstr("none: error: cannot be read: No such file"));
  EXPECT_THAT(errorOf(dir.str().str()), HasSubstr("is a directory"));
}

TEST_F(FileIOTest, WritingReplacesTheWholeFileAndLeavesNoTemporary) {
  EXPECT_EQ(write(at("f"), "a long first text"), "");
  EXPECT_EQ(write(at("f"), "short"), "");
  EXPECT_EQ(bytesOf(at("f")), "short");
  EXPECT_EQ(filesInDir(), 1u);
}

TEST_F(FileIOTest, WritingThroughALinkKeepsTheLink) {
  EXPECT_EQ(write(at("f"), "old"), "");
  ASSERT_FALSE(llvm::sys::fs::create_link(at("f"), at("link")));
  EXPECT_EQ(write(at("link"), "new"), "");
  EXPECT_TRUE(llvm::sys::fs::is_symlink_file(at("link")));
  EXPECT_EQ(bytesOf(at("f")), "new");
}

TEST_F(FileIOTest, WhereNothingCanBeWrittenNothingIsLeft) {
  EXPECT_THAT(write(at("no/such/f"), "text"),
              HasSubstr("f: error: cannot be written: No such file"));
  ASSERT_FALSE(llvm::sys::fs::create_directory(at("d")));
  EXPECT_THAT(write(at("d"), "text"), HasSubstr("cannot be written"));
  EXPECT_EQ(filesInDir(), 1u);
}

TEST_F(FileIOTest, FullDevicesAreErrorsAndStayDevices) {
  if (!llvm::sys::fs::exists("/dev/full"))
    GTEST_SKIP() << "there is no /dev/full here";
  EXPECT_THAT(write("/dev/full", "text"), HasSubstr("No space left"));
  EXPECT_FALSE(llvm::sys::fs::is_regular_file("/dev/full"));
}

TEST_F(FileIOTest, FilesAreTheSameByWhateverName) {
  EXPECT_TRUE(isSameFile("a", "a"));
  EXPECT_FALSE(isSameFile("a", "b"));
  EXPECT_TRUE(isSameFile("-", "-"));
  EXPECT_FALSE(isSameFile("", ""));
  EXPECT_FALSE(isSameFile("/dev/null", "/dev/null"));
  ASSERT_EQ(write(at("f"), "text"), "");
  EXPECT_TRUE(isSameFile(at("f"), at("./f")));
  EXPECT_FALSE(isSameFile(at("f"), at("g")));
  ASSERT_FALSE(llvm::sys::fs::create_link(at("f"), at("link")));
  EXPECT_TRUE(isSameFile(at("link"), at("f")));
}

TEST(FileError, NamesFileLineAndText) {
  EXPECT_EQ(llvm::toString(fileError("a.json", 7, "expected x")),
            "a.json:7: error: expected x");
  EXPECT_EQ(llvm::toString(fileError("-", 0, "expected x")),
            "<stdin>: error: expected x");
}

TEST(FileError, StaysOnOneLine) {
  EXPECT_EQ(llvm::toString(fileError("a\nb", 1, "x\ty\x7f")),
            "a\\x0ab:1: error: x\\x09y\\x7f");
  EXPECT_EQ(escapeForMessage("\xff"), "\xef\xbf\xbd");
}
