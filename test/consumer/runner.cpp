//===- runner.cpp - a program that uses an installed runtime --------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Runtime/Runtime.h"

#include <cstring>

int main() {
  const char text[] = "weights";
  void *fast = mempl_alloc(64, sizeof text);
  mempl_copy_wait(mempl_copy_start(fast, text, sizeof text, "weights"));
  bool same = std::memcmp(fast, text, sizeof text) == 0;
  mempl_release(fast);
  return same ? 0 : 1;
}
