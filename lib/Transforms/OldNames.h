//===- OldNames.h - options of passes by their old names --------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Options of passes have no aliases in MLIR; old names are replaced before the
// options are read, so that help and printed pipelines have the new ones only.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_TRANSFORMS_OLDNAMES_H
#define MEMPL_LIB_TRANSFORMS_OLDNAMES_H

#include "mempl/IR/Namespace.h"

#include "llvm/ADT/StringRef.h"

#include <string>

namespace mempl::ir {

/// The options of a pass that runs a solver, `key=value key=value`, with
/// today's keys.
std::string withNewNames(llvm::StringRef options);

} // namespace mempl::ir

#endif // MEMPL_LIB_TRANSFORMS_OLDNAMES_H
