//===- MsaCopies.h - what the copy channels can still take ------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One first-in-first-out server per direction, and how many copies are in
// flight. Times are those of MSA: a copy (s, d) moves during steps s+1..d-1.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_SOLVERS_MSA_MSACOPIES_H
#define MEMPL_LIB_SOLVERS_MSA_MSACOPIES_H

#include "mempl/Problem/PlanEditor.h"

#include <cmath>
#include <vector>

namespace mempl {

/// Integers at positions 0..n-1 with sums added to ranges.
class RangeCounts {
public:
  explicit RangeCounts(int32_t size);
  /// Adds to [first, last]; empty if last < first.
  void add(int32_t first, int32_t last, int64_t amount);
  /// The largest in [first, last]; INT64_MIN if that is empty.
  int64_t max(int32_t first, int32_t last) const;
  /// The last position up to `last` that is above `limit`; -1 if none.
  int32_t lastAbove(int32_t last, int64_t limit) const;

private:
  int32_t width;
  std::vector<int64_t> most;  // Of a node's range, `extra` of it included.
  std::vector<int64_t> extra; // Added to all of a node's range.
};

/// The copies of one direction. All questions and edits cost the logarithm of
/// the number of steps, however busy the channel is.
class MsaChannel {
public:
  /// `capacity[i]`: seconds of copying that fit into step i.
  explicit MsaChannel(const std::vector<double> &capacity);

  /// Adds a copy that needs `need` seconds if all copies, in order of their
  /// starts and then of their coming, still complete in time. Else changes
  /// nothing.
  bool add(int32_t start, int32_t done, double need);
  /// Adds one that is known to fit.
  void force(int32_t start, int32_t done, double need);
  void remove(int32_t start, int32_t done, double need);
  /// Copies whose time meets that of (start, done).
  int64_t numOverlapping(int32_t start, int32_t done) const;
  /// Whether (start, done) lies strictly within another copy, or another
  /// within it.
  bool breaksConstraint(int32_t start, int32_t done) const;
  /// Seconds left in each step once the copies have had theirs.
  std::vector<double> unused() const;

private:
  struct Copy {
    int32_t done;
    double need;
  };
  /// What a sequence of copies does to the time at which the server is free,
  /// measured in capacity: free = max(free + sum, floor); all complete in time
  /// if it was at most `latest` before, and `isPossible`.
  struct Node {
    double sum = 0;
    double floor = -INFINITY;
    double latest = INFINITY;
    bool isPossible = true;
    int32_t minDone = INT32_MAX, maxDone = INT32_MIN;
  };
  static Node join(const Node &a, const Node &b);
  Node leaf(int32_t start) const;
  void update(int32_t start);
  void count(int32_t start, int32_t done, int32_t sign);
  /// Capacity of the steps before `step`.
  double before(int32_t step) const { return total[step]; }

  std::vector<double> total;
  int32_t width;
  std::vector<std::vector<Copy>> copies; // By start + 1, in order of coming.
  std::vector<Node> tree;
  std::vector<int32_t> startsUpTo, donesUpTo; // Fenwick trees.
};

/// Rule V7: the hard limits on copies in flight, loops included.
class MsaFlights {
public:
  /// `editor` knows the plans of the loops.
  explicit MsaFlights(const PlanEditor &editor);
  /// Whether one more copy issued at boundary `issue` and awaited at `await` is
  /// allowed.
  bool allows(Timeline::Channel channel, int32_t issue, int32_t await) const;
  void add(Timeline::Channel channel, int32_t issue, int32_t await,
           int32_t sign);

private:
  struct Counts {
    int64_t limit;
    RangeCounts boundaries, loops;
  };
  std::vector<Counts> counts; // Per channel; empty if there are no limits.
};

} // namespace mempl

#endif // MEMPL_LIB_SOLVERS_MSA_MSACOPIES_H
