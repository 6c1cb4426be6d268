//===- CompareContentsTest.cpp --------------------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ParsedModule.h"

#include "mempl/IR/Mempl.h"
#include "mempl/Transforms/CompareContents.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/BufferizableOpInterfaceImpl.h"

#include "gtest/gtest.h"

using namespace mlir;
using namespace mempl::ir;

namespace {

class CompareContentsTest : public ParsedModuleTest {
protected:
  CompareContentsTest() {
    DialectRegistry registry;
    registry.insert<arith::ArithDialect, bufferization::BufferizationDialect,
                    func::FuncDialect, scf::SCFDialect, tensor::TensorDialect,
                    MemplDialect>();
    tensor::registerBufferizableOpInterfaceExternalModels(registry);
    context.appendDialectRegistry(registry);
    parse(R"(
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
    )");
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

/// What a trip reads of a copy that the trip before has started.
class CarriedContentsTest : public CompareContentsTest {
protected:
  CarriedContentsTest() {
    parse(R"(
      func.func @f(%w: tensor<64xf32>, %w2: tensor<64xf32>, %j: index) {
        %c0 = arith.constant 0 : index
        %c2 = arith.constant 2 : index
        %c16 = arith.constant 16 : index
        %c32 = arith.constant 32 : index
        %first = arith.muli %c0, %c2 : index
        %s0 = tensor.extract_slice %w[%first] [16] [1] : tensor<64xf32> to tensor<16xf32>
        %a0 = mempl.alloc <fast> at 0 bytes 64 : tensor<16xf32>
        %t0, %d0 = mempl.copy_start_carried %s0 to %a0 : tensor<16xf32>
        %r = scf.for %i = %c0 to %c32 step %c16 iter_args(%t = %t0) -> !mempl.token {
          %next = arith.addi %i, %c16 : index
          %more = arith.cmpi slt, %next, %c32 : index
          %tn = scf.if %more -> !mempl.token {
            %after = arith.muli %next, %c2 : index
            %s1 = tensor.extract_slice %w[%after] [16] [1] : tensor<64xf32> to tensor<16xf32>
            %a1 = mempl.alloc <fast> at 64 bytes 64 : tensor<16xf32>
            %t1, %d1 = mempl.copy_start_carried %s1 to %a1 : tensor<16xf32>
            scf.yield %t1 : !mempl.token
          } else {
            %no = mempl.no_copy
            scf.yield %no : !mempl.token
          }
          %slot = mempl.alloc <fast> at 0 bytes 64 : tensor<16xf32>
          %b = mempl.copy_wait_carried %t to %slot : tensor<16xf32>
          %place = arith.muli %i, %c2 : index
          %s = tensor.extract_slice %w[%place] [16] [1] : tensor<64xf32> to tensor<16xf32>
          %v = tensor.extract %s[%j] : tensor<16xf32>
          scf.yield %tn : !mempl.token
        }
        return
      }
    )");
  }

  /// Whether the op may read the copy when an operand of another op is that.
  bool mayReadCopyWith(StringRef kind, unsigned which, unsigned operand,
                       Value value) {
    Operation *op = result(kind, which).getDefiningOp();
    Value before = op->getOperand(operand);
    op->setOperand(operand, value);
    bool may = mayRead(result("mempl.copy_wait_carried", 0));
    op->setOperand(operand, before);
    return may;
  }
};

TEST_F(CarriedContentsTest, TheCopyOfTheSlice) {
  EXPECT_TRUE(mayRead(result("mempl.copy_wait_carried", 0)));
}

TEST_F(CarriedContentsTest, NotAnotherPlaceOrTensor) {
  // Of multiplications and slices: the first trip's, the next one's, this
  // one's.
  Value step = result("arith.constant", 2);
  EXPECT_FALSE(mayReadCopyWith("arith.muli", 0, 0, step));
  EXPECT_FALSE(mayReadCopyWith("arith.muli", 1, 0, step));
  EXPECT_FALSE(mayReadCopyWith("arith.muli", 1, 1, step));
  Value thisTrip = result("arith.muli", 2).getDefiningOp()->getOperand(0);
  EXPECT_FALSE(mayReadCopyWith("arith.muli", 1, 0, thisTrip));
  EXPECT_FALSE(
      mayReadCopyWith("tensor.extract_slice", 1, 1, result("arith.addi", 0)));
  Value other = (*module->getOps<func::FuncOp>().begin()).getArgument(1);
  EXPECT_FALSE(mayReadCopyWith("tensor.extract_slice", 0, 0, other));
  EXPECT_FALSE(mayReadCopyWith("tensor.extract_slice", 1, 0, other));
}

} // namespace
