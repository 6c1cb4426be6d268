//===- FunctionExtraction.cpp - the functions that can be placed ----------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Transforms/FunctionExtraction.h"

#include "mempl/IR/Mempl.h"
#include "mempl/IR/OneShotAnalysis.h"
#include "mempl/Support/Suggest.h"
#include "mempl/Transforms/Pins.h"
#include "mempl/Transforms/Prepare.h"

#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotModuleBufferize.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace mempl::ir;

namespace {

/// Who calls whom in a module, by name.
class CallGraph {
public:
  explicit CallGraph(ModuleOp module) {
    module.walk([&](func::CallOp call) {
      if (auto caller = call->getParentOfType<func::FuncOp>())
        callees[caller.getName()].insert(call.getCallee());
    });
  }

  /// Why a function that others call, or that calls itself, is not placed;
  /// empty if neither is so.
  std::string whyNotPlaced(llvm::StringRef function) const {
    if (std::optional<llvm::StringRef> next = onCycle(function)) {
      std::string through = *next == function ? "" : " through @" + next->str();
      return "it calls itself" + through +
             ", so it cannot be inlined; write "
             "it as a loop to place it";
    }
    for (const auto &[caller, called] : callees)
      if (called.contains(function))
        return "it is called by another function of the module; inline it to "
               "place it";
    return "";
  }

private:
  /// The first function on a shortest way from `function` back to it.
  std::optional<llvm::StringRef> onCycle(llvm::StringRef function) const {
    // Functions to go on from, and the first one on the way to each.
    llvm::SmallVector<std::pair<llvm::StringRef, llvm::StringRef>> queue;
    llvm::StringSet<> seen;
    auto visit = [&](llvm::StringRef from, llvm::StringRef first) {
      auto it = callees.find(from);
      if (it == callees.end())
        return;
      for (llvm::StringRef to : it->second)
        if (seen.insert(to).second)
          queue.emplace_back(to, first.empty() ? to : first);
    };
    visit(function, "");
    for (size_t i = 0; i < queue.size(); ++i) {
      auto [to, first] = queue[i];
      if (to == function)
        return first;
      visit(to, first);
    }
    return std::nullopt;
  }

  llvm::StringMap<llvm::SetVector<llvm::StringRef>> callees;
};

} // namespace

void mempl::ir::warnUselessConstraints(func::FuncOp function, bool called) {
  // What is known of sizes and loops is part of the time of a call.
  SmallVector<StringRef> names = {kPinAttr, kForbidAttr};
  if (!called)
    names.append({kMaxBytesAttr, kTripsAttr});
  auto warn = [&](Location loc, DictionaryAttr attributes) {
    for (StringRef name : names)
      if (attributes && attributes.contains(name))
        emitWarning(loc) << "'" << name << "' has no effect: '"
                         << function.getName() << "' is not placed";
  };
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    warn(function.isExternal() ? function.getLoc()
                               : function.getArgument(i).getLoc(),
         function.getArgAttrDict(i));
  function.walk([&](Operation *op) {
    if (op != function)
      warn(op->getLoc(), op->getDiscardableAttrDictionary());
  });
}

/// Whether somebody has placed the function, or parts of it.
static bool isPlaced(func::FuncOp function) {
  return function
      .walk([](Operation *op) {
        return isa<AllocOp, ReleaseOp, CopyStartOp, CopyWaitOp,
                   CopyStartCarriedOp, CopyWaitCarriedOp>(op)
                   ? WalkResult::interrupt()
                   : WalkResult::advance();
      })
      .wasInterrupted();
}

FailureOr<std::vector<PlaceableFunction>> mempl::ir::extractFunctions(
    ModuleOp module, const TargetDescription &target, const CostModel &cost,
    llvm::function_ref<void(func::FuncOp, const llvm::Twine &)> skipped,
    SlicePolicy slices) {
  CallGraph calls(module);
  bufferization::OneShotBufferizationOptions options =
      placementBufferizationOptions();
  std::optional<bufferization::OneShotAnalysisState> analysis;
  if (hasTensorControlFlow(module)) {
    analysis.emplace(module, options);
    if (failed(analyzeTensors(module, *analysis)))
      return failure();
  } else if (failed(checkAnalyzable(module))) {
    return failure();
  }
  std::vector<PlaceableFunction> functions;
  WalkResult walk = module.walk([&](func::FuncOp function) {
    if (function->hasAttr(kOriginalAttr))
      return WalkResult::skip();
    std::string called = calls.whyNotPlaced(function.getName());
    auto skip = [&](const llvm::Twine &reason) {
      skipped(function, reason);
      warnUselessConstraints(function, !called.empty());
      return WalkResult::skip();
    };
    if (function.isExternal()) {
      warnUselessConstraints(function, /*called=*/false);
      return WalkResult::skip();
    }
    if (!called.empty())
      return skip(called);
    if (!function->getParentOp()->hasTrait<OpTrait::SymbolTable>())
      return skip("it is in an op that is no symbol table");
    if (!function.getBody().hasOneBlock())
      return skip("it has several blocks");
    if (isPlaced(function)) {
      skipped(function, "it is placed already");
      return WalkResult::skip();
    }
    PlaceableFunction result;
    result.function = function;
    FailureOr<std::unique_ptr<FunctionProblem>> program =
        extractProblem(function, target, cost, result.notes,
                       analysis ? &*analysis : nullptr, slices);
    if (failed(program))
      return WalkResult::interrupt();
    result.program = std::move(*program);
    functions.push_back(std::move(result));
    return WalkResult::skip();
  });
  if (walk.wasInterrupted())
    return failure();
  return functions;
}

llvm::Expected<std::string> mempl::ir::chooseFunction(
    llvm::StringRef name, llvm::ArrayRef<std::string> placed,
    llvm::ArrayRef<SkippedFunction> skipped, llvm::StringRef option) {
  if (name.empty() ? placed.size() == 1 : llvm::is_contained(placed, name))
    return name.empty() ? placed.front() : name.str();
  std::vector<std::string> all = placed.vec();
  std::string reasons;
  for (const SkippedFunction &function : skipped) {
    if (function.name == name)
      return llvm::createStringError("function @" + name +
                                     " is not placed: " + function.reason);
    all.push_back(function.name);
    reasons += "; @" + function.name + ": " + function.reason;
  }
  std::string found;
  for (const std::string &other : placed)
    found += (found.empty() ? "@" : ", @") + other;
  if (!name.empty())
    return llvm::createStringError(
        "expected a function @" + name +
        (found.empty() ? reasons : ", found " + found) +
        mempl::didYouMean(name, all));
  return llvm::createStringError(placed.empty()
                                     ? "expected a function to place" + reasons
                                     : "expected one function, found " + found +
                                           "; choose with " + option.str());
}

FailureOr<ModuleProblems>
mempl::ir::extractProblems(ModuleOp module, const SelectedTarget &target,
                           StringRef profile, SlicePolicy slices) {
  ModuleProblems problems;
  FailureOr<std::vector<PlaceableFunction>> functions = extractFunctions(
      module, target.target, target.cost,
      [&](func::FuncOp function, const llvm::Twine &reason) {
        emitRemark(function.getLoc())
            << "'" << function.getName() << "' is not placed: " << reason;
        problems.skipped.push_back({function.getName().str(), reason.str()});
      },
      slices);
  if (failed(functions))
    return failure();
  problems.functions = std::move(*functions);
  warnUnmatchedKeys(module, target.cost, profile);
  for (const PlaceableFunction &function : problems.functions)
    if (!function.program->onBuffers && failed(checkPins(*function.program)))
      return failure();
  return problems;
}

void mempl::ir::fixOrders(ModuleProblems &problems) {
  for (PlaceableFunction &function : problems.functions)
    fixOrder(*function.program);
}
