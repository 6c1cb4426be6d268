//===- Version.cpp - which mempl this is ----------------------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Support/Version.h"

#include "llvm/Config/llvm-config.h"

llvm::StringRef mempl::version() { return MEMPL_VERSION; }

llvm::StringRef mempl::llvmVersion() { return LLVM_VERSION_STRING; }

void mempl::printVersion(llvm::raw_ostream &os) {
  os << "mempl " << version() << "\nLLVM " << llvmVersion() << '\n';
}
