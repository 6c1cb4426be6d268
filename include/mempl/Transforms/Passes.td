//===- Passes.td - the passes of mempl ---------------------*- tablegen -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_TRANSFORMS_PASSES
#define MEMPL_TRANSFORMS_PASSES

include "mempl/Support/PassOption.td"

def LearnedMemoryPlacement : Pass<"learned-memory-placement", "ModuleOp"> {
  let summary = "place tensors in fast and slow memory";
  let description = [{
    Decides for every tensor of every function when it is in fast memory and
    where, which copies bring it there and take it back, and when they start,
    and rewrites the functions so: storage in fast memory is a `mempl.alloc`,
    copies are `mempl.copy_start` and `mempl.copy_wait`. One-Shot Bufferize with
    `bufferize-function-boundaries` and identity layouts then adds no copy of
    its own.

    The pass prepares the module (see `mempl-prepare`), extracts an instance
    of the placement problem from each function, lets `solver` solve it,
    verifies the plan, applies it, and replays the result
    (`mempl-check-placement`). It is the same as these passes one by one, which
    exist too, but for functions of which nothing is placed.

    A loop with a known number of trips that makes a tensor anew each trip, and
    reads the old one while it does, runs two trips as one, in which two buffers
    take turns, if the program is faster so. Both can then be in fast memory
    around the loop.

    The machine is `target` (a preset or a file), or what the module says in
    `mempl.target` or its `dlti.target_system_spec`; without either the pass
    fails. Run it after fusion and tiling: it places what is there. `cse` may run
    before it: unrelated ops that share a destination get one each.

    Functions that others of the module call, and functions with several blocks,
    stay in slow memory, with a remark. A remark per function adds up the traffic
    that stays in slow memory by reason (docs/Explanations.md), and a pin without
    which the program is faster gets one. Every function of which nothing is placed
    is left as it is. Bufferization makes no more allocations and copies of its
    own than it would without the pass. With equal input, options and seed the
    output is the same, unless `time-limit-ms` is given.
  }];
  let options = [
    OptionWithDefault<"solverName", "solver", "std::string", "\"portfolio\"",
           "The solver; `mempl-solve --help` lists them.">,
    OptionWithDefault<"target", "target", "std::string", "\"\"",
           "Preset or file that describes the machine.">,
    OptionWithDefault<"capacity", "capacity", "std::string", "\"\"",
           "Bytes of fast memory instead of the target's, as in 512KiB.">,
    OptionWithDefault<"weights", "weights", "std::string", "\"\"",
           "Weights of the solvers `muzero`, as mempl-train makes them, or "
           "`generalist`: those that come with mempl. With this, `portfolio` "
           "has `muzero+search` in place of `search`.">,
    OptionWithDefault<"budget", "budget", "int64_t", "20000",
           "Plans evaluated at most, per function; 0 is no limit.">,
    OptionWithDefault<"timeLimitMs", "time-limit-ms", "int64_t", "0",
           "Milliseconds that solving may take, per function; 0 is no limit.">,
    OptionWithDefault<"msaOptions", "msa-options", "std::string", "\"\"",
           "Constants of the solvers `msa`, by XLA's names: key=value,...">,
    OptionWithDefault<"seed", "seed", "uint64_t", "0",
                      "Seed of random choices.">,
    OptionWithDefault<"threads", "threads", "int", "1",
                      "Threads that solvers may use.">,
    OptionWithDefault<"fallback", "fallback", "std::string", "\"slow\"",
           "What happens where the solver gives no plan, or where a mistake of "
           "mempl spoils it: `slow` leaves the function in slow memory, `error` "
           "fails.">,
    OptionWithDefault<"profile", "profile", "std::string", "\"\"",
           "Measured seconds of ops, a JSON file; they replace the cost model.">,
    OptionWithDefault<"planOut", "plan-out", "std::string", "\"\"",
           "File for the plan as JSON.">,
    OptionWithDefault<"instanceOut", "instance-out", "std::string", "\"\"",
           "File for the instance that the plan is for, as JSON.">,
    OptionWithDefault<"traceOut", "trace-out", "std::string", "\"\"",
           "File for the decisions and their reasons, as JSON.">,
    OptionWithDefault<"function", "function", "std::string", "\"\"",
           "Function that `plan-out`, `instance-out` and `trace-out` are "
           "about; needed where several are placed.">,
    OptionWithDefault<"verify", "verify", "bool", "true",
           "Replays the placed functions and compares what ops read with what "
           "they read before; `fallback` says what happens where memory is "
           "misused or they differ.">,
    OptionWithDefault<"summary", "summary", "bool", "false",
           "Prints a table of latencies to stderr, one per function.">,
    OptionWithDefault<"eliminateEmptyTensors", "eliminate-empty-tensors",
           "bool", "true",
           "Computes slices in the tensor that they are inserted into.">,
  ];
  let statistics = [
    Statistic<"numFunctions", "num-functions", "Functions placed">,
    Statistic<"numStorages", "num-storages", "Storages looked at">,
    Statistic<"numPlacedFast", "num-placed-fast",
              "Storages that are in fast memory for some time">,
    Statistic<"numPrefetches", "num-prefetches", "Copies into fast memory">,
    Statistic<"numEvictions", "num-evictions", "Copies out of fast memory">,
    Statistic<"peakBytes", "peak-bytes",
              "Most bytes of fast memory in use at once">,
    Statistic<"numFallbacks", "num-fallbacks",
              "Functions left in slow memory">,
  ];
  let dependentDialects = [
    "::mempl::ir::MemplDialect",
    "::mlir::bufferization::BufferizationDialect",
    "::mlir::linalg::LinalgDialect",
    "::mlir::memref::MemRefDialect",
    "::mlir::tensor::TensorDialect",
  ];
}

def MemplPrepare : Pass<"mempl-prepare", "ModuleOp"> {
  let summary = "write down the copies that bufferization would make";
  let description = [{
    Brings a module into the form that placement works on: every buffer that
    One-Shot Bufferize would allocate and every copy that it would make becomes
    an op, and ops that bring a buffer of their own (tensor.pad, tensor.concat,
    tensor.generate, tensor.from_elements, kernels) write into an operand. Ops
    that share an allocation, or a tensor that is only filled, as `cse` makes
    them, get one each. A tensor that a loop makes anew each trip is updated in
    place, if the old one has been read by then. Where tensors flow together (conditionals, while loops), a
    copy stays with bufferization if it would be made once more.
  }];
  let options = [
    OptionWithDefault<"eliminateEmptyTensors", "eliminate-empty-tensors",
           "bool", "true",
           "Computes slices in the tensor that they are inserted into.">,
  ];
  let dependentDialects = [
    "::mempl::ir::MemplDialect",
    "::mlir::bufferization::BufferizationDialect",
    "::mlir::linalg::LinalgDialect",
    "::mlir::tensor::TensorDialect",
  ];
}

def MemplExtractInstance : Pass<"mempl-extract-instance", "ModuleOp"> {
  let summary = "add the placement problem of each function to the module";
  let description = [{
    Adds a `mempl.instance` for every function that can be placed. The module
    must have been prepared by `mempl-prepare`.
  }];
  let options = [
    OptionWithDefault<"target", "target", "std::string", "\"\"",
           "Preset or file that describes the machine.">,
    OptionWithDefault<"capacity", "capacity", "std::string", "\"\"",
           "Bytes of fast memory instead of the target's.">,
    OptionWithDefault<"profile", "profile", "std::string", "\"\"",
           "Measured seconds of ops, a JSON file.">,
  ];
  let dependentDialects = ["::mempl::ir::MemplDialect"];
}

def MemplApplyPlan : Pass<"mempl-apply-plan", "ModuleOp"> {
  let summary = "rewrite functions as their plans say";
  let description = [{
    Applies every `mempl.plan` to the function of its `mempl.instance`, and
    erases both. Fails where the function is not the one that the instance was
    extracted from.
  }];
  let options = [
    OptionWithDefault<"target", "target", "std::string", "\"\"",
           "Preset or file that describes the machine.">,
    OptionWithDefault<"capacity", "capacity", "std::string", "\"\"",
           "Bytes of fast memory instead of the target's.">,
    OptionWithDefault<"profile", "profile", "std::string", "\"\"",
           "Measured seconds of ops, a JSON file.">,
  ];
  let dependentDialects = [
    "::mempl::ir::MemplDialect",
    "::mlir::bufferization::BufferizationDialect",
    "::mlir::tensor::TensorDialect",
  ];
}

def MemplCheckPlacement
    : InterfacePass<"mempl-check-placement", "FunctionOpInterface"> {
  let summary = "replay a placed function and check its use of fast memory";
  let description = [{
    Walks a function on tensors or on buffers as it would run and reports: a
    read of bytes that nothing has written or that a copy is still writing, a
    write to the source or destination of a copy under way, a use after
    `mempl.release`, two storages in use that overlap, a storage outside the
    capacity or against the alignment, and a kernel whose reserved bytes are in
    use. On tensors also a use of fast storage that bufferization would have to
    copy, as the read of a version that was overwritten in place. The bodies of
    loops are walked until nothing changes.

    It knows nothing of plans, nor of the function before it was placed: an op
    that was given the wrong tensor is another program, and as valid as any.
    After bufferization there are no versions any more, and no outdated ones.
  }];
  let options = [
    OptionWithDefault<"capacity", "capacity", "std::string", "\"\"",
           "Bytes of fast memory; no limit without it.">,
    OptionWithDefault<"alignment", "alignment", "int64_t", "1",
           "Every offset is a multiple of it.">,
  ];
}

def MemplOptimizeCopies
    : InterfacePass<"mempl-optimize-copies", "FunctionOpInterface"> {
  let summary = "remove copies that do nothing and start others earlier";
  let description = [{
    Cleans up copies between memories on tensors, written by hand or by another
    tool: a copy whose result nobody uses goes away, a copy out of a value that
    was only read goes away, a value that is copied out and in again while its
    fast storage was free all the time stays there, and a copy whose source was
    ready earlier starts right after the op that made it ready, where its
    storage is free.
  }];
  let statistics = [
    Statistic<"numUnused", "num-unused-removed", "Copies that nobody used">,
    Statistic<"numRoundTrips", "num-round-trips-removed",
              "Copies of a value back to where it came from">,
    Statistic<"numStartedEarlier", "num-started-earlier",
              "Copies that start earlier than before">,
  ];
  let dependentDialects = ["::mempl::ir::MemplDialect"];
}

def MemplTestPrintProgram : Pass<"mempl-test-print-program", "ModuleOp"> {
  let summary = "print storages and steps of prepared functions, for tests";
  let options = [
    OptionWithDefault<"target", "target", "std::string", "\"tiny\"",
           "Preset or file that describes the machine.">,
  ];
}

#endif // MEMPL_TRANSFORMS_PASSES
