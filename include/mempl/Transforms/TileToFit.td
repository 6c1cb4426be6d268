//===- TileToFit.td - the pass that makes temporaries small -*- tablegen -*-==//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_TRANSFORMS_TILETOFIT
#define MEMPL_TRANSFORMS_TILETOFIT

include "mempl/Support/PassOption.td"

def MemplTileToFit : Pass<"mempl-tile-to-fit", "ModuleOp"> {
  let summary = "split runs of ops along the batch so that tensors fit";
  let description = [{
    A tensor that is larger than fast memory can only be in slow memory. This
    pass puts runs of ops that all work row by row on dimension 0 of their
    tensors (the batch of a network) into an `scf.for` over parts of that
    dimension, so that what one op of the run hands to the next is small. Run it
    after fusion and before `learned-memory-placement`, which places what is
    inside of the loop.

    An op can be split if dimension 0 of every result is a parallel loop, and
    every operand has that loop as its dimension 0 or does not have it at all (a
    weight). This holds for ops of linalg on tensors (a `linalg.index` of that
    loop is adjusted), `tensor.pad`, `tensor.concat`, `tensor.extract_slice` and
    `tensor.insert_slice` that leave dimension 0 as it is, and reshapes that
    keep it outermost. Nothing is computed twice and no element is computed
    differently: the results stay the same, bit by bit.

    Which runs are split, and into how many trips, is what moves the fewest
    bytes to and from slow memory by an estimate: a tensor that fits counts
    nothing, one that does not counts whenever it is used, a tensor that lives
    inside of a trip counts nothing, and weights that do not fit beside the
    tensors of a trip are read again in every trip. With the fewest trips that
    are possible, the tensors of a trip that are live at once fill at most
    `share` of the fast memory. What is not moved less is not split.

    Limits: only the entry block of functions with one block, static shapes, and
    whole parts of dimension 0 (the number of trips divides it). An op that does
    not use what the run makes stays before the loop; any other op that cannot
    be split ends the run.

    The machine is `target` (a preset or a file), or what the module says in
    `mempl.target` or its `dlti.target_system_spec`; without either the pass
    fails.
  }];
  let options = [
    OptionWithDefault<"target", "target", "std::string", "\"\"",
           "Preset or file that describes the machine.">,
    OptionWithDefault<"capacity", "capacity", "std::string", "\"\"",
           "Bytes of fast memory instead of the target's, as in 512KiB.">,
    OptionWithDefault<"share", "share", "double", "1.0",
           "Part of the fast memory that the tensors of a trip may fill.">,
  ];
  let statistics = [
    Statistic<"numLoops", "loops", "Loops made">,
    Statistic<"numOps", "ops-split", "Ops put into loops">,
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mempl::ir::MemplDialect", "::mlir::scf::SCFDialect",
    "::mlir::tensor::TensorDialect",
  ];
}

#endif // MEMPL_TRANSFORMS_TILETOFIT
