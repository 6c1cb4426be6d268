//===- HloShapes.h - shapes that the text leaves out ------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// HLO that is written by hand may leave out the result's shape where the
// operation and its operands tell it, as XLA's own reader allows.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_FRONTEND_XLA_HLOSHAPES_H
#define MEMPL_LIB_FRONTEND_XLA_HLOSHAPES_H

#include "mempl/Frontend/Xla/HloModule.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"

#include <optional>

namespace mempl::hlo {

/// One dimension of `window={size=3x3 stride=2x2 pad=1_1x1_1 ..}`.
struct WindowDim {
  int64_t size = 1, stride = 1, padLow = 0, padHigh = 0;
  int64_t baseDilation = 1, windowDilation = 1;
};

/// The dimensions of a window; what is no number keeps its default.
std::vector<WindowDim> parseWindow(llvm::StringRef text);

/// The numbers of `{1,2}`; nothing if it is anything else.
std::optional<std::vector<int64_t>> parseNumbers(llvm::StringRef text);

/// The shape of the result of a computation that is called as `role`, or null.
using ShapeOfCall = llvm::function_ref<const Shape *(llvm::StringRef role)>;

/// The shape of `instruction`, without a layout; nothing where its operation,
/// attributes and operands do not tell it.
std::optional<Shape> inferShape(const Instruction &instruction,
                                llvm::ArrayRef<const Shape *> operands,
                                ShapeOfCall shapeOfCall);

/// Operations that compute each element of the result from those at its place,
/// and so may write it where they read it.
bool worksByElement(llvm::StringRef opcode);

} // namespace mempl::hlo

#endif // MEMPL_LIB_FRONTEND_XLA_HLOSHAPES_H
