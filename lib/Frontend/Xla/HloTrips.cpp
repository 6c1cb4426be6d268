//===- HloTrips.cpp - how often a loop runs -------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Looks for a counter: an element of the loop's tuple that begins with a
// constant, grows by a constant in the body, and is compared with a constant,
// or with an element that the loop does not change.
//
//===----------------------------------------------------------------------===//

#include "HloTrips.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mempl;
using namespace mempl::hlo;
using llvm::StringRef;

namespace {

/// A scalar of a computation with one tuple as its parameter: a constant, or
/// element `element` of the tuple plus `added`.
struct Scalar {
  int64_t element = -1;
  int64_t added = 0;
};

class TripCounter {
public:
  /// What a trip adds to an element.
  static std::optional<int64_t>
  growth(const Module &module, const Instruction &loop, int64_t element);

  TripCounter(const Module &module, int32_t computation,
              const Instruction &loop)
      : module(module), outer(module.computations[computation]), loop(loop) {}

  std::optional<int64_t> count() const;

private:
  static std::optional<Scalar> scalar(const Computation &c, int32_t index);
  /// The constant that an element has before the loop.
  std::optional<int64_t> start(int64_t element) const;
  std::optional<int64_t> growth(int64_t element) const {
    return growth(module, loop, element);
  }
  static std::optional<int64_t> tripsFor(StringRef direction, int64_t start,
                                         int64_t growth, int64_t limit);

  const Module &module;
  const Computation &outer;
  const Instruction &loop;
};

} // namespace

std::optional<Scalar> TripCounter::scalar(const Computation &c, int32_t index) {
  Scalar value;
  while (true) {
    const Instruction &i = c.instructions[index];
    StringRef opcode = i.opcode;
    if (opcode == "constant") {
      int64_t number = 0;
      if (StringRef(i.literal).trim().getAsInteger(10, number) ||
          llvm::AddOverflow(value.added, number, value.added))
        return std::nullopt;
      return value;
    }
    if (opcode == "get-tuple-element") {
      if (i.operands.size() != 1 ||
          c.instructions[i.operands[0]].opcode != "parameter" ||
          i.attribute("index").getAsInteger(10, value.element))
        return std::nullopt;
      return value;
    }
    if (i.operands.empty())
      return std::nullopt;
    int32_t next = i.operands[0];
    if (opcode == "add" && i.operands.size() == 2) {
      int32_t other = i.operands[1];
      if (c.instructions[next].opcode == "constant")
        std::swap(next, other);
      int64_t number = 0;
      const Instruction &constant = c.instructions[other];
      if (constant.opcode != "constant" ||
          StringRef(constant.literal).trim().getAsInteger(10, number) ||
          llvm::AddOverflow(value.added, number, value.added))
        return std::nullopt;
    } else if (opcode != "copy" && opcode != "bitcast") {
      return std::nullopt;
    }
    index = next;
  }
}

std::optional<int64_t> TripCounter::start(int64_t element) const {
  const Instruction &tuple = outer.instructions[loop.operands[0]];
  if (tuple.opcode != "tuple" ||
      element >= static_cast<int64_t>(tuple.operands.size()))
    return std::nullopt;
  auto value = scalar(outer, tuple.operands[element]);
  if (!value || value->element >= 0)
    return std::nullopt;
  return value->added;
}

std::optional<int64_t> TripCounter::growth(const Module &module,
                                           const Instruction &loop,
                                           int64_t element) {
  const Computation &body = module.computations[loop.callee("body")];
  const Instruction &root = body.instructions[body.root];
  if (root.opcode != "tuple" ||
      element >= static_cast<int64_t>(root.operands.size()))
    return std::nullopt;
  auto value = scalar(body, root.operands[element]);
  if (!value || value->element != element)
    return std::nullopt;
  return value->added;
}

std::optional<int64_t> TripCounter::tripsFor(StringRef direction, int64_t start,
                                             int64_t growth, int64_t limit) {
  if (direction == "GT" || direction == "GE") {
    // The same, seen from the other side.
    if (growth == INT64_MIN || start == INT64_MIN || limit == INT64_MIN)
      return std::nullopt;
    return tripsFor(direction == "GT" ? "LT" : "LE", -start, -growth, -limit);
  }
  int64_t distance = 0;
  if (growth <= 0 || llvm::SubOverflow(limit, start, distance))
    return std::nullopt;
  if (direction == "LE" && llvm::AddOverflow<int64_t>(distance, 1, distance))
    return std::nullopt;
  if (direction == "NE" && distance % growth != 0)
    return std::nullopt;
  if (direction != "LT" && direction != "LE" && direction != "NE")
    return std::nullopt;
  if (distance <= 0)
    return 1; // It never runs; one trip is the least that a loop can have.
  return distance / growth + (distance % growth != 0);
}

std::optional<int64_t> TripCounter::count() const {
  int32_t condition = loop.callee("condition");
  if (condition < 0 || loop.operands.size() != 1)
    return std::nullopt;
  const Computation &c = module.computations[condition];
  const Instruction &compare = c.instructions[c.root];
  if (compare.opcode != "compare" || compare.operands.size() != 2)
    return std::nullopt;
  auto left = scalar(c, compare.operands[0]);
  auto right = scalar(c, compare.operands[1]);
  StringRef direction = compare.attribute("direction");
  if (!left || !right)
    return std::nullopt;
  auto isCounter = [&](const Scalar &s) {
    auto grown = s.element >= 0 ? growth(s.element) : std::nullopt;
    return grown && *grown != 0;
  };
  if (!isCounter(*left)) {
    std::swap(left, right);
    direction = direction == "LT"   ? "GT"
                : direction == "GT" ? "LT"
                : direction == "LE" ? "GE"
                : direction == "GE" ? "LE"
                                    : direction;
  }
  if (!isCounter(*left))
    return std::nullopt;
  int64_t limit = right->added;
  if (right->element >= 0) {
    auto unchanged = growth(right->element);
    auto value = start(right->element);
    if (!unchanged || *unchanged != 0 || !value ||
        llvm::AddOverflow(limit, *value, limit))
      return std::nullopt;
  }
  auto first = start(left->element);
  if (!first || llvm::SubOverflow(limit, left->added, limit))
    return std::nullopt;
  return tripsFor(direction, *first, *growth(left->element), limit);
}

std::optional<int64_t> hlo::tripsOf(const Module &module, int32_t computation,
                                    const Instruction &loop) {
  const JsonNode *known = loop.backendConfig.find("known_trip_count");
  const JsonNode *n = known ? known->find("n") : nullptr;
  int64_t trips = 0;
  if (n && !StringRef(n->text).getAsInteger(10, trips) && trips >= 1)
    return trips;
  return TripCounter(module, computation, loop).count();
}

std::optional<int64_t> hlo::growthOf(const Module &module,
                                     const Instruction &loop, int64_t element) {
  auto noted = [&](StringRef key, StringRef field) -> std::optional<int64_t> {
    const JsonNode *known = loop.backendConfig.find(key);
    const JsonNode *node = known ? known->find(field) : nullptr;
    int64_t number = 0;
    if (!node || StringRef(node->text).getAsInteger(10, number))
      return std::nullopt;
    return number;
  };
  if (noted("known_induction_variable", "tuple_index") == element)
    if (auto step = noted("known_init_step", "step"))
      return step;
  return TripCounter::growth(module, loop, element);
}
