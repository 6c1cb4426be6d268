//===- Passes.cpp - the passes one by one, for C --------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl-c/Passes.h"

#include "mempl/Conversion/GPUPasses.h"
#include "mempl/Conversion/Passes.h"
#include "mempl/Transforms/Passes.h"
#include "mempl/Transforms/ProblemPasses.h"
#include "mempl/Transforms/TileToFit.h"

#include "mlir/CAPI/Pass.h"
#include "mlir/Pass/PassRegistry.h"

namespace mempl::ir {
#define GEN_PASS_REGISTRATION
#include "mempl/Conversion/GPUPasses.h.inc"
#define GEN_PASS_REGISTRATION
#include "mempl/Transforms/ProblemPasses.h.inc"
#define GEN_PASS_REGISTRATION
#include "mempl/Transforms/TileToFitPasses.h.inc"
} // namespace mempl::ir

using namespace mempl::ir;

#include "mempl/Conversion/GPUPasses.capi.cpp.inc"
#include "mempl/Conversion/Passes.capi.cpp.inc"
#include "mempl/Transforms/Passes.capi.cpp.inc"
#include "mempl/Transforms/ProblemPasses.capi.cpp.inc"
#include "mempl/Transforms/TileToFitPasses.capi.cpp.inc"
