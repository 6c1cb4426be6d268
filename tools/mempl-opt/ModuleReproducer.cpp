//===- ModuleReproducer.cpp - what is needed to repeat a run --------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Upstream's --mlir-generate-reproducer writes the module that comes out, after
// a run that succeeded; a bug report needs the one that went in, whatever
// happens then. The form of the file is upstream's.
//
//===----------------------------------------------------------------------===//

#include "ModuleReproducer.h"

#include "mempl/Support/FileIO.h"
#include "mempl/Support/Version.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"

using llvm::Error;
using llvm::StringRef;

/// Versions and command, as comments of MLIR.
static std::string headerFor(llvm::ArrayRef<const char *> command) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "// mempl " << mempl::version() << ", LLVM " << mempl::llvmVersion()
     << "\n//";
  for (const char *word : command)
    os << ' ' << mempl::escapeForMessage(word);
  os << '\n';
  return text;
}

/// Module and pipeline as upstream writes them; empty if the input or the
/// pipeline is wrong, which the run itself will say.
static std::string moduleAndPipeline(llvm::MemoryBufferRef input,
                                     mlir::DialectRegistry &registry,
                                     const mlir::MlirOptMainConfig &config) {
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  context.allowUnregisteredDialects(config.shouldAllowUnregisteredDialects());
  mlir::ScopedDiagnosticHandler silent(
      &context, [](mlir::Diagnostic &) { return mlir::success(); });
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(
      llvm::MemoryBuffer::getMemBuffer(input, /*RequiresNullTerminator=*/false),
      llvm::SMLoc());
  mlir::ParserConfig parser(&context, /*verifyAfterParse=*/false);
  mlir::OwningOpRef<mlir::ModuleOp> module =
      mlir::parseSourceFile<mlir::ModuleOp>(sources, parser);
  if (!module)
    return "";
  mlir::PassManager passes((*module)->getName(),
                           mlir::PassManager::Nesting::Implicit);
  if (failed(config.setupPassPipeline(passes)))
    return "";
  llvm::SmallString<128> path;
  if (llvm::sys::fs::createTemporaryFile("mempl-reproducer", "mlir", path))
    return "";
  llvm::FileRemover remover(path);
  mlir::makeReproducer(passes.getOpAnchorName(), passes.getPasses(), *module,
                       path);
  llvm::Expected<std::string> text = mempl::readFile(path);
  if (text)
    return std::move(*text);
  llvm::consumeError(text.takeError());
  return "";
}

Error mempl::writeOptReproducer(StringRef path,
                                llvm::ArrayRef<const char *> command,
                                llvm::MemoryBufferRef input,
                                mlir::DialectRegistry &registry,
                                const mlir::MlirOptMainConfig &config) {
  if (!config.inputSplitMarker().empty())
    return llvm::createStringError(
        "--reproducer: expected one module, without --split-input-file");
  // First the input as it is: what follows may crash.
  std::string header = headerFor(command);
  if (Error error = writeFile(path, header + input.getBuffer().str()))
    return error;
  std::string text = moduleAndPipeline(input, registry, config);
  return text.empty() ? Error::success() : writeFile(path, header + text);
}
