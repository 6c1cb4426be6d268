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

/// Version of the schema of the file.
static constexpr int64_t kReproducerVersion = 1;

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

static void writeOptions(llvm::json::OStream &json,
                         const SolverOptions &options) {
  json.attributeObject("options", [&] {
    json.attribute("budget", options.budget);
    json.attribute("time_limit_ms", options.timeLimitMs);
    // As a string: JSON has no integers above 2^63.
    json.attribute("seed", std::to_string(options.seed));
    json.attribute("threads", options.threads);
    json.attribute("msa_options", llvm::json::fixUTF8(options.msaOptions));
    json.attribute("weights", llvm::json::fixUTF8(options.weights));
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
    writeStrings(json, "policies", reproducer.solverNames);
    writeOptions(json, reproducer.solver);
    writeRaw(json, "instance", [&](llvm::raw_ostream &out) {
      writeInstance(out, reproducer.instance);
    });
    if (!reproducer.failedPlan)
      return;
    json.attribute("policy", llvm::json::fixUTF8(reproducer.failedSolver));
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
    return std::move(error);
  return name;
}

static void readOptions(const JsonCursor &at, SolverOptions &options) {
  at.expectKeys(
      {"budget", "time_limit_ms", "seed", "threads", "msa_options", "weights"});
  options.budget = at.required("budget").integer(0, INT64_MAX);
  options.timeLimitMs = at.required("time_limit_ms").integer(0, INT64_MAX);
  JsonCursor seed = at.required("seed");
  if (StringRef(seed.string()).getAsInteger(10, options.seed))
    seed.expected("an integer of at least 0, as a string");
  options.threads =
      static_cast<int>(at.required("threads").integer(1, INT32_MAX));
  options.msaOptions = at.required("msa_options").string();
  options.weights = at.required("weights").string();
}

llvm::Expected<Reproducer> mempl::parseReproducer(StringRef json,
                                                  StringRef file) {
  auto document = parseJson(json, file);
  if (!document)
    return document.takeError();
  JsonErrors errors(*document);
  JsonCursor at(document->root, errors);
  at.expectKeys({"reproducer", "program", "mempl", "llvm", "input", "policies",
                 "options", "instance", "policy", "violations", "plan"});
  Reproducer result;
  JsonCursor newest = at.required("reproducer");
  if (newest.integer(1, INT64_MAX) > kReproducerVersion)
    newest.report("version " + llvm::Twine(newest.integer(1, INT64_MAX)) +
                  " is newer than " + llvm::Twine(kReproducerVersion) +
                  ", the newest that this program reads");
  result.tool = at.required("program").string();
  result.input = at.required("input").string();
  JsonCursor solverNames = at.required("policies");
  if (solverNames.expectArray())
    for (size_t i = 0; i < solverNames.size(); ++i)
      result.solverNames.push_back(solverNames.element(i).string());
  readOptions(at.required("options"), result.solver);
  result.instance = instanceFromJson(at.required("instance"));
  if (errors.any())
    return errors.take();
  auto faults = checkInstance(result.instance);
  if (!faults.empty())
    return fileError(file, 0,
                     "instance." + faults.front().where + ": " +
                         faults.front().text);
  return result;
}
