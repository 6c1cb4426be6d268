//===- SlowReason.cpp - why a tensor can only be in slow memory -----------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SlowReason.h"

#include "mempl/IR/Mempl.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/CallInterfaces.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace mempl::ir;

namespace {
/// What makes bufferizable ops of the ops of a dialect, or of one op.
struct Remedy {
  llvm::StringLiteral name; ///< Of a dialect, or of an op.
  llvm::StringLiteral text; ///< What to do, in the imperative.
};
} // namespace

/// Of single ops; they win over their dialect.
static constexpr Remedy kOpRemedies[] = {
    {"tosa.const", "run tosa-to-arith first"},
    {"tosa.apply_scale", "run tosa-to-arith first"},
    {"tosa.concat", "run tosa-to-tensor first"},
    {"tosa.pad", "run tosa-to-tensor first"},
    {"tosa.reshape", "run tosa-to-tensor first"},
    {"tosa.slice", "run tosa-to-tensor first"},
    {"tosa.cond_if", "run tosa-to-scf first"},
    {"tosa.scatter", "run tosa-to-scf first"},
    {"tosa.while_loop", "run tosa-to-scf first"},
    {"tosa.avg_pool2d", "run tosa-to-linalg-named first"},
    {"tosa.conv2d", "run tosa-to-linalg-named first"},
    {"tosa.conv3d", "run tosa-to-linalg-named first"},
    {"tosa.depthwise_conv2d", "run tosa-to-linalg-named first"},
    {"tosa.matmul", "run tosa-to-linalg-named first"},
    {"tosa.max_pool2d", "run tosa-to-linalg-named first"},
    {"tosa.transpose", "run tosa-to-linalg-named first"},
    {"tosa.variable", "run tosa-to-mlprogram first"},
    {"tosa.variable_read", "run tosa-to-mlprogram first"},
    {"tosa.variable_write", "run tosa-to-mlprogram first"},
    {"linalg.pack", "lower it with transform.structured.lower_pack first"},
    {"linalg.unpack", "lower it with transform.structured.lower_unpack first"},
    {"builtin.unrealized_conversion_cast",
     "run reconcile-unrealized-casts, or the conversion that is missing"},
    {"scf.forall", "use scf.for, as tile_using_for makes it"},
};

static constexpr Remedy kDialectRemedies[] = {
    {"affine", "run lower-affine first"},
    {"chlo", "run chlo-legalize-to-stablehlo and stablehlo-legalize-to-linalg, "
             "of StableHLO, first"},
    {"quant", "run lower-quant-ops first"},
    {"shape", "run convert-shape-to-std first"},
    {"sparse_tensor", "run sparsification-and-bufferization on it"},
    {"stablehlo", "run stablehlo-legalize-to-linalg, of StableHLO, first"},
    {"torch", "run torch-backend-to-linalg-on-tensors-backend-pipeline, of "
              "torch-mlir, first"},
    {"tosa", "run tosa-to-linalg first"},
};

static constexpr llvm::StringLiteral kElementwiseRemedy =
    "run convert-elementwise-to-linalg first";

/// Whether convert-elementwise-to-linalg takes the op.
static bool isElementwiseOnTensors(Operation *op) {
  return OpTrait::hasElementwiseMappableTraits(op) &&
         llvm::all_of(op->getOperandTypes(), [](Type type) {
           return !isa<TensorType>(type) || isa<RankedTensorType>(type);
         });
}

SlowReason mempl::ir::unboundedReason() {
  return {"has a dynamic size without a bound ('mempl.max_bytes' on the op or "
          "argument gives one)",
          ""};
}

SlowReason mempl::ir::doesNotBufferizeReason(Operation *op) {
  StringRef name = op->getName().getStringRef();
  StringRef dialect = op->getName().getDialectNamespace();
  std::string text =
      "is used by '" + name.str() + "', which does not bufferize (";
  auto helps = [&](StringRef what, StringRef remedy) -> SlowReason {
    return {text + remedy.str() + ")", "is used by " + what.str() +
                                           ", which do not bufferize (" +
                                           remedy.str() + ")"};
  };
  for (const Remedy &remedy : kOpRemedies)
    if (remedy.name == name)
      return helps("'" + name.str() + "' ops", remedy.text);
  if (isElementwiseOnTensors(op))
    return helps("elementwise ops on tensors", kElementwiseRemedy);
  for (const Remedy &remedy : kDialectRemedies)
    if (remedy.name == dialect)
      return helps("ops of '" + dialect.str() + "'", remedy.text);
  if (isa<CallOpInterface>(op))
    return helps("'" + name.str() + "' ops", "inline the callee first");
  return helps("'" + name.str() + "' ops",
               "lower it to ops that do, or register its "
               "BufferizableOpInterface");
}

SlowReason mempl::ir::opaqueRegionReason(Operation *op) {
  StringRef name = op->getName().getStringRef();
  std::string text =
      "is passed into '" + name.str() + "', whose inside is not placed";
  for (const Remedy &remedy : kOpRemedies)
    if (remedy.name == name)
      return {text + " (" + remedy.text.str() + ")", ""};
  return {text, ""};
}

SlowReason mempl::ir::callReason(func::CallOp call) {
  auto callee = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(
      call, call.getCalleeAttr());
  std::string text =
      "is passed to or returned by the call of @" + call.getCallee().str();
  std::string shared = "is passed to or returned by a call";
  std::string remedy;
  if (!callee || callee.isExternal())
    remedy = ", which is declared only";
  else if (callee == call->getParentOfType<func::FuncOp>())
    remedy = ", the function itself";
  else
    remedy = " (run inline first)";
  return {text + remedy, shared + remedy};
}

SlowReason mempl::ir::slicesReason() {
  return {"is used slice by slice in a loop, in which each slice is placed by "
          "itself",
          ""};
}

SlowReason mempl::ir::encodingReason(Attribute encoding) {
  // What a tensor has in place of the memory space of its buffer.
  if (isa<IntegerAttr, SpaceAttr>(encoding))
    return memorySpaceReason(encoding);
  return {"has an encoding", ""};
}

SlowReason mempl::ir::memorySpaceReason(Attribute space) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "has a memory space, " << space;
  return {text, "has a memory space"};
}
