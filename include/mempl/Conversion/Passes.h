//===- Passes.h - from placed programs to other IR --------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Generated from Passes.td: an options struct and a create function per pass,
// and their registration. docs/Passes.md is the reference.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_CONVERSION_PASSES_H
#define MEMPL_CONVERSION_PASSES_H

#include "mempl/IR/Namespace.h"

#include "mlir/Pass/Pass.h"

#include <memory>
#include <string>

namespace mempl::ir {

#define GEN_PASS_DECL
#include "mempl/Conversion/Passes.h.inc"

/// registerMemplConversionPasses().
#define GEN_PASS_REGISTRATION
#include "mempl/Conversion/Passes.h.inc"

} // namespace mempl::ir

#endif // MEMPL_CONVERSION_PASSES_H
