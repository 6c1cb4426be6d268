//===- SectionSearch.h - exact search over skylines -------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Decides whether the items of a PackingModel fit below a height. Solutions are
// searched in canonical form, as in MiniMalloc (Moffitt, ASPLOS 2023): every
// item rests on the floor, on a fixed item or on another item, and is placed
// only when nothing can come to lie below it any more, so the free space is
// always what is above a skyline. The branching differs from MiniMalloc's: a
// node takes one item and either sets it on the skyline or states that
// something else comes below it first, and both statements are propagated.
//
// Each section is treated as a machine that runs its items one after the other
// (the not-first rule and the release-date bound of job-shop scheduling, see
// Baptiste, Le Pape, Nuijten, "Constraint-Based Scheduling", 2001). Parts of
// time that no open item connects are solved one by one; an item that spans its
// part goes to the top of it; skylines known to be dead ends are remembered;
// sections that fail often are tried first (weighted degrees of Boussemart et
// al., ECAI 2004), and the weights survive restarts.
//
// Complete, exponential in the worst case, and deterministic. Dead ends are
// remembered by a 128-bit hash.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_PACKING_SECTIONSEARCH_H
#define MEMPL_LIB_PACKING_SECTIONSEARCH_H

#include "PackingModel.h"

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace mempl::packing {

/// Which of the candidate items of a section is tried first.
enum class ItemOrder : uint8_t { Area, Lifetime, Size };

enum class SearchOutcome : uint8_t { Found, Excluded, Stopped };

class SectionSearch {
public:
  explicit SectionSearch(const PackingModel &model);

  /// Looks for offsets with every item below `capacity`. Stops after
  /// `nodeLimit` nodes (0 = none), or when `stop`, asked now and then, says so.
  SearchOutcome run(int64_t capacity, ItemOrder order, int64_t nodeLimit,
                    const std::function<bool()> &stop);

  /// One offset per item; valid after Found.
  const std::vector<int64_t> &offsets() const { return offset; }
  /// Nodes visited by all runs.
  int64_t nodes() const { return nodeCount; }

private:
  struct Hash {
    uint64_t low = 0, high = 0;
    bool operator==(const Hash &) const = default;
  };
  /// A part of the problem that is being solved.
  struct Frame {
    int32_t first = 0, last = 0; ///< Its sections.
    int64_t capacity = 0;        ///< Less what was moved to the top.
    int32_t chosen = -1;         ///< Item that the open branch placed.
    size_t mark = 0;             ///< Lengths of the trails before it.
    size_t sectionMark = 0;
    Hash key;
    bool keyed = false;
    bool split = false; ///< Solves `parts`, the last one first.
    std::vector<std::pair<int32_t, int32_t>> parts;
  };
  struct Change {
    enum Kind : uint8_t { Low, Floor, Placed };
    int64_t old;
    int32_t item;
    Kind kind;
  };
  /// What is known about the open items of a section.
  struct SectionState {
    int64_t least = 0; ///< Least low of them.
    int64_t end1 = 0;  ///< Least low + size ...
    int64_t end2 = 0;  ///< ... and the second least.
    int32_t end1Item = -1;
    int32_t ties = 0; ///< How many have that least low.
  };
  struct SectionChange {
    SectionState old;
    int32_t section;
  };
  struct Entry {
    int64_t at, size;
    int32_t item;
    bool operator<(const Entry &other) const {
      return at != other.at ? at < other.at : item < other.item;
    }
  };
  enum class Step : uint8_t { Descend, Succeed, Fail, Stop };

  bool reset(int64_t capacity);
  Step branch(Frame &frame);
  Step resume(Frame &frame, bool solved);
  bool narrow(Frame &frame);
  bool lift(Frame &frame);
  bool refute(Frame &frame);
  void pushPart(const Frame &frame);

  bool propagate(const Frame &frame);
  bool processSection(int32_t section, int64_t capacity);
  bool raiseLate(int32_t section, int64_t capacity, int64_t latest);
  bool raiseNotFirst(int32_t section, const Entry &entry, int64_t latest);
  bool supportRaised(const Frame &frame);
  bool raise(int32_t item, int64_t to);
  int64_t avoidFixed(int32_t item, int64_t where) const;
  void access(int32_t item);
  bool place(int32_t item);
  void putAt(int32_t item, int64_t where);
  void undo(const Frame &frame);
  int64_t leastEndOfOthers(int32_t item) const;
  int64_t limit(int32_t item) const;
  int64_t endOf(int32_t item) const;
  int32_t choose(const Frame &frame) const;
  int32_t candidateIn(int32_t section) const;
  bool eligible(int32_t item) const;
  bool better(int32_t a, int32_t b) const;
  Hash hashOf(const Frame &frame) const;
  void remember(const Hash &key);
  void blame(int32_t section);
  bool limitStrikes();

  const PackingModel &model;
  const std::vector<PackingItem> &items;
  // Constant: who is in which section, and where each section's items begin.
  std::vector<int32_t> itemBegin;     ///< First item of a section or later one.
  std::vector<int64_t> sectionBegin;  ///< Per section, in sectionItems.
  std::vector<int64_t> positionBegin; ///< Per item, in positions.
  std::vector<int32_t> fixedItems;
  // Sets with the open items first, and every item's place in each of them.
  std::vector<int32_t> sectionItems;
  std::vector<int32_t> positions;
  // The state that the trails restore.
  std::vector<SectionState> sections;
  std::vector<int32_t> open;     ///< Per section: how many items are open.
  std::vector<int64_t> load;     ///< Per section: the sum of their sizes.
  std::vector<int32_t> crossing; ///< Open items in both section s-1 and s.
  std::vector<int64_t> low;      ///< Least offset still possible.
  std::vector<int64_t> floor;    ///< Where it would rest on placed items.
  std::vector<int64_t> offset;   ///< -1 while open.
  std::vector<Change> trail;
  std::vector<SectionChange> sectionTrail;
  // Learned in earlier nodes and runs.
  std::vector<uint64_t> failures; ///< Per section, plus 1.
  std::vector<double> urgency;    ///< About log2(failures + 1).
  std::vector<Hash> deadEnds;     ///< Direct-mapped; newer entries win.
  size_t numDeadEnds = 0;
  // Work lists.
  std::vector<Frame> frames;
  std::vector<int32_t> queue;
  std::vector<uint8_t> queued;
  std::vector<Entry> byEnd, late;
  std::vector<int64_t> below;
  mutable std::vector<int32_t> blocker; ///< A section of each item.
  std::vector<int32_t> stamp;
  int32_t stampNow = 0;
  // The current run.
  int64_t runCapacity = 0;
  int64_t partCapacity = 0; ///< That of the frame being worked on.
  bool mayLift = false;     ///< Items may be moved to the top of their part.
  ItemOrder itemOrder = ItemOrder::Area;
  int64_t nodeCount = 0, nodeStop = 0;
  const std::function<bool()> *stopCallback = nullptr;
};

} // namespace mempl::packing

#endif // MEMPL_LIB_PACKING_SECTIONSEARCH_H
