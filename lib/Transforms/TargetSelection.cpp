//===- TargetSelection.cpp - the machine of a run of a pass ---------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Transforms/TargetSelection.h"

#include "mempl/Analysis/TargetAttrs.h"
#include "mempl/IR/Mempl.h"
#include "mempl/Support/FileIO.h"
#include "mempl/Support/Units.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace mempl::ir;

/// Where the file `path` has the first word that `text` quotes.
static Location locationInFile(MLIRContext *context, llvm::StringRef path,
                               llvm::StringRef text) {
  llvm::Expected<std::string> contents = mempl::readFile(path);
  if (!contents) {
    llvm::consumeError(contents.takeError());
    return FileLineColLoc::get(context, path, 1, 1);
  }
  llvm::StringRef word = text.split('\'').second.split('\'').first;
  llvm::StringRef before =
      llvm::StringRef(*contents).split(("\"" + word + "\"").str()).first;
  return FileLineColLoc::get(context, path, 1 + before.count('\n'), 1);
}

/// The op whose target holds for all functions of `module`: the module, or a
/// function where all of them name the same. A run of a pass is for one
/// machine.
static FailureOr<Operation *> placeOfTarget(ModuleOp module) {
  func::FuncOp first, other;
  module.walk([&](func::FuncOp function) {
    if (function.isExternal())
      return;
    if (!first)
      first = function;
    else if (function->getAttr(kTargetAttr) != first->getAttr(kTargetAttr))
      other = function;
  });
  if (other)
    return emitError(other.getLoc())
           << "expected all functions of a module to name the same "
              "'mempl.target': a pass places for one";
  if (first && first->hasAttr(kTargetAttr))
    return first.getOperation();
  return module.getOperation();
}

FailureOr<std::optional<TargetDescription>>
mempl::ir::findTarget(ModuleOp module, const TargetOptions &options) {
  std::optional<TargetDescription> target;
  if (!options.target.empty()) {
    llvm::Expected<TargetDescription> loaded = loadTarget(options.target);
    if (!loaded)
      return emitError(module.getLoc()) << llvm::toString(loaded.takeError());
    target = std::move(*loaded);
    for (const std::string &warning : target->warnings)
      emitWarning(locationInFile(module.getContext(), options.target, warning))
          << warning;
  } else {
    FailureOr<Operation *> place = placeOfTarget(module);
    if (failed(place))
      return failure();
    FailureOr<std::optional<TargetDescription>> found = targetFromIR(*place);
    if (failed(found))
      return failure();
    target = std::move(*found);
  }
  if (!target || options.capacity.empty())
    return target;
  llvm::Expected<int64_t> bytes = mempl::parseSize(options.capacity);
  if (!bytes)
    return emitError(module.getLoc())
           << "option 'capacity': " << llvm::toString(bytes.takeError());
  target->machine.capacity = *bytes - *bytes % target->machine.alignment;
  return target;
}

FailureOr<TargetDescription>
mempl::ir::selectTarget(ModuleOp module, const TargetOptions &options) {
  FailureOr<std::optional<TargetDescription>> target =
      findTarget(module, options);
  if (failed(target))
    return failure();
  if (!*target)
    return emitError(module.getLoc())
           << "no target: give the option 'target' a preset ("
           << llvm::join(targetNames(), ", ")
           << ") or a file, or the module 'mempl.target' or "
              "'dlti.target_system_spec'";
  return std::move(**target);
}

FailureOr<CostModel> mempl::ir::selectCostModel(ModuleOp module,
                                                const TargetDescription &target,
                                                llvm::StringRef profile) {
  if (profile.empty())
    return CostModel(target);
  llvm::Expected<Profile> measured = readProfile(profile);
  if (!measured)
    return emitError(module.getLoc()) << llvm::toString(measured.takeError());
  return CostModel(target, std::move(*measured));
}

FailureOr<SelectedTarget>
mempl::ir::selectTargetAndCosts(ModuleOp module, const TargetOptions &options) {
  FailureOr<TargetDescription> target = selectTarget(module, options);
  if (failed(target))
    return failure();
  FailureOr<CostModel> cost = selectCostModel(module, *target, options.profile);
  if (failed(cost))
    return failure();
  return SelectedTarget{std::move(*target), std::move(*cost)};
}

void mempl::ir::warnUnmatchedKeys(ModuleOp module, const CostModel &cost,
                                  llvm::StringRef profile) {
  std::string text = cost.describeUnmatched(module);
  if (!text.empty())
    emitWarning(locationInFile(module.getContext(), profile, text)) << text;
}
