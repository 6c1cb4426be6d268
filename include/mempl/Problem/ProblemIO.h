//===- ProblemIO.h - instances and plans as JSON ----------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The JSON form of instances and plans (schema: docs/Problem.md, section JSON).
// Readers are strict: unknown and repeated keys, numbers out of range and
// integers written with a fraction are errors that name file, line and what
// was expected.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_PROBLEM_PROBLEMIO_H
#define MEMPL_PROBLEM_PROBLEMIO_H

#include "mempl/Problem/Instance.h"
#include "mempl/Problem/Plan.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

namespace mempl {

class JsonCursor;

/// Newest version of the schema; a file of a newer one is refused. What needs
/// no key of it is written as version 1, which a file without the key `version`
/// is of.
inline constexpr int64_t kProblemSchemaVersion = 3;

/// Parses an instance and checks it (checkInstance()). `file` is the name used
/// in error messages, which are `file:line: error: path: text` and one line
/// long.
llvm::Expected<Instance> parseInstance(llvm::StringRef json,
                                       llvm::StringRef file);

/// Parses a machine alone: the object `machine` of an instance, and perhaps
/// `version`.
llvm::Expected<Machine> parseMachine(llvm::StringRef json,
                                     llvm::StringRef file);

/// Reads the object `machine` of an instance from a document that is being
/// read; mistakes are reported to it. checkInstance() still has to check it.
Machine machineFromJson(const JsonCursor &at);

/// Reads an instance from an object of a document that is being read; mistakes
/// are reported to it. checkInstance() still has to check it.
Instance instanceFromJson(const JsonCursor &at);

/// Parses a plan. Only its form is checked here (the part of rule V9 that the
/// struct cannot express: types, unknown or repeated keys), not against an
/// instance.
llvm::Expected<Plan> parsePlan(llvm::StringRef json, llvm::StringRef file);

/// Reads a plain or gzip file.
llvm::Expected<Instance> readInstance(llvm::StringRef path);
llvm::Expected<Machine> readMachine(llvm::StringRef path);
llvm::Expected<Plan> readPlan(llvm::StringRef path);

/// Writes compact JSON, one step, value or residency per line. Numbers are
/// written with the fewest digits that read back as the same double. Names
/// that are no UTF-8 are written with U+FFFD in place of what is not.
void writeInstance(llvm::raw_ostream &os, const Instance &instance);
void writePlan(llvm::raw_ostream &os, const Plan &plan);
/// One record of `residencies`, on one line.
void writeResidency(llvm::raw_ostream &os, const Residency &residency);

} // namespace mempl

#endif // MEMPL_PROBLEM_PROBLEMIO_H
