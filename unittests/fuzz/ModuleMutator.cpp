//===- ModuleMutator.cpp - changes of MLIR that keep it valid -------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each kind of change does what it can without knowing ops: whether the module
// is still valid, the verifier says. What a change needs and does not find, as
// an operand of some type, an op of a dialect that nobody knows gives.
//
//===----------------------------------------------------------------------===//

#include "ModuleMutator.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Support/DebugStringHelper.h"

#include <random>

using namespace mlir;

/// Attributes of mempl, those that mean something and those that are wrong.
static constexpr const char *kAttributes[][2] = {
    {"mempl.target", "\"tiny\""},
    {"mempl.target", "\"edge-npu\""},
    {"mempl.target", "\"abacus\""},
    {"mempl.target", "{preset = \"tiny\", capacity = 64}"},
    {"mempl.target", "{capacity = -1}"},
    {"mempl.target", "4"},
    {"mempl.pin", "#mempl.space<fast>"},
    {"mempl.pin", "#mempl.space<slow>"},
    {"mempl.pin", "#mempl.space<l3>"},
    {"mempl.pin", "\"fast\""},
    {"mempl.forbid", "#mempl.space<fast>"},
    {"mempl.forbid", "#mempl.space<slow>"},
    {"mempl.max_bytes", "128"},
    {"mempl.max_bytes", "0"},
    {"mempl.max_bytes", "-9223372036854775808"},
    {"mempl.trips", "5"},
    {"mempl.trips", "0"},
    {"mempl.trips", "9223372036854775807"},
    {"mempl.trips", "\"many\""},
    {"mempl.placement", "@f"},
    {"mempl.placement", "{}"},
    {"mempl.original", "@f"},
    {"mempl.original", "unit"},
    {"mempl.frees_its_buffers", "unit"},
    {"bufferization.writable", "false"},
    {"bufferization.access", "\"read\""},
    {"llvm.emit_c_interface", "unit"},
};

static constexpr int64_t kNumbers[] = {0,
                                       1,
                                       -1,
                                       2,
                                       3,
                                       4,
                                       5,
                                       8,
                                       16,
                                       63,
                                       64,
                                       127,
                                       255,
                                       256,
                                       1000,
                                       65536,
                                       1 << 30,
                                       1LL << 32,
                                       std::numeric_limits<int64_t>::max(),
                                       std::numeric_limits<int64_t>::min()};

static constexpr const char *kElements[] = {
    "f32", "f16",   "bf16",         "f64", "i1", "i8",
    "i32", "index", "complex<f32>", "i64", "i4", "i65",
};

static constexpr const char *kSpaces[] = {
    "#mempl.space<fast>", "#mempl.space<slow>", "#mempl.space<l2>", "1", "0"};

namespace {

/// One change of a module, by chance.
class Mutation {
public:
  Mutation(ModuleOp module, ModuleOp donor, std::mt19937 &random)
      : module(module), donor(donor), random(random),
        builder(module.getContext()) {}

  /// Whether something was changed; it need not be valid.
  bool run();

private:
  /// Types.
  bool changeElementsEverywhere();
  bool changeSizeEverywhere();
  bool changeSpaceEverywhere();
  bool changeTypeOfValue();
  /// Operands.
  bool swapOperands();
  bool replaceOperand();
  bool replaceUsesLater();
  /// Ops.
  bool eraseOp();
  bool duplicateOp();
  bool moveOp();
  bool copyOp();
  bool addConstant();
  /// Regions and blocks.
  bool wrapInBranch();
  bool wrapInLoop();
  bool inlineRegion();
  bool swapRegions();
  bool splitBlock();
  /// Attributes.
  bool changeAttribute();
  bool changeNumber();
  bool addAttribute();
  bool dropAttribute();
  /// Functions.
  bool copyFunction();
  bool addCall();
  bool addArgument();
  bool changeVisibility();

  // ------------------------------------------------------------------ chance
  size_t below(size_t count) { return random() % count; }
  bool oneIn(size_t count) { return below(count) == 0; }
  template <typename Range> auto pick(const Range &range) {
    return range[below(std::size(range))];
  }
  int64_t number() { return pick(kNumbers); }

  // ------------------------------------------------------------------ choices
  Operation *pickOp(llvm::function_ref<bool(Operation *)> fits,
                    ModuleOp from = {});
  /// An op that is no terminator and is inside of a block of a function.
  Operation *pickStep(ModuleOp from = {});
  /// What may be used before `op`, in the same region or around it.
  std::vector<Value> visibleAt(Operation *op);
  /// One of these, or the result of a new unknown op.
  Value valueAt(Operation *op, Type type);
  FunctionOpInterface pickFunction();

  // ------------------------------------------------------------------- change
  bool replaceEverywhere(AttrTypeReplacer &replacer);
  Type changed(Type type);
  Attribute changed(Attribute attribute);
  /// The text of an attribute or type with one number or word changed.
  std::string changedText(std::string text);
  template <typename T> SmallVector<T> changedList(ArrayRef<T> list);
  void insertCopy(Operation *op, Operation *before);
  /// Ops that follow one another, and the values of them that others use.
  struct Run {
    SmallVector<Operation *> ops;
    SmallVector<Value> escaping;
  };
  Run pickRun();
  static void moveInto(Run &run, Block *block, ValueRange results);

  ModuleOp module, donor;
  std::mt19937 &random;
  OpBuilder builder;
};

} // namespace

// -------------------------------------------------------------------- choices

Operation *Mutation::pickOp(llvm::function_ref<bool(Operation *)> fits,
                            ModuleOp from) {
  std::vector<Operation *> ops;
  (from ? from : module)->walk([&](Operation *op) {
    if (fits(op))
      ops.push_back(op);
  });
  return ops.empty() ? nullptr : pick(ops);
}

Operation *Mutation::pickStep(ModuleOp from) {
  return pickOp(
      [](Operation *op) {
        return !op->hasTrait<OpTrait::IsTerminator>() &&
               op->getParentOfType<FunctionOpInterface>();
      },
      from);
}

std::vector<Value> Mutation::visibleAt(Operation *op) {
  std::vector<Value> values;
  while (op && op->getBlock() && !isa<ModuleOp, FunctionOpInterface>(op)) {
    Block *block = op->getBlock();
    llvm::append_range(values, block->getArguments());
    for (Operation &before : *block) {
      if (&before == op)
        break;
      llvm::append_range(values, before.getResults());
    }
    op = block->getParentOp();
  }
  return values;
}

Value Mutation::valueAt(Operation *op, Type type) {
  std::vector<Value> values = visibleAt(op);
  llvm::erase_if(values, [&](Value value) { return value.getType() != type; });
  if (!values.empty() && !oneIn(8))
    return pick(values);
  builder.setInsertionPoint(op);
  OperationState state(op->getLoc(), "other.source");
  state.addTypes(type);
  return builder.create(state)->getResult(0);
}

FunctionOpInterface Mutation::pickFunction() {
  Operation *op =
      pickOp([](Operation *op) { return isa<FunctionOpInterface>(op); });
  return dyn_cast_if_present<FunctionOpInterface>(op);
}

// ---------------------------------------------------------------------- types

static bool isShaped(Type type) {
  return isa<RankedTensorType, MemRefType, VectorType>(type);
}

bool Mutation::replaceEverywhere(AttrTypeReplacer &replacer) {
  // Numbers of constants go with their type.
  replacer.addReplacement(
      [&](DenseElementsAttr attr)
          -> std::optional<std::pair<Attribute, WalkResult>> {
        auto type = cast<ShapedType>(replacer.replace(attr.getType()));
        if (type == attr.getType())
          return {{attr, WalkResult::skip()}};
        Attribute zero;
        if (type.hasStaticShape() &&
            type.getElementType().isIntOrIndexOrFloat())
          zero = builder.getZeroAttr(type);
        return {{zero ? zero : attr, WalkResult::skip()}};
      });
  replacer.addReplacement(
      [&](TypedAttr attr) -> std::optional<std::pair<Attribute, WalkResult>> {
        if (!isa<FloatAttr, IntegerAttr>(attr))
          return std::nullopt;
        Type type = replacer.replace(attr.getType());
        if (type == attr.getType() || !type.isIntOrIndexOrFloat())
          return {{attr, WalkResult::skip()}};
        return {{builder.getZeroAttr(type), WalkResult::skip()}};
      });
  replacer.recursivelyReplaceElementsIn(module, /*replaceAttrs=*/true,
                                        /*replaceLocs=*/false,
                                        /*replaceTypes=*/true);
  return true;
}

bool Mutation::changeElementsEverywhere() {
  Operation *op = pickOp([](Operation *op) {
    return llvm::any_of(op->getResultTypes(), isShaped) ||
           llvm::any_of(op->getOperandTypes(), isShaped);
  });
  if (!op)
    return false;
  SmallVector<Type> types(op->getResultTypes());
  llvm::append_range(types, op->getOperandTypes());
  Type from = getElementTypeOrSelf(pick(types));
  Type to = parseType(pick(kElements), module.getContext());
  AttrTypeReplacer replacer;
  replacer.addReplacement([=](Type type) -> std::optional<Type> {
    return type == from ? std::optional<Type>(to) : std::nullopt;
  });
  return replaceEverywhere(replacer);
}

/// The same type with other sizes; null if it cannot have them.
static Type withShape(ShapedType type, ArrayRef<int64_t> shape) {
  if (isa<VectorType>(type) && llvm::any_of(shape, ShapedType::isDynamic))
    return {};
  if (auto memref = dyn_cast<MemRefType>(type))
    if (!memref.getLayout().isIdentity() &&
        shape.size() != memref.getShape().size())
      return {};
  if (isa<VectorType>(type) && llvm::is_contained(shape, 0))
    return {};
  return type.clone(shape);
}

bool Mutation::changeSizeEverywhere() {
  Operation *op = pickOp([](Operation *op) {
    return llvm::any_of(op->getOperandTypes(), isShaped);
  });
  if (!op)
    return false;
  SmallVector<int64_t> sizes;
  for (Type type : op->getOperandTypes())
    if (isShaped(type))
      llvm::append_range(sizes, cast<ShapedType>(type).getShape());
  if (sizes.empty())
    return false;
  int64_t from = pick(sizes);
  const int64_t choices[] = {0,
                             1,
                             2,
                             3,
                             5,
                             7,
                             16,
                             1 << 20,
                             from + 1,
                             from * 2,
                             ShapedType::kDynamic,
                             int64_t(1) << 61};
  int64_t to = pick(choices);
  if (to < 0)
    to = ShapedType::kDynamic;
  AttrTypeReplacer replacer;
  replacer.addReplacement([=](Type type) -> std::optional<Type> {
    if (!isShaped(type))
      return std::nullopt;
    SmallVector<int64_t> shape(cast<ShapedType>(type).getShape());
    llvm::replace(shape, from, to);
    Type changed = withShape(cast<ShapedType>(type), shape);
    return changed ? std::optional<Type>(changed) : std::nullopt;
  });
  return replaceEverywhere(replacer);
}

bool Mutation::changeSpaceEverywhere() {
  Attribute space = parseAttribute(pick(kSpaces), module.getContext());
  Operation *op = pickOp([](Operation *op) {
    return llvm::any_of(op->getResultTypes(), llvm::IsaPred<MemRefType>) ||
           llvm::any_of(op->getOperandTypes(), llvm::IsaPred<MemRefType>);
  });
  if (!op)
    return false;
  SmallVector<MemRefType> types;
  for (Type type : op->getResultTypes())
    if (auto memref = dyn_cast<MemRefType>(type))
      types.push_back(memref);
  for (Type type : op->getOperandTypes())
    if (auto memref = dyn_cast<MemRefType>(type))
      types.push_back(memref);
  MemRefType from = pick(types);
  bool isAll = oneIn(2);
  AttrTypeReplacer replacer;
  replacer.addReplacement([=](MemRefType type) -> std::optional<Type> {
    if (isAll ? type.getMemorySpace() != from.getMemorySpace() : type != from)
      return std::nullopt;
    return MemRefType::get(type.getShape(), type.getElementType(),
                           type.getLayout(), space);
  });
  return replaceEverywhere(replacer);
}

Type Mutation::changed(Type type) {
  auto shaped = dyn_cast<ShapedType>(type);
  if (!shaped || !shaped.hasRank() || oneIn(8))
    return parseType(changedText(debugString(type)), module.getContext());
  SmallVector<int64_t> shape(shaped.getShape());
  switch (below(6)) {
  case 0:
    return shaped.clone(parseType(pick(kElements), module.getContext()));
  case 1:
    if (auto tensor = dyn_cast<RankedTensorType>(type))
      return RankedTensorType::get(
          shape, tensor.getElementType(),
          parseAttribute(pick(kSpaces), module.getContext()));
    if (auto memref = dyn_cast<MemRefType>(type))
      return MemRefType::get(
          shape, memref.getElementType(), memref.getLayout(),
          parseAttribute(pick(kSpaces), module.getContext()));
    return {};
  case 2:
    if (isa<RankedTensorType>(type))
      return UnrankedTensorType::get(shaped.getElementType());
    return {};
  case 3:
    shape.push_back(1);
    break;
  case 4:
    if (shape.empty())
      return {};
    shape.pop_back();
    break;
  default:
    if (shape.empty())
      return {};
    shape[below(shape.size())] =
        oneIn(3) ? ShapedType::kDynamic : int64_t(below(9));
  }
  return withShape(shaped, shape);
}

bool Mutation::changeTypeOfValue() {
  Operation *op = pickOp(
      [](Operation *op) { return op->getNumResults() || op->getNumRegions(); });
  if (!op)
    return false;
  std::vector<Value> values(op->result_begin(), op->result_end());
  for (Region &region : op->getRegions())
    for (Block &block : region)
      llvm::append_range(values, block.getArguments());
  if (values.empty())
    return false;
  Value value = pick(values);
  Type type = changed(value.getType());
  if (!type)
    return false;
  value.setType(type);
  auto function = dyn_cast<FunctionOpInterface>(op);
  if (function && !function.isExternal())
    function.setType(
        function.cloneTypeWith(function.getFunctionBody().getArgumentTypes(),
                               function.getResultTypes()));
  return true;
}

// ------------------------------------------------------------------- operands

bool Mutation::swapOperands() {
  Operation *op =
      pickOp([](Operation *op) { return op->getNumOperands() > 1; });
  if (!op)
    return false;
  unsigned first = below(op->getNumOperands());
  unsigned second = below(op->getNumOperands());
  Value value = op->getOperand(first);
  op->setOperand(first, op->getOperand(second));
  op->setOperand(second, value);
  return first != second;
}

bool Mutation::replaceOperand() {
  Operation *op = pickOp([](Operation *op) { return op->getNumOperands(); });
  if (!op)
    return false;
  OpOperand &operand = op->getOpOperand(below(op->getNumOperands()));
  std::vector<Value> values = visibleAt(op);
  if (!oneIn(6))
    llvm::erase_if(values, [&](Value value) {
      return value.getType() != operand.get().getType() ||
             value == operand.get();
    });
  operand.set(values.empty() ? valueAt(op, operand.get().getType())
                             : pick(values));
  return true;
}

bool Mutation::replaceUsesLater() {
  Operation *op = pickOp([](Operation *op) { return op->getNumResults(); });
  if (!op)
    return false;
  Value value = op->getResult(below(op->getNumResults()));
  Value other = valueAt(op, value.getType());
  value.replaceUsesWithIf(other, [&](OpOperand &) { return oneIn(2); });
  return true;
}

// ------------------------------------------------------------------------ ops

bool Mutation::eraseOp() {
  Operation *op = pickOp([&](Operation *op) { return op != module; });
  if (!op || (op->hasTrait<OpTrait::IsTerminator>() && !oneIn(4)))
    return false;
  for (Value result : op->getResults())
    if (!result.use_empty())
      result.replaceAllUsesWith(valueAt(op, result.getType()));
  op->erase();
  return true;
}

bool Mutation::duplicateOp() {
  Operation *op = pickStep();
  if (!op)
    return false;
  builder.setInsertionPointAfter(op);
  Operation *copy = builder.clone(*op);
  for (auto [old, made] : llvm::zip(op->getResults(), copy->getResults()))
    if (oneIn(2))
      old.replaceUsesWithIf(made, [&, copy = copy](OpOperand &operand) {
        return operand.getOwner() != copy && oneIn(2);
      });
  return true;
}

bool Mutation::moveOp() {
  Operation *op = pickStep(), *to = pickStep();
  if (!op || !to || op == to || op->isProperAncestor(to))
    return false;
  op->moveBefore(to);
  return true;
}

void Mutation::insertCopy(Operation *op, Operation *before) {
  Operation *copy = op->clone();
  builder.setInsertionPoint(before);
  builder.insert(copy);
  // What it uses from outside of itself is not here.
  copy->walk([&](Operation *inner) {
    for (OpOperand &operand : inner->getOpOperands())
      if (!copy->isAncestor(operand.get().getParentBlock()->getParentOp()))
        operand.set(valueAt(copy, operand.get().getType()));
  });
  // Somebody uses it.
  for (Value result : copy->getResults()) {
    std::vector<OpOperand *> operands;
    for (Operation *next = copy->getNextNode(); next;
         next = next->getNextNode())
      for (OpOperand &operand : next->getOpOperands())
        if (operand.get().getType() == result.getType())
          operands.push_back(&operand);
    if (!operands.empty() && !oneIn(3))
      pick(operands)->set(result);
  }
}

bool Mutation::copyOp() {
  Operation *op = pickStep(donor), *to = pickOp([](Operation *op) {
    return op->getParentOfType<FunctionOpInterface>() != nullptr;
  });
  if (!op || !to || isa<CallOpInterface>(op) || op->isAncestor(to))
    return false;
  insertCopy(op, to);
  return true;
}

bool Mutation::addConstant() {
  Operation *op = pickOp([](Operation *op) {
    return llvm::any_of(op->getOperandTypes(), llvm::IsaPred<IndexType>);
  });
  if (!op)
    return false;
  SmallVector<OpOperand *> operands;
  for (OpOperand &operand : op->getOpOperands())
    if (operand.get().getType().isIndex())
      operands.push_back(&operand);
  builder.setInsertionPoint(op);
  pick(operands)->set(
      arith::ConstantIndexOp::create(builder, op->getLoc(), number()));
  return true;
}

// ------------------------------------------------------------------- regions

Mutation::Run Mutation::pickRun() {
  Run run;
  Operation *op = pickStep();
  for (size_t left = 1 + below(6);
       op && left && !op->hasTrait<OpTrait::IsTerminator>(); --left) {
    run.ops.push_back(op);
    op = op->getNextNode();
  }
  llvm::SmallPtrSet<Operation *, 8> inside(run.ops.begin(), run.ops.end());
  auto isOutside = [&](Operation *user) {
    while (user && user->getBlock() != run.ops.front()->getBlock())
      user = user->getParentOp();
    return !inside.contains(user);
  };
  for (Operation *op : run.ops)
    for (Value result : op->getResults())
      if (llvm::any_of(result.getUsers(), isOutside))
        run.escaping.push_back(result);
  return run;
}

void Mutation::moveInto(Run &run, Block *block, ValueRange results) {
  llvm::SmallPtrSet<Operation *, 8> inside(run.ops.begin(), run.ops.end());
  for (auto [value, result] : llvm::zip(run.escaping, results)) {
    Block *around = run.ops.front()->getBlock();
    value.replaceUsesWithIf(result, [&](OpOperand &operand) {
      Operation *user = operand.getOwner();
      while (user && user->getBlock() != around)
        user = user->getParentOp();
      return !inside.contains(user);
    });
  }
  for (Operation *op : run.ops)
    op->moveBefore(block, block->end());
}

bool Mutation::wrapInBranch() {
  Run run = pickRun();
  if (run.ops.empty())
    return false;
  Operation *first = run.ops.front();
  Location loc = first->getLoc();
  SmallVector<Type> types(ValueRange(run.escaping).getTypes());
  if (oneIn(3)) {
    builder.setInsertionPoint(first);
    auto region = scf::ExecuteRegionOp::create(builder, loc, types);
    Block *block = builder.createBlock(&region.getRegion());
    moveInto(run, block, region.getResults());
    builder.setInsertionPointToEnd(block);
    scf::YieldOp::create(builder, loc, run.escaping);
    return true;
  }
  Value condition = valueAt(first, builder.getI1Type());
  SmallVector<Value> others;
  for (Type type : types)
    others.push_back(valueAt(first, type));
  builder.setInsertionPoint(first);
  auto branch = scf::IfOp::create(builder, loc, types, condition,
                                  /*addThenBlock=*/true,
                                  /*addElseBlock=*/!types.empty());
  // Blocks without results have their terminators already, or have none.
  Block *then = branch.thenBlock();
  then->clear();
  moveInto(run, then, branch.getResults());
  builder.setInsertionPointToEnd(then);
  scf::YieldOp::create(builder, loc, run.escaping);
  if (!types.empty()) {
    builder.setInsertionPointToEnd(branch.elseBlock());
    scf::YieldOp::create(builder, loc, others);
  }
  return true;
}

bool Mutation::wrapInLoop() {
  Run run = pickRun();
  if (run.ops.empty())
    return false;
  Operation *first = run.ops.front();
  Location loc = first->getLoc();
  SmallVector<Value> inits;
  for (Value value : run.escaping)
    inits.push_back(valueAt(first, value.getType()));
  Value count;
  if (oneIn(4))
    count = valueAt(first, builder.getIndexType());
  builder.setInsertionPoint(first);
  if (!count)
    count = arith::ConstantIndexOp::create(builder, loc, below(5));
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  auto loop = scf::ForOp::create(builder, loc, zero, count, one, inits);
  Block *body = loop.getBody();
  body->clear();
  moveInto(run, body, loop.getResults());
  builder.setInsertionPointToEnd(body);
  scf::YieldOp::create(builder, loc, run.escaping);
  // Some of it works on what the trip before left.
  for (auto [init, carried] : llvm::zip(inits, loop.getRegionIterArgs()))
    init.replaceUsesWithIf(carried, [&](OpOperand &operand) {
      return loop->isProperAncestor(operand.getOwner()) && !oneIn(3);
    });
  return true;
}

bool Mutation::inlineRegion() {
  Operation *op = pickOp([](Operation *op) {
    return op->getNumRegions() && op->getBlock() &&
           op->getParentOfType<FunctionOpInterface>();
  });
  if (!op)
    return false;
  Region &region = op->getRegion(below(op->getNumRegions()));
  if (!region.hasOneBlock())
    return false;
  Block &block = region.front();
  for (BlockArgument argument : block.getArguments())
    argument.replaceAllUsesWith(valueAt(op, argument.getType()));
  Operation *terminator =
      block.mightHaveTerminator() ? block.getTerminator() : nullptr;
  for (Value result : op->getResults()) {
    Value value;
    if (terminator && result.use_empty())
      continue;
    unsigned number = cast<OpResult>(result).getResultNumber();
    if (terminator && number < terminator->getNumOperands() &&
        terminator->getOperand(number).getType() == result.getType())
      value = terminator->getOperand(number);
    result.replaceAllUsesWith(value ? value : valueAt(op, result.getType()));
  }
  if (terminator)
    terminator->erase();
  op->getBlock()->getOperations().splice(op->getIterator(),
                                         block.getOperations());
  op->erase();
  return true;
}

bool Mutation::swapRegions() {
  Operation *op = pickOp([](Operation *op) { return op->getNumRegions() > 1; });
  if (!op)
    return false;
  Region &first = op->getRegion(0), &second = op->getRegion(1), rest;
  rest.takeBody(first);
  first.takeBody(second);
  second.takeBody(rest);
  return true;
}

bool Mutation::splitBlock() {
  Operation *op = pickOp([](Operation *op) {
    return isa_and_present<FunctionOpInterface, scf::ExecuteRegionOp>(
        op->getParentOp());
  });
  if (!op)
    return false;
  Block *before = op->getBlock(), *after = before->splitBlock(op);
  builder.setInsertionPointToEnd(before);
  if (oneIn(2)) {
    cf::BranchOp::create(builder, op->getLoc(), after);
    return true;
  }
  // Around, or back to itself.
  Value condition;
  for (BlockArgument argument : before->getArguments())
    if (argument.getType().isInteger(1))
      condition = argument;
  if (!condition)
    condition = arith::ConstantOp::create(builder, op->getLoc(),
                                          builder.getBoolAttr(oneIn(2)));
  cf::CondBranchOp::create(builder, op->getLoc(), condition, after,
                           ValueRange(), after, ValueRange());
  return true;
}

// ----------------------------------------------------------------- attributes

std::string Mutation::changedText(std::string text) {
  // Where numbers and words begin.
  std::vector<std::pair<size_t, size_t>> words;
  for (size_t i = 0; i < text.size();) {
    size_t end = i;
    while (end < text.size() && (isalnum(text[end]) || text[end] == '_'))
      ++end;
    if (end > i)
      words.push_back({i, end - i});
    i = end + (end == i);
  }
  if (words.empty())
    return text;
  static constexpr const char *kWords[] = {
      "fast", "slow", "true",     "false",     "read", "write", "d0",    "d1",
      "s0",   "f32",  "parallel", "reduction", "in",   "out",   "tiny",  "unit",
      "x",    "",     "update",   "min",       "max",  "add",   "floor", "i8"};
  auto [begin, length] = pick(words);
  if (isdigit(text[begin]))
    return text.replace(begin, length, std::to_string(number()));
  auto [from, size] = pick(words);
  return text.replace(begin, length,
                      oneIn(2) ? text.substr(from, size) : pick(kWords));
}

template <typename T> SmallVector<T> Mutation::changedList(ArrayRef<T> list) {
  SmallVector<T> result(list);
  if (result.empty())
    return result;
  size_t at = below(result.size());
  switch (below(3)) {
  case 0:
    result.erase(result.begin() + at);
    break;
  case 1:
    result.insert(result.begin() + below(result.size() + 1), T(result[at]));
    break;
  default:
    std::swap(result[at], result[below(result.size())]);
  }
  return result;
}

Attribute Mutation::changed(Attribute attribute) {
  if (auto integer = dyn_cast<IntegerAttr>(attribute)) {
    Type type = integer.getType();
    if (type.isIndex())
      return builder.getIndexAttr(number());
    unsigned width = type.getIntOrFloatBitWidth();
    APInt value(64, number());
    return IntegerAttr::get(type, value.sextOrTrunc(width));
  }
  if (auto list = dyn_cast<ArrayAttr>(attribute)) {
    if (list.empty() || oneIn(2))
      return builder.getArrayAttr(changedList(list.getValue()));
    SmallVector<Attribute> elements(list.getValue());
    Attribute &element = elements[below(elements.size())];
    element = changed(element);
    return element ? builder.getArrayAttr(elements) : Attribute();
  }
  if (auto list = dyn_cast<DenseI64ArrayAttr>(attribute)) {
    SmallVector<int64_t> elements(list.asArrayRef());
    if (elements.empty() || oneIn(2))
      return builder.getDenseI64ArrayAttr(changedList(list.asArrayRef()));
    elements[below(elements.size())] = oneIn(4) ? number() : int64_t(below(5));
    return builder.getDenseI64ArrayAttr(elements);
  }
  if (auto map = dyn_cast<AffineMapAttr>(attribute)) {
    AffineMap value = map.getValue();
    SmallVector<AffineExpr> results(value.getResults());
    if (oneIn(2) || results.empty()) {
      results = changedList(value.getResults());
    } else {
      AffineExpr &result = results[below(results.size())];
      AffineExpr dim = value.getNumDims()
                           ? builder.getAffineDimExpr(below(value.getNumDims()))
                           : builder.getAffineConstantExpr(0);
      const AffineExpr choices[] = {
          dim,          builder.getAffineConstantExpr(0),
          result + dim, result + 1,
          result * 2,   result.floorDiv(2),
          result % 2};
      result = pick(choices);
    }
    return AffineMapAttr::get(AffineMap::get(value.getNumDims(),
                                             value.getNumSymbols(), results,
                                             module.getContext()));
  }
  if (auto type = dyn_cast<TypeAttr>(attribute)) {
    Type other = changed(type.getValue());
    return other ? TypeAttr::get(other) : Attribute();
  }
  if (auto entries = dyn_cast<DictionaryAttr>(attribute)) {
    SmallVector<NamedAttribute> named(entries.getValue());
    if (named.empty())
      return {};
    NamedAttribute &entry = named[below(named.size())];
    if (oneIn(3)) {
      named.erase(&entry);
    } else {
      Attribute value = changed(entry.getValue());
      if (!value)
        return {};
      entry.setValue(value);
    }
    return builder.getDictionaryAttr(named);
  }
  if (isa<DenseResourceElementsAttr>(attribute))
    return {};
  return parseAttribute(changedText(debugString(attribute)),
                        module.getContext());
}

/// Attributes that have a default are there in all that comes from a text.
static void setDefaults(Operation *op) {
  if (op->getPropertiesStorageSize())
    op->getName().populateDefaultProperties(op->getPropertiesStorage());
}

bool Mutation::changeAttribute() {
  Operation *op =
      pickOp([](Operation *op) { return !op->getAttrDictionary().empty(); });
  if (!op)
    return false;
  SmallVector<NamedAttribute> named(op->getAttrDictionary().getValue());
  NamedAttribute entry = pick(named);
  Attribute value = changed(entry.getValue());
  if (!value)
    return false;
  op->setAttr(entry.getName(), value);
  setDefaults(op);
  return true;
}

bool Mutation::changeNumber() {
  Operation *op = pickOp([](Operation *op) {
    return isa<arith::ConstantOp>(op) &&
           op->getResult(0).getType().isIntOrIndex();
  });
  if (!op)
    return false;
  op->setAttr("value", changed(op->getAttr("value")));
  return true;
}

bool Mutation::addAttribute() {
  const auto &entry = kAttributes[below(std::size(kAttributes))];
  const char *name = entry[0];
  Attribute value = parseAttribute(entry[1], module.getContext());
  if (oneIn(3)) {
    FunctionOpInterface function = pickFunction();
    if (!function || !function.getNumArguments())
      return false;
    function.setArgAttr(below(function.getNumArguments()), name, value);
    return true;
  }
  Operation *op = pickOp([](Operation *) { return true; });
  op->setAttr(name, value);
  return true;
}

bool Mutation::dropAttribute() {
  Operation *op =
      pickOp([](Operation *op) { return !op->getAttrDictionary().empty(); });
  if (!op)
    return false;
  SmallVector<NamedAttribute> named(op->getAttrDictionary().getValue());
  StringRef name = pick(named).getName();
  // Verifiers of dialects that a function has attributes of ask for its type.
  if (auto function = dyn_cast<FunctionOpInterface>(op);
      function && name == "function_type")
    return false;
  op->removeAttr(name);
  setDefaults(op);
  return true;
}

// ------------------------------------------------------------------ functions

bool Mutation::copyFunction() {
  std::vector<Operation *> ops;
  for (Operation &op : *donor.getBody())
    if (isa<SymbolOpInterface>(op) && !isa<ModuleOp>(op))
      ops.push_back(&op);
  if (ops.empty())
    return false;
  Operation *copy = pick(ops)->clone();
  SymbolTable(module).insert(copy);
  return true;
}

bool Mutation::addCall() {
  Operation *to = pickStep(),
            *op = pickOp([](Operation *op) { return isa<func::FuncOp>(op); });
  if (!to || !op || op->getParentOp() != module)
    return false;
  auto function = cast<func::FuncOp>(op);
  SmallVector<Value> operands;
  for (Type type : function.getArgumentTypes())
    operands.push_back(valueAt(to, type));
  builder.setInsertionPoint(to);
  auto call = func::CallOp::create(builder, to->getLoc(), function, operands);
  for (Value result : call.getResults())
    for (OpOperand &operand : to->getOpOperands())
      if (operand.get().getType() == result.getType() && oneIn(2))
        operand.set(result);
  return true;
}

bool Mutation::addArgument() {
  FunctionOpInterface function = pickFunction();
  if (!function || function.isExternal())
    return false;
  std::vector<Value> values;
  function->walk(
      [&](Operation *op) { llvm::append_range(values, op->getResults()); });
  if (values.empty())
    return false;
  Value value = pick(values);
  unsigned at = function.getNumArguments();
  if (failed(
          function.insertArgument(at, value.getType(), {}, function->getLoc())))
    return false;
  Value argument = function.getArgument(at);
  value.replaceUsesWithIf(argument, [&](OpOperand &) { return oneIn(2); });
  return true;
}

bool Mutation::changeVisibility() {
  FunctionOpInterface function = pickFunction();
  if (!function)
    return false;
  if (oneIn(4))
    function.eraseBody();
  SymbolTable::setSymbolVisibility(function,
                                   function.isExternal() || oneIn(2)
                                       ? SymbolTable::Visibility::Private
                                       : SymbolTable::Visibility::Public);
  return true;
}

bool Mutation::run() {
  using Kind = bool (Mutation::*)();
  static constexpr Kind kKinds[] = {
      &Mutation::changeElementsEverywhere,
      &Mutation::changeSizeEverywhere,
      &Mutation::changeSizeEverywhere,
      &Mutation::changeSpaceEverywhere,
      &Mutation::changeTypeOfValue,
      &Mutation::swapOperands,
      &Mutation::replaceOperand,
      &Mutation::replaceOperand,
      &Mutation::replaceUsesLater,
      &Mutation::eraseOp,
      &Mutation::eraseOp,
      &Mutation::duplicateOp,
      &Mutation::moveOp,
      &Mutation::moveOp,
      &Mutation::copyOp,
      &Mutation::copyOp,
      &Mutation::addConstant,
      &Mutation::wrapInBranch,
      &Mutation::wrapInLoop,
      &Mutation::wrapInLoop,
      &Mutation::inlineRegion,
      &Mutation::swapRegions,
      &Mutation::splitBlock,
      &Mutation::changeAttribute,
      &Mutation::changeAttribute,
      &Mutation::changeNumber,
      &Mutation::addAttribute,
      &Mutation::dropAttribute,
      &Mutation::copyFunction,
      &Mutation::addCall,
      &Mutation::addArgument,
      &Mutation::changeVisibility,
  };
  return (this->*pick(kKinds))();
}

/// What upstream's verifier of ops takes for granted, and crashes without.
static bool canBeVerified(ModuleOp module) {
  return !module
              .walk([](tensor::ConcatOp op) {
                IntegerAttr dim = op.getDimAttr();
                auto hasDim = [&](Type type) {
                  auto ranked = dyn_cast<RankedTensorType>(type);
                  return ranked && dim &&
                         dim.getValue().ult(uint64_t(ranked.getRank()));
                };
                return hasDim(op.getType()) &&
                               llvm::all_of(op->getOperandTypes(), hasDim)
                           ? WalkResult::advance()
                           : WalkResult::interrupt();
              })
              .wasInterrupted();
}

OwningOpRef<ModuleOp> mempl::fuzz::mutate(ModuleOp module, ModuleOp donor,
                                          unsigned seed, int count) {
  ScopedDiagnosticHandler silent(module.getContext(),
                                 [](Diagnostic &) { return success(); });
  std::mt19937 random(seed);
  OwningOpRef<ModuleOp> result;
  for (int tries = 6 * count; tries > 0 && count > 0; --tries) {
    OwningOpRef<ModuleOp> next = (result ? *result : module).clone();
    if (!Mutation(*next, donor, random).run() || !canBeVerified(*next) ||
        failed(verify(*next)))
      continue;
    result = std::move(next);
    --count;
  }
  return result;
}
