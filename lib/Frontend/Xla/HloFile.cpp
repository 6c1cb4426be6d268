//===- HloFile.cpp - a file of HLO text for a target ----------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Frontend/Xla/HloFile.h"

#include "mempl/Frontend/Xla/HloCopies.h"

#include "mempl/Analysis/Target.h"
#include "mempl/Frontend/Xla/HloParser.h"
#include "mempl/Support/FileIO.h"

#include "llvm/Support/Path.h"

using namespace mlir;
using namespace mempl::ir;
namespace hlo = mempl::hlo;
using llvm::Expected;
using llvm::StringRef;

bool mempl::ir::isHloFileName(StringRef path) {
  path.consume_back(".gz");
  return path.ends_with(".hlo") || path.ends_with(".hlo.txt");
}

/// The file's name without folder and endings.
static std::string programName(StringRef path) {
  StringRef name = llvm::sys::path::filename(path);
  name.consume_back(".gz");
  name.consume_back(".txt");
  name.consume_back(".hlo");
  return name.str();
}

static Expected<hlo::ImportTarget> importTarget(const HloFileOptions &options) {
  if (options.target.empty())
    return mempl::fileError(options.path, 0,
                            "HLO text does not say which machine it is for: "
                            "give --target");
  auto description = loadTarget(options.target);
  if (!description)
    return description.takeError();
  hlo::ImportTarget target;
  target.machine = description->machine;
  target.matrixOpsPerSecond = description->matrix.rateFor("bf16");
  target.vectorOpsPerSecond = description->vector.rateFor("f32");
  target.clock = description->clock;
  mempl::Machine &machine = target.machine;
  if (options.maxCarried)
    machine.maxCarried = *options.maxCarried;
  if (options.capacity) {
    if (*options.capacity % machine.alignment != 0)
      return mempl::fileError(
          options.path, 0,
          "expected a capacity that is a multiple of the alignment of " +
              llvm::Twine(machine.alignment) + " bytes, found " +
              llvm::Twine(*options.capacity));
    machine.capacity = *options.capacity;
  }
  return target;
}

static std::string warning(const HloFile &file, int64_t line,
                           const llvm::Twine &text) {
  return (file.module.file + ":" + llvm::Twine(line) + ": warning: " + text)
      .str();
}

/// "1 copy", "2 copies".
static std::string counted(int64_t count, StringRef one, StringRef many) {
  return (llvm::Twine(count) + " " + (count == 1 ? one : many)).str();
}

static void addWarnings(HloFile &file, int64_t copies) {
  const hlo::Module &module = file.module;
  auto add = [&](int64_t line, const llvm::Twine &text) {
    file.warnings.push_back(warning(file, line, text));
  };
  if (module.nextModule > 0)
    add(module.nextModule, "another module begins here; only the first, '" +
                               module.name + "', is read");
  std::string added = "; " +
                      counted(copies, "copy is added", "copies are added") +
                      " without which a value would be overwritten that is "
                      "needed later";
  if (!hlo::isScheduled(module))
    add(module.line, "the text is not scheduled (no is_scheduled=true): its "
                     "order is taken as it stands, and it has no plan of XLA" +
                         (copies > 0 ? added : ""));
  else if (copies > 0)
    add(module.line,
        "the text is said to be scheduled, but lacks copies" + added);
  if (int64_t count = file.program.notes.onHost)
    add(module.line, counted(count, "array is", "arrays are") +
                         " in the memory of the host, S(5), and not planned");
}

std::string mempl::ir::noXlaPlanWarning(const HloFile &file) {
  return warning(file, file.module.line,
                 "XLA's memory space assignment has not run on this text (no "
                 "array is in S(1)): it has no plan of XLA");
}

std::string mempl::ir::partialPlanWarning(const HloFile &file,
                                          const hlo::XlaPlanNotes &notes) {
  if (notes.inTransfers == 0)
    return "";
  return warning(file, file.module.line,
                 "XLA keeps " + counted(notes.inTransfers, "array", "arrays") +
                     " in fast memory during transfers, which a plan cannot "
                     "say: its plan is not complete");
}

Expected<std::unique_ptr<HloFile>>
mempl::ir::readHloFile(const HloFileOptions &options) {
  auto file = std::make_unique<HloFile>();
  auto target = importTarget(options);
  if (!target)
    return target.takeError();
  file->target = *target;
  hlo::ImportOptions import;
  if (options.cost == "roofline")
    import.cost = hlo::CostModel::Roofline;
  else if (options.cost == "calibrated")
    import.cost = hlo::CostModel::Calibrated;
  else if (options.cost != "compiler")
    return mempl::fileError(options.path, 0,
                            "expected the cost model compiler, roofline or "
                            "calibrated, found '" +
                                options.cost + "'");
  if (options.reserveScoped)
    import.scopedOutside = 0;
  import.freeOrder = options.freeOrder;
  auto module = options.text ? hlo::parseModule(*options.text, options.path)
                             : hlo::readModule(options.path);
  if (!module)
    return module.takeError();
  file->module = std::move(*module);
  int64_t copies = hlo::insertCopies(file->module);
  auto program = hlo::readProgram(file->module);
  if (!program)
    return program.takeError();
  file->program = std::move(*program);
  auto imported =
      hlo::buildInstance(file->module, file->program, file->target, import);
  if (!imported)
    return imported.takeError();
  file->imported = std::move(*imported);
  // Modules have names like jit_forward; files tell programs apart.
  if (isHloFileName(options.path))
    file->imported.instance.name = programName(options.path);
  auto tables = hlo::readTablesBeside(options.path);
  if (!tables)
    return tables.takeError();
  file->tables = std::move(*tables);
  file->hasXlaPlan =
      hlo::isScheduled(file->module) && hlo::hasAssignment(file->module);
  addWarnings(*file, copies);
  return std::move(file);
}
