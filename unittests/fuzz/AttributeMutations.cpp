//===- AttributeMutations.cpp - other attributes --------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Mutation.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Support/DebugStringHelper.h"

using namespace mlir;
using namespace mempl::fuzz;

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
