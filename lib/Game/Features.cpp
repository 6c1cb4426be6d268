//===- Features.cpp - the numbers that players see, by name ---------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Game/Features.h"

#include "llvm/Support/ErrorHandling.h"

using namespace mempl;

#define MEMPL_FEATURE(NAME, DOC) Feature{#NAME, DOC},
#define MEMPL_SEGMENT_FEATURE MEMPL_FEATURE
static constexpr Feature kSegmentFeatures[] = {
#include "mempl/Solvers/SegmentFeatures.def"
};
#define MEMPL_PROGRAM_FEATURE MEMPL_FEATURE
static constexpr Feature kProgramFeatures[] = {
#include "mempl/Solvers/SegmentFeatures.def"
};
#define MEMPL_NODE_FEATURE MEMPL_FEATURE
static constexpr Feature kNodeFeatures[] = {
#include "mempl/Game/StateFeatures.def"
};
#define MEMPL_STATE_FEATURE MEMPL_FEATURE
static constexpr Feature kStateFeatures[] = {
#include "mempl/Game/StateFeatures.def"
};
#undef MEMPL_FEATURE

llvm::StringRef mempl::featureGroupName(FeatureGroup group) {
  switch (group) {
  case FeatureGroup::Segment:
    return "segment";
  case FeatureGroup::Program:
    return "program";
  case FeatureGroup::Node:
    return "node";
  case FeatureGroup::State:
    return "state";
  }
  llvm_unreachable("no such group");
}

llvm::ArrayRef<Feature> mempl::featuresOf(FeatureGroup group) {
  switch (group) {
  case FeatureGroup::Segment:
    return kSegmentFeatures;
  case FeatureGroup::Program:
    return kProgramFeatures;
  case FeatureGroup::Node:
    return kNodeFeatures;
  case FeatureGroup::State:
    return kStateFeatures;
  }
  llvm_unreachable("no such group");
}
