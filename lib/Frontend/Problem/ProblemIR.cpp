//===- ProblemIR.cpp - instances to IR and back ---------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One function per struct and direction. A name that can be a symbol is one, so
// that the common case has no name written twice.
//
//===----------------------------------------------------------------------===//

#include "mempl/Frontend/Problem/ProblemIR.h"

#include "RecordAttributes.h"

#include "mempl/IR/SourceLocation.h"
#include "mempl/Support/FileIO.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace mempl::ir;

// Besides the machine: the symbol, the name, the function and the order.
static_assert(mempl::numFields<InstanceOp::Properties>() ==
                  mempl::numMappedFields<mempl::Machine>() + 4,
              "mempl.instance has other attributes");

SmallVector<ValueOp> mempl::ir::valuesOf(Operation *program) {
  return llvm::to_vector(program->getRegion(0).front().getOps<ValueOp>());
}

SmallVector<Operation *> mempl::ir::stepsOf(Operation *program) {
  SmallVector<Operation *> steps;
  for (Operation &op : program->getRegion(0).front())
    if (isa<StepOp, LoopOp>(op))
      steps.push_back(&op);
  return steps;
}

//===----------------------------------------------------------------------===//
// Words
//===----------------------------------------------------------------------===//

// The enums of the core and of the IR have their cases in the same order.
#define MEMPL_VALUE_KIND(name, word)                                           \
  static_assert(int(StorageKind::name) == int(mempl::ValueKind::name));
#define MEMPL_SPACE_CONSTRAINT(name, word)                                     \
  static_assert(int(ConstrainedSpace::name) ==                                 \
                int(mempl::SpaceConstraint::name));
#define MEMPL_ACCESS_MODE(name, word)                                          \
  static_assert(int(StepAccessMode::name) == int(mempl::AccessMode::name));
#define MEMPL_STEP_ORDER(name, word)                                           \
  static_assert(int(ProgramOrder::name) == int(mempl::StepOrder::name));
#include "mempl/Problem/ProblemEnums.def"

template <typename To, typename From> static To wordAs(From word) {
  return static_cast<To>(word);
}

//===----------------------------------------------------------------------===//
// Building
//===----------------------------------------------------------------------===//

/// Symbols of the values of one program, all different. The first value of a
/// name has it as its symbol, whatever comes before.
static SmallVector<StringAttr> symbolsFor(const mempl::Program &program,
                                          MLIRContext *context) {
  llvm::StringSet<> taken;
  SmallVector<StringAttr> symbols(program.values.size());
  for (auto [value, symbol] : llvm::zip_equal(program.values, symbols))
    if (!value.name.empty() && taken.insert(value.name).second)
      symbol = StringAttr::get(context, value.name);
  // Where a name is taken, the next free number; asked for per name, so that
  // many values of one name do not take quadratic time.
  llvm::StringMap<int64_t> numbers;
  for (auto [value, symbol] : llvm::zip_equal(program.values, symbols)) {
    StringRef base = value.name.empty() ? StringRef("value") : value.name;
    std::string candidate;
    while (!symbol) {
      candidate = (base + "_" + Twine(numbers[base]++)).str();
      if (taken.insert(candidate).second)
        symbol = StringAttr::get(context, candidate);
    }
  }
  return symbols;
}

/// `name`, or null where it is what `symbol` says already.
static StringAttr originalName(OpBuilder &builder, StringRef name,
                               StringRef symbol) {
  return name == symbol ? StringAttr() : builder.getStringAttr(name);
}

namespace {

/// Makes the ops of one program; bodies get a builder of their own.
class ProgramBuilder {
public:
  ProgramBuilder(OpBuilder &builder, Location loc,
                 const mempl::Program &program)
      : builder(builder), loc(loc), program(program),
        symbols(symbolsFor(program, builder.getContext())) {}

  void run(Region &body) {
    OpBuilder::InsertionGuard guard(builder);
    builder.createBlock(&body);
    for (auto [value, symbol] : llvm::zip_equal(program.values, symbols))
      ValueOp::create(builder, locationOf(value.source, loc), symbol,
                      wordAs<StorageKind>(value.kind), value.size,
                      wordAs<ConstrainedSpace>(value.space), value.streamed,
                      originalName(builder, value.name, symbol),
                      value.reason.empty()
                          ? StringAttr()
                          : builder.getStringAttr(value.reason));
    for (const mempl::Step &step : program.steps)
      build(step);
  }

private:
  ArrayAttr accessesOf(const mempl::Step &step) {
    SmallVector<Attribute> accesses;
    for (const mempl::Access &access : step.accesses)
      accesses.push_back(AccessAttr::get(
          builder.getContext(), wordAs<StepAccessMode>(access.mode),
          FlatSymbolRefAttr::get(symbols[access.value]), access.bytes,
          wordAs<ConstrainedSpace>(access.space)));
    return builder.getArrayAttr(accesses);
  }

  void build(const mempl::Step &step) {
    StringAttr name = builder.getStringAttr(step.name);
    FloatAttr compute = builder.getF64FloatAttr(step.compute);
    IntegerAttr reserved = builder.getI64IntegerAttr(step.reserved);
    IntegerAttr trips = builder.getI64IntegerAttr(step.trips);
    auto after = builder.getDenseI32ArrayAttr(step.after);
    Location place = locationOf(step.source, loc);
    if (!step.body) {
      StepOp::create(builder, place, name, compute, reserved, trips,
                     accessesOf(step), after);
      return;
    }
    auto order = ProgramOrderAttr::get(builder.getContext(),
                                       wordAs<ProgramOrder>(step.body->order));
    auto loop = LoopOp::create(builder, place, name, compute, reserved, trips,
                               accessesOf(step), after, order);
    ProgramBuilder(builder, loc, *step.body).run(loop.getBody());
  }

  OpBuilder &builder;
  Location loc;
  const mempl::Program &program;
  SmallVector<StringAttr> symbols;
};

} // namespace

InstanceOp mempl::ir::buildInstance(OpBuilder &builder, Location loc,
                                    const mempl::Instance &instance,
                                    StringRef symbol) {
  if (symbol.empty())
    symbol = instance.name.empty() ? StringRef("instance") : instance.name;
  NamedAttrList attributes = attributesOf(builder, instance.machine);
  attributes.set(SymbolTable::getSymbolAttrName(),
                 builder.getStringAttr(symbol));
  if (StringAttr name = originalName(builder, instance.name, symbol))
    attributes.set("original_name", name);
  attributes.set("order", ProgramOrderAttr::get(
                              builder.getContext(),
                              wordAs<ProgramOrder>(instance.program.order)));
  auto op =
      InstanceOp::create(builder, loc, TypeRange(), ValueRange(), attributes);
  ProgramBuilder(builder, loc, instance.program).run(op.getBody());
  return op;
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

static double numberOf(FloatAttr attribute) {
  return attribute.getValue().convertToDouble();
}

static mempl::Machine machineOf(InstanceOp op) {
  mempl::Machine m;
  readAttributes(op, m);
  return m;
}

using ValueIndices = llvm::DenseMap<StringAttr, int32_t>;

static mempl::Program readProgram(Operation *op);

/// What a step and a loop have in common.
template <typename OpT>
static mempl::Step readStep(OpT op, const ValueIndices &indices) {
  mempl::Step step;
  step.name = op.getName().str();
  step.compute = numberOf(op.getComputeAttr());
  step.reserved = op.getReserved();
  step.trips = op.getTrips();
  for (auto from : op.getAccesses().template getAsRange<AccessAttr>()) {
    mempl::Access access;
    access.value = indices.lookup(from.getValue().getAttr());
    access.bytes = from.getBytes();
    access.mode = wordAs<mempl::AccessMode>(from.getMode());
    access.space = wordAs<mempl::SpaceConstraint>(from.getSpace());
    step.accesses.push_back(access);
  }
  step.after.assign(op.getAfter().begin(), op.getAfter().end());
  step.source = locatedSource(op.getLoc());
  return step;
}

static mempl::Program readProgram(Operation *op) {
  mempl::Program program;
  ValueIndices indices;
  for (ValueOp from : valuesOf(op)) {
    mempl::Value value;
    value.name = from.getValueName().str();
    value.size = from.getSize();
    value.kind = wordAs<mempl::ValueKind>(from.getKind());
    value.space = wordAs<mempl::SpaceConstraint>(from.getSpace());
    value.reason = from.getReason().value_or("").str();
    value.streamed = from.getStreamed();
    value.source = locatedSource(from.getLoc());
    indices[from.getSymNameAttr()] = program.numValues();
    program.values.push_back(std::move(value));
  }
  for (Operation *from : stepsOf(op)) {
    if (auto plain = dyn_cast<StepOp>(from)) {
      program.steps.push_back(readStep(plain, indices));
      continue;
    }
    auto loop = cast<LoopOp>(from);
    mempl::Step step = readStep(loop, indices);
    auto body = std::make_shared<mempl::Program>(readProgram(loop));
    body->order = wordAs<mempl::StepOrder>(loop.getOrder());
    step.body = std::move(body);
    program.steps.push_back(std::move(step));
  }
  return program;
}

/// The op that a fault is in: a step, a value, or the instance.
static Operation *opOf(const mempl::InstanceFault &fault, InstanceOp instance) {
  Operation *op = instance;
  for (int32_t loop : fault.path)
    op = stepsOf(op)[loop];
  if (fault.step >= 0)
    return stepsOf(op)[fault.step];
  return fault.value >= 0 ? valuesOf(op)[fault.value] : op;
}

FailureOr<mempl::Instance> mempl::ir::readInstance(InstanceOp op) {
  mempl::Instance instance;
  instance.name = op.getInstanceName().str();
  instance.machine = machineOf(op);
  instance.program = readProgram(op);
  instance.program.order = wordAs<mempl::StepOrder>(op.getOrder());
  auto faults = mempl::checkInstance(instance);
  for (const mempl::InstanceFault &fault : faults)
    opOf(fault, op)->emitOpError()
        << mempl::escapeForMessage(fault.strInside());
  if (!faults.empty())
    return failure();
  return instance;
}
