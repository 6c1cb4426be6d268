//===- VerifyPlanPass.cpp - mempl-verify-plan -----------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Frontend/Problem/ProblemIR.h"
#include "mempl/IR/Mempl.h"
#include "mempl/Problem/Verifier.h"
#include "mempl/Transforms/Passes.h"

#include "mlir/IR/BuiltinOps.h"

namespace mempl::ir {
#define GEN_PASS_DEF_MEMPLVERIFYPLAN
#include "mempl/Transforms/Passes.h.inc"
} // namespace mempl::ir

using namespace mlir;
using namespace mempl::ir;

namespace {

struct MemplVerifyPlanPass
    : mempl::ir::impl::MemplVerifyPlanBase<MemplVerifyPlanPass> {
  using MemplVerifyPlanBase::MemplVerifyPlanBase;

  void runOnOperation() override {
    markAllAnalysesPreserved();
    // Of an instance with several plans, faults are reported once.
    llvm::DenseMap<Operation *, FailureOr<mempl::Instance>> instances;
    bool anyFailed = false;
    getOperation().walk([&](PlanOp op) {
      ++numPlans;
      InstanceOp program = op.getInstanceOp();
      if (!program) {
        op.emitOpError() << "is for " << op.getInstanceAttr()
                         << ", which is not here";
        anyFailed = true;
        return;
      }
      auto [it, isNew] = instances.try_emplace(program, failure());
      if (isNew)
        it->second = readInstance(program);
      int64_t violations = succeeded(it->second) ? check(op, *it->second) : 0;
      numViolations += violations;
      numInvalid += violations != 0;
      anyFailed |= failed(it->second) || violations != 0;
    });
    if (anyFailed)
      signalPassFailure();
  }

private:
  int64_t check(PlanOp op, const mempl::Instance &instance) {
    FailureOr<mempl::Plan> plan = readPlan(op, instance);
    return failed(plan) ? 1 : verifyPlan(op, *plan, instance);
  }
};

} // namespace
