//===- NotLowered.cpp - errors about ops that are left --------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NotLowered.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace mempl::ir;

StringRef mempl::ir::whatLowers(StringRef dialect) {
  return llvm::StringSwitch<StringRef>(dialect)
      .Case("tosa", "tosa-to-linalg-pipeline")
      .Case("shape", "convert-shape-to-std")
      .Case("sparse_tensor", "sparsification-and-bufferization")
      .Case("async", "async-to-async-runtime, convert-async-to-llvm")
      .Case("omp", "convert-openmp-to-llvm")
      .Case("acc", "openacc-to-scf")
      .Case("quant", "lower-quant-ops")
      .Case("shard", "shard-partition")
      .Cases({"stablehlo", "chlo", "mhlo"},
             "stablehlo-legalize-to-linalg of StableHLO")
      .Cases({"torch", "torch_c"},
             "torch-backend-to-linalg-on-tensors-backend-pipeline of "
             "torch-mlir")
      .Default("");
}

/// Whether an op computes with floats of less than 16 bits.
static bool hasTinyFloats(Operation *op) {
  auto tiny = [](Type type) {
    auto element = dyn_cast<FloatType>(getElementTypeOrSelf(type));
    return element && element.getWidth() < 16;
  };
  return llvm::any_of(op->getOperandTypes(), tiny) ||
         llvm::any_of(op->getResultTypes(), tiny);
}

Type mempl::ir::unknownTypeOf(Operation *op) {
  Type unknown;
  AttrTypeWalker walker;
  walker.addWalk([&](OpaqueType type) { unknown = type; });
  if (auto function = dyn_cast<FunctionOpInterface>(op))
    walker.walk(function.getFunctionType());
  for (Type type : op->getOperandTypes())
    walker.walk(type);
  for (Type type : op->getResultTypes())
    walker.walk(type);
  return unknown;
}

void mempl::ir::emitNotLowered(ArrayRef<Operation *> left) {
  Operation *first = left.front();
  InFlightDiagnostic error = first->emitError()
                             << "'" << first->getName() << "' ";
  StringRef dialect = first->getName().getDialectNamespace();
  if (StringRef pass = whatLowers(dialect); !pass.empty())
    error << "cannot be lowered; run " << pass << " before";
  else if (dialect == "gpu" || dialect == "nvgpu")
    error << "cannot be lowered for a CPU; mempl-lower-to-gpu is for kernels";
  else if (isa_and_nonnull<arith::ArithDialect>(first->getDialect()) &&
           hasTinyFloats(first))
    error << "cannot be lowered: LLVM has no such numbers; run "
             "convert-arith-to-apfloat before, and link mlir_apfloat_wrappers";
  else if (Type type = unknownTypeOf(first); type && first->isRegistered())
    error << "cannot be lowered: the dialect of its type " << type
          << " is not known here; run what lowers it before";
  else if (!first->isRegistered())
    error << "cannot be lowered: its dialect is not known here; run what "
             "lowers it to linalg, scf or memref before";
  else
    error << "cannot be lowered: no pass of the pipeline knows it on these "
             "types; rewrite it before";
  llvm::SetVector<StringRef> others;
  for (Operation *op : left)
    others.insert(op->getName().getStringRef());
  others.remove(first->getName().getStringRef());
  if (!others.empty())
    error.attachNote(first->getLoc())
        << "nor are '" << llvm::join(others.getArrayRef(), "', '") << "'";
}
