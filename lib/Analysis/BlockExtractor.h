//===- BlockExtractor.h - abstract bufferization of a block -----*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The walk behind extractProblem(). One extractor per block that becomes a
// program: the entry of the function and the bodies of its loops.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_ANALYSIS_BLOCKEXTRACTOR_H
#define MEMPL_LIB_ANALYSIS_BLOCKEXTRACTOR_H

#include "mempl/IR/Namespace.h"

#include "SlowReason.h"
#include "StreamedSlices.h"

#include "mempl/Analysis/CostModel.h"
#include "mempl/Analysis/CostOpInterface.h"
#include "mempl/Analysis/FunctionProblem.h"

#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/DataLayoutInterfaces.h"

#include "llvm/ADT/EquivalenceClasses.h"

#include <set>

namespace mlir {
namespace tensor {
class ExtractSliceOp;
class InsertSliceOp;
} // namespace tensor
namespace func {
class CallOp;
class ReturnOp;
} // namespace func
} // namespace mlir

namespace mempl::ir {

/// A storage, of whatever program of the function.
using StorageKey = std::pair<const FunctionProblem *, int32_t>;

/// What decides in which order the ops of a function may run, besides operands
/// and memory effects.
struct OrderFacts {
  /// What an op of a program's block does with a storage of this program or of
  /// one around it.
  struct Use {
    StorageKey storage;
    bool writes;
  };
  /// By program and op.
  DenseMap<const FunctionProblem *, DenseMap<Operation *, SmallVector<Use, 4>>>
      uses;
  /// Storages that may be one at run time.
  llvm::EquivalenceClasses<StorageKey> sharing;
  /// Those that are memrefs, too, which other ops may read and write.
  llvm::DenseSet<StorageKey> buffers;
};

/// What the extractors of one function share.
struct ExtractionContext {
  ExtractionContext(const CostModel &cost, const TargetDescription &target,
                    SmallVectorImpl<ProgramNote> &notes,
                    const bufferization::AnalysisState *analysis)
      : cost(cost), target(target), notes(notes), analysis(analysis),
        state(options) {}

  /// Whether bufferization copies the operand before the op uses it.
  bool isCopied(OpOperand &operand) {
    bool copied = analysis && isa<TensorType>(operand.get().getType()) &&
                  !analysis->isInPlace(operand);
    anyCopied |= copied && options.dynCastBufferizableOp(operand.getOwner());
    return copied;
  }

  const CostModel &cost;
  const TargetDescription &target;
  SmallVectorImpl<ProgramNote> &notes;
  const bufferization::AnalysisState *analysis;
  /// Whether there was an operand that bufferization copies.
  bool anyCopied = false;
  std::vector<UnknownFigure> unknowns;
  bufferization::BufferizationOptions options;
  bufferization::AnalysisState state;
  /// Most bytes of storages, by root, as `mempl.max_bytes` says on ops that
  /// write or name them later.
  DenseMap<Value, int64_t> maxBytes;
  /// Callees whose cost is being computed: a recursion has none.
  std::set<Operation *> callees;
  OrderFacts orderFacts;
  StreamedSlices streamed;
};

/// Lets the steps of the program, and of the bodies in it, run in every order
/// that keeps what the function does.
void freeOrder(FunctionProblem &program, const OrderFacts &facts);

/// Copies the instances of bodies into the steps that they belong to, innermost
/// first, and the reasons of storages into their values.
void linkBodies(FunctionProblem &program);

/// The trips of a loop; says so where they are not known.
int64_t tripsOf(Operation *loop, ExtractionContext &context);

/// Says so where the work of an op is not known.
void noteWork(Operation *op, const OpWork &work, ExtractionContext &context);

/// Whether trips of the loop may run at the same time.
bool isParallelLoop(Operation *loop);

/// Whether the function is bufferized: it works on memrefs and on no tensor.
bool worksOnBuffers(func::FuncOp function);

/// The program of a function that works on buffers.
void extractBuffers(func::FuncOp function, ExtractionContext &context,
                    FunctionProblem &program);

class BlockExtractor {
public:
  BlockExtractor(FunctionProblem &program, ExtractionContext &context,
                 BlockExtractor *outer, bool parallel = false)
      : program(program), context(context), outer(outer),
        parallel(parallel || (outer && outer->parallel)) {}

  void runOnFunction(func::FuncOp function);

private:
  /// A view of a storage of this program or of one around it.
  struct Reference {
    BlockExtractor *owner = nullptr;
    View view;
  };

  /// What a step does with a storage.
  struct StorageAccess {
    Reference target;
    int64_t readBytes = 0, writtenBytes = 0;
    bool reads = false, writes = false;
    bool wholeWrite = false; ///< The write leaves no old byte.
    bool slowOnly = false;   ///< The step can use it in slow memory only.
  };
  using StorageAccesses = SmallVector<StorageAccess, 4>;

  // Storages and views.
  int32_t addStorage(Value root, bool allocated);
  Reference *find(Value tensor);
  Reference &resolve(Value tensor);
  void bind(Value tensor, Reference reference);
  void bindNew(Value tensor, bool allocated);
  void bindView(Operation *view);
  void bindStreamed(tensor::ExtractSliceOp slice, Operation *insertion);
  void bindAlias(OpResult result, OpOperand &aliased);
  void keepSlow(const Reference &reference, const llvm::Twine &reason);
  void keepSlow(const Reference &reference, const SlowReason &reason);
  bool isReadOnly(const Reference &reference);
  void mayShare(Value tensor, const Reference &other);
  void accessSharers(StorageAccesses &accesses);
  void readSlow(const Reference &reference, const llvm::Twine &reason,
                StorageAccesses &accesses);
  void readSlow(const Reference &reference, const SlowReason &reason,
                StorageAccesses &accesses);
  StorageKey keyOf(const Reference &reference) {
    return {&reference.owner->program, reference.view.storage};
  }
  void noteUse(Operation *op, const Reference &reference, bool writes);
  void noteNoStep(Operation *op);
  void noteBuffers(Operation *op);
  mempl::Value &valueOf(const Reference &reference);
  int64_t bytesOf(Value tensor, const Reference &reference);
  void noteMaxBytes(Value tensor, const Reference &reference);

  // Ops.
  void visitBlock(Block &block, StorageAccesses *accesses);
  void visit(Operation *op, StorageAccesses *accesses);
  void visitBufferizable(Operation *op, StorageAccesses &accesses);
  void visitCaptured(Operation *op, StorageAccesses &accesses);
  void visitInsertSlice(tensor::InsertSliceOp insert,
                        StorageAccesses &accesses);
  void visitUnknown(Operation *op, StorageAccesses &accesses);
  void visitOpaqueRegions(Operation *op, StorageAccesses &accesses);
  void addBranches(const StorageAccesses &first, const StorageAccesses &second,
                   StorageAccesses &accesses);
  void visitIf(scf::IfOp op, StorageAccesses &accesses);
  void visitCall(func::CallOp call, StorageAccesses &accesses, double &seconds);
  void visitLoop(scf::ForOp loop, StorageAccesses *accesses);
  SmallVector<unsigned> bindCarried(scf::ForOp loop, BlockExtractor &user,
                                    StorageAccesses &accesses);
  void visitInnerLoop(scf::ForOp loop, StorageAccesses &accesses);
  void visitTrips(Region &region, StorageAccesses &accesses);
  void visitForall(scf::ForallOp loop, StorageAccesses *accesses);
  void visitInParallel(scf::InParallelOp op, StorageAccesses *accesses);
  bool isOwnPlace(Operation *insert, const Reference &source,
                  const Reference &dest);
  void visitInsertion(Operation *insert, Value source, Value dest,
                      StorageAccesses &accesses);
  void finishStreamed();
  bool isWritten(const Reference &reference) const;
  void finishLoop(Operation *loop, std::unique_ptr<FunctionProblem> body,
                  BlockExtractor &inner, StorageAccesses accesses);
  void visitReturn(func::ReturnOp op);
  OpOperand *tiedOperand(OpResult result);
  bool isInPlaceOf(Value value, BlockArgument start);

  /// Ends a step: merges what it accesses into accesses of this program, and
  /// hands the rest to the loop around it.
  void addStep(Operation *op, StorageAccesses accesses, double seconds,
               int64_t reserved, std::unique_ptr<FunctionProblem> body,
               int64_t trips);

  FunctionProblem &program;
  ExtractionContext &context;
  BlockExtractor *outer;
  /// The block, or one around it, is the body of a parallel loop.
  bool parallel;
  DenseMap<Value, Reference> references;
  /// Storages that have defined contents at the current op.
  std::vector<char> defined;
  /// Why some steps can only use a storage in slow memory.
  DenseMap<int32_t, SlowReason> slowUses;
  /// Seconds of the calls inside of the current opaque step.
  double callSeconds = 0;
  /// Of storages that are one of several at run time: which.
  DenseMap<int32_t, SmallVector<Reference, 2>> sharers;
  /// StorageAccesses of storages around this program, one trip's worth.
  StorageAccesses foreign;
};

} // namespace mempl::ir

#endif // MEMPL_LIB_ANALYSIS_BLOCKEXTRACTOR_H
