//===- Passes.cpp - the passes one by one, for C --------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl-c/Passes.h"

#include "mempl/Conversion/Passes.h"
#include "mempl/Transforms/Passes.h"

#include "mlir/CAPI/Pass.h"

using namespace mempl::ir;

#include "mempl/Conversion/Passes.capi.cpp.inc"
#include "mempl/Transforms/Passes.capi.cpp.inc"
