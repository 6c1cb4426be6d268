//===- CostModel.h - seconds of an op on a target ---------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compute time without memory traffic, which the simulator adds: operations
// over the rate of the target (the roofline's flat part), or what the op
// declares, or what a profile measured.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_ANALYSIS_COSTMODEL_H
#define MEMPL_ANALYSIS_COSTMODEL_H

#include "mempl/IR/Namespace.h"

#include "mempl/Analysis/CostOpInterface.h"
#include "mempl/Analysis/Target.h"

#include "mlir/IR/Operation.h"

#include <map>
#include <memory>
#include <set>
#include <string>

namespace mempl::ir {

/// Measured seconds by key: the name of an op's location, `file:line:column`,
/// or the op's name, in this order of preference.
using Profile = std::map<std::string, double>;

/// Reads a profile: `{"version": 1, "seconds": {"key": seconds, ..}}`, plain or
/// gzip. Seconds are finite and not negative. Errors name file and line.
llvm::Expected<Profile> readProfile(llvm::StringRef path);
/// The same of the text of a file; `file` is its name in errors.
llvm::Expected<Profile> parseProfile(llvm::StringRef json,
                                     llvm::StringRef file);

class CostModel {
public:
  explicit CostModel(const TargetDescription &target, Profile profile = {});

  /// Seconds that `op` computes, all that is inside of it included.
  double computeSeconds(Operation *op) const;

  /// "2 of 3 keys match no op: 'linalg.matmull' (did you mean
  /// 'linalg.matmul'?), ..", or an empty text if computeSeconds() was asked
  /// about an op for every key of the profile. The ops in `module` are what a
  /// user can have meant.
  std::string describeUnmatched(Operation *module) const;

private:
  ComputeRates matrix, vector;
  Profile profile;
  /// Keys of ops that were asked about; copies of a model share them.
  std::shared_ptr<std::set<std::string>> matched =
      std::make_shared<std::set<std::string>>();
};

} // namespace mempl::ir

#endif // MEMPL_ANALYSIS_COSTMODEL_H
