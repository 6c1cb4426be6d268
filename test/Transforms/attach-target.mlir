// RUN: split-file %s %t
// RUN: mempl-opt %t/plain.mlir --mempl-attach-target=target=tiny | FileCheck %s --check-prefix=PRESET
// RUN: mempl-opt %t/plain.mlir --mempl-attach-target="target=tiny capacity=520" | FileCheck %s --check-prefix=CAPACITY
// RUN: mempl-opt %t/plain.mlir --mempl-attach-target=target=%t/mine.json | FileCheck %s --check-prefix=FILE
// RUN: mempl-opt %t/plain.mlir --mempl-attach-target=target=v5e | FileCheck %s --check-prefix=SHORT

// PRESET: module attributes {mempl.target = "tiny"}
// CAPACITY: module attributes {mempl.target = {capacity = 512 : i64, preset = "tiny"}}
// FILE: module attributes {dlti.target_system_spec = #dlti.target_system_spec<"mine" = #dlti.target_device_spec<
// FILE-SAME: "fast" = #dlti.map<"name" = "scratch", "size_in_bytes" = 1024 : i64,
// FILE-SAME: "clock" = 1.000000e+09 : f64
// SHORT: module attributes {mempl.target = "tpu-v5e"}

// A later pass does the same as if it were given the target, whatever the module
// and its functions said before.
// RUN: mempl-opt %t/plain.mlir --mempl-attach-target=target=%t/mine.json --learned-memory-placement -o %t.read
// RUN: mempl-opt %t/plain.mlir --mempl-attach-target=target=%t/mine.json --learned-memory-placement=target=%t/mine.json -o %t.given
// RUN: cmp %t.read %t.given
// RUN: FileCheck %s --check-prefix=PLACED --input-file=%t.read
// RUN: mempl-opt %t/others.mlir --mempl-attach-target=target=%t/mine.json --learned-memory-placement -o %t.read
// RUN: mempl-opt %t/others.mlir --mempl-attach-target=target=%t/mine.json --learned-memory-placement=target=%t/mine.json -o %t.given
// RUN: cmp %t.read %t.given
// RUN: FileCheck %s --check-prefix=OTHERS --input-file=%t.read

// PLACED: mempl.alloc <scratch>
// OTHERS-NOT: mempl.target
// OTHERS: "CPU" = #dlti.target_device_spec
// OTHERS-SAME: "mempl" = #dlti.target_device_spec
// OTHERS-NOT: mempl.target
// OTHERS: mempl.alloc <scratch>

// Once more changes nothing, also from what is attached, and the text between is
// all that is needed.
// RUN: mempl-opt %t/plain.mlir --mempl-attach-target=target=%t/mine.json -o %t.once
// RUN: mempl-opt %t.once --mempl-attach-target=target=%t/mine.json | cmp %t.once -
// RUN: mempl-opt %t.once --mempl-attach-target | cmp %t.once -
// RUN: mempl-opt %t.once --mempl-attach-target=capacity=64 | FileCheck %s --check-prefix=LESS
// RUN: mempl-opt %t.once --mempl-tile-to-fit --mempl-prepare --mempl-extract-instance | FileCheck %s --check-prefix=INSTANCE

// LESS: "size_in_bytes" = 64 : i64
// INSTANCE: mempl.instance
// INSTANCE-SAME: name "f"
// INSTANCE: fast(capacity = 1024

// The replay knows the capacity from it.
// RUN: mempl-opt %t.read --pass-pipeline="builtin.module(func.func(mempl-check-placement))" -o /dev/null
// RUN: not mempl-opt %t.read --pass-pipeline="builtin.module(mempl-attach-target{capacity=32},func.func(mempl-check-placement))" -o /dev/null 2>&1 | FileCheck %s --check-prefix=REPLAY
// REPLAY: error: {{.*}}outside of the fast memory of 32 bytes

// An option wins over what is attached.
// RUN: mempl-opt %t.once --learned-memory-placement=target=tiny | FileCheck %s --check-prefix=OPTION
// OPTION: mempl.alloc <fast>

// RUN: not mempl-opt %t/plain.mlir --mempl-attach-target 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not mempl-opt %t/plain.mlir --mempl-attach-target=target=abacus 2>&1 | FileCheck %s --check-prefix=ABACUS
// RUN: not mempl-opt %t/plain.mlir --mempl-attach-target=targt=tiny 2>&1 | FileCheck %s --check-prefix=TYPO
// NONE: error: no target: give the option 'target' a preset (
// ABACUS: error: unknown target 'abacus'
// TYPO: error: mempl-attach-target: no option 'targt'; expected capacity, target; did you mean 'target'?

//--- plain.mlir
func.func @f(%a: tensor<16xf32>) -> tensor<16xf32> {
  %e = tensor.empty() : tensor<16xf32>
  %x = linalg.exp ins(%a : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  %f = tensor.empty() : tensor<16xf32>
  %y = linalg.exp ins(%x : tensor<16xf32>) outs(%f : tensor<16xf32>) -> tensor<16xf32>
  return %y : tensor<16xf32>
}
//--- others.mlir
module attributes {mempl.target = "tiny", dlti.target_system_spec = #dlti.target_system_spec<
  "CPU" = #dlti.target_device_spec<"L1_cache_size_in_bytes" = 32768 : i32>>} {
  func.func @f(%a: tensor<16xf32>) -> tensor<16xf32> attributes {mempl.target = "edge-npu"} {
    %e = tensor.empty() : tensor<16xf32>
    %x = linalg.exp ins(%a : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
    %f = tensor.empty() : tensor<16xf32>
    %y = linalg.exp ins(%x : tensor<16xf32>) outs(%f : tensor<16xf32>) -> tensor<16xf32>
    return %y : tensor<16xf32>
  }
}
//--- mine.json
{"version": 1, "name": "mine", "description": "", "sources": [],
 "spaces": {"fast": "scratch", "slow": "main"},
 "machine": {"fast": {"capacity": 1024, "alignment": 1, "bandwidth": 100},
             "slow": {"bandwidth": 1}, "copy": {"bandwidth": 1, "latency": 0.5, "max_in": 2},
             "step": {"overhead": 0.25}},
 "compute": {"matrix_ops_per_second": {"f32": 1e9}, "vector_ops_per_second": {"f32": 1e9}, "clock": 1e9}}
