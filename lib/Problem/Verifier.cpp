//===- Verifier.cpp - is a plan valid? ------------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Problem/Verifier.h"

#include "mempl/Problem/StepOrder.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

using namespace mempl;
using llvm::Twine;

std::string mempl::ruleName(Rule rule) {
  return ("V" + Twine(static_cast<int>(rule))).str();
}

std::string Violation::str() const { return ruleName(rule) + ": " + text; }

namespace {

/// One pass over a plan or over the plan of a loop's body.
class PlanVerifier {
public:
  /// `taken`: copies in and out of the outer programs that are in flight over
  /// this one.
  /// `path`: the loops around this one.
  static void verify(InstanceRef instance, const Plan &plan, int64_t capacity,
                     std::array<int64_t, 2> taken, std::vector<int32_t> path,
                     std::vector<Violation> &found) {
    if (!keepsOrder(instance.program, plan.order, path, found))
      return;
    OrderedProblem problem(instance, plan);
    PlanVerifier verifier(problem, capacity, taken, std::move(path), found);
    verifier.checkLoopKeys(instance.program, plan);
    verifier.run();
  }

private:
  PlanVerifier(const OrderedProblem &problem, int64_t capacity,
               std::array<int64_t, 2> taken, std::vector<int32_t> path,
               std::vector<Violation> &found)
      : problem(problem), instance(problem.instance()), plan(problem.plan()),
        capacity(capacity), taken(taken), path(std::move(path)), found(found) {}

  void run() {
    for (const Residency &r : plan.residencies)
      if (checkFields(r))
        good.push_back(&r);
    checkOffsets();
    if (reachesAcross())
      checkTwoTrips();
    else
      checkOverlaps();
    checkReserved();
    checkValues();
    checkFlights();
    checkCarried();
    checkLoops();
  }

  using Residencies = std::vector<const Residency *>;
  struct ValueAccess {
    int32_t step;
    const Access *access;
  };

  /// What is about `value`, or about none if it is negative; `r` breaks the
  /// rule unless it is null.
  void report(Rule rule, int32_t value, const Residency *r, int32_t step,
              const Twine &text) {
    std::string all = whereIs(path);
    llvm::raw_string_ostream os(all);
    if (value >= 0)
      os << "value " << value;
    if (value >= 0 && value < instance.numValues())
      os << " (" << instance.program.values[value].name << ")";
    if (value >= 0)
      os << ", ";
    os << whatIsAt(step) << ": " << text;
    auto index =
        r ? static_cast<int32_t>(r - plan.residencies.data()) : int32_t(-1);
    found.push_back({rule, path, index, value, step, std::move(all)});
  }
  void report(Rule rule, const Residency &r, int32_t step, const Twine &text) {
    report(rule, r.value, &r, step, text);
  }

  int64_t sizeOf(const Residency &r) const {
    return instance.machine.roundUp(r.bytes(instance.program));
  }
  int64_t top(const Residency &r) const { return r.offset + sizeOf(r); }
  bool isBody() const { return !path.empty(); }
  bool isStreamed(const Residency &r) const {
    return isBody() && instance.program.values[r.value].streamed;
  }
  /// Bytes at the bottom of fast memory that step `i` keeps for itself.
  int64_t reservedAt(int32_t i) const {
    const Step &step = instance.program.steps[i];
    if (!step.body)
      return step.reserved;
    const BodyPlan *body = plan.bodyPlan(i);
    return std::max(step.reserved,
                    body ? body->capacity : leastCapacity(*step.body));
  }

  /// The step, or the place of the order and the step that runs there.
  std::string whatIsAt(int32_t place) const {
    if (!problem.isOrdered())
      return "step " + std::to_string(place);
    std::string text = "place " + std::to_string(place) + " of the order";
    if (place >= 0 && place < instance.numSteps())
      text += ", which is step " + std::to_string(problem.stepAt(place));
    return text;
  }
  static std::string whereIs(const std::vector<int32_t> &path) {
    std::string text;
    for (int32_t loop : path)
      text += "in the loop at step " + std::to_string(loop) + ": ";
    return text;
  }
  static bool keepsOrder(const Program &program,
                         const std::vector<int32_t> &order,
                         const std::vector<int32_t> &path,
                         std::vector<Violation> &found);
  bool checkFields(const Residency &r);
  void checkLoopKeys(const Program &program, const Plan &given);
  void checkOffsets();
  bool reachesAcross() const;
  void checkOverlaps();
  void checkTwoTrips();
  bool meetInTwoTrips(const Residency &a, const Residency &b) const;
  void checkReserved();
  void checkValues();
  void sortByTime(Residencies &ofValue) const;
  void checkDisjoint(Residencies &ofValue);
  void checkServesOnce(Residencies &ofValue);
  class Contents;
  void checkFlights();
  void checkCarried();
  void checkLoops();

  const OrderedProblem &problem;
  InstanceRef instance; ///< In the plan's order, as all below.
  const Plan &plan;
  int64_t capacity;
  std::array<int64_t, 2> taken;
  std::vector<int32_t> path;
  std::vector<Violation> &found;
  Residencies good;   // Those that keep V9.
  Residencies inside; // Of them, those with bytes, all within the capacity.
};

} // namespace

/// V11. Every step that runs before one that it depends on is reported once.
bool PlanVerifier::keepsOrder(const Program &program,
                              const std::vector<int32_t> &order,
                              const std::vector<int32_t> &path,
                              std::vector<Violation> &found) {
  int32_t n = program.numSteps();
  size_t before = found.size();
  auto report = [&](int32_t step, const Twine &text) {
    found.push_back({.rule = Rule::V11,
                     .path = path,
                     .step = step,
                     .text = whereIs(path) + text.str()});
  };
  if (order.empty())
    return true;
  std::vector<int32_t> placeOf(n, -1);
  for (size_t place = 0; place < order.size(); ++place)
    if (order[place] >= 0 && order[place] < n)
      placeOf[order[place]] = static_cast<int32_t>(place);
  if (order.size() != static_cast<size_t>(n) ||
      llvm::is_contained(placeOf, -1)) {
    report(-1, "the order is not a permutation of the " + Twine(n) + " steps");
    return false;
  }
  if (program.order == StepOrder::Fixed && !llvm::is_sorted(order)) {
    report(-1, "the order of this program is fixed");
    return false;
  }
  // Of each value the step that runs last, of those so far that write it and of
  // those that access it.
  std::vector<int32_t> lastWriter(program.numValues(), -1);
  std::vector<int32_t> lastAccessor(program.numValues(), -1);
  auto isLater = [&](int32_t a, int32_t b) {
    return b < 0 || placeOf[a] > placeOf[b];
  };
  for (int32_t step = 0; step < n; ++step) {
    const Step &s = program.steps[step];
    int32_t latest = step;
    auto dependsOn = [&](int32_t earlier) {
      if (earlier >= 0 && isLater(earlier, latest))
        latest = earlier;
    };
    llvm::for_each(s.after, dependsOn);
    for (const Access &a : s.accesses)
      dependsOn(a.writes() ? lastAccessor[a.value] : lastWriter[a.value]);
    for (const Access &a : s.accesses) {
      if (isLater(step, lastAccessor[a.value]))
        lastAccessor[a.value] = step;
      if (a.writes() && isLater(step, lastWriter[a.value]))
        lastWriter[a.value] = step;
    }
    if (latest != step)
      report(step, "step " + Twine(step) + ": runs before step " +
                       Twine(latest) + " (" + program.steps[latest].name +
                       "), which it depends on");
  }
  return found.size() == before;
}

/// V9 about the bodies' plans, whose keys are steps of the program.
void PlanVerifier::checkLoopKeys(const Program &program, const Plan &given) {
  for (const auto &[i, inner] : given.loops)
    if (i < 0 || i >= program.numSteps() || !program.steps[i].body)
      found.push_back({.rule = Rule::V9,
                       .path = path,
                       .step = i,
                       .text = whereIs(path) + "step " + std::to_string(i) +
                               ": a plan for a loop that does not exist"});
}

/// V9.
bool PlanVerifier::checkFields(const Residency &r) {
  int32_t n = instance.numSteps();
  if (r.value < 0 || r.value >= instance.numValues()) {
    report(Rule::V9, r, r.last, "no such value");
    return false;
  }
  // Steps from n on are of the next trip; n may be up to 2^31 - 1.
  const Value &value = instance.program.values[r.value];
  bool isAhead = isStreamed(r) && value.isInput() && r.isAhead(n);
  int64_t latest = isAhead ? 2 * int64_t(n) : n;
  if (!(0 <= r.start() && r.start() < n && r.start() <= r.first() &&
        r.first() <= r.last && r.last < latest)) {
    report(Rule::V9, r, r.start(),
           "needs 0 <= start " + Twine(r.start()) + " <= first " +
               Twine(r.first()) + " <= last " + Twine(r.last) + " < " +
               Twine(latest));
    return false;
  }
  if (r.offset2 && !isBody()) {
    report(Rule::V9, r, r.start(), "a second offset outside of a loop's body");
    return false;
  }
  if (!r.out)
    return true;
  int32_t back = r.copiedAfter(), done = r.out->done;
  bool canGoOut = !isAhead || value.isOutput();
  if (isStreamed(r) && value.isOutput())
    latest += n;
  if (!canGoOut ||
      !(r.first() <= back && back <= r.last && back < done && done <= latest)) {
    report(Rule::V9, r, r.last,
           canGoOut
               ? "needs first " + Twine(r.first()) + " <= back " + Twine(back) +
                     " <= last " + Twine(r.last) + " and back < done " +
                     Twine(done) + " <= " + Twine(latest)
               : Twine("is an input that is copied in a trip ahead, and "
                       "cannot be copied out"));
    return false;
  }
  return true;
}

/// V2.
void PlanVerifier::checkOffsets() {
  const Machine &m = instance.machine;
  for (const Residency *r : good) {
    int64_t size = sizeOf(*r);
    bool isInside = true;
    auto check = [&](int64_t offset) {
      if (offset >= 0 && offset % m.alignment == 0 && size <= capacity &&
          offset <= capacity - size)
        return;
      isInside = false;
      report(Rule::V2, *r, r->start(),
             "offset " + Twine(offset) + ", size " + Twine(size) +
                 " is misaligned or outside the capacity of " +
                 Twine(capacity));
    };
    check(r->offset);
    if (r->offset2)
      check(*r->offset2);
    if (isInside && size > 0) // A value of size zero occupies nothing.
      inside.push_back(r);
  }
  for (int32_t i = 0; i < instance.numSteps(); ++i)
    if (reservedAt(i) > capacity)
      report(Rule::V2, -1, nullptr, i,
             "reserves " + Twine(reservedAt(i)) + " bytes of " +
                 Twine(capacity));
}

/// V1.
void PlanVerifier::checkOverlaps() {
  Residencies starting = inside, active;
  std::stable_sort(starting.begin(), starting.end(),
                   [](const Residency *a, const Residency *b) {
                     return a->start() < b->start();
                   });
  size_t next = 0;
  for (int32_t i = 0; i < instance.numSteps(); ++i) {
    std::erase_if(active, [&](const Residency *r) { return r->end() < i; });
    for (; next < starting.size() && starting[next]->start() == i; ++next) {
      const Residency *r = starting[next];
      for (const Residency *old : active)
        if (r->offset < top(*old) && old->offset < top(*r))
          report(Rule::V1, *r, i,
                 "[" + Twine(r->offset) + ", " + Twine(top(*r)) +
                     ") overlaps [" + Twine(old->offset) + ", " +
                     Twine(top(*old)) + ") of value " + Twine(old->value) +
                     " (" + instance.program.values[old->value].name + ")");
      active.push_back(r);
    }
  }
}

/// Whether a residency is of the next trip in part, or moves from trip to trip.
bool PlanVerifier::reachesAcross() const {
  return llvm::any_of(inside, [&](const Residency *r) {
    return r->end() >= instance.numSteps() || r->offset2;
  });
}

/// Whether two residencies share bytes in two trips, one behind the other, for
/// ever; a residency with itself, in the next trip.
bool PlanVerifier::meetInTwoTrips(const Residency &a,
                                  const Residency &b) const {
  int64_t n = instance.numSteps();
  // The offset in a trip; a copy ahead is for the trip that reads it.
  auto offsetIn = [&](const Residency &r, int64_t trip) {
    bool isOdd = (trip + (r.first() >= n)) % 2 != 0;
    return isOdd ? r.offset2.value_or(r.offset) : r.offset;
  };
  for (int64_t tripOfA : {0, 1})
    for (int64_t tripOfB : {0, 1})
      for (int64_t apart : {-2, 0, 2}) {
        int64_t shift = (tripOfB - tripOfA + apart) * n;
        int64_t atA = offsetIn(a, tripOfA), atB = offsetIn(b, tripOfB);
        bool isItself = &a == &b && shift == 0;
        if (!isItself && a.start() <= b.end() + shift &&
            b.start() + shift <= a.end() && atA < atB + sizeOf(b) &&
            atB < atA + sizeOf(a))
          return true;
      }
  return false;
}

/// V1 of a body in which residencies reach into the next trip, and V8 of one
/// that meets itself.
void PlanVerifier::checkTwoTrips() {
  Residencies ordered = inside;
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const Residency *a, const Residency *b) {
                     return a->start() < b->start();
                   });
  for (size_t k = 0; k < ordered.size(); ++k) {
    const Residency &r = *ordered[k];
    if (meetInTwoTrips(r, r))
      report(Rule::V8, r, r.start(), "meets itself in the next trip");
    for (const Residency *old : llvm::ArrayRef(ordered).take_front(k))
      if (meetInTwoTrips(*old, r))
        report(Rule::V1, r, r.start(),
               "overlaps a residency of value " + Twine(old->value) + " (" +
                   instance.program.values[old->value].name +
                   ") in one of two trips");
  }
}

/// V1 with what steps reserve.
void PlanVerifier::checkReserved() {
  int32_t n = instance.numSteps();
  std::vector<int32_t> reserving;
  for (int32_t i = 0; i < n; ++i)
    if (reservedAt(i) > 0)
      reserving.push_back(i);
  auto check = [&](const Residency &r, int32_t i) {
    int64_t reserved = instance.machine.roundUp(reservedAt(i));
    if (std::min(r.offset, r.offset2.value_or(r.offset)) < reserved)
      report(Rule::V1, r, i,
             "offset " + Twine(r.offset) + " overlaps the " + Twine(reserved) +
                 " bytes that the step reserves");
  };
  for (const Residency *r : inside) {
    auto holds = [&](int64_t i) { return r->start() <= i && i <= r->end(); };
    if (r->end() >= n) {
      for (int32_t i : reserving)
        if (holds(i) || holds(int64_t(i) + n) || holds(i + 2 * int64_t(n)))
          check(*r, i);
      continue;
    }
    for (auto it = llvm::lower_bound(reserving, r->start());
         it != reserving.end() && *it <= r->end(); ++it)
      check(*r, *it);
  }
}

/// Sorts residencies of one value by time, as the trip counts that they serve.
void PlanVerifier::sortByTime(Residencies &ofValue) const {
  int32_t n = instance.numSteps();
  llvm::stable_sort(ofValue, [&](const Residency *a, const Residency *b) {
    int32_t ofA = a->inOwnTrip(0, n), ofB = b->inOwnTrip(0, n);
    return std::pair(a->start() - ofA, a->end() - ofA) <
           std::pair(b->start() - ofB, b->end() - ofB);
  });
}

/// V8 of a streamed input, whose contents may be there twice: slow memory has
/// them all along.
void PlanVerifier::checkServesOnce(Residencies &ofValue) {
  int32_t n = instance.numSteps();
  for (size_t k = 0; k < ofValue.size(); ++k) {
    const Residency &r = *ofValue[k];
    bool isSecond = false;
    for (const Residency *old : llvm::ArrayRef(ofValue).take_front(k))
      for (int32_t i = 0; i < n && !isSecond; ++i)
        isSecond = old->serves(i, n) && r.serves(i, n);
    if (isSecond)
      report(Rule::V8, r, r.first() % n,
             "serves a step that another residency serves");
  }
}

/// V8. Of a streamed value, each trip has contents of its own.
void PlanVerifier::checkDisjoint(Residencies &ofValue) {
  if (ofValue.empty())
    return;
  sortByTime(ofValue);
  const Value &value = instance.program.values[ofValue[0]->value];
  if (value.streamed && value.kind == ValueKind::Input)
    return checkServesOnce(ofValue);
  int32_t n = instance.numSteps();
  const Residency *longest = nullptr;
  for (const Residency *r : ofValue) {
    if (longest && r->start() - r->inOwnTrip(0, n) <=
                       longest->end() - longest->inOwnTrip(0, n))
      report(Rule::V8, *r, r->start(),
             "a residency starts while the one from step " +
                 Twine(longest->start()) + " to " + Twine(longest->end()) +
                 " still holds memory");
    if (!longest || r->end() - r->inOwnTrip(0, n) >
                        longest->end() - longest->inOwnTrip(0, n))
      longest = r;
  }
}

/// V3, V4, V5, V6 and the part of V10 about the value: follows the contents of
/// one value through both memories.
class PlanVerifier::Contents {
public:
  /// `ofValue` is sorted by time. All times are of the trip whose contents they
  /// are: what is copied in a trip ahead begins before step 0.
  Contents(PlanVerifier &verifier, int32_t v,
           const std::vector<ValueAccess> &accesses, const Residencies &ofValue)
      : verifier(verifier), v(v), value(verifier.instance.program.values[v]),
        accesses(accesses), ofValue(ofValue),
        isAlwaysThere(value.streamed && value.kind == ValueKind::Input),
        slowValid(value.isInput()), fastValid(isAlwaysThere) {}

  void check() {
    checkBeginnings();
    for (const Event &event : events())
      follow(event);
    checkEnd();
  }

private:
  // In the order of docs/Problem.md: what happens at boundary i comes before
  // the accesses of step i, and the end of step i after them.
  enum What { Done, Issue, Read, Write, Back, End };
  struct Event {
    int32_t time;
    What what;
    const Access *access;
    const Residency *residency;
  };

  void report(Rule rule, const Residency *r, int32_t step, const Twine &text) {
    verifier.report(rule, v, r, step, text);
  }
  void checkBeginnings();
  std::vector<Event> events() const;
  void follow(const Event &event);
  void checkSpace(int32_t step, const Access &access, const Residency *home);
  void writeFast(int32_t step, const Residency &home);
  void writeSlow(int32_t step);
  void checkEnd();
  int32_t inOwnTrip(const Residency &r, int32_t step) const {
    return r.inOwnTrip(step, verifier.instance.numSteps());
  }

  PlanVerifier &verifier;
  int32_t v;
  const Value &value;
  const std::vector<ValueAccess> &accesses;
  const Residencies &ofValue;
  /// Every trip has its own contents, which slow memory has from the beginning.
  bool isAlwaysThere;
  bool slowValid, fastValid;
  const Residency *writer = nullptr; // The last one written in fast memory.
};

void PlanVerifier::Contents::checkBeginnings() {
  for (const Residency *r : ofValue) {
    const ByWrite *write = r->written();
    if (write && llvm::none_of(accesses, [&](const ValueAccess &x) {
          return x.step == write->step && x.access->writes();
        }))
      report(Rule::V4, r, write->step,
             "a residency begins by write at a step that does not write the "
             "value");
  }
}

std::vector<PlanVerifier::Contents::Event>
PlanVerifier::Contents::events() const {
  std::vector<Event> events;
  for (auto [step, a] : accesses) {
    if (a->reads())
      events.push_back({step, Read, a, nullptr});
    if (a->writes())
      events.push_back({step, Write, a, nullptr});
  }
  for (const Residency *r : isAlwaysThere ? Residencies() : ofValue) {
    int32_t begin = inOwnTrip(*r, 0);
    if (!r->written())
      events.push_back({r->start() - begin, Issue, nullptr, r});
    events.push_back({r->last - begin, End, nullptr, r});
    if (r->copiedOut()) {
      events.push_back({r->copiedAfter() - begin, Back, nullptr, r});
      events.push_back({r->out->done - begin, Done, nullptr, r});
    }
  }
  std::stable_sort(
      events.begin(), events.end(), [](const Event &a, const Event &b) {
        return std::pair(a.time, a.what) < std::pair(b.time, b.what);
      });
  return events;
}

void PlanVerifier::Contents::follow(const Event &event) {
  int32_t i = event.time;
  const Residency *r = event.residency;
  if (event.access) {
    auto it = llvm::find_if(ofValue, [&](const Residency *x) {
      return x->serves(i, verifier.instance.numSteps());
    });
    r = it != ofValue.end() ? *it : nullptr;
    checkSpace(i, *event.access, r);
  }
  switch (event.what) {
  case Issue:
    if (!slowValid && !r->isKept())
      report(Rule::V3, r, i, "copied in without valid contents in slow memory");
    fastValid = true;
    break;
  case Read:
    if (r && !fastValid)
      report(Rule::V4, r, i, "read in fast memory before it is written there");
    if (!r && !slowValid)
      report(Rule::V3, writer, i,
             "read from slow memory, where its contents are not valid");
    break;
  case Write:
    if (r)
      writeFast(i, *r);
    else
      writeSlow(i);
    break;
  case Back:
    if (!fastValid)
      report(Rule::V4, r, i,
             "copied out without valid contents in fast memory");
    break;
  case End:
    fastValid = false;
    break;
  case Done:
    slowValid = true;
    break;
  }
}

/// V6. `home` serves the access; null if it is slow.
void PlanVerifier::Contents::checkSpace(int32_t i, const Access &access,
                                        const Residency *home) {
  SpaceConstraint is = home ? SpaceConstraint::Fast : SpaceConstraint::Slow;
  SpaceConstraint constraint =
      access.space != SpaceConstraint::None ? access.space : value.space;
  if (constraint != SpaceConstraint::None && constraint != is)
    report(Rule::V6, home, i,
           Twine("is constrained to be in ") +
               (constraint == SpaceConstraint::Fast ? "fast" : "slow") +
               " memory");
}

void PlanVerifier::Contents::writeFast(int32_t i, const Residency &home) {
  fastValid = true;
  slowValid = false;
  writer = &home;
  if (home.copiedOut() && inOwnTrip(home, i) > home.copiedAfter())
    report(Rule::V4, &home, i,
           "written in fast memory after its copy out was issued");
}

void PlanVerifier::Contents::writeSlow(int32_t i) {
  auto in = llvm::find_if(ofValue, [&](const Residency *x) {
    return x->isCopyingIn(inOwnTrip(*x, i));
  });
  if (in != ofValue.end())
    report(Rule::V3, *in, i,
           "written in slow memory while it is being copied in");
  auto out = llvm::find_if(ofValue, [&](const Residency *x) {
    int32_t at = inOwnTrip(*x, i);
    return x->out && x->last < at && at < x->out->done;
  });
  if (out != ofValue.end())
    report(Rule::V3, *out, i,
           "written in slow memory while it is being copied out");
  slowValid = true;
}

/// V10 about the value, and V5.
void PlanVerifier::Contents::checkEnd() {
  bool isWritten = llvm::any_of(
      accesses, [](const ValueAccess &x) { return x.access->writes(); });
  auto kept =
      llvm::find_if(ofValue, [](const Residency *r) { return r->isKept(); });
  if (kept != ofValue.end() &&
      (value.kind != ValueKind::Input || value.streamed || isWritten))
    report(
        Rule::V10, *kept, 0,
        "only an input that is never written can be carried from run to run");
  if (value.isOutput() && !slowValid)
    report(Rule::V5, writer, verifier.instance.numSteps(),
           "is an output without valid contents in slow memory at the end");
}

void PlanVerifier::checkValues() {
  std::vector<std::vector<ValueAccess>> accesses(instance.numValues());
  for (int32_t i = 0; i < instance.numSteps(); ++i)
    for (const Access &a : instance.program.steps[i].accesses)
      accesses[a.value].push_back({i, &a});
  std::vector<Residencies> ofValue(instance.numValues());
  for (const Residency *r : good)
    ofValue[r->value].push_back(r);
  for (int32_t v = 0; v < instance.numValues(); ++v) {
    checkDisjoint(ofValue[v]);
    Contents(*this, v, accesses[v], ofValue[v]).check();
  }
}

/// V7.
void PlanVerifier::checkFlights() {
  int32_t n = instance.numSteps();
  const int64_t limits[2] = {instance.machine.maxCopiesIn,
                             instance.machine.maxCopiesOut};
  for (int channel = 0; channel < 2; ++channel) {
    if (limits[channel] == 0)
      continue;
    bool isOut = channel == 1;
    auto begin = [&](const Residency &r) {
      return isOut ? r.copiedAfter() + 1 : r.copyIn()->issue;
    };
    // What is behind the last step is of later trips.
    std::vector<int64_t> inFlight(3 * size_t(n) + 2, 0);
    Residencies copied;
    for (const Residency *r : good) {
      if (isOut ? !r->copiedOut() : !r->copiedIn())
        continue;
      copied.push_back(r);
      ++inFlight[begin(*r)];
      --inFlight[(isOut ? r->out->done : r->copyIn()->ready) + 1];
    }
    for (size_t i = 1; i <= 3 * size_t(n); ++i)
      inFlight[i] += inFlight[i - 1];
    for (const Residency *r : copied) {
      int64_t number = taken[channel];
      for (size_t i = begin(*r) > n ? begin(*r) - n : begin(*r);
           i <= 3 * size_t(n); i += n)
        number += inFlight[i];
      if (number > limits[channel])
        report(Rule::V7, *r, begin(*r),
               "more than " + Twine(limits[channel]) + " copies " +
                   (isOut ? "out" : "in") + " in flight");
    }
  }
}

/// V10: a carried residency stands for one that the run before left, so this
/// run must leave it for the next, at the same offset.
void PlanVerifier::checkCarried() {
  int32_t n = instance.numSteps();
  int64_t number = 0;
  for (const Residency *r : good) {
    if (!r->isKept())
      continue;
    if (number++ >= instance.machine.maxCarried)
      report(Rule::V10, *r, 0,
             "more than " + Twine(instance.machine.maxCarried) +
                 " values carried from run to run");
    if (llvm::none_of(good, [&](const Residency *q) {
          return q->value == r->value && q->offset == r->offset &&
                 q->last == n - 1 && !q->copiedOut();
        }))
      report(Rule::V10, *r, n - 1,
             "carried into this run, but not left for the next one");
  }
}

/// The plans of loops' bodies.
void PlanVerifier::checkLoops() {
  for (int32_t i = 0; i < instance.numSteps(); ++i) {
    const Step &step = instance.program.steps[i];
    if (!step.body)
      continue;
    std::vector<int32_t> inside = path;
    inside.push_back(problem.stepAt(i));
    const BodyPlan *body = plan.bodyPlan(i);
    if (!body) {
      verify(instance.bodyOf(i), Plan(), leastCapacity(*step.body), {0, 0},
             std::move(inside), found);
      continue;
    }
    std::array<int64_t, 2> over = taken;
    for (const Residency *r : good)
      for (int trip = 0; trip < 3; ++trip) {
        int32_t at = i + trip * instance.numSteps();
        over[0] += r->isCopyingIn(at);
        over[1] += r->isCopyingOut(at);
      }
    verify(instance.bodyOf(i), body->plan, body->capacity, over,
           std::move(inside), found);
  }
}

std::vector<Violation> mempl::verify(InstanceRef instance, const Plan &plan) {
  // What else is wrong with a plan for another instance says nothing.
  if (!instance.name.empty() && plan.instance != instance.name)
    return {{.rule = Rule::V9,
             .text = "the plan is for \"" + plan.instance + "\", not for \"" +
                     std::string(instance.name) + "\""}};
  std::vector<Violation> found;
  PlanVerifier::verify(instance, plan, instance.machine.capacity, {0, 0}, {},
                       found);
  return found;
}

bool mempl::mayRunWithoutPlan(InstanceRef body) {
  std::vector<Violation> found;
  PlanVerifier::verify(body, Plan(), leastCapacity(body.program), {0, 0}, {},
                       found);
  return found.empty();
}
