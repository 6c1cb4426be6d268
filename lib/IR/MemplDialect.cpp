//===- MemplDialect.cpp - attributes, types and set-up of the dialect -----===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Registration, the `#mempl.space` attribute, and the check of the attributes
// that users write: a misspelt one must not be ignored in silence.
//
//===----------------------------------------------------------------------===//

#include "mempl/IR/Mempl.h"

#include "mempl/Support/Units.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/LoopLikeInterface.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mempl::ir;

#include "mempl/IR/MemplDialect.cpp.inc"

#include "mempl/IR/MemplEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "mempl/IR/MemplAttributes.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "mempl/IR/MemplTypes.cpp.inc"

void MemplDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "mempl/IR/MemplAttributes.cpp.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "mempl/IR/MemplTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "mempl/IR/MemplOps.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// #mempl.space
//===----------------------------------------------------------------------===//

Attribute SpaceAttr::parse(AsmParser &parser, Type) {
  std::string name;
  if (parser.parseLess() || parser.parseKeywordOrString(&name) ||
      parser.parseGreater())
    return {};
  return SpaceAttr::getChecked(
      [&] { return parser.emitError(parser.getNameLoc()); },
      parser.getContext(), name);
}

void SpaceAttr::print(AsmPrinter &printer) const {
  printer << '<';
  printer.printKeywordOrString(getName());
  printer << '>';
}

LogicalResult SpaceAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                StringRef name) {
  if (name.empty())
    return emitError() << "expected a name of a memory space";
  return success();
}

bool SpaceAttr::isValidLoad(Type, ptr::AtomicOrdering, std::optional<int64_t>,
                            const DataLayout *,
                            function_ref<InFlightDiagnostic()>) const {
  return true;
}

bool SpaceAttr::isValidStore(Type, ptr::AtomicOrdering, std::optional<int64_t>,
                             const DataLayout *,
                             function_ref<InFlightDiagnostic()>) const {
  return true;
}

bool SpaceAttr::isValidAtomicOp(ptr::AtomicBinOp, Type, ptr::AtomicOrdering,
                                std::optional<int64_t>, const DataLayout *,
                                function_ref<InFlightDiagnostic()>) const {
  return true;
}

bool SpaceAttr::isValidAtomicXchg(Type, ptr::AtomicOrdering,
                                  ptr::AtomicOrdering, std::optional<int64_t>,
                                  const DataLayout *,
                                  function_ref<InFlightDiagnostic()>) const {
  return true;
}

bool SpaceAttr::isValidAddrSpaceCast(
    Type, Type, function_ref<InFlightDiagnostic()> emitError) const {
  if (emitError)
    emitError() << "a placed buffer has no address in another memory space; "
                   "use mempl.transfer to copy it";
  return false;
}

bool SpaceAttr::isValidPtrIntCast(Type, Type,
                                  function_ref<InFlightDiagnostic()>) const {
  return true;
}

//===----------------------------------------------------------------------===//
// Attributes of users
//===----------------------------------------------------------------------===//

std::optional<int64_t> mempl::ir::bytesFrom(Attribute attribute) {
  if (auto text = dyn_cast_or_null<StringAttr>(attribute)) {
    llvm::Expected<int64_t> bytes = mempl::parseSize(text.getValue());
    if (bytes)
      return *bytes;
    llvm::consumeError(bytes.takeError());
    return std::nullopt;
  }
  auto number = dyn_cast_or_null<IntegerAttr>(attribute);
  if (!number || number.getType().isInteger(1) ||
      !(number.getType().isSignlessInteger() || number.getType().isIndex()) ||
      number.getValue().getBitWidth() > 64 || number.getInt() < 0)
    return std::nullopt;
  return number.getInt();
}

std::optional<int64_t> mempl::ir::maxBytesIn(DictionaryAttr attributes) {
  return attributes ? bytesFrom(attributes.get(kMaxBytesAttr)) : std::nullopt;
}

DictionaryAttr mempl::ir::userAttributesOf(Value tensor) {
  auto argument = dyn_cast<BlockArgument>(tensor);
  if (!argument)
    return tensor.getDefiningOp()->getDiscardableAttrDictionary();
  auto function =
      dyn_cast<FunctionOpInterface>(argument.getOwner()->getParentOp());
  return function && argument.getOwner()->isEntryBlock()
             ? function.getArgAttrDict(argument.getArgNumber())
             : DictionaryAttr();
}

/// Whether a placement can say anything about a value of this type.
static bool isStored(Type type) {
  return isa<TensorType, BaseMemRefType>(type);
}

/// Constraints and sizes belong to tensors. An op that was bufferized may have
/// its result among its operands.
static LogicalResult verifyStored(Operation *op, NamedAttribute attribute) {
  auto isBuffer = [](Type type) { return isa<BaseMemRefType>(type); };
  if (llvm::any_of(op->getResultTypes(), isStored) ||
      llvm::any_of(op->getOperandTypes(), isBuffer))
    return success();
  return op->emitError() << "expected '" << attribute.getName().getValue()
                         << "' on an op with a result of tensor type, or on an "
                            "argument of such a type";
}

static LogicalResult verifyConstraint(Operation *op, NamedAttribute attribute) {
  if (isa<UnitAttr, SpaceAttr>(attribute.getValue()))
    return success();
  return op->emitError() << "expected '" << attribute.getName().getValue()
                         << "' to be a unit attribute or a #mempl.space";
}

static LogicalResult verifyCount(Operation *op, NamedAttribute attribute,
                                 int64_t least) {
  auto number = dyn_cast<IntegerAttr>(attribute.getValue());
  if (number &&
      (number.getType().isSignlessInteger(64) || number.getType().isIndex()) &&
      number.getInt() >= least)
    return success();
  return op->emitError() << "expected '" << attribute.getName().getValue()
                         << "' to be a 64-bit integer of at least " << least;
}

static LogicalResult verifyBytes(Operation *op, NamedAttribute attribute) {
  if (bytesFrom(attribute.getValue()))
    return success();
  return op->emitError() << "expected '" << attribute.getName().getValue()
                         << "' to be bytes, an integer of at least 0 or a "
                            "string such as \"64KiB\", found "
                         << attribute.getValue();
}

static LogicalResult unknownAttribute(Operation *op, NamedAttribute attribute,
                                      StringRef place, StringRef expected) {
  return op->emitError() << "unknown attribute '"
                         << attribute.getName().getValue() << "' " << place
                         << "; expected " << expected;
}

/// Pins and forbids at once cannot both be kept.
static LogicalResult verifyNoContradiction(Operation *op,
                                           DictionaryAttr attributes) {
  if (!attributes)
    return success();
  Attribute pin = attributes.get(kPinAttr);
  Attribute forbid = attributes.get(kForbidAttr);
  if (pin && forbid && pin == forbid)
    return op->emitError() << "'mempl.pin' and 'mempl.forbid' contradict";
  return success();
}

LogicalResult MemplDialect::verifyOperationAttribute(Operation *op,
                                                     NamedAttribute attribute) {
  StringRef name = attribute.getName();
  if (name == kPinAttr || name == kForbidAttr) {
    if (failed(verifyStored(op, attribute)) ||
        failed(verifyNoContradiction(op, op->getDiscardableAttrDictionary())))
      return failure();
    return verifyConstraint(op, attribute);
  }
  if (name == kMaxBytesAttr)
    return failure(failed(verifyStored(op, attribute)) ||
                   failed(verifyBytes(op, attribute)));
  if (name == kTripsAttr) {
    if (!isa<LoopLikeOpInterface>(op))
      return op->emitError() << "expected '" << name << "' on a loop";
    return verifyCount(op, attribute, 1);
  }
  if (name == kTargetAttr) {
    if (!isa<FunctionOpInterface>(op) && !op->hasTrait<OpTrait::SymbolTable>())
      return op->emitError()
             << "expected '" << name << "' on a function or a module";
    if (isa<StringAttr, DictionaryAttr>(attribute.getValue()))
      return success();
    return op->emitError() << "expected '" << name
                           << "' to be a string or a dictionary";
  }
  if (name == kOriginalAttr) {
    if (isa<FunctionOpInterface>(op) &&
        isa<FlatSymbolRefAttr>(attribute.getValue()))
      return success();
    return op->emitError() << "expected '" << name
                           << "' on a function, with the name of another";
  }
  if (name == kOwnFreesAttr) {
    if (isa<FunctionOpInterface>(op) && isa<UnitAttr>(attribute.getValue()))
      return success();
    return op->emitError() << "expected '" << name
                           << "' on a function, as a unit attribute";
  }
  return unknownAttribute(op, attribute, "on an op",
                          "mempl.pin, mempl.forbid, mempl.max_bytes, "
                          "mempl.trips or mempl.target");
}

LogicalResult MemplDialect::verifyRegionArgAttribute(Operation *op, unsigned,
                                                     unsigned argIndex,
                                                     NamedAttribute attribute) {
  StringRef name = attribute.getName();
  auto function = dyn_cast<FunctionOpInterface>(op);
  bool isConstraint = name == kPinAttr || name == kForbidAttr;
  if (function && (isConstraint || name == kMaxBytesAttr) &&
      !isStored(function.getArgumentTypes()[argIndex]))
    return op->emitError() << "expected '" << name
                           << "' on an argument of tensor type, argument "
                           << argIndex << " is of type "
                           << function.getArgumentTypes()[argIndex];
  if (isConstraint) {
    if (function)
      if (failed(verifyNoContradiction(op, function.getArgAttrDict(argIndex))))
        return failure();
    return verifyConstraint(op, attribute);
  }
  if (name == kMaxBytesAttr)
    return verifyBytes(op, attribute);
  return unknownAttribute(op, attribute, "on an argument",
                          "mempl.pin, mempl.forbid or mempl.max_bytes");
}

LogicalResult
MemplDialect::verifyRegionResultAttribute(Operation *op, unsigned, unsigned,
                                          NamedAttribute attribute) {
  return unknownAttribute(op, attribute, "on a result",
                          "attributes of mempl on the op that makes it");
}
