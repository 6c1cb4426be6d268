//===- Reproducer.cpp - what is needed to repeat a failure ----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One JSON file with the options, the instance, the plan and what is wrong with
// it. The instance and the plan are in the form that the tool reads.
//
//===----------------------------------------------------------------------===//

#include "Reproducer.h"

#include "mempl/Problem/ProblemIO.h"
#include "mempl/Support/FileIO.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace mempl;
using llvm::StringRef;

/// A file name that is not taken yet.
static std::string freeName() {
  for (int i = 0;; ++i) {
    std::string name = "mempl-solve-reproducer" +
                       (i == 0 ? "" : "-" + std::to_string(i)) + ".json";
    if (!llvm::sys::fs::exists(name))
      return name;
  }
}

static std::string textOf(const Instance &instance) {
  std::string text;
  llvm::raw_string_ostream os(text);
  writeInstance(os, instance);
  return text;
}

static std::string textOf(const Plan &plan) {
  std::string text;
  llvm::raw_string_ostream os(text);
  writePlan(os, plan);
  return text;
}

llvm::Error mempl::writeReproducer(const SolveOptions &options,
                                   StringRef policy, const Instance &instance,
                                   const Plan &plan,
                                   const std::vector<std::string> &violations) {
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::json::OStream json(os, 1);
  json.object([&] {
    json.attribute("program", "mempl-solve");
    json.attribute("policy", llvm::json::fixUTF8(policy));
    json.attributeArray("violations", [&] {
      for (const std::string &violation : violations)
        json.value(llvm::json::fixUTF8(violation));
    });
    json.attributeObject("options", [&] {
      json.attribute("input", llvm::json::fixUTF8(options.input));
      json.attribute("budget", options.solver.budget);
      json.attribute("time_limit_ms", options.solver.timeLimitMs);
      json.attribute("seed", options.solver.seed);
      json.attribute("threads", options.solver.threads);
      json.attribute("msa_options",
                     llvm::json::fixUTF8(options.solver.msaOptions));
    });
    json.attributeBegin("instance");
    json.rawValue(StringRef(textOf(instance)).rtrim());
    json.attributeEnd();
    json.attributeBegin("plan");
    json.rawValue(StringRef(textOf(plan)).rtrim());
    json.attributeEnd();
  });
  os << '\n';
  std::string name = freeName();
  std::string what = "internal error: policy " + policy.str() +
                     " returned an invalid plan (" + violations.front() + ")";
  if (llvm::Error error = writeFile(name, text))
    return llvm::joinErrors(toolError(what), std::move(error));
  return toolError(what + "; please report it with the file " + name);
}
