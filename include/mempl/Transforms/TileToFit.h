//===- TileToFit.h - the pass that makes temporaries small ------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// mempl-tile-to-fit, which splits what is too large for fast memory along the
// batch. TileToFit.td says what it does.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_TRANSFORMS_TILETOFIT_H
#define MEMPL_TRANSFORMS_TILETOFIT_H

#include "mempl/IR/Namespace.h"

#include "mlir/Pass/Pass.h"

#include <memory>
#include <string>

namespace mempl::ir {

/// createMemplTileToFit() with MemplTileToFitOptions.
#define GEN_PASS_DECL
#include "mempl/Transforms/TileToFitPasses.h.inc"

/// Registers mempl-tile-to-fit.
void registerTileToFitPasses();

} // namespace mempl::ir

#endif // MEMPL_TRANSFORMS_TILETOFIT_H
