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

#include "FatalErrors.h"

#include "mempl/Analysis/Target.h"
#include "mempl/Frontend/Problem/ProblemIR.h"
#include "mempl/Frontend/Xla/HloFile.h"
#include "mempl/Frontend/Xla/XlaOverrides.h"
#include "mempl/IR/SourceLocation.h"
#include "mempl/Problem/ProblemIO.h"
#include "mempl/Problem/Verifier.h"
#include "mempl/Support/FileIO.h"
#include "mempl/Support/Suggest.h"
#include "mempl/Support/Units.h"
#include "mempl/Support/Version.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/IR/Verifier.h"
#include "mlir/InitAllDialects.h"
#include "mlir/Parser/Parser.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FormatVariadic.h"

namespace cl = llvm::cl;
using namespace mlir;
namespace hlo = mempl::hlo;
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
  cl::opt<std::string> planIn{
      "plan-in", cl::cat(category), cl::ValueOptional, cl::value_desc("file"),
      cl::desc("With --json-to-mlir: read this plan, as JSON, for a mempl.plan "
               "behind the instance. With --export-xla-overrides: the plan")};
  cl::opt<std::string> planOut{
      "plan-out", cl::cat(category), cl::ValueOptional, cl::value_desc("file"),
      cl::desc("With --mlir-to-json: write the mempl.plan of the module "
               "instead of the instance, here (default: where -o says)")};
  cl::opt<std::string> plan{
      "plan", cl::cat(category), cl::ValueOptional, cl::Hidden,
      cl::desc("The old name of --plan-in and, with --mlir-to-json, of "
               "--plan-out")};

  cl::opt<std::string> importHlo{
      "import-hlo", cl::cat(category), cl::ValueOptional,
      cl::value_desc("kernels|instance|xla-plan"),
      cl::desc("XLA's HLO text after memory space assignment, without the "
               "assignment: as mempl.kernel ops (default), as an instance in "
               "JSON, or the assignment itself as a plan for that instance")};
  cl::opt<std::string> exportOverrides{
      "export-xla-overrides", cl::cat(category), cl::ValueOptional,
      cl::value_desc("options|decisions"),
      cl::desc("HLO text and a plan for it (--plan-in) to XLA: compile options "
               "for what the plan does otherwise (default), or a list "
               "of the single decisions, the most valuable first")};
  cl::opt<std::string> target{
      "target", cl::cat(category), cl::value_desc("name or file"),
      cl::desc("With --import-hlo: the machine that it was compiled for")};
  cl::opt<std::string> cost{
      "cost", cl::cat(category), cl::value_desc("compiler|roofline|calibrated"),
      cl::init("compiler"),
      cl::desc("With --import-hlo: where compute times come from, the "
               "compiler's estimates (default), operations over peak rates, "
               "or the estimates with bytes scaled to fit them")};
  cl::opt<std::string> capacity{
      "capacity", cl::cat(category), cl::value_desc("size"),
      cl::desc("With --import-hlo: fast memory instead of the target's")};
  cl::opt<int64_t> maxCarried{
      "max-carried", cl::cat(category), cl::value_desc("number"), cl::init(0),
      cl::desc("With --import-hlo: values that a run may leave for the next")};
  cl::opt<bool> reserveScoped{
      "reserve-scoped", cl::cat(category),
      cl::desc("With --import-hlo: steps reserve their scoped memory in fast "
               "memory; give the whole memory as --capacity")};
  cl::opt<bool> freeOrder{
      "free-order", cl::cat(category),
      cl::desc("With --import-hlo: plans may run the steps in another order "
               "than XLA's, as far as the text allows it")};
  cl::opt<std::string> checkAgainst{
      "check-against", cl::cat(category), cl::value_desc("bufferinfo.csv"),
      cl::desc("With --import-hlo: compare with the buffers that XLA's "
               "assignment saw, and print that instead")};

  cl::opt<bool> listTargets{"list-targets", cl::cat(category),
                            cl::desc("Print the targets that come with mempl")};
  cl::extrahelp examples{R"(
EXAMPLES:

  mempl-translate --json-to-mlir problem.json --plan-in=plan.json
  mempl-translate --import-hlo=instance --target=tpu-v5e program.hlo.txt.gz -o problem.json
  mempl-translate --export-xla-overrides --target=tpu-v5e --plan-in=plan.json program.hlo.txt.gz -o options.json

More: docs/tools/mempl-translate.md
)"};

  bool exportsOverrides() const {
    return exportOverrides.getNumOccurrences() > 0;
  }
  bool importsHlo() const { return importHlo.getNumOccurrences() > 0; }
  bool readsPlan() const {
    return planIn.getNumOccurrences() > 0 ||
           (plan.getNumOccurrences() > 0 && !mlirToJson);
  }
  bool writesPlan() const {
    return planOut.getNumOccurrences() > 0 ||
           (plan.getNumOccurrences() > 0 && mlirToJson);
  }
  /// The file to read.
  const std::string &planFile() const {
    return planIn.getNumOccurrences() > 0 ? planIn : plan;
  }
  /// Where the result goes.
  const std::string &outputFile() const {
    return planOut.empty() ? output : planOut;
  }
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
  llvm::errs() << mempl::escapeForMessage(mempl::withPlace(
                      llvm::toString(std::move(error)), "mempl-translate"))
               << '\n';
  return 1;
}

//===----------------------------------------------------------------------===//
// JSON to MLIR
//===----------------------------------------------------------------------===//

static Error addPlan(const Flags &flags, OpBuilder &builder,
                     mempl::ir::InstanceOp instance,
                     const mempl::Instance &read, const FirstError &errors) {
  auto plan = mempl::readPlan(flags.planFile());
  if (!plan)
    return plan.takeError();
  if (plan->instance != read.name)
    return mempl::fileError(flags.planFile(), 0,
                            "V9: the plan is for \"" + plan->instance +
                                "\", not for \"" + read.name + "\"");
  Location loc =
      FileLineColLoc::get(builder.getContext(), flags.planFile(), 0, 0);
  if (succeeded(mempl::ir::buildPlan(builder, loc, *plan, instance, "")))
    return Error::success();
  return errors.take("no plan");
}

static Expected<std::string> jsonToMlir(const Flags &flags,
                                        MLIRContext &context) {
  if (flags.readsPlan() && flags.planFile().empty())
    return toolError("--plan-in: expected a file, --plan-in=FILE");
  auto instance = mempl::readInstance(flags.input);
  if (!instance)
    return instance.takeError();
  FirstError errors(context);
  Location loc = FileLineColLoc::get(&context, flags.input, 0, 0);
  OwningOpRef<ModuleOp> module(ModuleOp::create(loc));
  OpBuilder builder = OpBuilder::atBlockEnd(module->getBody());
  auto op = mempl::ir::buildInstance(builder, loc, *instance, "");
  if (flags.readsPlan())
    if (Error error = addPlan(flags, builder, op, *instance, errors))
      return error;
  if (failed(verify(*module)))
    return errors.take("the module is not valid");
  // What the author of the program wrote is in locations.
  bool hasSources =
      module
          ->walk([](Operation *step) {
            return mempl::ir::locatedSource(step->getLoc()).empty()
                       ? WalkResult::advance()
                       : WalkResult::interrupt();
          })
          .wasInterrupted();
  std::string text;
  llvm::raw_string_ostream os(text);
  module->print(os, OpPrintingFlags().enableDebugInfo(hasSources));
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
  return mempl::fileError(file, 0,
                          "expected one " + OpT::getOperationName() +
                              " in the module, found " + Twine(found.size()));
}

static Error writePlan(const Flags &flags, ModuleOp module,
                       const FirstError &errors, llvm::raw_ostream &os) {
  auto op = single<mempl::ir::PlanOp>(module, flags.input);
  if (!op)
    return op.takeError();
  // Exists, or the module would not have been valid.
  auto instance = mempl::ir::readInstance(op->getInstanceOp());
  if (failed(instance))
    return errors.take("the instance is not valid");
  auto plan = mempl::ir::readPlan(*op, *instance);
  if (failed(plan))
    return errors.take("the plan cannot be read");
  mempl::writePlan(os, *plan);
  return Error::success();
}

static Error writeInstance(const Flags &flags, ModuleOp module,
                           const FirstError &errors, llvm::raw_ostream &os) {
  auto op = single<mempl::ir::InstanceOp>(module, flags.input);
  if (!op)
    return op.takeError();
  auto instance = mempl::ir::readInstance(*op);
  if (failed(instance))
    return errors.take("the instance is not valid");
  mempl::writeInstance(os, *instance);
  return Error::success();
}

static Expected<std::string> mlirToJson(const Flags &flags,
                                        MLIRContext &context) {
  if (!flags.plan.empty())
    return toolError("--plan: with --mlir-to-json it has no file; use "
                     "--plan-out");
  auto source = mempl::readFile(flags.input);
  if (!source)
    return source.takeError();
  FirstError errors(context);
  auto module =
      parseSourceString<ModuleOp>(*source, ParserConfig(&context), flags.input);
  if (!module)
    return errors.take(flags.input + ": error: cannot be parsed");
  std::string text;
  llvm::raw_string_ostream os(text);
  if (Error error = flags.writesPlan()
                        ? writePlan(flags, *module, errors, os)
                        : writeInstance(flags, *module, errors, os))
    return error;
  return text;
}

//===----------------------------------------------------------------------===//
// HLO
//===----------------------------------------------------------------------===//

static std::string share(int64_t part, int64_t whole) {
  return llvm::formatv("{0} of {1} ({2:f2} %)", part, whole,
                       whole > 0 ? 100.0 * static_cast<double>(part) /
                                       static_cast<double>(whole)
                                 : 100.0)
      .str();
}

/// How the program compares with XLA's table, for people.
static std::string describe(const hlo::TableCheck &c,
                            const hlo::EstimateCheck &e) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "buffers found: " << share(c.found, c.rows) << ", bytes "
     << share(c.foundBytes, c.bytes) << '\n';
  os << "same size: " << share(c.sameSize, c.rows) << ", bytes "
     << share(c.sameSizeBytes, c.bytes) << '\n';
  os << "joined with another buffer: " << c.shared << '\n';
  os << "read by the same steps: " << share(c.sameUses, c.rows) << '\n';
  os << "reads: " << share(c.usesFound, c.uses) << " found, " << c.usesExtra
     << " only here\n";
  if (c.steps > 0)
    os << "steps in the order of the schedule: "
       << share(c.steps - c.outOfOrder, c.steps) << '\n';
  if (e.steps > 0)
    os << llvm::formatv(
        "time of {0} steps: estimated {1:f3} ms, computed "
        "{2:f3} ms, correlation {3:f3}, worst {4:f2} times{5}\n",
        e.steps, e.estimated * 1e3, e.computed * 1e3, e.correlation,
        e.worstRatio, e.worstStep.empty() ? "" : " (" + e.worstStep + ")");
  for (const std::string &line : c.differences)
    os << "  " << line << '\n';
  return text;
}

static Expected<std::unique_ptr<mempl::ir::HloFile>>
readHlo(const Flags &flags) {
  mempl::ir::HloFileOptions options;
  options.path = flags.input;
  options.target = flags.target;
  options.cost = flags.cost;
  options.reserveScoped = flags.reserveScoped;
  options.freeOrder = flags.freeOrder;
  if (flags.maxCarried.getNumOccurrences() > 0) {
    if (flags.maxCarried < 0)
      return toolError("--max-carried: expected an integer of at least 0");
    options.maxCarried = flags.maxCarried;
  }
  if (!flags.capacity.empty()) {
    auto capacity = mempl::parseSize(flags.capacity);
    if (!capacity)
      return toolError("--capacity: " + llvm::toString(capacity.takeError()));
    options.capacity = *capacity;
  }
  auto file = mempl::ir::readHloFile(options);
  if (file)
    for (const std::string &line : (*file)->warnings)
      llvm::errs() << line << '\n';
  return file;
}

static Expected<std::string> importHlo(const Flags &flags,
                                       MLIRContext &context) {
  std::string kind =
      flags.importHlo.empty() ? "kernels" : flags.importHlo.getValue();
  if (kind != "kernels" && kind != "instance" && kind != "xla-plan")
    return toolError("--import-hlo: expected kernels, instance or xla-plan, "
                     "found '" +
                     kind + "'");
  auto file = readHlo(flags);
  if (!file)
    return file.takeError();
  mempl::ir::HloFile &f = **file;
  if (!flags.checkAgainst.empty()) {
    hlo::AssignmentTables tables;
    if (Error error = hlo::readTable(flags.checkAgainst, tables))
      return error;
    tables.timeOf = f.tables.timeOf;
    return describe(
        hlo::checkTables(f.module, f.program, tables),
        hlo::checkEstimates(f.module, f.program, f.imported, f.target));
  }
  std::string text;
  llvm::raw_string_ostream os(text);
  if (kind == "instance") {
    mempl::writeInstance(os, f.imported.instance);
  } else if (kind == "xla-plan") {
    if (!f.hasXlaPlan)
      return mempl::fileError(
          flags.input, f.module.line,
          "expected text after scheduling and memory space assignment "
          "(is_scheduled=true, arrays in S(1)): there is no plan of XLA in it");
    hlo::XlaPlanNotes notes;
    auto plan =
        hlo::buildXlaPlan(f.module, f.program, f.imported, f.tables, notes);
    if (!plan)
      return plan.takeError();
    if (notes.inTransfers > 0)
      llvm::errs() << mempl::ir::partialPlanWarning(f, notes) << '\n';
    mempl::writePlan(os, *plan);
  } else {
    auto module = mempl::ir::buildKernels(context, f);
    if (failed(verify(*module)))
      return mempl::fileError(flags.input, 0, "cannot be written as kernels");
    module->print(os);
  }
  return text;
}

static Expected<std::string> exportOverrides(const Flags &flags) {
  StringRef kind = flags.exportOverrides;
  if (!kind.empty() && kind != "options" && kind != "decisions")
    return toolError("--export-xla-overrides: expected options or decisions, "
                     "found '" +
                     kind + "'");
  if (flags.planFile().empty())
    return toolError("--export-xla-overrides: expected a plan, --plan-in=FILE");
  if (flags.freeOrder)
    return toolError("--free-order: is for --import-hlo; XLA cannot be told of "
                     "another order");
  auto file = readHlo(flags);
  if (!file)
    return file.takeError();
  mempl::ir::HloFile &f = **file;
  auto plan = mempl::readPlan(flags.planFile());
  if (!plan)
    return plan.takeError();
  auto violations = mempl::verify(f.imported.instance, *plan);
  if (!violations.empty())
    return mempl::fileError(flags.planFile(), 0, violations.front().str());
  auto decisions = hlo::xlaDecisions(f.module, f.program, f.imported, *plan);
  std::string text;
  llvm::raw_string_ostream os(text);
  if (kind == "decisions")
    hlo::writeXlaDecisions(os, decisions);
  else
    hlo::writeXlaOptions(os, *plan, decisions);
  return text;
}

//===----------------------------------------------------------------------===//
// The command line
//===----------------------------------------------------------------------===//

static Error run(const Flags &flags) {
  if (flags.jsonToMlir + flags.mlirToJson + flags.importsHlo() +
          flags.exportsOverrides() !=
      1)
    return toolError("expected one of --json-to-mlir, --mlir-to-json, "
                     "--import-hlo and --export-xla-overrides");
  if (flags.readsPlan() && !flags.jsonToMlir && !flags.exportsOverrides())
    return toolError("--plan-in: is for --json-to-mlir and "
                     "--export-xla-overrides");
  if (flags.writesPlan() && !flags.mlirToJson)
    return toolError("--plan-out: is for --mlir-to-json");
  DialectRegistry registry;
  registerAllDialects(registry);
  registry.insert<mempl::ir::MemplDialect>();
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.loadDialect<mempl::ir::MemplDialect>();
  auto text = flags.importsHlo()         ? importHlo(flags, context)
              : flags.exportsOverrides() ? exportOverrides(flags)
              : flags.jsonToMlir         ? jsonToMlir(flags, context)
                                         : mlirToJson(flags, context);
  if (!text)
    return text.takeError();
  return mempl::writeFile(flags.outputFile(), *text);
}

int main(int argc, char **argv) {
  mempl::reportFatalErrors("mempl-translate");
  cl::ResetCommandLineParser();
  Flags flags;
  cl::HideUnrelatedOptions(flags.category);
  cl::SetVersionPrinter(mempl::printVersion);
  std::string problems;
  llvm::raw_string_ostream errors(problems);
  if (!cl::ParseCommandLineOptions(
          argc, argv,
          "mempl-translate: placement problems and plans from JSON to MLIR "
          "and back,\nand programs of XLA to MLIR and JSON\n",
          &errors))
    return problems.empty()
               ? 1 // It has said so itself.
               : printError(toolError(mempl::commandLineProblem(problems)));
  if (flags.listTargets) {
    mempl::ir::printTargets(llvm::outs());
    return 0;
  }
  if (Error error = run(flags))
    return printError(std::move(error));
  return 0;
}
