//===- ModuleMutator.cpp - changes of MLIR that keep it valid -------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ModuleMutator.h"

#include "Mutation.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;
using namespace mempl::fuzz;

/// The least number is upstream's mark of what is dynamic, and where it is a
/// constant upstream crashes.
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
                                       std::numeric_limits<int64_t>::min() + 1};

int64_t Mutation::number() { return pick(kNumbers); }

Operation *Mutation::pickOp(llvm::function_ref<bool(Operation *)> fits,
                            ModuleOp from) {
  std::vector<Operation *> ops;
  (from ? from : module)->walk<WalkOrder::PreOrder>([&](Operation *op) {
    // Upstream's verifier of transforms crashes on some that are not valid.
    if (op->getName().getDialectNamespace() == "transform")
      return WalkResult::skip();
    // And that of kernels on another count of memory of their own.
    if (!op->hasAttr("workgroup_attributions") && fits(op))
      ops.push_back(op);
    return WalkResult::advance();
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
