/* A program in C that uses an installed mempl.
 *
 * Part of the mempl project, under the Apache License v2.0 with LLVM
 * Exceptions. See LICENSE for license information.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 */

#include "mempl-c/Dialect.h"
#include "mempl-c/Solver.h"

#include <stdio.h>

int main(void) {
  char *solvers = memplGetSolvers();
  int count = 1;
  for (const char *c = solvers; *c; ++c)
    count += *c == '\n';
  printf("mempl %s, with %d solvers\n", memplGetVersion(), count);
  memplStringDestroy(solvers);
  memplRegisterPasses();
  return 0;
}
