//===- Target.cpp - descriptions of machines ------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Analysis/Target.h"

#include "mempl/Problem/ProblemIO.h"
#include "mempl/Support/FileIO.h"
#include "mempl/Support/Json.h"
#include "mempl/Support/Suggest.h"
#include "mempl/Support/Units.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"

using namespace mlir;
using namespace mempl::ir;
using llvm::Expected;
using llvm::StringRef;
using mempl::JsonCursor;

namespace {
struct Preset {
  const char *name;
  const char *text;
};
} // namespace

// const Preset kPresets[]: the files of targets/, sorted by name.
#include "TargetPresets.inc"

double ComputeRates::rateFor(StringRef type) const {
  auto it = byType.find(type.str());
  if (it != byType.end())
    return it->second;
  double slowest = byType.begin()->second;
  for (const auto &[name, rate] : byType)
    slowest = std::min(slowest, rate);
  return slowest;
}

static ComputeRates ratesFrom(const JsonCursor &at) {
  ComputeRates rates;
  if (!at.expectObject())
    return rates;
  for (size_t i = 0; i < at.size(); ++i) {
    double rate = at.element(i).number();
    if (!(rate > 0))
      at.element(i).expected("a positive number of operations per second");
    rates.byType[at.keyOf(i).str()] = rate;
  }
  if (rates.byType.empty())
    at.expected("the rate of at least one type");
  return rates;
}

static constexpr size_t kLongestType = 64; // complex<f8E4M3B11FNUZ> has 22.

/// Whether MLIR prints an element type like this. Types of dialects are taken
/// on trust.
static bool isElementType(StringRef name, MLIRContext &context) {
  if (name.starts_with("!"))
    return true;
  // Types nest, and MLIR's parser recurses.
  if (name.size() > kLongestType)
    return false;
  ScopedDiagnosticHandler quiet(&context, [](Diagnostic &) {});
  Type type = parseType(name, &context);
  if (!type || !(type.isIntOrIndexOrFloat() || isa<ComplexType>(type)))
    return false;
  std::string printed;
  llvm::raw_string_ostream(printed) << type;
  return printed == name;
}

/// What MLIR calls a type with the name that other languages give it; empty
/// where that is not known.
static std::string nameInMlir(StringRef name) {
  std::string lower = name.lower();
  StringRef rest = lower;
  rest.consume_back("_t");
  static constexpr std::pair<llvm::StringLiteral, llvm::StringLiteral>
      kPrefixes[] = {{"bfloat", "bf"}, {"bf", "bf"}, {"float", "f"},
                     {"fp", "f"},      {"f", "f"},   {"uint", "i"},
                     {"sint", "i"},    {"int", "i"}, {"ui", "i"},
                     {"si", "i"},      {"i", "i"},   {"u", "i"},
                     {"s", "i"}};
  for (auto [prefix, ours] : kPrefixes) {
    StringRef bits = rest;
    if (bits.consume_front(prefix) && !bits.empty() &&
        llvm::all_of(bits, llvm::isDigit))
      return (ours + bits).str();
  }
  if (rest == "half")
    return "f16";
  if (rest == "float")
    return "f32";
  if (rest == "double")
    return "f64";
  return "";
}

std::string mempl::ir::describeUnknownTypes(const TargetDescription &target) {
  MLIRContext context(MLIRContext::Threading::DISABLED);
  size_t count = 0;
  std::vector<std::string> unknown;
  for (const ComputeRates *rates : {&target.matrix, &target.vector})
    for (const auto &[name, rate] : rates->byType) {
      ++count;
      if (isElementType(name, context))
        continue;
      std::string text = "'" + name + "'";
      std::string meant = nameInMlir(name);
      if (!meant.empty() && isElementType(meant, context))
        text += " (did you mean '" + meant + "'?)";
      unknown.push_back(std::move(text));
    }
  if (unknown.empty())
    return "";
  return std::to_string(unknown.size()) + " of " + std::to_string(count) +
         (unknown.size() == 1 ? " rates is of no element type: "
                              : " rates are of no element type: ") +
         llvm::join(unknown, ", ");
}

Expected<TargetDescription> mempl::ir::parseTarget(StringRef json,
                                                   StringRef file) {
  auto document = mempl::parseJson(json, file);
  if (!document)
    return document.takeError();
  mempl::JsonErrors errors(*document);
  JsonCursor at(document->root, errors);
  at.expectKeys({"version", "name", "description", "sources", "spaces",
                 "machine", "compute"});
  at.required("version").integer(1, 1);
  TargetDescription target;
  target.name = at.required("name").string();
  target.description = at.required("description").string();
  JsonCursor sources = at.required("sources");
  if (sources.expectArray())
    for (size_t i = 0; i < sources.size(); ++i)
      sources.element(i).string();
  JsonCursor spaces = at.required("spaces");
  spaces.expectKeys({"fast", "slow"});
  target.fastSpace = spaces.required("fast").string();
  target.slowSpace = spaces.required("slow").string();
  if (target.fastSpace == target.slowSpace)
    spaces.expected("two different names");
  target.machine = mempl::machineFromJson(at.required("machine"));
  JsonCursor compute = at.required("compute");
  compute.expectKeys(
      {"matrix_ops_per_second", "vector_ops_per_second", "clock"});
  if (JsonCursor clock = compute.optional("clock")) {
    target.clock = clock.number();
    if (!(target.clock > 0))
      clock.expected("a positive number of cycles per second");
  }
  target.matrix = ratesFrom(compute.required("matrix_ops_per_second"));
  target.vector = ratesFrom(compute.required("vector_ops_per_second"));
  if (errors.any())
    return errors.take();
  mempl::Instance probe;
  probe.machine = target.machine;
  auto faults = mempl::checkInstance(probe);
  if (!faults.empty())
    return mempl::fileError(
        file,
        document->lineOf(document->nodeAt(faults.front().where()).position),
        faults.front().str());
  if (std::string unknown = describeUnknownTypes(target); !unknown.empty())
    target.warnings.push_back(std::move(unknown));
  return target;
}

std::vector<std::string> mempl::ir::targetNames() {
  std::vector<std::string> names;
  for (const Preset &preset : kPresets)
    names.push_back(preset.name);
  return names;
}

std::string mempl::ir::presetNamed(StringRef name) {
  for (const Preset &preset : kPresets) {
    StringRef full = preset.name, shortForm = full;
    shortForm.consume_front("tpu-");
    if (name.equals_insensitive(full) || name.equals_insensitive(shortForm))
      return full.str();
  }
  return "";
}

void mempl::ir::printTargets(llvm::raw_ostream &os) {
  for (const Preset &preset : kPresets) {
    TargetDescription target =
        llvm::cantFail(parseTarget(preset.text, preset.name));
    os << target.name << ": " << target.description << "; "
       << mempl::formatBytes(target.machine.capacity) << " of fast memory\n";
  }
}

/// The names of the presets and their short forms.
static std::vector<std::string> allNames() {
  std::vector<std::string> names = targetNames();
  for (const Preset &preset : kPresets)
    if (StringRef shortForm = preset.name; shortForm.consume_front("tpu-"))
      names.push_back(shortForm.str());
  return names;
}

Expected<TargetDescription> mempl::ir::loadTarget(StringRef nameOrFile) {
  std::string name = presetNamed(nameOrFile);
  for (const Preset &preset : kPresets)
    if (name == preset.name)
      return parseTarget(preset.text, name);
  bool isPath = nameOrFile.contains('.') || nameOrFile.contains('/');
  if (!isPath && !llvm::sys::fs::exists(nameOrFile))
    return llvm::createStringError(
        "unknown target '" + nameOrFile.str() + "'; expected " +
        llvm::join(targetNames(), ", ") + " or a JSON file" +
        mempl::didYouMean(nameOrFile, allNames()));
  Expected<std::string> text = mempl::readFile(nameOrFile);
  if (!text)
    return text.takeError();
  return parseTarget(*text, nameOrFile);
}
