//===- Mapping.h - every field of instances and plans, once -----*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// mapFields(io, x) for every struct of a problem and a plan. From it follow the
// JSON forms with their lists of keys and their errors, the attributes of ops,
// the structs of the C API, the attributes and columns in Python and the
// columns of reports. See Field.h for what an `io` does. The order of the
// fields is that of files and of the structs in C.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_PROBLEM_MAPPING_H
#define MEMPL_PROBLEM_MAPPING_H

#include "mempl/Problem/Field.h"
#include "mempl/Problem/Plan.h"

namespace mempl {

//===----------------------------------------------------------------------===//
// Enums
//===----------------------------------------------------------------------===//

/// The words for the cases of an enum, in order.
template <typename Enum> inline constexpr llvm::StringLiteral kWords[] = {""};
template <>
inline constexpr llvm::StringLiteral kWords<ValueKind>[] = {
#define MEMPL_VALUE_KIND(name, word) #word,
#include "mempl/Problem/ProblemEnums.def"
};
template <>
inline constexpr llvm::StringLiteral kWords<SpaceConstraint>[] = {
#define MEMPL_SPACE_CONSTRAINT(name, word) #word,
#include "mempl/Problem/ProblemEnums.def"
};
template <>
inline constexpr llvm::StringLiteral kWords<AccessMode>[] = {
#define MEMPL_ACCESS_MODE(name, word) #word,
#include "mempl/Problem/ProblemEnums.def"
};

template <>
inline constexpr llvm::StringLiteral kWords<StepOrder>[] = {
#define MEMPL_STEP_ORDER(name, word) #word,
#include "mempl/Problem/ProblemEnums.def"
};

/// Whether the first case of an enum is that nothing is said: files have no
/// word for it.
template <typename Enum> inline constexpr bool kFirstIsNone = false;
template <> inline constexpr bool kFirstIsNone<SpaceConstraint> = true;

/// The word for one case.
template <typename Enum> llvm::StringRef wordFor(Enum x) {
  return kWords<Enum>[static_cast<size_t>(x)];
}

//===----------------------------------------------------------------------===//
// Instances
//===----------------------------------------------------------------------===//

template <typename IO> constexpr void mapFields(IO &io, Machine &m) {
  io.group("fast", [&](auto &fast) {
    fast.required(
        Field{"capacity", "Bytes of fast memory; a multiple of `alignment`."},
        m.capacity);
    fast.required(
        Field{"alignment", "Bytes; every offset is a multiple of it."}.atLeast(
            1),
        m.alignment);
    fast.required(
        Field{"bandwidth",
              "Bytes per second that one step draws from fast memory."}
            .named("fast_bandwidth")
            .positive(),
        m.fastBandwidth);
    fast.optional(
        Field{"max_carried",
              "Most values kept in fast memory from one run to the next."},
        m.maxCarried);
  });
  io.group("slow", [&](auto &slow) {
    slow.required(
        Field{"bandwidth",
              "Bytes per second of slow memory, for steps and copies together."}
            .named("slow_bandwidth")
            .positive(),
        m.slowBandwidth);
  });
  io.group("copy", [&](auto &copy) {
    copy.required(
        Field{"bandwidth", "Most bytes per second that one copy channel moves."}
            .named("copy_bandwidth")
            .positive(),
        m.copyBandwidth);
    copy.required(
        Field{"latency", "Seconds before the first byte of a copy moves."}
            .named("copy_latency"),
        m.copyLatency);
    copy.optional(
        Field{"max_in",
              "Most copies in that are in flight at a boundary; 0: no limit."}
            .named("max_copies_in"),
        m.maxCopiesIn);
    copy.optional(
        Field{"max_out", "The same for copies out."}.named("max_copies_out"),
        m.maxCopiesOut);
  });
  io.group("step", [&](auto &step) {
    step.required(Field{"overhead", "Seconds added to every step."}.named(
                      "step_overhead"),
                  m.stepOverhead);
  });
}

template <typename IO> void mapFields(IO &io, Value &value) {
  io.required(Field{"name", "Its name."}, value.name);
  io.required(Field{"size", "Bytes."}, value.size);
  io.required(Field{"kind", "What the program expects of it."}, value.kind);
  io.optional(Field{"space", "The only memory that it may be in."}, value.space,
              value.space == SpaceConstraint::None);
  io.optional(Field{"reason",
                    "Why it can only be in slow memory; empty where it can be "
                    "in fast memory or nobody knows."},
              value.reason, value.reason.empty());
  io.optional(Field{"streamed", "Whether every trip has other contents."},
              value.streamed, !value.streamed);
  io.optional(Field{"source",
                    "Where the program's author wrote it: `file:line`, and "
                    "perhaps a name in parentheses; empty where nobody knows, "
                    "or as in the step that writes it first."},
              value.source, value.source.empty());
}

template <typename IO> void mapFields(IO &io, Access &access) {
  io.required(Field{"value", "Index into `Program.values`."}, access.value);
  io.required(Field{"bytes", "Bytes moved, reads and writes."}, access.bytes);
  io.required(Field{"mode", "What it does."}, access.mode);
  io.optional(Field{"space", "The only memory that the step can use."},
              access.space, access.space == SpaceConstraint::None);
}

template <typename IO> void mapFields(IO &io, Step &step) {
  io.required(Field{"name", "Its name."}, step.name);
  io.required(Field{"compute", "Seconds."}, step.compute);
  io.optional(
      Field{"reserved", "Bytes at the start of fast memory that it needs."},
      step.reserved, step.reserved == 0);
  io.list("accesses", step.accesses);
  io.integers(Field{"after", "Earlier steps that run before it."}, step.after);
  io.optional(Field{"trips", "Times that the body runs."}.atLeast(1),
              step.trips, !step.body && step.trips == 1);
  io.optional(Field{"source", "Where the program's author wrote it."},
              step.source, step.source.empty());
  io.body("body", step.body);
}

template <typename IO> void mapFields(IO &io, Program &program) {
  io.list("values", program.values);
  io.list("steps", program.steps);
  io.optional(Field{"order", "Whether a plan may run them in another order."},
              program.order, program.order == StepOrder::Fixed);
}

template <typename IO> void mapFields(IO &io, Instance &instance) {
  io.version();
  io.required(Field{"name", "Its name."}, instance.name);
  io.object("machine", instance.machine);
  mapFields(io, instance.program);
}

//===----------------------------------------------------------------------===//
// Plans
//===----------------------------------------------------------------------===//

template <typename IO> constexpr void mapFields(IO &io, Residency &r) {
  // What is out of range for an instance is found by verify().
  io.required(
      Field{"value", "Index into `Program.values`."}.atLeast(Field::kAny),
      r.value);
  io.required(
      Field{"offset", "First byte in fast memory."}.atLeast(Field::kAny),
      r.offset);
  io.required(Field{"last", "Last step that it serves."}.atLeast(Field::kAny),
              r.last);
  io.template alternative<ByWrite>(r.begin, [](auto &io, ByWrite &write) {
    io.required(Field{"write", "Step whose write begins it."}, write.step);
  });
  io.template alternative<CopyIn>(r.begin, [](auto &io, CopyIn &in) {
    io.required(Field{"issue", "Boundary at which the copy in is issued."},
                in.issue);
    io.required(Field{"ready", "Boundary at which it is awaited."}, in.ready);
  });
  io.part(r.out, "`back` without `done`", [](auto &io, CopyOut &out) {
    io.required(Field{"done", "Boundary at which the copy out is awaited."},
                out.done);
    io.optional(
        Field{"back",
              "Step after which a copy out is issued; -1: after `last`."},
        out.back);
  });
  io.template alternative<Kept>(r.begin, [](auto &io, Kept &) {
    io.flag(Field{"carried", "Whether the run before left it in fast memory."});
  });
  io.optional(Field{"offset2", "First byte in odd trips."}.atLeast(Field::kAny),
              r.offset2);
  io.exactlyOne("a residency begins by `write`, or by `issue` and `ready`, or "
                "is `carried`");
}

/// What the plans of instances and of bodies have in common.
template <typename IO> void mapFields(IO &io, Plan &plan) {
  io.list("residencies", plan.residencies);
  io.loops("loops", plan.loops);
  io.integers(Field{"order", "The steps as they run."}.atLeast(Field::kAny),
              plan.order);
}

template <typename IO> void mapFields(IO &io, BodyPlan &body) {
  io.required(Field{"capacity", "Bytes that the plan may use, from offset 0."},
              body.capacity);
  io.optional(Field{"instance", "Name of the instance it is for."},
              body.plan.instance, body.plan.instance.empty());
  mapFields(io, body.plan);
}

/// A plan as a file of its own.
struct PlanFile {
  Plan &plan;
};

template <typename IO> void mapFields(IO &io, PlanFile &file) {
  io.version();
  io.required(Field{"instance", "Name of the instance it is for."},
              file.plan.instance);
  mapFields(io, file.plan);
  io.comparisons("cross_program");
}

} // namespace mempl

#endif // MEMPL_PROBLEM_MAPPING_H
