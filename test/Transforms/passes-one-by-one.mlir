// RUN: mempl-opt %s --learned-memory-placement="target=tiny solver=greedy tile=false" > %t.whole
// RUN: mempl-opt %s --pass-pipeline="builtin.module(mempl-prepare,mempl-extract-instance{target=tiny},mempl-solve{solver=greedy},mempl-verify-plan,mempl-apply-plan{target=tiny},func.func(mempl-check-placement{capacity=1KiB alignment=16}))" > %t.steps
// RUN: cmp %t.whole %t.steps
// RUN: mempl-opt %s --pass-pipeline="builtin.module(canonicalize,mempl-prepare,canonicalize,mempl-extract-instance{target=tiny})" | mempl-opt --mempl-solve="solver=greedy" --canonicalize | mempl-opt --mempl-verify-plan --mempl-apply-plan="target=tiny" --canonicalize --cse --one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" | FileCheck %s
// RUN: mempl-opt %s --mempl-prepare --mempl-extract-instance="target=tiny" | FileCheck %s --check-prefix=INSTANCE
// RUN: mempl-opt %s --learned-memory-placement="target=tiny solver=search seed=7 tile=false" > %t.first
// RUN: mempl-opt %s --learned-memory-placement="target=tiny solver=search seed=7 tile=false" > %t.second
// RUN: cmp %t.first %t.second

// Each pass works for itself, with text or upstream passes between; together
// they are the pipeline that splits nothing, byte for byte.
// CHECK-LABEL: func.func @f
// CHECK-NOT: memref.copy
// CHECK: mempl.alloc
// CHECK-NOT: memref.copy
// CHECK-NOT: mempl.instance

// INSTANCE: mempl.instance @f_instance name "f" function @f
// INSTANCE: mempl.value @arg0 input size 64
// INSTANCE: mempl.step "linalg.exp" {{.*}}read @arg0 64, write
func.func @f(%a: tensor<16xf32>) -> tensor<16xf32> {
  %e = tensor.empty() : tensor<16xf32>
  %x = linalg.exp ins(%a : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  %f = tensor.empty() : tensor<16xf32>
  %y = linalg.log ins(%x : tensor<16xf32>) outs(%f : tensor<16xf32>) -> tensor<16xf32>
  %g = tensor.empty() : tensor<16xf32>
  %z = linalg.add ins(%x, %y : tensor<16xf32>, tensor<16xf32>) outs(%g : tensor<16xf32>) -> tensor<16xf32>
  return %z : tensor<16xf32>
}
