//===- DropCompileTimes.cpp - the same bytes each time --------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Conversion/Passes.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace mempl::ir {
#define GEN_PASS_DEF_MEMPLDROPCOMPILETIMES
#include "mempl/Conversion/Passes.h.inc"
} // namespace mempl::ir

using namespace mlir;
using namespace mempl::ir;

namespace {

struct MemplDropCompileTimes
    : mempl::ir::impl::MemplDropCompileTimesBase<MemplDropCompileTimes> {
  void runOnOperation() override {
    getOperation()->walk([](gpu::BinaryOp binary) {
      SmallVector<Attribute> objects;
      for (Attribute attribute : binary.getObjects()) {
        auto object = cast<gpu::ObjectAttr>(attribute);
        if (!object.getProperties()) {
          objects.push_back(object);
          continue;
        }
        NamedAttrList properties(object.getProperties());
        for (NamedAttribute p : object.getProperties())
          if (p.getName().getValue().ends_with("TimeInMs"))
            properties.erase(p.getName());
        DictionaryAttr kept =
            properties.empty() ? DictionaryAttr()
                               : properties.getDictionary(binary.getContext());
        objects.push_back(gpu::ObjectAttr::get(
            binary.getContext(), object.getTarget(), object.getFormat(),
            object.getObject(), kept, object.getKernels()));
      }
      binary.setObjectsAttr(ArrayAttr::get(binary.getContext(), objects));
    });
  }
};

} // namespace
