//===- CostOpInterface.td - the work of an op --------------*- tablegen -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_ANALYSIS_COSTOPINTERFACE
#define MEMPL_ANALYSIS_COSTOPINTERFACE

include "mlir/IR/OpBase.td"

def CostOpInterface : OpInterface<"CostOpInterface"> {
  let cppNamespace = "::mempl::ir";
  let description = [{
    The arithmetic of an op, and the bytes of its operands that it moves where
    they are not all of them. A cost model turns arithmetic into seconds with
    the rates of a target. Attach it to ops of your own dialect to have them
    placed with their real cost; an op without it counts as no arithmetic and
    all bytes of its operands.
  }];
  let methods = [
    InterfaceMethod<[{
        Adds the work of the op to `work`.
      }],
      "void", "getWork", (ins "::mempl::ir::OpWork &":$work)>
  ];
}

#endif // MEMPL_ANALYSIS_COSTOPINTERFACE
