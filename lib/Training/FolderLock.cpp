//===- FolderLock.cpp - a folder for one process at a time ----------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FolderLock.h"

#include "mempl/Support/FileIO.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"

#include <cerrno>
#include <sys/file.h>

using namespace mempl;

namespace fs = llvm::sys::fs;

FolderLock::~FolderLock() {
  if (file >= 0)
    llvm::sys::Process::SafelyCloseFileDescriptor(file);
}

llvm::Error FolderLock::take(llvm::StringRef folder) {
  llvm::SmallString<128> path(folder);
  llvm::sys::path::append(path, ".lock");
  if (std::error_code ec =
          fs::openFileForReadWrite(path, file, fs::CD_OpenAlways, fs::OF_None))
    return fileError(path, 0, "cannot be written: " + ec.message());
  // Not LLVM's locks, which are of a process: two of its threads would both
  // have it. File systems that have no locks go without.
  if (flock(file, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
    return fileError(folder, 0, "another run trains in this folder");
  return llvm::Error::success();
}
