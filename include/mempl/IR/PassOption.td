//===- PassOption.td - options that say their default ------*- tablegen -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_IR_PASSOPTION
#define MEMPL_IR_PASSOPTION

include "mlir/Pass/PassBase.td"

// An option of a pass whose help and documentation end with its default, unless
// that is an empty text.
class OptionWithDefault<string varName, string arg, string valueType,
                        string default, string desc>
    : Option<varName, arg, valueType, default,
             desc # !if(!eq(default, "\"\""), "",
                        " Default: " # !subst("\"", "", default) # ".")>;

#endif // MEMPL_IR_PASSOPTION
