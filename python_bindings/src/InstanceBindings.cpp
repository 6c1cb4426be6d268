//===- InstanceBindings.cpp - machines and programs in Python -------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Instances do not change, so views of them stay true. JSON is the way in and
// out, for pickling as well.
//
//===----------------------------------------------------------------------===//

#include "Bindings.h"
#include "Records.h"

#include "mempl/Problem/ProblemIO.h"
#include "mempl/Support/FileIO.h"

#include <nanobind/operators.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

using namespace mempl;
using namespace mempl::python;

static std::string toJson(const Instance &instance) {
  std::string text;
  llvm::raw_string_ostream os(text);
  writeInstance(os, instance);
  return text;
}

static Instance withMachine(const Instance &instance, const Machine &machine) {
  Instance changed = instance;
  changed.machine = machine;
  std::vector<InstanceFault> faults = checkInstance(changed);
  if (!faults.empty())
    throw PythonError{instance.name + ": does not run on this machine: " +
                      faults.front().str()};
  return changed;
}

/// A column of Instance::values.
template <typename T>
static View<T> valueColumn(nb::handle self, const T Value::*field) {
  const auto &values = nb::cast<const Instance &>(self).program.values;
  static_assert(sizeof(Value) % sizeof(T) == 0);
  return columnOf<T>(values.empty() ? nullptr : &(values[0].*field),
                     values.size(), sizeof(Value), self);
}

/// What all accesses have, step after step, as arrays of their own.
static nb::dict accessColumns(const Instance &instance) {
  auto *step = new std::vector<int32_t>(), *value = new std::vector<int32_t>();
  auto *bytes = new std::vector<int64_t>();
  auto *mode = new std::vector<uint8_t>();
  for (int32_t i = 0; i < instance.numSteps(); ++i)
    for (const Access &access : instance.program.steps[i].accesses) {
      step->push_back(i);
      value->push_back(access.value);
      bytes->push_back(access.bytes);
      mode->push_back(static_cast<uint8_t>(access.mode));
    }
  auto give = [](auto *items) {
    using Items = std::remove_pointer_t<decltype(items)>;
    nb::capsule owner(items,
                      [](void *p) noexcept { delete static_cast<Items *>(p); });
    return viewOf(*items, owner);
  };
  nb::dict columns;
  columns["step"] = give(step);
  columns["value"] = give(value);
  columns["bytes"] = give(bytes);
  columns["mode"] = give(mode);
  return columns;
}

static void bindMachine(nb::module_ &m) {
  nb::class_<Machine> type(
      m, "Machine",
      "Figures of the target that the latency of a plan depends on.");
  type.def(nb::init<>())
      .def(
          "__init__",
          [](Machine *self, const Machine &other) {
            new (self) Machine(other);
          },
          nb::arg().lock());
  defWritableFields(type);
  type.def(
          "__eq__", [](const Machine &a, const Machine &b) { return a == b; },
          nb::arg().lock(), nb::lock_self(), nb::is_operator(), kEqualSignature)
      .def(
          "__repr__",
          [](const Machine &machine) {
            return "<mempl.Machine, " + std::to_string(machine.capacity) +
                   " bytes of fast memory>";
          },
          nb::lock_self());
}

static void bindParts(nb::module_ &m) {
  bindWords<ValueKind>(m, "ValueKind",
                       "What a program expects of a value outside its steps.");
  bindWords<SpaceConstraint>(m, "SpaceConstraint",
                             "A constraint on where something is.");
  bindWords<AccessMode>(m, "AccessMode", "What a step does with a value.");
  bindWords<StepOrder>(
      m, "StepOrder",
      "Whether a plan may run the steps of a program in another order.");
  nb::class_<Value> value(m, "Value", "One piece of storage.");
  defFields(value);
  value.def("__repr__", [](const Value &value) {
    return "<mempl.Value " + value.name + ", " + std::to_string(value.size) +
           " bytes>";
  });
  nb::class_<Access> access(m, "Access", "What a step does with one value.");
  defFields(access);
  nb::class_<Step>(m, "Step", "One step of a program; a loop if it has a body.")
      .def_ro("name", &Step::name)
      .def_ro("compute", &Step::compute, "Seconds.")
      .def_ro("reserved", &Step::reserved,
              "Bytes at the start of fast memory that it needs.")
      .def_ro("accesses", &Step::accesses)
      .def_ro("after", &Step::after,
              "Earlier steps that run before it in every order, besides those "
              "that its accesses depend on.")
      .def_ro("trips", &Step::trips, "Times that the body runs.")
      .def_ro("source", &Step::source,
              "Where the program's author wrote it: `file:line`, and perhaps a "
              "name in parentheses; empty where nobody knows.")
      .def_prop_ro(
          "body",
          [](const Step &step) -> nb::object {
            return step.body ? nb::cast(*step.body) : nb::none();
          },
          nb::for_getter(nb::sig("def body(self, /) -> Program | None")),
          "The program of a loop (a copy), or None.")
      .def("__repr__",
           [](const Step &step) { return "<mempl.Step " + step.name + ">"; });
  nb::class_<Program>(m, "Program", "Values, and the steps that access them.")
      .def_prop_ro(
          "values", [](const Program &program) { return program.values; },
          "List of Value, copies.")
      .def_prop_ro(
          "steps", [](const Program &program) { return program.steps; },
          "List of Step, copies, in program order.")
      .def_ro("order", &Program::order,
              "Whether a plan may run the steps in another order.")
      .def_prop_ro("num_values", &Program::numValues)
      .def_prop_ro("num_steps", &Program::numSteps)
      .def(nb::self == nb::self, kEqualSignature)
      .def("__repr__", [](const Program &program) {
        return "<mempl.Program: " + std::to_string(program.numSteps()) +
               " steps, " + std::to_string(program.numValues()) + " values>";
      });
}

/// The body of a loop as a problem of its own.
static Instance bodyOf(const Instance &instance, int32_t step) {
  if (step < 0 || step >= instance.numSteps() ||
      !instance.program.steps[step].body)
    throw PythonError{instance.name + ": step " + std::to_string(step) +
                      " is no loop"};
  const Step &loop = instance.program.steps[step];
  return {loop.name, instance.machine, *loop.body};
}

void mempl::python::bindInstance(nb::module_ &m) {
  bindMachine(m);
  bindParts(m);
  nb::class_<Instance>(m, "Instance",
                       "A machine and a program: the problem that a plan "
                       "answers. Does not change.")
      .def_static(
          "from_json",
          [](const std::string &text, const std::string &file) {
            return unwrap(parseInstance(text, file));
          },
          nb::arg("text"), nb::arg("file") = "<json>",
          "Parses the JSON of an instance (schema: docs/Problem.md). `file` is "
          "its name in errors. Raises mempl.Error.")
      .def_static(
          "read",
          [](const std::string &path) { return unwrap(readInstance(path)); },
          nb::arg("path"),
          "Reads a JSON file, plain or gzip. Raises mempl.Error.")
      .def("to_json", &toJson, "The JSON that from_json() reads back as equal.")
      .def(
          "write",
          [](const Instance &instance, const std::string &path) {
            if (llvm::Error error = writeFile(path, toJson(instance)))
              raise(std::move(error));
          },
          nb::arg("path"),
          "Writes JSON; packed if the name ends in .gz. Raises mempl.Error.")
      .def("with_machine", &withMachine, nb::arg("machine").lock(),
           "The same program on another machine. Raises mempl.Error if it "
           "cannot run there.")
      .def_ro("name", &Instance::name)
      .def_prop_ro(
          "machine", [](const Instance &i) { return i.machine; }, "A copy.")
      .def_prop_ro(
          "values", [](const Instance &i) { return i.program.values; },
          "List of Value, copies.")
      .def_prop_ro(
          "steps", [](const Instance &i) { return i.program.steps; },
          "List of Step, copies, in program order.")
      .def("body_of", &bodyOf, nb::arg("step"),
           "The body of the loop at `step` as a problem of its own, on the "
           "same machine. Raises mempl.Error for a step without a body.")
      .def_prop_ro(
          "order", [](const Instance &i) { return i.program.order; },
          "Whether a plan may run the steps in another order.")
      .def_prop_ro("num_values", &Instance::numValues)
      .def_prop_ro("num_steps", &Instance::numSteps)
      .def_prop_ro(
          "sizes",
          [](nb::handle self) { return valueColumn(self, &Value::size); },
          "Bytes of each value: int64, shape (num_values,); a view.")
      .def_prop_ro("accesses", &accessColumns,
                   "All accesses, step after step: a dict of arrays of shape "
                   "(accesses,): `step` and `value` (int32), `bytes` (int64), "
                   "`mode` (uint8: 0 read, 1 write, 2 update). Copies.")
      .def(nb::self == nb::self, kEqualSignature)
      .def("__getstate__", &toJson)
      .def("__setstate__",
           [](Instance &self, const std::string &state) {
             new (&self) Instance(unwrap(parseInstance(state, "<pickle>")));
           })
      .def("__repr__", [](const Instance &i) {
        return "<mempl.Instance " + i.name + ": " +
               std::to_string(i.numSteps()) + " steps, " +
               std::to_string(i.numValues()) + " values>";
      });
}
