//===- RepeatedLayers.h - one plan for layers that are alike ----*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Large programs are mostly layers that look alike: the same steps again and
// again, with values of their own. A plan for one of them is a plan for all.
// Here the longest such repetition is found, one of its layers becomes a
// program of its own, and a plan for that is put into every layer of the whole.
//
// A layer gets what it needs of others from slow memory and leaves there what
// others need of it. So the boundary between layers is put where the fewest
// bytes cross it, and what the whole could keep across it is left to whoever
// improves the plan afterwards.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_SOLVERS_REPEATEDLAYERS_H
#define MEMPL_LIB_SOLVERS_REPEATEDLAYERS_H

#include "mempl/Problem/PlanEditor.h"

#include <optional>

namespace mempl {

/// Layers of a program: `count` times `period` steps from step `start` on.
struct RepeatedLayers {
  int32_t start = 0;
  int32_t period = 0;
  int32_t count = 0;
  /// The layer in the middle, on the machine of the whole.
  Instance layer;
  /// Of each layer: the value of the whole for every value of `layer`. Empty
  /// where a layer uses its values in another manner.
  std::vector<std::vector<int32_t>> values;
};

/// The repetition of at least three layers without loops that saves
/// the most steps, if there is one.
std::optional<RepeatedLayers> findRepeatedLayers(const AccessIndex &index);

/// Puts `plan`, a valid plan for `layers.layer`, into every layer, in place of
/// what the layer's values have in fast memory there, where the plan of the
/// whole stays legal and does not get slower. The number of layers that got it.
/// Where `plan` has an order, so has the editor: the program's own as yet.
int32_t applyToLayers(PlanEditor &editor, const RepeatedLayers &layers,
                      const Plan &plan);

} // namespace mempl

#endif // MEMPL_LIB_SOLVERS_REPEATEDLAYERS_H
