//===- TripPipelining.h - copies of loops across trips ---------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Software pipelining of the copies of a loop. A plan of its body in which
// every copy begins and ends within a trip is changed so that slices come in
// during the trip before the one that uses them, and results go out during the
// trip after: modulo scheduling (Rau, MICRO 1994) of copies around steps that
// stay where they are, with buffers that rotate between two places. When to
// issue and to await, and in what order, is found by local search on the exact
// cost of all trips; offsets of two trips are packed by Packing/Packer.h, with
// time as a circle.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_SOLVERS_TRIPPIPELINING_H
#define MEMPL_LIB_SOLVERS_TRIPPIPELINING_H

#include "mempl/Solvers/LoopPlanning.h"

#include <optional>

namespace mempl {

/// Whether a body has values that can be copied across trips.
bool hasStreamedValues(const Program &body);

/// A plan with copies across trips, in [0, capacity), for the body of the loop
/// at `step`. It goes on from `base`, of which it need not keep everything, and
/// which need not be a valid plan: what is wrong with streamed values is
/// mended. Nothing if none was found that is valid and costs less than `base`
/// (or, if that is invalid, that is valid). Deterministic unless
/// `limits.cancelled` says true.
std::optional<BodyPlan> pipelineTrips(InstanceRef outer, int32_t step,
                                      const Plan &base, int64_t capacity,
                                      const PipeliningLimits &limits);

/// The body of a loop as it is for its other values if streamed ones are in
/// fast memory anyway, at two places each where one would not do: they move no
/// bytes, and the capacity is what they leave. Nothing where they leave nothing
/// or nobody.
std::optional<Instance> withoutStreamedValues(const Instance &body);

} // namespace mempl

#endif // MEMPL_LIB_SOLVERS_TRIPPIPELINING_H
