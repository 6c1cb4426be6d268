//===- CheckPlacementPass.cpp - mempl-check-placement ---------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Analysis/TargetAttrs.h"
#include "mempl/Support/OptionNames.h"
#include "mempl/Support/Units.h"
#include "mempl/Transforms/CheckPlacement.h"
#include "mempl/Transforms/Passes.h"

#include "mlir/Interfaces/FunctionInterfaces.h"

namespace mempl::ir {
#define GEN_PASS_DEF_MEMPLCHECKPLACEMENT
#include "mempl/Transforms/Passes.h.inc"
} // namespace mempl::ir

using namespace mlir;
using namespace mempl::ir;

namespace {

class MemplCheckPlacementPass
    : public mempl::ir::impl::MemplCheckPlacementBase<MemplCheckPlacementPass> {
public:
  using MemplCheckPlacementBase::MemplCheckPlacementBase;
  MEMPL_NAMED_OPTIONS
  void runOnOperation() override {
    FunctionOpInterface function = getOperation();
    int64_t bytes = -1, multiple = alignment;
    if (capacity.empty()) {
      FailureOr<std::optional<TargetDescription>> target =
          targetFromIR(function);
      if (failed(target))
        return signalPassFailure();
      if (*target) {
        bytes = (*target)->machine.capacity;
        multiple = std::max(multiple, (*target)->machine.alignment);
      }
    } else {
      llvm::Expected<int64_t> parsed = mempl::parseSize(capacity);
      if (!parsed) {
        emitError(function.getLoc())
            << "option 'capacity': " << llvm::toString(parsed.takeError());
        return signalPassFailure();
      }
      bytes = *parsed;
    }
    if (alignment < 1) {
      emitError(function.getLoc()) << "option 'alignment': expected at least 1";
      return signalPassFailure();
    }
    if (failed(checkPlacement(function, bytes, multiple, /*outdated=*/true)))
      signalPassFailure();
  }
};

} // namespace
