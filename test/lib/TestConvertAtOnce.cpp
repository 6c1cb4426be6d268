//===- TestConvertAtOnce.cpp - patterns of several dialects --------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The patterns of mempl in one conversion with those of memref and func, as a
// compiler of one's own would run them: no cast is left.
//
//===----------------------------------------------------------------------===//

#include "mempl/Conversion/Patterns.h"

#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVM.h"
#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Transforms/DialectConversion.h"

using namespace mlir;
using namespace mempl::ir;

namespace {

class TestConvertAtOncePass
    : public PassWrapper<TestConvertAtOncePass, OperationPass<ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(TestConvertAtOncePass)

  StringRef getArgument() const final { return "mempl-test-convert-at-once"; }
  StringRef getDescription() const final {
    return "mempl, memref, arith and func to LLVM in one conversion";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<LLVM::LLVMDialect>();
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (failed(rejectUnlowerable(module)))
      return signalPassFailure();
    LLVMTypeConverter converter(&getContext());
    addMemplTypeConversion(converter);
    RuntimeCalls calls;
    SymbolTableCollection symbols;
    RewritePatternSet patterns(&getContext());
    populateMemplToLLVMPatterns(converter, calls, patterns);
    populateFinalizeMemRefToLLVMConversionPatterns(converter, patterns,
                                                   &symbols);
    arith::populateArithToLLVMConversionPatterns(converter, patterns);
    populateFuncToLLVMConversionPatterns(converter, patterns, &symbols);
    LLVMConversionTarget target(getContext());
    target.addLegalOp<ModuleOp>();
    if (failed(applyFullConversion(module, target, std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace

namespace mempl::test {
/// Registers the pass.
void registerTestConvertAtOnce();
} // namespace mempl::test

void mempl::test::registerTestConvertAtOnce() {
  PassRegistration<TestConvertAtOncePass>();
}
