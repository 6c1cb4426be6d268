//===- MemplProblemOps.td - a problem and its answer as IR -*- tablegen -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The placement problem of docs/Problem.md and a plan for it, as CIRCT's SSP
// dialect does for scheduling: solvers can be tested on IR, and a pass can hand
// a problem to the next one. The JSON form and this one say the same; the
// verifiers here look at form only, mempl::checkInstance and mempl::verify at
// what is meant.
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_IR_MEMPLPROBLEMOPS
#define MEMPL_IR_MEMPLPROBLEMOPS

include "mempl/IR/MemplAttributes.td"
include "mempl/IR/MemplBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/SymbolInterfaces.td"

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

def Mempl_StorageKind : I32EnumAttr<"StorageKind",
    "what a program expects of a value outside its own steps", [
    I32EnumAttrCase<"Input", 0, "input">,
    I32EnumAttrCase<"Temporary", 1, "temporary">,
    I32EnumAttrCase<"Output", 2, "output">,
    I32EnumAttrCase<"InOut", 3, "inout">]> {
  let cppNamespace = "::mempl::ir";
}

def Mempl_ConstrainedSpace : I32EnumAttr<"ConstrainedSpace",
    "the memory that a value or an access is constrained to be in", [
    I32EnumAttrCase<"None", 0, "none">,
    I32EnumAttrCase<"Slow", 1, "slow">,
    I32EnumAttrCase<"Fast", 2, "fast">]> {
  let cppNamespace = "::mempl::ir";
}

def Mempl_StepAccessMode : I32EnumAttr<"StepAccessMode",
    "what a step does with a value", [
    I32EnumAttrCase<"Read", 0, "read">,
    I32EnumAttrCase<"Write", 1, "write">,
    I32EnumAttrCase<"Update", 2, "update">]> {
  let cppNamespace = "::mempl::ir";
}

def Mempl_ProgramOrder : I32EnumAttr<"ProgramOrder",
    "whether a plan may run the steps of a program in another order", [
    I32EnumAttrCase<"Fixed", 0, "fixed">,
    I32EnumAttrCase<"Free", 1, "free">]> {
  let cppNamespace = "::mempl::ir";
}

def Mempl_AccessAttr : AttrDef<Mempl_Dialect, "Access"> {
  let mnemonic = "access";
  let summary = "what a step does with one value of its program";
  let description = [{
    The step moves `bytes` bytes of the value, reads and writes together; the
    value may have more, or fewer. `slow` or `fast` behind them is the only
    memory that the step can use there. A `mempl.step` writes its accesses
    without the `#mempl.access`.

    Example: `#mempl.access<read @weights 4096, fast>`
  }];
  let parameters = (ins
    EnumParameter<Mempl_StepAccessMode>:$mode,
    AttrParameter<"::mlir::FlatSymbolRefAttr", "a mempl.value">:$value,
    "int64_t":$bytes,
    DefaultValuedParameter<"::mempl::ir::ConstrainedSpace",
                           "::mempl::ir::ConstrainedSpace::None">:$space);
  let assemblyFormat = "`<` $mode $value $bytes (`,` $space^)? `>`";
  let genVerifyDecl = 1;
}

def Mempl_AccessArrayAttr
    : TypedArrayAttrBase<Mempl_AccessAttr, "array of #mempl.access">;

def Mempl_SizeAttr : ConfinedAttr<I64Attr, [IntNonNegative]>;
def Mempl_PositionAttr : ConfinedAttr<I32Attr, [IntNonNegative]>;
def Mempl_ProgramOrderAttr : DefaultValuedAttr<
    Mempl_ProgramOrder, "::mempl::ir::ProgramOrder::Fixed">;
/// Numbers of steps; none unless given.
def Mempl_StepsAttr : DefaultValuedAttr<DenseI32ArrayAttr, "{}">;

//===----------------------------------------------------------------------===//
// The problem
//===----------------------------------------------------------------------===//

def Mempl_InstanceOp : Mempl_Op<"instance", [
    IsolatedFromAbove, NoRegionArguments, NoTerminator, SingleBlock, Symbol,
    SymbolTable, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "a machine and a program: a placement problem";
  let description = [{
    The body lists the values of the program and its steps, which run in the
    order that they have here; with `order = free` a plan may run them in every
    other one that keeps their dependencies. Every step names the values of this
    program that it uses.

    The machine has the names of the JSON schema: bytes of capacity and of
    alignment, bytes per second, seconds; 0 copies in flight (`max_in`,
    `max_out`) means no limit. `name` keeps the name of the instance where it
    is not the symbol, and `function` names the function that the instance was
    made of.

    Example:

    ```mlir
    mempl.instance @tiny
        fast(capacity = 8, alignment = 4, bandwidth = 4.0, max_carried = 0)
        slow(bandwidth = 1.0)
        copy(bandwidth = 1.0, latency = 0.0, max_in = 0, max_out = 0)
        step(overhead = 0.0) {
      mempl.value @w input size 8
      mempl.value @y output size 4
      mempl.step "load" compute 8.0 ()
      mempl.step "multiply" compute 2.0 (read @w 8, write @y 4)
    }
    ```
  }];
  let arguments = (ins
    SymbolNameAttr:$sym_name,
    OptionalAttr<StrAttr>:$original_name,
    OptionalAttr<FlatSymbolRefAttr>:$function,
    I64Attr:$fast_capacity,
    I64Attr:$fast_alignment,
    F64Attr:$fast_bandwidth,
    I64Attr:$fast_max_carried,
    F64Attr:$slow_bandwidth,
    F64Attr:$copy_bandwidth,
    F64Attr:$copy_latency,
    I64Attr:$copy_max_in,
    I64Attr:$copy_max_out,
    F64Attr:$step_overhead,
    Mempl_ProgramOrderAttr:$order);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $sym_name (`name` $original_name^)? (`function` $function^)?
    `\n` ` ` ` ` ` ` ` `
    `fast` `` `(` `capacity` `=` $fast_capacity `,`
      `alignment` `=` $fast_alignment `,`
      `bandwidth` `=` custom<Number>($fast_bandwidth) `,`
      `max_carried` `=` $fast_max_carried `)`
    `\n` ` ` ` ` ` ` ` `
    `slow` `` `(` `bandwidth` `=` custom<Number>($slow_bandwidth) `)`
    `\n` ` ` ` ` ` ` ` `
    `copy` `` `(` `bandwidth` `=` custom<Number>($copy_bandwidth) `,`
      `latency` `=` custom<Number>($copy_latency) `,`
      `max_in` `=` $copy_max_in `,` `max_out` `=` $copy_max_out `)`
    `\n` ` ` ` ` ` ` ` `
    `step` `` `(` `overhead` `=` custom<Number>($step_overhead) `)`
    (`\n` ` ` ` ` ` ` ` ` `order` `=` $order^)?
    attr-dict-with-keyword $body
  }];
  let extraClassDeclaration = [{
    /// A double with the fewest digits that read back as the same one.
    static ParseResult parseNumber(OpAsmParser &parser, FloatAttr &number);
    static void printNumber(OpAsmPrinter &printer, Operation *op,
                            FloatAttr number);
    /// The name of the instance: the symbol unless it is said apart.
    StringRef getInstanceName() {
      return getOriginalName().value_or(getSymName());
    }
  }];
  let hasRegionVerifier = 1;
}

def Mempl_ValueOp : Mempl_Op<"value", [
    ParentOneOf<["InstanceOp", "LoopOp"]>, Symbol]> {
  let summary = "one piece of storage of a program";
  let description = [{
    A value with its kind and its `size` in bytes; buffers that must share
    storage are one value. `space` constrains all of its accesses to one memory,
    and `name` keeps its name where it is not the symbol: names may repeat, be
    empty, or be anything. `reason` says why it can only be in slow memory; it
    is for readers and changes no plan. Of a `streamed` value, an input or
    output of a loop's body, every trip has other contents.

    Example:

    ```mlir
    mempl.value @w input size 4096 space fast
    mempl.value @fusion_1 temporary size 64 name "fusion"
    mempl.value @table input size 64 space slow reason "is passed to a call"
    ```
  }];
  let arguments = (ins
    SymbolNameAttr:$sym_name,
    Mempl_StorageKind:$kind,
    Mempl_SizeAttr:$size,
    DefaultValuedAttr<Mempl_ConstrainedSpace,
                      "::mempl::ir::ConstrainedSpace::None">:$space,
    UnitAttr:$streamed,
    OptionalAttr<StrAttr>:$original_name,
    OptionalAttr<StrAttr>:$reason);
  let assemblyFormat = [{
    $sym_name $kind `size` $size (`space` $space^)? (`streamed` $streamed^)?
    (`name` $original_name^)? (`reason` $reason^)? attr-dict
  }];
  let extraClassDeclaration = [{
    /// The name of the value: the symbol unless it is said apart.
    StringRef getValueName() {
      return getOriginalName().value_or(getSymName());
    }
  }];
}

def Mempl_StepOp : Mempl_Op<"step", [
    ParentOneOf<["InstanceOp", "LoopOp"]>,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "one step of a program";
  let description = [{
    A step that computes for `compute` seconds and reads and writes values: per
    access the mode, the value, the bytes that it moves, and where only one
    memory will do, that. It needs `reserved` bytes of fast memory from offset
    0 for itself. In every order it runs after the steps, by number, that
    `after` lists, and after those that its accesses depend on.

    Example:

    ```mlir
    mempl.step "matmul" compute 2.0e-6 reserved 64
        (read @w 4096 fast, read @x 64, update @y 128) after [0, 2]
    ```
  }];
  let arguments = (ins
    StrAttr:$name,
    F64Attr:$compute,
    DefaultValuedAttr<Mempl_SizeAttr, "0">:$reserved,
    DefaultValuedAttr<ConfinedAttr<I64Attr, [IntPositive]>, "1">:$trips,
    Mempl_AccessArrayAttr:$accesses,
    Mempl_StepsAttr:$after);
  let assemblyFormat = [{
    $name `compute` custom<Number>($compute) (`reserved` $reserved^)?
    (`trips` $trips^)? custom<Accesses>($accesses) (`after` $after^)? attr-dict
  }];
  let extraClassDeclaration = [{
    /// A double with the fewest digits that read back as the same one.
    static ParseResult parseNumber(OpAsmParser &parser, FloatAttr &number);
    static void printNumber(OpAsmPrinter &printer, Operation *op,
                            FloatAttr number);
    /// The part of the assembly in parentheses.
    static ParseResult parseAccesses(OpAsmParser &parser, ArrayAttr &accesses);
    static void printAccesses(OpAsmPrinter &printer, Operation *op,
                              ArrayAttr accesses);
  }];
}

def Mempl_LoopOp : Mempl_Op<"loop", [
    NoRegionArguments, NoTerminator, SingleBlock, SymbolTable,
    ParentOneOf<["InstanceOp", "LoopOp"]>,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "a step with a program of its own";
  let description = [{
    A step whose body, a program with its own values, runs `trips` times on the
    machine of the instance. The accesses are those of the loop to the values
    around it, with the bytes of all trips. `after` is that of a step, and
    `order = free` is for the steps of the body.

    Example:

    ```mlir
    mempl.loop "layers" compute 0.0 trips 12 (read @w 768, update @x 64) {
      mempl.value @h temporary size 8
      mempl.step "up" compute 1.0e-6 (write @h 8)
      mempl.step "down" compute 1.0e-6 (read @h 8)
    }
    ```
  }];
  let arguments = (ins
    StrAttr:$name,
    F64Attr:$compute,
    DefaultValuedAttr<Mempl_SizeAttr, "0">:$reserved,
    ConfinedAttr<I64Attr, [IntPositive]>:$trips,
    Mempl_AccessArrayAttr:$accesses,
    Mempl_StepsAttr:$after,
    Mempl_ProgramOrderAttr:$order);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $name `compute` custom<Number>($compute) (`reserved` $reserved^)?
    `trips` $trips custom<Accesses>($accesses) (`after` $after^)?
    (`order` `=` $order^)? attr-dict-with-keyword $body
  }];
  let extraClassDeclaration = [{
    /// A double with the fewest digits that read back as the same one.
    static ParseResult parseNumber(OpAsmParser &parser, FloatAttr &number);
    static void printNumber(OpAsmPrinter &printer, Operation *op,
                            FloatAttr number);
    /// The part of the assembly in parentheses.
    static ParseResult parseAccesses(OpAsmParser &parser, ArrayAttr &accesses);
    static void printAccesses(OpAsmPrinter &printer, Operation *op,
                              ArrayAttr accesses);
  }];
  let hasRegionVerifier = 1;
}

//===----------------------------------------------------------------------===//
// The answer
//===----------------------------------------------------------------------===//

def Mempl_PlanOp : Mempl_Op<"plan", [
    IsolatedFromAbove, NoRegionArguments, NoTerminator, SingleBlock, Symbol,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "a plan for an instance";
  let description = [{
    The residencies of values in fast memory, and the plans of loops' bodies.
    Copies that are issued at the same point are served in the order of the
    residencies here; an empty plan leaves everything in slow memory. `order`
    has the steps, by number, as they run, where that is not as they stand in
    the instance; residencies count places in it. The pass `mempl-verify-plan`
    checks the rules V1 to V11.

    Example:

    ```mlir
    mempl.plan @tiny_plan for @tiny {
      mempl.residency @w at 0 issue 0 ready 1 last 1
    }
    mempl.plan @other_plan for @other order [1, 0, 2] {
    }
    ```
  }];
  let arguments = (ins
    SymbolNameAttr:$sym_name,
    FlatSymbolRefAttr:$instance,
    Mempl_StepsAttr:$order);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $sym_name `for` $instance (`order` $order^)? attr-dict-with-keyword $body
  }];
  let extraClassDeclaration = [{
    /// The instance that it is for; null if there is none of that name beside
    /// the plan.
    InstanceOp getInstanceOp();
  }];
  let hasRegionVerifier = 1;
}

def Mempl_ResidencyOp : Mempl_Op<"residency", [
    ParentOneOf<["PlanOp", "LoopPlanOp"]>]> {
  let summary = "a time during which a value is in fast memory";
  let description = [{
    The value has the bytes from offset `at` on, up to and including step
    `last`. It comes there by the write of step `write`, by a copy that is
    issued at boundary `issue` and awaited at boundary `ready`, or it is
    `carried` over from the run before; with `done` it is copied out, issued
    at the end of step `back` (`last` unless given) and awaited at that
    boundary.

    Steps and boundaries count from 0 in the order of the plan, boundary i just
    before step i; in the body of a loop, those behind the last step are of the
    next trip. In odd trips the bytes are those from offset `odd` on, if it is
    given.

    Example:

    ```mlir
    mempl.residency @w at 0 issue 0 ready 1 last 1
    mempl.residency @y at 64 write 2 last 5 back 3 done 6
    mempl.residency @k at 128 carried last 5
    ```
  }];
  let arguments = (ins
    FlatSymbolRefAttr:$value,
    I64Attr:$offset,
    OptionalAttr<I64Attr>:$offset2,
    UnitAttr:$carried,
    OptionalAttr<Mempl_PositionAttr>:$write,
    OptionalAttr<Mempl_PositionAttr>:$issue,
    OptionalAttr<Mempl_PositionAttr>:$ready,
    I32Attr:$last,
    OptionalAttr<Mempl_PositionAttr>:$back,
    OptionalAttr<Mempl_PositionAttr>:$done);
  let assemblyFormat = [{
    $value `at` $offset (`odd` $offset2^)? (`carried` $carried^)? (`write` $write^)?
    (`issue` $issue^)? (`ready` $ready^)? `last` $last (`back` $back^)?
    (`done` $done^)? attr-dict
  }];
}

def Mempl_LoopPlanOp : Mempl_Op<"loop_plan", [
    NoRegionArguments, NoTerminator, SingleBlock,
    ParentOneOf<["PlanOp", "LoopPlanOp"]>]> {
  let summary = "the plan of the body of a loop";
  let description = [{
    The plan of the loop that is the step with this number, in program order.
    It may use `capacity` bytes of fast memory from offset 0, which the loop
    reserves, and have an `order` of its own.
    `name` keeps the name of an instance that the plan says it is for.

    Example:

    ```mlir
    mempl.loop_plan 3 capacity 64 {
      mempl.residency @h at 0 write 0 last 1
    }
    ```
  }];
  let arguments = (ins
    Mempl_PositionAttr:$step,
    Mempl_SizeAttr:$capacity,
    OptionalAttr<StrAttr>:$original_name,
    Mempl_StepsAttr:$order);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $step `capacity` $capacity (`name` $original_name^)? (`order` $order^)?
    attr-dict-with-keyword $body
  }];
  let hasRegionVerifier = 1;
}

#endif // MEMPL_IR_MEMPLPROBLEMOPS
