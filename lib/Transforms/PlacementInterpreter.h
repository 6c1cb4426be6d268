//===- PlacementInterpreter.h - replay of a placed function -----*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_TRANSFORMS_PLACEMENTINTERPRETER_H
#define MEMPL_LIB_TRANSFORMS_PLACEMENTINTERPRETER_H

#include "ConcretePlaces.h"

#include "mempl/IR/Mempl.h"
#include "mempl/IR/OneShotAnalysis.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

#include "llvm/ADT/BitVector.h"

#include <map>
#include <set>

namespace mempl::ir::replay {

/// Bytes of fast memory, from the first to behind the last.
using Bytes = std::pair<int64_t, int64_t>;

inline bool overlap(Bytes a, Bytes b) {
  return a.first < b.second && b.first < a.second;
}

inline std::string spell(Bytes bytes) {
  return ("[" + llvm::Twine(bytes.first) + ", " + llvm::Twine(bytes.second) +
          ")")
      .str();
}

/// A storage: a mempl.alloc, or anything else that a tensor or memref is.
struct Buffer {
  Value root;
  AllocOp alloc; ///< Null for storage that is not placed.
  /// Of the alloc; those of both offsets where it is not known which it has.
  SmallVector<Bytes, 1> bytes;
  int64_t numAllocs = 0; ///< How often it was allocated.
  int64_t lastUse = 0;   ///< Number of the last op that names it.
  bool written = true;   ///< Its contents are defined.
  bool released = false;
  bool handedOver = false;             ///< To a copy that another trip awaits.
  CopyStartOp arriving;                ///< The copy that is writing it.
  SmallVector<CopyStartOp, 1> leaving; ///< Copies that are reading it.
};

/// A copy that another trip awaits, from its start on.
struct CarriedCopy {
  CopyStartCarriedOp start;
  bool intoFast = false;
  SmallVector<int32_t, 1> fast, slow; ///< Buffers.
  SmallVector<Bytes, 1> bytes;        ///< In fast memory.
  Place place;                        ///< In slow memory.
  /// Of the buffer in fast memory, the number of its allocation: the source, or
  /// the one that names the destination in the trip that waits.
  std::pair<int32_t, int64_t> holder = {-1, 0};
  bool awaited = false;

  bool isIn(int32_t index, const Buffer &buffer) const {
    return holder == std::pair(index, buffer.numAllocs);
  }
};

/// What is found at a loop: where its body begins, in any trip, and ends.
struct LoopState {
  llvm::BitVector begin, end; ///< As of PlacementInterpreter::snapshot().
  bool visited = false;
};

class PlacementInterpreter {
public:
  PlacementInterpreter(FunctionOpInterface function, int64_t capacity,
                       int64_t alignment, bool outdated)
      : function(function), capacity(capacity), alignment(alignment),
        outdated(outdated), state(options) {}

  LogicalResult run();

private:
  using Indices = SmallVector<int32_t, 1>;

  bool placesTensors() {
    return function
        ->walk([](AllocOp op) {
          return isa<TensorType>(op.getType()) ? WalkResult::interrupt()
                                               : WalkResult::advance();
        })
        .wasInterrupted();
  }

  static bool isStorage(Value value) {
    return isa<TensorType, BaseMemRefType>(value.getType());
  }

  static Operation *ownerOf(Value value) {
    Operation *op = value.getDefiningOp();
    return op ? op : cast<BlockArgument>(value).getOwner()->getParentOp();
  }

  /// Whether bufferization copies the operand before the op uses it.
  bool isCopied(OpOperand &operand) const {
    return analysis && isa<TensorType>(operand.get().getType()) &&
           !analysis->isInPlace(operand);
  }

  void number(Block &block);
  void noteUse(int32_t index);
  const Indices &buffersOf(Value value);
  Indices findBuffers(Value value);
  void visit(Block &block);
  void visit(Operation *op);
  void visitAlloc(AllocOp op);
  void visitStart(CopyStartOp op);
  void visitWait(CopyWaitOp op);
  void visitUse(OpOperand &operand, bool reads, bool writes);
  void visitRegions(Operation *op);
  void visitOnce(Operation *op);
  llvm::BitVector snapshot() const;
  void restore(const llvm::BitVector &snapshot);
  void reserve(KernelOp kernel);

  // Copies across trips (CheckPlacementTrips.cpp).

  void visitStartCarried(CopyStartCarriedOp op);
  void visitWaitCarried(CopyWaitCarriedOp op);
  void checkCarried(int32_t index, OpOperand &operand, bool reads, bool writes,
                    llvm::function_ref<void(StringRef)> report);
  void takeBytes(AllocOp op, int32_t index);
  bool visitBranch(scf::IfOp op);
  void visitSelect(arith::SelectOp op);
  void visitTrips(scf::ForOp loop);
  void passBy(scf::ForOp loop);
  void begin();
  bool assumeTrips(int64_t numTrips);
  std::optional<int64_t> tripsOf(scf::ForOp loop) const;
  Place placeOf(Value value);
  SmallVector<Bytes, 1> bytesOf(AllocOp op) const;
  void passToken(Value from, Value to) { setToken(to, tokens.lookup(from)); }
  void setToken(Value token, std::optional<int32_t> copy) {
    tokens[token] = copy;
  }

  /// Something that is wrong, once however often the op is visited.
  void error(Operation *op, const llvm::Twine &text,
             std::optional<Value> noted = {}, StringRef note = {}) {
    if (known.insert({op, text.str()}).second)
      findings.push_back({op, text.str(), noted, note});
  }

  FunctionOpInterface function;
  int64_t capacity, alignment;
  bool outdated;
  bufferization::BufferizationOptions options;
  bufferization::AnalysisState state;
  bufferization::OneShotBufferizationOptions analysisOptions =
      placementBufferizationOptions();
  std::optional<bufferization::OneShotAnalysisState> analysis;
  struct Finding {
    Operation *op;
    std::string text;
    std::optional<Value> noted;
    StringRef note;
  };
  std::vector<Finding> findings;
  std::set<std::pair<Operation *, std::string>> known;
  std::map<Operation *, LoopState> loopStates;
  int64_t now = 0;
  int64_t copiesUnderWay = 0;       ///< Buffers that copies are writing.
  bool anyCarried = false;          ///< Copies that loops carry.
  std::vector<CarriedCopy> carried; ///< All that were started.
  SmallVector<int32_t> underWay;    ///< Of these, those not awaited.
  /// Copies that were awaited before an alloc named where they went to.
  SmallVector<int32_t> landed;
  static constexpr int32_t kNoCopy = -1;
  /// The copy that a token stands for; none where that is not known.
  DenseMap<Value, std::optional<int32_t>> tokens;
  ConcreteIndices indices;
  /// How often loops that carry tokens were walked. In a nest of them, as often
  /// as this; there is no more to find then.
  static constexpr int kMostWalks = 64;
  DenseMap<Operation *, int> numWalks;
  DenseMap<Operation *, int64_t> numbers; ///< Of the last op inside of it.
  /// While numbering: the loops around, and the buffers used in each.
  SmallVector<std::pair<Operation *, SmallVector<int32_t>>> loops;
  std::vector<Buffer> buffers;
  DenseMap<Value, Indices> buffersByValue;
  SmallVector<int32_t> inUse; ///< Placed buffers that are not released.
};

/// Whether the loop carries tokens from trip to trip.
bool carriesTokens(scf::ForOp loop);

} // namespace mempl::ir::replay

#endif // MEMPL_LIB_TRANSFORMS_PLACEMENTINTERPRETER_H
