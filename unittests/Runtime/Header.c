/*===- Header.c - the runtime's header in a C program ---------------------===*\
|*
|* Part of the mempl project, under the Apache License v2.0 with LLVM
|* Exceptions. See LICENSE for license information.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
\*===----------------------------------------------------------------------===*/

#include "mempl/Runtime/Runtime.h"

int memplHeaderIsC(void);
int memplHeaderIsC(void) { return MEMPL_READ | MEMPL_WRITE; }
