//===- HloAliases.h - arrays that share storage -----------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Numbers the arrays ("leaves") in the outputs of all instructions that run,
// and groups those that must share storage, as XLA's alias analysis does:
// tuples and bitcasts, operands that an output overwrites, what a loop carries.
// Copies between memory spaces join the two sides, for the assignment that made
// them is to be undone.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_FRONTEND_XLA_HLOALIASES_H
#define MEMPL_LIB_FRONTEND_XLA_HLOALIASES_H

#include "mempl/Frontend/Xla/HloModuleProgram.h"

#include "llvm/ADT/IntEqClasses.h"

namespace mempl::hlo {

/// A pair that shares storage: leaf `operandLeaf` of operand `operand`, and
/// leaf `outputLeaf` of the output.
struct InPlacePair {
  int32_t operand;
  int32_t operandLeaf;
  int32_t outputLeaf;
};

/// The operands that the output of this instruction overwrites. What the text
/// says of outputs and operands that do not exist is left out;
/// Aliases::create() refuses it.
std::vector<InPlacePair> inPlacePairs(const Module &module,
                                      const Computation &computation,
                                      const Instruction &instruction);

/// The parameters of the entry (`operand`) whose storage an output takes.
std::vector<InPlacePair> donations(const Module &module);

/// What an array in the output of a `-start` is.
enum class StartLeaf : uint8_t {
  Result,  ///< Written by the transfer, and complete at its `-done`.
  Operand, ///< The operand itself.
  Context  ///< Semaphores and the like, which are no part of the problem.
};

/// Whether an instruction starts something that runs on while others do, until
/// its `-done`: `async-start` and its short forms, `copy-start`, collectives,
/// `send`, `recv`.
bool isStart(llvm::StringRef opcode);

/// By array of the output of the start `opcode`.
std::vector<StartLeaf> startLeaves(llvm::StringRef opcode, const Shape &output);

/// Whether an array is in the memory of the host, which is not planned.
inline bool isOnHost(const Shape &array) {
  return array.layout.memorySpace == kHostMemory;
}

/// What an instruction is to the reader of programs.
enum class Role : uint8_t {
  Free,      ///< No time, no memory: tuples, bitcasts, parameters, constants.
  Step,      ///< Runs.
  CopyStart, ///< Begins to move a buffer between the memories.
  CopyDone,
  SliceStart, ///< Begins to move a part of one.
  SliceDone,
  Join, ///< Parts become the buffer that they are parts of.
  Loop,
  Call
};

/// The leaves of a module and the groups of those that share storage.
class Aliases {
public:
  static llvm::Expected<Aliases> create(const Module &module);

  /// Computations that run on their own: the entry and what it calls, but not
  /// the insides of fusions.
  bool runs(int32_t computation) const { return first[computation] >= 0; }
  Role role(int32_t computation, int32_t instruction) const {
    return roles[computation][instruction];
  }
  int32_t leaf(const Site &site) const {
    return base[site.computation][site.instruction] + site.leaf;
  }
  int32_t leaf(int32_t computation, int32_t instruction) const {
    return base[computation][instruction];
  }
  const Site &site(int32_t leaf) const { return sites[leaf]; }
  const Shape &shape(int32_t leaf) const { return *shapes[leaf]; }
  int32_t numLeaves() const { return sites.size(); }
  int32_t group(int32_t leaf) const { return groups[leaf]; }
  int32_t numGroups() const { return groups.getNumClasses(); }
  /// The leaf of an operand that an output leaf of a free instruction is, or -1
  /// where it is new (a parameter, a constant).
  int32_t source(int32_t leaf) const { return sources[leaf]; }
  /// The memory space that XLA filled: 3 (CMEM) where the module has it.
  int64_t fastSpace() const { return fast; }
  bool isOnHost(int32_t leaf) const {
    return mempl::hlo::isOnHost(*shapes[leaf]);
  }
  bool isFast(int32_t leaf) const {
    return shapes[leaf]->layout.memorySpace == fast;
  }
  /// The loop, call or conditional that runs a computation.
  Site callerOf(int32_t computation) const { return callers[computation]; }

private:
  explicit Aliases(const Module &module) : module(module) {}
  llvm::Error number();
  llvm::Error visit(int32_t computation);
  llvm::Error chooseRoles(int32_t computation);
  llvm::Error join(bool copies);
  void keepRealCopies();
  llvm::Error joinInstruction(int32_t computation, int32_t instruction,
                              bool copies);
  llvm::Error joinCall(int32_t computation, int32_t instruction);
  llvm::Error joinLeaves(int32_t a, int32_t b, int32_t count, int64_t line,
                         const llvm::Twine &what);
  void pass(int32_t to, int32_t from);
  llvm::Error checkAliases() const;
  int32_t leafCount(int32_t computation, int32_t instruction) const {
    return counts[computation][instruction];
  }
  llvm::Error error(int64_t line, const llvm::Twine &text) const;

  const Module &module;
  std::vector<int32_t> first; ///< By computation: its first leaf, or -1.
  std::vector<std::vector<int32_t>> base, counts;
  std::vector<std::vector<Role>> roles;
  std::vector<Site> sites, callers;
  std::vector<const Shape *> shapes;
  std::vector<int32_t> sources;
  llvm::IntEqClasses groups;
  int64_t fast = 1;
};

} // namespace mempl::hlo

#endif // MEMPL_LIB_FRONTEND_XLA_HLOALIASES_H
