//===- PackingBindings.cpp - the exact packer in Python -------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Columns in, offsets out. mempl.pack() has made the columns int64 and equally
// long; what a number may be is checked here, with the index of the buffer.
//
//===----------------------------------------------------------------------===//

#include "Bindings.h"
#include "Support.h"

#include "mempl/Packing/Packer.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <tuple>

using namespace mempl;
using namespace mempl::python;

namespace {

using Column =
    nb::ndarray<const int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

/// PackingResult with the lower bound beside it.
struct Packing {
  PackingResult result;
  int64_t bound = 0;
  std::string reason; ///< Why there is no packing.
};

} // namespace

static PackingBuffer bufferOf(size_t i, int64_t size, int64_t lower,
                              int64_t upper, int64_t alignment, int64_t fixed) {
  auto refuse = [&](const std::string &text) {
    throw PythonError{"buffer " + std::to_string(i) + ": expected " + text};
  };
  if (size < 0)
    refuse("a size of at least 0 bytes, found " + std::to_string(size));
  if (lower > upper)
    refuse("lower <= upper, found lower " + std::to_string(lower) +
           " and upper " + std::to_string(upper));
  if (alignment < 1)
    refuse("an alignment of at least 1 byte, found " +
           std::to_string(alignment));
  if (fixed < -1)
    refuse("a fixed offset of at least 0, or -1 for anywhere, found " +
           std::to_string(fixed));
  return {std::to_string(i), lower, upper, size, alignment, fixed};
}

/// Gaps as Python has them: (lower, upper) or (lower, upper, begin, end).
static std::vector<PackingGap> gapsOf(size_t i, const nb::handle &list) {
  auto refuse = [&](const std::string &text) {
    throw PythonError{"buffer " + std::to_string(i) + ": expected " + text};
  };
  std::vector<PackingGap> gaps;
  try {
    for (nb::handle item : list) {
      auto numbers = nb::cast<std::vector<int64_t>>(item);
      if (numbers.size() != 2 && numbers.size() != 4)
        throw nb::cast_error();
      gaps.push_back({numbers[0], numbers[1]});
      if (numbers.size() == 4) {
        gaps.back().windowLower = numbers[2];
        gaps.back().windowUpper = numbers[3];
      }
    }
  } catch (const nb::cast_error &) {
    refuse("gaps of integers, (lower, upper) or (lower, upper, begin, end)");
  } catch (const nb::python_error &) {
    refuse("a sequence of gaps");
  }
  std::stable_sort(
      gaps.begin(), gaps.end(), [](const PackingGap &a, const PackingGap &b) {
        return std::tie(a.lower, a.upper) < std::tie(b.lower, b.upper);
      });
  return gaps;
}

static const char *statusOf(const Packing &packing) {
  switch (packing.result.status) {
  case PackingStatus::Packed:
    return "packed";
  case PackingStatus::Infeasible:
    return "infeasible";
  case PackingStatus::LimitReached:
    return "limit";
  }
  return "";
}

static Packing packColumns(Column sizes, Column lower, Column upper,
                           Column alignment, Column fixed, const nb::list &gaps,
                           std::optional<int64_t> capacity, int64_t nodeLimit,
                           std::optional<double> timeLimitMs,
                           const nb::object &cancelled) {
  PackingProblem problem;
  for (size_t i = 0; i < sizes.shape(0); ++i)
    problem.buffers.push_back(
        bufferOf(i, sizes(i), lower(i), upper(i), alignment(i), fixed(i)));
  for (size_t i = 0; i < gaps.size(); ++i)
    problem.buffers[i].gaps = gapsOf(i, gaps[i]);
  problem.capacity = INT64_MAX;
  // Everything else has been looked at.
  std::string wrong = checkPackingFields(problem);
  if (!wrong.empty())
    throw PythonError{wrong};
  if (capacity && *capacity < 0)
    throw PythonError{"expected a capacity of at least 0 bytes, found " +
                      std::to_string(*capacity)};
  if (nodeLimit < 0 || (timeLimitMs && !(*timeLimitMs > 0)))
    throw PythonError{
        "expected a node_limit of at least 0 and a time_limit_ms above 0"};
  PackingOptions options;
  options.minimize = !capacity;
  problem.capacity = capacity.value_or(INT64_MAX);
  options.nodeLimit = nodeLimit;
  if (timeLimitMs)
    options.timeLimitMs =
        static_cast<int64_t>(std::min(std::max(1.0, *timeLimitMs), 1e15));
  Packing packing;
  runWatched(cancelled, {}, [&](const std::atomic<bool> &stop) {
    options.cancelled = [&] { return stop.load(); };
    packing.bound = maxLoad(problem);
    packing.result = pack(problem, options);
    if (packing.result.status == PackingStatus::Infeasible)
      packing.reason = whyInfeasible(problem);
  });
  if (!packing.result.offsets.empty()) {
    // A heuristic answer above the capacity is still free of overlaps.
    problem.capacity = INT64_MAX;
    std::string fault = checkPacking(problem, packing.result.offsets);
    if (!fault.empty())
      throw PythonError{"internal error: invalid packing of " + fault};
  }
  return packing;
}

void mempl::python::bindPacking(nb::module_ &m) {
  nb::class_<Packing>(m, "Packing", "Offsets of buffers; see mempl.pack().")
      .def_prop_ro("status", &statusOf,
                   "\"packed\"; \"infeasible\": proven, there are no such "
                   "offsets; \"limit\": neither found nor excluded.")
      .def_prop_ro(
          "offsets",
          [](nb::handle self) {
            return viewOf(nb::cast<const Packing &>(self).result.offsets, self);
          },
          "Bytes, one per buffer: int64, a view. With \"limit\" those of the "
          "heuristic, which are above the capacity; with \"infeasible\" empty.")
      .def_prop_ro(
          "height", [](const Packing &p) { return p.result.height; },
          "Largest offset + size, bytes.")
      .def_ro("bound", &Packing::bound,
              "Largest sum of sizes alive at one time, bytes: no packing is "
              "lower. The lowest may be higher.")
      .def_prop_ro(
          "optimal", [](const Packing &p) { return p.result.optimal; },
          "The height is proven to be the smallest; false with a capacity.")
      .def_prop_ro(
          "nodes", [](const Packing &p) { return p.result.nodes; },
          "Of the exact search; 0 where the heuristic reached the bound.")
      .def_ro("reason", &Packing::reason,
              "Why there is no packing, if the status is \"infeasible\"; else "
              "empty.")
      .def("__repr__", [](const Packing &p) {
        std::string what = "<mempl.Packing: " + std::string(statusOf(p));
        if (!p.reason.empty())
          return what + ": " + p.reason + ">";
        return what + ", " + std::to_string(p.result.height) + " bytes" +
               (p.result.optimal ? ", optimal>" : ">");
      });
  m.def("pack", &packColumns, nb::arg("sizes"), nb::arg("lower"),
        nb::arg("upper"), nb::arg("alignment"), nb::arg("fixed"),
        nb::arg("gaps"), nb::kw_only(), nb::arg("capacity") = nb::none(),
        nb::arg("node_limit") = 0, nb::arg("time_limit_ms") = nb::none(),
        nb::arg("cancelled") = nb::none(), "What mempl.pack() calls.");
}
