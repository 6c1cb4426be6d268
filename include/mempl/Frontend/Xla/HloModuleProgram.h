//===- HloModuleProgram.h - what an XLA module does with its memory ---*- C++
//-*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A scheduled module after XLA's memory space assignment, seen as a placement
// problem: the steps that run, the buffers that they access, and where and when
// XLA put these into fast memory. The assignment itself is undone: its copies
// are transfers of a buffer, not steps.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_FRONTEND_XLA_HLOMODULEPROGRAM_H
#define MEMPL_FRONTEND_XLA_HLOMODULEPROGRAM_H

#include "mempl/Frontend/Xla/HloModule.h"
#include "mempl/Problem/Instance.h"

namespace mempl::hlo {

/// One array in the output of an instruction that runs.
struct Site {
  int32_t computation = 0;
  int32_t instruction = 0;
  int32_t leaf = 0; ///< Number of the array in the output, in order.

  bool operator==(const Site &) const = default;
};

/// One operand of an instruction that reads a buffer.
struct Use {
  int32_t computation = 0;
  int32_t instruction = 0;
  int32_t operand = 0;
  int32_t leaf = 0; ///< Number of the array in the operand.
};

/// Storage: all arrays that must share it.
struct Buffer {
  Site definition;  ///< The first that is written, or a parameter.
  std::string name; ///< `fusion.1`, or `fusion.1{0}` in a tuple.
  int64_t size = 0; ///< Bytes; that of the largest array.
  ValueKind kind = ValueKind::Temporary;
  int32_t level = 0;        ///< The program that owns it.
  std::vector<Site> writes; ///< Sites of steps that write it, in order.
  std::vector<Use> uses;    ///< Operands of steps that read it, in order.
  bool onHost = false;      ///< In the memory of the host; it cannot be placed.
  /// The slice of an array from outside of a loop that each trip has for
  /// itself: of an array that no step writes, or that no step reads.
  bool streamed = false;
};

/// What a step does with one buffer.
struct BufferAccess {
  int32_t buffer = 0;
  int64_t read = 0;    ///< Bytes, of one run of the step.
  int64_t written = 0; ///< Bytes, of one run of the step.
  AccessMode mode = AccessMode::Read;
  /// Where XLA put it. A step that reads two copies of a buffer, one slow, is
  /// slow.
  bool fast = false;
  /// Part of a transfer that runs beside other steps: only slow memory is sure
  /// to stay as it is until its `-done`.
  bool slowOnly = false;
};

/// One instruction that takes time.
struct ProgramStep {
  int32_t computation = 0;
  int32_t instruction = 0;
  /// One per buffer; of a loop, those of all trips.
  std::vector<BufferAccess> accesses;
  /// In a loop's body: accesses of buffers from outside, of one run of the
  /// step. They are part of those of the loop.
  std::vector<BufferAccess> outside;
  /// Earlier steps of the level that run before it in every order: because of
  /// operands, side effects, or what the text asks for. Together with what the
  /// accesses tell, these are all.
  std::vector<int32_t> after;
  int32_t body = -1;      ///< Of a loop: index into ModuleProgram::levels.
  int64_t trips = 1;      ///< Of a loop.
  bool tripsKnown = true; ///< False: the condition does not say how many.
};

/// A straight-line program: the entry, or the body of a loop.
struct Level {
  int32_t parent = -1; ///< Level of the loop step.
  std::vector<ProgramStep> steps;
};

/// A time in which XLA keeps a buffer in fast memory. Boundaries and steps are
/// those of its level.
struct FastAllocation {
  int32_t buffer = 0;
  int32_t level = 0;
  int32_t write = -1;        ///< Step whose write begins it, or -1: a copy in,
  int32_t issue = -1;        ///< whose last part is issued at this boundary,
  int32_t firstIssue = -1;   ///< its first part at this one,
  int32_t ready = -1;        ///< and which is awaited here.
  int32_t parts = 1;         ///< Of the copy in: the slices that it is made of.
  int32_t last = -1;         ///< Last step that it serves.
  int32_t back = -1;         ///< Step after which it is copied out, or -1.
  int32_t done = -1;         ///< Boundary at which that is awaited.
  bool crossProgram = false; ///< The run before may have left it there.
};

/// Things that the reader met and could not keep exactly.
struct ProgramNotes {
  int64_t slicedCopies = 0;    ///< Prefetches in several slices.
  int64_t realSlices = 0;      ///< Asynchronous slices that are steps.
  int64_t assumedTrips = 0;    ///< Loops whose trips are not known.
  int64_t copiesInBodies = 0;  ///< Copies in a loop of buffers from outside.
  int64_t mixedAccesses = 0;   ///< Steps that read a fast and a slow copy.
  int64_t secondEvictions = 0; ///< Copies out of what has been copied out.
  int64_t scalars = 0;         ///< Buffers of one element; they are left out.
  int64_t onHost = 0;          ///< Buffers in the memory of the host.
  int64_t transfers = 0;       ///< Those that run beside other steps.
};

/// The whole module.
struct ModuleProgram {
  std::vector<Buffer> buffers;
  std::vector<Level> levels; ///< The entry first.
  std::vector<FastAllocation> allocations;
  ProgramNotes notes;
};

/// Trips of a loop whose condition does not tell: what XLA assumes.
inline constexpr int64_t kAssumedTrips = 5;

/// Reads a module. Arrays of one element are in scalar memory and not part of
/// the problem. Errors name the file and the line of what cannot be: a tuple
/// element that does not exist, a loop whose body has another shape, an entry
/// that runs no step.
llvm::Expected<ModuleProgram> readProgram(const Module &module);

/// The name of an instruction's output: `fusion.1`, or `fusion.1{0}`.
std::string siteName(const Module &module, const Site &site);

} // namespace mempl::hlo

#endif // MEMPL_FRONTEND_XLA_HLOMODULEPROGRAM_H
