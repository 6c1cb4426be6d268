//===- XlaOverrides.cpp - a plan as compile options of XLA ----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A residency that begins by write is constrained with a pin of the output that
// begins it, one that is copied in with a prefetch of the first operand that it
// serves, issued before the step that the plan issues it at. XLA finds offsets,
// and the rest of the way of each value, itself; what it cannot do it refuses.
//
// But for one thing: a pin holds for a value's whole life, and of an output of
// the program XLA follows it and leaves the output in fast memory, without a
// copy out, where the caller does not look. So outputs are never pinned.
//
//===----------------------------------------------------------------------===//

#include "mempl/Frontend/Xla/XlaOverrides.h"

#include "mempl/Problem/Instance.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace mempl;
using namespace mempl::hlo;

namespace {

/// Collects the decisions of one program, loops included.
class DecisionWriter {
public:
  DecisionWriter(const Module &module, const ModuleProgram &program,
                 const Imported &imported)
      : module(module), program(program), imported(imported) {}

  void addLevel(int32_t level, InstanceRef instance, const Plan &plan,
                double times);
  std::vector<XlaDecision> take();

private:
  /// An access of a value: its step and bytes, and where it is served.
  struct Served {
    int32_t step;
    double seconds;
    bool ours, theirs;
    bool writes;
  };

  void addResidency(const Residency &r, int32_t level, const Buffer &buffer,
                    double seconds);
  void add(XlaDecision decision);
  const std::string &instructionName(int32_t level, int32_t step) const {
    const ProgramStep &s = program.levels[level].steps[step];
    return module.computations[s.computation].instructions[s.instruction].name;
  }

  const Module &module;
  const ModuleProgram &program;
  const Imported &imported;
  std::vector<XlaDecision> decisions;
};

} // namespace

/// A regular expression for exactly this name, inside a quoted string.
static std::string exactly(llvm::StringRef name) {
  std::string text = "\"^";
  for (char c : name) {
    if (c == '.')
      text += "\\\\";
    text += c;
  }
  return text + "$\"";
}

/// One output of an instruction.
static std::string positionOf(const Module &module, const Site &site) {
  const Instruction &i =
      module.computations[site.computation].instructions[site.instruction];
  std::string text =
      "hlo_position_matcher { instruction_name_regex: " + exactly(i.name);
  if (i.shape.isTuple)
    text += " tuple_index { index: " + std::to_string(site.leaf) + " }";
  return text + " }";
}

static std::string protoOf(const XlaDecision &d, const std::string &position,
                           llvm::StringRef before) {
  std::string where = position;
  if (d.kind == XlaDecision::Kind::Prefetch)
    where = "hlo_operand_filter { instruction_name_regex: " +
            exactly(d.instruction) +
            " operand_number: " + std::to_string(d.operand) + " }";
  switch (d.kind) {
  case XlaDecision::Kind::Pin:
    return "overrides { " + where + " pin_in_alternate_memory { } }";
  case XlaDecision::Kind::KeepSlow:
    return "overrides { " + where + " keep_in_default_memory { } }";
  case XlaDecision::Kind::Prefetch:
    break;
  }
  return "overrides { " + where +
         " prefetch { before_instruction { instruction_name_regex: " +
         exactly(before) + " } } }";
}

void DecisionWriter::addResidency(const Residency &r, int32_t level,
                                  const Buffer &buffer, double seconds) {
  XlaDecision d;
  d.value = buffer.name;
  d.seconds = seconds;
  d.first = "overrides { " + positionOf(module, buffer.definition) +
            " override_options { assign_first: true } }";
  if (const ByWrite *write = r.written()) {
    // The output of that step which is this buffer.
    for (const Site &site : buffer.writes) {
      const ProgramStep &step = program.levels[level].steps[write->step];
      if (site.computation != step.computation ||
          site.instruction != step.instruction)
        continue;
      d.kind = XlaDecision::Kind::Pin;
      d.instruction = instructionName(level, write->step);
      d.proto = protoOf(d, positionOf(module, site), "");
      decisions.push_back(std::move(d));
      return;
    }
    return;
  }
  // The first operand that it serves.
  const std::vector<ProgramStep> &steps = program.levels[level].steps;
  for (int32_t s = r.first(); s <= r.last; ++s)
    for (const Use &use : buffer.uses)
      if (use.computation == steps[s].computation &&
          use.instruction == steps[s].instruction) {
        d.kind = XlaDecision::Kind::Prefetch;
        d.instruction = instructionName(level, s);
        d.operand = use.operand;
        int32_t issue = std::min(r.start(), s);
        d.proto = protoOf(d, "", instructionName(level, issue));
        decisions.push_back(std::move(d));
        return;
      }
}

void DecisionWriter::addLevel(int32_t level, InstanceRef instance,
                              const Plan &plan, double times) {
  std::vector<std::vector<Served>> accesses(instance.program.values.size());
  const std::vector<ProgramStep> &steps = program.levels[level].steps;
  for (int32_t s = 0; s < instance.numSteps(); ++s) {
    for (auto [access, theirs] :
         llvm::zip_equal(instance.program.steps[s].accesses, steps[s].accesses))
      accesses[access.value].push_back(
          {s,
           times * static_cast<double>(access.bytes) /
               instance.machine.slowBandwidth,
           false, theirs.fast, access.writes()});
    const BodyPlan *loop = plan.bodyPlan(s);
    if (loop && instance.program.steps[s].body)
      addLevel(steps[s].body, instance.bodyOf(s), loop->plan,
               times * static_cast<double>(instance.program.steps[s].trips));
  }
  for (const Residency &r : plan.residencies) {
    // XLA copies arrays as they are.
    if (instance.program.values[r.value].streamed)
      continue;
    ValueKind kind = instance.program.values[r.value].kind;
    if (level == 0 && r.written() &&
        (kind == ValueKind::Output || kind == ValueKind::InOut)) {
      // Ours all the same, or it would be told to stay slow.
      for (Served &access : accesses[r.value])
        access.ours |= r.serves(access.step);
      continue;
    }
    double gain = 0;
    for (Served &access : accesses[r.value])
      if (r.serves(access.step)) {
        access.ours = true;
        gain += access.theirs ? 0 : access.seconds;
      }
    if (gain > 0)
      addResidency(r, level, program.buffers[imported.bufferOf[level][r.value]],
                   gain);
  }
  for (size_t v = 0; v < accesses.size(); ++v) {
    bool anyOurs = false;
    double lost = 0;
    for (const Served &access : accesses[v]) {
      anyOurs |= access.ours;
      lost += access.theirs && !access.ours ? access.seconds : 0;
    }
    const Buffer &buffer = program.buffers[imported.bufferOf[level][v]];
    if (anyOurs || lost == 0)
      continue;
    XlaDecision d;
    d.kind = XlaDecision::Kind::KeepSlow;
    d.value = buffer.name;
    const Instruction &i = module.computations[buffer.definition.computation]
                               .instructions[buffer.definition.instruction];
    d.instruction = i.name;
    d.seconds = -lost;
    d.proto = protoOf(d, positionOf(module, buffer.definition), "");
    decisions.push_back(std::move(d));
  }
}

std::vector<XlaDecision> DecisionWriter::take() {
  llvm::stable_sort(decisions, [](const XlaDecision &a, const XlaDecision &b) {
    return a.seconds > b.seconds;
  });
  return std::move(decisions);
}

std::vector<XlaDecision> hlo::xlaDecisions(const Module &module,
                                           const ModuleProgram &program,
                                           const Imported &imported,
                                           const Plan &plan) {
  DecisionWriter writer(module, program, imported);
  writer.addLevel(0, imported.instance, plan, 1);
  return writer.take();
}

void hlo::writeXlaOptions(llvm::raw_ostream &os, const Plan &plan,
                          const std::vector<XlaDecision> &decisions) {
  std::string overrides;
  for (const XlaDecision &d : decisions)
    if (d.kind != XlaDecision::Kind::KeepSlow)
      overrides += (overrides.empty() ? "" : " ") + d.proto;
  llvm::json::Object options;
  if (!overrides.empty())
    options["xla_tpu_msa_tensor_overrides"] = overrides;
  if (llvm::none_of(plan.residencies,
                    [](const Residency &r) { return r.isKept(); }))
    options["xla_msa_max_cross_program_prefetches"] = "0";
  os << llvm::formatv("{0:2}", llvm::json::Value(std::move(options))) << '\n';
}

static llvm::StringRef actionName(XlaDecision::Kind kind) {
  switch (kind) {
  case XlaDecision::Kind::Pin:
    return "pin";
  case XlaDecision::Kind::Prefetch:
    return "prefetch";
  case XlaDecision::Kind::KeepSlow:
    break;
  }
  return "keep-slow";
}

void hlo::writeXlaDecisions(llvm::raw_ostream &os,
                            const std::vector<XlaDecision> &decisions) {
  os << '[';
  for (const XlaDecision &d : decisions) {
    llvm::json::Object object{{"action", actionName(d.kind)},
                              {"value", d.value},
                              {"instruction", d.instruction},
                              {"seconds", d.seconds},
                              {"proto", d.proto}};
    if (!d.first.empty())
      object["first"] = d.first;
    if (d.operand >= 0)
      object["operand"] = d.operand;
    os << (&d == decisions.data() ? "\n" : ",\n")
       << llvm::json::Value(std::move(object));
  }
  os << "\n]\n";
}
