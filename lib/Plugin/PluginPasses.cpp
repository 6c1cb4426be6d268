//===- PluginPasses.cpp - mempl, for a program that has MLIR --------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PluginPasses.h"

#include "mempl/Register/Register.h"
#include "mempl/Support/Version.h"

const char *memplPluginVersion() { return mempl::version().data(); }

void memplPluginRegisterDialect(mlir::DialectRegistry *registry) {
  mempl::ir::registerDialect(*registry);
}

void memplPluginRegisterPasses() { mempl::ir::registerMemplPasses(); }
