//===- MappingTest.cpp - tests of the fields of problems ------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Problem/Mapping.h"

#include "gmock/gmock.h"

using namespace mempl;
using testing::ElementsAre;

namespace {

/// Every field of a record as text: "issue=3", or "issue" if it is not given.
template <typename T> std::vector<std::string> fieldsOf(T x) {
  std::vector<std::string> fields;
  RecordWriter writer([&](const Field &field, const auto &value) {
    std::string text = field.attributeName();
    if (value)
      text += "=" + std::to_string(*value);
    fields.push_back(text);
  });
  mapFields(writer, x);
  return fields;
}

/// Reads a residency of which the fields with these names are given, all as 7.
std::string readOf(const std::vector<std::string> &given, Residency &r) {
  RecordReader reader([&]<typename T>(const Field &field, T &x, bool optional) {
    bool isGiven = !optional || llvm::is_contained(given, field.key.str());
    if (isGiven)
      x = static_cast<T>(7);
    return isGiven;
  });
  mapFields(reader, r);
  return reader.error().str();
}

TEST(Mapping, ResidenciesAreFlatInRecords) {
  EXPECT_THAT(fieldsOf(Residency::byWrite(1, 20, 3, 4)),
              ElementsAre("value=1", "offset=20", "last=4", "write=3", "issue",
                          "ready", "done", "back", "carried=0", "offset2"));
  Residency r = Residency::byCopy(1, 20, 2, 3, 4);
  r.out = {std::nullopt, 6};
  EXPECT_THAT(fieldsOf(r),
              ElementsAre("value=1", "offset=20", "last=4", "write", "issue=2",
                          "ready=3", "done=6", "back", "carried=0", "offset2"));
  EXPECT_THAT(fieldsOf(Residency::kept(1, 20, 4)),
              ElementsAre("value=1", "offset=20", "last=4", "write", "issue",
                          "ready", "done", "back", "carried=1", "offset2"));
}

TEST(Mapping, ResidenciesAreReadFromRecords) {
  Residency r;
  EXPECT_EQ(readOf({"write"}, r), "");
  EXPECT_EQ(r, Residency::byWrite(7, 7, 7, 7));
  EXPECT_EQ(readOf({"issue", "ready", "done", "back"}, r), "");
  Residency copied = Residency::byCopy(7, 7, 7, 7, 7);
  copied.out = {7, 7};
  EXPECT_EQ(r, copied);
  Residency kept;
  EXPECT_EQ(readOf({"carried", "done"}, kept), "");
  EXPECT_TRUE(kept.isKept());
  EXPECT_EQ(kept.out, (CopyOut{std::nullopt, 7}));
}

TEST(Mapping, WhatNoResidencyCanBeIsAnError) {
  for (std::vector<std::string> given :
       std::vector<std::vector<std::string>>{{},
                                             {"issue"},
                                             {"ready"},
                                             {"write", "carried"},
                                             {"write", "issue", "ready"},
                                             {"write", "ready"}}) {
    Residency r;
    EXPECT_EQ(readOf(given, r),
              "a residency begins by `write`, or by `issue` and `ready`, or is "
              "`carried`");
  }
  Residency r;
  EXPECT_EQ(readOf({"write", "back"}, r), "`back` without `done`");
}

TEST(Mapping, FiguresOfAMachineAreInGroups) {
  EXPECT_THAT(fieldsOf(Machine()),
              testing::AllOf(testing::Contains("fast_alignment=1"),
                             testing::Contains("copy_max_in=0"),
                             testing::SizeIs(10)));
  EXPECT_EQ(numMappedFields<Machine>(), 10u);
  EXPECT_EQ(numMappedFields<Residency>(), 10u);
}

TEST(Mapping, StructsHaveAsManyFieldsAsAreCounted) {
  struct None {};
  struct Three {
    int x;
    const char *y;
    std::optional<double> z;
  };
  EXPECT_EQ(numFields<None>(), 0u);
  EXPECT_EQ(numFields<Three>(), 3u);
}

} // namespace
