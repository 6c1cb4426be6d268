//===- LowerBoundPath.cpp - the cheapest behaviour of each value ----------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For fixed prices every value goes its own way: a shortest path over its
// visits with the states slow (valid there, not in fast memory), clean (in
// both), dirty (in fast memory only) and none (valid nowhere). In a gap between
// two visits it is held, dropped, copied out, fetched, or copied out and
// fetched again; a read can be accompanied by a copy during its own step.
//
// Each of these costs at most what a valid plan pays for it:
//  * a copy in moves its bytes somewhere between its issue and its await; the
//    path holds the memory only from the step of the cheapest of these places;
//  * a copy out is issued after the last write at the earliest; the path
//    holds the memory only up to the step of the cheapest place;
//  * the latency of a copy passes before its first byte, and after the last
//    write of the value, wherever the channel is cheapest.
// Carried residencies start clean and have to end clean; the `maxCarried`
// values that gain most by it are carried, which is the exact optimum.
//
//===----------------------------------------------------------------------===//

#include "LowerBoundModel.h"

#include <algorithm>

using namespace mempl;
using namespace mempl::bound;

/// Gaps of at most so many steps are searched through.
static constexpr int32_t kShortGap = 32;
/// Stands for a place that is not looked for until it is needed.
static constexpr int32_t kSomewhere = -1;

PathSolver::PathSolver(const Model &model) : model(model) {
  size_t n = model.numSteps;
  rents.assign(n + 1, 0.0);
  for (std::vector<double> &row : stairRents)
    row.assign(n + 1, 0.0);
  for (std::vector<double> *row : {&stepIn, &stepOut, &anyIn, &anyOut})
    row->assign(n, 0.0);
  anyStairs = llvm::any_of(model.stairUsed, [](bool used) { return used; });
  waitIn.assign(n + 1, 0.0);
  waitOut.assign(n + 1, 0.0);
}

void PathSolver::prepare(const Prices &prices) {
  current = &prices;
  feasible = true;
  if (recording) {
    slowVisits.assign(model.visits.size(), 0);
    heldGaps.assign(model.gaps.size(), 0);
  }
  int32_t n = model.numSteps;
  auto sum = [n](llvm::ArrayRef<double> from, std::vector<double> &to) {
    for (int32_t k = 0; k != n; ++k)
      to[k + 1] = to[k] + from[k];
  };
  sum(prices.capacity, rents);
  for (int j = 0; j != kNumStairs; ++j)
    if (model.stairUsed[j])
      sum(prices.stair[j], stairRents[j]);

  double slow = 1 / model.slowBandwidth, copy = 1 / model.copyBandwidth;
  for (int32_t k = 0; k <= n; ++k) {
    waitIn[k] = prices.busWait[k] * slow + prices.inWait[k] * copy;
    waitOut[k] = prices.busWait[k] * slow + prices.outWait[k] * copy;
  }
  for (int32_t k = 0; k != n; ++k) {
    double rate = 1 / model.steps[k].copyRate;
    stepIn[k] = prices.bus[k] * slow + prices.in[k] * rate;
    stepOut[k] = prices.bus[k] * slow + prices.out[k] * rate;
    anyIn[k] = std::min(stepIn[k], waitIn[k]);
    anyOut[k] = std::min(stepOut[k], waitOut[k + 1]);
  }
  // Only large values ask for it, and decisions.
  if (anyStairs || recording || model.isFree)
    cheapestIn.build(model.isFree ? stepIn : anyIn);
  cheapestOut.build(model.isFree ? stepOut : anyOut);
  if (!model.isFree) {
    scratch.resize(n);
    for (int32_t k = 0; k != n; ++k)
      scratch[k] = anyIn[k] - rents[k];
    rentedIn.build(scratch);
    for (int32_t k = 0; k != n; ++k)
      scratch[k] = anyOut[k] + rents[k + 1];
    rentedOut.build(scratch);
  }

  auto positive = [](double price) { return price > 0; };
  latencyPriced =
      model.copyLatency > 0 && (llvm::any_of(prices.inWait, positive) ||
                                llvm::any_of(prices.outWait, positive));
  if (!latencyPriced)
    return;
  if (model.isFree) {
    idleIn.build(prices.in);
    idleOut.build(prices.out);
    return;
  }
  for (int32_t k = 0; k != n; ++k)
    scratch[k] = std::min(prices.in[k], prices.inWait[k]);
  idleIn.build(scratch);
  for (int32_t k = 0; k != n; ++k)
    scratch[k] = std::min(prices.out[k], prices.outWait[k + 1]);
  idleOut.build(scratch);
}

/// Price of holding the value during the steps [from, to).
double PathSolver::rent(const PricedValue &value, int32_t from,
                        int32_t to) const {
  double sum = value.held * (rents[to] - rents[from]);
  for (int j = value.firstStair; j != kNumStairs; ++j)
    sum += value.stairs[j] * (stairRents[j][to] - stairRents[j][from]);
  return sum;
}

/// Price of holding the value from one end of the gap to the other, while its
/// slow contents are not valid if the order is free.
double PathSolver::rentAcross(const PricedValue &value, const Gap &gap) const {
  if (!gap.holdable)
    return kNever;
  if (!model.isFree)
    return rent(value, gap.left + 1, gap.right);
  double sum = 0;
  for (Span span : model.spansOf(gap.between))
    sum += rent(value, span.from, span.to);
  return sum;
}

/// In a free order: the cheapest one of steps in `spans` and a wait.
PathSolver::Move PathSolver::cheapest(llvm::ArrayRef<Span> spans,
                                      const RangeMinimum &steps, double wait) {
  Move best{wait, 0, true};
  for (Span span : spans)
    if (double least = steps.minimum(span.from, span.to); least < best.cost)
      best = {least, steps.lastAtMost(span.from, span.to, least), false};
  return best;
}

/// Cheapest copy in that lands at the right end of the gap. Waiting there
/// holds nothing in the gap. Small values pay the same rent per byte, so their
/// cheapest place is a minimum over a range (the bytes lost to alignment are
/// not charged while the copy is in flight). For the others, each place is
/// tried, nearest first, until the rent alone costs more than the best one.
PathSolver::Move PathSolver::moveIn(const PricedValue &value,
                                    const Gap &gap) const {
  if (model.isFree) {
    Move move = cheapest(model.spansOf(gap.in), cheapestIn, waitIn[0]);
    move.cost *= value.copied;
    return move;
  }
  Move best{value.copied * waitIn[gap.right], gap.right, true};
  int32_t first = gap.firstIn, end = gap.right;
  if (first >= end)
    return best;
  if (value.firstStair == kNumStairs) {
    double cost =
        value.copied * (rentedIn.minimum(first, end) + rents[gap.right]);
    if (cost < best.cost)
      best = Move{cost, kSomewhere, false};
    return best;
  }
  double lowest = cheapestIn.minimum(first, end);
  double least = value.copied * lowest;
  if (!(least < best.cost))
    return best;
  // Whatever is farther away than a cheapest place only holds longer.
  if (end - first > kShortGap)
    first = cheapestIn.lastAtMost(first, end, lowest);
  for (int32_t k = end - 1; k >= first; --k) {
    double held = rent(value, k, gap.right);
    if (least + held >= best.cost)
      break;
    double cost = value.copied * anyIn[k] + held;
    if (cost < best.cost)
      best = Move{cost, k, waitIn[k] < stepIn[k]};
  }
  return best;
}

/// Cheapest copy out of a value that is dropped in the gap.
PathSolver::Move PathSolver::moveOut(const PricedValue &value,
                                     const Gap &gap) const {
  if (model.isFree)
    return moveOutWhenever(value, gap);
  int32_t first = gap.left + 1, end = gap.endOut;
  Move best{value.copied * waitOut[first], first, true};
  if (first >= end)
    return best;
  if (value.firstStair == kNumStairs) {
    double cost = value.copied * (rentedOut.minimum(first, end) - rents[first]);
    if (cost < best.cost)
      best = Move{cost, kSomewhere, false};
    return best;
  }
  double lowest = cheapestOut.minimum(first, end);
  double least = value.copied * lowest;
  if (!(least < best.cost))
    return best;
  if (end - first > kShortGap)
    end = cheapestOut.firstAtMost(first, end, lowest) + 1;
  for (int32_t k = first; k < end; ++k) {
    double held = rent(value, first, k + 1);
    if (least + held >= best.cost)
      break;
    double cost = value.copied * anyOut[k] + held;
    if (cost < best.cost) {
      bool wait = waitOut[k + 1] < stepOut[k];
      best = Move{cost, wait ? k + 1 : k, wait};
    }
  }
  return best;
}

/// The same in a free order.
PathSolver::Move PathSolver::moveOutWhenever(const PricedValue &value,
                                             const Gap &gap) const {
  Move move = cheapest(model.spansOf(gap.out), cheapestOut, waitOut[0]);
  move.cost *= value.copied;
  return move;
}

/// Finds the place that moveIn() has only the cost of.
void PathSolver::locateIn(const Gap &gap, Move &move) const {
  if (move.at != kSomewhere)
    return;
  double least = rentedIn.minimum(gap.firstIn, gap.right);
  move.at = rentedIn.lastAtMost(gap.firstIn, gap.right, least);
  move.wait = waitIn[move.at] < stepIn[move.at];
}

void PathSolver::locateOut(const Gap &gap, Move &move) const {
  if (move.at != kSomewhere)
    return;
  double least = rentedOut.minimum(gap.left + 1, gap.endOut);
  int32_t k = rentedOut.firstAtMost(gap.left + 1, gap.endOut, least);
  move.wait = waitOut[k + 1] < stepOut[k];
  move.at = move.wait ? k + 1 : k;
}

/// Cheapest copy out of a value that stays through the gap, without rent.
double PathSolver::costWhileHeld(const PricedValue &value,
                                 const Gap &gap) const {
  if (model.isFree)
    return moveOutWhenever(value, gap).cost;
  return value.copied *
         std::min({waitOut[gap.right], waitOut[gap.left + 1],
                   cheapestOut.minimum(gap.left + 1, gap.right)});
}

PathSolver::Move PathSolver::moveWhileHeld(const PricedValue &value,
                                           const Gap &gap) const {
  if (model.isFree)
    return moveOutWhenever(value, gap);
  double cost = costWhileHeld(value, gap);
  for (int32_t boundary : {gap.right, gap.left + 1})
    if (value.copied * waitOut[boundary] == cost)
      return {cost, boundary, true};
  double least = cheapestOut.minimum(gap.left + 1, gap.right);
  int32_t k = cheapestOut.firstAtMost(gap.left + 1, gap.right, least);
  bool wait = waitOut[k + 1] < stepOut[k];
  return {cost, wait ? k + 1 : k, wait};
}

/// Cheapest copy in of a value whose bytes are held all the while.
PathSolver::Move PathSolver::moveInWhileHeld(const PricedValue &value,
                                             const Gap &gap) const {
  Move best{value.copied * waitIn[gap.right], gap.right, true};
  double least = cheapestIn.minimum(gap.left + 1, gap.right);
  if (value.copied * least < best.cost) {
    int32_t k = cheapestIn.lastAtMost(gap.left + 1, gap.right, least);
    best = {value.copied * least, k, waitIn[k] < stepIn[k]};
  }
  return best;
}

/// Least price of the latency of a copy in whose bytes move at `boundary` or
/// before; it may have been issued since the last write.
double PathSolver::latencyIn(const Gap &gap, int32_t boundary) const {
  if (!latencyPriced)
    return 0;
  if (model.isFree)
    return model.copyLatency *
           cheapest(model.spansOf(gap.in), idleIn, current->inWait[0]).cost;
  return model.copyLatency * std::min(idleIn.minimum(gap.sinceWrite, boundary),
                                      current->inWait[boundary]);
}

double PathSolver::latencyOut(const Gap &gap, int32_t boundary) const {
  if (!latencyPriced)
    return 0;
  if (model.isFree)
    return model.copyLatency *
           cheapest(model.spansOf(gap.out), idleOut, current->outWait[0]).cost;
  return model.copyLatency * std::min(idleOut.minimum(gap.sinceWrite, boundary),
                                      current->outWait[gap.sinceWrite]);
}

/// From the costs of the states after a visit to those before the next one.
void PathSolver::crossGap(const PricedValue &value, const Gap &gap, Row &row,
                          double (&cost)[4]) const {
  double slow = cost[Slow], clean = cost[Clean], dirty = cost[Dirty];
  row.slow = Slow;
  if (clean < slow)
    slow = clean, row.slow = Clean;
  if (dirty < slow) {
    double out = dirty + moveOut(value, gap).cost + latencyOut(gap, gap.right);
    if (out < slow)
      slow = out, row.slow = Dirty;
  }

  double held = rentAcross(value, gap);
  // In a free order it is cleaned as soon as it may be.
  double heldClean = model.isFree && gap.holdable ? 0 : held;
  double before = clean + heldClean;
  row.clean = Held;
  if (dirty + heldClean < before) {
    double cleaned = dirty + heldClean + costWhileHeld(value, gap) +
                     latencyOut(gap, gap.right);
    if (cleaned < before)
      before = cleaned, row.clean = Cleaned;
  }
  if (slow < before) {
    double fetched = slow + moveIn(value, gap).cost + latencyIn(gap, gap.right);
    if (fetched < before)
      before = fetched, row.clean = Fetched;
  }
  cost[Slow] = slow;
  cost[Clean] = before;
  cost[None] = std::min(cost[None], dirty);
  cost[Dirty] = dirty + held;
}

/// The same where the value has its bytes from one end of the gap to the other,
/// for whatever: a copy may also be in flight all the time, and move what it
/// does here, before, or after.
void PathSolver::crossHeldGap(const PricedValue &value, const Gap &gap,
                              Row &row, double (&cost)[4]) const {
  double held = rentAcross(value, gap);
  double slow = cost[Slow] + held, clean = cost[Clean] + held;
  double dirty = cost[Dirty] + held;
  double cleaned =
      dirty + costWhileHeld(value, gap) + latencyOut(gap, gap.right);
  row.slow = Slow;
  if (clean < slow)
    slow = clean, row.slow = Clean;
  if (cleaned < slow)
    slow = cleaned, row.slow = Dirty;
  row.clean = Held;
  if (cleaned < clean)
    clean = cleaned, row.clean = Cleaned;
  double fetched =
      slow + moveInWhileHeld(value, gap).cost + latencyIn(gap, gap.right);
  if (fetched < clean)
    clean = fetched, row.clean = Fetched;
  cost[Slow] = slow;
  cost[Clean] = clean;
  cost[Dirty] = dirty;
  cost[None] = kNever; // Who holds what nobody needs may as well drop it.
}

/// From the costs of the states before a visit to those after it. This and
/// crossGap() are where the time goes: of ways whose first terms cost too much
/// already, the others are not asked for.
void PathSolver::visit(const PricedValue &value, int32_t index, const Gap &gap,
                       Row &row, double (&cost)[4]) const {
  const Visit &visit = model.visits[index];
  double served = visit.isChoice() ? current->visit[index] : 0;
  double held = rent(value, visit.step, visit.step + 1);
  const double slow = cost[Slow], clean = cost[Clean], dirty = cost[Dirty];
  cost[Slow] = cost[Clean] = cost[Dirty] = kNever;
  auto reach = [&](State state, double price, State from, uint8_t flags = 0) {
    cost[state] = price;
    row.after[state] = {from, flags};
  };
  if (!visit.reads) {
    State from = Slow;
    double least = slow;
    if (clean < least)
      least = clean, from = Clean;
    if (dirty < least)
      least = dirty, from = Dirty;
    if (cost[None] < least)
      least = cost[None], from = None;
    cost[None] = kNever;
    if (visit.canBeSlow)
      reach(Slow, least + served, from, ServedSlow);
    if (visit.canBeFast)
      reach(Dirty, least + held, from);
    return;
  }
  cost[None] = kNever;
  if (visit.canBeSlow)
    reach(Slow, slow + served, Slow, ServedSlow);
  if (visit.writes) {
    if (visit.canBeFast)
      reach(Dirty, std::min(dirty, clean) + held,
            clean + held < dirty + held ? Clean : Dirty);
    return;
  }
  if (visit.canBeFast) {
    reach(Clean, clean + held, Clean);
    if (dirty + held < cost[Clean]) {
      double price = dirty + held + value.copied * stepOut[visit.step] +
                     latencyOut(gap, visit.step + 1);
      if (price < cost[Clean])
        reach(Clean, price, Dirty, CopyOut);
    }
    reach(Dirty, dirty + held, Dirty);
  }
  // In a free order the others may come first, and none be beside this one.
  if (model.isFree && visit.canBeSlow && clean + served < cost[Clean])
    reach(Clean, clean + served, Clean, ServedSlow);
  if (!model.isFree && visit.canBeSlow && visit.fits) {
    // The old copy is read while a copy in is in flight, and moves its bytes
    // during this step or has moved them before.
    if (slow + served + held < cost[Clean]) {
      double price = slow + served + held + value.copied * stepIn[visit.step] +
                     latencyIn(gap, visit.step + 1);
      if (price < cost[Clean])
        reach(Clean, price, Slow, ServedSlow | CopyIn);
    }
    if (clean + served + held < cost[Clean])
      reach(Clean, clean + served + held, Clean, ServedSlow);
  }
}

double PathSolver::solveValue(const PricedValue &value, bool carried) {
  int32_t count = value.numVisits();
  if (static_cast<int32_t>(rows.size()) <= count)
    rows.resize(count + 1);
  double cost[4] = {kNever, kNever, kNever, kNever};
  if (value.input)
    cost[Slow] = 0;
  else
    cost[None] = 0;
  if (carried)
    cost[Clean] = 0;
  for (int32_t j = 0; j <= count; ++j) {
    const Gap &gap = model.gaps[value.firstGap + j];
    // Nothing happens before the first write, nor after the last use of what
    // nobody needs any more.
    if (j == count && !carried && !value.output)
      break;
    if (gap.held)
      crossHeldGap(value, gap, rows[j], cost);
    else if (j != 0 || value.input)
      crossGap(value, gap, rows[j], cost);
    if (j != count)
      visit(value, value.firstVisit + j, gap, rows[j], cost);
  }
  lastState = Slow;
  if (carried || (value.output && cost[Clean] < cost[Slow]))
    lastState = Clean;
  else if (!value.output)
    for (State state : {Clean, Dirty, None})
      if (cost[state] < cost[lastState])
        lastState = state;
  return cost[lastState];
}

/// Bytes that moveIn() and moveOut() charge rent for while a copy is in flight.
static double inFlight(const PricedValue &value) {
  return value.firstStair == kNumStairs ? value.copied : value.held;
}

void PathSolver::hold(const PricedValue &value, double bytes, int32_t from,
                      int32_t to) {
  if (from >= to)
    return;
  usage[from] += bytes;
  usage[to] -= bytes;
  for (int j = value.firstStair; j != kNumStairs; ++j) {
    stairUsage[j][from] += value.stairs[j];
    stairUsage[j][to] -= value.stairs[j];
  }
}

/// The same between two visits, in a fixed order.
void PathSolver::holdAcross(const PricedValue &value, double bytes,
                            int32_t from, int32_t to) {
  if (!model.isFree)
    hold(value, bytes, from, to);
}

void PathSolver::chargeIn(const PricedValue &value, const Gap &gap,
                          const Move &move, Prices &slope) const {
  (move.wait ? slope.busWait : slope.bus)[move.at] +=
      value.copied / model.slowBandwidth;
  (move.wait ? slope.inWait : slope.in)[move.at] += channelTime(value, move);
  if (!latencyPriced)
    return;
  if (model.isFree) {
    Move idle = cheapest(model.spansOf(gap.in), idleIn, current->inWait[0]);
    (idle.wait ? slope.inWait : slope.in)[idle.at] += model.copyLatency;
    return;
  }
  int32_t boundary = gap.right;
  double least = idleIn.minimum(gap.sinceWrite, boundary);
  if (least < current->inWait[boundary]) {
    int32_t k = idleIn.lastAtMost(gap.sinceWrite, boundary, least);
    bool wait = current->inWait[k] < current->in[k];
    (wait ? slope.inWait : slope.in)[k] += model.copyLatency;
  } else {
    slope.inWait[boundary] += model.copyLatency;
  }
}

void PathSolver::chargeOut(const PricedValue &value, const Gap &gap,
                           const Move &move, Prices &slope) const {
  (move.wait ? slope.busWait : slope.bus)[move.at] +=
      value.copied / model.slowBandwidth;
  (move.wait ? slope.outWait : slope.out)[move.at] += channelTime(value, move);
  if (!latencyPriced)
    return;
  if (model.isFree) {
    Move idle = cheapest(model.spansOf(gap.out), idleOut, current->outWait[0]);
    (idle.wait ? slope.outWait : slope.out)[idle.at] += model.copyLatency;
    return;
  }
  int32_t first = gap.sinceWrite;
  double least = idleOut.minimum(first, gap.right);
  if (least < current->outWait[first]) {
    int32_t k = idleOut.firstAtMost(first, gap.right, least);
    bool wait = current->outWait[k + 1] < current->out[k];
    (wait ? slope.outWait : slope.out)[wait ? k + 1 : k] += model.copyLatency;
  } else {
    slope.outWait[first] += model.copyLatency;
  }
}

/// Walks back through a gap: `state` is before the visit, then after the last.
void PathSolver::traceGap(const PricedValue &value, const Gap &gap,
                          const Row &row, uint8_t &state, Prices &slope) {
  bool stays = state == Dirty || (state == Clean && row.clean != Fetched);
  if (stays || gap.held) {
    holdAcross(value, value.held, gap.left + 1, gap.right);
    if (model.isFree && state == Dirty)
      for (Span span : model.spansOf(gap.between))
        hold(value, value.held, span.from, span.to);
    if (recording)
      heldGaps[&gap - model.gaps.data()] = 1;
  }
  if (state == None || state == Dirty) {
    state = Dirty;
    return;
  }
  if (stays) {
    if (row.clean == Cleaned) {
      chargeOut(value, gap, moveWhileHeld(value, gap), slope);
      state = Dirty;
    }
    return;
  }
  if (state == Clean) {
    Move move = gap.held ? moveInWhileHeld(value, gap) : moveIn(value, gap);
    locateIn(gap, move);
    if (!gap.held)
      holdAcross(value, inFlight(value), move.at, gap.right);
    chargeIn(value, gap, move, slope);
  }
  state = row.slow;
  if (state == Dirty) {
    Move move = gap.held ? moveWhileHeld(value, gap) : moveOut(value, gap);
    locateOut(gap, move);
    if (!gap.held)
      holdAcross(value, inFlight(value), gap.left + 1,
                 move.wait ? move.at : move.at + 1);
    chargeOut(value, gap, move, slope);
  }
}

void PathSolver::trace(const PricedValue &value, bool carried, Prices &slope) {
  uint8_t state = lastState;
  int32_t count = value.numVisits();
  for (int32_t j = count; j >= 0; --j) {
    const Gap &gap = model.gaps[value.firstGap + j];
    if (j != count) {
      int32_t step = gap.right;
      const Choice &choice = rows[j].after[state];
      if (state != Slow && !(model.isFree && choice.flags & ServedSlow))
        hold(value, value.held, step, step + 1);
      if (choice.flags & ServedSlow) {
        slope.visit[value.firstVisit + j] += 1;
        if (recording)
          slowVisits[value.firstVisit + j] = 1;
      }
      Gap ends = gap; // The copy moves its bytes by the end of this step.
      ends.right = step + 1;
      Move move{0, step, false};
      if (choice.flags & CopyIn)
        chargeIn(value, ends, move, slope);
      if (choice.flags & CopyOut)
        chargeOut(value, ends, move, slope);
      state = choice.from;
    }
    if (j == count && !carried && !value.output)
      continue;
    if (j != 0 || value.input)
      traceGap(value, gap, rows[j], state, slope);
  }
}

void PathSolver::clearUsage() {
  usage.assign(model.numSteps + 1, 0.0);
  for (int j = 0; j != kNumStairs; ++j)
    if (model.stairUsed[j])
      stairUsage[j].assign(model.numSteps + 1, 0.0);
}

void PathSolver::addUsage(Prices &slope) {
  auto add = [&](llvm::ArrayRef<double> differences,
                 llvm::MutableArrayRef<double> to) {
    double held = 0;
    for (int32_t k = 0; k != model.numSteps; ++k) {
      held += differences[k];
      to[k] += held;
    }
  };
  add(usage, slope.capacity);
  for (int j = 0; j != kNumStairs; ++j)
    if (model.stairUsed[j])
      add(stairUsage[j], slope.stair[j]);
}

/// Values that may be carried: those that gain most by it are.
double PathSolver::solveShared(Prices &slope) {
  double total = 0;
  std::vector<std::pair<double, const PricedValue *>> savings;
  for (const PricedValue &value : model.values) {
    if (!value.carriable)
      continue;
    double kept = solveValue(value, true);
    double cost = solveValue(value, false);
    if (cost == kNever) { // No plan is valid, and any bound right.
      feasible = false;
      continue;
    }
    total += cost;
    if (kept < cost)
      savings.push_back({kept - cost, &value});
    else
      trace(value, false, slope);
  }
  std::sort(savings.begin(), savings.end());
  for (size_t rank = 0; rank != savings.size(); ++rank) {
    auto [saving, value] = savings[rank];
    bool carried = static_cast<int64_t>(rank) < model.maxCarried;
    if (carried)
      total += saving;
    solveValue(*value, carried);
    trace(*value, carried, slope);
  }
  return total;
}

double PathSolver::solve(const Prices &prices, Prices &slope) {
  prepare(prices);
  clearUsage();
  double total = solveShared(slope);
  for (const PricedValue &value : model.values) {
    if (value.carriable)
      continue;
    double cost = solveValue(value, false);
    if (cost == kNever) {
      feasible = false;
      continue;
    }
    total += cost;
    trace(value, false, slope);
  }
  addUsage(slope);
  return total;
}

void PathSolver::solveEach(const Prices &prices, Prices &slope,
                           llvm::function_ref<void(double)> use) {
  prepare(prices);
  clearUsage();
  double shared = solveShared(slope);
  addUsage(slope);
  use(shared);
  for (const PricedValue &value : model.values) {
    if (value.carriable)
      continue;
    clearUsage();
    double cost = solveValue(value, false);
    if (cost == kNever) {
      feasible = false;
      cost = 0;
    } else {
      trace(value, false, slope);
    }
    addUsage(slope);
    use(cost);
  }
}
