//===- Refinement.h - a search from one plan --------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which values are in fast memory when is what most of the latency depends on,
// and offsets are most of what makes moves fail. So most of the limits go to
// plans without offsets, on the profile of fast memory; then the best of these
// is packed (ProfilePacking.h), and the rest of the moves mend what that had to
// drop.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_SOLVERS_REFINEMENT_H
#define MEMPL_LIB_SOLVERS_REFINEMENT_H

#include "Arrangement.h"
#include "Openings.h"

#include "mempl/Solvers/ProfilePacking.h"
#include "mempl/Solvers/Solver.h"

namespace mempl {

/// A search in one program, under limits.
class Refinement {
public:
  /// Smaller programs are searched as well without what is done for large ones.
  static constexpr int32_t kManyUses = 4000;

  /// What becomes of the plan to begin with: one of several, or, if it is to be
  /// polished, the only one, from which annealing does not go far.
  enum class Start : uint8_t { Compete, Polish };

  /// All have to outlive it.
  Refinement(const AccessIndex &index, llvm::ArrayRef<LoopChoices> loops,
             const OpeningSources &sources, Effort &effort, Start start)
      : index(index), loops(loops), sources(sources), effort(effort),
        start(start) {}

  /// The best plan found. `begin` is a plan with offsets, and its latency;
  /// `first` one on the profile, which need not be packable.
  Solution run(const Solution &begin, Plan first);

private:
  /// When what is in fast memory when is decided, in shares of the limits: with
  /// so much, and where it could not be packed so much more, up to the last.
  static constexpr double kProfileShare = 0.7, kOtherShare = 0.07,
                          kLastShare = 0.92;
  /// A large program is packed on trial when so much is over. If that costs
  /// more than such a share of the latency, so much of fast memory is left free
  /// from then on, and more where packing still costs something.
  static constexpr double kTrialShare = 0.4, kTrialLoss = 1e-2, kLoss = 1e-3,
                          kMargin = 0.08;
  /// If the first plan loses so much when it is packed, the search goes on with
  /// offsets at once: on the profile it would only get harder to pack.
  static constexpr double kHardToPack = 3e-2;
  static constexpr int64_t kTrialRounds = 20, kPackingRounds = 120;
  /// Until so much of the limits is used, passes may make plans to begin with:
  /// by the policy, and where the order is free in other orders.
  static constexpr double kPolicyShare = 0.35, kOrdersShare = 0.3,
                          kPolicyOrdersShare = 0.4;

  /// Of the temperatures, where a plan is polished.
  static constexpr double kPolishingHeat = 0.1;

  Annealer annealerOf(Arrangement &arrangement, Addressing addressing) const;
  double openingShare() const;
  DecodedPlan bestOpening(DecodedPlan first);
  bool packFirst(const DecodedPlan &first);
  void searchOnProfile(Plan plan, Annealer &annealer);
  AnnealerProbe packingTrial(bool &packsBadly) const;
  ProfilePacking packInOrder(const Plan &profile, int64_t rounds,
                             double until) const;
  DecodedPlan mended(ProfilePacking packed) const;
  double profileLatency(const Plan &plan) const;
  void offer(DecodedPlan packed, int64_t moves);
  void tell(int64_t moves) const;

  const AccessIndex &index;
  llvm::ArrayRef<LoopChoices> loops;
  const OpeningSources &sources;
  Effort &effort;
  const Start start;
  DecodedPlan best; ///< With offsets.
};

} // namespace mempl

#endif // MEMPL_LIB_SOLVERS_REFINEMENT_H
