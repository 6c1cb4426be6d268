//===- PassesFuzzer.cpp - valid modules made up by chance, by every pass --===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Inputs are modules, changed so that they stay valid (ModuleMutator.h). Each
// goes through every pass of mempl alone and through the ways that people run
// them: a pass fails with an error that is not of itself, or what it leaves
// verifies. Where it crashes, the pass is said, and whether it is upstream's.
//
//===----------------------------------------------------------------------===//

#include "FuzzUtils.h"
#include "ModuleMutator.h"

#include "mempl/Register/Register.h"

#include "mlir/IR/Verifier.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/SaveAndRestore.h"

#include <cstdio>

using namespace mlir;
using namespace mempl::fuzz;

/// Attributes and types are never forgotten: a context is for so many inputs.
static constexpr int kInputsPerContext = 500;

/// What is run one after the other, each verified by itself. Every pass is
/// alone in at least one.
static const std::vector<std::vector<StringRef>> kWays = {
    {"mempl-attach-target{target=tiny}"},
    {"learned-memory-placement{target=tiny solver=greedy}",
     "one-shot-bufferize{bufferize-function-boundaries "
     "function-boundary-type-conversion=identity-layout-map}",
     "func.func(mempl-check-placement)", "func.func(mempl-pack-allocs)",
     "convert-mempl-to-memref"},
    {"learned-memory-placement{target=tiny capacity=128 budget=30 "
     "eliminate-empty-tensors=false}",
     "mempl-lower-to-cpu"},
    {"mempl-prepare{target=tiny keep-originals}",
     "mempl-extract-instance{target=tiny}", "mempl-solve{solver=greedy}",
     "mempl-verify-plan", "mempl-apply-plan{target=tiny}"},
    {"mempl-extract-instance{target=tiny}"},
    {"mempl-solve{solver=greedy fallback=slow}"},
    {"mempl-verify-plan"},
    {"mempl-apply-plan{target=tiny}"},
    {"mempl-tile-to-fit{target=tiny capacity=64}"},
    {"func.func(mempl-check-placement{capacity=1024 alignment=16})"},
    {"func.func(mempl-optimize-copies)"},
    {"func.func(mempl-pack-allocs)"},
    {"convert-mempl-to-memref"},
    {"convert-mempl-to-async"},
    {"convert-mempl-to-llvm"},
    {"mempl-complete-carried-copies"},
    {"convert-mempl-spaces{map=fast=1,*=none others=none}"},
    {"mempl-instrument-steps"},
    {"mempl-prepare-lowering"},
    {"mempl-mark-deallocations"},
    {"mempl-deallocate"},
    {"mempl-math-to-libm"},
    {"mempl-verify-lowered"},
    {"convert-linalg-to-gpu-launch", "convert-mempl-to-gpu"},
    {"convert-mempl-to-gpu"},
    {"convert-mempl-to-nvgpu"},
    {"mempl-drop-releases"},
    {"mempl-merge-kernels"},
    {"gpu.module(mempl-gpu-approximate-math)"},
    {"gpu.module(mempl-check-kernels)"},
    {"mempl-drop-compile-times"},
    {"mempl-lower-to-cpu"},
    {"mempl-lower-to-gpu{format=llvm}"},
};

/// Passes of upstream in pipelines are verified as they always are: they may
/// leave what does not verify.
static bool isPipeline(StringRef stage) {
  return stage.starts_with("mempl-lower-to-") ||
         stage.starts_with("one-shot-bufferize");
}

/// MEMPL_PASSES is made of what describes the passes.
static void requireAllPasses() {
  SmallVector<StringRef> names;
  StringRef(MEMPL_PASSES).split(names, ',');
  for (StringRef name : names) {
    bool isThere = llvm::any_of(kWays, [&](ArrayRef<StringRef> way) {
      StringRef stage = way.front();
      if (stage.ends_with(")"))
        stage = stage.split('(').second.drop_back();
      return stage.split('{').first == name;
    });
    if (!isThere)
      llvm::errs() << "no way begins with " << name << '\n';
    require(isThere);
  }
}

/// What runs now, one inside of the other, for the handler of crashes.
static SmallVector<Pass *> running;

namespace {
struct Running : PassInstrumentation {
  void runBeforePass(Pass *pass, Operation *) override {
    running.push_back(pass);
  }
  void runAfterPass(Pass *, Operation *) override { running.pop_back(); }
  void runAfterPassFailed(Pass *, Operation *) override { running.pop_back(); }
};
} // namespace

/// Whether a pass is mempl's, by its argument or by its class.
static bool isOfMempl(Pass &pass) {
  SmallVector<StringRef> names;
  StringRef(MEMPL_PASSES).split(names, ',');
  return llvm::is_contained(names, pass.getArgument()) ||
         pass.getName().contains("mempl");
}

/// The context of this input; `isNew` begins another input.
static MLIRContext &context(bool isNew) {
  static const DialectRegistry registry = [] {
    DialectRegistry result;
    registerAllDialects(result);
    registerAllExtensions(result);
    registerAllPasses();
    mempl::ir::registerAll(result);
    requireAllPasses();
    return result;
  }();
  static std::unique_ptr<MLIRContext> current;
  static int left = 0;
  if (!current || (isNew && left-- == 0)) {
    current = std::make_unique<MLIRContext>(registry,
                                            MLIRContext::Threading::DISABLED);
    current->allowUnregisteredDialects();
    // Changes make ops that the input may have none of.
    current->loadAllAvailableDialects();
    left = kInputsPerContext;
  }
  return *current;
}

static OwningOpRef<ModuleOp> parse(const uint8_t *data, size_t size,
                                   MLIRContext &context) {
  ScopedDiagnosticHandler silent(&context,
                                 [](Diagnostic &) { return success(); });
  return parseSourceString<ModuleOp>(mempl::fuzz::terminatedTextOf(data, size),
                                     &context, "f");
}

/// Stops the fuzzer, with what was said.
static void requireOf(StringRef stage, bool isTrue, const char *what,
                      StringRef said) {
  if (!isTrue)
    llvm::errs() << "FAULT " << stage << ": " << what << '\n' << said << '\n';
  require(isTrue);
}

/// Whether the next stage can run.
static bool run(ModuleOp module, StringRef stage) {
  int numErrors = 0;
  std::string said;
  ScopedDiagnosticHandler count(module.getContext(), [&](Diagnostic &text) {
    numErrors += text.getSeverity() == DiagnosticSeverity::Error;
    said += text.str() + '\n';
    requireOf(stage, !StringRef(text.str()).contains("internal error"),
              "a mistake that mempl found itself", said);
  });
  PassManager passes(module.getContext());
  passes.addInstrumentation(std::make_unique<Running>());
  passes.enableVerifier(isPipeline(stage));
  require(succeeded(parsePassPipeline(stage, passes)));
  if (failed(passes.run(module))) {
    requireOf(stage, numErrors > 0, "fails without a word", said);
    return false;
  }
  bool isValid = succeeded(verify(module));
  requireOf(stage, isValid, "what it leaves does not verify", said);
  return true;
}

/// What went through the passes, said at the end.
static long numModules = 0;

static void sayModules() { std::fprintf(stderr, "modules: %ld\n", numModules); }

extern "C" int LLVMFuzzerInitialize(int *, char ***) {
  std::atexit(sayModules);
  return 0;
}

/// Whether an input is made: parsed, changed, verified and printed.
static bool isMaking = false;

extern "C" void memplFuzzerCrashed() {
  sayModules();
  if (isMaking)
    llvm::errs() << "crash in what makes inputs\n";
  else if (!running.empty())
    llvm::errs() << (isOfMempl(*running.back()) ? "" : "upstream: ")
                 << "crash in " << running.back()->getName() << '\n';
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  isMaking = true;
  OwningOpRef<ModuleOp> module = parse(data, size, context(/*isNew=*/true));
  isMaking = false;
  if (!module)
    return -1;
  ++numModules;
  for (const std::vector<StringRef> &way : kWays) {
    OwningOpRef<ModuleOp> copy = module->clone();
    for (StringRef stage : way)
      if (!run(*copy, stage))
        break;
  }
  return 0;
}

/// Writes the text of a module where libFuzzer wants it; 0 if it is too long.
static size_t write(ModuleOp module, uint8_t *data, size_t maxSize) {
  std::string text;
  llvm::raw_string_ostream os(text);
  module.print(os);
  if (text.size() > maxSize)
    return 0;
  std::memcpy(data, text.data(), text.size());
  return text.size();
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size,
                                          size_t maxSize, unsigned seed) {
  llvm::SaveAndRestore making(isMaking, true);
  OwningOpRef<ModuleOp> module = parse(data, size, context(/*isNew=*/false));
  // Other bytes would be for upstream's parser.
  if (!module)
    return size;
  OwningOpRef<ModuleOp> other =
      mutate(*module, *module, seed, /*count=*/1 + seed % 5);
  size_t written = other ? write(*other, data, maxSize) : 0;
  return written ? written : size;
}

extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t *first,
                                            size_t firstSize,
                                            const uint8_t *second,
                                            size_t secondSize, uint8_t *data,
                                            size_t maxSize, unsigned seed) {
  llvm::SaveAndRestore making(isMaking, true);
  MLIRContext &now = context(/*isNew=*/false);
  OwningOpRef<ModuleOp> module = parse(first, firstSize, now);
  OwningOpRef<ModuleOp> donor = parse(second, secondSize, now);
  if (!module || !donor)
    return 0;
  OwningOpRef<ModuleOp> other = mutate(*module, *donor, seed, 1 + seed % 5);
  return other ? write(*other, data, maxSize) : 0;
}
