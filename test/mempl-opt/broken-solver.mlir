// A plan that breaks rules is not applied; what is needed to repeat the failure
// goes to a file of its own.

// RUN: rm -rf %t && mkdir %t && cd %t
// RUN: not mempl-opt-broken %s --learned-memory-placement="target=tiny solver=broken seed=7 fallback=error" 2> err
// RUN: FileCheck %s < err
// RUN: FileCheck %s --check-prefix=FILE < mempl-opt-reproducer.json
// RUN: mempl-solve --run-reproducer mempl-opt-reproducer.json --solver=greedy
// CHECK: error: internal error: solver broken returned an invalid plan (V2: value 0 {{.*}}); please report it with the file mempl-opt-reproducer.json
// FILE: "program": "mempl-opt"
// FILE: "broken"
// FILE: "seed": "7"
// FILE: "violations": [
// FILE-NEXT: "V2: value 0
// FILE: "offset":-10

func.func @network(%a: tensor<16xf32>) -> tensor<16xf32> {
  %e = tensor.empty() : tensor<16xf32>
  %x = linalg.exp ins(%a : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  return %x : tensor<16xf32>
}
