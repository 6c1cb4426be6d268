//===- Placement.cpp - extraction, solving and remarks --------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Transforms/Placement.h"

#include "mempl/Analysis/TargetAttrs.h"
#include "mempl/IR/Mempl.h"
#include "mempl/Problem/Simulator.h"
#include "mempl/Solvers/Solver.h"
#include "mempl/Support/Suggest.h"
#include "mempl/Support/Units.h"
#include "mempl/Transforms/Prepare.h"

#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotModuleBufferize.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Interfaces/LoopLikeInterface.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace mlir::mempl;
using ::mempl::Instance;

FailureOr<TargetDescription>
mlir::mempl::selectTarget(ModuleOp module, llvm::StringRef name,
                          llvm::StringRef capacity) {
  TargetDescription target;
  if (!name.empty()) {
    llvm::Expected<TargetDescription> loaded = loadTarget(name);
    if (!loaded)
      return emitError(module.getLoc()) << llvm::toString(loaded.takeError());
    target = std::move(*loaded);
  } else {
    FailureOr<std::optional<TargetDescription>> found = targetFromIR(module);
    if (failed(found))
      return failure();
    if (!*found)
      return emitError(module.getLoc())
             << "no target: give the option 'target' a preset ("
             << llvm::join(targetNames(), ", ")
             << ") or a file, or the module 'mempl.target' or "
                "'dlti.target_system_spec'";
    target = std::move(**found);
  }
  if (capacity.empty())
    return target;
  llvm::Expected<int64_t> bytes = ::mempl::parseSize(capacity);
  if (!bytes)
    return emitError(module.getLoc())
           << "option 'capacity': " << llvm::toString(bytes.takeError());
  target.machine.capacity = *bytes - *bytes % target.machine.alignment;
  return target;
}

FailureOr<CostModel>
mlir::mempl::selectCostModel(ModuleOp module, const TargetDescription &target,
                             llvm::StringRef profile) {
  if (profile.empty())
    return CostModel(target);
  llvm::Expected<Profile> measured = readProfile(profile);
  if (!measured)
    return emitError(module.getLoc()) << llvm::toString(measured.takeError());
  return CostModel(target, std::move(*measured));
}

namespace {

/// Who calls whom in a module, by name.
class CallGraph {
public:
  explicit CallGraph(ModuleOp module) {
    module.walk([&](func::CallOp call) {
      if (auto caller = call->getParentOfType<func::FuncOp>())
        callees[caller.getName()].insert(call.getCallee());
    });
  }

  /// Why a function that others call, or that calls itself, is not placed;
  /// empty if neither is so.
  std::string whyNotPlaced(llvm::StringRef function) const {
    if (std::optional<llvm::StringRef> next = onCycle(function)) {
      std::string through = *next == function ? "" : " through @" + next->str();
      return "it calls itself" + through +
             ", so it cannot be inlined; write "
             "it as a loop to place it";
    }
    for (const auto &[caller, called] : callees)
      if (called.contains(function))
        return "it is called by another function of the module; inline it to "
               "place it";
    return "";
  }

private:
  /// The first function on a shortest way from `function` back to it.
  std::optional<llvm::StringRef> onCycle(llvm::StringRef function) const {
    // Functions to go on from, and the first one on the way to each.
    llvm::SmallVector<std::pair<llvm::StringRef, llvm::StringRef>> queue;
    llvm::StringSet<> seen;
    auto visit = [&](llvm::StringRef from, llvm::StringRef first) {
      auto it = callees.find(from);
      if (it == callees.end())
        return;
      for (llvm::StringRef to : it->second)
        if (seen.insert(to).second)
          queue.emplace_back(to, first.empty() ? to : first);
    };
    visit(function, "");
    for (size_t i = 0; i < queue.size(); ++i) {
      auto [to, first] = queue[i];
      if (to == function)
        return first;
      visit(to, first);
    }
    return std::nullopt;
  }

  llvm::StringMap<llvm::SetVector<llvm::StringRef>> callees;
};

} // namespace

FailureOr<std::vector<PlaceableFunction>> mlir::mempl::extractFunctions(
    ModuleOp module, const TargetDescription &target, const CostModel &cost,
    llvm::function_ref<void(func::FuncOp, const llvm::Twine &)> skipped) {
  CallGraph calls(module);
  bufferization::OneShotBufferizationOptions options =
      placementBufferizationOptions();
  std::optional<bufferization::OneShotAnalysisState> analysis;
  if (hasTensorControlFlow(module)) {
    analysis.emplace(module, options);
    if (failed(bufferization::analyzeModuleOp(module, *analysis)))
      return failure();
  }
  std::vector<PlaceableFunction> functions;
  WalkResult walk = module.walk([&](func::FuncOp function) {
    if (function.isExternal())
      return WalkResult::skip();
    std::string called = calls.whyNotPlaced(function.getName());
    if (!called.empty()) {
      skipped(function, called);
      return WalkResult::skip();
    }
    if (!function->getParentOp()->hasTrait<OpTrait::SymbolTable>()) {
      skipped(function, "it is in an op that is no symbol table");
      return WalkResult::skip();
    }
    if (!function.getBody().hasOneBlock()) {
      skipped(function, "it has several blocks");
      return WalkResult::skip();
    }
    bool placed = function.walk([](AllocOp) { return WalkResult::interrupt(); })
                      .wasInterrupted();
    if (placed) {
      skipped(function, "it is placed already");
      return WalkResult::skip();
    }
    PlaceableFunction result;
    result.function = function;
    FailureOr<std::unique_ptr<Program>> program = extractProgram(
        function, target, cost, result.notes, analysis ? &*analysis : nullptr);
    if (failed(program))
      return WalkResult::interrupt();
    result.program = std::move(*program);
    functions.push_back(std::move(result));
    return WalkResult::skip();
  });
  if (walk.wasInterrupted())
    return failure();
  return functions;
}

llvm::Expected<std::string> mlir::mempl::chooseFunction(
    llvm::StringRef name, llvm::ArrayRef<std::string> placed,
    llvm::ArrayRef<SkippedFunction> skipped, llvm::StringRef option) {
  if (name.empty() ? placed.size() == 1 : llvm::is_contained(placed, name))
    return name.empty() ? placed.front() : name.str();
  std::vector<std::string> all = placed.vec();
  std::string reasons;
  for (const SkippedFunction &function : skipped) {
    if (function.name == name)
      return llvm::createStringError("function @" + name +
                                     " is not placed: " + function.reason);
    all.push_back(function.name);
    reasons += "; @" + function.name + ": " + function.reason;
  }
  std::string found;
  for (const std::string &other : placed)
    found += (found.empty() ? "@" : ", @") + other;
  if (!name.empty())
    return llvm::createStringError(
        "expected a function @" + name +
        (found.empty() ? reasons : ", found " + found) +
        ::mempl::didYouMean(name, all));
  return llvm::createStringError(placed.empty()
                                     ? "expected a function to place" + reasons
                                     : "expected one function, found " + found +
                                           "; choose with " + option.str());
}

/// The latency that `greedy` reaches for each function that can be placed.
static llvm::StringMap<double> greedyLatencies(ModuleOp module,
                                               const TargetDescription &target,
                                               const CostModel &cost) {
  // Who extracts the functions afterwards says what is wrong with them.
  ScopedDiagnosticHandler quiet(module.getContext(),
                                [](Diagnostic &) { return success(); });
  llvm::StringMap<double> latencies;
  FailureOr<std::vector<PlaceableFunction>> functions = extractFunctions(
      module, target, cost, [](func::FuncOp, const llvm::Twine &) {});
  if (failed(functions))
    return latencies;
  for (PlaceableFunction &function : *functions) {
    llvm::Expected<std::unique_ptr<::mempl::Solver>> solver =
        ::mempl::createSolver("greedy");
    if (!solver) {
      llvm::consumeError(solver.takeError());
      continue;
    }
    llvm::Expected<::mempl::SolverResult> result =
        (*solver)->solve(function.program->instance, ::mempl::SolverOptions());
    if (result)
      latencies[function.function.getName()] = result->latency;
    else
      llvm::consumeError(result.takeError());
  }
  return latencies;
}

LogicalResult mlir::mempl::prepareForTarget(ModuleOp module,
                                            const TargetDescription &target,
                                            const CostModel &cost,
                                            bool eliminateEmptyTensors) {
  bool loops = module
                   ->walk([](LoopLikeOpInterface loop) {
                     return loop.getInits().empty() ? WalkResult::advance()
                                                    : WalkResult::interrupt();
                   })
                   .wasInterrupted();
  OwningOpRef<ModuleOp> other = loops ? module.clone() : ModuleOp();
  bool hasTwoForms = false;
  if (failed(prepareForPlacement(module, eliminateEmptyTensors,
                                 LoopForm::NewBuffers, &hasTwoForms)))
    return failure();
  if (!hasTwoForms)
    return success();
  if (failed(prepareForPlacement(*other, eliminateEmptyTensors,
                                 LoopForm::TwoBuffers)))
    return failure();
  llvm::StringMap<double> one = greedyLatencies(module, target, cost);
  llvm::StringMap<double> two = greedyLatencies(*other, target, cost);
  // A form that is no better only makes the program larger.
  constexpr double worthwhile = 0.999;
  for (func::FuncOp function : module.getOps<func::FuncOp>()) {
    StringRef name = function.getName();
    if (two.contains(name) && one.contains(name) &&
        two[name] < worthwhile * one[name])
      function.getBody().takeBody(
          other->lookupSymbol<func::FuncOp>(name).getBody());
  }
  return success();
}

/// First and last step at which each value is of use (an output to the end).
static std::vector<std::pair<int32_t, int32_t>>
liveRanges(const Instance &instance) {
  int32_t n = instance.numSteps();
  std::vector<std::pair<int32_t, int32_t>> ranges(instance.values.size(),
                                                  {n, -1});
  for (auto [i, step] : llvm::enumerate(instance.steps))
    for (const ::mempl::Access &access : step.accesses) {
      ranges[access.value].first =
          std::min<int32_t>(ranges[access.value].first, i);
      ranges[access.value].second =
          std::max<int32_t>(ranges[access.value].second, i);
    }
  return ranges;
}

std::string mlir::mempl::describePressure(const Instance &instance,
                                          bool onlyOrdered) {
  std::vector<std::pair<int32_t, int32_t>> ranges = liveRanges(instance);
  int32_t n = instance.numSteps();
  std::vector<int64_t> change(n + 1, 0);
  auto counts = [&](size_t v) {
    return ranges[v].second >= 0 &&
           (!onlyOrdered ||
            instance.values[v].space == ::mempl::SpaceOrder::Fast);
  };
  for (size_t v = 0; v < ranges.size(); ++v)
    if (counts(v)) {
      int64_t size = instance.machine.roundUp(instance.values[v].size);
      change[ranges[v].first] += size;
      change[ranges[v].second + 1] -= size;
    }
  int64_t bytes = 0, most = -1, needed = 0;
  int32_t peak = 0;
  for (int32_t i = 0; i < n; ++i) {
    bytes += change[i];
    if (bytes + instance.steps[i].reserved > most) {
      most = bytes + instance.steps[i].reserved;
      needed = bytes;
      peak = i;
    }
  }
  if (n == 0)
    return "the program has no steps";
  std::vector<int32_t> live;
  for (size_t v = 0; v < ranges.size(); ++v)
    if (counts(v) && ranges[v].first <= peak && peak <= ranges[v].second)
      live.push_back(v);
  llvm::stable_sort(live, [&](int32_t a, int32_t b) {
    return instance.values[a].size > instance.values[b].size;
  });
  int64_t free = instance.machine.capacity - instance.steps[peak].reserved;
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "step " << peak << " (" << instance.steps[peak].name << ") needs "
     << needed << " bytes and " << std::max<int64_t>(free, 0)
     << " are free; largest in use there: ";
  for (size_t i = 0; i < live.size() && i < 5; ++i)
    os << (i ? ", " : "") << "'" << instance.values[live[i]].name << "' ("
       << instance.values[live[i]].size << " bytes)";
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

std::string mlir::mempl::describeUnknowns(const Program &program) {
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

std::vector<Decision> mlir::mempl::explain(const Program &program,
                                           const ::mempl::Plan &plan) {
  std::vector<std::string> reasons;
  for (const Storage &storage : program.storages)
    reasons.push_back(storage.slowReason);
  return ::mempl::explain(program.instance, plan, reasons);
}

void mlir::mempl::writeTrace(llvm::raw_ostream &os, const Program &program,
                             const TargetDescription &target,
                             llvm::StringRef policy, const ::mempl::Plan &plan,
                             double latency) {
  const Instance &instance = program.instance;
  llvm::json::OStream json(os, /*IndentSize=*/1);
  json.object([&] {
    json.attribute("version", 1);
    json.attribute("function", instance.name);
    json.attribute("target", target.name);
    json.attribute("capacity", instance.machine.capacity);
    json.attribute("policy", policy);
    json.attribute("slow", ::mempl::slowLatency(instance));
    json.attribute("ideal", ::mempl::idealLatency(instance));
    json.attribute("latency", latency);
    json.attributeArray("values", [&] {
      for (const Decision &decision : explain(program, plan))
        json.object([&] {
          const ::mempl::Value &value = instance.values[decision.value];
          json.attribute("name", value.name);
          json.attribute("bytes", value.size);
          json.attribute("fast", decision.fast);
          json.attribute("why", decision.text);
        });
    });
  });
  os << "\n";
}
