//===- KernelOp.cpp - opaque steps with a declared cost -------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Verification, effects and bufferization of mempl.kernel. A result without an
// operand to write into gets a new buffer as one more operand.
//
//===----------------------------------------------------------------------===//

#include "mempl/IR/Mempl.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace mempl::ir;
using namespace mlir::bufferization;

int64_t KernelOp::getTiedOperand(unsigned result) {
  std::optional<ArrayRef<int64_t>> outs = getOuts();
  return outs && result < outs->size() ? (*outs)[result] : -1;
}

bool KernelOp::writesOperand(unsigned operand) {
  std::optional<ArrayRef<int64_t>> outs = getOuts();
  return outs && llvm::is_contained(*outs, int64_t(operand));
}

bool KernelOp::readsOperand(unsigned operand) {
  std::optional<ArrayRef<int64_t>> updates = getUpdates();
  return !writesOperand(operand) ||
         (updates && llvm::is_contained(*updates, int64_t(operand)));
}

LogicalResult KernelOp::verify() {
  int64_t numOperands = getOperands_().size();
  auto isOperand = [&](int64_t i) { return i >= 0 && i < numOperands; };
  ArrayRef<int64_t> outs = getOuts().value_or(ArrayRef<int64_t>());
  bool onTensors = getNumResults() > 0;
  if (onTensors && getOuts() && outs.size() != getNumResults())
    return emitOpError() << "expected 'outs' to have one entry for each of "
                         << getNumResults() << " results, got " << outs.size();
  llvm::SmallDenseSet<int64_t> seen;
  for (auto [i, out] : llvm::enumerate(outs)) {
    if (onTensors && out == -1)
      continue;
    if (!isOperand(out))
      return emitOpError() << "expected 'outs' to name an operand, got " << out;
    if (!seen.insert(out).second)
      return emitOpError() << "expected operand " << out << " once in 'outs'";
    Type type = getOperands_()[out].getType();
    if (onTensors && type != getResult(i).getType())
      return emitOpError() << "expected result " << i
                           << " to have the type of operand " << out << ", "
                           << type;
    if (!onTensors && !isa<MemRefType>(type))
      return emitOpError() << "expected operand " << out
                           << " to be a memref, as it is written";
  }
  for (int64_t update : getUpdates().value_or(ArrayRef<int64_t>()))
    if (!llvm::is_contained(outs, update))
      return emitOpError() << "expected 'updates' to name operands of 'outs', "
                              "got "
                           << update;
  auto checkBytes = [&](std::optional<ArrayRef<int64_t>> bytes, StringRef name,
                        int64_t count) -> LogicalResult {
    if (!bytes)
      return success();
    if (int64_t(bytes->size()) != count)
      return emitOpError() << "expected '" << name << "' to have " << count
                           << " entries, got " << bytes->size();
    for (int64_t number : *bytes)
      if (number < -1)
        return emitOpError()
               << "expected '" << name
               << "' to hold numbers of bytes or -1, got " << number;
    return success();
  };
  if (failed(checkBytes(getBytes(), "bytes", numOperands)) ||
      failed(checkBytes(getResultBytes(), "result_bytes", getNumResults())))
    return failure();
  auto checkNumber = [&](std::optional<APFloat> number, StringRef name) {
    if (!number || (number->isFinite() && !number->isNegative()))
      return success();
    return LogicalResult(emitOpError() << "expected '" << name
                                       << "' to be finite and not negative");
  };
  if (failed(checkNumber(getSeconds(), "seconds")) ||
      failed(checkNumber(getMatrixOps(), "matrix_ops")) ||
      failed(checkNumber(getVectorOps(), "vector_ops")))
    return failure();
  if (getSeconds() && (getMatrixOps() || getVectorOps()))
    return emitOpError() << "expected 'seconds' or operations, not both";
  return success();
}

void KernelOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  bool onBuffers = false;
  for (OpOperand &operand : getOperands_Mutable()) {
    if (!isa<MemRefType>(operand.get().getType()))
      continue;
    onBuffers = true;
    unsigned i = operand.getOperandNumber();
    if (readsOperand(i))
      effects.emplace_back(MemoryEffects::Read::get(), &operand);
    if (writesOperand(i))
      effects.emplace_back(MemoryEffects::Write::get(), &operand);
  }
  // A kernel that gives nothing is run for what it does elsewhere.
  if (!onBuffers && getNumResults() == 0)
    effects.emplace_back(MemoryEffects::Write::get());
}

bool KernelOp::bufferizesToMemoryRead(OpOperand &operand,
                                      const AnalysisState &) {
  return readsOperand(operand.getOperandNumber());
}

bool KernelOp::bufferizesToMemoryWrite(OpOperand &operand,
                                       const AnalysisState &) {
  return writesOperand(operand.getOperandNumber());
}

bool KernelOp::bufferizesToAllocation(Value value) {
  return getTiedOperand(cast<OpResult>(value).getResultNumber()) < 0;
}

AliasingValueList KernelOp::getAliasingValues(OpOperand &operand,
                                              const AnalysisState &) {
  for (OpResult result : getResults())
    if (getTiedOperand(result.getResultNumber()) == operand.getOperandNumber())
      return {{result, BufferRelation::Equivalent}};
  return {};
}

LogicalResult KernelOp::bufferize(RewriterBase &rewriter,
                                  const BufferizationOptions &options,
                                  BufferizationState &state) {
  SmallVector<Value> operands;
  for (Value operand : getOperands_()) {
    if (isa<TensorType>(operand.getType())) {
      FailureOr<Value> buffer = getBuffer(rewriter, operand, options, state);
      if (failed(buffer))
        return failure();
      operand = *buffer;
    }
    operands.push_back(operand);
  }
  SmallVector<int64_t> outs, bytes;
  if (std::optional<ArrayRef<int64_t>> old = getBytes())
    bytes.assign(old->begin(), old->end());
  SmallVector<Value> replacements;
  for (OpResult result : getResults()) {
    int64_t tied = getTiedOperand(result.getResultNumber());
    if (tied < 0) {
      auto type = cast<RankedTensorType>(result.getType());
      if (!type.hasStaticShape())
        return emitOpError()
               << "expected an operand to write result "
               << result.getResultNumber() << " into, as its shape is dynamic";
      FailureOr<Value> buffer = options.createAlloc(
          rewriter, getLoc(),
          MemRefType::get(type.getShape(), type.getElementType()), {});
      if (failed(buffer))
        return failure();
      tied = operands.size();
      operands.push_back(*buffer);
      if (getBytes() || getResultBytes()) {
        bytes.resize(tied, -1);
        bytes.push_back(getResultBytes()
                            ? (*getResultBytes())[result.getResultNumber()]
                            : -1);
      }
    }
    outs.push_back(tied);
    replacements.push_back(operands[tied]);
  }
  auto kernel = KernelOp::create(
      rewriter, getLoc(), TypeRange(), getNameAttr(), operands,
      rewriter.getDenseI64ArrayAttr(outs), getUpdatesAttr(),
      bytes.empty() ? DenseI64ArrayAttr()
                    : rewriter.getDenseI64ArrayAttr(bytes),
      DenseI64ArrayAttr(), getSecondsAttr(), getMatrixOpsAttr(),
      getVectorOpsAttr(), getReservedAttr());
  kernel->setDiscardableAttrs((*this)->getDiscardableAttrDictionary());
  replaceOpWithBufferizedValues(rewriter, getOperation(), replacements);
  return success();
}
