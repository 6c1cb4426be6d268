//===- DropReleases.cpp - frees of fast memory are nothing ----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Conversion/Passes.h"
#include "mempl/IR/Mempl.h"

namespace mempl::ir {
#define GEN_PASS_DEF_MEMPLDROPRELEASES
#include "mempl/Conversion/Passes.h.inc"
} // namespace mempl::ir

using namespace mlir;
using namespace mempl::ir;

namespace {

struct MemplDropReleases
    : mempl::ir::impl::MemplDropReleasesBase<MemplDropReleases> {
  void runOnOperation() override {
    getOperation()->walk([](ReleaseOp release) { release.erase(); });
  }
};

} // namespace
