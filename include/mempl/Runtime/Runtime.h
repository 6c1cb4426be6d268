/*===- Runtime.h - what lowered programs call on a CPU ------------*- C -*-===*\
|*
|* Part of the mempl project, under the Apache License v2.0 with LLVM
|* Exceptions. See LICENSE for license information.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|*===----------------------------------------------------------------------===*|
|*
|* The C interface of libmempl_runtime.so: a fast and a slow memory of a fake
|* machine, and two channels that copy between them beside the program. The pass
|* convert-mempl-to-llvm emits the calls; docs/Lowering.md says how to run what
|* comes out.
|*
|* One thread runs the program: all functions are called from it. Wrong use ends
|* the process with exit code 1 after a line `mempl-runtime: error: ..` on
|* stderr. What is always checked is said at each function; what costs time is
|* checked only with `check` of the configuration.
|*
\*===----------------------------------------------------------------------===*/

#ifndef MEMPL_RUNTIME_RUNTIME_H
#define MEMPL_RUNTIME_RUNTIME_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MEMPL_RUNTIME_API __attribute__((visibility("default")))

/*===----------------------------------------------------------------------===*/
/* Configuration                                                              */
/*===----------------------------------------------------------------------===*/

/// The machine that the runtime plays, and what it watches. A bandwidth of 0 is
/// no limit. Bandwidths are finite and not negative.
typedef struct mempl_config {
  /// Bytes of fast memory, at least 0. Reserved, not accessed.
  /// MEMPL_RUNTIME_FAST_CAPACITY; 1 GiB.
  int64_t fast_capacity;
  /// Bytes per second that steps and copies together draw from slow memory.
  /// MEMPL_RUNTIME_SLOW_BANDWIDTH; 0.
  double slow_bandwidth;
  /// Bytes per second that a step draws from fast memory.
  /// MEMPL_RUNTIME_FAST_BANDWIDTH; 0.
  double fast_bandwidth;
  /// Bytes per second that one channel moves at most.
  /// MEMPL_RUNTIME_COPY_BANDWIDTH; 0.
  double copy_bandwidth;
  /// Seconds that a channel is busy with a copy before its first byte moves,
  /// at least 0. MEMPL_RUNTIME_COPY_LATENCY; 0.
  double copy_latency;
  /// Seconds that every step lasts longer, at least 0, with `slowdown`.
  /// MEMPL_RUNTIME_STEP_OVERHEAD; 0.
  double step_overhead;
  /// Not 0: a step lasts at least as long as the two memories need for its
  /// bytes, and copies get what it leaves of slow_bandwidth. Otherwise only
  /// copies are slowed down. MEMPL_RUNTIME_SLOWDOWN; 0.
  int32_t slowdown;
  /// Not 0: checks every access that a step declares, fills new storage with
  /// 0xff, and keeps freed slow memory from being used again (up to 256 MiB of
  /// it). MEMPL_RUNTIME_CHECK; 0.
  int32_t check;
  /// File for a trace that chrome://tracing and Perfetto open, written when the
  /// process ends or at mempl_configure; null for none. MEMPL_RUNTIME_TRACE.
  const char *trace;
} mempl_config;

/// Fills in the defaults and what the environment says: the variables named
/// above, numbers as in `16777216` or `2e6`. A wrong value is an error.
MEMPL_RUNTIME_API void mempl_config_from_environment(mempl_config *config);

/// Starts afresh with this configuration: writes the trace of what was, and
/// forgets all storage in fast memory. Without a call the first function called
/// starts with the environment's. Wrong while a copy is not awaited or a step
/// runs, and with values out of range.
MEMPL_RUNTIME_API void mempl_configure(const mempl_config *config);

/*===----------------------------------------------------------------------===*/
/* Fast memory                                                                */
/*===----------------------------------------------------------------------===*/

/// Byte `offset` of fast memory, where storage of `bytes` bytes begins; the
/// start of fast memory is aligned to 4096. Storage that it overlaps ends. Both
/// are at least 0; reaching over the capacity is always an error. With `check`,
/// so is overlapping a copy that is not awaited. Storage that a carried copy is
/// filling may be named again: it is the same storage, not new.
MEMPL_RUNTIME_API void *mempl_alloc(int64_t offset, int64_t bytes);

/// Ends the storage in fast memory that `storage` points into. With `check`, it
/// is an error if there is none, or if a copy of it is not awaited.
MEMPL_RUNTIME_API void mempl_release(const void *storage);

/*===----------------------------------------------------------------------===*/
/* Copies                                                                     */
/*===----------------------------------------------------------------------===*/

/// Starts to copy `bytes` bytes and returns a number for mempl_copy_wait. A
/// copy whose `dest` is in fast memory goes through the channel in, any other
/// through the channel out; a channel serves its copies one after the other.
/// `name` is for traces and errors; it may be null, and must live on. With
/// `check`, both ranges are checked like an access of a step.
MEMPL_RUNTIME_API int64_t mempl_copy_start(void *dest, const void *source,
                                           int64_t bytes, const char *name);

/// The same for `rank` dimensions with strides: `shape` has rank sizes, then
/// rank strides of the source and rank of the destination, both in elements of
/// `element_bytes` bytes, none negative.
MEMPL_RUNTIME_API int64_t
mempl_copy_start_strided(void *dest, const void *source, int64_t element_bytes,
                         int64_t rank, const int64_t *shape, const char *name);

/// Says that another trip of a loop waits for the copy. Where it goes out of
/// fast memory, the storage that it reads ends when it is awaited.
MEMPL_RUNTIME_API void mempl_copy_carry(int64_t copy);

/// Waits until the copy is complete. 0 is no copy: nothing to wait for. Any
/// other number that is none of a copy under way, or was waited for before, is
/// always an error.
MEMPL_RUNTIME_API void mempl_copy_wait(int64_t copy);

/*===----------------------------------------------------------------------===*/
/* Steps                                                                      */
/*===----------------------------------------------------------------------===*/

enum mempl_access_mode { MEMPL_READ = 1, MEMPL_WRITE = 2, MEMPL_UPDATE = 3 };

/// Declares an access of the next step: `moved` bytes somewhere in the `span`
/// bytes from `address` on. With `check` it is an error to access fast memory
/// outside of one storage, bytes that a copy is writing, freed slow memory, or
/// bytes past the end of an allocation, and to write bytes that a copy is
/// reading. A copy writes and reads until it is awaited.
MEMPL_RUNTIME_API void mempl_step_access(const void *address, int64_t span,
                                         int64_t moved, int32_t mode);

/// The same for `rank` dimensions with strides: `shape` has rank sizes, then
/// rank strides, in elements of `element_bytes` bytes, none negative.
MEMPL_RUNTIME_API void mempl_step_access_strided(const void *address,
                                                 int64_t element_bytes,
                                                 int64_t rank,
                                                 const int64_t *shape,
                                                 int64_t moved, int32_t mode);

/// A step begins. `name` says what it does, `location` where it stands in the
/// program; both are for traces and errors, may be null, and must live on.
/// Steps do not nest.
MEMPL_RUNTIME_API void mempl_step_begin(const char *name, const char *location);

/// The step ends; with `slowdown`, not before its memory time is over.
MEMPL_RUNTIME_API void mempl_step_end(void);

/// A function begins and ends, for the trace; `name` must live on.
MEMPL_RUNTIME_API void mempl_function_begin(const char *name);
MEMPL_RUNTIME_API void mempl_function_end(void);

/*===----------------------------------------------------------------------===*/
/* Slow memory                                                                */
/*===----------------------------------------------------------------------===*/

/// Slow memory under the names that finalize-memref-to-llvm calls with
/// use-generic-functions. `alignment` is a power of two. Freeing null does
/// nothing; with `check` it is an error to free what was not allocated here, or
/// what a copy that is not awaited uses.
MEMPL_RUNTIME_API void *_mlir_memref_to_llvm_alloc(uint64_t bytes);
MEMPL_RUNTIME_API void *_mlir_memref_to_llvm_aligned_alloc(uint64_t alignment,
                                                           uint64_t bytes);
MEMPL_RUNTIME_API void _mlir_memref_to_llvm_free(void *storage);

#ifdef __cplusplus
}
#endif

#endif /* MEMPL_RUNTIME_RUNTIME_H */
