//===- KernelModules.cpp - small passes around kernels --------------------===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// mempl-drop-releases, mempl-merge-kernels, mempl-gpu-approximate-math,
// mempl-check-kernels and mempl-drop-compile-times: what the pipeline needs
// beside upstream's passes.
//
//===----------------------------------------------------------------------===//

#include "mempl/Conversion/GPUPasses.h"

#include "mempl/IR/Mempl.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

#include "llvm/ADT/StringSwitch.h"

namespace mempl::ir {
#define GEN_PASS_DEF_MEMPLDROPRELEASES
#define GEN_PASS_DEF_MEMPLMERGEKERNELS
#define GEN_PASS_DEF_MEMPLGPUAPPROXIMATEMATH
#define GEN_PASS_DEF_MEMPLCHECKKERNELS
#define GEN_PASS_DEF_MEMPLDROPCOMPILETIMES
#include "mempl/Conversion/GPUPasses.h.inc"
} // namespace mempl::ir

using namespace mlir;
using namespace mempl::ir;

namespace {

struct MemplDropReleases
    : mempl::ir::impl::MemplDropReleasesBase<MemplDropReleases> {
  void runOnOperation() override {
    getOperation()->walk([](ReleaseOp release) { release.erase(); });
  }
};

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

struct MemplGPUApproximateMath
    : mempl::ir::impl::MemplGPUApproximateMathBase<MemplGPUApproximateMath> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    math::populateExpansionPatterns(
        patterns, {"rsqrt", "sinh", "cosh", "tan", "asinh", "acosh", "atanh",
                   "powf", "exp2", "fpowi", "ipowi", "clampf"});
    // These are instructions; the expansions of some go through integers.
    auto approximated = [](StringRef name) {
      return name != "math.sqrt" && name != "math.floor" &&
             name != "math.ceil" && name != "math.absf" && name != "math.fma" &&
             name != "math.trunc" && name != "math.roundeven" &&
             name != "math.round" && name != "math.rsqrt";
    };
    populateMathF32ExpansionPatterns(patterns, approximated);
    populateMathPolynomialApproximationPatterns(patterns, approximated);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

struct MemplCheckKernels
    : mempl::ir::impl::MemplCheckKernelsBase<MemplCheckKernels> {
  void runOnOperation() override {
    SymbolTable table(getOperation());
    bool failed = false;
    getOperation().walk([&](LLVM::CallOp call) {
      std::optional<StringRef> name = call.getCallee();
      if (!name)
        return;
      auto callee = table.lookup<LLVM::LLVMFuncOp>(*name);
      if (!callee || !callee.isExternal() || name->starts_with("llvm.") ||
          *name == "vprintf" || *name == "__assertfail")
        return;
      if (succeeded(useInstruction(call, *name)))
        return;
      failed = true;
      call.emitError() << "kernel calls '" << *name
                       << "', which no library defines; libdevice=FILE links "
                          "the math functions of the CUDA toolkit";
    });
    if (failed)
      signalPassFailure();
  }

private:
  /// Functions of libdevice that are instructions of the hardware.
  static LogicalResult useInstruction(LLVM::CallOp call, StringRef name) {
    if (!name.consume_front("__nv_") || call.getNumResults() != 1)
      return failure();
    bool isF32 = call.getResult().getType().isF32();
    if (isF32 && !name.consume_back("f"))
      return failure();
    StringRef intrinsic = llvm::StringSwitch<StringRef>(name)
                              .Case("fma", "llvm.fma")
                              .Case("fabs", "llvm.fabs")
                              .Case("floor", "llvm.floor")
                              .Case("ceil", "llvm.ceil")
                              .Case("trunc", "llvm.trunc")
                              .Case("rint", "llvm.roundeven")
                              .Case("round", "llvm.round")
                              .Case("fmax", "llvm.maxnum")
                              .Case("fmin", "llvm.minnum")
                              .Case("sqrt", "llvm.sqrt")
                              .Case("copysign", "llvm.copysign")
                              .Default("");
    if (intrinsic.empty())
      return failure();
    OpBuilder builder(call);
    auto made = LLVM::CallIntrinsicOp::create(
        builder, call.getLoc(), call.getResult().getType(),
        builder.getStringAttr((intrinsic + (isF32 ? ".f32" : ".f64")).str()),
        call.getArgOperands());
    call.getResult().replaceAllUsesWith(made.getResult(0));
    call.erase();
    return success();
  }
};

} // namespace
