//===- CompareContentsTest.cpp --------------------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Transforms/CompareContents.h"
#include "mempl/IR/Mempl.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Parser/Parser.h"

#include "gtest/gtest.h"

using namespace mlir;
using namespace mempl::ir;

namespace {

class CompareContentsTest : public testing::Test {
protected:
  CompareContentsTest() {
    DialectRegistry registry;
    registry.insert<arith::ArithDialect, bufferization::BufferizationDialect,
                    func::FuncDialect, tensor::TensorDialect, MemplDialect>();
    tensor::registerBufferizableOpInterfaceExternalModels(registry);
    context.appendDialectRegistry(registry);
    module = parseSourceString<ModuleOp>(R"(
      func.func @f(%a: tensor<8x8xf32>, %b: tensor<8x8xf32>, %i: index, %z: f32) -> f32 {
        %x = tensor.insert %z into %a[%i, %i] : tensor<8x8xf32>
        %line = tensor.collapse_shape %x [[0, 1]] : tensor<8x8xf32> into tensor<64xf32>
        %w = tensor.expand_shape %line [[0, 1]] output_shape [4, 16] : tensor<64xf32> into tensor<4x16xf32>
        %back = tensor.collapse_shape %w [[0, 1]] : tensor<4x16xf32> into tensor<64xf32>
        %same = tensor.expand_shape %back [[0, 1]] output_shape [8, 8] : tensor<64xf32> into tensor<8x8xf32>
        %e = bufferization.alloc_tensor() : tensor<8x8xf32>
        %copy = mempl.transfer %x to %e : tensor<8x8xf32>
        %y = tensor.insert %z into %b[%i, %i] : tensor<8x8xf32>
        %v = tensor.extract %x[%i, %i] : tensor<8x8xf32>
        return %v : f32
      }
    )",
                                         &context);
  }

  Value result(StringRef kind, unsigned which) {
    Value found;
    module->walk([&](Operation *op) {
      if (op->getName().getStringRef() == kind && which-- == 0)
        found = op->getResult(0);
    });
    return found;
  }

  /// Whether the extraction may read `tensor` in place of what it reads.
  bool mayRead(Value tensor) {
    ScopedDiagnosticHandler quiet(&context, [](Diagnostic &) {});
    Operation *function = *module->getOps<func::FuncOp>().begin();
    Operation *extract = result("tensor.extract", 0).getDefiningOp();
    ContentsOfOperands contents(function);
    Value before = extract->getOperand(0);
    extract->setOperand(0, tensor);
    bool same = succeeded(contents.compare());
    extract->setOperand(0, before);
    return same;
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
};

TEST_F(CompareContentsTest, CopiesAndViewsThatCancelOutAreTheSame) {
  EXPECT_TRUE(mayRead(result("tensor.insert", 0)));
  EXPECT_TRUE(mayRead(result("mempl.transfer", 0)));
  EXPECT_TRUE(mayRead(result("tensor.expand_shape", 1)));
}

TEST_F(CompareContentsTest, AnotherTensorOrShapeIsNot) {
  EXPECT_FALSE(mayRead(result("tensor.insert", 1)));
  EXPECT_FALSE(mayRead(result("tensor.expand_shape", 0)));
  EXPECT_FALSE(
      mayRead((*module->getOps<func::FuncOp>().begin()).getArgument(0)));
}

} // namespace
