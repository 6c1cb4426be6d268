//===- LowerBoundTree.cpp - branch and bound on the relaxation ------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LowerBoundTree.h"

#include <algorithm>
#include <cmath>
#include <optional>

using namespace mempl;
using namespace mempl::bound;

/// Of the climb of a node, which starts close to its top.
static constexpr Pace kNodePace = {0.02, 1e-3, 8, 0};
/// Shares that are closer to 0 or 1 are no mixture.
static constexpr float kWhole = 1e-4F;
/// Added to how undecided a decision is, so that none is forgotten.
static constexpr double kUndecided = 1e-3;

/// Calls `use` for each decision that is left, with how often it is taken now
/// and the seconds that are at stake.
template <typename Use>
static void forEachChoice(const Model &model, const Summit &summit, Use use) {
  for (const PricedValue &value : model.values)
    for (int32_t j = 0; j != value.numVisits(); ++j) {
      int32_t visit = value.firstVisit + j, gap = value.firstGap + j;
      if (model.visits[visit].isChoice())
        use(Decision{Decision::Slow, visit}, summit.slowShare[visit],
            model.visits[visit].gain);
      // In a free order the visits may be in another one; and what is held in
      // no step costs nothing.
      const Gap &before = model.gaps[gap];
      if (j != 0 && !model.isFree && before.left + 1 != before.right &&
          before.holdable && !before.held)
        use(Decision{Decision::Held, gap}, summit.heldShare[gap],
            model.copyLatency + value.copied / model.copyBandwidth);
    }
}

static Decision opposite(Decision decision) {
  decision.kind =
      decision.kind == Decision::Slow ? Decision::Fast : Decision::Open;
  return decision;
}

Tree::Tree(const Model &model, const LowerBoundOptions &options,
           const Ascent &root)
    : best(root.best), model(model), options(options) {
  if (options.maxNodes > 0 && options.linearPrograms && Master::isAvailable())
    master.emplace(model);
  Node node;
  node.bound = root.best;
  node.prices = std::make_shared<std::vector<double>>(root.bestPrices);
  open.push(std::move(node));
}

bool Tree::isDone() const {
  return nodes >= options.maxNodes ||
         (options.knownLatency > 0 && best >= options.knownLatency) ||
         (options.cancelled && options.cancelled());
}

void Tree::grow() {
  while (!isDone()) {
    if (open.empty() || open.top().bound >= closed)
      return;
    Node node = open.top();
    open.pop();
    branch(node);
    best = std::max(best,
                    std::min(closed, open.empty() ? kNever : open.top().bound));
  }
}

/// The best prices for the plans of `node`, whose model is `restricted`.
Summit Tree::climb(const Node &node, const Model &restricted) {
  LowerBoundOptions limits = options;
  limits.maxIterations = std::numeric_limits<int64_t>::max();
  limits.knownLatency = target();
  Summit summit;
  if (master) {
    summit.value = node.bound;
    summit.prices = *node.prices;
    auto cancelled = [&] { return options.cancelled && options.cancelled(); };
    iterations += master->climb(restricted, target(), cancelled, summit);
    return summit;
  }
  Ascent ascent(restricted, limits);
  ascent.refine(*node.prices, node.bound, kNodePace);
  iterations += ascent.iterations;
  summit.value = ascent.best;
  summit.prices = std::move(ascent.bestPrices);
  summit.slowShare = std::move(ascent.slowShare);
  summit.heldShare = std::move(ascent.heldShare);
  return summit;
}

/// Whether the mixture of `summit` is a whole decision throughout that costs no
/// more than what is proved, so that no further one raises the bound.
bool Tree::isLeaf(const Node &node, const Model &restricted,
                  const Summit &summit) {
  Node whole{summit.value, 0,
             std::make_shared<std::vector<double>>(summit.prices),
             node.decisions};
  bool isWhole = true;
  forEachChoice(
      restricted, summit, [&](Decision decision, float share, double) {
        isWhole &= std::min(share, 1 - share) < kWhole;
        whole.decisions.push_back(share > 0.5F ? decision : opposite(decision));
      });
  if (!isWhole)
    return false;
  Model decided = model;
  return decided.restrict(whole.decisions) &&
         climb(whole, decided).value <= summit.value * (1 + kProvenOptimal);
}

/// Climbs for the plans of `node` and opens its children.
void Tree::branch(const Node &node) {
  ++nodes;
  Model restricted = model;
  if (!restricted.restrict(node.decisions))
    return;
  Summit summit = climb(node, restricted);
  if (summit.value == kNever)
    return;
  std::optional<Decision> choice;
  double most = 0;
  if (summit.value < target() && !summit.slowShare.empty() &&
      !isLeaf(node, restricted, summit))
    forEachChoice(restricted, summit,
                  [&](Decision decision, float share, double seconds) {
                    double score =
                        (std::min(share, 1 - share) + kUndecided) * seconds;
                    if (score > most) {
                      most = score;
                      choice = decision;
                    }
                  });
  if (!choice) {
    closed = std::min(closed, summit.value);
    return;
  }
  auto prices =
      std::make_shared<const std::vector<double>>(std::move(summit.prices));
  for (Decision decision : {*choice, opposite(*choice)}) {
    Node child{summit.value, ++made, prices, node.decisions};
    child.decisions.push_back(decision);
    open.push(std::move(child));
  }
}
