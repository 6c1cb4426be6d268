//===- PackingModel.h - sections and items of a packing ---------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The form in which the exact search sees a problem. Time is cut where buffers
// end, which leaves one section per maximal set of buffers that live together:
// two buffers conflict if and only if they share a section, and no other time
// can constrain them more. A buffer with gaps counts as several in this; its
// sections need not be neighbours then. Buffers that occupy nothing are left
// out. Sizes are rounded up to the largest unit that divides every alignment
// and every fixed offset, which no packing can avoid anyway (but not where
// their sum would come near 2^63).
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_PACKING_PACKINGMODEL_H
#define MEMPL_LIB_PACKING_PACKINGMODEL_H

#include "mempl/Packing/Packer.h"

#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <utility>
#include <vector>

namespace mempl::packing {

/// No offset reaches this: the search never works at a capacity above it, so
/// that an offset plus a size stays below 2^63.
inline constexpr int64_t kNever = INT64_MAX;

/// `value` rounded up to a multiple of `alignment`, or kNever if that is 2^63
/// or more.
int64_t alignUp(int64_t value, int64_t alignment);

/// A buffer that occupies space: sections [first, last) but for its holes,
/// `size` bytes.
struct PackingItem {
  int32_t first = 0;
  int32_t last = 0;
  /// Sections [first, second) in between that its gaps leave free.
  llvm::SmallVector<std::pair<int32_t, int32_t>, 0> holes;
  int64_t size = 0;     ///< Rounded up to the unit.
  int64_t realSize = 0; ///< As the problem has it.
  int64_t alignment = 1;
  int64_t fixed = -1; ///< Its only offset, or -1.
  int64_t hint = -1;
  int32_t buffer = 0; ///< Index in the problem.
  int32_t kind = 0;   ///< Interchangeable items have the same kind.

  /// Its next section; `last` after the last one.
  int32_t after(int32_t section) const {
    ++section;
    for (const auto &[begin, end] : holes)
      if (section == begin)
        return end;
    return section;
  }
  /// Whether the two share a section.
  bool meets(const PackingItem &other) const;
};

struct PackingModel {
  std::vector<PackingItem> items; ///< In order of their first section.
  int32_t numSections = 0;
  int32_t numKinds = 0;
  int64_t unit = 1; ///< Every offset is a multiple of it.
  /// Every alignment is the unit and nothing is fixed: a set of items may then
  /// be moved up or down by the size of another.
  bool uniform = true;
};

/// The items and sections of `problem`, whose fields must be in range. A gap
/// with a window counts as no gap.
PackingModel buildPackingModel(const PackingProblem &problem);

} // namespace mempl::packing

#endif // MEMPL_LIB_PACKING_PACKINGMODEL_H
