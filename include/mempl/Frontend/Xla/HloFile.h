//===- HloFile.h - a file of HLO text for a target --------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What tools do with a program that XLA compiled: read it and the tables beside
// it, make the placement problem for a target, and print it as kernels.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_FRONTEND_XLA_HLOFILE_H
#define MEMPL_FRONTEND_XLA_HLOFILE_H

#include "mempl/IR/Namespace.h"

#include "mempl/Frontend/Xla/HloImport.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <memory>
#include <optional>

namespace mempl::ir {

/// How a file of HLO text is read.
struct HloFileOptions {
  std::string path; ///< Plain or gzip.
  /// The text of the program; then `path` is a name for messages, and for the
  /// tables beside it.
  std::optional<std::string> text;
  std::string target; ///< A preset, or a file with a target.
  /// `compiler`, `roofline` or `calibrated` (hlo::CostModel).
  std::string cost = "compiler";
  std::optional<int64_t> capacity;   ///< Bytes, instead of the target's.
  std::optional<int64_t> maxCarried; ///< Instead of the target's.
  /// Steps reserve their scoped memory in fast memory, whose capacity then is
  /// that of the whole memory.
  bool reserveScoped = false;
  bool freeOrder = false; ///< hlo::ImportOptions::freeOrder.
};

/// A program that was read.
struct HloFile {
  mempl::hlo::Module module;
  mempl::hlo::ModuleProgram program;
  mempl::hlo::ImportTarget target;
  mempl::hlo::Imported imported;
  mempl::hlo::AssignmentTables tables; ///< Those beside the text.
  /// What a reader of results should know of the text, one line each:
  /// `file:line: warning: ..`.
  std::vector<std::string> warnings;
  /// Whether the text has been scheduled and its arrays assigned to memories,
  /// so that there is a plan of XLA in it.
  bool hasXlaPlan = false;
};

/// Whether a file name is that of HLO text: `.hlo`, `.hlo.txt`, also `.gz`.
bool isHloFileName(llvm::StringRef path);

/// Reads a program and the tables that lie beside it. The instance is named
/// after the file. Errors name file and line. To text that is not scheduled the
/// copies are added without which values would be overwritten that are needed.
llvm::Expected<std::unique_ptr<HloFile>>
readHloFile(const HloFileOptions &options);

/// The line that tells why there is no plan of XLA to show.
std::string noXlaPlanWarning(const HloFile &file);

/// The line that tells what XLA's plan lacks; empty if it lacks nothing.
std::string partialPlanWarning(const HloFile &file,
                               const mempl::hlo::XlaPlanNotes &notes);

/// The program as one function of `mempl.kernel` ops on byte tensors, loops as
/// scf.for: parameters and constants are arguments, outputs are results. What
/// XLA placed is not in it.
OwningOpRef<ModuleOp> buildKernels(MLIRContext &context, const HloFile &file);

} // namespace mempl::ir

#endif // MEMPL_FRONTEND_XLA_HLOFILE_H
