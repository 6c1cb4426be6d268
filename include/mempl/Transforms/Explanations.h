//===- Explanations.h - why tensors are where they are ----------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_TRANSFORMS_EXPLANATIONS_H
#define MEMPL_TRANSFORMS_EXPLANATIONS_H

#include "mempl/Analysis/FunctionProblem.h"
#include "mempl/Analysis/Target.h"
#include "mempl/Problem/Explain.h"

#include <string>

namespace mempl::ir {

using mempl::Decision;

/// The decisions about the values of one program, of a function or of the body
/// of a loop.
struct ProgramDecisions {
  const FunctionProblem *program = nullptr;
  int64_t trips = 1; ///< Of the body, the loops around it included.
  std::vector<Decision> decisions;
};

/// What mempl::explain() says about `program` and, after it, the bodies of
/// its loops, with why storages can only be in slow memory and what helps.
std::vector<ProgramDecisions> explain(const FunctionProblem &program,
                                      const mempl::Plan &plan);

/// "step 3 (linalg.matmul) needs 300 bytes and 256 are free; largest in use:
/// a (200 bytes), ..": where the storages that are constrained to fast memory,
/// or all of them, need most. Empty where that is no more than is free.
std::string describePressure(const mempl::Instance &instance,
                             bool onlyConstrained);

/// "times are relative: the size of 'arg0' is taken as 0 bytes, .."; empty for
/// a program that tells all of its sizes and trips.
std::string describeUnknowns(const FunctionProblem &program);

/// The messages of an error in one line, each once.
std::string inOneLine(llvm::Error error);

/// The decisions about a function as one JSON object.
void writeTrace(llvm::raw_ostream &os, const FunctionProblem &program,
                const TargetDescription &target, llvm::StringRef solverName,
                const mempl::Plan &plan, double latency);

} // namespace mempl::ir

#endif // MEMPL_TRANSFORMS_EXPLANATIONS_H
