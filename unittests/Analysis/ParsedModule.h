//===- ParsedModule.h - tests on MLIR in text -------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_UNITTESTS_ANALYSIS_PARSEDMODULE_H
#define MEMPL_UNITTESTS_ANALYSIS_PARSEDMODULE_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Parser/Parser.h"

#include "gtest/gtest.h"

namespace mempl::ir {

/// A context, to which the tests add dialects, and the module parsed last.
class ParsedModuleTest : public ::testing::Test {
protected:
  /// The module in `text`. Forgets what earlier ones had reported.
  mlir::ModuleOp parse(llvm::StringRef text) {
    diagnostics.clear();
    module = mlir::parseSourceString<mlir::ModuleOp>(text, &context, "t.mlir");
    EXPECT_TRUE(module) << diagnostics;
    return *module;
  }

  /// The first op of the module with this name.
  mlir::Operation *find(llvm::StringRef name) {
    mlir::Operation *found = nullptr;
    module->walk([&](mlir::Operation *op) {
      if (!found && op->getName().getStringRef() == name)
        found = op;
    });
    EXPECT_TRUE(found) << "no op " << name.str();
    return found;
  }

  mlir::MLIRContext context;
  std::string diagnostics; ///< Of the last module, one per line.
  mlir::OwningOpRef<mlir::ModuleOp> module;

private:
  mlir::ScopedDiagnosticHandler handler{
      &context, [this](mlir::Diagnostic &diagnostic) {
        diagnostics += diagnostic.str() + "\n";
        return mlir::success();
      }};
};

} // namespace mempl::ir

#endif // MEMPL_UNITTESTS_ANALYSIS_PARSEDMODULE_H
