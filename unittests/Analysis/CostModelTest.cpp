//===- CostModelTest.cpp - work of ops, and their seconds -----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ParsedModule.h"

#include "mempl/Analysis/CostModel.h"

#include "mempl/IR/Mempl.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Affine/IR/ValueBoundsOpInterfaceImpl.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/IR/ValueBoundsOpInterfaceImpl.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/IR/ValueBoundsOpInterfaceImpl.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <fstream>

using namespace mlir;
using namespace mempl::ir;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

namespace {

/// A context with the cost models.
class CostModelTest : public ParsedModuleTest {
protected:
  CostModelTest() {
    DialectRegistry registry;
    registry
        .insert<affine::AffineDialect, arith::ArithDialect, func::FuncDialect,
                linalg::LinalgDialect, math::MathDialect, MemplDialect,
                quant::QuantDialect, scf::SCFDialect, tensor::TensorDialect>();
    affine::registerValueBoundsOpInterfaceExternalModels(registry);
    arith::registerValueBoundsOpInterfaceExternalModels(registry);
    tensor::registerValueBoundsOpInterfaceExternalModels(registry);
    registerCostModels(registry);
    context.appendDialectRegistry(registry);
  }

  /// The work of the first op with this name in a function with this body.
  OpWork workIn(llvm::StringRef op, llvm::StringRef arguments,
                llvm::StringRef body) {
    parse(("func.func @f(" + arguments + ") {\n" + body + "\nreturn }").str());
    return workOf(find(op));
  }
};

/// Rates at which seconds are easily told apart.
TargetDescription roundTarget() {
  TargetDescription target;
  target.matrix.byType = {{"f32", 1e6}, {"bf16", 4e6}};
  target.vector.byType = {{"f32", 1e3}, {"i8", 2e3}};
  return target;
}

/// A file that is gone with the test.
class ProfileFile {
public:
  explicit ProfileFile(llvm::StringRef text)
      : path(testing::TempDir() + "mempl-profile-" +
             testing::UnitTest::GetInstance()->current_test_info()->name() +
             ".json") {
    std::ofstream(path) << text.str();
  }
  ~ProfileFile() { std::remove(path.c_str()); }
  const std::string path;
};

std::string profileError(llvm::StringRef text) {
  auto profile = readProfile(ProfileFile(text).path);
  return profile ? "" : llvm::toString(profile.takeError());
}

} // namespace

TEST_F(CostModelTest, AMatmulIsTwoMatrixOperationsPerPoint) {
  OpWork work = workIn(
      "linalg.matmul",
      "%a: tensor<2x3xbf16>, %b: tensor<3x5xbf16>, %c: tensor<2x5xf32>",
      R"(%m = linalg.matmul ins(%a, %b : tensor<2x3xbf16>, tensor<3x5xbf16>)
         outs(%c : tensor<2x5xf32>) -> tensor<2x5xf32>)");
  EXPECT_EQ(work.matrixOps, 2 * 2 * 3 * 5);
  // The inputs are widened, once per element.
  EXPECT_EQ(work.vectorOps, 2 * 3 + 3 * 5);
  EXPECT_TRUE(work.computeType.isBF16());
  EXPECT_EQ(work.seconds, -1);
}

TEST_F(CostModelTest, AConvolutionIsWorkForTheMatrixUnit) {
  OpWork work = workIn("linalg.conv_2d_nhwc_hwcf",
                       "%x: tensor<1x6x6x4xf32>, %w: tensor<3x3x4x8xf32>, "
                       "%y: tensor<1x4x4x8xf32>",
                       R"(%c = linalg.conv_2d_nhwc_hwcf
           ins(%x, %w : tensor<1x6x6x4xf32>, tensor<3x3x4x8xf32>)
           outs(%y : tensor<1x4x4x8xf32>) -> tensor<1x4x4x8xf32>)");
  EXPECT_EQ(work.matrixOps, 2.0 * (4 * 4 * 8) * (3 * 3 * 4));
  EXPECT_EQ(work.vectorOps, 0);
}

TEST_F(CostModelTest, PoolingIsWorkForTheVectorUnit) {
  OpWork work = workIn(
      "linalg.pooling_nhwc_max",
      "%x: tensor<1x4x4x8xf32>, %w: tensor<2x2xf32>, %y: tensor<1x3x3x8xf32>",
      R"(%p = linalg.pooling_nhwc_max
           ins(%x, %w : tensor<1x4x4x8xf32>, tensor<2x2xf32>)
           outs(%y : tensor<1x3x3x8xf32>) -> tensor<1x3x3x8xf32>)");
  EXPECT_EQ(work.matrixOps, 0);
  EXPECT_EQ(work.vectorOps, 3 * 3 * 8 * 2 * 2);
}

TEST_F(CostModelTest, MovingDataIsNoArithmetic) {
  llvm::StringRef tensors = "%a: tensor<4x8xf32>, %b: tensor<8x4xf32>, %z: f32";
  OpWork fill = workIn("linalg.fill", tensors,
                       R"(%x = linalg.fill ins(%z : f32)
                            outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>)");
  EXPECT_EQ(fill.matrixOps + fill.vectorOps, 0);
  OpWork transpose = workIn("linalg.transpose", tensors,
                            R"(%x = linalg.transpose ins(%a : tensor<4x8xf32>)
                  outs(%b : tensor<8x4xf32>) permutation = [1, 0])");
  EXPECT_EQ(transpose.matrixOps + transpose.vectorOps, 0);
  OpWork copy = workIn("linalg.copy", tensors,
                       R"(%x = linalg.copy ins(%a : tensor<4x8xf32>)
                  outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>)");
  EXPECT_EQ(copy.matrixOps + copy.vectorOps, 0);
}

TEST_F(CostModelTest, FunctionsWeighMoreThanAdditions) {
  auto workOfUnary = [&](llvm::StringRef op) {
    return workIn(("linalg." + op).str(), "%a: tensor<16xf32>",
                  ("%x = linalg." + op +
                   " ins(%a : tensor<16xf32>) outs(%a : tensor<16xf32>)"
                   " -> tensor<16xf32>")
                      .str())
        .vectorOps;
  };
  EXPECT_EQ(workOfUnary("abs"), 16);
  EXPECT_EQ(workOfUnary("sqrt"), 4 * 16);
  EXPECT_EQ(workOfUnary("exp"), 8 * 16);
}

TEST_F(CostModelTest, WhatFusionPutBeforeAContractionCountsOncePerInput) {
  OpWork work =
      workIn("linalg.generic",
             "%a: tensor<2x3xf32>, %b: tensor<3x5xf32>, %c: tensor<2x5xf32>",
             R"(%m = linalg.generic {
           indexing_maps = [affine_map<(i, j, k) -> (i, k)>,
                            affine_map<(i, j, k) -> (k, j)>,
                            affine_map<(i, j, k) -> (i, j)>],
           iterator_types = ["parallel", "parallel", "reduction"]}
           ins(%a, %b : tensor<2x3xf32>, tensor<3x5xf32>)
           outs(%c : tensor<2x5xf32>) {
         ^bb0(%x: f32, %y: f32, %s: f32):
           %e = math.exp %x : f32
           %p = arith.mulf %e, %y : f32
           %t = arith.addf %s, %p : f32
           linalg.yield %t : f32
         } -> tensor<2x5xf32>)");
  EXPECT_EQ(work.matrixOps, 2 * 2 * 3 * 5);
  EXPECT_EQ(work.vectorOps, 8 * 2 * 3);
}

TEST_F(CostModelTest, ADynamicLoopCountsAsItsBound) {
  OpWork work = workIn("linalg.abs", "%n: index",
                       R"(%m = affine.min affine_map<(d0) -> (d0, 32)>(%n)
         %e = tensor.empty(%m) : tensor<?x4xf32>
         %x = linalg.abs ins(%e : tensor<?x4xf32>)
                outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>)");
  EXPECT_EQ(work.vectorOps, 32 * 4);
}

TEST_F(CostModelTest, AccessesToElementsTouchElements) {
  llvm::StringRef arguments =
      "%t: tensor<16xf32>, %v: f32, %i: index, %n: tensor<2x1xindex>, "
      "%s: tensor<2x1xf32>";
  EXPECT_THAT(workIn("tensor.extract", arguments,
                     "%e = tensor.extract %t[%i] : tensor<16xf32>")
                  .accessed,
              ElementsAre(Pair(0u, 4)));
  EXPECT_THAT(workIn("tensor.insert", arguments,
                     "%e = tensor.insert %v into %t[%i] : tensor<16xf32>")
                  .accessed,
              ElementsAre(Pair(1u, 4)));
  EXPECT_THAT(workIn("tensor.gather", arguments,
                     R"(%g = tensor.gather %t[%n] gather_dims([0])
                          : (tensor<16xf32>, tensor<2x1xindex>)
                          -> tensor<2x1xf32>)")
                  .accessed,
              ElementsAre(Pair(0u, 8)));
  EXPECT_THAT(workIn("tensor.scatter", arguments,
                     R"(%g = tensor.scatter %s into %t[%n] scatter_dims([0])
                          unique
                          : (tensor<2x1xf32>, tensor<16xf32>,
                             tensor<2x1xindex>) -> tensor<16xf32>)")
                  .accessed,
              ElementsAre(Pair(1u, 8)));
}

// An element without a size once ended the program.
TEST_F(CostModelTest, ElementsOfUnknownSizeAreNotAccessedInPart) {
  EXPECT_THAT(workIn("tensor.extract",
                     "%t: tensor<16x!quant.uniform<i8:f32, 0.5>>, %i: index",
                     R"(%e = tensor.extract %t[%i]
                          : tensor<16x!quant.uniform<i8:f32, 0.5>>)")
                  .accessed,
              IsEmpty());
}

TEST_F(CostModelTest, AKernelHasTheWorkThatItDeclares) {
  OpWork timed = workIn("mempl.kernel", "%a: tensor<16xbf16>",
                        R"(%k = mempl.kernel "k"(%a) {seconds = 0.5 : f64,
                  bytes = array<i64: 12>, reserved = 64 : i64}
                  : (tensor<16xbf16>) -> tensor<16xbf16>)");
  EXPECT_EQ(timed.seconds, 0.5);
  EXPECT_EQ(timed.reservedBytes, 64);
  EXPECT_THAT(timed.accessed, ElementsAre(Pair(0u, 12)));
  OpWork counted = workIn("mempl.kernel", "%a: tensor<16xbf16>",
                          R"(%k = mempl.kernel "k"(%a) {matrix_ops = 8.0 : f64,
                               vector_ops = 3.0 : f64}
                               : (tensor<16xbf16>) -> tensor<16xbf16>)");
  EXPECT_EQ(counted.seconds, -1);
  EXPECT_EQ(counted.matrixOps, 8);
  EXPECT_EQ(counted.vectorOps, 3);
  EXPECT_TRUE(counted.computeType.isBF16());
}

static constexpr llvm::StringLiteral kLoop = R"(
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %r = scf.for %i = %c0 to %BOUND step %c2 iter_args(%t = %a)
      -> tensor<16xf32> {
    %x = linalg.abs ins(%t : tensor<16xf32>) outs(%t : tensor<16xf32>)
      -> tensor<16xf32>
    scf.yield %x : tensor<16xf32>
  })";

static std::string loopTo(llvm::StringRef bound, llvm::StringRef attributes) {
  std::string text = kLoop.str() + attributes.str();
  text.replace(text.find("%BOUND"), 6, bound.str());
  return text;
}

TEST_F(CostModelTest, ALoopCountsItsTrips) {
  llvm::StringRef arguments = "%a: tensor<16xf32>, %n: index";
  OpWork known = workIn("scf.for", arguments,
                        "%c9 = arith.constant 9 : index\n" + loopTo("%c9", ""));
  EXPECT_EQ(known.vectorOps, 5 * 16);
  EXPECT_EQ(known.seconds, -1);
  EXPECT_EQ(workIn("scf.for", arguments, loopTo("%n", "")).vectorOps, 16);
  EXPECT_EQ(
      workIn("scf.for", arguments, loopTo("%n", "{mempl.trips = 3 : i64}"))
          .vectorOps,
      3 * 16);
}

TEST_F(CostModelTest, AConditionalCountsItsLargerBranch) {
  OpWork work = workIn("scf.if", "%a: tensor<16xf32>, %c: i1",
                       R"(%r = scf.if %c -> tensor<16xf32> {
           %x = linalg.exp ins(%a : tensor<16xf32>) outs(%a : tensor<16xf32>)
             -> tensor<16xf32>
           scf.yield %x : tensor<16xf32>
         } else {
           %y = linalg.abs ins(%a : tensor<16xf32>) outs(%a : tensor<16xf32>)
             -> tensor<16xf32>
           scf.yield %y : tensor<16xf32>
         })");
  EXPECT_EQ(work.vectorOps, 8 * 16);
}

TEST_F(CostModelTest, OpsThatNobodyKnowsHaveNoWork) {
  OpWork work =
      workIn("tensor.empty", "", "%e = tensor.empty() : tensor<4xf32>");
  EXPECT_EQ(work.matrixOps + work.vectorOps, 0);
  EXPECT_EQ(work.seconds, -1);
  EXPECT_THAT(work.accessed, IsEmpty());
}

TEST_F(CostModelTest, SecondsAreOperationsOverTheRateOfTheType) {
  workIn("mempl.kernel", "%a: tensor<16xbf16>",
         R"(%k = mempl.kernel "k"(%a) {matrix_ops = 8.0e6 : f64,
              vector_ops = 3.0e3 : f64} : (tensor<16xbf16>) -> tensor<16xbf16>)");
  // The vector unit has no rate for bf16: the slowest holds.
  EXPECT_EQ(CostModel(roundTarget()).computeSeconds(find("mempl.kernel")),
            2 + 3);
}

TEST_F(CostModelTest, DeclaredSecondsNeedNoRate) {
  workIn("mempl.kernel", "%a: tensor<16xi8>",
         R"(%k = mempl.kernel "k"(%a) {seconds = 0.125 : f64}
              : (tensor<16xi8>) -> tensor<16xi8>)");
  EXPECT_EQ(CostModel(roundTarget()).computeSeconds(find("mempl.kernel")),
            0.125);
}

TEST_F(CostModelTest, AProfileIsAskedForNameThenPlaceThenOp) {
  parse(R"(func.func @f(%a: tensor<16xf32>) {
%x = linalg.abs ins(%a : tensor<16xf32>) outs(%a : tensor<16xf32>) -> tensor<16xf32> loc("named"("net.py":3:7))
return })");
  Operation *op = find("linalg.abs");
  Profile profile = {{"linalg.abs", 1}};
  EXPECT_EQ(CostModel(roundTarget(), profile).computeSeconds(op), 1);
  profile["net.py:3:7"] = 2;
  EXPECT_EQ(CostModel(roundTarget(), profile).computeSeconds(op), 2);
  profile["named"] = 3;
  EXPECT_EQ(CostModel(roundTarget(), profile).computeSeconds(op), 3);
  EXPECT_EQ(CostModel(roundTarget(), {{"other", 1}}).computeSeconds(op), 0.016);
}

TEST(Profile, IsReadFromJson) {
  ProfileFile file(R"({"version": 1, "seconds": {"a": 0.5, "b:1:2": 0}})");
  auto profile = readProfile(file.path);
  ASSERT_TRUE(static_cast<bool>(profile))
      << llvm::toString(profile.takeError());
  EXPECT_THAT(*profile, ElementsAre(Pair("a", 0.5), Pair("b:1:2", 0.0)));
}

TEST(Profile, MistakesAreErrorsWithTheirLine) {
  EXPECT_THAT(profileError("{\"version\": 1,\n\"seconds\": {\n\"x\": -1}}"),
              HasSubstr(".json:3: error: seconds.x: expected seconds"));
  EXPECT_THAT(profileError(R"({"version": 2, "seconds": {}})"),
              HasSubstr("version"));
  EXPECT_THAT(profileError(R"({"version": 1})"), HasSubstr("seconds"));
  EXPECT_THAT(profileError(R"({"version": 1, "seconds": {}, "hours": {}})"),
              HasSubstr("hours"));
  EXPECT_THAT(profileError(R"({"version": 1, "seconds": {"a": 1, "a": 2}})"),
              HasSubstr("a"));
  EXPECT_THAT(profileError(R"({"version": 1, "seconds": {"a": "fast"}})"),
              HasSubstr("number"));
}

TEST(Profile, AMissingFileIsAnError) {
  auto profile = readProfile("no/such/profile.json");
  ASSERT_FALSE(static_cast<bool>(profile));
  EXPECT_THAT(llvm::toString(profile.takeError()),
              HasSubstr("no/such/profile.json"));
}
