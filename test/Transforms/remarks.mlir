// RUN: mempl-opt %s --learned-memory-placement="target=tiny solver=greedy trace-out=%t.trace instance-out=%t.instance.json plan-out=%t.plan.json" --remarks-filter="mempl.*" -o /dev/null 2>&1 | FileCheck %s
// RUN: FileCheck %s --check-prefix=TRACE < %t.trace
// RUN: mempl-solve %t.instance.json --plan-in=%t.plan.json --no-bound | FileCheck %s --check-prefix=PLAN

// One remark per value: where, how many bytes, and why.
// CHECK-DAG: remark: {{.*}}'arg0' (64 bytes) slow: it is read once: copying it in moves as many bytes as reading it
// CHECK-DAG: remark: {{.*}}'v2' (64 bytes) fast: 128 of 128 bytes of traffic served from fast memory; at 0, written by step 0 (linalg.exp), until step 1 (linalg.log)
// CHECK-DAG: remark: {{.*}}'arg1' (4096 bytes) slow: it is larger than fast memory: it needs 4096 bytes of 1024

// TRACE: "function": "f"
// TRACE: "target": "tiny"
// TRACE: "policy": "greedy"
// TRACE: "name": "arg0"
// TRACE: "why": "slow

// The files are what mempl-solve reads.
// PLAN: f: 3 steps
// PLAN: plan
func.func @f(%a: tensor<16xf32>, %b: tensor<1024xf32>) -> (tensor<16xf32>, f32) {
  %c0 = arith.constant 0 : index
  %e = tensor.empty() : tensor<16xf32>
  %x = linalg.exp ins(%a : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  %f = tensor.empty() : tensor<16xf32>
  %y = linalg.log ins(%x : tensor<16xf32>) outs(%f : tensor<16xf32>) -> tensor<16xf32>
  %r = tensor.extract %b[%c0] : tensor<1024xf32>
  return %y, %r : tensor<16xf32>, f32
}
