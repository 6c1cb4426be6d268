//===- Reproducer.cpp - what is needed to repeat a run --------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Solvers/Reproducer.h"

#include "mempl/Problem/ProblemIO.h"
#include "mempl/Support/FileIO.h"
#include "mempl/Support/Json.h"
#include "mempl/Support/Version.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"

using namespace mempl;
using llvm::StringRef;

/// Version of the schema of the file. Those of version 1 have names of solvers
/// and, for all of them, `weights` and `msa_options`.
static constexpr int64_t kReproducerVersion = 2;

/// A file name that is not taken yet.
static std::string freeName(StringRef tool) {
  for (int i = 0;; ++i) {
    std::string name = (tool + "-reproducer").str() +
                       (i == 0 ? "" : "-" + std::to_string(i)) + ".json";
    if (!llvm::sys::fs::exists(name))
      return name;
  }
}

/// Puts what `write` prints under `key`.
static void writeRaw(llvm::json::OStream &json, StringRef key,
                     llvm::function_ref<void(llvm::raw_ostream &)> write) {
  std::string text;
  llvm::raw_string_ostream os(text);
  write(os);
  json.attributeBegin(key);
  json.rawValue(StringRef(text).rtrim());
  json.attributeEnd();
}

static void writeStrings(llvm::json::OStream &json, StringRef key,
                         const std::vector<std::string> &strings) {
  json.attributeArray(key, [&] {
    for (const std::string &string : strings)
      json.value(llvm::json::fixUTF8(string));
  });
}

static void writeContext(llvm::json::OStream &json,
                         const SolverContext &context) {
  json.attributeObject("options", [&] {
    json.attribute("budget", context.budget);
    json.attribute("time_limit_ms", context.timeLimitMs);
    // As a string: JSON has no integers above 2^63.
    json.attribute("seed", std::to_string(context.seed));
    json.attribute("threads", context.threads);
  });
}

std::string mempl::reproducerText(const Reproducer &reproducer) {
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::json::OStream json(os, 1);
  json.object([&] {
    json.attribute("reproducer", kReproducerVersion);
    json.attribute("program", llvm::json::fixUTF8(reproducer.tool));
    json.attribute("mempl", version());
    json.attribute("llvm", llvmVersion());
    json.attribute("input", llvm::json::fixUTF8(reproducer.input));
    writeStrings(json, "solvers", reproducer.solvers);
    writeContext(json, reproducer.context);
    writeRaw(json, "instance", [&](llvm::raw_ostream &out) {
      writeInstance(out, reproducer.instance);
    });
    if (!reproducer.failedPlan)
      return;
    json.attribute("solver", llvm::json::fixUTF8(reproducer.failedSolver));
    writeStrings(json, "violations", reproducer.violations);
    writeRaw(json, "plan", [&](llvm::raw_ostream &out) {
      writePlan(out, *reproducer.failedPlan);
    });
  });
  os << '\n';
  return text;
}

llvm::Expected<std::string>
mempl::writeReproducer(const Reproducer &reproducer) {
  std::string name = freeName(reproducer.tool);
  if (llvm::Error error = writeFile(name, reproducerText(reproducer)))
    return error;
  return name;
}

static SolverContext readContext(const JsonCursor &at, OldSolverOptions *old) {
  if (old)
    at.expectKeys({"budget", "time_limit_ms", "seed", "threads", "msa_options",
                   "weights"});
  else
    at.expectKeys({"budget", "time_limit_ms", "seed", "threads"});
  SolverContext context;
  context.budget = at.required("budget").integer(0, INT64_MAX);
  context.timeLimitMs = at.required("time_limit_ms").integer(0, INT64_MAX);
  JsonCursor seed = at.required("seed");
  if (StringRef(seed.string()).getAsInteger(10, context.seed))
    seed.expected("an integer of at least 0, as a string");
  context.threads =
      static_cast<int>(at.required("threads").integer(1, INT32_MAX));
  if (old) {
    old->msaOptions = at.required("msa_options").string();
    old->weights = at.required("weights").string();
  }
  return context;
}

/// The solvers that `names` and `old` mean.
static llvm::Error translate(std::vector<std::string> &names,
                             const OldSolverOptions &old) {
  for (std::string &name : names) {
    auto spec = parseSolverSpec(name);
    if (spec)
      spec = withOldOptions(std::move(*spec), old);
    if (!spec)
      return spec.takeError();
    name = spec->str();
  }
  return llvm::Error::success();
}

llvm::Expected<Reproducer> mempl::parseReproducer(StringRef json,
                                                  StringRef file) {
  auto document = parseJson(json, file);
  if (!document)
    return document.takeError();
  JsonErrors errors(*document);
  JsonCursor at(document->root, errors);
  Reproducer result;
  JsonCursor newest = at.required("reproducer");
  int64_t schema = newest.integer(1, INT64_MAX);
  if (schema > kReproducerVersion)
    newest.report("version " + llvm::Twine(schema) + " is newer than " +
                  llvm::Twine(kReproducerVersion) +
                  ", the newest that this program reads");
  bool isOld = schema == 1;
  if (isOld)
    at.expectKeys({"reproducer", "program", "mempl", "llvm", "input",
                   "policies", "options", "instance", "policy", "violations",
                   "plan"});
  else
    at.expectKeys({"reproducer", "program", "mempl", "llvm", "input", "solvers",
                   "options", "instance", "solver", "violations", "plan"});
  result.tool = at.required("program").string();
  result.input = at.required("input").string();
  JsonCursor solvers = at.required(isOld ? "policies" : "solvers");
  if (solvers.expectArray())
    for (size_t i = 0; i < solvers.size(); ++i)
      result.solvers.push_back(solvers.element(i).string());
  OldSolverOptions old;
  result.context = readContext(at.required("options"), isOld ? &old : nullptr);
  result.instance = instanceFromJson(at.required("instance"));
  if (errors.any())
    return errors.take();
  auto faults = checkInstance(result.instance);
  if (!faults.empty())
    return fileError(file, 0, "instance." + faults.front().str());
  if (isOld)
    if (llvm::Error error = translate(result.solvers, old))
      return fileError(file, 0, llvm::toString(std::move(error)));
  return result;
}
