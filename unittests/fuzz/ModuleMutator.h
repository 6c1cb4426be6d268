//===- ModuleMutator.h - changes of MLIR that keep it valid -----*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_UNITTESTS_FUZZ_MODULEMUTATOR_H
#define MEMPL_UNITTESTS_FUZZ_MODULEMUTATOR_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace mempl::fuzz {

/// `module` after up to `count` changes by chance, of types, operands, ops,
/// regions, attributes and functions; null if nothing that was tried gave a
/// module that verifies. Ops and functions may be copied from `donor`, which
/// may be `module` itself. With the same seed the changes are the same.
mlir::OwningOpRef<mlir::ModuleOp>
mutate(mlir::ModuleOp module, mlir::ModuleOp donor, unsigned seed, int count);

} // namespace mempl::fuzz

#endif // MEMPL_UNITTESTS_FUZZ_MODULEMUTATOR_H
