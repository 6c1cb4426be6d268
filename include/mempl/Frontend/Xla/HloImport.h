//===- HloImport.h - XLA's programs as placement problems -------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An instance out of a program that XLA compiled, and the plan that XLA made
// for it, so that both can be simulated and verified like any other.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_FRONTEND_XLA_HLOIMPORT_H
#define MEMPL_FRONTEND_XLA_HLOIMPORT_H

#include "mempl/Frontend/Xla/HloModuleProgram.h"
#include "mempl/Problem/Plan.h"

#include <map>

namespace mempl::hlo {

/// Where the compute seconds of steps come from.
enum class CostModel : uint8_t {
  /// The compiler's own estimate of the step, where the step, or one of its
  /// kind, was seen with few bytes in slow memory, or where the estimate is far
  /// above what its slow bytes can explain. Elsewhere as Roofline, but at most
  /// the estimate.
  Compiler,
  /// Operations over peak rates, fusions looked into.
  Roofline,
  /// As Compiler, and the bytes of accesses are scaled up so that steps that
  /// wait for slow memory take as long as the compiler estimates: it gives
  /// transposing copies a quarter of the bandwidth and matrix products most.
  Calibrated
};

/// The machine that a program was compiled for.
struct ImportTarget {
  Machine machine;
  double matrixOpsPerSecond = 1; ///< In bf16.
  double vectorOpsPerSecond = 1;
  double clock = 0; ///< Hertz, of the compiler's estimates; 0 = not known.
};

struct ImportOptions {
  CostModel cost = CostModel::Compiler;
  /// Bytes of fast memory that the machine's capacity leaves out for the scoped
  /// memory of steps. What a step needs beyond them is `reserved`. With 0 all
  /// of it is, and the capacity should be that of the whole memory.
  int64_t scopedOutside = INT64_MAX;
  /// Plans may run the steps in another order than XLA's, as far as the text
  /// allows it.
  bool freeOrder = false;
};

/// An instance, and which buffer and step each of its parts is.
struct Imported {
  Instance instance;
  /// By level of the program: by value, the buffer.
  std::vector<std::vector<int32_t>> bufferOf;
  /// By buffer: its number among the values of its level, or -1.
  std::vector<int32_t> valueOf;
};

/// The placement problem of a program. Its name is that of the module.
/// Loops become steps with bodies. Errors name the file.
llvm::Expected<Imported> buildInstance(const Module &module,
                                       const ModuleProgram &program,
                                       const ImportTarget &target,
                                       const ImportOptions &options);

/// What the assignment saw and chose, as the TPU compiler dumps it.
struct AssignmentTables {
  struct BufferRow {
    int64_t id = 0;
    std::string name; ///< Of the definition: `fusion.1` or `fusion.1{0}`.
    double benefit = 0;
    int64_t size = 0;
    int64_t definition = 0; ///< Time.
    std::vector<int64_t> useTimes;
    std::vector<std::string> useNames; ///< `fusion.2, operand 0`.
  };
  struct AllocationRow {
    int64_t id = 0;
    int64_t size = 0;
    int64_t offset = 0;
    int64_t start = 0; ///< First time, included.
    int64_t end = 0;   ///< Last time, included.
  };
  std::vector<BufferRow> buffers;
  std::vector<AllocationRow> allocations;
  std::map<std::string, int64_t> timeOf; ///< By instruction.
};

/// Reads one of the three tables (plain or gzip) into `tables`; which one, its
/// first line tells.
llvm::Error readTable(llvm::StringRef path, AssignmentTables &tables);
/// The same of the text of a file; `path` is its name in errors.
llvm::Error parseTable(llvm::StringRef text, llvm::StringRef path,
                       AssignmentTables &tables);

/// The tables that lie beside the text of a program: `x.bufferinfo.csv.gz` and
/// so on for `x.hlo.txt.gz`. Those that are missing stay empty.
llvm::Expected<AssignmentTables> readTablesBeside(llvm::StringRef hloPath);

/// How XLA's own plan was rebuilt.
struct XlaPlanNotes {
  int64_t residencies = 0;
  int64_t offsetsOfXla = 0;  ///< Those at the offset that XLA chose.
  int64_t packed = 0;        ///< Plans of loops and programs packed anew.
  int64_t delayedSlices = 0; ///< Sliced copies issued after their first slice.
  int64_t delaySteps = 0;    ///< By how many boundaries in all.
  int64_t delayedCopies = 0; ///< Copies of what was still held elsewhere.
  int64_t dropped = 0;       ///< Allocations that a plan cannot say.
  int64_t carried = 0;       ///< Values kept over from the run before.
  /// Allocations during transfers under way, which a plan cannot promise to
  /// keep where they are. They are left out.
  int64_t inTransfers = 0;
  std::vector<std::string> problems; ///< Why allocations were dropped.
};

/// XLA's plan for an instance that buildInstance() made: its residencies and
/// copies; its offsets where tables tell them, and packed anew otherwise.
/// Where the machine allows carried values, what XLA prefetches across programs
/// is carried; else it is copied in at the start.
llvm::Expected<Plan> buildXlaPlan(const Module &module,
                                  const ModuleProgram &program,
                                  const Imported &imported,
                                  const AssignmentTables &tables,
                                  XlaPlanNotes &notes);

/// How a program compares with the buffers that XLA's assignment saw.
struct TableCheck {
  int64_t rows = 0;  ///< Of the table.
  int64_t bytes = 0; ///< Sum of their sizes.
  int64_t found = 0; ///< Rows whose definition is in the program.
  int64_t foundBytes = 0;
  int64_t sameSize = 0; ///< Of those, with the same size.
  int64_t sameSizeBytes = 0;
  int64_t shared = 0;   ///< Found, but in a buffer with another row.
  int64_t sameUses = 0; ///< Found, read by the same instructions.
  int64_t uses = 0;     ///< In the table, by instructions that run.
  int64_t usesFound = 0;
  int64_t usesExtra = 0;                ///< In the program, not in the table.
  int64_t steps = 0;                    ///< Steps with a time in the schedule.
  int64_t outOfOrder = 0;               ///< Of those, not after the one before.
  std::vector<std::string> differences; ///< One line each, the first few.
};

TableCheck checkTables(const Module &module, const ModuleProgram &program,
                       const AssignmentTables &tables);

/// The compiler's estimates beside what the model says of XLA's placement.
struct EstimateCheck {
  int64_t steps = 0;      ///< With an estimate.
  double estimated = 0;   ///< Seconds, in all.
  double computed = 0;    ///< Seconds, in all, without waits.
  double correlation = 0; ///< Of the logarithms.
  double worstRatio = 1;  ///< computed / estimated, farthest from 1.
  std::string worstStep;  ///< Among steps of at least 1 % of the whole.
};

EstimateCheck checkEstimates(const Module &module, const ModuleProgram &program,
                             const Imported &imported,
                             const ImportTarget &target);

} // namespace mempl::hlo

#endif // MEMPL_FRONTEND_XLA_HLOIMPORT_H
