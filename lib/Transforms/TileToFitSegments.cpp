//===- TileToFitSegments.cpp - which runs of ops to split -----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The choice is a shortest path over the positions of the block: from one
// position to the next an op stays as it is, from one to a later one the ops
// between are split. A segment grows op by op from its first one, of which a
// dimension is split, or two: an op that uses what the segment makes is split
// where that is, and an op before it that nothing else uses where its user
// needs it.
//
//===----------------------------------------------------------------------===//

#include "TileToFit.h"

#include "TileToFitModel.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>
#include <utility>

using namespace mlir;
using namespace mempl::ir::tiling;

/// Segments are at most this many ops long, which keeps the time for a block of
/// many thousand ops in proportion to its length.
static constexpr int32_t kMaxSegment = 256;
/// Ops that are written out for a segment, at most.
static constexpr int64_t kMaxUnrolled = 640;

/// A segment takes less than this share of the time that its ops take as they
/// are. The estimate does not see what tiling takes from placement: room to
/// fetch the next weights, for instance.
static constexpr double kWorthIt = 0.97;
/// What is written out has to be better than a loop by this factor.
static constexpr double kWrittenOut = 1.01;

static constexpr double kNever = std::numeric_limits<double>::infinity();

namespace {

using Trips = std::array<int64_t, 2>;
using Dims = std::array<int32_t, 2>;

/// An access to a tensor from outside that only some of the axes split.
struct SharedAccess {
  int32_t storage;
  double bytes; ///< Of the whole access.
  std::array<bool, 2> split;
  bool gather; ///< Elements that depend on the trip.
};

/// Bytes of a member: of all trips together, a share of which each trip moves,
/// and what every trip moves.
struct Moved {
  double slow = 0, fast = 0, slowPerTrip = 0, fastPerTrip = 0;
};

/// What a member does in all trips together.
struct Term {
  int32_t position = 0;
  double compute = 0, slow = 0, fast = 0;
  /// Rows that two parts read: bytes for each further trip.
  double overlap = 0;
  SmallVector<SharedAccess, 2> shared;
};

/// A segment that grows op by op, with what it would cost.
class Growth {
public:
  Growth(const BlockModel &block, const TilingLimits &limits)
      : block(block), limits(limits), memberStamp(block.ops.size(), -1),
        dims(block.ops.size()), first(block.storages.size(), 0),
        last(block.storages.size(), 0), storageStamp(block.storages.size(), -1),
        residentStamp(block.storages.size(), -1), high(block.values.size(), 0),
        low(block.values.size(), 0), valueStamp(block.values.size(), -1),
        left(block.values.size(), 0) {}

  /// Begins anew at an op, of which these dimensions are split. False: it
  /// cannot be.
  bool start(int32_t position, ArrayRef<int32_t> axes);

  /// Adds the op behind the segment. False: no segment from this start can have
  /// it.
  bool add();

  bool endsWithMember() const { return isMember(end - 1); }
  int32_t size() const { return end - begin; }

  /// Finds the numbers of trips that take the least time, and that.
  double evaluate();

  /// The segment as evaluate() has found it.
  Segment segment() const;

private:
  const Split &splitOf(int32_t position, size_t axis) const {
    return *block.ops[position].splits[dims[position][axis]];
  }
  bool isMember(int32_t position) const {
    return position >= 0 && memberStamp[position] == stamp;
  }
  bool isMade(int32_t value) const {
    return isMember(block.values[value].maker);
  }
  int32_t dimOfValue(int32_t value, size_t axis) const {
    const BlockValue &v = block.values[value];
    return splitOf(v.maker, axis).resultDims[v.result];
  }
  bool findDims(const BlockOp &op, Dims &found) const;
  bool join(int32_t position, const Dims &found);
  void pull(int32_t value, int32_t position, int32_t operand);
  bool isUsedSplit(int32_t position, int32_t value, const Dims &where) const;

  void findReach();
  void findLives();
  void findLeft();
  void makeTerms();
  void addAccess(Term &term, int32_t position, const Access &access);
  void addOutput(Term &term, int32_t position, int32_t value);
  double bytesAtOnce(double trips) const;
  Moved moves(const Term &term, const Trips &trips, double all, double &room);
  void findEnds(int64_t trips);
  double secondsWrittenOut(const Term &term, const Moved &moved,
                           int64_t trips) const;
  double secondsFor(const Trips &trips, bool unroll);
  void tryTrips(const Trips &trips, bool unroll);
  void tryLoops();
  void tryUnrolled();

  const BlockModel &block;
  TilingLimits limits;
  // Stamps say for which start, or which evaluation, something holds.
  int32_t stamp = 0, evaluation = 0, attempt = 0;
  std::vector<int32_t> memberStamp;
  std::vector<Dims> dims;
  std::vector<int32_t> first, last, storageStamp, residentStamp;
  /// How many rows farther than its share of the trip a value is needed, and
  /// from where on.
  std::vector<int64_t> high, low;
  std::vector<int32_t> valueStamp;
  std::vector<char> left; ///< Used behind the segment.
  int32_t begin = 0, end = 0;
  size_t numAxes = 1, numMembers = 0;
  bool exact = true; ///< No part of what is made overlaps another.
  std::array<int64_t, 2> extents{}, longest{};

  std::vector<Term> terms;
  std::vector<double> live, ahead;
  std::vector<int64_t> ends; ///< By op and trip.
  double outside = 0, kept = 0, whole = 0;
  double bestSeconds = kNever;
  Trips bestTrips{};
  bool bestUnroll = false;
};

} // namespace

//===----------------------------------------------------------------------===//
// Growing
//===----------------------------------------------------------------------===//

bool Growth::start(int32_t position, ArrayRef<int32_t> axes) {
  ++stamp;
  begin = position;
  end = position + 1;
  numAxes = axes.size();
  numMembers = 0;
  exact = true;
  extents = longest = {0, 0};
  Dims where{};
  llvm::copy(axes, where.begin());
  return join(position, where);
}

/// Whether the op, which is a member or becomes one, uses the value in parts
/// along these dimensions.
bool Growth::isUsedSplit(int32_t position, int32_t value,
                         const Dims &where) const {
  if (!isMember(position))
    return false;
  for (const Use &use : block.ops[position].uses) {
    if (use.value != value)
      continue;
    for (size_t axis = 0; axis < numAxes; ++axis)
      if (use.operand < 0 ||
          splitOf(position, axis).operands[use.operand].dim != where[axis])
        return false;
  }
  return true;
}

/// Where an op is split that uses what members make.
bool Growth::findDims(const BlockOp &op, Dims &found) const {
  for (const Use &use : op.uses) {
    if (use.operand < 0 || !isMade(use.value))
      continue;
    for (size_t axis = 0; axis < numAxes; ++axis) {
      int32_t dim = dimOfValue(use.value, axis);
      auto it = llvm::find_if(op.splits, [&](auto &split) {
        return split && split->operands[use.operand].dim == dim;
      });
      if (it == op.splits.end())
        return false;
      found[axis] = it - op.splits.begin();
    }
    return true;
  }
  return false;
}

/// Makes the op a member that is split there, with the ops before it that only
/// it needs.
bool Growth::join(int32_t position, const Dims &found) {
  const BlockOp &op = block.ops[position];
  if (numAxes == 2 && found[0] == found[1])
    return false;
  for (size_t axis = 0; axis < numAxes; ++axis)
    if (!op.splits[found[axis]])
      return false;
  // A tensor from outside that others see must not be written into.
  for (int32_t value : op.overwritten)
    if (!isMade(value))
      return false;
  dims[position] = found;
  for (const Use &use : op.uses) {
    // Padding depends on the trip.
    for (size_t axis = 0; axis < numAxes && use.operand >= 0; ++axis)
      exact &= !splitOf(position, axis).operands[use.operand].clamped;
    if (!isMade(use.value))
      continue;
    for (size_t axis = 0; axis < numAxes; ++axis) {
      if (use.operand < 0)
        return false;
      const OperandSplit &part = splitOf(position, axis).operands[use.operand];
      if (part.dim != dimOfValue(use.value, axis))
        return false;
      exact &= part.isExact();
    }
  }
  if (!exact && numAxes == 2)
    return false;
  memberStamp[position] = stamp;
  ++numMembers;
  for (size_t axis = 0; axis < numAxes; ++axis) {
    int64_t extent = splitOf(position, axis).extent;
    extents[axis] = std::gcd(extents[axis], extent);
    longest[axis] = std::max(longest[axis], extent);
  }
  for (const Use &use : op.uses)
    if (use.operand >= 0)
      pull(use.value, position, use.operand);
  return true;
}

/// Makes the op of an operand a member, too, if it is in the run and everything
/// there that uses it is a member.
void Growth::pull(int32_t value, int32_t position, int32_t operand) {
  const BlockValue &v = block.values[value];
  if (v.maker < begin || isMember(v.maker) || v.unwritten)
    return;
  const BlockOp &maker = block.ops[v.maker];
  if (maker.splits.empty() || !maker.movable || maker.results.size() != 1)
    return;
  Dims where{};
  for (size_t axis = 0; axis < numAxes; ++axis) {
    where[axis] = splitOf(position, axis).operands[operand].dim;
    if (where[axis] < 0)
      return;
  }
  bool overlap = false;
  for (int32_t user : v.users) {
    if (user >= end)
      continue;
    if (!isUsedSplit(user, value, where))
      return;
    for (const Use &use : block.ops[user].uses)
      for (size_t axis = 0; axis < numAxes && use.value == value; ++axis)
        overlap |= !splitOf(user, axis).operands[use.operand].isExact();
  }
  if (overlap && numAxes == 2)
    return;
  if (join(v.maker, where))
    exact &= !overlap;
}

bool Growth::add() {
  const BlockOp &op = block.ops[end];
  int32_t position = end++;
  bool depends =
      llvm::any_of(op.uses, [&](const Use &use) { return isMade(use.value); });
  if (!depends)
    return op.movable;
  Dims found{};
  return findDims(op, found) && join(position, found);
}

//===----------------------------------------------------------------------===//
// What a segment costs
//===----------------------------------------------------------------------===//

/// How far the ops of a trip look ahead, and how far back, in rows.
void Growth::findReach() {
  for (int32_t p = end - 1; p >= begin; --p) {
    if (!isMember(p))
      continue;
    const Split &split = splitOf(p, 0);
    int64_t ahead = 0;
    for (int32_t value : block.ops[p].results)
      if (valueStamp[value] == evaluation)
        ahead = std::max(ahead, high[value]);
    ahead = llvm::divideCeil(ahead, split.resultScale);
    for (const Use &use : block.ops[p].uses) {
      if (use.operand < 0 || !isMade(use.value))
        continue;
      const OperandSplit &part = split.operands[use.operand];
      if (std::exchange(valueStamp[use.value], evaluation) != evaluation) {
        high[use.value] = std::numeric_limits<int64_t>::min();
        low[use.value] = std::numeric_limits<int64_t>::max();
      }
      high[use.value] =
          std::max(high[use.value], ahead * part.scale + part.high);
      low[use.value] = std::min(low[use.value], ahead * part.scale + part.low);
    }
  }
}

/// From which op to which the tensors of a trip live.
void Growth::findLives() {
  live.assign(size() + 1, 0);
  ahead.assign(size() + 1, 0);
  kept = 0;
  auto touch = [&](int32_t value, int32_t position) {
    int32_t s = block.values[value].storage;
    if (s < 0)
      return;
    if (storageStamp[s] == evaluation)
      last[s] = position;
    else if (isMember(block.storages[s].made)) {
      storageStamp[s] = evaluation;
      first[s] = last[s] = position;
    }
  };
  for (int32_t p = begin; p < end; ++p) {
    if (!isMember(p))
      continue;
    for (const Use &use : block.ops[p].uses)
      touch(use.value, p);
    for (int32_t value : block.ops[p].results)
      touch(value, p);
  }
  for (int32_t p = begin; p < end; ++p) {
    if (!isMember(p) || block.ops[p].view)
      continue;
    for (int32_t value : block.ops[p].results) {
      const BlockValue &v = block.values[value];
      if (v.storage < 0 || storageStamp[v.storage] != evaluation)
        continue;
      const Split &split = splitOf(p, 0);
      double row = double(v.bytes) / double(split.extent * split.resultScale);
      bool reaches = !exact && valueStamp[value] == evaluation;
      if (reaches && high[value] > low[value])
        kept += row * double(high[value] - low[value]);
      if (first[v.storage] != p)
        continue;
      live[p - begin] += block.storages[v.storage].bytes;
      live[last[v.storage] - begin + 1] -= block.storages[v.storage].bytes;
      if (reaches && high[value] > 0) {
        ahead[p - begin] += row * double(high[value]);
        ahead[last[v.storage] - begin + 1] -= row * double(high[value]);
      }
    }
  }
}

/// Bytes of a trip that are live at once.
double Growth::bytesAtOnce(double trips) const {
  double now = 0, most = 0;
  for (int32_t i = 0; i < size(); ++i) {
    now += live[i] / trips + ahead[i];
    most = std::max(most, now);
  }
  return most + kept;
}

/// The values that are used behind the segment; names for parts of a tensor
/// stand for the tensor.
void Growth::findLeft() {
  for (int32_t p = begin; p < end; ++p)
    if (isMember(p))
      for (int32_t value : block.ops[p].results)
        left[value] = false;
  for (int32_t p = end - 1; p >= begin; --p) {
    if (!isMember(p))
      continue;
    for (int32_t value : block.ops[p].results) {
      const auto &users = block.values[value].users;
      left[value] |= !users.empty() && users.back() >= end;
      int32_t source =
          block.ops[p].uses.empty() ? -1 : block.ops[p].uses[0].value;
      if (left[value] && block.ops[p].view && isMade(source))
        left[source] = true;
    }
  }
}

void Growth::addAccess(Term &term, int32_t position, const Access &access) {
  if (storageStamp[access.storage] == evaluation) {
    term.fast += access.bytes;
    return;
  }
  SharedAccess shared{access.storage, double(access.bytes), {}, false};
  shared.gather = access.operand == -2;
  bool all = true;
  for (size_t axis = 0; axis < numAxes; ++axis) {
    bool split = access.operand == -1;
    if (access.operand >= 0) {
      const OperandSplit &part =
          splitOf(position, axis).operands[access.operand];
      split = part.dim >= 0;
      int64_t rows = splitOf(position, axis).extent * part.scale;
      if (split && part.high > part.low && !block.fits(access.storage))
        term.overlap +=
            double(access.bytes) * double(part.high - part.low) / double(rows);
    }
    shared.split[axis] = split;
    all &= split;
  }
  if (all && !block.fits(access.storage))
    term.slow += access.bytes;
  else
    term.shared.push_back(shared);
}

/// What is used behind the segment is written there by its op, if that is the
/// only access, and copied there else.
void Growth::addOutput(Term &term, int32_t position, int32_t value) {
  const BlockValue &v = block.values[value];
  if (!left[value] || v.storage < 0 || block.ops[position].view ||
      storageStamp[v.storage] != evaluation)
    return;
  bool fits = block.fits(v.storage);
  if (fits)
    whole += v.bytes;
  Operation *op = block.ops[position].op;
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  bool inPlace = linalgOp && v.users.front() >= end && numAxes <= 2 &&
                 isUnwritten(linalgOp.getDpsInits()[v.result]);
  if (inPlace) {
    if (!fits) {
      term.fast -= v.bytes;
      term.slow += v.bytes;
    }
    return;
  }
  Term copy;
  copy.position = position;
  copy.fast = v.bytes;
  (fits ? copy.fast : copy.slow) += v.bytes;
  terms.push_back(copy);
}

void Growth::makeTerms() {
  terms.clear();
  outside = whole = 0;
  for (int32_t p = begin; p < end; ++p) {
    const BlockOp &op = block.ops[p];
    if (!isMember(p)) {
      outside += op.seconds;
      continue;
    }
    if (op.view)
      continue;
    Term term;
    term.position = p;
    term.compute = op.compute;
    for (const Access &access : op.accesses) {
      bool filled = access.operand >= 0 &&
                    block.values[op.uses[access.operand].value].filled;
      if (filled && !isMade(op.uses[access.operand].value))
        term.fast += access.bytes;
      else
        addAccess(term, p, access);
    }
    for (int32_t value : op.results)
      addOutput(term, p, value);
    terms.push_back(std::move(term));
  }
}

/// What a member moves. What more than one trip uses stays in fast memory if
/// there is `room` and that saves time.
Moved Growth::moves(const Term &term, const Trips &trips, double all,
                    double &room) {
  Moved moved;
  moved.slow = term.slow + term.overlap * (all - 1);
  moved.fast = term.fast;
  for (const SharedAccess &shared : term.shared) {
    double part = shared.bytes, parts = 1;
    bool reused = false;
    for (size_t axis = 0; axis < numAxes; ++axis)
      if (shared.split[axis]) {
        part /= double(trips[axis]);
        parts *= double(trips[axis]);
      }
    // The inner loop uses again what the outer one alone changes.
    reused = !shared.gather && !shared.split[numAxes - 1];
    if (!reused && numAxes == 2)
      reused = !shared.gather && !shared.split[0] && block.fits(shared.storage);
    bool fits = block.fits(shared.storage);
    double reads = shared.gather ? shared.bytes : part * all;
    double once = reused ? part * parts : reads;
    double needed = fits ? double(block.storages[shared.storage].bytes) : part;
    bool resident = residentStamp[shared.storage] == attempt;
    if (!resident && needed <= room && (fits || reused)) {
      double slow = moved.slow + moved.slowPerTrip * all;
      double fast = moved.fast + moved.fastPerTrip * all;
      double kept = fits ? 0 : once;
      resident = block.seconds(term.compute, slow + kept, fast + reads - kept) <
                 block.seconds(term.compute, slow + reads, fast);
      if (resident) {
        room -= needed;
        residentStamp[shared.storage] = attempt;
        moved.slow += kept;
        moved.fast -= kept;
      }
    }
    (resident ? moved.fastPerTrip : moved.slowPerTrip) += reads / all;
  }
  return moved;
}

/// Where the trips of each op end, if they are written out.
void Growth::findEnds(int64_t trips) {
  ends.assign(size() * trips, 0);
  std::vector<char> used(size(), false);
  for (int32_t p = end - 1; p >= begin; --p) {
    if (!isMember(p))
      continue;
    const Split &split = splitOf(p, 0);
    int64_t *mine = &ends[(p - begin) * trips];
    for (int64_t t = 0; t < trips; ++t) {
      int64_t needed = llvm::divideCeil(mine[t], split.resultScale);
      mine[t] =
          std::min(split.extent,
                   used[p - begin] ? needed : split.extent * (t + 1) / trips);
    }
    mine[trips - 1] = split.extent;
    for (const Use &use : block.ops[p].uses) {
      if (use.operand < 0 || !isMade(use.value))
        continue;
      const OperandSplit &part = split.operands[use.operand];
      int32_t maker = block.values[use.value].maker - begin;
      used[maker] = true;
      // In rows of the operand, until its op is visited.
      for (int64_t t = 0; t < trips; ++t)
        if (mine[t] > 0)
          ends[maker * trips + t] = std::max(ends[maker * trips + t],
                                             mine[t] * part.scale + part.high);
    }
  }
}

/// Seconds of a member whose trips are written out: they are of several sizes.
double Growth::secondsWrittenOut(const Term &term, const Moved &moved,
                                 int64_t trips) const {
  const int64_t *at = &ends[(term.position - begin) * trips];
  auto extent = double(splitOf(term.position, 0).extent);
  double seconds = 0;
  for (int64_t t = 0; t < trips; ++t) {
    int64_t units = at[t] - (t ? at[t - 1] : 0);
    if (units == 0)
      continue;
    double share = double(units) / extent;
    seconds += block.seconds(term.compute * share,
                             moved.slow * share + moved.slowPerTrip,
                             moved.fast * share + moved.fastPerTrip);
  }
  return seconds;
}

double Growth::secondsFor(const Trips &trips, bool unroll) {
  double all = double(trips[0]) * double(numAxes == 2 ? trips[1] : 1);
  double needed = bytesAtOnce(all);
  if (needed > double(limits.budget))
    return kNever;
  ++attempt;
  double room = double(limits.capacity) - needed - whole;
  double seconds = outside;
  if (unroll)
    findEnds(trips[0]);
  for (const Term &term : terms) {
    Moved moved = moves(term, trips, all, room);
    seconds += unroll ? secondsWrittenOut(term, moved, trips[0])
                      : block.seconds(term.compute,
                                      moved.slow + moved.slowPerTrip * all,
                                      moved.fast + moved.fastPerTrip * all);
    if (seconds >= bestSeconds)
      return kNever;
  }
  return seconds;
}

void Growth::tryTrips(const Trips &trips, bool unroll) {
  double seconds = secondsFor(trips, unroll);
  if (unroll && !limits.unroll)
    seconds *= kWrittenOut;
  if (seconds >= bestSeconds)
    return;
  bestSeconds = seconds;
  bestTrips = trips;
  bestUnroll = unroll;
}

static SmallVector<int64_t, 16> divisorsOf(int64_t number) {
  SmallVector<int64_t, 16> found;
  for (int64_t i = 1; i * i <= number; ++i)
    if (number % i == 0) {
      found.push_back(i);
      if (i * i != number)
        found.push_back(number / i);
    }
  llvm::sort(found);
  return found;
}

/// Of the sizes that fit, so many are tried from the largest on.
static constexpr int kTries = 5;

void Growth::tryLoops() {
  SmallVector<int64_t, 16> inners = {1};
  if (numAxes == 2)
    inners = divisorsOf(extents[1]);
  int tries = 0;
  for (int64_t outer : divisorsOf(extents[0])) {
    int ofOuter = 0;
    for (int64_t inner : inners) {
      if (outer < 2 || (numAxes == 2 && inner < 2) || ofOuter == 2)
        continue;
      if (bytesAtOnce(double(outer * inner)) > double(limits.budget))
        continue;
      ++ofOuter;
      tryTrips({outer, inner}, false);
    }
    tries += ofOuter > 0;
    if (tries == kTries)
      return;
  }
}

void Growth::tryUnrolled() {
  int tries = 0;
  for (int64_t trips = 2; trips <= longest[0]; trips += 1 + trips / 8) {
    if (trips * int64_t(numMembers) > kMaxUnrolled || tries == kTries)
      return;
    if (bytesAtOnce(double(trips)) > double(limits.budget))
      continue;
    ++tries;
    tryTrips({trips, 1}, true);
  }
}

double Growth::evaluate() {
  ++evaluation;
  bestSeconds = kNever;
  findReach();
  findLives();
  findLeft();
  makeTerms();
  if (exact && !(limits.unroll && numAxes == 1))
    tryLoops();
  if (numAxes == 1 && (!exact || limits.unroll || bestSeconds == kNever))
    tryUnrolled();
  return bestSeconds;
}

Segment Growth::segment() const {
  Segment segment;
  segment.unroll = bestUnroll;
  for (size_t axis = 0; axis < numAxes; ++axis) {
    segment.trips.push_back(bestTrips[axis]);
    segment.extents.push_back(extents[axis]);
  }
  for (int32_t p = begin; p < end; ++p) {
    if (!isMember(p))
      continue;
    SplitOp &op = segment.members.emplace_back();
    op.op = block.ops[p].op;
    op.dims.append(dims[p].begin(), dims[p].begin() + numAxes);
  }
  return segment;
}

//===----------------------------------------------------------------------===//
// The path
//===----------------------------------------------------------------------===//

namespace {

/// How the best path comes to a position.
struct PathStep {
  double seconds = kNever;
  int32_t from = -1;
  SmallVector<int32_t, 2> axes; ///< None: an op that stays as it is.
};

} // namespace

/// The dimensions, and the pairs of them, that `op` can be split along.
static SmallVector<SmallVector<int32_t, 2>> axesOf(const BlockOp &op) {
  SmallVector<SmallVector<int32_t, 2>> found;
  for (int32_t a = 0; a < int32_t(op.splits.size()); ++a)
    if (op.splits[a])
      found.push_back({a});
  for (int32_t a = 0; a < int32_t(op.splits.size()); ++a)
    for (int32_t b = a + 1; b < int32_t(op.splits.size()); ++b)
      if (op.splits[a] && op.splits[b])
        found.push_back({a, b});
  return found;
}

std::vector<Segment>
mempl::ir::tiling::chooseSegments(Block &block, const TargetDescription &target,
                                  const TilingLimits &limits) {
  BlockModel model(block, target, limits.capacity);
  auto n = int32_t(model.ops.size());
  std::vector<double> unsplit(n + 1, 0);
  for (int32_t i = 0; i < n; ++i)
    unsplit[i + 1] = unsplit[i] + model.ops[i].seconds;
  std::vector<PathStep> best(n + 1);
  best[0].seconds = 0;
  Growth growth(model, limits);
  for (int32_t i = 0; i < n; ++i) {
    double step = best[i].seconds + model.ops[i].seconds;
    if (step <= best[i + 1].seconds)
      best[i + 1] = {step, i, {}};
    if (model.ops[i].view)
      continue;
    for (ArrayRef<int32_t> axes : axesOf(model.ops[i])) {
      if (!growth.start(i, axes))
        continue;
      for (int32_t j = i + 1; j <= std::min(n, i + kMaxSegment); ++j) {
        if (j > i + 1 && !growth.add())
          break;
        if (!growth.endsWithMember() || model.ops[j - 1].view)
          continue;
        double seconds = growth.evaluate();
        if (seconds < kWorthIt * (unsplit[j] - unsplit[i]) &&
            best[i].seconds + seconds < best[j].seconds)
          best[j] = {best[i].seconds + seconds, i,
                     SmallVector<int32_t, 2>(axes)};
      }
    }
  }
  std::vector<Segment> segments;
  for (int32_t j = n; j > 0; j = best[j].from) {
    if (best[j].axes.empty())
      continue;
    growth.start(best[j].from, best[j].axes);
    while (growth.size() < j - best[j].from)
      growth.add();
    growth.evaluate();
    segments.push_back(growth.segment());
  }
  std::reverse(segments.begin(), segments.end());
  return segments;
}
