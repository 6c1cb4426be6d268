//===- Instance.h - the placement problem: machine and program --*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A machine with one small fast and one large slow memory, and a program as a
// sequence of steps that read and write values. docs/Problem.md fixes the
// meaning of every word. Sizes are bytes, bandwidths bytes per second, times
// seconds. Nothing here knows about MLIR.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_PROBLEM_INSTANCE_H
#define MEMPL_PROBLEM_INSTANCE_H

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mempl {

/// Figures of the target that the latency of a plan depends on.
struct Machine {
  /// Bytes of fast memory; a multiple of `alignment`.
  int64_t capacity = 0;
  /// Every offset in fast memory is a multiple of this; at least 1.
  int64_t alignment = 1;
  /// Bytes per second that one step draws from fast memory; positive, and at
  /// least `slowBandwidth`.
  double fastBandwidth = 1;
  /// Bytes per second that one step draws from slow memory; positive. Steps
  /// and copies share it.
  double slowBandwidth = 1;
  /// Most bytes per second that one copy channel moves; positive.
  double copyBandwidth = 1;
  /// Seconds that a channel is busy with a copy before its first byte moves.
  double copyLatency = 0;
  /// Most copies into fast memory in flight at a boundary; 0 = no limit.
  int64_t maxCopiesIn = 0;
  /// Most copies out of fast memory in flight at a boundary; 0 = no limit.
  int64_t maxCopiesOut = 0;
  /// Seconds added to every step.
  double stepOverhead = 0;
  /// Most values kept in fast memory from one run to the next; 0 = none.
  int64_t maxCarried = 0;

  /// `size` rounded up to the alignment. Where that is 2^63 or more, INT64_MAX,
  /// which is above every capacity: sizes near 2^63 do not wrap.
  int64_t roundUp(int64_t size) const {
    int64_t rest = size % alignment;
    if (rest == 0)
      return size;
    int64_t pad = alignment - rest;
    return size > INT64_MAX - pad ? INT64_MAX : size + pad;
  }

  bool operator==(const Machine &) const = default;
};

/// What the program expects of a value outside its own steps: Input, Temporary,
/// Output or InOut.
enum class ValueKind : uint8_t {
#define MEMPL_VALUE_KIND(name, word) name,
#include "mempl/Problem/ProblemEnums.def"
};

/// A constraint of the user on where a value or an access has to be: None, Slow
/// or Fast.
enum class SpaceConstraint : uint8_t {
#define MEMPL_SPACE_CONSTRAINT(name, word) name,
#include "mempl/Problem/ProblemEnums.def"
};

/// What a step does with a value: Read, Write or Update.
enum class AccessMode : uint8_t {
#define MEMPL_ACCESS_MODE(name, word) name,
#include "mempl/Problem/ProblemEnums.def"
};

/// Whether a plan may run the steps of a program in another order: Fixed or
/// Free.
enum class StepOrder : uint8_t {
#define MEMPL_STEP_ORDER(name, word) name,
#include "mempl/Problem/ProblemEnums.def"
};

/// One piece of storage. Buffers that must share storage are one value.
struct Value {
  std::string name;
  int64_t size = 0; ///< Bytes, 0 <= size < 2^63.
  ValueKind kind = ValueKind::Temporary;
  SpaceConstraint space = SpaceConstraint::None;
  /// Why the value can only be in slow memory, to go on after "it"; empty where
  /// it can be in fast memory or nobody knows. For readers: it changes no plan,
  /// and values that differ in it alone are equal.
  std::string reason = {};
  /// An input, output or inout of a loop's body of which every trip has other
  /// contents than the one before, each in a place of its own in slow memory: a
  /// slice that moves with the trip.
  bool streamed = false;
  /// Where the program's author wrote it (mempl/Support/SourceText.h); empty
  /// where nobody knows, or as where a step first writes it (sourceOf()). For
  /// readers, as `reason` is.
  std::string source = {};

  bool isInput() const {
    return kind == ValueKind::Input || kind == ValueKind::InOut;
  }
  bool isOutput() const {
    return kind == ValueKind::Output || kind == ValueKind::InOut;
  }
  bool operator==(const Value &other) const {
    return name == other.name && size == other.size && kind == other.kind &&
           space == other.space && streamed == other.streamed;
  }
};

/// What a step does with one value.
struct Access {
  int32_t value = 0; ///< Index into Program::values.
  int64_t bytes = 0; ///< Bytes moved, reads and writes together; >= 0.
  AccessMode mode = AccessMode::Read;
  SpaceConstraint space = SpaceConstraint::None;

  bool reads() const { return mode != AccessMode::Write; }
  bool writes() const { return mode != AccessMode::Read; }
  bool operator==(const Access &) const = default;
};

struct Program;

/// One step of the program. A step with a body is a loop.
struct Step {
  std::string name;
  double compute = 0;   ///< Seconds; finite, not negative.
  int64_t reserved = 0; ///< Bytes at [0, reserved) of fast memory it needs.
  std::vector<Access> accesses;
  int64_t trips = 1; ///< Times the body runs; at least 1.
  /// The program of a loop, planned in [0, capacity of its plan). It runs on
  /// the machine of the outer program. Null for a plain step.
  std::shared_ptr<const Program> body;
  /// Earlier steps of the program that run before it in every order, besides
  /// those that its accesses depend on.
  std::vector<int32_t> after = {};
  /// Where the program's author wrote it, or empty. For readers: steps that
  /// differ in it alone are equal.
  std::string source = {};

  bool operator==(const Step &other) const;
};

/// Values, and the steps that access them: a whole program or the body of a
/// loop. It says nothing of the machine.
struct Program {
  std::vector<Value> values;
  std::vector<Step> steps; ///< In program order.
  /// Free: a plan may run them in every order that keeps the dependencies
  /// (StepOrder.h).
  StepOrder order = StepOrder::Fixed;

  int32_t numSteps() const { return static_cast<int32_t>(steps.size()); }
  int32_t numValues() const { return static_cast<int32_t>(values.size()); }
  bool operator==(const Program &) const = default;
};

/// Where each value was written: its own `source`, or else that of the first
/// step that writes it; empty where nobody knows. They point into `program`.
std::vector<std::string_view> sourcesOf(const Program &program);

/// A machine and a program: the problem that a plan answers.
struct Instance {
  std::string name;
  Machine machine;
  Program program;

  int32_t numSteps() const { return program.numSteps(); }
  int32_t numValues() const { return program.numValues(); }
  bool operator==(const Instance &) const = default;
};

/// A program on a machine, neither of which it owns: an instance, or the body
/// of a loop on the machine of the outer program. Passed by value.
struct InstanceRef {
  std::string_view name; ///< Of the instance; empty for a body.
  const Machine &machine;
  const Program &program;

  InstanceRef(const Instance &instance)
      : name(instance.name), machine(instance.machine),
        program(instance.program) {}
  InstanceRef(const Machine &machine, const Program &program)
      : machine(machine), program(program) {}

  int32_t numSteps() const { return program.numSteps(); }
  int32_t numValues() const { return program.numValues(); }
  /// The body of the loop at `step`.
  InstanceRef bodyOf(int32_t step) const {
    return {machine, *program.steps[step].body};
  }
};

/// The rules of docs/Problem.md, section Valid instances.
enum class InstanceRule : uint8_t {
  I1 = 1,
  I2,
  I3,
  I4,
  I5,
  I6,
  I7,
  I8,
  I9,
  I10,
  I11,
  I12
};

/// "I1" .. "I12".
std::string ruleName(InstanceRule rule);

/// One thing that is wrong with an instance, and where: in the machine if both
/// `value` and `step` are negative, else in a program.
struct InstanceFault {
  InstanceRule rule;
  /// Steps of the loops that lead to the program; empty for the outermost one.
  std::vector<int32_t> path = {};
  int32_t value = -1;  ///< The value that it is about, if any.
  int32_t step = -1;   ///< The step that it is in; negative: in the value.
  int32_t access = -1; ///< The access of the step, if it is about one.
  /// Key of the JSON form in there, such as "size"; empty: the whole.
  std::string field = {};
  std::string text = {};

  /// The path into the JSON form: "steps[3].body.steps[0].accesses[1].value".
  std::string where() const;
  /// The rest of it in the step, the value or the machine: "accesses[1].value".
  std::string inside() const;
  /// "steps[3].accesses[0].value: I4: no such value, ..".
  std::string str() const;
  /// "accesses[0].value: I4: no such value, .."; "I6: .." for the whole.
  std::string strInside() const;
};

/// All that is wrong with a program or its machine; empty for a valid one.
/// Nothing else in mempl is meaningful for an instance with faults, and every
/// reader refuses one.
std::vector<InstanceFault> checkInstance(const Instance &instance);

} // namespace mempl

#endif // MEMPL_PROBLEM_INSTANCE_H
