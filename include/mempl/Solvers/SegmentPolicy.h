//===- SegmentPolicy.h - learned orders of segments -------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A policy says which segment (neighbouring uses of one value, a node of the
// UseIntervalForest) to take into fast memory first. It sees features of the
// segments and of the program, costs a microsecond per segment, and needs no
// LibTorch.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_SOLVERS_SEGMENTPOLICY_H
#define MEMPL_SOLVERS_SEGMENTPOLICY_H

#include "mempl/Solvers/UseIntervalForest.h"
#include "mempl/Solvers/Weights.h"

namespace mempl {

/// What policies see of a program: one row per UseIntervalForest::nodes(), and
/// what is the same for all of them. SegmentFeatures.def says what they are.
/// All numbers are finite and within [-kLimit, kLimit].
class SegmentFeatures {
public:
  static constexpr float kLimit = 20;
  enum Column : int32_t {
#define MEMPL_SEGMENT_FEATURE(NAME, DOC) NAME,
#include "mempl/Solvers/SegmentFeatures.def"
    kNumColumns ///< How many there are.
  };
  enum Context : int32_t {
#define MEMPL_PROGRAM_FEATURE(NAME, DOC) NAME,
#include "mempl/Solvers/SegmentFeatures.def"
    kNumContext ///< How many there are.
  };

  SegmentFeatures(const AccessIndex &index, const UseIntervalForest &forest);

  int32_t numRows() const {
    return static_cast<int32_t>(data.size()) / kNumColumns;
  }
  llvm::ArrayRef<float> row(int32_t node) const {
    return llvm::ArrayRef(data).slice(static_cast<size_t>(node) * kNumColumns,
                                      kNumColumns);
  }
  llvm::ArrayRef<float> context() const { return program; }

private:
  std::vector<float> data, program;
};

/// Names of the features, one per line, with their kind: weights are good for
/// equal ones only.
std::string segmentFeatureNames();

} // namespace mempl

#endif // MEMPL_SOLVERS_SEGMENTPOLICY_H
