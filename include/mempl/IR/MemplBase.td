//===- MemplBase.td - the mempl dialect --------------------*- tablegen -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_IR_MEMPLBASE
#define MEMPL_IR_MEMPLBASE

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/OpBase.td"

def Mempl_Dialect : Dialect {
  let name = "mempl";
  let cppNamespace = "::mempl::ir";
  let summary = "placement of tensors in a small fast and a large slow memory";
  let description = [{
    The dialect says where tensors live on a machine that has a small fast
    memory beside a large slow one: storage at an offset of fast memory, copies
    between the two that run beside the program, and waits for them. The pass
    `learned-memory-placement` writes it; One-Shot Bufferize takes it from
    tensors to buffers without adding a copy.

    Attributes of the dialect on other ops and on function arguments are constraints
    and facts of the user:

    - `mempl.pin`: all accesses of the value (an argument, or the results of an
      op) use fast memory. A unit attribute or a `#mempl.space`.
    - `mempl.forbid`: none does.
    - `mempl.max_bytes` (an integer, or a string such as `"64KiB"`): most bytes
      that a value of dynamic shape (an argument, or the results of any op)
      can have at run time.
    - `mempl.trips` (an integer, on a loop of any kind): how often its body
      runs. Without it the bounds tell, or the most that they allow.
    - `mempl.target`: the machine, on a function or a module; see
      docs/Targets.md.

    Two attributes are written by passes for passes. `mempl.original`, the name
    of a function, is on what that function was before it was prepared
    (`mempl-prepare{keep-originals}`). `mempl.frees_its_buffers` is on functions
    that `mempl-deallocate` leaves as they are.

    Any other attribute that begins with `mempl.` is an error.
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let hasOperationAttrVerify = 1;
  let hasRegionArgAttrVerify = 1;
  let hasRegionResultAttrVerify = 1;
  let dependentDialects = [
    "::mlir::bufferization::BufferizationDialect",
    "::mlir::memref::MemRefDialect",
  ];
}

class Mempl_Op<string mnemonic, list<Trait> traits = []>
    : Op<Mempl_Dialect, mnemonic, traits>;

#endif // MEMPL_IR_MEMPLBASE
