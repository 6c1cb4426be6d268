//===- TripPipelining.cpp - copies of loops across trips ------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Residencies are written here as the trip counts that they serve: one that is
// copied in ahead is issued at a boundary below 0. What a value may have is a
// list of options, made once. Local search replaces the residencies of one
// value, or moves a copy in the list, takes whatever makes all trips faster and
// can be packed, and makes room for it at the cost of another value. Where
// nothing helps any more, some values get random options, and it goes on from
// there.
//
//===----------------------------------------------------------------------===//

#include "TripPipelining.h"

#include "mempl/Packing/Packer.h"
#include "mempl/Problem/Simulator.h"
#include "mempl/Problem/StepOrder.h"
#include "mempl/Problem/TimeModel.h"
#include "mempl/Problem/Verifier.h"
#include "mempl/Support/Random.h"

#include "llvm/ADT/STLExtras.h"

#include <limits>

using namespace mempl;

/// Uses of a value up to which every part of them may be in fast memory.
static constexpr size_t kFewUses = 4;
/// Uses of a body up to which all of its values get new residencies, and not
/// the streamed ones alone.
static constexpr int32_t kSmallBody = 48;
/// Boundaries that are tried for one copy.
static constexpr size_t kMostPlaces = 8;
/// Packings that are tried for the options of one value, those of them for
/// which room is made, and values that may have to give it.
static constexpr size_t kMostPackings = 4, kMostRooms = 2, kMostVictims = 8;
/// Nodes of the packer's search: for each plan, and for the height of the last.
static constexpr int64_t kNodes = 400, kLastNodes = 4000;
/// A plan has to be faster by such a share to be called faster.
static constexpr double kFaster = 1e-12;
/// Random changes in a row that lead to nothing better, after which it ends.
static constexpr int kMostFailures = 12;
/// Units of the budget for each plan that is evaluated: it is simulated anew,
/// in four trips.
static constexpr int64_t kUnits = 4, kStepsPerUnit = 4;

bool mempl::hasStreamedValues(const Program &body) {
  return llvm::any_of(body.values,
                      [](const Value &value) { return value.streamed; });
}

namespace {

using Residencies = std::vector<Residency>;

class TripPipeliner {
public:
  TripPipeliner(InstanceRef outer, int32_t step, const Plan &base,
                int64_t capacity, const PipeliningLimits &limits);

  std::optional<BodyPlan> run();

private:
  /// Residencies with offsets, in the order of the list.
  struct Candidate {
    Residencies list;
    double cost = std::numeric_limits<double>::infinity();
  };

  static Instance loopAlone(InstanceRef outer, int32_t step, InstanceRef body);

  // What a value may have.
  void addOptions(int32_t value);
  void addOptions(int32_t value, size_t from, size_t to);
  std::vector<int32_t> places(int32_t first, int32_t last,
                              std::optional<int32_t> turn) const;
  bool maybeSlow(int32_t value) const;
  double density(int32_t value) const;

  // Plans.
  int32_t numSteps() const { return body.numSteps(); }
  static int32_t length(const Residency &r) { return r.end() - r.start() + 1; }
  Residency planned(const Residency &r) const;
  Plan planOf(const Residencies &list) const;
  double costOf(const Residencies &list);
  bool fitsFlights(const Residencies &list) const;
  bool pack(Residencies &list, int64_t &height, bool isLast = false);
  bool packIn(Residencies &list, int64_t &height, bool isLast, bool rotates);
  bool isValid(const Residencies &list, int64_t height) const;
  enum class Place { Same, Front };
  static Residencies replaced(const Residencies &list, int32_t value,
                              const Residencies &by, Place at = Place::Same);

  // Search.
  void start();
  bool adopt(Residencies list, double cost);
  bool climb();
  bool improveValue(int32_t value);
  bool makeRoomFor(const Residencies &list, int32_t value);
  bool improveOrder();
  bool improveTimes();
  bool takeFaster(Residencies list);
  void perturb();
  bool isOver() const {
    return units >= limits.budget || (limits.cancelled && limits.cancelled());
  }
  bool isFaster(double cost, double than) const {
    return cost < than * (1 - kFaster);
  }

  OrderedProblem problem;
  InstanceRef body; ///< In the order of the plan that is changed.
  const Plan &base;
  const PipeliningLimits &limits;
  int64_t capacity;
  Instance loop; ///< The loop with nothing around it.
  AccessIndex index;
  Random random;
  std::vector<int32_t> streamed, others; ///< Values, the streamed by density.
  std::vector<std::vector<Residencies>> options; ///< By value.
  Candidate current, best;
  int64_t units = 0;
};

} // namespace

TripPipeliner::TripPipeliner(InstanceRef outer, int32_t step, const Plan &plan,
                             int64_t capacity, const PipeliningLimits &limits)
    : problem(outer.bodyOf(step), plan), body(problem.instance()),
      base(problem.plan()), limits(limits), capacity(capacity),
      loop(loopAlone(outer, step, body)), index(body),
      random(limits.seed, "trip pipelining"), options(body.numValues()) {
  for (int32_t v = 0; v < body.numValues(); ++v) {
    bool isStreamed = body.program.values[v].streamed;
    (isStreamed ? streamed : others).push_back(v);
    if (isStreamed || index.numUses() <= kSmallBody)
      addOptions(v);
    else if (maybeSlow(v))
      options[v].push_back({});
    Residencies given;
    llvm::copy_if(base.residencies, std::back_inserter(given),
                  [&](const Residency &r) { return r.value == v; });
    if (!given.empty())
      options[v].push_back(std::move(given));
  }
  llvm::stable_sort(
      streamed, [&](int32_t a, int32_t b) { return density(a) > density(b); });
}

Instance TripPipeliner::loopAlone(InstanceRef outer, int32_t step,
                                  InstanceRef body) {
  Instance alone;
  alone.machine = outer.machine;
  Step &only = alone.program.steps.emplace_back();
  only.trips = outer.program.steps[step].trips;
  only.body = std::make_shared<Program>(body.program);
  return alone;
}

//===----------------------------------------------------------------------===//
// What a value may have
//===----------------------------------------------------------------------===//

bool TripPipeliner::maybeSlow(int32_t value) const {
  return llvm::none_of(index.usesOf(value),
                       [](const Use &use) { return use.mustBeFast; });
}

/// Bytes that steps move for each that it holds.
double TripPipeliner::density(int32_t value) const {
  double bytes = 0;
  for (const Use &use : index.usesOf(value))
    bytes += use.bytes;
  return bytes /
         static_cast<double>(std::max<int64_t>(1, index.roundedSize(value)));
}

void TripPipeliner::addOptions(int32_t value) {
  size_t number = index.usesOf(value).size();
  if (maybeSlow(value))
    options[value].push_back({});
  if (number == 0)
    return;
  addOptions(value, 0, number - 1);
  for (size_t from = 0; from < number; ++from)
    for (size_t to = from; to < number; ++to) {
      bool isPart = number <= kFewUses || from == 0 || to + 1 == number;
      bool isHalf = to - from == number / 2 - 1 || from == to;
      if (isPart && (number <= kFewUses || isHalf) && to - from + 1 < number)
        addOptions(value, from, to);
    }
}

/// Boundaries from `first` to `last`, dense near `first`, which may be above
/// it. `turn` is one of them where it is between them.
std::vector<int32_t> TripPipeliner::places(int32_t first, int32_t last,
                                           std::optional<int32_t> turn) const {
  std::vector<int32_t> all;
  auto add = [&](int32_t place) {
    if (std::min(first, last) <= place && place <= std::max(first, last) &&
        !llvm::is_contained(all, place))
      all.push_back(place);
  };
  if (turn)
    add(*turn);
  add(last);
  int32_t distance = std::abs(last - first), step = 1;
  for (int32_t far = 0; far <= distance && all.size() < kMostPlaces;
       far += step) {
    add(last < first ? first - far : first + far);
    if (far >= 3)
      step *= 2;
  }
  return all;
}

/// Residencies that serve the uses `from` .. `to` of a value and no others.
void TripPipeliner::addOptions(int32_t v, size_t from, size_t to) {
  llvm::ArrayRef<Use> uses = index.usesOf(v);
  const Value &value = body.program.values[v];
  // Boundaries of other trips are for what is streamed.
  int32_t n = numSteps(), earliest = value.streamed ? -n : 0,
          latest = value.streamed ? 2 * n : n;
  int32_t lastWrite = -1, slowWrite = -1;
  bool isSlowValid = value.isInput();
  for (auto [k, use] : llvm::enumerate(uses)) {
    bool isInside = from <= k && k <= to;
    if (isInside ? use.mustBeSlow : use.mustBeFast)
      return;
    if (use.writes && isInside)
      lastWrite = use.step;
    if (use.writes && k < from) {
      slowWrite = use.step;
      isSlowValid = true;
    }
  }
  const Use *next = to + 1 < uses.size() ? &uses[to + 1] : nullptr;
  int32_t first = uses[from].step, last = uses[to].step;
  std::vector<std::optional<int32_t>> issues = {std::nullopt};
  if (!uses[from].startsByWrite) {
    if (!isSlowValid)
      return;
    issues.clear();
    if (slowWrite >= 0)
      earliest = slowWrite + 1;
    for (int32_t issue : places(first, earliest, last - n + 1))
      issues.push_back(issue);
  }
  bool goesOut = lastWrite >= 0 && (next ? next->reads : value.isOutput());
  for (std::optional<int32_t> issue : issues) {
    Residency r = issue ? Residency::byCopy(v, 0, *issue, first, last)
                        : Residency::byWrite(v, 0, first, last);
    if (!goesOut) {
      if (length(r) <= 2 * n)
        options[v].push_back({r});
      continue;
    }
    // A copy out that begins later leaves its channel to others.
    bool maybeLater = loop.machine.maxCopiesOut > 0 && last > lastWrite;
    for (int32_t back : {lastWrite, last}) {
      if (back != lastWrite && !maybeLater)
        continue;
      int32_t end = next ? next->step : latest;
      for (int32_t done : places(back + 1, end, r.start() + n)) {
        r.out = {back, done};
        if (length(r) <= 2 * n)
          options[v].push_back({r});
      }
    }
  }
}

//===----------------------------------------------------------------------===//
// Plans
//===----------------------------------------------------------------------===//

/// With the numbers that plans have.
Residency TripPipeliner::planned(const Residency &r) const {
  const CopyIn *in = r.copyIn();
  if (!in || in->issue >= 0)
    return r;
  int32_t n = numSteps();
  Residency moved = r;
  moved.begin = CopyIn{in->issue + n, in->ready + n};
  moved.last += n;
  if (moved.out) {
    moved.out->back = r.copiedAfter() + n;
    moved.out->done += n;
  }
  return moved;
}

Plan TripPipeliner::planOf(const Residencies &list) const {
  Plan plan;
  for (const Residency &r : list)
    plan.residencies.push_back(planned(r));
  plan.loops = base.loops;
  return plan;
}

/// Seconds of all trips; not less than they keep slow memory busy.
double TripPipeliner::costOf(const Residencies &list) {
  units += kUnits + numSteps() / kStepsPerUnit;
  LoopCost cost = loopCost(loop, 0, planOf(list));
  return std::max(cost.latency, cost.slowBytes / loop.machine.slowBandwidth);
}

/// V7, but for the copies of loops in the body.
bool TripPipeliner::fitsFlights(const Residencies &list) const {
  int32_t n = numSteps();
  auto fits = [&](int64_t limit, auto begin, auto end) {
    if (limit == 0)
      return true;
    for (const Residency &at : list) {
      int64_t number = 0;
      if (end(at) < begin(at))
        continue;
      for (const Residency &r : list)
        for (int32_t trip = -2; trip <= 2; ++trip) {
          int32_t place = begin(at) + trip * n;
          number += begin(r) <= place && place <= end(r);
        }
      if (number > limit)
        return false;
    }
    return true;
  };
  // Those without such a copy end before they begin.
  return fits(
             loop.machine.maxCopiesIn,
             [](const Residency &r) { return r.copiedIn() ? r.start() : 0; },
             [](const Residency &r) {
               return r.copiedIn() ? r.first() : -1;
             }) &&
         fits(
             loop.machine.maxCopiesOut,
             [](const Residency &r) { return r.out ? r.copiedAfter() + 1 : 0; },
             [](const Residency &r) { return r.out ? r.out->done : -1; });
}

namespace {

/// Buffers in two trips, one behind the other, for ever.
class CircleOfTrips {
public:
  CircleOfTrips(int32_t numSteps, const Machine &machine)
      : n(numSteps), machine(machine) {}

  /// A buffer that is alive in `length` steps from `start` on, at most two
  /// trips, in every other trip.
  void add(int64_t size, int64_t start, int64_t length) {
    PackingBuffer &buffer = make(size);
    start = (start % (2 * n) + 2 * n) % (2 * n);
    buffer.lower = start;
    buffer.upper = start + length;
    if (buffer.upper <= 2 * n)
      return;
    addGap(buffer, buffer.upper - 2 * n, start);
    buffer.lower = 0;
    buffer.upper = 2 * n;
  }
  /// One that is alive in `length` steps from `start` on, at most one trip, in
  /// every trip.
  PackingBuffer &addToAll(int64_t size, int64_t start, int64_t length) {
    PackingBuffer &buffer = make(size);
    start = (start % n + n) % n;
    buffer.lower = start;
    buffer.upper = start + n + length;
    if (buffer.upper > 2 * n) {
      addGap(buffer, buffer.upper - 2 * n, start);
      buffer.lower = 0;
      buffer.upper = 2 * n;
    }
    addGap(buffer, start + length, start + n);
    return buffer;
  }

  PackingProblem problem;

private:
  PackingBuffer &make(int64_t size) {
    PackingBuffer &buffer = problem.buffers.emplace_back();
    buffer.size = machine.roundUp(size);
    buffer.alignment = machine.alignment;
    return buffer;
  }
  static void addGap(PackingBuffer &buffer, int64_t lower, int64_t upper) {
    if (lower < upper)
      buffer.gaps.push_back({lower, upper});
  }

  int64_t n;
  const Machine &machine;
};

} // namespace

/// Offsets for all residencies, and the bytes from 0 that the body needs.
/// `isLast`: as few as can be found.
bool TripPipeliner::pack(Residencies &list, int64_t &height, bool isLast) {
  // What rotates leaves gaps that do.
  return packIn(list, height, isLast, /*rotates=*/false) ||
         (llvm::any_of(
              list,
              [&](const Residency &r) { return length(r) > numSteps(); }) &&
          packIn(list, height, isLast, /*rotates=*/true));
}

/// `rotates`: all that is streamed has two places, and not only what needs
/// them.
bool TripPipeliner::packIn(Residencies &list, int64_t &height, bool isLast,
                           bool rotates) {
  units += kUnits;
  auto hasTwo = [&](const Residency &r) {
    return length(r) > numSteps() ||
           (rotates && body.program.values[r.value].streamed);
  };
  int32_t n = numSteps();
  CircleOfTrips circle(n, loop.machine);
  for (int32_t i = 0; i < n; ++i)
    if (int64_t reserved =
            reservedBytes(body.program.steps[i], base.bodyPlan(i)))
      circle.addToAll(reserved, i, 1).fixedOffset = 0;
  size_t first = circle.problem.buffers.size();
  for (const Residency &r : list) {
    int64_t size = r.bytes(body.program);
    if (!hasTwo(r)) {
      circle.addToAll(size, r.start(), length(r));
      continue;
    }
    for (int32_t trip : {0, 1})
      circle.add(size, r.start() + trip * n, length(r));
  }
  circle.problem.capacity = capacity;
  PackingOptions options;
  options.nodeLimit = isLast ? kLastNodes : kNodes;
  options.minimize = isLast;
  options.cancelled = limits.cancelled;
  PackingResult result = mempl::pack(circle.problem, options);
  if (result.status != PackingStatus::Packed)
    return false;
  height = result.height;
  for (Residency &r : list) {
    r.offset = result.offsets[first++];
    r.offset2 = std::nullopt;
    if (hasTwo(r))
      r.offset2 = result.offsets[first++];
  }
  return true;
}

bool TripPipeliner::isValid(const Residencies &list, int64_t height) const {
  Plan outer;
  outer.loops[0] = {height, planOf(list)};
  return verify(loop, outer).empty();
}

/// `list` with other residencies for a value: where the ones before were, and
/// at the end where there were none, or at the front.
Residencies TripPipeliner::replaced(const Residencies &list, int32_t value,
                                    const Residencies &by, Place at) {
  Residencies result;
  bool isIn = at == Place::Front;
  if (isIn)
    result = by;
  for (const Residency &r : list) {
    if (r.value != value) {
      result.push_back(r);
      continue;
    }
    if (!isIn)
      llvm::append_range(result, by);
    isIn = true;
  }
  if (!isIn)
    llvm::append_range(result, by);
  return result;
}

//===----------------------------------------------------------------------===//
// Search
//===----------------------------------------------------------------------===//

/// Makes `list`, whose cost is known, the current plan, if it is valid.
bool TripPipeliner::adopt(Residencies list, double cost) {
  int64_t height = 0;
  if (!fitsFlights(list) || !pack(list, height) || !isValid(list, height))
    return false;
  current = {std::move(list), cost};
  if (isFaster(current.cost, best.cost))
    best = current;
  return true;
}

bool TripPipeliner::takeFaster(Residencies list) {
  double cost = costOf(list);
  return isFaster(cost, current.cost) && adopt(std::move(list), cost);
}

/// The best of the given plan and of those that have every streamed value, or
/// as many of them as there is room for: at one place where that is possible,
/// as early as possible, or within the trip.
void TripPipeliner::start() {
  Candidate first;
  auto attempt = [&](const Residencies &list) {
    double cost = costOf(list);
    bool isTaken = adopt(list, cost);
    if (isTaken && isFaster(cost, first.cost))
      first = current;
    return isTaken;
  };
  attempt(base.residencies);
  for (int32_t distance : {0, numSteps(), 2 * numSteps()}) {
    Residencies list = base.residencies;
    std::vector<int32_t> in;
    for (int32_t v : streamed) {
      // The longest option of those that serve as much as possible.
      const Residency *longest = nullptr;
      for (const Residencies &option : options[v]) {
        if (option.size() != 1 || length(option[0]) > distance)
          continue;
        const Residency &r = option[0];
        auto rank = [](const Residency &x) {
          return std::pair(x.last - x.first(), length(x));
        };
        if (!longest || rank(r) > rank(*longest))
          longest = &r;
      }
      if (!longest)
        continue;
      list = replaced(list, v, {*longest});
      in.push_back(v);
    }
    while (!in.empty() && !isOver() && !attempt(list))
      list = replaced(list, in.back(), options[in.back()].front()),
      in.pop_back();
  }
  current = first;
}

/// The fastest option of a streamed value for which there is room, or can be
/// made.
bool TripPipeliner::improveValue(int32_t value) {
  struct Try {
    double cost;
    Residencies list;
  };
  std::vector<Try> faster;
  for (const Residencies &option : options[value])
    for (Place at : {Place::Same, Place::Front}) {
      if (isOver())
        return false;
      // Where it is served first.
      bool hasTurn = !current.list.empty() && !option.empty() &&
                     (option[0].copiedIn() || option[0].out);
      if (at == Place::Front && !hasTurn)
        continue;
      Residencies list = replaced(current.list, value, option, at);
      double cost = costOf(list);
      if (isFaster(cost, current.cost))
        faster.push_back({cost, std::move(list)});
    }
  llvm::stable_sort(faster,
                    [](const Try &a, const Try &b) { return a.cost < b.cost; });
  for (const Try &each : llvm::ArrayRef(faster).take_front(kMostPackings))
    if (adopt(each.list, each.cost))
      return true;
  // Where there is no room, at the cost of another value.
  for (const Try &each : llvm::ArrayRef(faster).take_front(kMostRooms))
    if (makeRoomFor(each.list, value))
      return true;
  for (const Try &each : llvm::ArrayRef(faster).drop_front(
           std::min(faster.size(), kMostPackings)))
    if (!isOver() && adopt(each.list, each.cost))
      return true;
  return false;
}

/// Takes `list`, in which there is too much in fast memory because of a value,
/// with another option for one of the others.
bool TripPipeliner::makeRoomFor(const Residencies &list, int32_t value) {
  size_t victims = 0;
  for (const Residency &r : list) {
    if (r.value == value)
      continue;
    if (++victims > kMostVictims)
      return false;
    for (const Residencies &option : options[r.value]) {
      if (isOver())
        return false;
      if (takeFaster(replaced(list, r.value, option)))
        return true;
    }
  }
  return false;
}

/// Serves copies that are issued at one boundary in another order.
bool TripPipeliner::improveOrder() {
  int32_t n = numSteps();
  auto meet = [&](const Residency &a, const Residency &b) {
    bool isIn =
        a.copiedIn() && b.copiedIn() && (a.start() - b.start()) % n == 0;
    bool isOut = a.out && b.out && (a.copiedAfter() - b.copiedAfter()) % n == 0;
    return isIn || isOut;
  };
  for (size_t k = 0; k < current.list.size(); ++k)
    for (size_t j = k + 1; j < current.list.size(); ++j) {
      if (!meet(current.list[k], current.list[j]))
        continue;
      if (isOver())
        return false;
      Residencies list = current.list;
      std::rotate(list.begin() + k, list.begin() + j, list.begin() + j + 1);
      if (takeFaster(std::move(list)))
        return true;
    }
  return false;
}

/// Moves issues and awaits by one boundary.
bool TripPipeliner::improveTimes() {
  int32_t n = numSteps();
  for (size_t k = 0; k < current.list.size(); ++k)
    for (int32_t by : {-1, 1})
      for (bool isOut : {false, true}) {
        Residencies list = current.list;
        Residency &r = list[k];
        if (isOver())
          return false;
        if (isOut ? !r.out : !r.copiedIn())
          continue;
        bool isStreamed = body.program.values[r.value].streamed;
        if (isOut) {
          r.out->done += by;
          if (r.out->done <= r.copiedAfter() ||
              r.out->done > (isStreamed ? 2 * n : n))
            continue;
        } else {
          r.copyIn()->issue += by;
          if (r.start() > r.first() || r.start() < (isStreamed ? -n : 0))
            continue;
        }
        if (length(r) <= 2 * n && takeFaster(std::move(list)))
          return true;
      }
  return false;
}

/// Until nothing helps. Whether something did.
bool TripPipeliner::climb() {
  bool any = false, again = true;
  while (again && !isOver()) {
    again = false;
    for (int32_t v : streamed)
      again |= improveValue(v);
    for (int32_t v : others)
      again |= improveValue(v);
    again |= improveOrder();
    again |= improveTimes();
    any |= again;
  }
  return any;
}

/// Gives one or two streamed values some option, if there is room.
void TripPipeliner::perturb() {
  current = best;
  for (uint64_t k = 0, number = 1 + random.below(2); k < number; ++k) {
    int32_t v = streamed[random.below(streamed.size())];
    if (options[v].empty())
      continue;
    Residencies list =
        replaced(current.list, v, options[v][random.below(options[v].size())]);
    double cost = costOf(list);
    adopt(std::move(list), cost);
  }
}

std::optional<BodyPlan> TripPipeliner::run() {
  if (streamed.empty() || numSteps() == 0)
    return std::nullopt;
  double before = std::numeric_limits<double>::infinity();
  int64_t height = 0;
  {
    Residencies list = base.residencies;
    if (pack(list, height) && isValid(list, height))
      before = costOf(list);
  }
  start();
  if (current.cost == std::numeric_limits<double>::infinity())
    return std::nullopt;
  climb();
  for (int failures = 0; failures < kMostFailures && !isOver(); ++failures) {
    double last = best.cost;
    perturb();
    climb();
    if (isFaster(best.cost, last))
      failures = 0;
  }
  Residencies list = best.list;
  if (!isFaster(best.cost, before) || !pack(list, height, /*isLast=*/true) ||
      !isValid(list, height))
    return std::nullopt;
  BodyPlan result{height, planOf(list)};
  if (problem.isOrdered()) {
    std::vector<int32_t> order;
    for (int32_t i = 0; i < numSteps(); ++i)
      order.push_back(problem.stepAt(i));
    result.plan = withOrder(std::move(result.plan), std::move(order));
  }
  return result;
}

std::optional<BodyPlan> mempl::pipelineTrips(InstanceRef outer, int32_t step,
                                             const Plan &base, int64_t capacity,
                                             const PipeliningLimits &limits) {
  return TripPipeliner(outer, step, base, capacity, limits).run();
}

std::optional<Instance> mempl::withoutStreamedValues(const Instance &body) {
  Instance posed = body;
  const Machine &m = body.machine;
  std::vector<int32_t> first(body.numValues(), -1), last(body.numValues(), -1);
  for (int32_t i = 0; i < body.numSteps(); ++i)
    for (const Access &access : body.program.steps[i].accesses) {
      if (first[access.value] < 0)
        first[access.value] = i;
      last[access.value] = i;
    }
  int64_t left = m.capacity - m.roundUp(leastCapacity(body.program));
  bool areOthers = false;
  for (int32_t v = 0; v < body.numValues(); ++v) {
    Value &value = posed.program.values[v];
    if (!value.streamed) {
      areOthers |= first[v] >= 0;
      continue;
    }
    int64_t bytes = m.roundUp(value.size);
    bool isLong = last[v] - first[v] + 2 > body.numSteps();
    for (int time = 0; time < 1 + isLong; ++time) {
      if (bytes > left)
        return std::nullopt;
      left -= bytes;
      posed.machine.capacity -= bytes;
    }
    value.size = 0;
    for (Step &each : posed.program.steps)
      for (Access &access : each.accesses)
        if (access.value == v)
          access.bytes = 0;
  }
  if (!areOthers)
    return std::nullopt;
  return posed;
}
