/* npu.c - the driver of an NPU that does not exist. */
/* Part of the mempl project, under the Apache License v2.0 with LLVM
 * Exceptions. See LICENSE for license information.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 */

/* Copies wait in a queue until somebody waits for them, so that a program that
 * does not wait gets wrong numbers. */

#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct copy {
  void *dest;
  const void *source;
  size_t bytes;
};

static struct copy queue[1024];
static int32_t started, done;

static int32_t start(intptr_t dest, intptr_t source, intptr_t bytes) {
  queue[started % 1024] =
      (struct copy){(void *)dest, (const void *)source, (size_t)bytes};
  return started++;
}

int32_t npu_copy_in(intptr_t dest, intptr_t source, intptr_t bytes) {
  printf("npu: %ld bytes in\n", (long)bytes);
  return start(dest, source, bytes);
}

int32_t npu_copy_out(intptr_t dest, intptr_t source, intptr_t bytes) {
  printf("npu: %ld bytes out\n", (long)bytes);
  return start(dest, source, bytes);
}

/* Makes this copy, and those before it. */
void npu_wait(int32_t ticket) {
  for (; done <= ticket; ++done)
    memmove(queue[done % 1024].dest, queue[done % 1024].source,
            queue[done % 1024].bytes);
}
