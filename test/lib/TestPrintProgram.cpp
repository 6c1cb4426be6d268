//===- TestPrintProgram.cpp - storages and steps, for tests ---------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/IR/Mempl.h"
#include "mempl/Support/Units.h"
#include "mempl/Transforms/FunctionExtraction.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

using namespace mlir;
using namespace mempl::ir;
using mempl::Access;
using mempl::AccessMode;
using mempl::SpaceConstraint;
using mempl::ValueKind;

static StringRef spell(ValueKind kind) {
  switch (kind) {
  case ValueKind::Input:
    return "input";
  case ValueKind::Temporary:
    return "temporary";
  case ValueKind::Output:
    return "output";
  case ValueKind::InOut:
    return "inout";
  }
  llvm_unreachable("a kind of value without a name");
}

static StringRef spell(AccessMode mode) {
  return mode == AccessMode::Read    ? "reads"
         : mode == AccessMode::Write ? "writes"
                                     : "updates";
}

static StringRef spell(SpaceConstraint constraint) {
  return constraint == SpaceConstraint::None   ? ""
         : constraint == SpaceConstraint::Fast ? " fast"
                                               : " slow";
}

static void print(llvm::raw_ostream &os, const FunctionProblem &program,
                  unsigned indent) {
  const mempl::Instance &instance = program.instance;
  for (const mempl::Value &value : instance.program.values)
    os.indent(indent) << "value " << value.name << ": " << value.size
                      << " bytes, " << spell(value.kind) << spell(value.space)
                      << (value.streamed ? " streamed" : "") << "\n";
  for (auto [i, step] : llvm::enumerate(instance.program.steps)) {
    os.indent(indent) << "step " << i << " " << step.name << ":";
    StringRef comma = " ";
    for (const Access &access : step.accesses) {
      os << comma << spell(access.mode) << " " << access.bytes << " of "
         << instance.program.values[access.value].name << spell(access.space);
      comma = ", ";
    }
    if (step.compute > 0)
      os << comma << "compute " << mempl::formatNumber(step.compute);
    if (step.reserved > 0)
      os << ", reserves " << step.reserved;
    if (!step.after.empty()) {
      os << comma << "after ";
      llvm::interleave(step.after, os, " ");
      comma = ", ";
    }
    if (!program.steps[i].body) {
      os << "\n";
      continue;
    }
    os << (step.accesses.empty() ? " " : ", ") << step.trips << " trips\n";
    print(os, *program.steps[i].body, indent + 2);
  }
}

namespace {

class TestPrintProgramPass
    : public PassWrapper<TestPrintProgramPass, OperationPass<ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(TestPrintProgramPass)

  TestPrintProgramPass() = default;
  TestPrintProgramPass(const TestPrintProgramPass &other)
      : PassWrapper(other) {}

  StringRef getArgument() const final { return "mempl-test-print-program"; }
  StringRef getDescription() const final {
    return "print storages and steps of prepared functions";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registerCostModels(registry);
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    FailureOr<TargetDescription> description = selectTarget(module, {target});
    if (failed(description))
      return signalPassFailure();
    CostModel cost(*description);
    FailureOr<std::vector<PlaceableFunction>> functions = extractFunctions(
        module, *description, cost,
        [](func::FuncOp function, const llvm::Twine &reason) {
          llvm::outs() << "function " << function.getName()
                       << " is not placed: " << reason << "\n";
        },
        slices);
    if (failed(functions))
      return signalPassFailure();
    for (PlaceableFunction &function : *functions) {
      bool isFree =
          function.program->instance.program.order == mempl::StepOrder::Free;
      llvm::outs() << "function " << function.function.getName()
                   << (isFree ? "\n" : ", in its order\n");
      print(llvm::outs(), *function.program, 2);
      for (const ProgramNote &note : function.notes)
        llvm::outs() << "  note: " << note.text << "\n";
    }
  }

  Option<std::string> target{
      *this, "target",
      llvm::cl::desc("Preset or file that describes the machine"),
      llvm::cl::init("tiny")};
  Option<SlicePolicy> slices{
      *this, "slices", llvm::cl::desc("Which slices are values of loops"),
      llvm::cl::values(clEnumValN(SlicePolicy::Never, "never", ""),
                       clEnumValN(SlicePolicy::Auto, "auto", ""),
                       clEnumValN(SlicePolicy::Always, "always", "")),
      llvm::cl::init(SlicePolicy::Auto)};
};

} // namespace

namespace mempl::test {
/// Registers the pass.
void registerTestPrintProgram();
} // namespace mempl::test

void mempl::test::registerTestPrintProgram() {
  PassRegistration<TestPrintProgramPass>();
}
