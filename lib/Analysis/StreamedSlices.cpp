//===- StreamedSlices.cpp - slices that move with the trip ----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Works on what a first walk over the function has found, in which every slice
// is a part of the storage that it is taken from. A slice can be a value of its
// own if the place of the next trip is known before that trip runs, and if
// nothing else of the loop can meet it: what trips only read must not be
// written in the loop, and what they write must be in another place in every
// trip and be reached through the slice alone.
//
//===----------------------------------------------------------------------===//

#include "StreamedSlices.h"

#include "BlockExtractor.h"

#include "mempl/Analysis/ByteSize.h"
#include "mempl/Analysis/IntegerRange.h"
#include "mempl/Analysis/Trips.h"
#include "mempl/IR/Mempl.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mempl::ir;

//===----------------------------------------------------------------------===//
// Places that move with the trip
//===----------------------------------------------------------------------===//

/// Whether `index` can be computed for any trip of the loop: by ops that may
/// run whenever, from the induction variable and what is around the loop.
static bool isKnownAhead(Value index, scf::ForOp loop) {
  if (index == loop.getInductionVar() || loop.isDefinedOutsideOfLoop(index))
    return true;
  Operation *op = index.getDefiningOp();
  return op && op->getBlock() == loop.getBody() && op->getNumRegions() == 0 &&
         isPure(op) && llvm::all_of(op->getOperands(), [&](Value operand) {
           return operand.getType().isIntOrIndex() &&
                  isKnownAhead(operand, loop);
         });
}

/// Whether `index` depends on the trip.
static bool moves(Value index, scf::ForOp loop) {
  if (index == loop.getInductionVar())
    return true;
  Operation *op = index.getDefiningOp();
  return op && !loop.isDefinedOutsideOfLoop(index) &&
         llvm::any_of(op->getOperands(),
                      [&](Value operand) { return moves(operand, loop); });
}

static std::optional<int64_t> slopeOf(AffineExpr expr, ValueRange dims,
                                      ValueRange symbols, scf::ForOp loop);

/// By how much `index` grows when the induction variable grows by one, if that
/// is always the same and nothing can wrap around.
static std::optional<int64_t> slopeOf(Value index, scf::ForOp loop) {
  if (index == loop.getInductionVar())
    return 1;
  if (!moves(index, loop))
    return 0;
  Operation *op = index.getDefiningOp();
  // Of a smaller type, only the induction variable itself cannot wrap around.
  if (auto cast = dyn_cast<arith::IndexCastOp>(op))
    return cast.getIn() == loop.getInductionVar() ? std::optional<int64_t>(1)
                                                  : std::nullopt;
  if (auto apply = dyn_cast<affine::AffineApplyOp>(op)) {
    AffineMap map = apply.getAffineMap();
    ValueRange operands = apply.getMapOperands();
    return slopeOf(map.getResult(0), operands.take_front(map.getNumDims()),
                   operands.drop_front(map.getNumDims()), loop);
  }
  if (!index.getType().isIndex() || op->getNumOperands() != 2)
    return std::nullopt;
  std::optional<int64_t> a = slopeOf(op->getOperand(0), loop),
                         b = slopeOf(op->getOperand(1), loop);
  int64_t result;
  if (!a || !b)
    return std::nullopt;
  if (isa<arith::AddIOp>(op))
    return llvm::AddOverflow(*a, *b, result) ? std::nullopt
                                             : std::optional(result);
  if (isa<arith::SubIOp>(op))
    return llvm::SubOverflow(*a, *b, result) ? std::nullopt
                                             : std::optional(result);
  if (!isa<arith::MulIOp>(op))
    return std::nullopt;
  for (auto [slope, factor] :
       {std::pair(*a, op->getOperand(1)), std::pair(*b, op->getOperand(0))})
    if (std::optional<int64_t> constant = getConstantIntValue(factor);
        constant && !llvm::MulOverflow(slope, *constant, result))
      return result;
  return std::nullopt;
}

static std::optional<int64_t> slopeOf(AffineExpr expr, ValueRange dims,
                                      ValueRange symbols, scf::ForOp loop) {
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return slopeOf(dims[dim.getPosition()], loop);
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return slopeOf(symbols[symbol.getPosition()], loop);
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return 0;
  std::optional<int64_t> a = slopeOf(binary.getLHS(), dims, symbols, loop),
                         b = slopeOf(binary.getRHS(), dims, symbols, loop);
  int64_t result;
  if (!a || !b)
    return std::nullopt;
  if (*a == 0 && *b == 0)
    return 0;
  if (binary.getKind() == AffineExprKind::Add)
    return llvm::AddOverflow(*a, *b, result) ? std::nullopt
                                             : std::optional(result);
  auto factor = dyn_cast<AffineConstantExpr>(binary.getRHS());
  if (binary.getKind() != AffineExprKind::Mul || !factor ||
      llvm::MulOverflow(*a, factor.getValue(), result))
    return std::nullopt;
  return result;
}

/// The largest that a size can be, if that is known.
static std::optional<int64_t> largest(OpFoldResult size) {
  std::optional<int64_t> constant = getConstantIntValue(size);
  return constant ? constant
                  : upperBoundOf(ValueBoundsConstraintSet::Variable(size));
}

/// Whether no two trips of the loop have an element of the slice in common: in
/// one dimension, each is behind the end of the one before.
static bool isDisjointByTrip(tensor::ExtractSliceOp slice, scf::ForOp loop) {
  std::optional<int64_t> step = getConstantIntValue(loop.getStep());
  if (!step)
    return false;
  for (auto [offset, size, stride] :
       llvm::zip_equal(slice.getMixedOffsets(), slice.getMixedSizes(),
                       slice.getMixedStrides())) {
    auto index = dyn_cast<Value>(offset);
    std::optional<int64_t> extent = largest(size),
                           gap = getConstantIntValue(stride);
    if (!index || !extent || !gap || *extent < 1 || *gap < 1)
      continue;
    std::optional<int64_t> slope = slopeOf(index, loop);
    int64_t advance, length;
    if (slope && !llvm::MulOverflow(*slope, *step, advance) &&
        !llvm::MulOverflow(*extent - 1, *gap, length) &&
        (advance > length || advance < -length))
      return true;
  }
  return false;
}

//===----------------------------------------------------------------------===//
// The choice
//===----------------------------------------------------------------------===//

namespace {

/// A slice that can be streamed.
struct Candidate {
  tensor::ExtractSliceOp slice;
  tensor::InsertSliceOp insertion; ///< Null where trips only read.
  const View *view;                ///< Of the slice.
  int64_t bytes;                   ///< Of the slice.
  int64_t bytesOfAll;              ///< In all trips of the outermost loop.
};

/// The slices of one storage in one step of its program, which is a loop.
struct Group {
  StorageKey whole;
  Operation *outermost; ///< The loop.
  SmallVector<Candidate> candidates;
};

class SliceChooser {
public:
  SliceChooser(const ExtractionContext &context, SlicePolicy policy,
               SmallVectorImpl<ProgramNote> &notes)
      : facts(context.orderFacts), machine(context.target.machine),
        capacity(machine.capacity), policy(policy), notes(notes) {}

  StreamedSlices run(const FunctionProblem &function);

private:
  /// A step that is a loop, and the program that it is a step of.
  struct Level {
    const FunctionProblem *program;
    Operation *loop;
    int64_t trips;
  };

  void locate(const FunctionProblem &program);
  void collect(const FunctionProblem &program);
  void consider(tensor::ExtractSliceOp slice);
  std::string whyNot(tensor::ExtractSliceOp slice,
                     tensor::InsertSliceOp insertion, StorageKey whole) const;
  std::string whyNotWritten(tensor::ExtractSliceOp slice,
                            tensor::InsertSliceOp insertion,
                            StorageKey whole) const;
  const View *viewIn(Value tensor, StorageKey whole) const;
  bool isWritten(StorageKey whole) const;
  void keepOutermost(Group &group) const;
  bool isWorthwhile(const Group &group) const;
  bool isUsedOnlyBySlices(const Group &group) const;
  const mempl::Value &valueOf(StorageKey key) const {
    return key.first->instance.program.values[key.second];
  }

  const OrderFacts &facts;
  const mempl::Machine &machine;
  int64_t capacity;
  SlicePolicy policy;
  SmallVectorImpl<ProgramNote> &notes;
  /// The program that has the storage of a tensor.
  DenseMap<Value, const FunctionProblem *> owners;
  /// Storages that a user has said something about.
  llvm::DenseSet<StorageKey> constrained;
  SmallVector<Level> levels; ///< Outermost first.
  llvm::MapVector<std::pair<StorageKey, Operation *>, Group> groups;
};

} // namespace

void SliceChooser::locate(const FunctionProblem &program) {
  for (const auto &[tensor, view] : program.views) {
    owners[tensor] = &program;
    DictionaryAttr attributes = userAttributesOf(tensor);
    if (attributes &&
        (attributes.contains(kPinAttr) || attributes.contains(kForbidAttr)))
      constrained.insert({&program, view.storage});
  }
  for (const FunctionStep &step : program.steps)
    if (step.body)
      locate(*step.body);
}

/// The view of `tensor`, if that is in the storage `whole`; else null.
const View *SliceChooser::viewIn(Value tensor, StorageKey whole) const {
  if (owners.lookup(tensor) != whole.first)
    return nullptr;
  const View *view = whole.first->viewOf(tensor);
  return view && view->storage == whole.second ? view : nullptr;
}

/// Whether the innermost loop writes the storage.
bool SliceChooser::isWritten(StorageKey whole) const {
  auto ofProgram = facts.uses.find(levels.back().program);
  if (ofProgram == facts.uses.end())
    return false;
  auto ofLoop = ofProgram->second.find(levels.back().loop);
  return ofLoop != ofProgram->second.end() &&
         llvm::any_of(ofLoop->second, [&](const OrderFacts::Use &use) {
           return use.storage == whole && use.writes;
         });
}

/// The insertion by which a loop updates its argument in place, in the trip's
/// part of it; null if it does something else.
static tensor::InsertSliceOp insertionOf(tensor::ExtractSliceOp slice,
                                         scf::ForOp loop) {
  auto argument = dyn_cast<BlockArgument>(slice.getSource());
  if (!argument || argument.getOwner() != loop.getBody() ||
      argument == loop.getInductionVar())
    return {};
  OpOperand *yielded = loop.getTiedLoopYieldedValue(argument);
  auto insertion = yielded->get().getDefiningOp<tensor::InsertSliceOp>();
  return insertion && insertion.getDest() == argument ? insertion
                                                      : tensor::InsertSliceOp();
}

/// Why what is inserted is no value of its own, to go on after "it"; empty if
/// it can be one.
std::string SliceChooser::whyNotWritten(tensor::ExtractSliceOp slice,
                                        tensor::InsertSliceOp insertion,
                                        StorageKey whole) const {
  auto loop = cast<scf::ForOp>(levels.back().loop);
  auto argument = cast<BlockArgument>(slice.getSource());
  if (!insertion->hasOneUse() || !isInsertInPlace(insertion) ||
      llvm::any_of(argument.getUsers(), [&](Operation *user) {
        return user != slice && user != insertion;
      }))
    return "is not the only part of its tensor that the loop uses";
  const View *source = viewIn(insertion.getSource(), whole);
  const View *view = viewIn(slice, whole);
  if (!source || source->chain != view->chain ||
      insertion.getSource() == slice.getResult())
    return "is not written in place";
  const View *result = viewIn(loop.getTiedLoopResult(argument), whole);
  const View *carried = viewIn(argument, whole);
  if (!result || !carried || result->chain != carried->chain)
    return "is a part of a tensor that the loop does not update in place";
  OpOperand *init = loop.getTiedLoopInit(argument);
  bool meets = loop.walk([&](Operation *op) {
                     for (OpOperand &operand : op->getOpOperands())
                       if (&operand != init &&
                           loop.isDefinedOutsideOfLoop(operand.get()) &&
                           viewIn(operand.get(), whole))
                         return WalkResult::interrupt();
                     return WalkResult::advance();
                   })
                   .wasInterrupted();
  if (meets)
    return "may meet other uses of its tensor in the loop";
  if (!isDisjointByTrip(slice, loop))
    return "may have elements in common with that of another trip";
  return "";
}

/// Why a slice that moves with the trip is no value of its own, to go on after
/// "it"; empty if it can be one.
std::string SliceChooser::whyNot(tensor::ExtractSliceOp slice,
                                 tensor::InsertSliceOp insertion,
                                 StorageKey whole) const {
  auto loop = cast<scf::ForOp>(levels.back().loop);
  const Storage &storage = whole.first->storages[whole.second];
  if (!upperBoundBytes(slice.getResult(), DataLayout::closest(slice)))
    return unboundedReason().text;
  if (!llvm::all_of(slice->getOperands().drop_front(),
                    [&](Value index) { return isKnownAhead(index, loop); }))
    return "has a place that is not known before the trip";
  if (!storage.slowReason.empty())
    return "is a part of a tensor that " + storage.slowReason;
  if (constrained.contains(whole))
    return "is a part of a tensor that is constrained";
  if (facts.sharing.findLeader(whole) != facts.sharing.member_end() ||
      facts.buffers.contains(whole))
    return "is a part of a tensor that may share its storage";
  if (insertion)
    return storage.readOnly ? "is a part of a tensor that cannot be written"
                            : whyNotWritten(slice, insertion, whole);
  if (!loop.isDefinedOutsideOfLoop(slice.getSource()))
    return "is a part of a tensor that is made in the trip";
  if (isWritten(whole))
    return "is a part of a tensor that the loop writes";
  return "";
}

void SliceChooser::consider(tensor::ExtractSliceOp slice) {
  auto loop = cast<scf::ForOp>(levels.back().loop);
  const FunctionProblem *owner = owners.lookup(slice.getResult());
  const View *view = owner ? owner->viewOf(slice.getResult()) : nullptr;
  if (!view || view->chain.empty() || view->chain.back() != slice ||
      llvm::none_of(slice.getOffsets(),
                    [&](Value offset) { return moves(offset, loop); }))
    return;
  auto *level = llvm::find_if(
      levels, [&](const Level &level) { return level.program == owner; });
  if (level == levels.end())
    return; // A part of what the trip makes.
  StorageKey whole(owner, view->storage);
  tensor::InsertSliceOp insertion = insertionOf(slice, loop);
  std::string reason = whyNot(slice, insertion, whole);
  if (!reason.empty()) {
    if (valueOf(whole).size > capacity)
      notes.push_back({slice.getLoc(), "the slice of '" + valueOf(whole).name +
                                           "' is not placed by itself: it " +
                                           reason});
    return;
  }
  Candidate candidate;
  candidate.slice = slice;
  candidate.insertion = insertion;
  candidate.view = view;
  candidate.bytes =
      *upperBoundBytes(slice.getResult(), DataLayout::closest(slice));
  candidate.bytesOfAll = candidate.bytes;
  for (const Level &around : llvm::make_range(level, levels.end()))
    candidate.bytesOfAll = bytesOfTrips(candidate.bytesOfAll, around.trips);
  Group &group = groups[{whole, level->loop}];
  group.whole = whole;
  group.outermost = level->loop;
  group.candidates.push_back(candidate);
}

void SliceChooser::collect(const FunctionProblem &program) {
  for (auto [made, step] :
       llvm::zip_equal(program.steps, program.instance.program.steps)) {
    if (!made.body || !isa<scf::ForOp>(made.op))
      continue;
    levels.push_back({&program, made.op, step.trips});
    for (auto slice : made.body->block->getOps<tensor::ExtractSliceOp>())
      consider(slice);
    collect(*made.body);
    levels.pop_back();
  }
}

/// Of slices of slices, one is a value. The larger one moves fewer bytes; one
/// of which fast memory cannot hold two leaves it to its parts.
void SliceChooser::keepOutermost(Group &group) const {
  auto isPartOf = [](const Candidate &part, const Candidate &whole) {
    Operation *slice = whole.view->chain.back();
    return &part != &whole && part.view->chain.back() != slice &&
           llvm::is_contained(part.view->chain, slice);
  };
  SmallVector<Candidate> kept;
  for (const Candidate &candidate : group.candidates) {
    bool hasParts = llvm::any_of(group.candidates, [&](const Candidate &other) {
      return isPartOf(other, candidate);
    });
    bool isPart = llvm::any_of(kept, [&](const Candidate &other) {
      return isPartOf(candidate, other);
    });
    if (!isPart && candidate.bytes <= (hasParts ? capacity / 2 : capacity))
      kept.push_back(candidate);
  }
  group.candidates = std::move(kept);
}

/// Whether the loop reaches the storage through the slices of the group alone.
bool SliceChooser::isUsedOnlyBySlices(const Group &group) const {
  auto isOurs = [&](Operation *op) {
    return llvm::any_of(group.candidates, [&](const Candidate &candidate) {
      return op == candidate.slice || op == candidate.insertion;
    });
  };
  return !group.outermost
              ->walk([&](Operation *op) {
                if (isOurs(op) || isViewOp(op) ||
                    isa<scf::ForOp, scf::YieldOp>(op))
                  return WalkResult::advance();
                for (Value operand : op->getOperands())
                  if (const View *view = viewIn(operand, group.whole);
                      view && llvm::none_of(view->chain, isOurs))
                    return WalkResult::interrupt();
                return WalkResult::advance();
              })
              .wasInterrupted();
}

/// Whether the slices are better values than the whole tensor. Of a tensor that
/// is made and used in fast memory, slices would only go to slow memory and
/// come back, and of one that the loop moves several times it is better to have
/// all of it. What comes from slow memory or goes there is as well moved in
/// parts, each beside what another trip computes; it then needs less room.
/// Parts that move faster than a copy starts are too small for that.
bool SliceChooser::isWorthwhile(const Group &group) const {
  const mempl::Value &whole = valueOf(group.whole);
  if (policy == SlicePolicy::Always || whole.size > capacity)
    return true;
  uint64_t moved = 0;
  bool writes = false;
  for (const Candidate &candidate : group.candidates) {
    moved = llvm::SaturatingAdd<uint64_t>(moved, candidate.bytesOfAll);
    writes |= bool(candidate.insertion);
    if (double(candidate.bytes) < machine.copyLatency * machine.copyBandwidth)
      return false;
  }
  if (moved > uint64_t(whole.size) || !isUsedOnlyBySlices(group))
    return false;
  if (whole.size > capacity / 2 || !writes)
    return whole.size > capacity / 2 || whole.kind == mempl::ValueKind::Input;
  int64_t steps = 0;
  for (const mempl::Step &step : group.whole.first->instance.program.steps)
    steps += llvm::any_of(step.accesses, [&](const mempl::Access &access) {
      return access.value == group.whole.second;
    });
  return whole.isOutput() && steps == 1;
}

StreamedSlices SliceChooser::run(const FunctionProblem &function) {
  StreamedSlices chosen;
  if (policy == SlicePolicy::Never)
    return chosen;
  locate(function);
  collect(function);
  for (auto &[key, group] : groups) {
    keepOutermost(group);
    if (isWorthwhile(group))
      for (const Candidate &candidate : group.candidates)
        chosen[candidate.slice] = candidate.insertion;
  }
  return chosen;
}

StreamedSlices mempl::ir::chooseStreamedSlices(
    const FunctionProblem &function, const ExtractionContext &context,
    SlicePolicy policy, SmallVectorImpl<ProgramNote> &notes) {
  return SliceChooser(context, policy, notes).run(function);
}
