//===- AttachTarget.cpp - mempl-attach-target -----------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Analysis/TargetAttrs.h"
#include "mempl/IR/Mempl.h"
#include "mempl/Support/OptionNames.h"
#include "mempl/Transforms/Passes.h"
#include "mempl/Transforms/TargetSelection.h"

#include "mlir/Dialect/DLTI/DLTI.h"

namespace mempl::ir {
#define GEN_PASS_DEF_MEMPLATTACHTARGET
#include "mempl/Transforms/Passes.h.inc"
} // namespace mempl::ir

using namespace mlir;
using namespace mempl::ir;

namespace {

class MemplAttachTargetPass
    : public mempl::ir::impl::MemplAttachTargetBase<MemplAttachTargetPass> {
public:
  using MemplAttachTargetBase::MemplAttachTargetBase;
  MEMPL_NAMED_OPTIONS
  void runOnOperation() override {
    FailureOr<TargetDescription> machine =
        selectTarget(getOperation(), {target, capacity});
    if (failed(machine))
      return signalPassFailure();
    attachTarget(getOperation(), *machine);
  }
};

} // namespace
