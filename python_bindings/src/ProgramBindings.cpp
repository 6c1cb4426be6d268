//===- ProgramBindings.cpp - MLIR and HLO text in Python ------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The only bindings that know MLIR. Text goes in and out; a context lives as
// long as a call.
//
//===----------------------------------------------------------------------===//

#include "Bindings.h"
#include "Support.h"

#include "mempl/Analysis/Target.h"
#include "mempl/Frontend/Xla/HloFile.h"
#include "mempl/Frontend/Xla/XlaOverrides.h"
#include "mempl/Problem/Plan.h"
#include "mempl/Problem/Verifier.h"
#include "mempl/Register/Register.h"
#include "mempl/Support/Units.h"
#include "mempl/Transforms/Passes.h"
#include "mempl/Transforms/ProgramInput.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Remarks.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"

#include "llvm/Support/SourceMgr.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

using namespace mempl;
using namespace mempl::python;

namespace {

struct PlacementRemark {
  std::string kind, name, function, message, file;
  int64_t line = 0, column = 0;

  void locate(mlir::Location loc) {
    if (auto place = loc->findInstanceOf<mlir::FileLineColLoc>()) {
      file = place.getFilename().str();
      line = place.getLine();
      column = place.getColumn();
    }
  }
  std::string str() const {
    return file + ":" + std::to_string(line) + ":" + std::to_string(column) +
           ": " + kind + ": " + message;
  }
};

struct Placed {
  std::string text;
  std::vector<PlacementRemark> remarks;
};

const char *kindOf(llvm::remarks::Type type) {
  switch (type) {
  case llvm::remarks::Type::Passed:
    return "passed";
  case llvm::remarks::Type::Missed:
    return "missed";
  case llvm::remarks::Type::Failure:
    return "failed";
  default:
    return "analysis";
  }
}

/// Keeps remarks of the engine.
class RemarkKeeper : public mlir::remark::detail::MLIRRemarkStreamerBase {
public:
  explicit RemarkKeeper(std::vector<PlacementRemark> &kept) : kept(kept) {}
  void streamOptimizationRemark(
      const mlir::remark::detail::Remark &remark) override {
    PlacementRemark row;
    row.kind = kindOf(remark.getRemarkType());
    row.name = remark.getRemarkName().str();
    row.function = remark.getFunction().str();
    for (const auto &arg : remark.getArgs())
      row.message += arg.val;
    row.locate(remark.getLocation());
    kept.push_back(std::move(row));
  }

private:
  std::vector<PlacementRemark> &kept;
};

/// What the diagnostics of a context come to: the first error, and remarks.
class DiagnosticKeeper {
public:
  DiagnosticKeeper(mlir::MLIRContext &context, std::string file,
                   std::vector<PlacementRemark> &kept)
      : file(std::move(file)),
        handler(&context, [this, &kept](mlir::Diagnostic &diagnostic) {
          PlacementRemark row;
          row.locate(diagnostic.getLocation());
          row.message = diagnostic.str();
          if (diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error) {
            if (error.empty())
              error = errorText(row);
            return mlir::success();
          }
          row.kind =
              diagnostic.getSeverity() == mlir::DiagnosticSeverity::Warning
                  ? "warning"
                  : "note";
          kept.push_back(std::move(row));
          return mlir::success();
        }) {}

  [[noreturn]] void fail() const {
    throw PythonError{error.empty() ? file + ": error: expected valid MLIR"
                                    : error};
  }

private:
  std::string errorText(const PlacementRemark &row) const {
    std::string where = file;
    if (row.line > 0)
      where = row.file + ":" + std::to_string(row.line) + ":" +
              std::to_string(row.column);
    return where + ": error: " + row.message;
  }

  std::string file, error;
  mlir::ScopedDiagnosticHandler handler;
};

Placed place(const std::string &text, const std::string &file,
             const mempl::ir::LearnedMemoryPlacementOptions &options) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  mempl::ir::registerDialect(registry);
  Placed placed;
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  DiagnosticKeeper diagnostics(context, file, placed.remarks);
  mlir::remark::RemarkCategories categories;
  for (auto *filter : {&categories.passed, &categories.missed,
                       &categories.analysis, &categories.failed})
    *filter = "mempl.*";
  (void)mlir::remark::enableOptimizationRemarks(
      context, std::make_unique<RemarkKeeper>(placed.remarks),
      std::make_unique<mlir::remark::RemarkEmittingPolicyAll>(), categories);
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(llvm::MemoryBuffer::getMemBufferCopy(text, file),
                             llvm::SMLoc());
  auto module = mlir::parseSourceFile<mlir::ModuleOp>(sources, &context);
  if (!module)
    diagnostics.fail();
  mlir::PassManager passes(&context, mlir::ModuleOp::getOperationName());
  passes.addPass(mempl::ir::createLearnedMemoryPlacement(options));
  if (failed(passes.run(*module)))
    diagnostics.fail();
  llvm::raw_string_ostream os(placed.text);
  module->print(os);
  return placed;
}

mempl::ir::HloFileOptions
hloOptions(const std::string &path, std::optional<std::string> text,
           const std::string &target, const std::string &cost,
           std::optional<int64_t> capacity, std::optional<int64_t> maxCarried) {
  mempl::ir::HloFileOptions options;
  options.path = path;
  options.text = std::move(text);
  options.target = target;
  options.cost = cost;
  options.capacity = capacity;
  options.maxCarried = maxCarried;
  return options;
}

std::pair<Instance, std::optional<Plan>>
readHlo(const std::string &path, std::optional<std::string> text,
        const std::string &target, const std::string &cost,
        std::optional<int64_t> capacity, std::optional<int64_t> maxCarried,
        bool wantsPlan, bool wantsWhole, bool freeOrder) {
  std::unique_ptr<mempl::ir::HloFile> file;
  std::optional<Plan> plan;
  {
    nb::gil_scoped_release release;
    mempl::ir::HloFileOptions options =
        hloOptions(path, std::move(text), target, cost, capacity, maxCarried);
    options.freeOrder = freeOrder;
    file = unwrap(mempl::ir::readHloFile(options));
    if (wantsPlan && wantsWhole && !file->hasXlaPlan)
      throw PythonError{path +
                        ": error: expected text after scheduling and memory "
                        "space assignment (is_scheduled=true, arrays in S(1)): "
                        "there is no plan of XLA in it"};
    if (wantsPlan) {
      hlo::XlaPlanNotes notes;
      plan = unwrap(hlo::buildXlaPlan(file->module, file->program,
                                      file->imported, file->tables, notes));
      if (wantsWhole && notes.dropped > 0)
        throw PythonError{path +
                          ": error: XLA's own plan is not valid on this "
                          "machine: " +
                          (notes.problems.empty() ? "it does not fit"
                                                  : notes.problems.back())};
      if (notes.inTransfers > 0)
        file->warnings.push_back(mempl::ir::partialPlanWarning(*file, notes));
    }
  }
  for (const std::string &line : file->warnings)
    if (PyErr_WarnEx(PyExc_UserWarning, line.c_str(), 1) < 0)
      throw nb::python_error();
  return {std::move(file->imported.instance), std::move(plan)};
}

/// The compile options as JSON, and the decisions one by one.
std::pair<std::string, std::vector<hlo::XlaDecision>>
xlaConstraints(const std::string &path, std::optional<std::string> text,
               const std::string &target, const std::string &cost,
               std::optional<int64_t> capacity,
               std::optional<int64_t> maxCarried, const Plan &plan) {
  nb::gil_scoped_release release;
  auto file = unwrap(mempl::ir::readHloFile(
      hloOptions(path, std::move(text), target, cost, capacity, maxCarried)));
  const Instance &instance = file->imported.instance;
  for (const Violation &violation : verify(instance, plan))
    throw PythonError{path +
                      ": error: expected a valid plan: " + violation.str()};
  auto decisions =
      hlo::xlaDecisions(file->module, file->program, file->imported, plan);
  std::string options;
  llvm::raw_string_ostream os(options);
  hlo::writeXlaOptions(os, plan, decisions);
  return {std::move(options), std::move(decisions)};
}

using ServedRow = std::tuple<std::string, std::string, int64_t>;

/// Accesses of a level, and of the loops in it, that XLA has in fast memory.
void addServed(const mempl::ir::HloFile &file, int32_t level,
               const Program &program, std::vector<ServedRow> &rows) {
  const auto &steps = file.program.levels[level].steps;
  for (auto [step, theirs] : llvm::zip_equal(program.steps, steps)) {
    for (auto [access, their] : llvm::zip_equal(step.accesses, theirs.accesses))
      if (their.fast)
        rows.push_back(
            {program.values[access.value].name, step.name, access.bytes});
    if (step.body && theirs.body >= 0)
      addServed(file, theirs.body, *step.body, rows);
  }
}

std::vector<ServedRow> xlaServed(const std::string &path,
                                 std::optional<std::string> text,
                                 const std::string &target) {
  nb::gil_scoped_release release;
  // Bytes as they are: other cost models scale them.
  auto file = unwrap(mempl::ir::readHloFile(hloOptions(
      path, std::move(text), target, "roofline", std::nullopt, std::nullopt)));
  std::vector<ServedRow> rows;
  addServed(*file, 0, file->imported.instance.program, rows);
  return rows;
}

const char *actionOf(const hlo::XlaDecision &decision) {
  switch (decision.kind) {
  case hlo::XlaDecision::Kind::Pin:
    return "pin";
  case hlo::XlaDecision::Kind::Prefetch:
    return "prefetch";
  case hlo::XlaDecision::Kind::KeepSlow:
    break;
  }
  return "keep-slow";
}

void bindXla(nb::module_ &m) {
  using hlo::XlaDecision;
  nb::class_<XlaDecision>(
      m, "XlaDecision",
      "One thing that a plan does otherwise than XLA, as a constraint for XLA.")
      .def_prop_ro("action", &actionOf,
                   "\"pin\": this output is in fast memory from its definition "
                   "on; \"prefetch\": this operand is copied in for this "
                   "instruction; \"keep-slow\": this output stays in slow "
                   "memory.")
      .def_ro("value", &XlaDecision::value, "Name of the instance's value.")
      .def_ro("instruction", &XlaDecision::instruction,
              "Whose output or operand it is about.")
      .def_prop_ro(
          "operand",
          [](const XlaDecision &d) {
            return d.operand >= 0 ? std::optional(d.operand) : std::nullopt;
          },
          "Number of the operand of a prefetch, else None.")
      .def_ro("seconds", &XlaDecision::seconds,
              "Seconds of slow traffic that the plan saves by it; of "
              "\"keep-slow\", minus those that it gives away.")
      .def_ro("proto", &XlaDecision::proto,
              "An element of the option xla_tpu_msa_tensor_overrides. Strict: "
              "XLA refuses to compile where it cannot follow.")
      .def_ro("first", &XlaDecision::first,
              "The wish that XLA looks for a place for this value before "
              "others, which it never refuses: an element of the option "
              "xla_tpu_msa_sort_order_overrides. Empty for \"keep-slow\".")
      .def("__repr__", [](const XlaDecision &d) {
        return std::string("<mempl.XlaDecision, ") + actionOf(d) + " " +
               d.value + " at " + d.instruction + ">";
      });
  m.def("xla_served", &xlaServed, nb::arg("path"), nb::kw_only(),
        nb::arg("text") = nb::none(), nb::arg("target"),
        "Accesses that XLA has in fast memory, loops included: name of the "
        "value, name of the step, bytes.");
  m.def("xla_constraints", &xlaConstraints, nb::arg("path"), nb::kw_only(),
        nb::arg("text") = nb::none(), nb::arg("target"), nb::arg("cost"),
        nb::arg("capacity") = nb::none(), nb::arg("max_carried") = nb::none(),
        nb::arg("plan"),
        "What mempl.xla.decisions() and mempl.xla.options() call: the compile "
        "options as JSON, and the decisions, the most valuable first.");
}

void bindPlace(nb::module_ &m) {
  nb::class_<PlacementRemark>(m, "Remark", "What the pass says.")
      .def_ro("kind", &PlacementRemark::kind,
              "\"passed\" (a value is placed in fast memory), \"missed\" (it "
              "is not), \"analysis\", \"failed\", \"warning\" or \"note\".")
      .def_ro("name", &PlacementRemark::name,
              "\"Placed\", \"LeftSlow\", \"Program\"; empty for notes.")
      .def_ro("function", &PlacementRemark::function)
      .def_ro("message", &PlacementRemark::message)
      .def_ro("file", &PlacementRemark::file)
      .def_ro("line", &PlacementRemark::line, "From 1; 0: not known.")
      .def_ro("column", &PlacementRemark::column, "From 1; 0: not known.")
      .def("__str__", &PlacementRemark::str)
      .def("__repr__", [](const PlacementRemark &r) {
        return "<mempl.Remark " + r.str() + ">";
      });
  nb::class_<Placed>(m, "Placed", "A placed module.")
      .def_ro("text", &Placed::text, "MLIR.")
      .def_prop_ro(
          "remarks", [](const Placed &p) { return p.remarks; },
          "List of Remark, in the order in which the pass made them.")
      .def("__str__", [](const Placed &p) { return p.text; });
  m.def(
      "place",
      [](const std::string &text, const std::string &file,
         const std::string &target, const std::string &solver,
         const std::string &capacity, int64_t budget, int64_t timeLimitMs,
         uint64_t seed, int threads, const std::string &fallback, bool reorder,
         bool tile, const std::string &profile) {
        mempl::ir::LearnedMemoryPlacementOptions options;
        options.solverName = solver;
        options.target = target;
        options.capacity = capacity;
        options.budget = budget;
        options.timeLimitMs = timeLimitMs;
        options.seed = seed;
        options.threads = threads;
        options.fallback = fallback;
        options.reorder = reorder;
        options.tile = tile;
        options.profile = profile;
        nb::gil_scoped_release release;
        return place(text, file, options);
      },
      nb::arg("text"), nb::kw_only(), nb::arg("file"), nb::arg("target"),
      nb::arg("solver"), nb::arg("capacity"), nb::arg("budget"),
      nb::arg("time_limit_ms"), nb::arg("seed"), nb::arg("threads"),
      nb::arg("fallback"), nb::arg("reorder"), nb::arg("tile"),
      nb::arg("profile"), "What mempl.place() calls.");
}

} // namespace

void mempl::python::bindPrograms(nb::module_ &m) {
  bindPlace(m);
  bindXla(m);
  m.def(
      "parse_mlir",
      [](const std::string &text, const std::string &file,
         const std::string &target, const std::string &function,
         const std::string &profile, bool reorder) {
        nb::gil_scoped_release release;
        return unwrap(parseMlirInstance(text, file, target, function, profile,
                                        /*unknowns=*/nullptr, reorder));
      },
      nb::arg("text"), nb::kw_only(), nb::arg("file"), nb::arg("target"),
      nb::arg("function"), nb::arg("profile"), nb::arg("reorder"),
      "What mempl.loads() calls for MLIR.");
  m.def(
      "read_mlir",
      [](const std::string &path, const std::string &target,
         const std::string &function, const std::string &profile,
         bool reorder) {
        nb::gil_scoped_release release;
        return unwrap(readMlirInstance(path, target, function, profile,
                                       /*unknowns=*/nullptr, reorder));
      },
      nb::arg("path"), nb::kw_only(), nb::arg("target"), nb::arg("function"),
      nb::arg("profile"), nb::arg("reorder"),
      "What mempl.load() calls for MLIR.");
  m.def("read_hlo", &readHlo, nb::arg("path"), nb::kw_only(),
        nb::arg("text") = nb::none(), nb::arg("target"), nb::arg("cost"),
        nb::arg("capacity") = nb::none(), nb::arg("max_carried") = nb::none(),
        nb::arg("xla_plan") = false, nb::arg("whole") = true,
        nb::arg("free_order") = false,
        "What mempl.load() and mempl.load_xla() call for HLO text. Without "
        "`whole`, what is not valid of XLA's own plan is left out of it.");
  m.def(
      "is_hlo_name",
      [](const std::string &path) { return mempl::ir::isHloFileName(path); },
      nb::arg("path"), "Whether a file of this name is HLO text.");
  m.def(
      "target_machine",
      [](const std::string &target) {
        return unwrap(readTargetMachine(target));
      },
      nb::arg("target"),
      "The Machine of a target: a preset (see targets()), or a file with a "
      "target or a machine. Raises mempl.Error.");
  m.def("targets", &mempl::ir::targetNames,
        "Names of the targets that come with mempl.");
  m.def(
      "parse_size",
      [](const std::string &text) { return unwrap(parseSize(text)); },
      nb::arg("text"),
      "Bytes of a text such as \"32MiB\". Raises mempl.Error.");
}
