//===-- mempl-c/Support.h - Common parts of the C API -------------*- C -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The C API of mempl. The rules that hold for all of it:
//
// Ownership. A function whose name has Create, Parse, Read, Clone or Solve, and
// every `char *` that is returned or stored, gives something to the caller, who
// ends it with the Destroy function of its type or with memplStringDestroy().
// A `const char *` belongs to the object that was asked, and is valid until
// that changes or ends. Arguments are copied where they are kept; strings end
// with a null character unless a length is passed.
//
// Errors. A function that can fail has `char **error` as its last parameter.
// Where it fails it returns a null handle, false or -1 (its comment says
// which), stores a message of one line in *error if `error` is not null, and
// changes nothing else. Where it succeeds it stores null. Passing a null
// handle, an index out of range or a null pointer where none is allowed is a
// mistake of the caller and not an error: what happens then is undefined.
//
// Threads. Different objects may be used in different threads at once, one
// object in one thread at a time.
//
// Units. Sizes and offsets are bytes, bandwidths bytes per second, times
// seconds. docs/Problem.md has the meaning of every word, docs/Compatibility.md
// what stays the same in later versions.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_C_SUPPORT_H
#define MEMPL_C_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Marks what the shared library exports.
#define MEMPL_CAPI_EXPORTED __attribute__((visibility("default")))

#ifdef __cplusplus
extern "C" {
#endif

/// The version of mempl, as in "0.1.0". Belongs to the library.
MEMPL_CAPI_EXPORTED const char *memplGetVersion(void);

/// The version of LLVM that mempl was built with, as in "22.1.8". Belongs to
/// the library.
MEMPL_CAPI_EXPORTED const char *memplGetLLVMVersion(void);

/// Ends a string that this library gave away. Null is allowed.
MEMPL_CAPI_EXPORTED void memplStringDestroy(char *string);

#ifdef __cplusplus
}
#endif

#endif // MEMPL_C_SUPPORT_H
