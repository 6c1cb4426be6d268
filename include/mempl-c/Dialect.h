//===-- mempl-c/Dialect.h - The dialect and the passes ------------*- C -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// mempl beside the C API of MLIR. Passes are made from text: register them with
// memplRegisterPasses(), then use mlirParsePassPipeline() or
// mlirOpPassManagerAddPipeline(). mempl-c/Passes.h makes single ones.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_C_DIALECT_H
#define MEMPL_C_DIALECT_H

#include "mempl-c/Support.h"

#include "mlir-c/IR.h"

#ifdef __cplusplus
extern "C" {
#endif

/// The dialect alone: mlirGetDialectHandle__mempl__().
MLIR_DECLARE_CAPI_DIALECT_REGISTRATION(Mempl, mempl);

/// Adds to the registry the dialect, and what mempl's passes ask of upstream
/// ops. Programs that run passes need this, not the handle alone.
MEMPL_CAPI_EXPORTED void memplRegisterDialect(MlirDialectRegistry registry);

/// Registers all passes and pipelines of mempl, and all solvers, in the
/// process. May be called more than once, from one thread at a time.
MEMPL_CAPI_EXPORTED void memplRegisterPasses(void);

/// Whether the attribute is a `#mempl.space`.
MEMPL_CAPI_EXPORTED bool memplAttributeIsASpace(MlirAttribute attribute);

/// The attribute `#mempl.space<name>`; loads the dialect into the context if it
/// is not yet there. The name must not be empty.
MEMPL_CAPI_EXPORTED MlirAttribute memplSpaceAttrGet(MlirContext context,
                                                    MlirStringRef name);

/// The name of a `#mempl.space`; belongs to the context.
MEMPL_CAPI_EXPORTED MlirStringRef memplSpaceAttrGetName(MlirAttribute space);

#ifdef __cplusplus
}
#endif

#endif // MEMPL_C_DIALECT_H
