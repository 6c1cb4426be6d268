// RUN: split-file %s %t
// RUN: mempl-opt %t/dlti.mlir --learned-memory-placement="policy=greedy" | FileCheck %s
// RUN: mempl-opt %t/dlti.mlir --learned-memory-placement="policy=greedy target=tiny" | FileCheck %s --check-prefix=OPTION
// RUN: mempl-opt %t/dlti.mlir --learned-memory-placement="policy=greedy target=%t/mine.json" | FileCheck %s --check-prefix=MINE
// RUN: mempl-opt %t/dictionary.mlir --learned-memory-placement="policy=greedy" 2>&1 | FileCheck %s --check-prefix=DICT
// RUN: not mempl-opt %t/dlti.mlir --learned-memory-placement="target=%t/bad.json" 2>&1 | FileCheck %s --check-prefix=BAD
// RUN: mempl-opt %t/invalid.mlir --learned-memory-placement --split-input-file --verify-diagnostics

// CHECK: mempl.alloc <sram> at 0 bytes 64
// OPTION: mempl.alloc <fast> at 0 bytes 64
// MINE: mempl.alloc <scratch> at 0 bytes 64
// DICT: remark: nothing placed in fast memory: {{.*}} 32 are free
// BAD: bad.json:1: error: compute.matrix_ops_per_second.f32: expected a positive number of operations per second

//--- dlti.mlir
module attributes {dlti.target_system_spec = #dlti.target_system_spec<
  "NPU" = #dlti.target_device_spec<
    "memory" = #dlti.map<
      "fast" = #dlti.map<"name" = "sram", "size_in_bytes" = 2097152 : i64, "alignment" = 64 : i64,
                         "bandwidth" = 2.56e11 : f64>,
      "slow" = #dlti.map<"name" = "dram", "bandwidth" = 3.41e10 : f64>>,
    "copy" = #dlti.map<"bandwidth" = 3.41e10 : f64, "latency" = 5.0e-7 : f64>,
    "compute" = #dlti.map<
      "matrix_ops_per_second" = #dlti.map<"i8" = 4.0e12 : f64, "bf16" = 2.0e12 : f64>,
      "vector_ops_per_second" = #dlti.map<"f32" = 1.28e11 : f64>>>>} {
  func.func @f(%a: tensor<16xf32>) -> tensor<16xf32> {
    %e = tensor.empty() : tensor<16xf32>
    %x = linalg.exp ins(%a : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
    %f = tensor.empty() : tensor<16xf32>
    %y = linalg.exp ins(%x : tensor<16xf32>) outs(%f : tensor<16xf32>) -> tensor<16xf32>
    return %y : tensor<16xf32>
  }
}
//--- dictionary.mlir
module attributes {mempl.target = {preset = "tiny", capacity = 40 : i64}} {
  func.func @f(%a: tensor<16xf32>) -> tensor<16xf32> {
    %x = linalg.exp ins(%a : tensor<16xf32>) outs(%a : tensor<16xf32>) -> tensor<16xf32>
    return %x : tensor<16xf32>
  }
}
//--- mine.json
{"version": 1, "name": "mine", "description": "", "sources": [],
 "spaces": {"fast": "scratch", "slow": "main"},
 "machine": {"fast": {"capacity": 1024, "alignment": 1, "bandwidth": 100},
             "slow": {"bandwidth": 1}, "copy": {"bandwidth": 1, "latency": 0},
             "step": {"overhead": 0}},
 "compute": {"matrix_ops_per_second": {"f32": 1e9}, "vector_ops_per_second": {"f32": 1e9}}}
//--- bad.json
{"version": 1, "name": "mine", "description": "", "sources": [], "spaces": {"fast": "a", "slow": "b"}, "machine": {"fast": {"capacity": 1024, "alignment": 1, "bandwidth": 100}, "slow": {"bandwidth": 1}, "copy": {"bandwidth": 1, "latency": 0}, "step": {"overhead": 0}}, "compute": {"matrix_ops_per_second": {"f32": 0}, "vector_ops_per_second": {"f32": 1}}}
//--- invalid.mlir
// expected-error @below {{'mempl.target': unknown preset 'abacus'}}
module attributes {mempl.target = "abacus"} {}

// -----

// expected-error @below {{'mempl.target': expected 'preset' (a string) and 'capacity' (bytes), found 'speed'}}
module attributes {mempl.target = {preset = "tiny", speed = 3 : i64}} {}

// -----

// expected-error @below {{dlti.target_system_spec: expected NPU.memory to be a #dlti.map}}
module attributes {dlti.target_system_spec = #dlti.target_system_spec<
  "NPU" = #dlti.target_device_spec<"compute" = 1 : i64>>} {}

// -----

// expected-error @below {{dlti.target_system_spec: expected one device, or one of the name "mempl"}}
module attributes {dlti.target_system_spec = #dlti.target_system_spec<
  "A" = #dlti.target_device_spec<"memory" = 1 : i64>,
  "B" = #dlti.target_device_spec<"memory" = 1 : i64>>} {}
