//===- MergeKernels.cpp - all kernels in one gpu.module -------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mempl/Conversion/Passes.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/SymbolTable.h"

namespace mempl::ir {
#define GEN_PASS_DEF_MEMPLMERGEKERNELS
#include "mempl/Conversion/Passes.h.inc"
} // namespace mempl::ir

using namespace mlir;
using namespace mempl::ir;

namespace {

struct MemplMergeKernels
    : mempl::ir::impl::MemplMergeKernelsBase<MemplMergeKernels> {
  void runOnOperation() override {
    SmallVector<gpu::GPUModuleOp> modules;
    for (auto module : getOperation().getOps<gpu::GPUModuleOp>())
      if (llvm::all_of(*module.getBody(), [](Operation &op) {
            auto function = dyn_cast<gpu::GPUFuncOp>(op);
            return function && function.isKernel();
          }))
        modules.push_back(module);
    if (modules.size() < 2)
      return markAllAnalysesPreserved();
    gpu::GPUModuleOp all = modules.front();
    SymbolTable table(all);
    // Launches by the module and kernel that they name now.
    DenseMap<SymbolRefAttr, SmallVector<gpu::LaunchFuncOp>> launches;
    getOperation().walk([&](gpu::LaunchFuncOp launch) {
      launches[launch.getKernelAttr()].push_back(launch);
    });
    for (gpu::GPUModuleOp module : llvm::drop_begin(modules)) {
      for (auto kernel :
           llvm::make_early_inc_range(module.getOps<gpu::GPUFuncOp>())) {
        auto before = SymbolRefAttr::get(module.getNameAttr(),
                                         {FlatSymbolRefAttr::get(kernel)});
        kernel->remove();
        table.insert(kernel); // Another name if this one is taken.
        auto after = SymbolRefAttr::get(all.getNameAttr(),
                                        {FlatSymbolRefAttr::get(kernel)});
        for (gpu::LaunchFuncOp launch : launches.lookup(before))
          launch.setKernelAttr(after);
      }
      module.erase();
    }
  }
};

} // namespace
