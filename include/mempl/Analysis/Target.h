//===- Target.h - descriptions of machines ----------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A target is a machine of docs/Problem.md, the names of its two memories, and
// the rates at which it computes. The presets are the files of targets/, built
// into the library; docs/Targets.md has the format.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_ANALYSIS_TARGET_H
#define MEMPL_ANALYSIS_TARGET_H

#include "mempl/IR/Namespace.h"

#include "mempl/Problem/Instance.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

#include <map>
#include <string>
#include <vector>

namespace mempl::ir {

/// Operations per second by element type, as MLIR prints it ("bf16", "i8").
struct ComputeRates {
  std::map<std::string, double> byType; ///< Positive; at least one entry.

  /// The rate for a type: its own entry, else the slowest of all.
  double rateFor(llvm::StringRef type) const;
};

struct TargetDescription {
  std::string name;
  std::string description; ///< What the machine is, in a line.
  mempl::Machine machine;
  std::string fastSpace = "fast"; ///< Name of the memory space.
  std::string slowSpace = "slow";
  ComputeRates matrix; ///< Of contractions and convolutions.
  ComputeRates vector; ///< Of everything else.
  /// Hertz, for other compilers' estimates in cycles; 0 = not known.
  double clock = 0;
  /// Doubts about a file that can be used all the same.
  std::vector<std::string> warnings;
};

/// "2 of 3 keys are no element types: 'int8' (did you mean 'i8'?), ..", or an
/// empty text if MLIR knows all types of the rates of `target`.
std::string describeUnknownTypes(const TargetDescription &target);

/// The preset of this name (see presetNamed), or the target in this file (plain
/// or gzip). Errors name file and line; an unknown name lists the presets.
llvm::Expected<TargetDescription> loadTarget(llvm::StringRef nameOrFile);

/// Parses a target file; `file` is the name in errors.
llvm::Expected<TargetDescription> parseTarget(llvm::StringRef json,
                                              llvm::StringRef file);

/// Names of the presets, sorted.
std::vector<std::string> targetNames();

/// The full name of the preset that `name` stands for, in any case: "tpu-v5e"
/// for itself and for its short form, "v5e". Empty if it is none.
std::string presetNamed(llvm::StringRef name);

/// Prints a line per preset: name, capacity of fast memory, description.
void printTargets(llvm::raw_ostream &os);

} // namespace mempl::ir

#endif // MEMPL_ANALYSIS_TARGET_H
