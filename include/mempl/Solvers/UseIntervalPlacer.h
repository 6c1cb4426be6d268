//===- UseIntervalPlacer.h - puts intervals of uses into fast memory --- -*- C++
//-*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The step that all constructive solvers share: given some neighbouring uses of
// a value, a residency that serves them, with its offset and the boundaries of
// its copies chosen so that nothing waits where that can be had.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_SOLVERS_USEINTERVALPLACER_H
#define MEMPL_SOLVERS_USEINTERVALPLACER_H

#include "mempl/Problem/PlanEditor.h"

namespace mempl {

/// Neighbouring uses of one value that one residency may serve. Numbers of
/// AccessIndex::use(), both ends included.
struct UseInterval {
  int32_t first;
  int32_t last;
};

/// How UseIntervalPlacer decides where there is a choice.
struct PlacementStyle {
  Fit fit = Fit::Lowest;
  /// Scales the time that a copy is taken to need: above 1 prefetches earlier.
  double lead = 1;
  /// Awaits copies out as early as memory is needed (true), or only when they
  /// are expected to be complete (false).
  bool awaitEarly = false;
};

/// Places intervals into an editor.
class UseIntervalPlacer {
public:
  explicit UseIntervalPlacer(PlanEditor &editor)
      : editor(editor), index(editor.index()) {}

  /// Places a residency that serves the uses of `interval`, none of which may
  /// be served already. Returns PlanEditor::kNone, with nothing changed, if it
  /// would break a rule or does not fit.
  PlanEditor::Id place(UseInterval interval, const PlacementStyle &style);

  /// Carries `value`, an input that is never written, over from the run before:
  /// a residency from the start that serves its uses up to `lastUse`, or all of
  /// the program where that is `endUse(value)`; and in the first case another
  /// at the same offset, copied in as late as possible, that leaves it for the
  /// next run. None of the uses before may be served. False, with nothing
  /// changed, if it does not fit.
  bool carry(int32_t value, int32_t lastUse, const PlacementStyle &style);

  /// The latest boundary at which a copy in of `bytes` bytes, awaited at
  /// `ready`, can be issued so that it is expected to be complete in time,
  /// given what the channel has to do already; at least `earliest`.
  int32_t latestIssue(int32_t ready, double bytes, int32_t earliest,
                      double lead);
  /// The first boundary by which a copy out issued at boundary `issue` is
  /// expected to be complete; at most `latest`.
  int32_t earliestDone(int32_t issue, double bytes, int32_t latest,
                       double lead);

private:
  bool describe(UseInterval interval, Residency &r, int32_t &earliest,
                int32_t &deadline);
  bool chooseDone(Residency &r, int32_t deadline, const PlacementStyle &style);
  int64_t commonOffset(const Residency &a, const Residency &b, int64_t size,
                       const PlacementStyle &style) const;

  PlanEditor &editor;
  const AccessIndex &index;
};

} // namespace mempl

#endif // MEMPL_SOLVERS_USEINTERVALPLACER_H
