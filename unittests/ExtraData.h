//===- ExtraData.h - data that is not in the source tree --------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Some tests read more programs and packing problems than the tree has. CMake's
// cache variable MEMPL_EXTRA_DATA says where; ctest hands it on as a variable
// of the environment. CONTRIBUTING.md has what is expected there.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_UNITTESTS_EXTRADATA_H
#define MEMPL_UNITTESTS_EXTRADATA_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/FileSystem.h"

#include <cstdlib>
#include <string>

namespace mempl {

/// Where the file or folder `name` of the extra data is; empty if there is
/// none.
inline std::string extraData(llvm::StringRef name) {
  const char *root = std::getenv("MEMPL_EXTRA_DATA");
  if (!root || !*root)
    return "";
  std::string path = root + ("/" + name).str();
  return llvm::sys::fs::exists(path) ? path : "";
}

/// What a test says that is skipped for want of it.
inline constexpr const char *kNoExtraData =
    "needs MEMPL_EXTRA_DATA, see CONTRIBUTING.md";

} // namespace mempl

#endif // MEMPL_UNITTESTS_EXTRADATA_H
