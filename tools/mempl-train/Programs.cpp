//===- Programs.cpp - the programs of a training run ----------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each file gives one program for every cost model and every amount of fast
// memory that was asked for.
//
//===----------------------------------------------------------------------===//

#include "Programs.h"
#include "ToolErrors.h"

#include "mempl/Frontend/Xla/HloFile.h"
#include "mempl/Problem/ProblemIO.h"
#include "mempl/Support/FileIO.h"
#include "mempl/Support/Units.h"
#include "mempl/Transforms/ProgramInput.h"

#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace mempl;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;

namespace {

class Programs {
public:
  explicit Programs(const ProgramOptions &options) : options(options) {}

  Error addAll(llvm::ArrayRef<std::string> paths, bool isValidation);
  std::vector<TrainingProgram> list;

private:
  Error addFile(const std::string &path, bool isValidation);
  Error add(Instance instance, const std::string &name, bool isValidation);

  const ProgramOptions &options;
  llvm::StringSet<> names;
};

} // namespace

static bool isJson(StringRef path) {
  path.consume_back(".gz");
  return path.ends_with(".json");
}

Error Programs::addAll(llvm::ArrayRef<std::string> paths, bool isValidation) {
  for (const std::string &path : paths) {
    if (!llvm::sys::fs::is_directory(path)) {
      if (Error error = addFile(path, isValidation))
        return error;
      continue;
    }
    std::error_code ec;
    std::vector<std::string> files;
    for (llvm::sys::fs::directory_iterator it(path, ec), end; it != end && !ec;
         it.increment(ec))
      if (StringRef(it->path()).contains(".instance.json") ||
          mempl::ir::isHloFileName(it->path()) || isMlirFileName(it->path()))
        files.push_back(it->path());
    if (ec)
      return fileError(path, 0, ec.message());
    if (files.empty())
      return fileError(path, 0,
                       "expected .instance.json, .hlo.txt or .mlir files in "
                       "this folder");
    llvm::sort(files);
    for (const std::string &file : files)
      if (Error error = addFile(file, isValidation))
        return error;
  }
  return Error::success();
}

Error Programs::addFile(const std::string &path, bool isValidation) {
  std::string name = llvm::sys::path::filename(path).split('.').first.str();
  if (mempl::ir::isHloFileName(path)) {
    for (const std::string &cost : options.costs) {
      mempl::ir::HloFileOptions hlo;
      hlo.path = path;
      hlo.target = options.target;
      hlo.cost = cost;
      auto file = mempl::ir::readHloFile(hlo);
      if (!file)
        return file.takeError();
      if (Error error =
              add((*file)->imported.instance, name + "." + cost, isValidation))
        return error;
    }
    return Error::success();
  }
  if (!isJson(path) && !isMlirFileName(path))
    return fileError(path, 0, "expected a .json, .hlo.txt or .mlir file");
  auto instance = isMlirFileName(path)
                      ? readMlirInstance(path, options.target, /*function=*/"")
                      : readInstance(path);
  if (!instance)
    return instance.takeError();
  if (isJson(path) && !instance->name.empty())
    name = instance->name;
  return add(std::move(*instance), name, isValidation);
}

Error Programs::add(Instance instance, const std::string &name,
                    bool isValidation) {
  for (int64_t capacity : options.capacities) {
    Instance limited = instance;
    Machine machine = instance.machine;
    std::string unique = name;
    if (capacity > 0) {
      machine.capacity = capacity - capacity % machine.alignment;
      unique += "." + formatBytes(capacity);
      llvm::erase(unique, ' ');
    }
    limited.machine = machine;
    auto faults = checkInstance(limited);
    if (!faults.empty())
      return toolError(name + " with " + formatBytes(machine.capacity) + ": " +
                       faults.front().str());
    // Files of one name in several folders are told apart by a number.
    std::string candidate = unique;
    for (int k = 2; !names.insert(candidate).second; ++k)
      candidate = unique + "." + std::to_string(k);
    list.push_back({candidate, std::move(limited), isValidation});
  }
  return Error::success();
}

Expected<std::vector<TrainingProgram>>
mempl::readPrograms(const ProgramOptions &options) {
  Programs programs(options);
  if (Error error = programs.addAll(options.paths, /*isValidation=*/false))
    return error;
  if (Error error = programs.addAll(options.validation, /*isValidation=*/true))
    return error;
  return std::move(programs.list);
}
