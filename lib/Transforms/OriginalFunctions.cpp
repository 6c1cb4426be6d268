//===- OriginalFunctions.cpp - functions before preparation ---------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OriginalFunctions.h"

#include "mempl/IR/Mempl.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/SymbolTable.h"

using namespace mlir;
using namespace mempl::ir;

OriginalFunctions::OriginalFunctions(ModuleOp module) {
  module.walk([&](FunctionOpInterface function) {
    if (!function.isExternal() && !function->hasAttr(kOriginalAttr))
      originals.emplace_back(function, function->clone());
  });
}

OriginalFunctions OriginalFunctions::takeFrom(ModuleOp module) {
  SmallVector<FunctionOpInterface> kept;
  module.walk([&](FunctionOpInterface function) {
    if (function->hasAttr(kOriginalAttr))
      kept.push_back(function);
  });
  OriginalFunctions result;
  for (FunctionOpInterface original : kept) {
    StringRef name =
        cast<FlatSymbolRefAttr>(original->getAttr(kOriginalAttr)).getValue();
    FunctionOpInterface function;
    for (auto other : original->getBlock()->getOps<FunctionOpInterface>())
      if (other.getName() == name && !other->hasAttr(kOriginalAttr))
        function = other;
    // One that somebody wrote by hand stays where it is.
    if (!function || function.getFunctionType() != original.getFunctionType() ||
        result.get(function))
      continue;
    original->remove();
    result.originals.emplace_back(
        function, OwningOpRef<Operation *>(original.getOperation()));
  }
  return result;
}

void OriginalFunctions::keepIn(ModuleOp module) {
  for (auto &[interface, owned] : originals) {
    FunctionOpInterface function = interface;
    Operation *op = owned.release();
    auto original = cast<FunctionOpInterface>(op);
    op->setAttr(kOriginalAttr, FlatSymbolRefAttr::get(function));
    original.setName((function.getName() + "_original").str());
    original.setPrivate();
    Operation *parent = function->getParentOp();
    auto place = std::next(Block::iterator(function.getOperation()));
    if (parent->hasTrait<OpTrait::SymbolTable>())
      SymbolTable(parent).insert(op, place);
    else
      function->getBlock()->getOperations().insert(place, op);
  }
  originals.clear();
}

Operation *OriginalFunctions::get(Operation *function) const {
  for (const auto &[op, original] : originals)
    if (op == function)
      return original.get();
  return nullptr;
}

OwningOpRef<Operation *>
OriginalFunctions::exchange(Operation *function,
                            OwningOpRef<Operation *> other) {
  for (auto &[op, original] : originals)
    if (op == function)
      std::swap(original, other);
  return other;
}

OwningOpRef<ModuleOp> OriginalFunctions::module(ModuleOp module) const {
  IRMapping mapping;
  OwningOpRef<ModuleOp> copy = cast<ModuleOp>(module->clone(mapping));
  for (const auto &[interface, original] : originals) {
    if (!original)
      continue;
    FunctionOpInterface function = interface;
    OwningOpRef<Operation *> body = original.get()->clone();
    cast<FunctionOpInterface>(mapping.lookup(function.getOperation()))
        .getFunctionBody()
        .takeBody(cast<FunctionOpInterface>(*body).getFunctionBody());
  }
  return copy;
}

void OriginalFunctions::restore(
    const llvm::SmallPtrSetImpl<Operation *> &placed) {
  for (auto &[function, original] : originals)
    if (original && !placed.contains(function)) {
      function.getFunctionBody().takeBody(
          cast<FunctionOpInterface>(*original).getFunctionBody());
      original = {};
    }
}

void OriginalFunctions::restore(Operation *restored) {
  llvm::SmallPtrSet<Operation *, 4> others;
  for (auto &[function, original] : originals)
    if (function != restored)
      others.insert(function);
  restore(others);
}
