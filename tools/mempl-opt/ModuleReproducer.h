//===- ModuleReproducer.h - what is needed to repeat a run ------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_TOOLS_MEMPL_OPT_MODULEREPRODUCER_H
#define MEMPL_TOOLS_MEMPL_OPT_MODULEREPRODUCER_H

#include "mlir/Tools/mlir-opt/MlirOptMain.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBufferRef.h"

namespace mempl {

/// Writes to `path`, before anything runs, what mempl-opt is about to do: the
/// versions and the command as comments, the module as it is read, and the
/// pipeline with all options, in the form that `mempl-opt --run-reproducer`
/// runs. Input that is no MLIR is written as it is. An error where the file
/// cannot be written, or the command has --split-input-file.
llvm::Error writeOptReproducer(llvm::StringRef path,
                               llvm::ArrayRef<const char *> command,
                               llvm::MemoryBufferRef input,
                               mlir::DialectRegistry &registry,
                               const mlir::MlirOptMainConfig &config);

} // namespace mempl

#endif // MEMPL_TOOLS_MEMPL_OPT_MODULEREPRODUCER_H
