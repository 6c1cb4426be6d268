//===- Features.h - the numbers that a network sees, by name ----*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Features.def as a table: what each number is called, how large it may be and
// what it means, for bindings, documentation, and weights that are good for
// these features only. Observation.h has the numbers themselves.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_GAME_FEATURES_H
#define MEMPL_GAME_FEATURES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace mempl {

/// No feature is larger in magnitude.
inline constexpr float kFeatureLimit = 10;

struct Feature {
  llvm::StringLiteral name; ///< As the enumerator is called.
  float low, high;          ///< Within [-kFeatureLimit, kFeatureLimit].
  llvm::StringLiteral description;

  /// `x` within the range; 0 for NaN. (Infinite times of infinite steps are as
  /// far as one can see.)
  float clip(double x) const {
    return std::isnan(x) ? 0
                         : static_cast<float>(std::clamp<double>(x, low, high));
  }
};

#define MEMPL_FEATURE(NAME, LOW, HIGH, DOC) Feature{#NAME, LOW, HIGH, DOC},
#define MEMPL_PROGRAM_FEATURE MEMPL_FEATURE
inline constexpr Feature kProgramFeatures[] = {
#include "mempl/Game/Features.def"
};
#define MEMPL_PROFILE_FEATURE MEMPL_FEATURE
inline constexpr Feature kProfileFeatures[] = {
#include "mempl/Game/Features.def"
};
#define MEMPL_NEAR_FEATURE MEMPL_FEATURE
inline constexpr Feature kNearFeatures[] = {
#include "mempl/Game/Features.def"
};
#define MEMPL_SCALAR_FEATURE MEMPL_FEATURE
inline constexpr Feature kScalarFeatures[] = {
#include "mempl/Game/Features.def"
};
#undef MEMPL_FEATURE

/// Features that are seen together, in one array.
enum class FeatureGroup : uint8_t {
  Program, ///< Of a question: a row of ProgramFeatures.
  Profile, ///< Of a bin: a column of Observation::profile.
  Near,    ///< Of a value: a row of Observation::near.
  Scalars  ///< Of the state: Observation::scalars.
};
inline constexpr FeatureGroup kFeatureGroups[] = {
    FeatureGroup::Program, FeatureGroup::Profile, FeatureGroup::Near,
    FeatureGroup::Scalars};

/// "program", "profile", "near" or "scalars".
llvm::StringRef featureGroupName(FeatureGroup group);
/// The features of a group, in the order of their numbers.
llvm::ArrayRef<Feature> featuresOf(FeatureGroup group);

/// Names and ranges of all features, the shapes of their arrays and the names
/// of the actions, as text: equal if and only if weights may be shared.
std::string observationSignature();

} // namespace mempl

#endif // MEMPL_GAME_FEATURES_H
