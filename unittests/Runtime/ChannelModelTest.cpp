//===- ChannelModelTest.cpp - when copies finish --------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ChannelModel.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace mempl::runtime;

TEST(ChannelModel, CopyTakesLatencyAndBytesOverBandwidth) {
  ChannelModel model(/*slowBandwidth=*/100, /*copyBandwidth=*/50,
                     /*latency=*/0.5);
  model.issue(ChannelModel::In, 1, 100, 1.0);
  EXPECT_DOUBLE_EQ(model.nextFinish(ChannelModel::In), 3.5);
  model.advance(3.4);
  EXPECT_FALSE(model.takeFinished(ChannelModel::In));
  model.advance(4.0);
  std::optional<QueuedCopy> copy = model.takeFinished(ChannelModel::In);
  ASSERT_TRUE(copy);
  EXPECT_EQ(copy->number, 1);
  EXPECT_DOUBLE_EQ(copy->started, 1.0);
  EXPECT_DOUBLE_EQ(copy->finished, 3.5);
}

TEST(ChannelModel, ServesInOrderHoweverLateItIsAsked) {
  ChannelModel model(100, 50, 0.5);
  model.issue(ChannelModel::In, 1, 50, 0.0);
  model.issue(ChannelModel::In, 2, 0, 0.0);
  model.issue(ChannelModel::In, 3, 25, 1.0);
  model.advance(10.0);
  double expected[] = {1.5, 2.0, 3.0};
  for (int i = 0; i < 3; ++i) {
    std::optional<QueuedCopy> copy = model.takeFinished(ChannelModel::In);
    ASSERT_TRUE(copy);
    EXPECT_EQ(copy->number, i + 1);
    EXPECT_DOUBLE_EQ(copy->finished, expected[i]);
  }
}

TEST(ChannelModel, ChannelsShareSlowMemory) {
  ChannelModel model(100, 80, 0);
  model.issue(ChannelModel::In, 1, 100, 0.0);
  model.issue(ChannelModel::Out, 2, 50, 0.0);
  // Both at 50 until the second is complete at 1; then the first at 80.
  model.advance(2.0);
  EXPECT_DOUBLE_EQ(model.takeFinished(ChannelModel::Out)->finished, 1.0);
  EXPECT_DOUBLE_EQ(model.takeFinished(ChannelModel::In)->finished, 1.625);
}

TEST(ChannelModel, StepsLeaveWhatTheyDoNotDraw) {
  ChannelModel model(100, 100, 0);
  model.setDraw(75, 0.0, 2.0);
  model.issue(ChannelModel::In, 1, 100, 0.0);
  // 25 a second for two seconds, then all of it.
  EXPECT_DOUBLE_EQ(model.nextFinish(ChannelModel::In), 2.5);
  model.setDraw(100, 1.0, 3.0);
  EXPECT_DOUBLE_EQ(model.nextFinish(ChannelModel::In), 3.75);
  model.setDraw(0, 2.0, 2.0);
  model.advance(5.0);
  EXPECT_DOUBLE_EQ(model.takeFinished(ChannelModel::In)->finished, 2.75);
}

TEST(ChannelModel, StandsStillWithoutSpareBandwidth) {
  ChannelModel model(100, 100, 0);
  model.setDraw(100, 0.0, 1e9);
  model.issue(ChannelModel::In, 1, 100, 0.0);
  EXPECT_DOUBLE_EQ(model.nextFinish(ChannelModel::In), 1e9 + 1);
  model.advance(5.0);
  model.setDraw(0, 5.0, 5.0);
  EXPECT_DOUBLE_EQ(model.nextFinish(ChannelModel::In), 6.0);
}

TEST(ChannelModel, WithoutLimitsCopiesFinishAtOnce) {
  ChannelModel model(0, 0, 0);
  model.issue(ChannelModel::Out, 1, 1e12, 3.0);
  EXPECT_DOUBLE_EQ(model.nextFinish(ChannelModel::Out), 3.0);
  EXPECT_DOUBLE_EQ(model.takeFinished(ChannelModel::Out)->finished, 3.0);
  EXPECT_TRUE(std::isinf(model.nextFinish(ChannelModel::Out)));
}
