//===- MsaCopies.cpp - what the copy channels can still take --------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Bandwidth is accounted for as a server with a queue. Times are measured in
// capacity, so a copy that starts after step s can begin at the capacity of all
// steps up to s, and must be complete at that of all steps before d. What a row
// of copies does to the server is a function of one number that composes, so a
// tree over starts answers whether all still complete.
//
//===----------------------------------------------------------------------===//

#include "MsaCopies.h"

#include <algorithm>
#include <cmath>

using namespace mempl;

//===----------------------------------------------------------------------===//
// RangeCounts
//===----------------------------------------------------------------------===//

RangeCounts::RangeCounts(int32_t size) : width(1) {
  while (width < size)
    width *= 2;
  most.assign(2 * static_cast<size_t>(width), 0);
  extra.assign(2 * static_cast<size_t>(width), 0);
}

void RangeCounts::add(int32_t first, int32_t last, int64_t amount) {
  if (last < first)
    return;
  auto raise = [&](int32_t node) {
    most[node] += amount;
    extra[node] += amount;
  };
  int32_t l = first + width, r = last + width;
  raise(l);
  if (l != r)
    raise(r);
  // Siblings strictly between the two paths are covered; then repair upwards.
  for (; l / 2 != r / 2; l /= 2, r /= 2) {
    if (l % 2 == 0)
      raise(l + 1);
    if (r % 2 == 1)
      raise(r - 1);
    for (int32_t parent : {l / 2, r / 2})
      most[parent] =
          std::max(most[2 * parent], most[2 * parent + 1]) + extra[parent];
  }
  for (l /= 2; l >= 1; l /= 2)
    most[l] = std::max(most[2 * l], most[2 * l + 1]) + extra[l];
}

int64_t RangeCounts::max(int32_t first, int32_t last) const {
  if (last < first)
    return INT64_MIN;
  int32_t l = first + width, r = last + width;
  int64_t left = most[l], right = most[r];
  for (; l / 2 != r / 2; l /= 2, r /= 2) {
    if (l % 2 == 0)
      left = std::max(left, most[l + 1]);
    if (r % 2 == 1)
      right = std::max(right, most[r - 1]);
    left += extra[l / 2];
    right += extra[r / 2];
  }
  int64_t result = std::max(left, right);
  for (l /= 2; l >= 1; l /= 2)
    result += extra[l];
  return result;
}

int32_t RangeCounts::lastAbove(int32_t last, int64_t limit) const {
  // Nodes that cover [0, last], from the right, with what is above them.
  int32_t node = last + width;
  auto above = [&](int32_t n) {
    int64_t sum = 0;
    for (n /= 2; n >= 1; n /= 2)
      sum += extra[n];
    return sum;
  };
  while (most[node] + above(node) <= limit) {
    while (node > 1 && node % 2 == 0)
      node /= 2;
    if (node <= 1)
      return -1;
    --node;
  }
  int64_t sum = above(node);
  while (node < width) {
    sum += extra[node];
    node = most[2 * node + 1] + sum > limit ? 2 * node + 1 : 2 * node;
  }
  return node - width;
}

//===----------------------------------------------------------------------===//
// MsaChannel
//===----------------------------------------------------------------------===//

/// Rounding must not refuse a copy that fits exactly.
static constexpr double kTolerance = 1e-12;

MsaChannel::MsaChannel(const std::vector<double> &capacity)
    : total(1, 0.0), width(1) {
  for (double c : capacity)
    total.push_back(total.back() + c);
  size_t n = capacity.size() + 1;
  while (width < static_cast<int32_t>(n))
    width *= 2;
  copies.resize(n);
  tree.resize(2 * static_cast<size_t>(width));
  startsUpTo.assign(n + 2, 0);
  donesUpTo.assign(n + 2, 0);
}

MsaChannel::Node MsaChannel::join(const Node &a, const Node &b) {
  Node node;
  node.sum = a.sum + b.sum;
  node.floor = std::max(a.floor + b.sum, b.floor);
  node.latest = std::min(a.latest, b.latest - a.sum);
  node.isPossible = a.isPossible && b.isPossible && a.floor <= b.latest;
  node.minDone = std::min(a.minDone, b.minDone);
  node.maxDone = std::max(a.maxDone, b.maxDone);
  return node;
}

MsaChannel::Node MsaChannel::leaf(int32_t start) const {
  Node node;
  double begin = before(start + 1);
  for (const Copy &copy : copies[start + 1]) {
    node.sum += copy.need;
    double end = before(copy.done);
    end += kTolerance * end;
    node.latest = std::min(node.latest, end - node.sum);
    node.minDone = std::min(node.minDone, copy.done);
    node.maxDone = std::max(node.maxDone, copy.done);
  }
  if (!copies[start + 1].empty()) {
    node.floor = begin + node.sum;
    node.isPossible = begin <= node.latest;
  }
  return node;
}

void MsaChannel::update(int32_t start) {
  int32_t node = start + 1 + width;
  tree[node] = leaf(start);
  for (node /= 2; node >= 1; node /= 2)
    tree[node] = join(tree[2 * node], tree[2 * node + 1]);
}

void MsaChannel::count(int32_t start, int32_t done, int32_t sign) {
  auto raise = [&](std::vector<int32_t> &sums, int32_t at) {
    for (size_t i = static_cast<size_t>(at) + 1; i < sums.size(); i += i & -i)
      sums[i] += sign;
  };
  raise(startsUpTo, start + 1);
  raise(donesUpTo, done);
}

void MsaChannel::force(int32_t start, int32_t done, double need) {
  copies[start + 1].push_back({done, need});
  update(start);
  count(start, done, 1);
}

bool MsaChannel::add(int32_t start, int32_t done, double need) {
  copies[start + 1].push_back({done, need});
  update(start);
  if (tree[1].isPossible) {
    count(start, done, 1);
    return true;
  }
  copies[start + 1].pop_back();
  update(start);
  return false;
}

void MsaChannel::remove(int32_t start, int32_t done, double need) {
  auto &list = copies[start + 1];
  // The one that came last: proposals take back what they have just added.
  for (size_t i = list.size(); i-- > 0;)
    if (list[i].done == done && list[i].need == need) {
      list.erase(list.begin() + static_cast<std::ptrdiff_t>(i));
      break;
    }
  update(start);
  count(start, done, -1);
}

int64_t MsaChannel::numOverlapping(int32_t start, int32_t done) const {
  auto sum = [](const std::vector<int32_t> &sums, int32_t upTo) {
    int64_t result = 0;
    for (size_t i = static_cast<size_t>(upTo) + 1; i > 0; i -= i & -i)
      result += sums[i];
    return result;
  };
  // Those that start in time less those that are done before it begins. An
  // exclusive start counts as part of a copy's time.
  auto n = static_cast<int32_t>(total.size()) - 1;
  return sum(startsUpTo, std::min(done + 1, n)) -
         (start > 0 ? sum(donesUpTo, start - 1) : 0);
}

bool MsaChannel::breaksConstraint(int32_t start, int32_t done) const {
  Node before, after;
  // The most done of those that start before, the least of those after.
  for (int32_t node = start + 1 + width; node > 1; node /= 2)
    if (node % 2 == 1)
      before.maxDone = std::max(before.maxDone, tree[node - 1].maxDone);
    else
      after.minDone = std::min(after.minDone, tree[node + 1].minDone);
  return before.maxDone > done || after.minDone < done;
}

std::vector<double> MsaChannel::unused() const {
  std::vector<double> left;
  for (size_t i = 0; i + 1 < total.size(); ++i)
    left.push_back(total[i + 1] - total[i]);
  double free = 0;
  for (size_t s = 0; s < copies.size(); ++s)
    for (const Copy &copy : copies[s]) {
      double begin = std::max(free, total[s]), end = begin + copy.need;
      for (size_t i = s; i < left.size() && total[i] < end; ++i)
        left[i] -= std::max(0.0, std::min(end, total[i + 1]) -
                                     std::max(begin, total[i]));
      free = end;
    }
  return left;
}

//===----------------------------------------------------------------------===//
// MsaFlights
//===----------------------------------------------------------------------===//

MsaFlights::MsaFlights(const PlanEditor &editor) {
  const Machine &m = editor.index().machine();
  if (m.maxCopiesIn == 0 && m.maxCopiesOut == 0)
    return;
  int32_t n = editor.index().numSteps();
  for (int c : {0, 1}) {
    int64_t limit = c == Timeline::In ? m.maxCopiesIn : m.maxCopiesOut;
    counts.push_back({limit > 0 ? limit : INT64_MAX / 4, RangeCounts(n + 1),
                      RangeCounts(n + 1)});
    for (int32_t i = 0; i < n; ++i) {
      const LoopPlan *loop = editor.loopPlan(i);
      // A body without copies in this direction limits nothing.
      bool hasCopies = loop && loop->inFlight[c] > 0;
      counts.back().loops.add(i, i,
                              hasCopies ? loop->inFlight[c] : INT64_MIN / 4);
    }
  }
}

bool MsaFlights::allows(Timeline::Channel channel, int32_t issue,
                        int32_t await) const {
  if (counts.empty())
    return true;
  const Counts &c = counts[channel];
  return c.boundaries.max(issue, await) < c.limit &&
         c.loops.max(issue, await - 1) < c.limit;
}

void MsaFlights::add(Timeline::Channel channel, int32_t issue, int32_t await,
                     int32_t sign) {
  if (counts.empty())
    return;
  counts[channel].boundaries.add(issue, await, sign);
  counts[channel].loops.add(issue, await - 1, sign);
}
