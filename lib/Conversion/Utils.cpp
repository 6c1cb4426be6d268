//===- Utils.cpp - for those who write a lowering -------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Conversion/Utils.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/DataLayoutInterfaces.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mempl::ir;

/// Whether a data layout can say how large the type is.
static bool hasKnownSize(Type type) {
  return isa<IntegerType, FloatType, IndexType, ComplexType, VectorType,
             DataLayoutTypeInterface>(type);
}

/// Why no conversion lowers an op of mempl; empty if one does.
static StringRef whyUnlowerable(Operation *op) {
  if (isa<KernelOp>(op))
    return "cannot be lowered: what it does is code of another compiler";
  if (!isa<AllocOp, CopyStartOp, CopyWaitOp, CopyStartCarriedOp,
           CopyWaitCarriedOp, NoCopyOp, TransferOp, ReleaseOp>(op))
    return "cannot be lowered: it is a problem or a plan, not a program; run "
           "mempl-apply-plan before";
  auto onTensors = [](Type type) { return isa<TensorType, FutureType>(type); };
  if (llvm::any_of(op->getOperandTypes(), onTensors) ||
      llvm::any_of(op->getResultTypes(), onTensors))
    return "cannot be lowered: it is on tensors; run one-shot-bufferize before";
  for (Type type : op->getOperandTypes())
    if (auto memref = dyn_cast<MemRefType>(type))
      if (!hasKnownSize(memref.getElementType()))
        return "cannot be lowered: the size of its elements is not known";
  if (!op->getParentOfType<FunctionOpInterface>())
    return "cannot be lowered: it is in no function";
  for (Operation *parent = op->getParentOp(); parent;
       parent = parent->getParentOp())
    if (!parent->isRegistered())
      return "cannot be lowered: it is inside of an op that is not registered";
  if (auto wait = dyn_cast<CopyWaitOp>(op); wait && !wait.getStart())
    return "cannot be lowered: the mempl.copy_start of its token is not known";
  if (auto wait = dyn_cast<CopyWaitCarriedOp>(op))
    if (auto argument = dyn_cast<BlockArgument>(wait.getToken()))
      if (!carriesTokens(argument.getOwner()->getParentOp()))
        return "cannot be lowered: its copy is started in another function or "
               "block";
  return "";
}

/// Whether an op that is not of mempl passes on a token, and no lowering knows
/// how.
static bool losesTokens(Operation *op) {
  return !carriesTokens(op) &&
         (llvm::any_of(op->getOperandTypes(), llvm::IsaPred<TokenType>) ||
          llvm::any_of(op->getResultTypes(), llvm::IsaPred<TokenType>));
}

LogicalResult mempl::ir::rejectUnlowerable(Operation *root) {
  bool failed = false;
  root->walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (!isa_and_nonnull<MemplDialect>(op->getDialect())) {
      if (losesTokens(op)) {
        op->emitError() << "'" << op->getName()
                        << "' cannot be lowered: expected only scf.for, "
                           "scf.if, scf.while and arith.select to pass on the "
                           "token of a copy";
        failed = true;
      }
      return WalkResult::advance();
    }
    StringRef reason = whyUnlowerable(op);
    if (reason.empty())
      return WalkResult::advance();
    op->emitOpError() << reason;
    failed = true;
    return WalkResult::skip();
  });
  return failure(failed);
}

llvm::MapVector<SpaceAttr, int64_t> mempl::ir::bytesPerSpace(Operation *root) {
  llvm::MapVector<SpaceAttr, int64_t> bytes;
  root->walk([&](mempl::ir::AllocOp alloc) {
    int64_t &size = bytes[alloc.getSpace()];
    int64_t last =
        std::max<int64_t>(alloc.getOffset(), alloc.getOffset2().value_or(0));
    size = std::max<int64_t>(size, last + alloc.getBytes());
  });
  return bytes;
}

bool mempl::ir::isFast(Type type) {
  auto memref = dyn_cast<BaseMemRefType>(type);
  return memref && isa_and_nonnull<SpaceAttr>(memref.getMemorySpace());
}

bool mempl::ir::copiesIn(CopyStartOp start) {
  return isFast(start.getDest().getType());
}

bool mempl::ir::copiesIn(CopyStartCarriedOp start) {
  return isFast(start.getDest().getType());
}

SmallVector<CopyWaitOp> mempl::ir::waitsOf(CopyStartOp start) {
  SmallVector<CopyWaitOp> waits;
  for (Operation *user : start.getHandle().getUsers())
    waits.push_back(cast<CopyWaitOp>(user));
  return waits;
}

Value mempl::ir::viewedBuffer(Operation *op) {
  if (auto view = dyn_cast<ViewLikeOpInterface>(op))
    return view.getViewSource();
  if (isa<memref::CastOp, memref::ExtractStridedMetadataOp,
          memref::ExtractAlignedPointerAsIndexOp, memref::ReshapeOp>(op))
    return op->getOperand(0);
  return {};
}

Value mempl::ir::storageOf(Value buffer) {
  while (Operation *op = buffer.getDefiningOp()) {
    Value source = viewedBuffer(op);
    if (!source)
      break;
    buffer = source;
  }
  return buffer;
}

Value mempl::ir::offsetOf(OpBuilder &builder, AllocOp alloc) {
  Location loc = alloc.getLoc();
  Value offset =
      arith::ConstantIndexOp::create(builder, loc, alloc.getOffset());
  if (!alloc.getOffset2())
    return offset;
  Value other =
      arith::ConstantIndexOp::create(builder, loc, *alloc.getOffset2());
  return arith::SelectOp::create(builder, loc, alloc.getOdd(), other, offset);
}

int64_t mempl::ir::elementBytes(Operation *op, Type element) {
  if (!hasKnownSize(element))
    return 0;
  DataLayout layout = DataLayout::closest(op);
  return llvm::alignTo(layout.getTypeSize(element),
                       layout.getTypeABIAlignment(element));
}

bool mempl::ir::isContiguous(MemRefType type) {
  return type.areTrailingDimsContiguous(type.getRank());
}

std::string mempl::ir::locationName(Operation *op) {
  if (auto named = op->getLoc()->findInstanceOf<NameLoc>())
    return named.getName().str();
  if (auto file = op->getLoc()->findInstanceOf<FileLineColLoc>())
    return (file.getFilename().getValue() + ":" + llvm::Twine(file.getLine()) +
            ":" + llvm::Twine(file.getColumn()))
        .str();
  return op->getName().getStringRef().str();
}

/// Where symbols are found by what is built.
static Operation *symbolTableAt(OpBuilder &builder) {
  return SymbolTable::getNearestSymbolTable(
      builder.getInsertionBlock()->getParentOp());
}

LLVM::CallOp RuntimeCalls::call(OpBuilder &builder, Location loc,
                                StringRef name, ValueRange arguments,
                                Type result) {
  Operation *table = symbolTableAt(builder);
  LLVM::LLVMFuncOp &function = tables[table].functions[name];
  if (!function)
    function = dyn_cast_if_present<LLVM::LLVMFuncOp>(
        SymbolTable::lookupSymbolIn(table, name));
  if (!function) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(&table->getRegion(0).front());
    Type type = result ? result : LLVM::LLVMVoidType::get(table->getContext());
    function = LLVM::LLVMFuncOp::create(
        builder, table->getLoc(), name,
        LLVM::LLVMFunctionType::get(type,
                                    llvm::to_vector<4>(arguments.getTypes())));
  }
  return LLVM::CallOp::create(builder, loc, function, arguments);
}

Value RuntimeCalls::string(OpBuilder &builder, Location loc, StringRef text) {
  Operation *table = symbolTableAt(builder);
  Symbols &symbols = tables[table];
  LLVM::GlobalOp &global = symbols.strings[text];
  if (!global) {
    std::string name;
    do
      name = "mempl_string_" + std::to_string(symbols.numStrings++);
    while (SymbolTable::lookupSymbolIn(table, name));
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(&table->getRegion(0).front());
    std::string terminated = (text + StringRef("\0", 1)).str();
    auto type =
        LLVM::LLVMArrayType::get(builder.getI8Type(), terminated.size());
    global =
        LLVM::GlobalOp::create(builder, table->getLoc(), type,
                               /*isConstant=*/true, LLVM::Linkage::Internal,
                               name, builder.getStringAttr(terminated));
  }
  return LLVM::AddressOfOp::create(builder, loc, global);
}
