//===- HloTables.cpp - what XLA's assignment saw and chose ----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads the CSV files that the TPU compiler dumps beside a module, and compares
// a program that was rebuilt from the text with them.
//
//===----------------------------------------------------------------------===//

#include "mempl/Frontend/Xla/HloImport.h"
#include "mempl/Support/FileIO.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"

#include <set>

using namespace mempl;
using namespace mempl::hlo;
using llvm::Error;
using llvm::StringRef;
using llvm::Twine;

/// Differences that are printed; the rest is only counted.
static constexpr size_t kMaxDifferences = 20;

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

/// Fields of one line; quotes hold commas together.
static std::vector<std::string> splitLine(StringRef line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (char c : line.rtrim('\r')) {
    if (c == '"')
      quoted = !quoted;
    else if (c == ',' && !quoted)
      fields.emplace_back();
    else
      fields.back() += c;
  }
  return fields;
}

namespace {

/// The rows of one table.
class TableReader {
public:
  TableReader(StringRef path, AssignmentTables &tables)
      : path(path), tables(tables) {}
  Error read(StringRef text);

private:
  Error readRow(const std::vector<std::string> &row);
  Error readBuffer(const std::vector<std::string> &row);
  bool integer(StringRef text, int64_t &value) const {
    return !text.trim().getAsInteger(10, value);
  }
  Error error(const Twine &expected) const {
    return fileError(path, line, "expected " + expected);
  }

  enum class Kind : uint8_t { Buffers, Allocations, Schedule };
  std::string path;
  AssignmentTables &tables;
  Kind kind = Kind::Buffers;
  int64_t line = 1;
};

} // namespace

/// `<142 p__f2__.1>` or `<2807 fusion.619{1}>`.
static bool definitionName(StringRef text, std::string &name) {
  if (!text.consume_front("<") || !text.consume_back(">"))
    return false;
  auto [number, rest] = text.split(' ');
  int64_t ignored = 0;
  // What follows an @ says how the value is split in phases.
  name = rest.split(' ').first.split('@').first.str();
  return !name.empty() && !number.getAsInteger(10, ignored);
}

Error TableReader::readBuffer(const std::vector<std::string> &row) {
  AssignmentTables::BufferRow r;
  if (!integer(row[0], r.id) || !definitionName(row[1], r.name))
    return error("a number and a name like '<12 fusion.1>'");
  if (StringRef(row[2]).trim().getAsDouble(r.benefit))
    return error("a number as benefit");
  if (!integer(row[3], r.size) || r.size < 0 || !integer(row[4], r.definition))
    return error("a size and a time");
  llvm::SmallVector<StringRef> parts;
  StringRef(row[5]).split(parts, ';', -1, /*KeepEmpty=*/false);
  for (StringRef part : parts) {
    int64_t time = 0;
    if (!integer(part, time))
      return error("times of uses");
    r.useTimes.push_back(time);
  }
  parts.clear();
  StringRef(row[6]).split(parts, ';', -1, /*KeepEmpty=*/false);
  for (StringRef part : parts)
    r.useNames.push_back(part.trim().str());
  tables.buffers.push_back(std::move(r));
  return Error::success();
}

Error TableReader::readRow(const std::vector<std::string> &row) {
  size_t columns = kind == Kind::Buffers       ? 7
                   : kind == Kind::Allocations ? 5
                                               : 2;
  if (row.size() < columns)
    return error(Twine(columns) + " fields");
  if (kind == Kind::Buffers)
    return readBuffer(row);
  if (kind == Kind::Schedule) {
    int64_t time = 0;
    if (!integer(row[0], time))
      return error("a time and the name of an instruction");
    tables.timeOf[StringRef(row[1]).trim().str()] = time;
    return Error::success();
  }
  AssignmentTables::AllocationRow r;
  if (!integer(row[0], r.id) || !integer(row[1], r.size) ||
      !integer(row[2], r.offset) || !integer(row[3], r.start) ||
      !integer(row[4], r.end) || r.size < 0 || r.offset < 0)
    return error("five numbers");
  tables.allocations.push_back(r);
  return Error::success();
}

Error TableReader::read(StringRef text) {
  auto [header, rest] = text.split('\n');
  if (header.starts_with("buffer_id,buffer_name,"))
    kind = Kind::Buffers;
  else if (header.starts_with("buffer_id,size,offset,"))
    kind = Kind::Allocations;
  else if (header.starts_with("time,instruction_name"))
    kind = Kind::Schedule;
  else
    return error("the columns of a bufferinfo, allocinfo or scheduleinfo "
                 "table");
  while (!rest.empty()) {
    ++line;
    auto [first, tail] = rest.split('\n');
    rest = tail;
    if (first.trim().empty())
      continue;
    if (Error e = readRow(splitLine(first)))
      return e;
  }
  return Error::success();
}

Error hlo::parseTable(StringRef text, StringRef path,
                      AssignmentTables &tables) {
  return TableReader(path, tables).read(text);
}

Error hlo::readTable(StringRef path, AssignmentTables &tables) {
  auto text = readFile(path);
  if (!text)
    return text.takeError();
  return parseTable(*text, path, tables);
}

llvm::Expected<AssignmentTables> hlo::readTablesBeside(StringRef hloPath) {
  AssignmentTables tables;
  StringRef stem = hloPath;
  stem.consume_back(".gz");
  if (!stem.consume_back(".txt"))
    return tables;
  stem.consume_back(".hlo");
  for (StringRef table : {"bufferinfo", "allocinfo", "scheduleinfo"})
    for (StringRef ending : {".csv", ".csv.gz"}) {
      std::string path = (stem + "." + table + ending).str();
      if (!llvm::sys::fs::exists(path))
        continue;
      if (Error e = readTable(path, tables))
        return std::move(e);
      break;
    }
  return tables;
}

//===----------------------------------------------------------------------===//
// Comparing
//===----------------------------------------------------------------------===//

namespace {

class TableComparison {
public:
  TableComparison(const Module &module, const ModuleProgram &program,
                  const AssignmentTables &tables)
      : module(module), program(program), tables(tables) {}
  TableCheck run();

private:
  void index();
  void compare(const AssignmentTables::BufferRow &row);
  void compareUses(const AssignmentTables::BufferRow &row,
                   const Buffer &buffer);
  void compareTimes();
  void differ(const Twine &text) {
    if (result.differences.size() < kMaxDifferences)
      result.differences.push_back(text.str());
  }
  const Instruction &instruction(int32_t computation, int32_t index) const {
    return module.computations[computation].instructions[index];
  }

  const Module &module;
  const ModuleProgram &program;
  const AssignmentTables &tables;
  TableCheck result;
  std::map<std::string, int32_t> bufferOf; ///< By definition or write.
  llvm::StringSet<> stepNames;
  std::vector<int64_t> rowOf; ///< By buffer: the row that has it, or -1.
};

} // namespace

void TableComparison::index() {
  rowOf.assign(program.buffers.size(), -1);
  for (size_t b = 0; b < program.buffers.size(); ++b) {
    bufferOf.insert({program.buffers[b].name, b});
    for (const Site &site : program.buffers[b].writes)
      bufferOf.insert({siteName(module, site), b});
  }
  for (const Level &level : program.levels)
    for (const ProgramStep &step : level.steps)
      if (step.body < 0)
        stepNames.insert(instruction(step.computation, step.instruction).name);
}

void TableComparison::compareUses(const AssignmentTables::BufferRow &row,
                                  const Buffer &buffer) {
  // The table lists what renames an array beside what reads it.
  std::set<std::string> theirs, ours;
  for (StringRef use : row.useNames) {
    std::string name = use.split(',').first.trim().str();
    if (stepNames.contains(name))
      theirs.insert(std::move(name));
  }
  for (const Use &use : buffer.uses)
    ours.insert(instruction(use.computation, use.instruction).name);
  result.uses += theirs.size();
  bool same = true;
  for (const std::string &name : theirs) {
    bool found = ours.count(name);
    result.usesFound += found;
    same &= found;
    if (!found)
      differ(row.name + ": " + name + " does not read it here");
  }
  for (const std::string &name : ours)
    if (!theirs.count(name)) {
      ++result.usesExtra;
      same = false;
      differ(row.name + ": " + name + " reads it only here");
    }
  result.sameUses += same;
}

void TableComparison::compare(const AssignmentTables::BufferRow &row) {
  ++result.rows;
  result.bytes += row.size;
  auto it = bufferOf.find(row.name);
  if (it == bufferOf.end()) {
    differ(row.name + ": is no buffer here (" + Twine(row.size) + " bytes)");
    return;
  }
  const Buffer &buffer = program.buffers[it->second];
  ++result.found;
  result.foundBytes += row.size;
  // The table may list one buffer twice.
  if (rowOf[it->second] >= 0 &&
      tables.buffers[rowOf[it->second]].name != row.name) {
    ++result.shared;
    differ(row.name + ": is one buffer with " +
           tables.buffers[rowOf[it->second]].name + " here");
  }
  rowOf[it->second] = &row - tables.buffers.data();
  if (buffer.size == row.size) {
    ++result.sameSize;
    result.sameSizeBytes += row.size;
  } else {
    differ(row.name + ": " + Twine(buffer.size) + " bytes here, " +
           Twine(row.size) + " in the table");
  }
  compareUses(row, buffer);
}

void TableComparison::compareTimes() {
  for (const Level &level : program.levels) {
    int64_t before = -1;
    for (const ProgramStep &step : level.steps) {
      const std::string &name =
          instruction(step.computation, step.instruction).name;
      auto it = tables.timeOf.find(name);
      if (it == tables.timeOf.end())
        continue;
      ++result.steps;
      if (it->second <= before) {
        ++result.outOfOrder;
        differ(name + ": stands later here than in the schedule");
      }
      before = std::max(before, it->second);
    }
  }
}

TableCheck TableComparison::run() {
  index();
  for (const AssignmentTables::BufferRow &row : tables.buffers)
    compare(row);
  compareTimes();
  return std::move(result);
}

TableCheck hlo::checkTables(const Module &module, const ModuleProgram &program,
                            const AssignmentTables &tables) {
  return TableComparison(module, program, tables).run();
}
