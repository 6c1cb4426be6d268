//===- MsaAllocator.h - one pass of memory space assignment -----*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Values are proposed one after the other. A proposal walks the uses of its
// value: each is served by staying in fast memory, by a prefetch, or from slow
// memory, and what it has taken of memory and channels can be taken back.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_SOLVERS_MSA_MSAALLOCATOR_H
#define MEMPL_LIB_SOLVERS_MSA_MSAALLOCATOR_H

#include "MsaHeap.h"
#include "MsaIntervals.h"

#include "mempl/Solvers/LoopPlanning.h"

#include "mempl/Solvers/UseIntervalForest.h"

namespace mempl {

/// What the loop optimizer asks of one use.
struct MsaHint {
  enum Kind : uint8_t {
    None,
    Stay,    ///< Stays without the limit on how long.
    Forbid,  ///< Is served from slow memory.
    Prefetch ///< Is prefetched from `start`, at no charge.
  } kind = None;
  int32_t start = 0; ///< As in a copy (s, d).
};

/// Why a segment is in slow memory, or a proposal is taken back.
enum MsaFailure : uint32_t {
  MsaOutOfMemory = 1,
  MsaTooLong = 2,  ///< Held longer than the limit.
  MsaTooShort = 4, ///< No start that hides enough.
  MsaTooManyCopies = 8,
  MsaNoBandwidth = 16,
  MsaBreaksConstraint = 32,
  MsaUncommit = 64 ///< The proposal cannot stand.
};

/// One pass over a program. The program, costs and options must outlive it.
class MsaAllocator {
public:
  /// `editor` has the plans of the loops and nothing else.
  MsaAllocator(const PlanEditor &editor, const MsaCost &cost,
               const MsaOptions &options, MsaStatistics &statistics);

  /// Takes residencies as they are, for values that have to be fast, so that
  /// proposals for these can only replace them.
  void reserve(llvm::ArrayRef<Residency> constrained);
  /// Hints by number of use; empty for none.
  void setHints(std::vector<MsaHint> hints) { this->hints = std::move(hints); }
  /// Keeps values over from the run before.
  void carryValues();
  /// All proposals.
  void run(const std::function<bool()> &cancelled);
  /// Residencies in the order in which copies issued together are served.
  std::vector<Residency> take();

private:
  /// A residency under construction with what it holds.
  struct Piece {
    Residency r;
    int32_t chunk = -1;
    double needIn = 0, needOut = 0;
    bool hasIn = false, hasOut = false;
  };
  using Pieces = llvm::SmallVector<Piece, 4>;
  /// Where the walk over the uses of a value stands.
  struct Walk {
    int32_t value = 0;
    int64_t size = 0; // Rounded up.
    int64_t retry = 0;
    int32_t definition = 0; // Of the current allocation value.
    int32_t slowFrom = 0;   // Step after which slow contents are there.
    bool hasSlow = false;
    bool isAllocated = false; // Anything, in either memory.
    bool isFast = false;      // The last allocation is in fast memory.
    bool isSlowAtDefinition = false;
  };
  static constexpr int32_t kEnd = -1;

  void propose(int32_t value);
  uint32_t placeValue(int32_t value, int64_t retry);
  uint32_t placeSegment(Walk &walk, int32_t start, int32_t end, int32_t use);
  uint32_t stay(Walk &walk, int32_t start, int32_t end, int32_t use);
  uint32_t evict(Walk &walk, int32_t limit);
  uint32_t prefetch(Walk &walk, int32_t end, int32_t use);
  bool tryPrefetch(Walk &walk, int32_t start, int32_t end, int32_t use,
                   bool isFree, uint32_t &failures);
  int64_t offsetFor(const Walk &walk, int32_t start, int32_t end,
                    int32_t use) const;
  bool isSlowAt(int32_t use) const;
  bool isEligible(int32_t value) const;
  bool meetsOrders(int32_t value) const;
  MsaHint hintAt(int32_t use) const {
    return use == kEnd || hints.empty() ? MsaHint() : hints[use];
  }

  void undo(Pieces &list);
  void redo(Pieces &list);
  bool repack();
  bool markInefficient(int32_t value);
  bool carry(int32_t value);
  bool tryFreeing(int32_t value, Residency &first, Residency &next) const;

  const PlanEditor &editor;
  const AccessIndex &index;
  const MsaCost &cost;
  const MsaOptions &options;
  MsaStatistics &stats;
  MsaHeap heap;
  MsaIntervals intervals;
  std::vector<MsaChannel> channels;
  MsaFlights flights;
  std::vector<MsaHint> hints;
  std::vector<bool> inefficient; // By use.
  std::vector<Pieces> placed;    // By value.
  Pieces work;
  int64_t repacksLeft;
};

} // namespace mempl

#endif // MEMPL_LIB_SOLVERS_MSA_MSAALLOCATOR_H
