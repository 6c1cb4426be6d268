//===- PolicyOption.h - the policy of a solver ------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_SOLVERS_POLICYOPTION_H
#define MEMPL_LIB_SOLVERS_POLICYOPTION_H

#include "mempl/Solvers/SegmentPolicy.h"
#include "mempl/Solvers/SolverOptionTable.h"

#include <optional>

namespace mempl {

/// The policy that the option `weights` of a solver names.
class PolicyOption {
public:
  void declare(SolverOptionTable &table) {
    table.addFile("weights", weights, "those of the policy")
        .byDefault("those that come with mempl");
  }
  /// Reads it, once.
  llvm::Error load() {
    if (policy)
      return llvm::Error::success();
    auto read = SegmentPolicy::read(weights);
    if (!read)
      return read.takeError();
    policy = std::move(*read);
    return llvm::Error::success();
  }

  explicit operator bool() const { return policy.has_value(); }
  const SegmentPolicy &operator*() const { return *policy; }
  const SegmentPolicy *operator->() const { return &*policy; }

private:
  std::string weights;
  std::optional<SegmentPolicy> policy;
};

} // namespace mempl

#endif // MEMPL_LIB_SOLVERS_POLICYOPTION_H
