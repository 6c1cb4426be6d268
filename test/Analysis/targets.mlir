// RUN: split-file %s %t
// RUN: mempl-opt %t/dlti.mlir --learned-memory-placement="solver=greedy" | FileCheck %s
// RUN: mempl-opt %t/dlti.mlir --learned-memory-placement="solver=greedy target=tiny" | FileCheck %s --check-prefix=OPTION
// RUN: mempl-opt %t/dlti.mlir --learned-memory-placement="solver=greedy target=%t/mine.json" | FileCheck %s --check-prefix=MINE
// RUN: mempl-opt %t/dictionary.mlir --learned-memory-placement="solver=greedy" 2>&1 | FileCheck %s --check-prefix=DICT
// RUN: not mempl-opt %t/dlti.mlir --learned-memory-placement="target=%t/bad.json" 2>&1 | FileCheck %s --check-prefix=BAD
// RUN: mempl-opt %t/dlti.mlir --learned-memory-placement="target=%t/types.json profile=%t/profile.json" -o /dev/null 2>&1 | FileCheck %s --check-prefix=KEYS
// RUN: mempl-opt %t/unknown-types.mlir --learned-memory-placement --verify-diagnostics
// RUN: mempl-opt %t/of-function.mlir --learned-memory-placement="solver=greedy" -o /dev/null 2>&1 | FileCheck %s --check-prefix=FUNCTION
// RUN: mempl-opt %t/invalid.mlir --learned-memory-placement --split-input-file --verify-diagnostics

// CHECK: mempl.alloc <sram> at 0 bytes 64
// OPTION: mempl.alloc <fast> at 0 bytes 64
// MINE: mempl.alloc <scratch> at 0 bytes 64
// DICT: remark: 'f': nothing placed in fast memory: 128 bytes of 1 value because it is larger than fast memory
// BAD: bad.json:1: error: compute.matrix_ops_per_second.f32: expected a positive number of operations per second
// FUNCTION: because it is larger than fast memory

// Keys that match nothing are said, with what was meant.
// KEYS: types.json:6:1: warning: 2 of 4 rates are of no element type: 'int8' (did you mean 'i8'?), 'fp99'
// KEYS: profile.json:2:1: warning: 2 of 3 keys match no op: 'linalg.expp' (did you mean 'linalg.exp'?), 'net.mlir:99:8'

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
//--- of-function.mlir
func.func @f(%a: tensor<1024xf32>) -> tensor<1024xf32> attributes {mempl.target = "tiny"} {
  %x = linalg.exp ins(%a : tensor<1024xf32>) outs(%a : tensor<1024xf32>) -> tensor<1024xf32>
  return %x : tensor<1024xf32>
}
//--- types.json
{"version": 1, "name": "mine", "description": "", "sources": [],
 "spaces": {"fast": "scratch", "slow": "main"},
 "machine": {"fast": {"capacity": 1024, "alignment": 1, "bandwidth": 100},
             "slow": {"bandwidth": 1}, "copy": {"bandwidth": 1, "latency": 0},
             "step": {"overhead": 0}},
 "compute": {"matrix_ops_per_second": {"int8": 1e9, "f8E4M3FN": 1e9}, "vector_ops_per_second": {"f32": 1e9, "fp99": 1}}}
//--- profile.json
{"version": 1, "seconds": {"linalg.exp": 1e-6,
                           "linalg.expp": 1e-6, "net.mlir:99:8": 1e-6}}
//--- unknown-types.mlir
// expected-warning @below {{dlti.target_system_spec: 1 of 2 rates is of no element type: 'float32' (did you mean 'f32'?)}}
module attributes {dlti.target_system_spec = #dlti.target_system_spec<
  "NPU" = #dlti.target_device_spec<
    "memory" = #dlti.map<
      "fast" = #dlti.map<"size_in_bytes" = 4096 : i64, "bandwidth" = 2.0e11 : f64>,
      "slow" = #dlti.map<"bandwidth" = 3.0e10 : f64>>,
    "copy" = #dlti.map<"bandwidth" = 3.0e10 : f64>,
    "compute" = #dlti.map<
      "matrix_ops_per_second" = #dlti.map<"i8" = 4.0e12 : f64>,
      "vector_ops_per_second" = #dlti.map<"float32" = 1.28e11 : f64>>>>} {}
//--- invalid.mlir
func.func @one(%a: tensor<16xf32>) attributes {mempl.target = "tiny"} { return }
// expected-error @below {{expected all functions of a module to name the same 'mempl.target'}}
func.func @other(%a: tensor<16xf32>) attributes {mempl.target = "edge-npu"} { return }

// -----

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
