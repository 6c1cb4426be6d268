//===- MemplTypes.td - types of the dialect ----------------*- tablegen -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_IR_MEMPLTYPES
#define MEMPL_IR_MEMPLTYPES

include "mempl/IR/MemplBase.td"

def Mempl_FutureType : TypeDef<Mempl_Dialect, "Future"> {
  let mnemonic = "future";
  let summary = "a tensor that a copy is still writing";
  let description = [{
    The result of a `mempl.copy_start` on tensors. `mempl.copy_wait` turns it
    into the tensor. One-Shot Bufferize turns it into a `!mempl.token`.

    Example: `!mempl.future<tensor<16xf32>>`
  }];
  let parameters = (ins "::mlir::RankedTensorType":$tensor);
  let assemblyFormat = "`<` $tensor `>`";
}

def Mempl_TokenType : TypeDef<Mempl_Dialect, "Token"> {
  let mnemonic = "token";
  let summary = "a copy between two buffers that may be still under way";
  let description = [{
    The result of a `mempl.copy_start` on memrefs, and of a
    `mempl.copy_start_carried` on tensors, too.
  }];
  let builderCall = "$_builder.getType<TokenType>()";
}

#endif // MEMPL_IR_MEMPLTYPES
