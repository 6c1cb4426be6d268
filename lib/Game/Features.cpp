//===- Features.cpp - the numbers that a network sees, by name ------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Game/Features.h"

#include "mempl/Game/Observation.h"

using namespace mempl;

/// 0 stands for what is not there, and nothing is larger than the limit.
template <size_t N>
static constexpr bool areInRange(const Feature (&features)[N]) {
  for (const Feature &f : features)
    if (f.low < -kFeatureLimit || f.low > 0 || f.high < 0 ||
        f.high > kFeatureLimit)
      return false;
  return true;
}
static_assert(areInRange(kProgramFeatures) && areInRange(kProfileFeatures) &&
              areInRange(kNearFeatures) && areInRange(kScalarFeatures));

llvm::StringRef mempl::featureGroupName(FeatureGroup group) {
  switch (group) {
  case FeatureGroup::Program:
    return "program";
  case FeatureGroup::Profile:
    return "profile";
  case FeatureGroup::Near:
    return "near";
  case FeatureGroup::Scalars:
    return "scalars";
  }
  return "";
}

llvm::ArrayRef<Feature> mempl::featuresOf(FeatureGroup group) {
  switch (group) {
  case FeatureGroup::Program:
    return kProgramFeatures;
  case FeatureGroup::Profile:
    return kProfileFeatures;
  case FeatureGroup::Near:
    return kNearFeatures;
  case FeatureGroup::Scalars:
    return kScalarFeatures;
  }
  return {};
}

std::string mempl::observationSignature() {
  std::string text;
  llvm::raw_string_ostream os(text);
  for (FeatureGroup group : kFeatureGroups)
    for (const Feature &f : featuresOf(group))
      os << featureGroupName(group) << ' ' << f.name << ' ' << f.low << ' '
         << f.high << '\n';
  os << "bins " << Observation::kNumBins << ' ' << Observation::kNumFine << ' '
     << Observation::kNumBehind << '\n'
     << "near " << Observation::kNumNear << '\n';
  for (Action a : kActions)
    os << "action " << actionName(a) << '\n';
  return text;
}
