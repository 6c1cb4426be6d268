//===- MemoryMap.h - fast memory over time, as rectangles -------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The geometry of a plan, computed once: pages and figures draw the same
// rectangles. Ends of rectangles are points, which are numbers and not seconds,
// so that they can be drawn over time and over steps.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_REPORT_MEMORYMAP_H
#define MEMPL_LIB_REPORT_MEMORYMAP_H

#include "mempl/Problem/Instance.h"
#include "mempl/Problem/Plan.h"
#include "mempl/Problem/Simulator.h"

#include <cstdint>
#include <vector>

namespace mempl::report {

/// What the bytes of a piece are held for.
enum class Phase : uint8_t {
  CopyIn,  ///< The copy in has been issued.
  Use,     ///< Steps may access them.
  CopyOut, ///< Only the copy out is under way still.
  Reserved ///< A step keeps them for itself.
};

/// A rectangle: bytes [offset, offset + size) between two points.
struct MapPiece {
  int32_t of; ///< A residency of the plan; of a reserved piece, a place.
  Phase phase;
  int32_t begin, end; ///< Points, begin < end.
  int64_t offset, size;
};

/// A copy on its channel. Seconds.
struct MapCopy {
  int32_t residency;
  bool out;
  double start, end;
};

/// A plan over time. A program with n steps has 2 n + 2 points: for every
/// boundary one where the waits at it begin and one where they are over. The
/// step at place i runs from the second point of boundary i to the first of
/// boundary i + 1. Of the body of a loop there are two trips, in steady state:
/// an even one and then an odd one, each with its points.
struct MemoryMap {
  int32_t trips = 1;
  int64_t capacity = 0;       ///< Bytes that the plan may use.
  std::vector<double> points; ///< Seconds; never falling.
  std::vector<MapPiece> pieces;
  std::vector<MapCopy> copies;

  double seconds() const { return points.back(); }
};

/// The map of a valid plan. `outcome` is that of simulate(). `capacity` is
/// what the plan may use. `isBody`: the program is the body of a loop.
MemoryMap memoryMap(InstanceRef instance, const Plan &plan,
                    const Outcome &outcome, int64_t capacity, bool isBody);

/// The step that runs at `place`.
inline int32_t stepAt(const Plan &plan, int32_t place) {
  return plan.order.empty() ? place : plan.order[place];
}

} // namespace mempl::report

#endif // MEMPL_LIB_REPORT_MEMORYMAP_H
