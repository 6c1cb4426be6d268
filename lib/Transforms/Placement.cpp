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
#include "mempl/Problem/Verifier.h"
#include "mempl/Solvers/Solver.h"
#include "mempl/Support/FileIO.h"
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
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace mempl::ir;
using mempl::Instance;

/// Where the file `path` has the first word that `text` quotes.
static Location locationInFile(MLIRContext *context, llvm::StringRef path,
                               llvm::StringRef text) {
  llvm::Expected<std::string> contents = mempl::readFile(path);
  if (!contents) {
    llvm::consumeError(contents.takeError());
    return FileLineColLoc::get(context, path, 1, 1);
  }
  llvm::StringRef word = text.split('\'').second.split('\'').first;
  llvm::StringRef before =
      llvm::StringRef(*contents).split(("\"" + word + "\"").str()).first;
  return FileLineColLoc::get(context, path, 1 + before.count('\n'), 1);
}

/// The op whose target holds for all functions of `module`: the module, or a
/// function where all of them name the same. A run of a pass is for one
/// machine.
static FailureOr<Operation *> placeOfTarget(ModuleOp module) {
  func::FuncOp first, other;
  module.walk([&](func::FuncOp function) {
    if (function.isExternal())
      return;
    if (!first)
      first = function;
    else if (function->getAttr(kTargetAttr) != first->getAttr(kTargetAttr))
      other = function;
  });
  if (other)
    return emitError(other.getLoc())
           << "expected all functions of a module to name the same "
              "'mempl.target': a pass places for one";
  if (first && first->hasAttr(kTargetAttr))
    return first.getOperation();
  return module.getOperation();
}

FailureOr<TargetDescription> mempl::ir::selectTarget(ModuleOp module,
                                                     llvm::StringRef name,
                                                     llvm::StringRef capacity) {
  TargetDescription target;
  if (!name.empty()) {
    llvm::Expected<TargetDescription> loaded = loadTarget(name);
    if (!loaded)
      return emitError(module.getLoc()) << llvm::toString(loaded.takeError());
    target = std::move(*loaded);
    for (const std::string &warning : target.warnings)
      emitWarning(locationInFile(module.getContext(), name, warning))
          << warning;
  } else {
    FailureOr<Operation *> place = placeOfTarget(module);
    if (failed(place))
      return failure();
    FailureOr<std::optional<TargetDescription>> found = targetFromIR(*place);
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
  llvm::Expected<int64_t> bytes = mempl::parseSize(capacity);
  if (!bytes)
    return emitError(module.getLoc())
           << "option 'capacity': " << llvm::toString(bytes.takeError());
  target.machine.capacity = *bytes - *bytes % target.machine.alignment;
  return target;
}

FailureOr<CostModel> mempl::ir::selectCostModel(ModuleOp module,
                                                const TargetDescription &target,
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

void mempl::ir::warnUnmatchedKeys(ModuleOp module, const CostModel &cost,
                                  llvm::StringRef profile) {
  std::string text = cost.describeUnmatched(module);
  if (!text.empty())
    emitWarning(locationInFile(module.getContext(), profile, text)) << text;
}

void mempl::ir::warnUselessConstraints(func::FuncOp function, bool called) {
  // What is known of sizes and loops is part of the time of a call.
  SmallVector<StringRef> names = {kPinAttr, kForbidAttr};
  if (!called)
    names.append({kMaxBytesAttr, kTripsAttr});
  auto warn = [&](Location loc, DictionaryAttr attributes) {
    for (StringRef name : names)
      if (attributes && attributes.contains(name))
        emitWarning(loc) << "'" << name << "' has no effect: '"
                         << function.getName() << "' is not placed";
  };
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    warn(function.isExternal() ? function.getLoc()
                               : function.getArgument(i).getLoc(),
         function.getArgAttrDict(i));
  function.walk([&](Operation *op) {
    if (op != function)
      warn(op->getLoc(), op->getDiscardableAttrDictionary());
  });
}

FailureOr<std::vector<PlaceableFunction>> mempl::ir::extractFunctions(
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
    std::string called = calls.whyNotPlaced(function.getName());
    auto skip = [&](const llvm::Twine &reason) {
      skipped(function, reason);
      warnUselessConstraints(function, !called.empty());
      return WalkResult::skip();
    };
    if (function.isExternal()) {
      warnUselessConstraints(function, /*called=*/false);
      return WalkResult::skip();
    }
    if (!called.empty())
      return skip(called);
    if (!function->getParentOp()->hasTrait<OpTrait::SymbolTable>())
      return skip("it is in an op that is no symbol table");
    if (!function.getBody().hasOneBlock())
      return skip("it has several blocks");
    bool placed = function.walk([](AllocOp) { return WalkResult::interrupt(); })
                      .wasInterrupted();
    if (placed) {
      skipped(function, "it is placed already");
      return WalkResult::skip();
    }
    PlaceableFunction result;
    result.function = function;
    FailureOr<std::unique_ptr<FunctionProblem>> program = extractProblem(
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

llvm::Expected<std::string> mempl::ir::chooseFunction(
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
        mempl::didYouMean(name, all));
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
    llvm::Expected<std::unique_ptr<mempl::Solver>> solver =
        mempl::createSolver("greedy");
    if (!solver) {
      llvm::consumeError(solver.takeError());
      continue;
    }
    llvm::Expected<mempl::SolverResult> result =
        (*solver)->solve(function.program->instance, mempl::SolverOptions());
    if (result)
      latencies[function.function.getName()] = result->latency;
    else
      llvm::consumeError(result.takeError());
  }
  return latencies;
}

LogicalResult mempl::ir::prepareForTarget(ModuleOp module,
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
    } else if (decision.cause == mempl::SlowCause::TooLarge) {
      helps = " (mempl-tile-to-fit makes loops over pieces)";
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

//===----------------------------------------------------------------------===//
// Pins
//===----------------------------------------------------------------------===//

/// The indices of the pinned values that a step uses, the largest first.
static SmallVector<int32_t> pinnedAt(const FunctionProblem &program,
                                     size_t step) {
  SmallVector<int32_t> pinned;
  for (const mempl::Access &access :
       program.instance.program.steps[step].accesses)
    if (!program.storages[access.value].pins.empty() &&
        !llvm::is_contained(pinned, access.value))
      pinned.push_back(access.value);
  llvm::stable_sort(pinned, [&](int32_t a, int32_t b) {
    return program.storages[a].size > program.storages[b].size;
  });
  return pinned;
}

/// `instance` is that of `program`, with the machine; `capacity` is what the
/// pinned values around the program leave of it.
static LogicalResult checkPins(const FunctionProblem &program,
                               mempl::InstanceRef instance, int64_t capacity) {
  for (auto [i, step] : llvm::enumerate(instance.program.steps)) {
    SmallVector<int32_t> pinned = pinnedAt(program, i);
    int64_t needed = 0;
    for (int32_t v : pinned)
      needed +=
          std::min(instance.machine.roundUp(instance.program.values[v].size),
                   INT64_MAX / 2 - needed);
    int64_t free = std::max<int64_t>(capacity - step.reserved, 0);
    if (needed <= free) {
      const FunctionProblem *body = program.steps[i].body.get();
      if (body &&
          failed(checkPins(*body, instance.bodyOf(static_cast<int32_t>(i)),
                           capacity - needed)))
        return failure();
      continue;
    }
    if (pinned.empty())
      continue;
    const Storage &first = program.storages[pinned.front()];
    InFlightDiagnostic error = emitError(first.pins.front());
    error << "'mempl.pin' cannot be kept: ";
    if (pinned.size() == 1)
      error << "'" << instance.program.values[pinned.front()].name << "' has ";
    else
      error << "step " << i << " (" << step.name << ") uses " << pinned.size()
            << " pinned values of together ";
    error << needed << " bytes, and fast memory has "
          << instance.machine.capacity;
    if (free < instance.machine.capacity)
      error << ", of which step " << i << " (" << step.name << ") can use "
            << free << " for them";
    for (int32_t v : llvm::drop_begin(pinned))
      error.attachNote(program.storages[v].pins.front())
          << "'" << instance.program.values[v].name << "' ("
          << program.storages[v].size << " bytes) is pinned here";
    return error;
  }
  return success();
}

LogicalResult mempl::ir::checkPins(const FunctionProblem &program) {
  return ::checkPins(program, program.instance,
                     program.instance.machine.capacity);
}

const Storage *mempl::ir::largestPinned(const FunctionProblem &program) {
  const Storage *largest = nullptr;
  auto consider = [&](const Storage *storage) {
    if (storage && !storage->pins.empty() &&
        (!largest || storage->size > largest->size))
      largest = storage;
  };
  for (const Storage &storage : program.storages)
    consider(&storage);
  for (const FunctionStep &step : program.steps)
    if (step.body)
      consider(largestPinned(*step.body));
  return largest;
}

/// `program` without the constraint on `value` of the body at `path`, which has
/// the step of a loop per level.
static mempl::Program withoutPin(const mempl::Program &program,
                                 ArrayRef<int32_t> path, int32_t value) {
  mempl::Program result = program;
  if (path.empty()) {
    result.values[value].space = mempl::SpaceConstraint::None;
    return result;
  }
  mempl::Step &step = result.steps[path.front()];
  step.body = std::make_shared<mempl::Program>(
      withoutPin(*step.body, path.drop_front(), value));
  return result;
}

/// Calls `found` for each pinned storage, with the loops that it is in.
static void forEachPinned(const FunctionProblem &program,
                          SmallVectorImpl<int32_t> &path,
                          llvm::function_ref<void(const FunctionProblem &,
                                                  ArrayRef<int32_t>, int32_t)>
                              found) {
  for (auto [v, storage] : llvm::enumerate(program.storages))
    if (!storage.pins.empty())
      found(program, path, static_cast<int32_t>(v));
  for (auto [i, step] : llvm::enumerate(program.steps)) {
    if (!step.body)
      continue;
    path.push_back(static_cast<int32_t>(i));
    forEachPinned(*step.body, path, found);
    path.pop_back();
  }
}

void mempl::ir::remarkCostlyPins(const FunctionProblem &program,
                                 double latency) {
  // A run of the solver each.
  constexpr int kMostPins = 16;
  int count = 0;
  SmallVector<int32_t> path;
  auto check = [&](const FunctionProblem &of, ArrayRef<int32_t> at,
                   int32_t value) {
    if (++count > kMostPins)
      return;
    Instance free = program.instance;
    free.program = withoutPin(free.program, at, value);
    llvm::Expected<std::unique_ptr<mempl::Solver>> solver =
        mempl::createSolver("greedy");
    if (!solver)
      return llvm::consumeError(solver.takeError());
    llvm::Expected<mempl::SolverResult> result = (*solver)->solve(free, {});
    if (!result)
      return llvm::consumeError(result.takeError());
    if (!(result->latency < latency * (1 - 1e-3)) ||
        !mempl::verify(free, result->plan).empty())
      return;
    emitRemark(of.storages[value].pins.front())
        << "the pin of '" << of.instance.program.values[value].name
        << "' makes the program slower: it takes "
        << mempl::formatSeconds(latency) << ", and "
        << mempl::formatSeconds(result->latency) << " without the pin";
  };
  forEachPinned(program, path, check);
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
