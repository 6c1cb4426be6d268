//===- ByteSizeTest.cpp - bytes of tensors and memrefs --------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ParsedModule.h"

#include "mempl/Analysis/ByteSize.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Affine/IR/ValueBoundsOpInterfaceImpl.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/IR/ValueBoundsOpInterfaceImpl.h"
#include "mlir/Dialect/DLTI/DLTI.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/IR/ValueBoundsOpInterfaceImpl.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace mempl::ir;

namespace {

class ByteSize : public ParsedModuleTest {
protected:
  ByteSize() {
    DialectRegistry registry;
    registry.insert<affine::AffineDialect, arith::ArithDialect, DLTIDialect,
                    func::FuncDialect, quant::QuantDialect,
                    tensor::TensorDialect>();
    affine::registerValueBoundsOpInterfaceExternalModels(registry);
    arith::registerValueBoundsOpInterfaceExternalModels(registry);
    tensor::registerValueBoundsOpInterfaceExternalModels(registry);
    context.appendDialectRegistry(registry);
  }

  /// Bytes of a type; -1 for nothing.
  int64_t bytesOf(llvm::StringRef type) {
    context.loadAllAvailableDialects();
    auto shaped = cast<ShapedType>(parseType(type, &context));
    return bytesOfType(shaped, DataLayout()).value_or(-1);
  }

  /// Upper bound for the first result of the first op with this name; -1 for
  /// nothing.
  int64_t boundOf(llvm::StringRef op) {
    return upperBoundBytes(find(op)->getResult(0), DataLayout::closest(*module))
        .value_or(-1);
  }
};

} // namespace

TEST_F(ByteSize, ElementsTakeWholeBytes) {
  EXPECT_EQ(bytesOf("tensor<10xi1>"), 10);
  EXPECT_EQ(bytesOf("tensor<10xi4>"), 10);
  EXPECT_EQ(bytesOf("tensor<10xf8E4M3FN>"), 10);
  EXPECT_EQ(bytesOf("tensor<10xbf16>"), 20);
  EXPECT_EQ(bytesOf("memref<10xf32>"), 40);
  EXPECT_EQ(bytesOf("tensor<10xi128>"), 160);
}

TEST_F(ByteSize, CompoundElementsCountAllTheirParts) {
  EXPECT_EQ(bytesOf("tensor<10xindex>"), 80);
  EXPECT_EQ(bytesOf("tensor<10xcomplex<f32>>"), 80);
  EXPECT_EQ(bytesOf("memref<10xvector<4xf32>>"), 160);
}

TEST_F(ByteSize, ElementsStandAtMultiplesOfTheirAlignment) {
  EXPECT_EQ(bytesOf("tensor<10xi24>"), 40);
  EXPECT_EQ(bytesOf("tensor<10xi17>"), 40);
  EXPECT_EQ(bytesOf("tensor<10xf80>"), 160);
}

TEST_F(ByteSize, RankZeroAndEmptyShapesAreStatic) {
  EXPECT_EQ(bytesOf("tensor<f64>"), 8);
  EXPECT_EQ(bytesOf("tensor<0x4xf32>"), 0);
}

TEST_F(ByteSize, NothingForAnUnknownSize) {
  EXPECT_EQ(bytesOf("tensor<4x?xf32>"), -1);
  EXPECT_EQ(bytesOf("tensor<*xf32>"), -1);
  EXPECT_EQ(bytesOf("tensor<4x!quant.uniform<i8:f32, 0.5>>"), -1);
}

TEST_F(ByteSize, NothingForASizeThatOverflows) {
  EXPECT_EQ(bytesOf("tensor<1152921504606846975xf64>"), INT64_MAX - 7);
  EXPECT_EQ(bytesOf("tensor<1152921504606846976xf64>"), -1);
  EXPECT_EQ(bytesOf("tensor<4294967296x4294967296xi8>"), -1);
}

TEST_F(ByteSize, AnIndexHasTheSizeOfTheDataLayout) {
  auto found = parse(R"(module attributes {
    dlti.dl_spec = #dlti.dl_spec<index = 32 : i64>} {})");
  auto type = RankedTensorType::get({10}, IndexType::get(&context));
  EXPECT_EQ(bytesOfType(type, DataLayout(found)), 40);
}

TEST_F(ByteSize, ADynamicExtentCountsAsItsBound) {
  parse(R"(func.func @f(%n: index) -> tensor<?x4xf32> {
    %m = affine.min affine_map<(d0) -> (d0, 32)>(%n)
    %e = tensor.empty(%m) : tensor<?x4xf32>
    return %e : tensor<?x4xf32>
  })");
  EXPECT_EQ(boundOf("tensor.empty"), 32 * 4 * 4);
}

TEST_F(ByteSize, TheBoundOfAConstantExtentIsExact) {
  parse(R"(func.func @f() -> tensor<?xf32> {
    %c = arith.constant 7 : index
    %e = tensor.empty(%c) : tensor<?xf32>
    return %e : tensor<?xf32>
  })");
  EXPECT_EQ(boundOf("tensor.empty"), 28);
}

TEST_F(ByteSize, TheBoundOfAStaticShapeIsItsSize) {
  parse(R"(func.func @f() -> tensor<3x5xbf16> {
    %e = tensor.empty() : tensor<3x5xbf16>
    return %e : tensor<3x5xbf16>
  })");
  EXPECT_EQ(boundOf("tensor.empty"), 30);
}

TEST_F(ByteSize, ElementwiseArithmeticKeepsTheExtents) {
  parse(R"(func.func @f(%n: index) -> tensor<?xi32> {
    %m = affine.min affine_map<(d0) -> (d0, 32)>(%n)
    %e = tensor.empty(%m) : tensor<?xi32>
    %p = arith.muli %e, %e : tensor<?xi32>
    %s = arith.subi %p, %e : tensor<?xi32>
    return %s : tensor<?xi32>
  })");
  EXPECT_EQ(boundOf("arith.subi"), 128);
  parse(R"(func.func @f(%a: tensor<?xi32>) -> tensor<?xi32> {
    %s = arith.addi %a, %a : tensor<?xi32>
    return %s : tensor<?xi32>
  })");
  EXPECT_EQ(boundOf("arith.addi"), -1);
}

TEST_F(ByteSize, NothingWhereNoBoundCanBeProved) {
  parse(R"(func.func @f(%n: index) -> tensor<?xf32> {
    %e = tensor.empty(%n) : tensor<?xf32>
    return %e : tensor<?xf32>
  })");
  EXPECT_EQ(boundOf("tensor.empty"), -1);
  parse(R"(func.func @f(%t: tensor<4xf32>) -> tensor<*xf32> {
    %e = tensor.cast %t : tensor<4xf32> to tensor<*xf32>
    return %e : tensor<*xf32>
  })");
  EXPECT_EQ(boundOf("tensor.cast"), -1);
}
