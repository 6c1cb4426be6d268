//===- ProgramInput.h - an instance out of MLIR -----------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For tools that know nothing of MLIR: what the pass would solve, out of text.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_TRANSFORMS_PROGRAMINPUT_H
#define MEMPL_TRANSFORMS_PROGRAMINPUT_H

#include "mempl/Problem/Instance.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace mempl {

/// Whether the name is that of a file in MLIR: `.mlir` or `.mlirbc`, perhaps
/// with `.gz`.
bool isMlirFileName(llvm::StringRef path);

/// The instance that `learned-memory-placement`, if it splits nothing, would
/// solve for a function of the MLIR file `path` (text or bytecode, plain or
/// gzip): the only one that can be placed, or the one named `function`.
/// `target` is a preset or a target file; empty for what the module says.
/// `profile` is a file with measured seconds of ops, as the option of the pass;
/// empty for none. `unknowns`, if given, gets what is not known of its sizes
/// and trips, in one line; empty where all is known. Without `reorder`, plans
/// keep the order of the program.
llvm::Expected<Instance>
readMlirInstance(llvm::StringRef path, llvm::StringRef target,
                 llvm::StringRef function, llvm::StringRef profile = "",
                 std::string *unknowns = nullptr, bool reorder = true);

/// The same for the contents of a file; `path` is the name in errors.
llvm::Expected<Instance>
parseMlirInstance(llvm::StringRef text, llvm::StringRef path,
                  llvm::StringRef target, llvm::StringRef function,
                  llvm::StringRef profile = "", std::string *unknowns = nullptr,
                  bool reorder = true);

/// The machine of `target`: a preset, a target file or a machine file.
llvm::Expected<Machine> readTargetMachine(llvm::StringRef target);

} // namespace mempl

#endif // MEMPL_TRANSFORMS_PROGRAMINPUT_H
