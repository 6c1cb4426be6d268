// RUN: not mempl-opt %s --learned-memory-placement 2>&1 | FileCheck %s --check-prefix=TARGET
// RUN: not mempl-opt %s --learned-memory-placement="target=abacus" 2>&1 | FileCheck %s --check-prefix=NAME
// RUN: not mempl-opt %s --learned-memory-placement="target=tiny solver=luck" 2>&1 | FileCheck %s --check-prefix=SOLVER
// RUN: not mempl-opt %s --learned-memory-placement="target=tiny solver=search{strt=muzero}" 2>&1 | FileCheck %s --check-prefix=KEY
// RUN: not mempl-opt %s --learned-memory-placement="target=tiny solver=msa{ weights=x" 2>&1 | FileCheck %s --check-prefix=BRACE
// RUN: not mempl-opt %s --learned-memory-placement="target=tiny budget=-1" 2>&1 | FileCheck %s --check-prefix=BUDGET
// RUN: not mempl-opt %s --learned-memory-placement="target=tiny bound-seconds=-1" 2>&1 | FileCheck %s --check-prefix=BOUND
// RUN: not mempl-opt %s --learned-memory-placement="target=tiny budget=0" 2>&1 | FileCheck %s --check-prefix=LIMIT
// RUN: not mempl-opt %s --learned-memory-placement="target=tiny fallback=hope" 2>&1 | FileCheck %s --check-prefix=FALLBACK
// RUN: not mempl-opt %s --learned-memory-placement="target=tiny capacity=much" 2>&1 | FileCheck %s --check-prefix=CAPACITY
// RUN: not mempl-opt %s --learned-memory-placement="target=tiny threads=0" 2>&1 | FileCheck %s --check-prefix=THREADS
// RUN: not mempl-opt %s --learned-memory-placement="target=tiny plan-out=%t/none/plan.json" 2>&1 | FileCheck %s --check-prefix=FILE
// RUN: not mempl-opt %s --learned-memory-placement="target=tiny plan-out=%t.same instance-out=%t.same" 2>&1 | FileCheck %s --check-prefix=SAME
// RUN: not mempl-opt %s --learned-memory-placement="target=tiny profile=%t.none" 2>&1 | FileCheck %s --check-prefix=PROFILE
// RUN: not mempl-opt %s --learned-memory-placement="targt=tiny" 2>&1 | FileCheck %s --check-prefix=OPTION
// RUN: not mempl-opt %s --pass-pipeline="builtin.module(mempl-extract-instance{capcity=1K})" 2>&1 | FileCheck %s --check-prefix=EXTRACT

// TARGET: error: no target: give the option 'target' a preset (
// NAME: error: {{.*}}abacus
// SOLVER: error: options of the solver: unknown solver 'luck', expected {{.*}}
// KEY: error: options of the solver: column 8: search has no option 'strt', expected start, learned, weights, order, polish, tries; did you mean 'start'?
// BRACE: error: {{.*}}expected '}' to end what column 4 begins
// BUDGET: error: options of the solver: budget: expected at least 0, found -1
// BOUND: error: option 'bound-seconds': expected at least 0, found -1
// LIMIT: error: options of the solver: budget: 0 means no limit; give a time limit with it
// FALLBACK: error: option 'fallback': expected slow or error, got 'hope'
// CAPACITY: error: option 'capacity': {{.*}}much
// THREADS: error: options of the solver: threads: expected at least 1, found 0
// FILE: error: {{.*}}plan.json
// SAME: error: option 'instance-out': expected another file than that of 'plan-out', found {{.*}}.same
// PROFILE: error: {{.*}}none
// OPTION: error: learned-memory-placement: no option 'targt'; expected bound-seconds, {{.*}}; did you mean 'target'?
// EXTRACT: error: mempl-extract-instance: no option 'capcity'; expected capacity, profile, reorder, target; did you mean 'capacity'?
func.func @f(%a: tensor<16xf32>) -> tensor<16xf32> {
  %x = linalg.exp ins(%a : tensor<16xf32>) outs(%a : tensor<16xf32>) -> tensor<16xf32>
  return %x : tensor<16xf32>
}
