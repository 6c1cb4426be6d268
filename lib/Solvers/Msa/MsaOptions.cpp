//===- MsaOptions.cpp - named settings and text form of MSA's constants ---===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One table has every option with its name, unit and range; parsing and help
// come from it. Constants of the named settings are XLA's where XLA publishes
// them; those of `full` were fitted to what the compiler for TPU v5e does.
//
//===----------------------------------------------------------------------===//

#include "mempl/Solvers/Msa.h"

#include "mempl/Support/Suggest.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"

#include <cmath>
#include <variant>

using namespace mempl;
using llvm::StringRef;

MsaOptions MsaOptions::test() {
  MsaOptions options;
  options.picker = MsaPicker::Count;
  options.costModel = false;
  return options;
}

MsaOptions MsaOptions::production() {
  MsaOptions options;
  options.maxRetries = 3;
  options.maxRepacks = 10;
  options.inefficientRatio = 0.5;
  return options;
}

MsaOptions MsaOptions::full() {
  MsaOptions options = production();
  // Values stay for up to 11 times what a copy of all of the memory takes, and
  // prefetches start about 22 us before their use, whatever their size.
  options.maxOverlap = 11;
  options.sizeOverride = 12000000;
  options.loopOptimizer = true;
  return options;
}

namespace {

struct Integer {
  int64_t MsaOptions::*field;
  int64_t least;
};
struct Real {
  double MsaOptions::*field;
  double least;
  bool isAbove; ///< Must be above `least`, not only at least that.
};
struct Flag {
  bool MsaOptions::*field;
};
/// Two words; `set` takes the number of the chosen one.
struct Choice {
  const char *words[2];
  void (*set)(MsaOptions &, bool);
};

struct Option {
  const char *name;
  const char *unit;
  std::variant<Integer, Real, Flag, Choice> kind;
};

} // namespace

static const Option kOptions[] = {
    {"prefetch_interval_picker", "",
     Choice{{"cost", "count"},
            [](MsaOptions &o, bool second) {
              o.picker = second ? MsaPicker::Count : MsaPicker::Cost;
            }}},
    {"cost_model", "", Flag{&MsaOptions::costModel}},
    {"min_overlap_to_async_copy_ratio", "seconds per second of copy",
     Real{&MsaOptions::minOverlap, 0, false}},
    {"preferred_overlap_to_async_copy_ratio", "seconds per second of copy",
     Real{&MsaOptions::preferredOverlap, 0, false}},
    {"max_overlap_to_mem_size_async_copy_ratio",
     "seconds per second of copying all of fast memory",
     Real{&MsaOptions::maxOverlap, 0, false}},
    {"min_overlap_count", "steps", Integer{&MsaOptions::minOverlapCount, 0}},
    {"max_overlap_count", "steps", Integer{&MsaOptions::maxOverlapCount, 0}},
    {"prefetch_interval_picker_size_override", "bytes, 0 for none",
     Integer{&MsaOptions::sizeOverride, 0}},
    {"max_retries", "attempts per value", Integer{&MsaOptions::maxRetries, 1}},
    {"max_repacks", "layouts", Integer{&MsaOptions::maxRepacks, 0}},
    {"repacker", "",
     Choice{{"best_fit", "exact"},
            [](MsaOptions &o, bool second) {
              o.repacker = second ? MsaRepacker::Exact : MsaRepacker::BestFit;
            }}},
    {"repacker_node_limit", "search nodes",
     Integer{&MsaOptions::repackerNodes, 1}},
    {"max_outstanding_prefetches", "copies, -1 for no limit",
     Integer{&MsaOptions::maxOutstandingPrefetches, -1}},
    {"max_outstanding_evictions", "copies, -1 for no limit",
     Integer{&MsaOptions::maxOutstandingEvictions, -1}},
    {"inefficient_use_to_copy_ratio", "bytes used per byte copied",
     Real{&MsaOptions::inefficientRatio, 0, false}},
    {"enforce_prefetch_fifo_order", "", Flag{&MsaOptions::fifoOrder}},
    {"async_copy_bandwidth_scaling_factor", "of the copy bandwidth",
     Real{&MsaOptions::copyScale, 0, true}},
    {"sort_order", "",
     Choice{{"memory_boundedness", "spatial"},
            [](MsaOptions &o, bool second) {
              o.order =
                  second ? MsaOrder::Spatial : MsaOrder::MemoryBoundedness;
            }}},
    {"alternate_mem_benefit_scaling_factor_for_large_buffers", "",
     Choice{{"sqrt", "none"},
            [](MsaOptions &o, bool second) {
              o.scaling = second ? MsaScaling::None : MsaScaling::Sqrt;
            }}},
    {"while_execution_count", "trips", Real{&MsaOptions::loopWeight, 1, false}},
    {"pipeline_overhead_window_size", "bytes",
     Real{&MsaOptions::overheadWindow, 0, false}},
    {"max_cross_program_prefetches", "values",
     Integer{&MsaOptions::maxCrossProgram, 0}},
    {"enable_cross_program_prefetch_freeing", "",
     Flag{&MsaOptions::crossProgramFreeing}},
    {"memory_bound_loop_optimizer", "", Flag{&MsaOptions::loopOptimizer}},
    {"loop_optimizer_min_iterations", "repeats",
     Integer{&MsaOptions::loopMinIterations, 3}},
    {"loop_optimizer_desired_copy_ratio", "seconds per second of copy",
     Real{&MsaOptions::loopCopyRatio, 0, false}},
    {"loop_optimizer_allow_unsatisfied", "",
     Flag{&MsaOptions::loopAllowUnsatisfied}},
    {"fuel", "values, -1 for all", Integer{&MsaOptions::fuel, -1}},
};

/// What the text of an option may be.
static std::string expected(const Option &option) {
  return std::visit(
      [](const auto &kind) -> std::string {
        using Kind = std::decay_t<decltype(kind)>;
        if constexpr (std::is_same_v<Kind, Integer>) {
          return "an integer of at least " + std::to_string(kind.least);
        } else if constexpr (std::is_same_v<Kind, Real>) {
          return (kind.isAbove ? "a number above " : "a number of at least ") +
                 std::to_string(static_cast<int>(kind.least));
        } else if constexpr (std::is_same_v<Kind, Flag>) {
          return "true or false";
        } else {
          return std::string(kind.words[0]) + " or " + kind.words[1];
        }
      },
      option.kind);
}

/// False if `text` is not what the option expects.
static bool parse(const Option &option, StringRef text, MsaOptions &options) {
  return std::visit(
      [&](const auto &kind) {
        using Kind = std::decay_t<decltype(kind)>;
        if constexpr (std::is_same_v<Kind, Integer>) {
          int64_t number;
          if (text.getAsInteger(10, number) || number < kind.least)
            return false;
          options.*kind.field = number;
        } else if constexpr (std::is_same_v<Kind, Real>) {
          double number;
          if (text.getAsDouble(number) || !std::isfinite(number) ||
              number < kind.least || (kind.isAbove && number == kind.least))
            return false;
          options.*kind.field = number;
        } else if constexpr (std::is_same_v<Kind, Flag>) {
          if (text != "true" && text != "false")
            return false;
          options.*kind.field = text == "true";
        } else {
          if (text != kind.words[0] && text != kind.words[1])
            return false;
          kind.set(options, text == kind.words[1]);
        }
        return true;
      },
      option.kind);
}

llvm::Error mempl::applyMsaOptions(StringRef text, MsaOptions &options) {
  llvm::SmallVector<StringRef, 8> parts;
  text.split(parts, ',', -1, /*KeepEmpty=*/false);
  for (StringRef part : parts) {
    auto [key, value] = part.split('=');
    const Option *option =
        llvm::find_if(kOptions, [&](const Option &o) { return key == o.name; });
    if (option == std::end(kOptions)) {
      std::vector<std::string> names;
      for (const Option &o : kOptions)
        names.push_back(o.name);
      return llvm::createStringError(
          "unknown MSA option '" + key.str() + "', expected one of " +
          llvm::join(names, ", ") + didYouMean(key, names));
    }
    if (!parse(*option, value, options))
      return llvm::createStringError("MSA option " + key.str() + ": expected " +
                                     expected(*option) + ", found '" +
                                     value.str() + "'");
  }
  return llvm::Error::success();
}

std::string mempl::msaOptionsHelp() {
  std::string help;
  for (const Option &option : kOptions) {
    help += std::string(option.name) + ": " + expected(option);
    if (*option.unit)
      help += std::string("; ") + option.unit;
    help += '\n';
  }
  return help;
}
