//===- XlaOverrides.h - a plan as compile options of XLA --------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The TPU compiler takes constraints for its memory space assignment: which
// output of an instruction, or which operand of one, is to be in fast memory,
// in slow memory, or prefetched when. This says in such constraints where a
// plan differs from what XLA chose itself.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_FRONTEND_XLA_XLAOVERRIDES_H
#define MEMPL_FRONTEND_XLA_XLAOVERRIDES_H

#include "mempl/Frontend/Xla/HloImport.h"

namespace mempl::hlo {

/// One constraint on the assignment.
struct XlaDecision {
  enum class Kind : uint8_t {
    Pin,      ///< This output is in fast memory from its definition on.
    Prefetch, ///< This operand is copied in for this instruction.
    KeepSlow  ///< This output stays in slow memory.
  };
  Kind kind = Kind::Pin;
  std::string value;       ///< Name of the value of the instance.
  std::string instruction; ///< Whose output or operand it is about.
  int32_t operand = -1;    ///< Of a prefetch.
  /// Seconds of slow traffic that the plan saves by it over XLA's choice; of
  /// KeepSlow, minus those that it gives away.
  double seconds = 0;
  /// The constraint in the text form of protocol buffers, as an element of the
  /// option `xla_tpu_msa_tensor_overrides`.
  std::string proto;
  /// The wish, which XLA never refuses, that it looks for a place for this
  /// value before others: an element of the option
  /// `xla_tpu_msa_sort_order_overrides`. Empty for KeepSlow.
  std::string first;
};

/// Where `plan` differs from XLA's own placement, as constraints, the most
/// valuable first. What both do alike is left to XLA, and so are outputs of the
/// program that the plan begins in fast memory: XLA would leave a pinned one
/// there at the end. The plan must be valid for the instance.
std::vector<XlaDecision> xlaDecisions(const Module &module,
                                      const ModuleProgram &program,
                                      const Imported &imported,
                                      const Plan &plan);

/// Compile options for JAX's `.compile(compiler_options=..)` as a JSON object:
/// all decisions but those that keep values slow; and no prefetch across
/// programs, if the plan carries nothing.
void writeXlaOptions(llvm::raw_ostream &os, const Plan &plan,
                     const std::vector<XlaDecision> &decisions);

/// The decisions as JSON, one per line:
/// `[{"action": "pin", "value": .., "instruction": .., "operand": ..,
/// "seconds": .., "proto": .., "first": ..}, ..]`.
void writeXlaDecisions(llvm::raw_ostream &os,
                       const std::vector<XlaDecision> &decisions);

} // namespace mempl::hlo

#endif // MEMPL_FRONTEND_XLA_XLAOVERRIDES_H
