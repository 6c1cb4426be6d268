//===- main.cpp - a project that uses an installed mempl ------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Problem/Verifier.h"
#include "mempl/Solvers/Solve.h"

#include "llvm/Support/raw_ostream.h"

int main() {
  mempl::Instance instance;
  instance.name = "consumer";
  instance.machine = {100, 10, 100, 10, 10, 1};
  instance.program.values = {{"w", 50, mempl::ValueKind::Input}};
  instance.program.steps.resize(2);
  instance.program.steps[0].compute = 8;
  instance.program.steps[1].compute = 2;
  instance.program.steps[1].accesses = {{0, 50, mempl::AccessMode::Read}};
  auto result = llvm::cantFail(mempl::solveVerified(instance, "portfolio", {}));
  llvm::outs() << result.winner << " " << result.latency << "\n";
  return mempl::verify(instance, result.plan).empty() ? 0 : 1;
}
