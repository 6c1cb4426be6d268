//===- MemplAttributes.td - attributes of the dialect ------*- tablegen -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_IR_MEMPLATTRIBUTES
#define MEMPL_IR_MEMPLATTRIBUTES

include "mempl/IR/MemplBase.td"
include "mlir/Dialect/Ptr/IR/MemorySpaceInterfaces.td"
include "mlir/IR/EnumAttr.td"

def Mempl_SpaceAttr : AttrDef<Mempl_Dialect, "Space",
    [DeclareAttrInterfaceMethods<MemorySpaceAttrInterface>]> {
  let mnemonic = "space";
  let summary = "a memory of the target, by name";
  let description = [{
    Names one of the two memories of the target: `fast`, `slow`, or whatever
    names the target declares. As the memory space of a memref it is opaque:
    loads and stores are legal, casts to other spaces are not.

    Example: `memref<16xf32, #mempl.space<fast>>`
  }];
  let parameters = (ins StringRefParameter<"name of the memory">:$name);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

def Mempl_CopyHint : I32EnumAttr<"CopyHint", "what a copy is for", [
    I32EnumAttrCase<"None", 0, "none">,
    I32EnumAttrCase<"Prefetch", 1, "prefetch">,
    I32EnumAttrCase<"Evict", 2, "evict">]> {
  let cppNamespace = "::mempl::ir";
  let genSpecializedAttr = 0;
}

def Mempl_CopyHintAttr : EnumAttr<Mempl_Dialect, Mempl_CopyHint, "hint"> {
  let summary = "what a copy is for";
  let description = [{
    `prefetch` brings bytes into fast memory, `evict` takes them back. For
    readers and statistics; the copy means the same without.
  }];
}

#endif // MEMPL_IR_MEMPLATTRIBUTES
