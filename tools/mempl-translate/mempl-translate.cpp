//===- mempl-translate.cpp - problems and plans, JSON to IR and back ------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Two directions and nothing else. Every error is one line on standard error;
// an output file appears whole or not at all.
//
//===----------------------------------------------------------------------===//

#include "mempl/Problem/ProblemIO.h"
#include "mempl/Support/FileIO.h"
#include "mempl/Target/ProblemIR.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/IR/Verifier.h"
#include "mlir/InitAllDialects.h"
#include "mlir/Parser/Parser.h"

#include "llvm/Support/CommandLine.h"

namespace cl = llvm::cl;
using namespace mlir;
using llvm::Error;
using llvm::Expected;

namespace {

/// The flags. Made in main(), after those of LLVM's libraries are forgotten.
struct Flags {
  cl::OptionCategory category{"Options of mempl-translate"};
  cl::opt<std::string> input{cl::Positional, cl::cat(category), cl::init("-"),
                             cl::desc("<input, also .gz; default stdin>")};
  cl::opt<std::string> output{
      "o", cl::cat(category), cl::value_desc("file"), cl::init("-"),
      cl::desc("Output (default stdout); packed if it ends in .gz")};
  cl::opt<bool> jsonToMlir{
      "json-to-mlir", cl::cat(category),
      cl::desc("An instance as JSON to a module with a mempl.instance")};
  cl::opt<bool> mlirToJson{"mlir-to-json", cl::cat(category),
                           cl::desc("The mempl.instance of a module to JSON")};
  cl::opt<std::string> plan{
      "plan", cl::cat(category), cl::ValueOptional, cl::value_desc("file"),
      cl::desc("With --json-to-mlir: a plan as JSON, for a mempl.plan behind "
               "the instance. With --mlir-to-json, without a file: the "
               "mempl.plan of the module instead of the instance")};

  bool hasPlan() const { return plan.getNumOccurrences() > 0; }
};

/// Keeps the first error of MLIR as one line, so that nothing else is printed.
class FirstError {
public:
  explicit FirstError(MLIRContext &context)
      : handler(&context, [this](Diagnostic &diagnostic) {
          if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
            keep(diagnostic);
          return success();
        }) {}

  /// The error; `otherwise` where there was none.
  Error take(const Twine &otherwise) const {
    return llvm::createStringError(text.empty() ? otherwise.str() : text);
  }

private:
  void keep(Diagnostic &diagnostic) {
    if (!text.empty())
      return;
    llvm::raw_string_ostream os(text);
    if (auto at = diagnostic.getLocation()->findInstanceOf<FileLineColLoc>())
      writeLocation(os, at);
    os << "error: " << diagnostic;
  }

  /// `file:line:column: `; a file alone has line 0.
  static void writeLocation(llvm::raw_ostream &os, FileLineColLoc at) {
    os << at.getFilename().getValue() << ':';
    if (at.getLine() != 0)
      os << at.getLine() << ':' << at.getColumn() << ':';
    os << ' ';
  }

  std::string text;
  ScopedDiagnosticHandler handler;
};

} // namespace

static Error toolError(const Twine &text) {
  return llvm::createStringError("mempl-translate: error: " + text);
}

static int printError(Error error) {
  llvm::errs() << ::mempl::escapeForMessage(llvm::toString(std::move(error)))
               << '\n';
  return 1;
}

//===----------------------------------------------------------------------===//
// JSON to MLIR
//===----------------------------------------------------------------------===//

static Error addPlan(const Flags &flags, OpBuilder &builder,
                     mlir::mempl::InstanceOp instance,
                     const ::mempl::Instance &read, const FirstError &errors) {
  auto plan = ::mempl::readPlan(flags.plan);
  if (!plan)
    return plan.takeError();
  if (plan->instance != read.name)
    return ::mempl::fileError(flags.plan, 0,
                              "V9: the plan is for \"" + plan->instance +
                                  "\", not for \"" + read.name + "\"");
  Location loc = FileLineColLoc::get(builder.getContext(), flags.plan, 0, 0);
  if (succeeded(mlir::mempl::buildPlan(builder, loc, *plan, instance, "")))
    return Error::success();
  return errors.take("no plan");
}

static Expected<std::string> jsonToMlir(const Flags &flags,
                                        MLIRContext &context) {
  if (flags.hasPlan() && flags.plan.empty())
    return toolError("--plan: expected a file, --plan=FILE");
  auto instance = ::mempl::readInstance(flags.input);
  if (!instance)
    return instance.takeError();
  FirstError errors(context);
  Location loc = FileLineColLoc::get(&context, flags.input, 0, 0);
  OwningOpRef<ModuleOp> module(ModuleOp::create(loc));
  OpBuilder builder = OpBuilder::atBlockEnd(module->getBody());
  auto op = mlir::mempl::buildInstance(builder, loc, *instance, "");
  if (flags.hasPlan())
    if (Error error = addPlan(flags, builder, op, *instance, errors))
      return error;
  if (failed(verify(*module)))
    return errors.take("the module is not valid");
  std::string text;
  llvm::raw_string_ostream os(text);
  module->print(os);
  return text;
}

//===----------------------------------------------------------------------===//
// MLIR to JSON
//===----------------------------------------------------------------------===//

/// The one op of its kind in the module.
template <typename OpT>
static Expected<OpT> single(ModuleOp module, const std::string &file) {
  SmallVector<OpT> found;
  module.walk([&](OpT op) { found.push_back(op); });
  if (found.size() == 1)
    return found.front();
  return ::mempl::fileError(file, 0,
                            "expected one " + OpT::getOperationName() +
                                " in the module, found " + Twine(found.size()));
}

static Error writePlan(const Flags &flags, ModuleOp module,
                       const FirstError &errors, llvm::raw_ostream &os) {
  auto op = single<mlir::mempl::PlanOp>(module, flags.input);
  if (!op)
    return op.takeError();
  // Exists, or the module would not have been valid.
  auto instance = mlir::mempl::readInstance(op->getInstanceOp());
  if (failed(instance))
    return errors.take("the instance is not valid");
  auto plan = mlir::mempl::readPlan(*op, *instance);
  if (failed(plan))
    return errors.take("the plan cannot be read");
  ::mempl::writePlan(os, *plan);
  return Error::success();
}

static Error writeInstance(const Flags &flags, ModuleOp module,
                           const FirstError &errors, llvm::raw_ostream &os) {
  auto op = single<mlir::mempl::InstanceOp>(module, flags.input);
  if (!op)
    return op.takeError();
  auto instance = mlir::mempl::readInstance(*op);
  if (failed(instance))
    return errors.take("the instance is not valid");
  ::mempl::writeInstance(os, *instance);
  return Error::success();
}

static Expected<std::string> mlirToJson(const Flags &flags,
                                        MLIRContext &context) {
  if (!flags.plan.empty())
    return toolError("--plan: with --mlir-to-json it has no file; use -o");
  auto source = ::mempl::readFile(flags.input);
  if (!source)
    return source.takeError();
  FirstError errors(context);
  auto module =
      parseSourceString<ModuleOp>(*source, ParserConfig(&context), flags.input);
  if (!module)
    return errors.take(flags.input + ": error: cannot be parsed");
  std::string text;
  llvm::raw_string_ostream os(text);
  if (Error error = flags.hasPlan() ? writePlan(flags, *module, errors, os)
                                    : writeInstance(flags, *module, errors, os))
    return error;
  return text;
}

//===----------------------------------------------------------------------===//
// The command line
//===----------------------------------------------------------------------===//

static Error run(const Flags &flags) {
  if (flags.jsonToMlir == flags.mlirToJson)
    return toolError("expected either --json-to-mlir or --mlir-to-json");
  DialectRegistry registry;
  registerAllDialects(registry);
  registry.insert<mlir::mempl::MemplDialect>();
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.loadDialect<mlir::mempl::MemplDialect>();
  auto text = flags.jsonToMlir ? jsonToMlir(flags, context)
                               : mlirToJson(flags, context);
  if (!text)
    return text.takeError();
  return ::mempl::writeFile(flags.output, *text);
}

/// What LLVM's parser complains about, as one line of ours.
static Error commandLineError(StringRef problems) {
  StringRef line = problems.ltrim().split('\n').first;
  line = line.split(": ").second;
  auto [text, advice] = line.split("  Try: ");
  return toolError(text.rtrim() + (advice.empty() ? "" : " See --help."));
}

int main(int argc, char **argv) {
  cl::ResetCommandLineParser();
  Flags flags;
  cl::HideUnrelatedOptions(flags.category);
  cl::SetVersionPrinter([](llvm::raw_ostream &os) {
    os << "mempl-translate " << MEMPL_VERSION << '\n';
  });
  std::string problems;
  llvm::raw_string_ostream errors(problems);
  if (!cl::ParseCommandLineOptions(
          argc, argv,
          "mempl-translate: placement problems and plans from JSON to MLIR "
          "and back\n",
          &errors))
    return problems.empty() ? 1 // It has said so itself.
                            : printError(commandLineError(problems));
  if (Error error = run(flags))
    return printError(std::move(error));
  return 0;
}
