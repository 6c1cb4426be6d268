//===- CountBuffers.c - buffers that a lowered program frees --------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Stands before the runtime library in the shared libraries of mlir-runner and
// prints at the end how many buffers the program has not freed.
//
//===----------------------------------------------------------------------===//

#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t numAllocated, numFreed;

void *_mlir_memref_to_llvm_alloc(uint64_t bytes) {
  ++numAllocated;
  return malloc(bytes ? bytes : 1);
}

void *_mlir_memref_to_llvm_aligned_alloc(uint64_t alignment, uint64_t bytes) {
  ++numAllocated;
  return aligned_alloc(alignment, (bytes + alignment) / alignment * alignment);
}

/// A second free of a buffer ends the process in the C library. What is read
/// after the first is no number.
void _mlir_memref_to_llvm_free(void *storage) {
  numFreed += storage != NULL;
  if (storage)
    memset(storage, 0xff, malloc_usable_size(storage));
  free(storage);
}

__attribute__((destructor)) static void report(void) {
  printf("buffers: %lld, not freed: %lld\n", (long long)numAllocated,
         (long long)(numAllocated - numFreed));
}
