//===- MemplOps.cpp - storage and copies ----------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Parsing, verification, effects and bufferization of mempl.alloc, copy_start,
// copy_wait, their carried forms, transfer and release. To One-Shot Analysis a
// copy writes its destination when it starts, and the result of the wait is a
// new definition: the destination has no other name after that, so no alias is
// lost.
//
//===----------------------------------------------------------------------===//

#include "mempl/IR/Mempl.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/DataLayoutInterfaces.h"
#include "mlir/Interfaces/LoopLikeInterface.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mempl::ir;
using namespace mlir::bufferization;

using Effects =
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>;

//===----------------------------------------------------------------------===//
// Custom parts of the assembly
//===----------------------------------------------------------------------===//

static ParseResult parseHint(OpAsmParser &parser, CopyHintAttr &hint) {
  StringRef keyword;
  CopyHint value = CopyHint::None;
  if (succeeded(parser.parseOptionalKeyword(&keyword, {"prefetch", "evict"})))
    value = *symbolizeCopyHint(keyword);
  hint = CopyHintAttr::get(parser.getContext(), value);
  return success();
}

static void printHint(OpAsmPrinter &printer, Operation *, CopyHintAttr hint) {
  if (hint.getValue() != CopyHint::None)
    printer << stringifyCopyHint(hint.getValue());
}

/// `T` for tensors, `S to D` for memrefs.
static ParseResult parseCopied(OpAsmParser &parser, Type &source, Type &dest,
                               RankedTensorType &tensor) {
  if (parser.parseType(source))
    return failure();
  dest = source;
  tensor = dyn_cast<RankedTensorType>(source);
  if (tensor)
    return success();
  return failure(parser.parseKeyword("to") || parser.parseType(dest));
}

static void printCopied(OpAsmPrinter &printer, Type source, Type dest) {
  printer << source;
  if (!isa<RankedTensorType>(source))
    printer << " to " << dest;
}

static ParseResult parseStartTypes(OpAsmParser &parser, Type &source,
                                   Type &dest, Type &handle) {
  RankedTensorType tensor;
  if (parseCopied(parser, source, dest, tensor))
    return failure();
  handle = tensor ? Type(FutureType::get(parser.getContext(), tensor))
                  : Type(TokenType::get(parser.getContext()));
  return success();
}

static void printStartTypes(OpAsmPrinter &printer, Operation *, Type source,
                            Type dest, Type) {
  printCopied(printer, source, dest);
}

static ParseResult parseWaitTypes(OpAsmParser &parser, Type &handle,
                                  Type &source, Type &dest, Type &result) {
  Type from, to;
  RankedTensorType tensor;
  if (parseCopied(parser, from, to, tensor))
    return failure();
  if (tensor) {
    handle = FutureType::get(parser.getContext(), tensor);
    result = tensor;
    return success();
  }
  handle = TokenType::get(parser.getContext());
  source = from;
  dest = to;
  return success();
}

static void printWaitTypes(OpAsmPrinter &printer, Operation *, Type,
                           Type source, Type dest, Type result) {
  printCopied(printer, result ? result : source, dest);
}

static ParseResult parseTransferTypes(OpAsmParser &parser, Type &source,
                                      Type &dest, Type &result) {
  RankedTensorType tensor;
  if (parseCopied(parser, source, dest, tensor))
    return failure();
  if (tensor)
    result = tensor;
  return success();
}

static void printTransferTypes(OpAsmPrinter &printer, Operation *, Type source,
                               Type dest, Type) {
  printCopied(printer, source, dest);
}

static ParseResult parseDestType(OpAsmParser &parser, Type &dest,
                                 Type &result) {
  if (failed(parser.parseOptionalColon()))
    return success();
  if (parser.parseType(dest))
    return failure();
  result = dest;
  return success();
}

static void printDestType(OpAsmPrinter &printer, Operation *, Type dest, Type) {
  if (dest)
    printer << " : " << dest;
}

//===----------------------------------------------------------------------===//
// mempl.alloc
//===----------------------------------------------------------------------===//

void AllocOp::build(OpBuilder &builder, OperationState &state, Type result,
                    SpaceAttr space, int64_t offset, int64_t bytes,
                    ValueRange dynamicSizes) {
  build(builder, state, result, space, builder.getI64IntegerAttr(offset),
        /*offset2=*/IntegerAttr(), builder.getI64IntegerAttr(bytes),
        /*odd=*/Value(), dynamicSizes);
}

LogicalResult AllocOp::verify() {
  auto type = cast<ShapedType>(getResult().getType());
  if (getDynamicSizes().size() != size_t(type.getNumDynamicDims()))
    return emitOpError() << "expected one size operand for each of "
                         << type.getNumDynamicDims()
                         << " dynamic dimensions, got "
                         << getDynamicSizes().size();
  if (getOffset2().has_value() != bool(getOdd()))
    return emitOpError() << "expected a second offset and the condition for it "
                            "together";
  if (auto memref = dyn_cast<MemRefType>(type)) {
    if (memref.getMemorySpace() != getSpace())
      return emitOpError() << "expected the memory space of the memref to be "
                           << getSpace();
    if (!memref.getLayout().isIdentity())
      return emitOpError() << "expected a memref without a layout";
  }
  if (type.hasStaticShape()) {
    Type elementType = type.getElementType();
    if (!isa<IntegerType, FloatType, IndexType, ComplexType, VectorType>(
            elementType) &&
        !isa<DataLayoutTypeInterface>(elementType))
      return emitOpError() << "expected elements of a known size, got "
                           << elementType;
    uint64_t element = DataLayout::closest(*this).getTypeSize(elementType);
    bool overflow = false;
    uint64_t size = element;
    for (int64_t extent : type.getShape())
      size = llvm::SaturatingMultiply(size, uint64_t(extent), &overflow);
    if (uint64_t(getBytes()) < size)
      return emitOpError() << "expected at least " << size
                           << " bytes for the type " << type << ", got "
                           << getBytes();
  }
  return success();
}

void AllocOp::getEffects(Effects &effects) {
  effects.emplace_back(MemoryEffects::Allocate::get(),
                       cast<OpResult>(getResult()), PlacementResource::get());
}

bool AllocOp::bufferizesToAllocation(Value) { return true; }
bool AllocOp::bufferizesToMemoryRead(OpOperand &, const AnalysisState &) {
  return false;
}
bool AllocOp::bufferizesToMemoryWrite(OpOperand &, const AnalysisState &) {
  return false;
}
bool AllocOp::resultBufferizesToMemoryWrite(OpResult, const AnalysisState &) {
  return false; // The contents are undefined.
}
AliasingValueList AllocOp::getAliasingValues(OpOperand &,
                                             const AnalysisState &) {
  return {};
}

FailureOr<BufferLikeType> AllocOp::getBufferType(Value,
                                                 const BufferizationOptions &,
                                                 const BufferizationState &,
                                                 SmallVector<Value> &) {
  auto type = cast<RankedTensorType>(getResult().getType());
  return cast<BufferLikeType>(MemRefType::get(
      type.getShape(), type.getElementType(), AffineMap(), getSpace()));
}

LogicalResult AllocOp::bufferize(RewriterBase &rewriter,
                                 const BufferizationOptions &,
                                 BufferizationState &) {
  auto type = cast<RankedTensorType>(getResult().getType());
  auto memref = MemRefType::get(type.getShape(), type.getElementType(),
                                AffineMap(), getSpace());
  auto buffer = AllocOp::create(rewriter, getLoc(), memref, getSpaceAttr(),
                                getOffsetAttr(), getOffset2Attr(),
                                getBytesAttr(), getOdd(), getDynamicSizes());
  buffer->setDiscardableAttrs((*this)->getDiscardableAttrDictionary());
  replaceOpWithBufferizedValues(rewriter, getOperation(), buffer.getResult());
  return success();
}

//===----------------------------------------------------------------------===//
// mempl.copy_start and mempl.copy_wait
//===----------------------------------------------------------------------===//

/// Source and destination of a copy: both tensors of one type, or both memrefs
/// of one shape and element type.
static LogicalResult verifyCopy(Operation *op, Type source, Type dest) {
  if (isa<RankedTensorType>(source) != isa<RankedTensorType>(dest))
    return op->emitOpError() << "expected two tensors or two memrefs";
  if (isa<RankedTensorType>(source)) {
    if (source != dest)
      return op->emitOpError()
             << "expected source and destination of one type, got " << source
             << " and " << dest;
    return success();
  }
  auto from = cast<MemRefType>(source), to = cast<MemRefType>(dest);
  if (from.getShape() != to.getShape() ||
      from.getElementType() != to.getElementType())
    return op->emitOpError()
           << "expected memrefs of one shape and element type, got " << from
           << " and " << to;
  return success();
}

/// What a copy does to memory: on tensors, nothing but keep its place.
template <typename CopyOp>
static void addCopyEffects(CopyOp op, Effects &effects) {
  effects.emplace_back(MemoryEffects::Write::get(), PlacementResource::get());
  if (!isa<MemRefType>(op.getSource().getType()))
    return;
  effects.emplace_back(MemoryEffects::Read::get(), &op.getSourceMutable());
  effects.emplace_back(MemoryEffects::Write::get(), &op.getDestMutable());
}

/// Checks the result of a copy that hands its destination on: that tensor on
/// tensors, none on memrefs.
template <typename CopyOp> static LogicalResult verifyDestResult(CopyOp op) {
  bool tensor = isa<RankedTensorType>(op.getSource().getType());
  if (bool(op.getResult()) != tensor)
    return op.emitOpError() << "expected a tensor as result on tensors, none "
                               "on memrefs";
  if (tensor && op.getResult().getType() != op.getDest().getType())
    return op.emitOpError()
           << "expected a result of type " << op.getDest().getType();
  return verifyCopy(op, op.getSource().getType(), op.getDest().getType());
}

/// Checks that the waits among `users`, all of them inside `block`, are one on
/// each path through it. Returns how many there are: 0 or 1.
static FailureOr<int> countWaits(Operation *start, Block *block,
                                 ArrayRef<Operation *> users) {
  // Users by the op of `block` that is or holds them.
  llvm::MapVector<Operation *, SmallVector<Operation *>> inside;
  for (Operation *user : users) {
    Operation *ancestor = block->findAncestorOpInBlock(*user);
    if (!ancestor)
      return start->emitOpError()
             << "expected its copy to be waited for in the same block or in "
                "a region inside of it";
    inside[ancestor].push_back(user);
  }
  int waits = 0;
  for (auto &[op, nested] : inside) {
    if (nested.front() == op) {
      ++waits;
      continue;
    }
    if (isa<LoopLikeOpInterface>(op) || !isa<RegionBranchOpInterface>(op))
      return start->emitOpError()
             << "expected its copy not to be waited for inside '"
             << op->getName() << "', which may run any number of times";
    for (Region &region : op->getRegions()) {
      SmallVector<Operation *> here;
      for (Operation *user : nested)
        if (region.isAncestor(user->getParentRegion()))
          here.push_back(user);
      int count = 0;
      if (!here.empty()) {
        FailureOr<int> result = countWaits(start, &region.front(), here);
        if (failed(result))
          return failure();
        count = *result;
      }
      if (count != 1)
        return start->emitOpError()
               << "expected its copy to be waited for on each path, but a "
                  "region of '"
               << op->getName() << "' does not";
    }
    ++waits;
  }
  if (waits > 1)
    return start->emitOpError()
           << "expected its copy to be waited for once, but a path waits "
           << waits << " times";
  return waits;
}

LogicalResult CopyStartOp::verify() {
  if (failed(verifyCopy(*this, getSource().getType(), getDest().getType())))
    return failure();
  Type handle = getHandle().getType();
  if (auto tensor = dyn_cast<RankedTensorType>(getSource().getType())) {
    auto future = dyn_cast<FutureType>(handle);
    if (!future || future.getTensor() != tensor)
      return emitOpError() << "expected the result to be a future of "
                           << tensor;
  } else if (!isa<TokenType>(handle)) {
    return emitOpError() << "expected the result to be a token";
  }
  SmallVector<Operation *> users;
  for (Operation *user : getHandle().getUsers()) {
    if (!isa<CopyWaitOp>(user))
      return emitOpError() << "expected only mempl.copy_wait to use its "
                              "result, found '"
                           << user->getName() << "'";
    users.push_back(user);
  }
  FailureOr<int> waits = countWaits(*this, (*this)->getBlock(), users);
  if (failed(waits))
    return failure();
  if (*waits == 0)
    return emitOpError() << "expected its copy to be waited for";
  return success();
}

void CopyStartOp::getEffects(Effects &effects) {
  addCopyEffects(*this, effects);
}

bool CopyStartOp::bufferizesToMemoryRead(OpOperand &operand,
                                         const AnalysisState &) {
  return &operand == &getSourceMutable();
}
bool CopyStartOp::bufferizesToMemoryWrite(OpOperand &operand,
                                          const AnalysisState &) {
  return &operand == &getDestMutable();
}
bool CopyStartOp::mustBufferizeInPlace(OpOperand &operand,
                                       const AnalysisState &state) {
  // Another destination would not be the one that was planned.
  return bufferizesToMemoryWrite(operand, state);
}
AliasingValueList CopyStartOp::getAliasingValues(OpOperand &,
                                                 const AnalysisState &) {
  return {};
}

LogicalResult CopyStartOp::bufferize(RewriterBase &rewriter,
                                     const BufferizationOptions &options,
                                     BufferizationState &state) {
  FailureOr<Value> source = getBuffer(rewriter, getSource(), options, state);
  FailureOr<Value> dest = getBuffer(rewriter, getDest(), options, state);
  if (failed(source) || failed(dest))
    return failure();
  auto start =
      CopyStartOp::create(rewriter, getLoc(), TokenType::get(getContext()),
                          getHintAttr(), *source, *dest);
  start->setDiscardableAttrs((*this)->getDiscardableAttrDictionary());
  replaceOpWithBufferizedValues(rewriter, getOperation(), start.getHandle());
  return success();
}

CopyStartOp CopyWaitOp::getStart() {
  return getHandle().getDefiningOp<CopyStartOp>();
}

LogicalResult CopyWaitOp::verify() {
  if (auto future = dyn_cast<FutureType>(getHandle().getType())) {
    if (getSource() || getDest())
      return emitOpError() << "expected no buffers beside a future";
    if (!getResult() || getResult().getType() != future.getTensor())
      return emitOpError() << "expected a result of type "
                           << future.getTensor();
    return success();
  }
  if (!getSource() || !getDest() || getResult())
    return emitOpError()
           << "expected the two buffers beside a token, and no result";
  CopyStartOp start = getStart();
  if (start &&
      (start.getSource() != getSource() || start.getDest() != getDest()))
    return emitOpError() << "expected the buffers of the mempl.copy_start";
  return verifyCopy(*this, getSource().getType(), getDest().getType());
}

void CopyWaitOp::getEffects(Effects &effects) {
  effects.emplace_back(MemoryEffects::Write::get(), PlacementResource::get());
  if (!getDest())
    return;
  effects.emplace_back(MemoryEffects::Read::get(), &getSourceMutable()[0]);
  effects.emplace_back(MemoryEffects::Write::get(), &getDestMutable()[0]);
}

bool CopyWaitOp::bufferizesToMemoryRead(OpOperand &, const AnalysisState &) {
  return false;
}
bool CopyWaitOp::bufferizesToMemoryWrite(OpOperand &, const AnalysisState &) {
  return false;
}
AliasingValueList CopyWaitOp::getAliasingValues(OpOperand &,
                                                const AnalysisState &) {
  return {};
}

FailureOr<BufferLikeType>
CopyWaitOp::getBufferType(Value, const BufferizationOptions &options,
                          const BufferizationState &state,
                          SmallVector<Value> &invocationStack) {
  CopyStartOp start = getStart();
  if (!start)
    return emitOpError() << "expected its copy to be started in this function";
  if (auto memref = dyn_cast<BufferLikeType>(start.getDest().getType()))
    return memref;
  return bufferization::getBufferType(start.getDest(), options, state,
                                      invocationStack);
}

LogicalResult CopyWaitOp::bufferize(RewriterBase &rewriter,
                                    const BufferizationOptions &,
                                    BufferizationState &) {
  CopyStartOp start = getStart();
  if (!start || !isa<TokenType>(start.getHandle().getType()))
    return emitOpError() << "expected its copy to be bufferized before it";
  Value dest = start.getDest();
  CopyWaitOp::create(rewriter, getLoc(), TypeRange(), start.getHandle(),
                     start.getSource(), dest);
  replaceOpWithBufferizedValues(rewriter, getOperation(), dest);
  return success();
}

//===----------------------------------------------------------------------===//
// mempl.copy_start_carried and mempl.copy_wait_carried
//===----------------------------------------------------------------------===//

/// Whether `op` may pass a token on: control flow, or a choice.
static bool passesTokens(Operation *op) {
  return isa<RegionBranchOpInterface, RegionBranchTerminatorOpInterface,
             SelectLikeOpInterface>(op);
}

LogicalResult CopyStartCarriedOp::verify() {
  for (Operation *user : getToken().getUsers())
    if (!isa<CopyWaitCarriedOp>(user) && !passesTokens(user))
      return emitOpError() << "expected only mempl.copy_wait_carried and "
                              "control flow to use its token, found '"
                           << user->getName() << "'";
  return verifyDestResult(*this);
}

void CopyStartCarriedOp::getEffects(Effects &effects) {
  addCopyEffects(*this, effects);
}

bool CopyStartCarriedOp::bufferizesToMemoryRead(OpOperand &operand,
                                                const AnalysisState &) {
  return &operand == &getSourceMutable();
}
bool CopyStartCarriedOp::bufferizesToMemoryWrite(OpOperand &operand,
                                                 const AnalysisState &) {
  return &operand == &getDestMutable();
}
bool CopyStartCarriedOp::mustBufferizeInPlace(OpOperand &operand,
                                              const AnalysisState &state) {
  return bufferizesToMemoryWrite(operand, state);
}
AliasingValueList
CopyStartCarriedOp::getAliasingValues(OpOperand &operand,
                                      const AnalysisState &state) {
  if (bufferizesToMemoryWrite(operand, state))
    return {{getResult(), BufferRelation::Equivalent}};
  return {};
}

LogicalResult CopyStartCarriedOp::bufferize(RewriterBase &rewriter,
                                            const BufferizationOptions &options,
                                            BufferizationState &state) {
  FailureOr<Value> source = getBuffer(rewriter, getSource(), options, state);
  FailureOr<Value> dest = getBuffer(rewriter, getDest(), options, state);
  if (failed(source) || failed(dest))
    return failure();
  auto start =
      CopyStartCarriedOp::create(rewriter, getLoc(), getToken().getType(),
                                 Type(), getHintAttr(), *source, *dest);
  start->setDiscardableAttrs((*this)->getDiscardableAttrDictionary());
  replaceOpWithBufferizedValues(rewriter, getOperation(),
                                {start.getToken(), *dest});
  return success();
}

LogicalResult CopyWaitCarriedOp::verify() {
  if (bool(getResult()) != bool(getDest()))
    return emitOpError() << "expected a result beside a destination, none "
                            "without";
  if (getResult() && getResult().getType() != getDest().getType())
    return emitOpError() << "expected a result of type " << getDest().getType();
  return success();
}

/// The copy is not known here, so that any memory may be what it accesses.
void CopyWaitCarriedOp::getEffects(Effects &effects) {
  effects.emplace_back(MemoryEffects::Write::get(), PlacementResource::get());
  effects.emplace_back(MemoryEffects::Read::get());
  effects.emplace_back(MemoryEffects::Write::get());
}

bool CopyWaitCarriedOp::bufferizesToMemoryRead(OpOperand &,
                                               const AnalysisState &) {
  return false;
}
bool CopyWaitCarriedOp::bufferizesToMemoryWrite(OpOperand &,
                                                const AnalysisState &) {
  return true; // Here the copy is complete.
}
bool CopyWaitCarriedOp::mustBufferizeInPlace(OpOperand &,
                                             const AnalysisState &) {
  return true;
}
AliasingValueList CopyWaitCarriedOp::getAliasingValues(OpOperand &,
                                                       const AnalysisState &) {
  return {{getResult(), BufferRelation::Equivalent}};
}

LogicalResult CopyWaitCarriedOp::bufferize(RewriterBase &rewriter,
                                           const BufferizationOptions &options,
                                           BufferizationState &state) {
  FailureOr<Value> dest = getBuffer(rewriter, getDest(), options, state);
  if (failed(dest))
    return failure();
  CopyWaitCarriedOp::create(rewriter, getLoc(), Type(), getToken(), Value());
  replaceOpWithBufferizedValues(rewriter, getOperation(), *dest);
  return success();
}

//===----------------------------------------------------------------------===//
// mempl.transfer
//===----------------------------------------------------------------------===//

LogicalResult TransferOp::verify() { return verifyDestResult(*this); }

void TransferOp::getEffects(Effects &effects) {
  addCopyEffects(*this, effects);
}

bool TransferOp::bufferizesToMemoryRead(OpOperand &operand,
                                        const AnalysisState &) {
  return &operand == &getSourceMutable();
}
bool TransferOp::bufferizesToMemoryWrite(OpOperand &operand,
                                         const AnalysisState &) {
  return &operand == &getDestMutable();
}
AliasingValueList TransferOp::getAliasingValues(OpOperand &operand,
                                                const AnalysisState &state) {
  if (bufferizesToMemoryWrite(operand, state))
    return {{getResult(), BufferRelation::Equivalent}};
  return {};
}

LogicalResult TransferOp::bufferize(RewriterBase &rewriter,
                                    const BufferizationOptions &options,
                                    BufferizationState &state) {
  FailureOr<Value> source = getBuffer(rewriter, getSource(), options, state);
  FailureOr<Value> dest = getBuffer(rewriter, getDest(), options, state);
  if (failed(source) || failed(dest))
    return failure();
  TransferOp::create(rewriter, getLoc(), TypeRange(), *source, *dest);
  replaceOpWithBufferizedValues(rewriter, getOperation(), *dest);
  return success();
}

//===----------------------------------------------------------------------===//
// mempl.release
//===----------------------------------------------------------------------===//

void ReleaseOp::getEffects(Effects &effects) {
  effects.emplace_back(MemoryEffects::Write::get(), PlacementResource::get());
  if (isa<MemRefType>(getValue().getType()))
    effects.emplace_back(MemoryEffects::Free::get(), &getValueMutable(),
                         PlacementResource::get());
}

bool ReleaseOp::bufferizesToMemoryRead(OpOperand &, const AnalysisState &) {
  return false;
}
bool ReleaseOp::bufferizesToMemoryWrite(OpOperand &, const AnalysisState &) {
  return false;
}
AliasingValueList ReleaseOp::getAliasingValues(OpOperand &,
                                               const AnalysisState &) {
  return {};
}

LogicalResult ReleaseOp::bufferize(RewriterBase &rewriter,
                                   const BufferizationOptions &options,
                                   BufferizationState &state) {
  FailureOr<Value> buffer = getBuffer(rewriter, getValue(), options, state);
  if (failed(buffer))
    return failure();
  ReleaseOp::create(rewriter, getLoc(), *buffer);
  rewriter.eraseOp(*this);
  return success();
}

#define GET_OP_CLASSES
#include "mempl/IR/MemplOps.cpp.inc"
