//===- Dialect.cpp - the dialect and the passes for C ---------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl-c/Dialect.h"

#include "mempl/IR/Mempl.h"
#include "mempl/Register/Register.h"

#include "mlir/CAPI/IR.h"
#include "mlir/CAPI/Registration.h"

using mempl::ir::MemplDialect;
using mempl::ir::SpaceAttr;

MLIR_DEFINE_CAPI_DIALECT_REGISTRATION(Mempl, mempl, MemplDialect)

void memplRegisterDialect(MlirDialectRegistry registry) {
  mempl::ir::registerDialect(*unwrap(registry));
}

void memplRegisterPasses() { mempl::ir::registerMemplPasses(); }

bool memplAttributeIsASpace(MlirAttribute attribute) {
  return mlir::isa<SpaceAttr>(unwrap(attribute));
}

MlirAttribute memplSpaceAttrGet(MlirContext context, MlirStringRef name) {
  unwrap(context)->getOrLoadDialect<MemplDialect>();
  return wrap(SpaceAttr::get(unwrap(context), unwrap(name)));
}

MlirStringRef memplSpaceAttrGetName(MlirAttribute space) {
  return wrap(mlir::cast<SpaceAttr>(unwrap(space)).getName());
}
