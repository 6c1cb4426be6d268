//===- Features.h - the numbers that players see, by name ----- -*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The tables SegmentFeatures.def and StateFeatures.def for those who show them
// or hand them on: docs/Observation.md, C and Python.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_GAME_FEATURES_H
#define MEMPL_GAME_FEATURES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>

namespace mempl {

struct Feature {
  llvm::StringLiteral name; ///< As the enumerator is called.
  llvm::StringLiteral description;
};

/// Features that are seen together, in one array.
enum class FeatureGroup : uint8_t {
  Segment, ///< Of a segment, whatever the state: SegmentFeatures::row().
  Program, ///< Of the program: SegmentFeatures::context().
  Node,    ///< Of a segment in a state: GameState::nodeFeatures().
  State    ///< Of a state: GameState::stateFeatures().
};
inline constexpr FeatureGroup kFeatureGroups[] = {
    FeatureGroup::Segment, FeatureGroup::Program, FeatureGroup::Node,
    FeatureGroup::State};

/// "segment", "program", "node" or "state".
llvm::StringRef featureGroupName(FeatureGroup group);
/// The features of a group, in the order of their numbers.
llvm::ArrayRef<Feature> featuresOf(FeatureGroup group);

} // namespace mempl

#endif // MEMPL_GAME_FEATURES_H
