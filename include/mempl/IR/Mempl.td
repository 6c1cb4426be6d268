//===- Mempl.td - all of the dialect, for TableGen ---------*- tablegen -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_IR_MEMPL
#define MEMPL_IR_MEMPL

include "mempl/IR/MemplAttributes.td"
include "mempl/IR/MemplTypes.td"
include "mempl/IR/MemplOps.td"
include "mempl/IR/MemplProblemOps.td"

#endif // MEMPL_IR_MEMPL
