//===- Passes.h - the passes of mempl ---------------------------*- C++ -*-===//
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

#ifndef MEMPL_TRANSFORMS_PASSES_H
#define MEMPL_TRANSFORMS_PASSES_H

#include "mempl/IR/Namespace.h"

#include "mlir/Pass/Pass.h"

#include <memory>
#include <string>

namespace mempl::ir {

#define GEN_PASS_DECL
#include "mempl/Transforms/Passes.h.inc"

/// registerMemplTransformsPasses().
#define GEN_PASS_REGISTRATION
#include "mempl/Transforms/Passes.h.inc"

} // namespace mempl::ir

#endif // MEMPL_TRANSFORMS_PASSES_H
