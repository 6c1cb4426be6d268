//===- Mutation.h - one change of a module ----------------------*- C++ -*-===//
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

#ifndef MEMPL_UNITTESTS_FUZZ_MUTATION_H
#define MEMPL_UNITTESTS_FUZZ_MUTATION_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

#include <iterator>
#include <random>
#include <string>
#include <vector>

namespace mlir {
class AttrTypeReplacer;
} // namespace mlir

namespace mempl::fuzz {

/// One change of a module, by chance.
class Mutation {
public:
  Mutation(mlir::ModuleOp module, mlir::ModuleOp donor, std::mt19937 &random)
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
  /// One that is at the edge of something, or small.
  int64_t number();

  // ------------------------------------------------------------------ choices
  mlir::Operation *pickOp(llvm::function_ref<bool(mlir::Operation *)> fits,
                          mlir::ModuleOp from = {});
  /// An op that is no terminator and is inside of a block of a function.
  mlir::Operation *pickStep(mlir::ModuleOp from = {});
  /// What may be used before `op`, in the same region or around it.
  std::vector<mlir::Value> visibleAt(mlir::Operation *op);
  /// One of these, or the result of a new unknown op.
  mlir::Value valueAt(mlir::Operation *op, mlir::Type type);
  mlir::FunctionOpInterface pickFunction();

  // ------------------------------------------------------------------- change
  bool replaceEverywhere(mlir::AttrTypeReplacer &replacer);
  mlir::Type changed(mlir::Type type);
  mlir::Attribute changed(mlir::Attribute attribute);
  /// The text of an attribute or type with one number or word changed.
  std::string changedText(std::string text);
  template <typename T>
  llvm::SmallVector<T> changedList(llvm::ArrayRef<T> list);
  void insertCopy(mlir::Operation *op, mlir::Operation *before);
  /// Ops that follow one another, and the values of them that others use.
  struct Run {
    llvm::SmallVector<mlir::Operation *> ops;
    llvm::SmallVector<mlir::Value> escaping;
  };
  Run pickRun();
  static void moveInto(Run &run, mlir::Block *block, mlir::ValueRange results);

  mlir::ModuleOp module, donor;
  std::mt19937 &random;
  mlir::OpBuilder builder;
};

} // namespace mempl::fuzz

#endif // MEMPL_UNITTESTS_FUZZ_MUTATION_H
