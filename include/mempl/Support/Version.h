//===- Version.h - which mempl this is --------------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The version is that of project() in the root CMakeLists.txt; nothing else has
// it. docs/Compatibility.md has what it promises.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_SUPPORT_VERSION_H
#define MEMPL_SUPPORT_VERSION_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"

namespace mempl {

/// The version of mempl, as in "0.1.0"; ends with a null character.
llvm::StringRef version();

/// The version of LLVM that mempl was built with, as in "22.1.8"; ends with a
/// null character.
llvm::StringRef llvmVersion();

/// What every tool prints for --version: a line for mempl and one for LLVM.
void printVersion(llvm::raw_ostream &os);

} // namespace mempl

#endif // MEMPL_SUPPORT_VERSION_H
