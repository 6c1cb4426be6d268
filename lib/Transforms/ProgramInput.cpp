//===- ProgramInput.cpp - an instance out of MLIR -------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The first error of MLIR becomes the error that is returned; a module is
// parsed in a context of its own, which is gone afterwards.
//
//===----------------------------------------------------------------------===//

#include "mempl/Transforms/ProgramInput.h"

#include "mempl/Analysis/CostOpInterface.h"
#include "mempl/IR/Mempl.h"
#include "mempl/Problem/ProblemIO.h"
#include "mempl/Support/FileIO.h"
#include "mempl/Support/Json.h"
#include "mempl/Transforms/Explanations.h"
#include "mempl/Transforms/FunctionExtraction.h"
#include "mempl/Transforms/Pins.h"
#include "mempl/Transforms/Prepare.h"
#include "mempl/Transforms/TargetSelection.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Parser/Parser.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/SourceMgr.h"

using namespace mempl;
using llvm::Expected;
using llvm::StringRef;

bool mempl::isMlirFileName(StringRef path) {
  path.consume_back(".gz");
  return path.ends_with(".mlir") || path.ends_with(".mlirbc");
}

namespace {

/// Turns the first error diagnostic of a context into an llvm::Error, and
/// prints warnings to stderr.
class ErrorCollector {
public:
  ErrorCollector(mlir::MLIRContext &context, StringRef path)
      : path(path), handler(&context, [this](mlir::Diagnostic &diagnostic) {
          if (diagnostic.getSeverity() == mlir::DiagnosticSeverity::Warning)
            llvm::errs() << describe(diagnostic, "warning") << '\n';
          if (diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error &&
              text.empty())
            text = describe(diagnostic, "error");
          return mlir::success();
        }) {}

  llvm::Error take() {
    return llvm::createStringError(
        text.empty() ? path.str() + ": error: expected valid MLIR" : text);
  }

private:
  std::string describe(mlir::Diagnostic &diagnostic, StringRef severity) {
    std::string line;
    llvm::raw_string_ostream os(line);
    auto loc = diagnostic.getLocation()->findInstanceOf<mlir::FileLineColLoc>();
    // A module without a `module` in the text has no line.
    if (loc && loc.getLine() > 0)
      os << loc.getFilename().getValue() << ':' << loc.getLine() << ':'
         << loc.getColumn();
    else
      os << path;
    os << ": " << severity << ": " << diagnostic.str();
    return line;
  }

  StringRef path;
  std::string text;
  mlir::ScopedDiagnosticHandler handler;
};

} // namespace

Expected<Instance> mempl::readMlirInstance(StringRef path, StringRef target,
                                           StringRef functionName,
                                           StringRef profile,
                                           std::string *unknowns,
                                           bool reorder) {
  Expected<std::string> text = readFile(path);
  if (!text)
    return text.takeError();
  return parseMlirInstance(*text, path, target, functionName, profile, unknowns,
                           reorder);
}

Expected<Instance>
mempl::parseMlirInstance(StringRef text, StringRef path, StringRef target,
                         StringRef functionName, StringRef profile,
                         std::string *unknowns, bool reorder) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  registry.insert<mempl::ir::MemplDialect>();
  mempl::ir::registerCostModels(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  // Preparing makes ops of these, whether the program has some or not.
  context.loadDialect<mlir::bufferization::BufferizationDialect,
                      mlir::linalg::LinalgDialect, mlir::tensor::TensorDialect,
                      mempl::ir::MemplDialect>();
  ErrorCollector errors(context, path);

  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(llvm::MemoryBuffer::getMemBufferCopy(text, path),
                             llvm::SMLoc());
  mlir::OwningOpRef<mlir::ModuleOp> module =
      mlir::parseSourceFile<mlir::ModuleOp>(sources, &context);
  if (!module)
    return errors.take();
  llvm::FailureOr<mempl::ir::TargetDescription> description =
      mempl::ir::selectTarget(*module, {target.str()});
  if (failed(description))
    return errors.take();
  std::vector<mempl::ir::SkippedFunction> skipped;
  llvm::FailureOr<mempl::ir::CostModel> cost =
      mempl::ir::selectCostModel(*module, *description, profile);
  if (failed(cost) ||
      failed(mempl::ir::prepareForTarget(*module, *description, *cost)))
    return errors.take();
  auto functions = mempl::ir::extractFunctions(
      *module, *description, *cost,
      [&](mlir::func::FuncOp function, const llvm::Twine &reason) {
        skipped.push_back({function.getName().str(), reason.str()});
      });
  if (failed(functions))
    return errors.take();
  mempl::ir::warnUnmatchedKeys(*module, *cost, profile);
  std::vector<std::string> names;
  for (mempl::ir::PlaceableFunction &function : *functions)
    names.push_back(function.function.getName().str());
  auto chosen =
      mempl::ir::chooseFunction(functionName, names, skipped, "--function");
  if (!chosen)
    return fileError(path, 0, llvm::toString(chosen.takeError()));
  mempl::ir::FunctionProblem &program =
      *functions->at(llvm::find(names, *chosen) - names.begin()).program;
  if (failed(mempl::ir::checkPins(program)))
    return errors.take();
  if (!reorder)
    mempl::ir::fixOrder(program);
  if (unknowns)
    *unknowns = mempl::ir::describeUnknowns(program);
  return std::move(program.instance);
}

Expected<Machine> mempl::readTargetMachine(StringRef target) {
  if (mempl::ir::presetNamed(target).empty() &&
      (target == "-" || llvm::sys::fs::exists(target))) {
    // A file with a machine alone is fine too: instances bring their costs.
    Expected<std::string> text = readFile(target);
    if (!text)
      return text.takeError();
    Expected<JsonDocument> document = parseJson(*text, target);
    if (!document)
      return document.takeError();
    if (!document->root.find("machine"))
      return parseMachine(*text, target);
  }
  auto description = mempl::ir::loadTarget(target);
  if (!description)
    return description.takeError();
  return description->machine;
}
