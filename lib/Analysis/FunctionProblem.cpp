//===- FunctionProblem.cpp - a function as storages and steps
//---------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Abstract bufferization: a walk over the block in order that gives every
// tensor a view of a storage, following the aliases that the ops'
// BufferizableOpInterface declares under the assumption that every operand is
// used in place. That is what a prepared function promises. Storages that are
// reached through aliases known only at run time stay in slow memory.
//
//===----------------------------------------------------------------------===//

#include "BlockExtractor.h"

#include "mempl/Analysis/ByteSize.h"
#include "mempl/Analysis/FunctionProblem.h"
#include "mempl/Analysis/Target.h"
#include "mempl/IR/Mempl.h"
#include "mempl/IR/SourceLocation.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mempl::ir;

void FunctionProblem::addStep(Operation *op, mempl::Step step,
                              std::unique_ptr<FunctionProblem> body) {
  step.source = sourceTextOf(op->getLoc());
  instance.program.steps.push_back(std::move(step));
  FunctionStep made;
  made.op = op;
  made.body = std::move(body);
  steps.push_back(std::move(made));
}

bool mempl::ir::isViewOp(Operation *op) {
  return isa<tensor::ExtractSliceOp, tensor::ExpandShapeOp,
             tensor::CollapseShapeOp, tensor::CastOp>(op);
}

bool mempl::ir::isAliasCast(Operation *op) {
  return isa<CastOpInterface>(op) && op->getNumOperands() == 1 &&
         op->getNumResults() == 1 && op->getNumRegions() == 0 &&
         isa<RankedTensorType>(op->getOperand(0).getType()) &&
         isa<RankedTensorType>(op->getResult(0).getType()) &&
         isMemoryEffectFree(op);
}

/// The tensor in whose buffer the op of `result` makes it, and nowhere else;
/// null where there is none.
static Value madeInPlaceOf(OpResult result,
                           const bufferization::AnalysisState &state) {
  Operation *op = result.getOwner();
  if (auto loop = dyn_cast<scf::ForOp>(op)) {
    unsigned number = result.getResultNumber();
    Value tensor = loop.getYieldedValues()[number];
    while (tensor && tensor != loop.getRegionIterArg(number)) {
      auto made = dyn_cast<OpResult>(tensor);
      tensor = made && loop->isProperAncestor(made.getOwner())
                   ? madeInPlaceOf(made, state)
                   : Value();
    }
    return tensor ? loop.getInitArgs()[number] : Value();
  }
  if (auto wait = dyn_cast<CopyWaitOp>(op))
    return wait.getStart() ? wait.getStart().getDest() : Value();
  if (isViewOp(op) || isa<func::CallOp>(op) ||
      !state.getOptions().dynCastBufferizableOp(op))
    return {};
  bufferization::AliasingOpOperandList aliases =
      state.getAliasingOpOperands(result);
  if (aliases.getNumAliases() != 1 ||
      aliases.getAliases()[0].relation !=
          bufferization::BufferRelation::Equivalent)
    return {};
  return aliases.getAliases()[0].opOperand->get();
}

bool mempl::ir::isInsertInPlace(Operation *op) {
  auto insert = cast<OffsetSizeAndStrideOpInterface>(op);
  // From the source back to the slice that it was computed in.
  bufferization::BufferizationOptions options;
  bufferization::AnalysisState state(options);
  Value source = op->getOperand(0);
  while (auto result = dyn_cast_if_present<OpResult>(source)) {
    if (auto extract = dyn_cast<tensor::ExtractSliceOp>(result.getOwner())) {
      auto same = [](OpFoldResult a, OpFoldResult b) {
        return isEqualConstantIntOrValue(a, b);
      };
      return extract.isSameAs(insert, same);
    }
    source = madeInPlaceOf(result, state);
  }
  return false;
}

/// The constraint that the attributes of an op or an argument give, if any.
static FailureOr<mempl::SpaceConstraint>
constraintOf(Location loc, DictionaryAttr attributes,
             const TargetDescription &target) {
  using mempl::SpaceConstraint;
  SpaceConstraint constraint = SpaceConstraint::None;
  if (!attributes)
    return constraint;
  auto isFast = [&](Attribute attribute) -> FailureOr<bool> {
    auto space = dyn_cast<SpaceAttr>(attribute);
    if (!space)
      return true;
    StringRef name = space.getName();
    if (name == target.fastSpace || name == "fast")
      return true;
    if (name == target.slowSpace || name == "slow")
      return false;
    return emitError(loc) << "the target '" << target.name
                          << "' has no memory space '" << name
                          << "'; expected '" << target.fastSpace << "' or '"
                          << target.slowSpace << "'";
  };
  if (Attribute pin = attributes.get(kPinAttr)) {
    FailureOr<bool> fast = isFast(pin);
    if (failed(fast))
      return failure();
    constraint = *fast ? SpaceConstraint::Fast : SpaceConstraint::Slow;
  }
  if (Attribute forbid = attributes.get(kForbidAttr)) {
    FailureOr<bool> fast = isFast(forbid);
    if (failed(fast))
      return failure();
    SpaceConstraint other =
        *fast ? SpaceConstraint::Slow : SpaceConstraint::Fast;
    if (constraint != SpaceConstraint::None && constraint != other)
      return emitError(loc) << "'mempl.pin' and 'mempl.forbid' contradict";
    constraint = other;
  }
  return constraint;
}

/// The name of a constraint in messages.
static StringRef nameOfConstraint(DictionaryAttr attributes) {
  return attributes.contains(kPinAttr) ? kPinAttr : kForbidAttr;
}

/// The op of `block` that `op` is in.
static Operation *ancestorIn(Block *block, Operation *op) {
  while (op->getBlock() != block)
    op = op->getParentOp();
  return op;
}

namespace {

/// Carries the constraints of users from arguments and ops to storages.
class OrderCollector {
public:
  OrderCollector(FunctionProblem &program, const TargetDescription &target,
                 OrderCollector *outer)
      : program(program), target(target), outer(outer) {}

  LogicalResult collect() {
    if (auto function = dyn_cast<func::FuncOp>(program.block->getParentOp()))
      for (BlockArgument argument : program.block->getArguments())
        if (failed(add(argument,
                       function.getArgAttrDict(argument.getArgNumber()))))
          return failure();
    llvm::SmallDenseMap<Operation *, FunctionProblem *> bodies;
    for (FunctionStep &step : program.steps)
      if (step.body)
        bodies[step.op] = step.body.get();
    WalkResult walk =
        program.block->walk<WalkOrder::PreOrder>([&](Operation *op) {
          for (OpResult result : op->getResults())
            if (failed(add(result, op->getDiscardableAttrDictionary())))
              return WalkResult::interrupt();
          auto body = bodies.find(op);
          if (body == bodies.end())
            return WalkResult::advance();
          OrderCollector inner(*body->second, target, this);
          return failed(inner.collect()) ? WalkResult::interrupt()
                                         : WalkResult::skip();
        });
    return failure(walk.wasInterrupted());
  }

private:
  LogicalResult add(Value tensor, DictionaryAttr attributes);
  LogicalResult addSpace(Value tensor, DictionaryAttr attributes);
  LogicalResult checkMaxBytes(Value tensor, int64_t given);

  /// The program with the storage of `tensor`; null where the analysis did not
  /// come to the tensor.
  FunctionProblem *owner(Value tensor) {
    if (program.viewOf(tensor))
      return &program;
    return outer ? outer->owner(tensor) : nullptr;
  }
  /// "is inside of 'affine.for', ..", for a tensor without a storage.
  std::string whereOf(Value tensor) {
    if (tensor.getParentBlock() == program.block && !tensor.getDefiningOp())
      return "is a buffer already";
    Operation *op =
        ancestorIn(program.block, tensor.getParentBlock() == program.block
                                      ? tensor.getDefiningOp()
                                      : tensor.getParentBlock()->getParentOp());
    return "is inside of '" + op->getName().getStringRef().str() +
           "', whose inside is not placed";
  }

  FunctionProblem &program;
  const TargetDescription &target;
  OrderCollector *outer;
};

} // namespace

LogicalResult OrderCollector::add(Value tensor, DictionaryAttr attributes) {
  if (!attributes || !isa<ShapedType>(tensor.getType()) ||
      isa<VectorType>(tensor.getType()))
    return success();
  if (std::optional<int64_t> given = maxBytesIn(attributes))
    if (failed(checkMaxBytes(tensor, *given)))
      return failure();
  return addSpace(tensor, attributes);
}

LogicalResult OrderCollector::checkMaxBytes(Value tensor, int64_t given) {
  auto type = cast<ShapedType>(tensor.getType());
  DataLayout layout =
      DataLayout::closest(tensor.getParentRegion()->getParentOp());
  std::optional<int64_t> bytes = bytesOfType(type, layout);
  if (bytes && *bytes > given)
    return emitError(tensor.getLoc())
           << "'mempl.max_bytes' says at most " << given << " bytes, and "
           << type << " has " << *bytes;
  if (bytes)
    emitWarning(tensor.getLoc())
        << "'mempl.max_bytes' has no effect: " << type << " has a static shape";
  else if (!owner(tensor))
    emitWarning(tensor.getLoc())
        << "'mempl.max_bytes' has no effect: the tensor " << whereOf(tensor);
  return success();
}

/// A step that has the storage in slow memory, whatever a plan says; null if
/// there is none.
static Operation *slowUserOf(const FunctionProblem &program, int32_t storage) {
  for (auto [step, made] :
       llvm::zip_equal(program.instance.program.steps, program.steps))
    for (const mempl::Access &access : step.accesses)
      if (access.value == storage &&
          access.space == mempl::SpaceConstraint::Slow)
        return made.op;
  return nullptr;
}

LogicalResult OrderCollector::addSpace(Value tensor,
                                       DictionaryAttr attributes) {
  using mempl::SpaceConstraint;
  FailureOr<SpaceConstraint> constraint =
      constraintOf(tensor.getLoc(), attributes, target);
  if (failed(constraint))
    return failure();
  if (*constraint == SpaceConstraint::None)
    return success();
  FunctionProblem *of = owner(tensor);
  if (!of) {
    if (*constraint == SpaceConstraint::Slow)
      return success();
    return emitError(tensor.getLoc())
           << "'" << nameOfConstraint(attributes)
           << "' pins a tensor into fast memory that " << whereOf(tensor);
  }
  int32_t index = of->viewOf(tensor)->storage;
  Storage &storage = of->storages[index];
  mempl::Value &value = of->instance.program.values[index];
  if (*constraint == SpaceConstraint::Fast && !storage.slowReason.empty())
    return emitError(tensor.getLoc())
           << "'" << value.name << "' is constrained to fast memory by '"
           << nameOfConstraint(attributes) << "', but it "
           << storage.slowReason;
  Operation *slowUser = slowUserOf(*of, index);
  if (*constraint == SpaceConstraint::Fast && slowUser)
    return emitError(tensor.getLoc())
           << "'" << value.name << "' is constrained to fast memory by '"
           << nameOfConstraint(attributes) << "', but '" << slowUser->getName()
           << "' works on it in slow memory";
  if (value.space != SpaceConstraint::None && value.space != *constraint &&
      storage.slowReason.empty())
    return emitError(tensor.getLoc())
           << "the tensors that share the storage of '" << value.name
           << "' are constrained to fast and into slow memory";
  value.space = *constraint;
  if (*constraint == SpaceConstraint::Fast)
    storage.pins.push_back(tensor.getLoc());
  return success();
}

/// A kernel that reserves more than fast memory has can never run.
static LogicalResult checkReserved(const FunctionProblem &program,
                                   const TargetDescription &target) {
  for (auto [step, made] :
       llvm::zip_equal(program.instance.program.steps, program.steps)) {
    if (made.body && failed(checkReserved(*made.body, target)))
      return failure();
    if (step.reserved <= target.machine.capacity)
      continue;
    // Of a conditional, the op inside that needs it.
    Operation *needs = made.op;
    made.op->walk([&, most = int64_t(-1)](Operation *op) mutable {
      int64_t reserved =
          op->getNumRegions() == 0 ? workOf(op).reservedBytes : 0;
      if (reserved > most && reserved > 0) {
        most = reserved;
        needs = op;
      }
    });
    return emitError(needs->getLoc())
           << "'" << needs->getName() << "' reserves " << step.reserved
           << " bytes of fast memory, and the target '" << target.name
           << "' has " << target.machine.capacity;
  }
  return success();
}

/// Trips that the bounds of a loop contradict.
static void warnAboutTrips(func::FuncOp function) {
  function.walk([](scf::ForOp loop) {
    auto told = loop->getAttrOfType<IntegerAttr>(kTripsAttr);
    std::optional<APInt> known = loop.getStaticTripCount();
    if (told && known && known->getActiveBits() < 63 &&
        known->getZExtValue() != uint64_t(told.getInt()))
      emitWarning(loop.getLoc())
          << "'mempl.trips' says " << told.getInt() << " trips, and the bounds "
          << known->getZExtValue();
  });
}

void mempl::ir::linkBodies(FunctionProblem &program) {
  for (auto [value, storage] :
       llvm::zip_equal(program.instance.program.values, program.storages))
    value.reason = storage.groupedReason();
  for (auto [i, step] : llvm::enumerate(program.steps)) {
    if (!step.body)
      continue;
    linkBodies(*step.body);
    program.instance.program.steps[i].body =
        std::shared_ptr<const mempl::Program>(step.body,
                                              &step.body->instance.program);
  }
}

/// Goes through a function on tensors, from the start.
static std::unique_ptr<FunctionProblem> walk(func::FuncOp function,
                                             ExtractionContext &context) {
  auto program = std::make_unique<FunctionProblem>();
  context.notes.clear();
  context.unknowns.clear();
  context.orderFacts = OrderFacts();
  BlockExtractor(*program, context, nullptr).runOnFunction(function);
  return program;
}

FailureOr<std::unique_ptr<FunctionProblem>> mempl::ir::extractProblem(
    func::FuncOp function, const TargetDescription &target,
    const CostModel &cost, SmallVectorImpl<ProgramNote> &notes,
    const bufferization::AnalysisState *analysis, SlicePolicy slices) {
  assert(function.getBody().hasOneBlock() && "expected one block");
  auto program = std::make_unique<FunctionProblem>();
  ExtractionContext context(cost, target, notes, analysis);
  program->onBuffers = worksOnBuffers(function);
  if (program->onBuffers) {
    extractBuffers(function, context, *program);
  } else {
    program = walk(function, context);
    // A bound that an op gives to the storage of its operand holds for what is
    // before the op, too.
    if (!context.maxBytes.empty())
      program = walk(function, context);
    SmallVector<ProgramNote> slicesLeft;
    context.streamed =
        chooseStreamedSlices(*program, context, slices, slicesLeft);
    if (!context.streamed.empty())
      program = walk(function, context);
    llvm::append_range(notes, slicesLeft);
    // Which operands bufferization copies depends on the order of ops.
    if (!context.anyCopied)
      freeOrder(*program, context.orderFacts);
  }
  program->instance.name = function.getName().str();
  program->unknowns = std::move(context.unknowns);
  warnAboutTrips(function);
  if (failed(OrderCollector(*program, target, nullptr).collect()) ||
      failed(checkReserved(*program, target)))
    return failure();
  linkBodies(*program);
  // A function does not find its storage as its last call left it.
  mempl::Machine machine = target.machine;
  machine.maxCarried = 0;
  program->instance.machine = machine;
  // A mistake of this file, not of the user: every function that can be walked
  // gives a valid instance.
  std::vector<mempl::InstanceFault> faults =
      mempl::checkInstance(program->instance);
  if (!faults.empty())
    return emitError(function.getLoc())
           << "internal error: the extracted instance is "
              "not valid: "
           << faults.front().str();
  return program;
}
