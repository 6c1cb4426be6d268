//===- CheckpointTest.cpp - checkpoints, whole and damaged ----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Checkpoint.h"

#include "gtest/gtest.h"

using namespace mempl;

namespace {

Checkpoint some() {
  Checkpoint c;
  c.programs = "a.json\nb.json";
  c.seed = "7";
  c.round = 3;
  c.moves = int64_t(1) << 60;
  c.seconds = 1.5;
  c.bestScore = -0.25;
  c.isTaught = true;
  c.numEvolved = 2;
  c.parts = {"weights", "", std::string("re\0play\n", 8), "{}", "1 2"};
  return c;
}

std::string errorOf(llvm::StringRef bytes) {
  auto checkpoint = Checkpoint::deserialize(bytes, "run/checkpoint");
  return checkpoint ? "" : llvm::toString(checkpoint.takeError());
}

const char *const kDamaged = "run/checkpoint: error: damaged checkpoint";

/// What `some()` is as bytes, with one text in it replaced by another.
std::string with(llvm::StringRef text, llvm::StringRef other) {
  std::string bytes = some().serialize();
  size_t at = bytes.find(text);
  EXPECT_NE(at, std::string::npos) << text.str();
  return bytes.replace(at, text.size(), other);
}

TEST(Checkpoint, IsReadAsItWasWritten) {
  std::string bytes = some().serialize();
  auto read = Checkpoint::deserialize(bytes, "c");
  ASSERT_TRUE(bool(read));
  EXPECT_EQ(read->serialize(), bytes);
  EXPECT_EQ(read->parts, some().parts);
  EXPECT_EQ(read->moves, int64_t(1) << 60);
  EXPECT_TRUE(read->isTaught);
}

TEST(Checkpoint, CutOffAnywhereItIsDamaged) {
  std::string bytes = some().serialize();
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_EQ(errorOf(llvm::StringRef(bytes).take_front(size)), kDamaged)
        << size;
}

TEST(Checkpoint, FieldsOfAnotherKindAreDamage) {
  EXPECT_EQ(errorOf(with("\"round\":3", "\"round\":\"3\"")), kDamaged);
  EXPECT_EQ(errorOf(with("\"taught\":true", "\"taught\":1")), kDamaged);
  EXPECT_EQ(errorOf(with("\"seed\":\"7\"", "\"seed\":7")), kDamaged);
  EXPECT_EQ(errorOf("[]\n"), kDamaged);
  EXPECT_EQ(errorOf("nothing\n"), kDamaged);
}

TEST(Checkpoint, LengthsOfPartsAreHeldAgainstTheBytes) {
  for (const char *lengths :
       {"[7,0,8,2,9]", "[-1,0,8,2,3]", "[9223372036854775807,0,8,2,3]",
        "[7,0,8,2]", "[7,0,8,2,3,0]", "[\"7\",0,8,2,3]", "7"})
    EXPECT_EQ(errorOf(with("[7,0,8,2,3]", lengths)), kDamaged) << lengths;
}

TEST(Checkpoint, AnotherVersionIsTold) {
  std::string bytes = some().serialize();
  size_t at = bytes.find("\"version\":") + 10;
  std::string version = bytes.substr(at, bytes.find_first_of(",}", at) - at);
  EXPECT_EQ(errorOf(with("\"version\":" + version, "\"version\":99")),
            "run/checkpoint:1: error: a checkpoint of version 99; this mempl "
            "reads version " +
                version);
  EXPECT_EQ(errorOf("{}\n"), "run/checkpoint:1: error: a checkpoint of version "
                             "-1; this mempl reads version " +
                                 version);
}

} // namespace
