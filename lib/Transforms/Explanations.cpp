//===- Explanations.cpp - why tensors are where they are ------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Transforms/Explanations.h"

#include "mempl/Problem/Simulator.h"
#include "mempl/Problem/Verifier.h"

#include "mlir/IR/Location.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace mempl::ir;
using mempl::Instance;

/// First and last step at which each value is of use (an output to the end).
static std::vector<std::pair<int32_t, int32_t>>
liveRanges(const Instance &instance) {
  int32_t n = instance.numSteps();
  std::vector<std::pair<int32_t, int32_t>> ranges(
      instance.program.values.size(), {n, -1});
  for (auto [i, step] : llvm::enumerate(instance.program.steps))
    for (const mempl::Access &access : step.accesses) {
      ranges[access.value].first =
          std::min<int32_t>(ranges[access.value].first, i);
      ranges[access.value].second =
          std::max<int32_t>(ranges[access.value].second, i);
    }
  return ranges;
}

std::string mempl::ir::describePressure(const Instance &instance,
                                        bool onlyConstrained) {
  std::vector<std::pair<int32_t, int32_t>> ranges = liveRanges(instance);
  int32_t n = instance.numSteps();
  std::vector<int64_t> change(n + 1, 0);
  auto counts = [&](size_t v) {
    return ranges[v].second >= 0 &&
           (!onlyConstrained ||
            instance.program.values[v].space == mempl::SpaceConstraint::Fast);
  };
  for (size_t v = 0; v < ranges.size(); ++v)
    if (counts(v)) {
      int64_t size = instance.machine.roundUp(instance.program.values[v].size);
      change[ranges[v].first] += size;
      change[ranges[v].second + 1] -= size;
    }
  int64_t bytes = 0, most = -1, needed = 0;
  int32_t peak = 0;
  for (int32_t i = 0; i < n; ++i) {
    bytes += change[i];
    if (bytes + instance.program.steps[i].reserved > most) {
      most = bytes + instance.program.steps[i].reserved;
      needed = bytes;
      peak = i;
    }
  }
  if (n == 0 || most <= instance.machine.capacity)
    return "";
  std::vector<int32_t> live;
  for (size_t v = 0; v < ranges.size(); ++v)
    if (counts(v) && ranges[v].first <= peak && peak <= ranges[v].second)
      live.push_back(v);
  llvm::stable_sort(live, [&](int32_t a, int32_t b) {
    return instance.program.values[a].size > instance.program.values[b].size;
  });
  int64_t free =
      instance.machine.capacity - instance.program.steps[peak].reserved;
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "step " << peak << " (" << instance.program.steps[peak].name
     << ") needs " << needed << " bytes and " << std::max<int64_t>(free, 0)
     << " are free; largest in use there: ";
  for (size_t i = 0; i < live.size() && i < 5; ++i)
    os << (i ? ", " : "") << "'" << instance.program.values[live[i]].name
       << "' (" << instance.program.values[live[i]].size << " bytes)";
  if (live.empty())
    os << "none";
  return text;
}

/// " (a.mlir:7)" for an op that stands in a file.
static std::string placeOf(Location loc) {
  auto file = loc->findInstanceOf<FileLineColLoc>();
  if (!file || file.getLine() == 0)
    return "";
  return (" (" + llvm::sys::path::filename(file.getFilename().getValue()) +
          ":" + llvm::Twine(file.getLine()) + ")")
      .str();
}

std::string mempl::ir::describeUnknowns(const FunctionProblem &program) {
  struct Phrase {
    StringRef one, many, taken;
  };
  // In the order of UnknownFigure::Kind.
  constexpr Phrase phrases[] = {
      {"the size of ", "the sizes of ",
       " taken as 0 bytes ('mempl.max_bytes' gives bounds)"},
      {"the trips of ", "the trips of ",
       " taken as 1 ('mempl.trips' gives them)"},
      {"the work of ", "the work of ", " counted with unknown extents as 1"}};
  /// Of each kind, so many are named.
  constexpr size_t kMostNamed = 3;
  std::string text;
  for (auto [kind, phrase] : llvm::enumerate(phrases)) {
    SmallVector<std::string> names;
    for (const UnknownFigure &figure : program.unknowns)
      if (figure.kind == static_cast<UnknownFigure::Kind>(kind))
        names.push_back(figure.kind == UnknownFigure::Size
                            ? "'" + figure.name + "'"
                            : figure.name + placeOf(figure.loc));
    if (names.empty())
      continue;
    size_t named = std::min(names.size(), kMostNamed);
    text += (llvm::Twine(text.empty() ? "times are relative: " : "; ") +
             (names.size() == 1 ? phrase.one : phrase.many) +
             llvm::join(llvm::ArrayRef(names).take_front(named), ", "))
                .str();
    if (names.size() > named)
      text += " and " + std::to_string(names.size() - named) + " more";
    text += phrase.taken;
  }
  return text;
}

std::string mempl::ir::inOneLine(llvm::Error error) {
  SmallVector<std::string> texts;
  llvm::handleAllErrors(std::move(error), [&](const llvm::ErrorInfoBase &e) {
    std::string text = e.message();
    if (!llvm::is_contained(texts, text))
      texts.push_back(std::move(text));
  });
  return llvm::join(texts, "; ");
}

//===----------------------------------------------------------------------===//
// Explanations
//===----------------------------------------------------------------------===//

/// `instance` is that of `program`, with the machine.
static void addDecisions(const FunctionProblem &program,
                         mempl::InstanceRef instance, const mempl::Plan &plan,
                         int64_t capacity, int64_t trips,
                         std::vector<ProgramDecisions> &result) {
  std::vector<std::string> reasons;
  for (const Storage &storage : program.storages)
    reasons.push_back(storage.groupedReason());
  ProgramDecisions made;
  made.program = &program;
  made.trips = trips;
  made.decisions = mempl::explain(instance, plan, reasons, capacity);
  for (Decision &decision : made.decisions) {
    const Storage &storage = program.storages[decision.value];
    std::string helps;
    if (decision.cause == mempl::SlowCause::Own) {
      decision.text = "slow: it " + storage.slowReason;
    } else if (decision.cause == mempl::SlowCause::Constrained) {
      helps = " by 'mempl.forbid' or a 'mempl.pin' there";
    }
    decision.text += helps;
    decision.reason += helps;
  }
  result.push_back(std::move(made));
  for (auto [i, step] : llvm::enumerate(program.steps)) {
    if (!step.body)
      continue;
    int64_t all;
    if (llvm::MulOverflow(trips, instance.program.steps[i].trips, all))
      all = INT64_MAX;
    mempl::InstanceRef inner = instance.bodyOf(static_cast<int32_t>(i));
    mempl::BodyPlan nothing{mempl::leastCapacity(inner.program), {}};
    const mempl::BodyPlan *planned = plan.bodyPlan(static_cast<int32_t>(i));
    const mempl::BodyPlan &body = planned ? *planned : nothing;
    addDecisions(*step.body, inner, body.plan, body.capacity, all, result);
  }
}

std::vector<ProgramDecisions> mempl::ir::explain(const FunctionProblem &program,
                                                 const mempl::Plan &plan) {
  std::vector<ProgramDecisions> result;
  addDecisions(program, program.instance, plan,
               program.instance.machine.capacity, 1, result);
  return result;
}

void mempl::ir::writeTrace(llvm::raw_ostream &os,
                           const FunctionProblem &program,
                           const TargetDescription &target,
                           llvm::StringRef solverName, const mempl::Plan &plan,
                           double latency) {
  const Instance &instance = program.instance;
  llvm::json::OStream json(os, /*IndentSize=*/1);
  json.object([&] {
    json.attribute("version", 1);
    json.attribute("function", instance.name);
    json.attribute("target", target.name);
    json.attribute("capacity", instance.machine.capacity);
    json.attribute("policy", solverName);
    json.attribute("slow", mempl::slowLatency(instance));
    json.attribute("ideal", mempl::idealLatency(instance));
    json.attribute("latency", latency);
    std::vector<ProgramDecisions> all = explain(program, plan);
    json.attributeArray("values", [&] {
      for (const Decision &decision : all.front().decisions)
        json.object([&] {
          const mempl::Value &value = instance.program.values[decision.value];
          json.attribute("name", value.name);
          json.attribute("bytes", value.size);
          json.attribute("fast", decision.fast);
          json.attribute("why", decision.text);
        });
    });
  });
  os << "\n";
}
