//===-- mempl-c/Passes.h - The passes one by one ------------------*- C -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// As MLIR does it: functions mlirCreateMemplTransforms..() and
// mlirCreateMemplConversion..() make the passes of docs/Passes.md with their
// default options, for mlirPassManagerAddOwnedPass() and the like,
// mlirCreateMemplTransformsLearnedMemoryPlacement() among them. With other
// options, passes are made from text: see mempl-c/Dialect.h.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_C_PASSES_H
#define MEMPL_C_PASSES_H

#include "mempl/Conversion/Passes.capi.h.inc"
#include "mempl/Transforms/Passes.capi.h.inc"

#endif // MEMPL_C_PASSES_H
