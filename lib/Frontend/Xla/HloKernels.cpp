//===- HloKernels.cpp - XLA's programs as mempl.kernel ops ----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A buffer is a tensor of bytes; the one that is current follows its writes. A
// loop carries the buffers from outside that its body writes. Where one access
// has to be in slow memory, the whole value stays there: ops constrain values,
// not accesses.
//
//===----------------------------------------------------------------------===//

#include "mempl/Frontend/Xla/HloFile.h"
#include "mempl/IR/Mempl.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace mempl::ir;
namespace hlo = mempl::hlo;

namespace {

class KernelWriter {
public:
  KernelWriter(MLIRContext &context, const HloFile &file)
      : file(file), program(file.program), builder(&context),
        loc(builder.getUnknownLoc()), current(program.buffers.size()),
        isSlow(program.buffers.size(), false) {}

  OwningOpRef<ModuleOp> write();

private:
  void findSlow();
  void addFunction();
  void addLevel(int32_t level, const mempl::Program &costs);
  void addStep(const hlo::ProgramStep &step, const mempl::Step &cost);
  void addLoop(const hlo::ProgramStep &step, const mempl::Step &cost);
  RankedTensorType type(int32_t buffer) {
    return RankedTensorType::get({program.buffers[buffer].size},
                                 builder.getI8Type());
  }
  const std::string &name(const hlo::ProgramStep &step) const {
    return file.module.computations[step.computation]
        .instructions[step.instruction]
        .name;
  }

  const HloFile &file;
  const hlo::ModuleProgram &program;
  OpBuilder builder;
  Location loc;
  std::vector<Value> current; ///< By buffer.
  std::vector<bool> isSlow;   ///< By buffer: it has to stay in slow memory.
};

} // namespace

void KernelWriter::findSlow() {
  for (size_t b = 0; b < program.buffers.size(); ++b)
    isSlow[b] = program.buffers[b].onHost;
  auto add = [&](const hlo::BufferAccess &access) {
    if (access.slowOnly)
      isSlow[access.buffer] = true;
  };
  for (const hlo::Level &level : program.levels)
    for (const hlo::ProgramStep &step : level.steps) {
      llvm::for_each(step.accesses, add);
      llvm::for_each(step.outside, add);
    }
}

void KernelWriter::addStep(const hlo::ProgramStep &step,
                           const mempl::Step &cost) {
  SmallVector<Value> operands;
  SmallVector<Type> results;
  SmallVector<int64_t> outs, updates, bytes, resultBytes;
  SmallVector<int32_t> written;
  auto add = [&](const hlo::BufferAccess &access) {
    bool isNew = !current[access.buffer];
    int64_t tied = -1;
    if (!isNew) {
      tied = operands.size();
      operands.push_back(current[access.buffer]);
      bytes.push_back(access.read + access.written);
    }
    if (access.mode == mempl::AccessMode::Read)
      return;
    if (access.mode == mempl::AccessMode::Update && !isNew)
      updates.push_back(tied);
    outs.push_back(tied);
    resultBytes.push_back(access.written);
    results.push_back(type(access.buffer));
    written.push_back(access.buffer);
  };
  llvm::for_each(step.accesses, add);
  llvm::for_each(step.outside, add);
  auto kernel = KernelOp::create(
      builder, loc, results, name(step), operands,
      builder.getDenseI64ArrayAttr(outs), builder.getDenseI64ArrayAttr(updates),
      builder.getDenseI64ArrayAttr(bytes),
      builder.getDenseI64ArrayAttr(resultBytes),
      builder.getF64FloatAttr(cost.compute), FloatAttr(), FloatAttr(),
      cost.reserved > 0 ? builder.getI64IntegerAttr(cost.reserved)
                        : IntegerAttr());
  for (auto [buffer, result, tied] :
       llvm::zip_equal(written, kernel.getResults(), outs)) {
    current[buffer] = result;
    if (tied < 0 && isSlow[buffer])
      kernel->setDiscardableAttr(kForbidAttr, builder.getUnitAttr());
  }
}

void KernelWriter::addLoop(const hlo::ProgramStep &step,
                           const mempl::Step &cost) {
  SmallVector<int32_t> carried;
  SmallVector<Value> inits;
  auto carry = [&](const hlo::BufferAccess &access) {
    if (access.mode == mempl::AccessMode::Read)
      return;
    carried.push_back(access.buffer);
    // What only the loop writes has to be there before.
    if (!current[access.buffer]) {
      auto empty = tensor::EmptyOp::create(
          builder, loc, type(access.buffer).getShape(), builder.getI8Type());
      if (isSlow[access.buffer])
        empty->setDiscardableAttr(kForbidAttr, builder.getUnitAttr());
      current[access.buffer] = empty;
    }
    inits.push_back(current[access.buffer]);
  };
  llvm::for_each(step.accesses, carry);
  llvm::for_each(step.outside, carry);
  Value lower = arith::ConstantIndexOp::create(builder, loc, 0);
  Value upper = arith::ConstantIndexOp::create(builder, loc, step.trips);
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  std::vector<Value> outer = current;
  auto loop = scf::ForOp::create(
      builder, loc, lower, upper, one, inits,
      [&](OpBuilder &inner, Location at, Value, ValueRange arguments) {
        OpBuilder::InsertionGuard guard(builder);
        builder.setInsertionPoint(inner.getInsertionBlock(),
                                  inner.getInsertionPoint());
        for (auto [buffer, argument] : llvm::zip_equal(carried, arguments))
          current[buffer] = argument;
        if (cost.body)
          addLevel(step.body, *cost.body);
        SmallVector<Value> yielded;
        for (int32_t buffer : carried)
          yielded.push_back(current[buffer]);
        scf::YieldOp::create(builder, at, yielded);
      });
  current = std::move(outer);
  for (auto [buffer, result] : llvm::zip_equal(carried, loop.getResults()))
    current[buffer] = result;
}

void KernelWriter::addLevel(int32_t level, const mempl::Program &costs) {
  const std::vector<hlo::ProgramStep> &steps = program.levels[level].steps;
  for (auto [step, cost] : llvm::zip_equal(steps, costs.steps)) {
    if (step.body >= 0)
      addLoop(step, cost);
    else
      addStep(step, cost);
  }
}

void KernelWriter::addFunction() {
  SmallVector<int32_t> inputs, outputs;
  SmallVector<Type> argumentTypes, resultTypes;
  for (size_t b = 0; b < program.buffers.size(); ++b) {
    mempl::ValueKind kind = program.buffers[b].kind;
    bool isUsed = file.imported.valueOf[b] >= 0;
    if (isUsed &&
        (kind == mempl::ValueKind::Input || kind == mempl::ValueKind::InOut)) {
      inputs.push_back(b);
      argumentTypes.push_back(type(b));
    }
    if (isUsed &&
        (kind == mempl::ValueKind::Output || kind == mempl::ValueKind::InOut)) {
      outputs.push_back(b);
      resultTypes.push_back(type(b));
    }
  }
  auto function =
      func::FuncOp::create(builder, loc, file.module.name,
                           builder.getFunctionType(argumentTypes, resultTypes));
  Block *entry = function.addEntryBlock();
  for (auto [buffer, argument] :
       llvm::zip_equal(inputs, entry->getArguments())) {
    current[buffer] = argument;
    if (isSlow[buffer])
      function.setArgAttr(argument.getArgNumber(), kForbidAttr,
                          builder.getUnitAttr());
  }
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(entry);
  addLevel(0, file.imported.instance.program);
  SmallVector<Value> results;
  for (int32_t buffer : outputs)
    results.push_back(current[buffer]);
  func::ReturnOp::create(builder, loc, results);
}

OwningOpRef<ModuleOp> KernelWriter::write() {
  OwningOpRef<ModuleOp> module(ModuleOp::create(loc));
  builder.setInsertionPointToEnd(module->getBody());
  findSlow();
  addFunction();
  return module;
}

OwningOpRef<ModuleOp> mempl::ir::buildKernels(MLIRContext &context,
                                              const HloFile &file) {
  context.loadDialect<MemplDialect, arith::ArithDialect, func::FuncDialect,
                      scf::SCFDialect, tensor::TensorDialect>();
  return KernelWriter(context, file).write();
}
