//===- mempl-opt.cpp - MLIR's opt tool with mempl in it -------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// mlir-opt with the mempl dialect and its passes: all upstream dialects and
// passes are there, so that they can stand before, between and after mempl's.
//
//===----------------------------------------------------------------------===//

#include "FatalErrors.h"
#include "ModuleReproducer.h"

#include "mempl/Analysis/Target.h"
#include "mempl/Register/Register.h"
#include "mempl/Support/FileIO.h"
#include "mempl/Support/Version.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Support/FileUtilities.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/ToolOutputFile.h"

#ifdef MEMPL_INCLUDE_TESTS
namespace mempl::test {
// The passes of test/lib.
void registerTestConvertAtOnce();
void registerTestPrintProgram();
} // namespace mempl::test
#endif

static int fail(const llvm::Twine &text) {
  llvm::errs() << "mempl-opt: error: " << mempl::escapeForMessage(text.str())
               << '\n';
  return 1;
}

/// Runs with the input in memory, so that it is read once even from a pipe.
static int runWithReproducer(llvm::ArrayRef<const char *> command,
                             llvm::StringRef reproducer, llvm::StringRef input,
                             llvm::StringRef output,
                             mlir::DialectRegistry &registry) {
  std::string problem;
  std::unique_ptr<llvm::MemoryBuffer> buffer =
      mlir::openInputFile(input, &problem);
  if (!buffer)
    return fail(problem);
  mlir::MlirOptMainConfig config =
      mlir::MlirOptMainConfig::createFromCLOptions();
  if (llvm::Error error = mempl::writeOptReproducer(
          reproducer, command, buffer->getMemBufferRef(), registry, config))
    return fail(llvm::toString(std::move(error)));
  std::unique_ptr<llvm::ToolOutputFile> file =
      mlir::openOutputFile(output, &problem);
  if (!file)
    return fail(problem);
  if (failed(
          mlir::MlirOptMain(file->os(), std::move(buffer), registry, config)))
    return 1;
  file->keep();
  return 0;
}

int main(int argc, char **argv) {
  mempl::reportFatalErrors("mempl-opt");
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  mlir::registerAllGPUToLLVMIRTranslations(registry);
  mlir::registerAllPasses();
  mempl::ir::registerAll(registry);
#ifdef MEMPL_INCLUDE_TESTS
  mempl::test::registerTestConvertAtOnce();
  mempl::test::registerTestPrintProgram();
#endif
  llvm::cl::SetVersionPrinter(mempl::printVersion);
  llvm::cl::opt<std::string> reproducer(
      "reproducer", llvm::cl::value_desc("filename"),
      llvm::cl::desc("Write version, command, module and pipeline here before "
                     "anything runs: a file for a bug report, which "
                     "--run-reproducer runs"));
  llvm::cl::opt<bool> listTargets(
      "list-targets", llvm::cl::desc("Print the targets that come with mempl"));
  llvm::cl::extrahelp examples(R"(
EXAMPLES:

  mempl-opt net.mlir --learned-memory-placement="target=edge-npu summary" -o placed.mlir
  mempl-opt net.mlir --learned-memory-placement=target=tpu-v5e --remarks-filter="mempl.*"
  mempl-opt placed.mlir --mempl-lower-to-cpu

More: docs/tools/mempl-opt.md
)");
  auto [input, output] = mlir::registerAndParseCLIOptions(
      argc, argv, "mempl: learned memory placement\n", registry);
  if (listTargets) {
    mempl::ir::printTargets(llvm::outs());
    return 0;
  }
  if (!reproducer.empty())
    return runWithReproducer({argv, static_cast<size_t>(argc)}, reproducer,
                             input, output, registry);
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, input, output, registry));
}
