//===- CheckKernels.cpp - instructions for functions of libdevice ---------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Conversion/Passes.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/SymbolTable.h"

#include "llvm/ADT/StringSwitch.h"

namespace mempl::ir {
#define GEN_PASS_DEF_MEMPLCHECKKERNELS
#include "mempl/Conversion/Passes.h.inc"
} // namespace mempl::ir

using namespace mlir;
using namespace mempl::ir;

namespace {

struct MemplCheckKernels
    : mempl::ir::impl::MemplCheckKernelsBase<MemplCheckKernels> {
  void runOnOperation() override {
    SymbolTable table(getOperation());
    bool failed = false;
    getOperation().walk([&](LLVM::CallOp call) {
      std::optional<StringRef> name = call.getCallee();
      if (!name)
        return;
      auto callee = table.lookup<LLVM::LLVMFuncOp>(*name);
      if (!callee || !callee.isExternal() || name->starts_with("llvm.") ||
          *name == "vprintf" || *name == "__assertfail")
        return;
      if (succeeded(useInstruction(call, *name)))
        return;
      failed = true;
      call.emitError() << "kernel calls '" << *name
                       << "', which no library defines; libdevice=FILE links "
                          "the math functions of the CUDA toolkit";
    });
    if (failed)
      signalPassFailure();
  }

private:
  /// Functions of libdevice that are instructions of the hardware.
  static LogicalResult useInstruction(LLVM::CallOp call, StringRef name) {
    if (!name.consume_front("__nv_") || call.getNumResults() != 1)
      return failure();
    bool isF32 = call.getResult().getType().isF32();
    if (isF32 && !name.consume_back("f"))
      return failure();
    StringRef intrinsic = llvm::StringSwitch<StringRef>(name)
                              .Case("fma", "llvm.fma")
                              .Case("fabs", "llvm.fabs")
                              .Case("floor", "llvm.floor")
                              .Case("ceil", "llvm.ceil")
                              .Case("trunc", "llvm.trunc")
                              .Case("rint", "llvm.roundeven")
                              .Case("round", "llvm.round")
                              .Case("fmax", "llvm.maxnum")
                              .Case("fmin", "llvm.minnum")
                              .Case("sqrt", "llvm.sqrt")
                              .Case("copysign", "llvm.copysign")
                              .Default("");
    if (intrinsic.empty())
      return failure();
    OpBuilder builder(call);
    auto made = LLVM::CallIntrinsicOp::create(
        builder, call.getLoc(), call.getResult().getType(),
        builder.getStringAttr((intrinsic + (isF32 ? ".f32" : ".f64")).str()),
        call.getArgOperands());
    call.getResult().replaceAllUsesWith(made.getResult(0));
    call.erase();
    return success();
  }
};

} // namespace
