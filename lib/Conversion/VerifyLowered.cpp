//===- VerifyLowered.cpp - nothing but the LLVM dialect is left -----------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NotLowered.h"

#include "mempl/Conversion/Passes.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace mempl::ir {
#define GEN_PASS_DEF_MEMPLVERIFYLOWERED
#include "mempl/Conversion/Passes.h.inc"
} // namespace mempl::ir

using namespace mlir;
using namespace mempl::ir;

namespace {

class MemplVerifyLoweredPass
    : public mempl::ir::impl::MemplVerifyLoweredBase<MemplVerifyLoweredPass> {
public:
  void runOnOperation() override {
    SmallVector<Operation *> left, casts;
    getOperation()->walk([&](Operation *op) {
      if (isa<UnrealizedConversionCastOp>(op))
        casts.push_back(op);
      else if (!isa<ModuleOp>(op) &&
               !isa_and_nonnull<LLVM::LLVMDialect>(op->getDialect()))
        left.push_back(op);
    });
    // Casts are there because of the others, if there are others.
    if (left.empty())
      left = std::move(casts);
    if (left.empty())
      return;
    emitNotLowered(left);
    signalPassFailure();
  }
};

} // namespace
