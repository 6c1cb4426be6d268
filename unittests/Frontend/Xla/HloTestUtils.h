//===- HloTestUtils.h - a module and all that is made of it -----*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_UNITTESTS_FRONTEND_XLA_HLOTESTUTILS_H
#define MEMPL_UNITTESTS_FRONTEND_XLA_HLOTESTUTILS_H

#include "mempl/Frontend/Xla/HloCopies.h"
#include "mempl/Frontend/Xla/HloImport.h"
#include "mempl/Frontend/Xla/HloParser.h"
#include "mempl/Problem/Verifier.h"

#include "gtest/gtest.h"

namespace mempl::hlo {

inline ImportTarget testTarget() {
  ImportTarget target;
  target.machine.capacity = 1 << 20;
  target.machine.alignment = 512;
  target.machine.slowBandwidth = target.machine.copyBandwidth = 1e9;
  target.machine.fastBandwidth = 1e10;
  target.matrixOpsPerSecond = 1e12;
  target.vectorOpsPerSecond = 1e11;
  target.clock = 1e9;
  return target;
}

/// A module and all that is made of it.
struct Read {
  Module module;
  int64_t copies = 0; ///< That were missing.
  ModuleProgram program;
  Imported imported;
  Plan xla;
  XlaPlanNotes notes;

  const Instance &instance() const { return imported.instance; }
  const Step &step(llvm::StringRef name) const {
    for (const Step &step : instance().program.steps)
      if (step.name == name)
        return step;
    ADD_FAILURE() << "no step " << name.str();
    static Step none;
    return none;
  }
  const Value &value(const Access &access) const {
    return instance().program.values[access.value];
  }
  const Value &value(llvm::StringRef name) const {
    for (const Value &value : instance().program.values)
      if (value.name == name)
        return value;
    ADD_FAILURE() << "no value " << name.str();
    static Value none;
    return none;
  }
  std::vector<std::string> valueNames() const {
    std::vector<std::string> names;
    for (const Value &value : instance().program.values)
      names.push_back(value.name);
    return names;
  }
  std::vector<std::string> stepNames() const {
    std::vector<std::string> names;
    for (const Step &step : instance().program.steps)
      names.push_back(step.name);
    return names;
  }
};

inline llvm::Error readInto(llvm::StringRef text, Read &read,
                            const ImportTarget &target,
                            const ImportOptions &options) {
  auto module = parseModule(text, "m.hlo");
  if (!module)
    return module.takeError();
  read.module = std::move(*module);
  read.copies = insertCopies(read.module);
  auto program = readProgram(read.module);
  if (!program)
    return program.takeError();
  read.program = std::move(*program);
  auto imported = buildInstance(read.module, read.program, target, options);
  if (!imported)
    return imported.takeError();
  read.imported = std::move(*imported);
  auto plan = buildXlaPlan(read.module, read.program, read.imported,
                           AssignmentTables(), read.notes);
  if (!plan)
    return plan.takeError();
  read.xla = std::move(*plan);
  return llvm::Error::success();
}

inline std::unique_ptr<Read> read(llvm::StringRef text,
                                  const ImportOptions &options = {}) {
  auto result = std::make_unique<Read>();
  llvm::Error error = readInto(text, *result, testTarget(), options);
  EXPECT_FALSE(static_cast<bool>(error)) << llvm::toString(std::move(error));
  for (const Violation &v : verify(result->instance(), result->xla))
    ADD_FAILURE() << v.str();
  EXPECT_EQ(result->notes.dropped, 0);
  return result;
}

inline std::string errorOf(llvm::StringRef text) {
  Read ignored;
  return llvm::toString(readInto(text, ignored, testTarget(), {}));
}

/// A module with one entry computation; `before` are other computations.
inline std::string module(llvm::StringRef entry, llvm::StringRef before = "") {
  return ("HloModule m, is_scheduled=true\n" + before + "ENTRY %main {\n" +
          entry + "}\n")
      .str();
}

} // namespace mempl::hlo

#endif // MEMPL_UNITTESTS_FRONTEND_XLA_HLOTESTUTILS_H
