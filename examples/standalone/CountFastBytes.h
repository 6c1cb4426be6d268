//===- CountFastBytes.h - a pass of one's own -------------------*- C++ -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef STANDALONE_COUNTFASTBYTES_H
#define STANDALONE_COUNTFASTBYTES_H

namespace standalone {

/// Registers the pass `standalone-count-fast-bytes`, which writes on every
/// function, as the attribute `standalone.fast_bytes`, how many bytes of fast
/// memory it uses at most, and the pipeline `standalone-place`: fusion,
/// placement and the count.
void registerPasses();

} // namespace standalone

#endif // STANDALONE_COUNTFASTBYTES_H
