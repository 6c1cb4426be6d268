//===- FunctionProblem.h - a function as storages and steps -------------*- C++
//-*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What One-Shot Bufferize will make of a function on tensors, without doing it:
// which tensors share one storage, which ops access which storage and with how
// many bytes, and from it the instance that solvers work on. The function must
// have been prepared (Transforms/Prepare.h): every copy that bufferization
// would insert is an op of its own. A function that is bufferized already is
// understood too, but only as an instance: plans are applied to tensors.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_ANALYSIS_FUNCTIONPROBLEM_H
#define MEMPL_ANALYSIS_FUNCTIONPROBLEM_H

#include "mempl/IR/Namespace.h"

#include "mempl/Problem/Instance.h"

#include "mlir/IR/Location.h"
#include "mlir/IR/Operation.h"
#include "mlir/IR/Value.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallVector.h"

#include <memory>
#include <string>
#include <vector>

namespace mlir {
namespace bufferization {
class AnalysisState;
}
namespace func {
class FuncOp;
}
} // namespace mlir

namespace mempl::ir {

class CostModel;
struct TargetDescription;

/// One piece of storage: the tensors that bufferization gives one buffer.
/// Storage i of a program is value i of its instance.
struct Storage {
  /// The tensor that is all of it when the program begins to know of it: an
  /// argument, a constant, an allocation, or the result of an op that brings
  /// its own buffer.
  Value root;
  /// Bytes; an upper bound for a dynamic shape.
  int64_t size = 0;
  /// Why it can only be in slow memory; empty if it can be in fast memory.
  std::string slowReason;
  /// The same without what is special to this storage, for sums by reason.
  /// Empty where it is `slowReason`.
  std::string sharedReason;
  /// The root's contents are undefined: it is an allocation.
  bool allocated = false;
  /// Bufferization will not let anyone write it (a constant, an argument that
  /// is not writable).
  bool readOnly = false;
  /// Where users pin it into fast memory.
  SmallVector<Location, 1> pins;
  /// A slice of a loop's body that is a value of its own: `root` is the
  /// tensor.extract_slice, and every trip has other contents.
  bool streamed = false;
  /// Of a streamed slice that trips write: the tensor.insert_slice that puts it
  /// back into the same place, which is no step. Else null.
  Operation *insertion = nullptr;

  /// What storages that are slow for the same reason have in common.
  const std::string &groupedReason() const {
    return sharedReason.empty() ? slowReason : sharedReason;
  }
};

/// The storage of a tensor, and how it is found in it: `chain` are the ops that
/// lead from the whole storage to the tensor without writing it (isViewOp(),
/// isAliasCast(), and in storages that stay in slow memory others), outermost
/// first.
struct View {
  int32_t storage = -1;
  SmallVector<Operation *, 2> chain;
};

/// A figure that the program does not tell and that was taken as 0 bytes, one
/// trip, or one point: times that depend on it are relative.
struct UnknownFigure {
  enum Kind : uint8_t {
    Size,  ///< Bytes of a storage.
    Trips, ///< Of a loop.
    Work   ///< Operations of an op whose shape is not known.
  };
  Kind kind;
  Location loc;
  std::string name; ///< Of the value, or of the op.
};

struct FunctionProblem;

/// One step of the instance.
struct FunctionStep {
  Operation *op = nullptr;
  /// The body of a loop, else null.
  std::shared_ptr<FunctionProblem> body;
};

/// A block of a function (its entry, or the body of a loop) as a problem.
struct FunctionProblem {
  Block *block = nullptr;
  /// The function is bufferized: storages are memrefs, and there are no views.
  bool onBuffers = false;
  std::vector<Storage> storages;
  std::vector<FunctionStep> steps;
  /// Of every tensor of the block and of those that it uses from outside, as
  /// far as their storage belongs to this program.
  DenseMap<Value, View> views;
  /// The problem: value i is storage i, step i is step i. That of a body has
  /// neither a name nor a machine; its program is also the body of the step.
  mempl::Instance instance;
  /// Of a program whose steps may run in another order: the ops of the block
  /// that run before an op in every order, steps and others, in block order.
  /// Those that follow from others are left out where that is easy to see.
  DenseMap<Operation *, SmallVector<Operation *, 2>> before;
  /// Of the whole function, with what is inside of it; empty for bodies.
  std::vector<UnknownFigure> unknowns;

  /// Adds `step`, which is that of `op`, to both lists of steps. `body`: of a
  /// loop whose body is planned; else null.
  void addStep(Operation *op, mempl::Step step,
               std::unique_ptr<FunctionProblem> body);

  /// The view of `tensor`, or null where its storage is not of this program.
  const View *viewOf(Value tensor) const {
    auto it = views.find(tensor);
    return it == views.end() ? nullptr : &it->second;
  }
};

/// A storage that the analysis keeps in slow memory although nobody asked, and
/// other things that a user should know: for remarks.
struct ProgramNote {
  Location loc;
  std::string text;
  bool aboutStorage = false; ///< Storage::slowReason has it, too.
};

/// Which slices that move with the trip of a loop are values of its body
/// (docs/Problem.md calls them streamed). The others are parts of the tensors
/// that they are taken from.
enum class SlicePolicy {
  Never,
  Auto,  ///< Where that is likely to be faster.
  Always ///< All that can be.
};

/// The program of a function with one block. Its steps may run in every order
/// that keeps what the function does (OpOrder.cpp); those of a function that is
/// bufferized, or in which bufferization copies operands, stay in program
/// order. `notes` gets what could not be modelled. Fails, with a diagnostic, on
/// constraints that contradict each other or cannot be kept. `analysis` knows
/// the operands that bufferization copies before an op writes them; null stands
/// for none.
FailureOr<std::unique_ptr<FunctionProblem>>
extractProblem(func::FuncOp function, const TargetDescription &target,
               const CostModel &cost, SmallVectorImpl<ProgramNote> &notes,
               const bufferization::AnalysisState *analysis = nullptr,
               SlicePolicy slices = SlicePolicy::Auto);

/// Takes back that the steps of the program, and of the bodies in it, may run
/// in another order.
void fixOrder(FunctionProblem &program);

/// Whether `op` only gives another name to a part of its first operand.
bool isViewOp(Operation *op);

/// Whether `op` is a cast of a tensor (arith.index_cast) that bufferization
/// turns into a cast of its buffer. The cast to the old type undoes it.
bool isAliasCast(Operation *op);

/// Whether `insert`, a tensor.insert_slice or tensor.parallel_insert_slice,
/// puts a tensor back into the place that it was taken from, so that
/// bufferization has nothing to copy.
bool isInsertInPlace(Operation *insert);

} // namespace mempl::ir

#endif // MEMPL_ANALYSIS_FUNCTIONPROBLEM_H
