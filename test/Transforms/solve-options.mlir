// RUN: not mempl-opt %s --mempl-solve="solver=best" 2>&1 | FileCheck %s --check-prefix=SOLVER
// SOLVER: error: mempl-solve: unknown solver 'best', {{.*}}portfolio
// RUN: not mempl-opt %s --mempl-solve="budget=-1" 2>&1 | FileCheck %s --check-prefix=BUDGET
// BUDGET: error: mempl-solve: budget: expected at least 0, found -1
// RUN: not mempl-opt %s --mempl-solve="budget=0" 2>&1 | FileCheck %s --check-prefix=LIMIT
// LIMIT: error: mempl-solve: budget: 0 means no limit; give a time limit with it
// RUN: not mempl-opt %s --mempl-solve="time-limit-ms=-1" 2>&1 | FileCheck %s --check-prefix=TIME
// TIME: error: mempl-solve: time limit: expected at least 0, found -1
// RUN: not mempl-opt %s --mempl-solve="threads=0" 2>&1 | FileCheck %s --check-prefix=THREADS
// THREADS: error: mempl-solve: threads: expected at least 1, found 0
// RUN: mempl-opt %s --mempl-solve="budget=0 time-limit-ms=20" | FileCheck %s

// CHECK: mempl.plan @i_plan for @i
mempl.instance @i
    fast(capacity = 8, alignment = 8, bandwidth = 4.0, max_carried = 0)
    slow(bandwidth = 1.0)
    copy(bandwidth = 1.0, latency = 0.0, max_in = 0, max_out = 0)
    step(overhead = 0.0) {
  mempl.value @w input size 8
  mempl.step "s" compute 1.0 (read @w 16)
}
