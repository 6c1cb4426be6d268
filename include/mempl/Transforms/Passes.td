//===- Passes.td - placement and what belongs to it --------*- tablegen -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_TRANSFORMS_PASSES
#define MEMPL_TRANSFORMS_PASSES

include "mempl/IR/PassOption.td"

//===----------------------------------------------------------------------===//
// Options that several passes have. In C++ they are TargetOptions.
//===----------------------------------------------------------------------===//

// The machine.
def TargetOptions {
  list<Option> options = [
    OptionWithDefault<"target", "target", "std::string", "\"\"",
           "Preset or file that describes the machine, instead of what the "
           "module says.">,
    OptionWithDefault<"capacity", "capacity", "std::string", "\"\"",
           "Bytes of fast memory instead of the target's, as in 512KiB.">,
  ];
}

// The time that the steps of a program take on it.
def CostOptions {
  list<Option> options = [
    OptionWithDefault<"profile", "profile", "std::string", "\"\"",
           "Measured seconds of ops, a JSON file; they replace the cost model.">,
  ];
}

// Whether plans may run the steps of a program in another order.
def OrderOptions {
  list<Option> options = [
    OptionWithDefault<"reorder", "reorder", "bool", "true",
           "Lets plans run ops in another order, where nobody can tell but by "
           "the time; `false` keeps the order of the program.">,
  ];
}

// Which solver makes a plan, and within what limits; these are per `what`.
class SolvingOptions<string what> {
  list<Option> options = [
    OptionWithDefault<"solverName", "solver", "std::string", "\"portfolio\"",
           "The solver and its options, as in `search{start=muzero}`; "
           "docs/Solvers.md lists them, and so does mempl-solve "
           "--list-solvers.">,
    OptionWithDefault<"budget", "budget", "int64_t", "20000",
           "Plans that the solver may evaluate, per " # what #
           "; 0 is no limit, and needs a time limit.">,
    OptionWithDefault<"timeLimitMs", "time-limit-ms", "int64_t", "0",
           "Milliseconds that the solver may take, per " # what #
           "; 0 is no limit. With one the plan depends on the speed of the "
           "machine.">,
    OptionWithDefault<"seed", "seed", "uint64_t", "0",
           "Seed of the random numbers.">,
    OptionWithDefault<"threads", "threads", "int", "1",
           "Threads that the solver may use.">,
  ];
}

// What happens where there is no plan, or a wrong one.
class FallbackOption<string default> {
  list<Option> options = [
    OptionWithDefault<"fallback", "fallback", "std::string", "\"" # default # "\"",
           "What happens where the solver gives no plan, or where a mistake of "
           "mempl spoils it: `slow` leaves the function in slow memory, `error` "
           "fails.">,
  ];
}

// What happens to placed functions that are wrong.
def CheckOptions {
  list<Option> options = FallbackOption<"slow">.options # [
    OptionWithDefault<"verify", "verify", "bool", "true",
           "Replays the placed functions and compares what ops read with what "
           "they read before; `fallback` says what happens where memory is "
           "misused or they differ.">,
  ];
}

// What there is to count in placed functions.
def PlacementStatistics {
  list<Statistic> statistics = [
    Statistic<"numFunctions", "num-functions", "Functions placed">,
    Statistic<"numStorages", "num-storages", "Storages looked at">,
    Statistic<"numPlacedFast", "num-placed-fast",
              "Storages that are in fast memory for some time">,
    Statistic<"numPrefetches", "num-prefetches", "Copies into fast memory">,
    Statistic<"numEvictions", "num-evictions", "Copies out of fast memory">,
    Statistic<"peakBytes", "peak-bytes",
              "Most bytes of fast memory in use at once">,
    Statistic<"numMovedSteps", "num-moved-steps",
              "Steps that run in another place, each loop's counted once">,
    Statistic<"numFallbacks", "num-fallbacks",
              "Functions left in slow memory">,
  ];
}

//===----------------------------------------------------------------------===//
// Passes
//===----------------------------------------------------------------------===//

def MemplAttachTarget : Pass<"mempl-attach-target", "ModuleOp"> {
  let summary = "write the machine into the module";
  let description = [{
    Makes `target` the machine of the whole module, so that the passes after this
    one need no option `target` and text that is written between them says what
    it is for. Without `target` the machine is what the module says already,
    with other bytes of fast memory.

    A preset becomes `mempl.target`, as in `mempl.target = "edge-npu"`. The
    machine of a file becomes a device of `dlti.target_system_spec`, with all of
    its figures, beside the devices that are there for other tools
    (docs/Targets.md). It is as if each later pass were given the option: what
    functions and modules inside said about their target is gone. An option
    `target` of a later pass wins over what is attached.
  }];
  let options = TargetOptions.options;
  let dependentDialects = [
    "::mempl::ir::MemplDialect",
    "::mlir::DLTIDialect",
  ];
}

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
    (`mempl-check-placement`). It is made of the same functions as these passes.
    With `tile=false` it makes the same module as they do one by one:
    `mempl-prepare` with `keep-originals`, `mempl-extract-instance`,
    `mempl-solve` with `fallback=slow`, and `mempl-apply-plan`, each with the
    same target. None of these splits anything; with `mempl-tile-to-fit` before
    them an estimate does.

    A plan may run the ops of a function, or of the body of a loop, in another
    order. Results stay the same, bit by bit, and side effects stay in order
    (docs/Reordering.md). `reorder=false` moves nothing.

    A loop with a known number of trips that makes a tensor anew each trip, and
    reads the old one while it does, runs two trips as one, in which two buffers
    take turns, if the program is faster so. Both can then be in fast memory
    around the loop.

    Runs of ops are split into loops over parts of their tensors, as
    `mempl-tile-to-fit` does it, where the program is faster so (docs/Tiles.md):
    ways to split are tried, placed quickly and compared, and the best is placed
    by `solver` beside the whole function, which remains if less than 1 % is
    gained. Results stay the same, bit by bit. A remark, the summary and the
    files that the pass writes are about the function as it is then. Ops with a
    result that is pinned or forbidden are not split, and nothing is with a
    `profile`, as nobody has measured the parts, or with the solver `none`. Where
    there is nothing to gain, nothing is tried; else the search takes some
    seconds for large functions. `tile=false` splits nothing.

    The machine is `target` (a preset or a file), or what the module says (see
    `mempl-attach-target`); without either the pass fails. Run it after fusion: it
    places what is there. `cse` may run before it: unrelated ops that share a
    destination get one each.

    Functions that others of the module call, and functions with several blocks,
    stay in slow memory, with a remark. A remark per function adds up the traffic
    that stays in slow memory by reason (docs/Explanations.md), and a pin without
    which the program is faster gets one. Every function of which nothing is placed
    is left as it is. Bufferization makes no more allocations and copies of its
    own than it would without the pass, or, where a function is split, for the
    split function without a placement. With equal input, options and seed the
    output is the same, unless `time-limit-ms` is given.
  }];
  let options = TargetOptions.options # CostOptions.options #
                OrderOptions.options # SolvingOptions<"function">.options #
                CheckOptions.options # [
    OptionWithDefault<"planOut", "plan-out", "std::string", "\"\"",
           "File for the plan as JSON.">,
    OptionWithDefault<"instanceOut", "instance-out", "std::string", "\"\"",
           "File for the instance that the plan is for, as JSON.">,
    OptionWithDefault<"traceOut", "trace-out", "std::string", "\"\"",
           "File for the decisions and their reasons, as JSON.">,
    OptionWithDefault<"reportOut", "report", "std::string", "\"\"",
           "File for a page with the plan, for a browser (docs/Reports.md).">,
    OptionWithDefault<"function", "function", "std::string", "\"\"",
           "Function that the files of `plan-out`, `instance-out`, `trace-out` "
           "and `report` are about; needed where several are placed.">,
    OptionWithDefault<"summary", "summary", "bool", "false",
           "Prints a table of latencies to stderr, one per function.">,
    OptionWithDefault<"boundSeconds", "bound-seconds", "int64_t", "0",
           "Time for the bound of the summary, with branch and bound until it "
           "is over or the plan is proven optimal; 0: without.">,
    OptionWithDefault<"eliminateEmptyTensors", "eliminate-empty-tensors",
           "bool", "true",
           "Computes slices in the tensor that they are inserted into.">,
    OptionWithDefault<"tile", "tile", "bool", "true",
           "Splits runs of ops into loops over parts of their tensors where the "
           "program is faster so; `false` places them as they are.">,
  ];
  let statistics = PlacementStatistics.statistics # [
    Statistic<"numTiledRuns", "num-tiled-runs", "Runs of ops that are split">,
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect",
    "::mempl::ir::MemplDialect",
    "::mlir::arith::ArithDialect",
    "::mlir::bufferization::BufferizationDialect",
    "::mlir::linalg::LinalgDialect",
    "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect",
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
    place, if the old one has been read by then. Loops over tensors that have no
    order (scf.forall without a mapping, scf.parallel), and affine.for, become
    scf.for, and what is the same in all trips leaves the loop: slices that all
    trips update are carried. A tensor that a loop yields for two of its carried
    ones is copied for all but the first: bufferization would write one of them
    in place while the other is still read. Where tensors flow together
    (conditionals, while loops), a copy stays with bufferization if it would be
    made once more.

    If the machine is known, by `target` or by what the module says (see
    `mempl-attach-target`), a loop whose tensor cannot be updated in place may
    run two trips as one, as in `learned-memory-placement`.
  }];
  let options = TargetOptions.options # CostOptions.options # [
    OptionWithDefault<"eliminateEmptyTensors", "eliminate-empty-tensors",
           "bool", "true",
           "Computes slices in the tensor that they are inserted into.">,
    OptionWithDefault<"keepOriginals", "keep-originals", "bool", "false",
           "Keeps each function as it is, as a private function beside it, "
           "until `mempl-apply-plan` gives it back to those that are not "
           "placed.">,
  ];
  let dependentDialects = [
    "::mempl::ir::MemplDialect",
    "::mlir::arith::ArithDialect",
    "::mlir::bufferization::BufferizationDialect",
    "::mlir::linalg::LinalgDialect",
    "::mlir::scf::SCFDialect",
    "::mlir::tensor::TensorDialect",
  ];
}

def MemplExtractInstance : Pass<"mempl-extract-instance", "ModuleOp"> {
  let summary = "add the placement problem of each function to the module";
  let description = [{
    Adds a `mempl.instance` for every function that can be placed. The module
    must have been prepared by `mempl-prepare`.

    The steps of an instance may run in every order in which the function does
    the same (docs/Reordering.md), unless `reorder` is `false`.
  }];
  let options = TargetOptions.options # CostOptions.options #
                OrderOptions.options;
  let dependentDialects = ["::mempl::ir::MemplDialect"];
}

def MemplSolve : Pass<"mempl-solve", "ModuleOp"> {
  let summary = "add a plan for every instance that has none";
  let description = [{
    For every `mempl.instance` in the module that no `mempl.plan` is for, the
    solver makes a plan, which is verified and put behind the instance, with
    the symbol of the instance and `_plan`. The instances themselves and the
    functions that they were made of stay as they are.

    An instance that is not valid, and one for which the solver finds no plan,
    is an error; the other instances are solved all the same. With
    `fallback=slow` an instance without a plan gets one that leaves everything in
    slow memory, unless something is constrained to be fast. Without a time limit two runs give the
    same plan.
  }];
  let options = SolvingOptions<"instance">.options #
                FallbackOption<"error">.options;
  let statistics = [
    Statistic<"numSolved", "instances-solved", "Instances that got a plan">,
    Statistic<"numResidencies", "residencies",
              "Residencies in the plans, each loop's counted once">,
    Statistic<"numCopies", "copies",
              "Copies in the plans, each loop's counted once">,
    Statistic<"numEvaluated", "plans-evaluated",
              "Plans that the solver evaluated">,
    Statistic<"numFallbacks", "fallbacks",
              "Instances that are left in slow memory">,
  ];
  let dependentDialects = ["::mempl::ir::MemplDialect"];
}

def MemplVerifyPlan : Pass<"mempl-verify-plan", "ModuleOp"> {
  let summary = "check that every plan is valid for its instance";
  let description = [{
    Checks the rules V1 to V11 of docs/Problem.md for every `mempl.plan` in the
    module. Each broken rule is an error at the `mempl.residency` that breaks
    it, or at the plan where it is about no residency, and the pass fails.
    Nothing is changed.
  }];
  let statistics = [
    Statistic<"numPlans", "plans", "Plans checked">,
    Statistic<"numInvalid", "invalid-plans", "Plans that break a rule">,
    Statistic<"numViolations", "violations", "Broken rules, in all plans">,
  ];
}

def MemplApplyPlan : Pass<"mempl-apply-plan", "ModuleOp"> {
  let summary = "rewrite functions as their plans say";
  let description = [{
    Applies every `mempl.plan` to the function of its `mempl.instance`, and
    erases both. Ops move to where the order of the plan has their steps. Fails
    where the function is not the one that the instance was extracted from.

    A placed function is checked as `learned-memory-placement` does it, and
    remarks, statistics and fallback are the same. For the last it has to know
    what functions were before `mempl-prepare`, which keeps that if its option
    `keep-originals` is set. Functions that are not placed are then what they
    were, and the passes one by one make the same module as the one pass. Without
    it they stay prepared, and what falls back otherwise is an error.
  }];
  let options = TargetOptions.options # CostOptions.options #
                CheckOptions.options;
  let statistics = PlacementStatistics.statistics;
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

    A loop that carries the tokens of copies is walked for trips 0, 1, 2 and the
    last, and if the number of trips is known at run time only, for several
    numbers of trips, 0 among them. So it is known which of two offsets each
    storage has. Each of these copies has to be waited for exactly once, by a
    trip that names the bytes that it went to. Until then no other storage has
    its bytes of fast memory, and nobody writes, or reads where it writes, the
    part of the tensor that it moves.

    It knows nothing of plans, nor of the function before it was placed: an op
    that was given the wrong tensor is another program, and as valid as any.
    After bufferization there are no versions any more, and no outdated ones.
  }];
  let options = [
    OptionWithDefault<"capacity", "capacity", "std::string", "\"\"",
           "Bytes of fast memory; without it those of the target that the module "
           "names (see mempl-attach-target), or no limit.">,
    OptionWithDefault<"alignment", "alignment", "int64_t", "1",
           "Every offset is a multiple of it, and without `capacity` of the "
           "target's.">,
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
    storage is free. Functions in which loops carry copies from trip to trip stay
    as they are.
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

def MemplPackAllocs : Pass<"mempl-pack-allocs", "::mlir::func::FuncOp"> {
  let summary = "allocations as views of one arena, at packed offsets";
  let description = [{
    The `memref.alloc` ops of a bufferized function that have a static shape
    become views (`memref.view`) of one `memref.alloc` of bytes, the arena, which
    lives as long as a run of the function; their `memref.dealloc` ops go away.
    Buffers that never live at the same time share bytes. There is an arena per
    memory space. Offsets are found by an exact search, within `node-limit`
    nodes: the arena is never larger than what first fit or best fit in the order
    of the program need, nor than all buffers side by side.

    A buffer lives from its allocation to its last use, views and memrefs that
    regions pass on included, wherever its `memref.dealloc` is. Allocations in
    loops and conditionals become views, too. As they are stay those

    - of a dynamic shape, or with a layout that is not the identity,
    - that the block hands on: returned, yielded, or carried to the next trip,
    - that an op uses that may still be at work when the next one begins (DMAs,
      ops with a token), that does not say how it uses memory, frees it, or turns
      it into a tensor, a pointer or an element of a memref,
    - in loops whose trips may run at the same time,
    - of a memory space that has only one.

    What a buffer held before its first write, which may be anything, changes.
    While a function runs it holds the whole arena, also during calls and where a
    branch that needs it is not taken.

    Runs after One-Shot Bufferize and after buffers are deallocated
    (`buffer-deallocation-pipeline`, `convert-bufferization-to-memref`), on
    `func.func`. It knows no fast memory: `learned-memory-placement` does.
  }];
  let options = [
    OptionWithDefault<"alignment", "alignment", "int64_t", "64",
           "Every offset is a multiple of it and of the allocation's own "
           "alignment; a power of two.">,
    OptionWithDefault<"nodeLimit", "node-limit", "int64_t", "100000",
           "Nodes of the search at most; 0 is no limit.">,
  ];
  let statistics = [
    Statistic<"numPacked", "num-packed", "Allocations that became views">,
    Statistic<"numLeft", "num-left", "Allocations that stay">,
    Statistic<"allocBytes", "alloc-bytes", "Bytes of those that became views">,
    Statistic<"arenaBytes", "arena-bytes", "Bytes of the arenas">,
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect",
  ];
}

def MemplTileToFit : Pass<"mempl-tile-to-fit", "ModuleOp"> {
  let summary = "split runs of ops into parts so that tensors fit";
  let description = [{
    A tensor that is larger than fast memory can only be in slow memory. This
    pass splits runs of ops into parts, so that what one op of a run hands to
    the next is small. Run it after fusion and before
    `learned-memory-placement`, which places what is made.

    A run is split along a parallel dimension: the batch, the rows of an image,
    columns, channels, heads; or along two of them, as in the blocks of a matrix
    product or the heads and rows of attention. From its first op the dimension
    is followed through the run: an op that uses a part of a tensor of the run is
    split where that is, and what only it needs (a filled accumulator, padding)
    is split with it. Operands that do not have the dimension are used whole (a
    weight). Split are ops of linalg on tensors (a `linalg.index` is adjusted),
    `tensor.pad`, `tensor.concat`, `tensor.extract_slice`, `tensor.insert_slice`
    and reshapes, the latter where the dimension is the outermost of its group.

    There are two forms. Where the parts do not overlap, a run becomes an
    `scf.for`, or a nest of two, and every trip writes its part of what is used
    behind the run in place. Where they overlap (convolutions and pools along
    rows), or the dimension has no divisor, the trips are written out one after
    the other, each with values of its own: an op does, in each trip, what its
    users need by then, from where it ended in the trip before. Rows that two
    parts share are kept from one trip to the next. With `unroll` the trips of
    every run along one dimension are written out.

    Nothing is computed twice and no element is computed differently, and
    reductions are never split: the results stay the same, bit by bit.

    Which runs are split, along what, and into how many trips, is what takes the
    least time by an estimate: an op takes the larger of what it computes and
    what it moves. A tensor that fits is in fast memory, as far as those of an op
    fit together; one that does not is in slow memory whenever it is used; a
    tensor that lives inside of a trip is in fast memory; and what several trips
    use is read again in each, or stays in fast memory if there is room beside
    the tensors of a trip and that saves time. The tensors of a trip that are
    live at once fill at most `share` of the fast memory. What does not get
    faster by 3 % is not split.

    Limits: only the entry block of functions with one block, and static shapes.
    An op that does not use what the run makes stays before it; any other op that
    cannot be split ends the run. A run has at most 256 ops.

    The machine is `target` (a preset or a file), or what the module says (see
    `mempl-attach-target`); without either the pass fails.
  }];
  let options = TargetOptions.options # [
    OptionWithDefault<"share", "share", "double", "1.0",
           "Part of the fast memory that the tensors of a trip may fill.">,
    OptionWithDefault<"unroll", "unroll", "bool", "false",
           "Write the trips out where a loop over one dimension could have "
           "them, too.">,
  ];
  let statistics = [
    Statistic<"numRuns", "runs", "Runs of ops split">,
    Statistic<"numOps", "ops-split", "Ops split">,
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mempl::ir::MemplDialect", "::mlir::scf::SCFDialect",
    "::mlir::tensor::TensorDialect",
  ];
}

#endif // MEMPL_TRANSFORMS_PASSES
