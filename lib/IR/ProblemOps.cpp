//===- ProblemOps.cpp - form of problems and plans as IR ------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Assembly and rules of form of mempl.instance, mempl.plan and what is in them:
// which ops stand where, and that every symbol has its op. What a problem or a
// plan means is checked by mempl::ir::checkInstance and mempl::ir::verify, when
// it is read (Target/ProblemIR.h).
//
//===----------------------------------------------------------------------===//

#include "mempl/IR/Mempl.h"

#include "mlir/IR/Builders.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

#include "llvm/ADT/DenseMap.h"

#include <charconv>
#include <cmath>

using namespace mlir;
using namespace mempl::ir;

/// Most loops inside each other, as in the JSON form: every walk over a program
/// recurses into bodies.
static constexpr int kMaxLoopDepth = 64;

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

ParseResult InstanceOp::parseNumber(OpAsmParser &parser, FloatAttr &number) {
  return parser.parseAttribute(number, parser.getBuilder().getF64Type());
}

void InstanceOp::printNumber(OpAsmPrinter &printer, Operation *,
                             FloatAttr number) {
  double value = number.getValue().convertToDouble();
  if (!std::isfinite(value)) {
    printer.printAttributeWithoutType(number);
    return;
  }
  // A point is what makes a number a float to MLIR.
  char digits[32];
  auto [end, error] = std::to_chars(digits, digits + sizeof(digits), value);
  StringRef text(digits, end - digits);
  size_t exponent = std::min(text.find('e'), text.size());
  printer << text.take_front(exponent);
  if (!text.contains('.'))
    printer << ".0";
  printer << text.drop_front(exponent);
}

ParseResult StepOp::parseNumber(OpAsmParser &parser, FloatAttr &number) {
  return InstanceOp::parseNumber(parser, number);
}

void StepOp::printNumber(OpAsmPrinter &printer, Operation *op,
                         FloatAttr number) {
  InstanceOp::printNumber(printer, op, number);
}

ParseResult LoopOp::parseNumber(OpAsmParser &parser, FloatAttr &number) {
  return InstanceOp::parseNumber(parser, number);
}

void LoopOp::printNumber(OpAsmPrinter &printer, Operation *op,
                         FloatAttr number) {
  InstanceOp::printNumber(printer, op, number);
}

//===----------------------------------------------------------------------===//
// Accesses
//===----------------------------------------------------------------------===//

LogicalResult AccessAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 StepAccessMode, FlatSymbolRefAttr value,
                                 int64_t bytes, ConstrainedSpace) {
  if (!value)
    return emitError() << "expected the symbol of a value";
  if (bytes < 0)
    return emitError() << "expected at least 0 bytes, found " << bytes;
  return success();
}

/// `read @value 16 fast`.
static ParseResult parseAccess(OpAsmParser &parser,
                               SmallVectorImpl<Attribute> &accesses) {
  SMLoc loc = parser.getCurrentLocation();
  StringRef keyword, spaceName;
  FlatSymbolRefAttr value;
  int64_t bytes = 0;
  if (parser.parseKeyword(&keyword))
    return failure();
  auto mode = symbolizeStepAccessMode(keyword);
  if (!mode)
    return parser.emitError(loc)
           << "expected read, write or update, found '" << keyword << "'";
  if (parser.parseAttribute(value) || parser.parseInteger(bytes))
    return failure();
  ConstrainedSpace space = ConstrainedSpace::None;
  if (succeeded(parser.parseOptionalKeyword(&spaceName, {"slow", "fast"})))
    space = *symbolizeConstrainedSpace(spaceName);
  auto access =
      AccessAttr::getChecked([&] { return parser.emitError(loc); },
                             parser.getContext(), *mode, value, bytes, space);
  if (!access)
    return failure();
  accesses.push_back(access);
  return success();
}

static ParseResult parseAccessList(OpAsmParser &parser, ArrayAttr &accesses) {
  SmallVector<Attribute> list;
  if (parser.parseCommaSeparatedList(OpAsmParser::Delimiter::Paren,
                                     [&] { return parseAccess(parser, list); }))
    return failure();
  accesses = ArrayAttr::get(parser.getContext(), list);
  return success();
}

static void printAccessList(OpAsmPrinter &printer, ArrayAttr accesses) {
  printer << '(';
  llvm::interleaveComma(
      accesses.getAsRange<AccessAttr>(), printer, [&](AccessAttr access) {
        printer << stringifyStepAccessMode(access.getMode()) << ' ';
        printer.printAttribute(access.getValue());
        printer << ' ' << access.getBytes();
        if (access.getSpace() != ConstrainedSpace::None)
          printer << ' ' << stringifyConstrainedSpace(access.getSpace());
      });
  printer << ')';
}

ParseResult StepOp::parseAccesses(OpAsmParser &parser, ArrayAttr &accesses) {
  return parseAccessList(parser, accesses);
}

void StepOp::printAccesses(OpAsmPrinter &printer, Operation *,
                           ArrayAttr accesses) {
  printAccessList(printer, accesses);
}

ParseResult LoopOp::parseAccesses(OpAsmParser &parser, ArrayAttr &accesses) {
  return parseAccessList(parser, accesses);
}

void LoopOp::printAccesses(OpAsmPrinter &printer, Operation *,
                           ArrayAttr accesses) {
  printAccessList(printer, accesses);
}

/// Every access is to a value of the program that the step is in.
static LogicalResult verifyAccesses(Operation *step, ArrayAttr accesses,
                                    SymbolTableCollection &symbols) {
  for (auto access : accesses.getAsRange<AccessAttr>())
    if (!symbols.lookupSymbolIn<ValueOp>(step->getParentOp(),
                                         access.getValue()))
      return step->emitOpError() << "accesses " << access.getValue()
                                 << ", which is no mempl.value of its program";
  return success();
}

LogicalResult StepOp::verifySymbolUses(SymbolTableCollection &symbols) {
  return verifyAccesses(*this, getAccesses(), symbols);
}

LogicalResult LoopOp::verifySymbolUses(SymbolTableCollection &symbols) {
  return verifyAccesses(*this, getAccesses(), symbols);
}

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

static LogicalResult verifyProgram(Operation *op, Region &body) {
  for (Operation &inner : body.front())
    if (!isa<ValueOp, StepOp, LoopOp>(inner))
      return inner.emitError()
             << "expected only mempl.value, mempl.step and mempl.loop in a "
             << op->getName() << ", found " << inner.getName();
  return success();
}

LogicalResult InstanceOp::verifyRegions() {
  return verifyProgram(*this, getBody());
}

LogicalResult InstanceOp::verifySymbolUses(SymbolTableCollection &symbols) {
  FlatSymbolRefAttr function = getFunctionAttr();
  if (!function)
    return success();
  // Beside the instance: it is a symbol table of its own.
  if (!symbols.lookupNearestSymbolFrom<FunctionOpInterface>(
          (*this)->getParentOp(), function))
    return emitOpError() << "was made of " << function
                         << ", which is no function";
  return success();
}

LogicalResult LoopOp::verifyRegions() {
  int depth = 0;
  for (Operation *op = *this; isa_and_nonnull<LoopOp>(op);
       op = op->getParentOp())
    ++depth;
  if (depth > kMaxLoopDepth)
    return emitOpError() << "expected at most " << kMaxLoopDepth
                         << " loops inside each other";
  return verifyProgram(*this, getBody());
}

//===----------------------------------------------------------------------===//
// Plans
//===----------------------------------------------------------------------===//

static LogicalResult verifyPlanBody(Operation *op, Region &body) {
  llvm::DenseMap<uint32_t, LoopPlanOp> loops;
  for (Operation &inner : body.front()) {
    if (!isa<ResidencyOp, LoopPlanOp>(inner))
      return inner.emitError()
             << "expected only mempl.residency and mempl.loop_plan in a "
             << op->getName() << ", found " << inner.getName();
    auto loop = dyn_cast<LoopPlanOp>(inner);
    if (!loop)
      continue;
    auto [it, isNew] = loops.try_emplace(loop.getStep(), loop);
    if (isNew)
      continue;
    auto error = loop.emitOpError()
                 << "is a second plan for the loop at step " << loop.getStep();
    error.attachNote(it->second.getLoc()) << "the first one is here";
    return error;
  }
  return success();
}

LogicalResult PlanOp::verifyRegions() {
  return verifyPlanBody(*this, getBody());
}

LogicalResult LoopPlanOp::verifyRegions() {
  return verifyPlanBody(*this, getBody());
}

InstanceOp PlanOp::getInstanceOp() {
  return SymbolTable::lookupNearestSymbolFrom<InstanceOp>(*this,
                                                          getInstanceAttr());
}

/// Every residency in `body` is of a value of the program in `program`, an
/// instance or a loop, and every loop plan is for a loop of it.
static LogicalResult verifyPlanUses(Region &body, Operation *program,
                                    SymbolTableCollection &symbols) {
  SmallVector<Operation *> steps;
  for (Operation &op : program->getRegion(0).front())
    if (isa<StepOp, LoopOp>(op))
      steps.push_back(&op);
  for (Operation &op : body.front()) {
    if (auto residency = dyn_cast<ResidencyOp>(op)) {
      if (!symbols.lookupSymbolIn<ValueOp>(program, residency.getValueAttr()))
        return residency.emitOpError()
               << "is of " << residency.getValueAttr()
               << ", which is no mempl.value of the program";
    } else if (auto plan = dyn_cast<LoopPlanOp>(op)) {
      uint32_t step = plan.getStep();
      if (step >= steps.size() || !isa<LoopOp>(steps[step]))
        return plan.emitOpError()
               << "is for step " << step << ", which is no mempl.loop";
      if (failed(verifyPlanUses(plan.getBody(), steps[step], symbols)))
        return failure();
    }
  }
  return success();
}

LogicalResult PlanOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto instance =
      symbols.lookupNearestSymbolFrom<InstanceOp>(*this, getInstanceAttr());
  if (!instance)
    return emitOpError() << "is for " << getInstanceAttr()
                         << ", which is no mempl.instance";
  return verifyPlanUses(getBody(), instance, symbols);
}
