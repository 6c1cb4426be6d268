//===- IntegerRange.h - what is known of an integer -------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_ANALYSIS_INTEGERRANGE_H
#define MEMPL_ANALYSIS_INTEGERRANGE_H

#include "mempl/IR/Namespace.h"

#include "mlir/Interfaces/InferIntRangeInterface.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"

#include <cstdint>
#include <optional>

namespace mempl::ir {

/// What the ops that compute an integer or index say of it, their
/// InferIntRangeInterface asked backwards from `value`; everything where they
/// say nothing. Looks at a few hundred ops at most.
ConstantIntRanges rangeOf(Value value);

/// The largest that `variable` can be, as upstream's ValueBoundsConstraintSet
/// proves it with the ranges of the integers that it does not understand.
/// Nothing where it cannot.
std::optional<int64_t>
upperBoundOf(const ValueBoundsConstraintSet::Variable &variable);

} // namespace mempl::ir

#endif // MEMPL_ANALYSIS_INTEGERRANGE_H
