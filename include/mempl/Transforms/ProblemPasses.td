//===- ProblemPasses.td - passes on problems and plans -----*- tablegen -*-===//
//
// Part of the mempl project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MEMPL_TRANSFORMS_PROBLEMPASSES
#define MEMPL_TRANSFORMS_PROBLEMPASSES

include "mempl/Support/PassOption.td"

def MemplSolve : Pass<"mempl-solve", "ModuleOp"> {
  let summary = "add a plan for every instance that has none";
  let description = [{
    For every `mempl.instance` in the module that no `mempl.plan` is for, the
    solver makes a plan, which is verified and put behind the instance, with
    the symbol of the instance and `_plan`. The instances themselves and the
    functions that they were made of stay as they are.

    An instance that is not valid, and one for which the solver finds no plan
    (something that is constrained to be fast does not fit), is an error; the other
    instances are solved all the same. Without a time limit two runs give the
    same plan.
  }];
  let options = [
    OptionWithDefault<"solverName", "solver", "std::string", /*default=*/"\"portfolio\"",
           "Solver that makes the plan: one of those that mempl-solve "
           "--list-solvers prints.">,
    OptionWithDefault<"weights", "weights", "std::string", /*default=*/"\"\"",
           "Weights of the solvers `muzero`, as mempl-train makes them, or "
           "`generalist`: those that come with mempl. With this, `portfolio` "
           "has `muzero+search` in place of `search`.">,
    OptionWithDefault<"budget", "budget", "int64_t", /*default=*/"20000",
           "Plans that the solver may evaluate; 0 is no limit, and needs a "
           "time limit.">,
    OptionWithDefault<"timeLimitMs", "time-limit-ms", "int64_t", /*default=*/"0",
           "Milliseconds that the solver may take per instance; 0 is no "
           "limit. With one the plan depends on the speed of the machine.">,
    OptionWithDefault<"msaOptions", "msa-options", "std::string", /*default=*/"\"\"",
           "Constants of the solvers `msa`, by XLA's names: key=value,...">,
    OptionWithDefault<"seed", "seed", "uint64_t", /*default=*/"0",
           "Seed of the random numbers.">,
    OptionWithDefault<"threads", "threads", "int", /*default=*/"1",
           "Threads that the solver may use per instance.">,
  ];
  let statistics = [
    Statistic<"numSolved", "instances-solved", "Instances that got a plan">,
    Statistic<"numResidencies", "residencies",
              "Residencies in the plans, each loop's counted once">,
    Statistic<"numCopies", "copies",
              "Copies in the plans, each loop's counted once">,
    Statistic<"numEvaluated", "plans-evaluated",
              "Plans that the solver evaluated">,
  ];
  let dependentDialects = ["::mempl::ir::MemplDialect"];
}

def MemplVerifyPlan : Pass<"mempl-verify-plan", "ModuleOp"> {
  let summary = "check that every plan is valid for its instance";
  let description = [{
    Checks the rules V1 to V10 of docs/Problem.md for every `mempl.plan` in the
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

#endif // MEMPL_TRANSFORMS_PROBLEMPASSES
