//===- FuzzUtils.h - what fuzzers share -------------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_UNITTESTS_FUZZ_FUZZUTILS_H
#define MEMPL_UNITTESTS_FUZZ_FUZZUTILS_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdlib>

namespace mempl::fuzz {

/// Stops the fuzzer.
inline void require(bool isTrue) {
  if (!isTrue)
    abort();
}

/// Errors are one line, whatever the input has in it. Returns 0, for fuzzers to
/// return.
inline int takeError(llvm::Error error) {
  std::string text = llvm::toString(std::move(error));
  require(!text.empty() && text.find('\n') == std::string::npos);
  return 0;
}

inline llvm::StringRef textOf(const uint8_t *data, size_t size) {
  return {reinterpret_cast<const char *>(data), size};
}

/// With a zero after it, to which MLIR's lexer reads on.
inline std::string terminatedTextOf(const uint8_t *data, size_t size) {
  return textOf(data, size).str();
}

/// Two loops, one inside the other, limits of copies, constraints, and free
/// orders.
inline constexpr const char *kInstance = R"({"name": "loop",
"machine": {"fast": {"capacity": 100, "alignment": 10, "bandwidth": 100, "max_carried": 1},
            "slow": {"bandwidth": 10},
            "copy": {"bandwidth": 10, "latency": 1, "max_in": 2, "max_out": 1},
            "step": {"overhead": 0.5}},
"values": [
{"name": "w", "size": 20, "kind": "input"},
{"name": "state", "size": 30, "kind": "inout"},
{"name": "t", "size": 15, "kind": "temporary"},
{"name": "out", "size": 20, "kind": "output", "space": "slow"}],
"steps": [
{"name": "s0", "compute": 3, "accesses": [{"value": 0, "bytes": 20, "mode": "read"}, {"value": 2, "bytes": 15, "mode": "write"}]},
{"name": "s1", "compute": 1, "reserved": 10, "accesses": [{"value": 1, "bytes": 90, "mode": "update"}],
 "trips": 3, "body": {"order": "free", "values": [{"name": "x", "size": 20, "kind": "temporary"}],
 "steps": [
 {"name": "b0", "compute": 1, "accesses": [{"value": 0, "bytes": 20, "mode": "write"}]},
 {"name": "b1", "compute": 1, "accesses": [{"value": 0, "bytes": 20, "mode": "read"}],
  "trips": 2, "body": {"values": [{"name": "y", "size": 5, "kind": "temporary"}],
  "steps": [{"name": "c0", "compute": 0, "accesses": [{"value": 0, "bytes": 5, "mode": "write"}]}]}}]}},
{"name": "s2", "compute": 2, "after": [1], "accesses": [{"value": 0, "bytes": 20, "mode": "read"}, {"value": 3, "bytes": 20, "mode": "write", "space": "slow"}]},
{"name": "s3", "compute": 2, "accesses": []}], "order": "free"})";

} // namespace mempl::fuzz

#endif // MEMPL_UNITTESTS_FUZZ_FUZZUTILS_H
