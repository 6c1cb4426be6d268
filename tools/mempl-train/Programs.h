//===- Programs.h - the programs of a training run --------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_TOOLS_MEMPL_TRAIN_PROGRAMS_H
#define MEMPL_TOOLS_MEMPL_TRAIN_PROGRAMS_H

#include "mempl/Training/Trainer.h"

namespace mempl {

struct ProgramOptions {
  std::vector<std::string> paths, validation;
  std::string target;             ///< For HLO and MLIR.
  std::vector<std::string> costs; ///< Of HLO; at least one.
  /// Fast memory, bytes; 0 stands for what the file or the target says. At
  /// least one; each program is trained on with each of them.
  std::vector<int64_t> capacities;
};

/// Reads all programs: instances (.json), HLO text (.hlo.txt) and MLIR (.mlir),
/// also packed; of a folder, all such files in it.
llvm::Expected<std::vector<TrainingProgram>>
readPrograms(const ProgramOptions &options);

} // namespace mempl

#endif // MEMPL_TOOLS_MEMPL_TRAIN_PROGRAMS_H
