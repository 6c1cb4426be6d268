//===- FolderLock.h - a folder for one process at a time --------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_LIB_TRAINING_FOLDERLOCK_H
#define MEMPL_LIB_TRAINING_FOLDERLOCK_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace mempl {

/// That a run has a folder to itself. It ends with the object, or with the
/// process, however that ends.
class FolderLock {
public:
  FolderLock() = default;
  FolderLock(const FolderLock &) = delete;
  FolderLock &operator=(const FolderLock &) = delete;
  ~FolderLock();

  /// An error if another run has `folder`, which must exist. Leaves a file
  /// `.lock` there.
  llvm::Error take(llvm::StringRef folder);

private:
  int file = -1;
};

} // namespace mempl

#endif // MEMPL_LIB_TRAINING_FOLDERLOCK_H
