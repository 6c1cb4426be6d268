// REQUIRES: runner
// Every op of math, at run time: nothing is folded, for the numbers come from a
// buffer.
// RUN: mempl-opt --mempl-lower-to-cpu %s -o %t.mlir
// RUN: %run_main %t.mlir | FileCheck %s

func.func private @number(%value: f32) -> f32 {
  %c0 = arith.constant 0 : index
  %m = memref.alloc() : memref<1xf32>
  memref.store %value, %m[%c0] : memref<1xf32>
  %x = memref.atomic_rmw addf %value, %m[%c0] : (f32, memref<1xf32>) -> f32
  return %x : f32
}

func.func @main() {
  %half = arith.constant 0.5 : f32
  %two = arith.constant 2.0 : f32
  %x = call @number(%half) : (f32) -> f32
  %y = call @number(%two) : (f32) -> f32
  %i = arith.fptosi %y : f32 to i32
  %v = vector.broadcast %x : f32 to vector<2x2xf32>
  %d = arith.extf %x : f32 to f64
  %h = arith.truncf %x : f32 to f16
  %b = arith.truncf %x : f32 to bf16
  // CHECK: {{^}}0.5
  %absf = math.absf %x : f32
  vector.print %absf : f32
  // CHECK-NEXT: {{^}}1.0472
  %acos = math.acos %x : f32
  vector.print %acos : f32
  // CHECK-NEXT: {{^}}0.5235
  %asin = math.asin %x : f32
  vector.print %asin : f32
  // CHECK-NEXT: {{^}}0.4812
  %asinh = math.asinh %x : f32
  vector.print %asinh : f32
  // CHECK-NEXT: {{^}}0.4636
  %atan = math.atan %x : f32
  vector.print %atan : f32
  // CHECK-NEXT: {{^}}0.5493
  %atanh = math.atanh %x : f32
  vector.print %atanh : f32
  // CHECK-NEXT: {{^}}0.7937
  %cbrt = math.cbrt %x : f32
  vector.print %cbrt : f32
  // CHECK-NEXT: {{^}}1
  %ceil = math.ceil %x : f32
  vector.print %ceil : f32
  // CHECK-NEXT: {{^}}0.8775
  %cos = math.cos %x : f32
  vector.print %cos : f32
  // CHECK-NEXT: {{^}}1.1276
  %cosh = math.cosh %x : f32
  vector.print %cosh : f32
  // CHECK-NEXT: {{^}}0.5205
  %erf = math.erf %x : f32
  vector.print %erf : f32
  // CHECK-NEXT: {{^}}0.4795
  %erfc = math.erfc %x : f32
  vector.print %erfc : f32
  // CHECK-NEXT: {{^}}1.6487
  %exp = math.exp %x : f32
  vector.print %exp : f32
  // CHECK-NEXT: {{^}}1.4142
  %exp2 = math.exp2 %x : f32
  vector.print %exp2 : f32
  // CHECK-NEXT: {{^}}0.6487
  %expm1 = math.expm1 %x : f32
  vector.print %expm1 : f32
  // CHECK-NEXT: {{^}}0
  %floor = math.floor %x : f32
  vector.print %floor : f32
  // CHECK-NEXT: {{^}}-0.693
  %log = math.log %x : f32
  vector.print %log : f32
  // CHECK-NEXT: {{^}}-0.301
  %log10 = math.log10 %x : f32
  vector.print %log10 : f32
  // CHECK-NEXT: {{^}}0.4054
  %log1p = math.log1p %x : f32
  vector.print %log1p : f32
  // CHECK-NEXT: {{^}}-1
  %log2 = math.log2 %x : f32
  vector.print %log2 : f32
  // CHECK-NEXT: {{^}}1
  %round = math.round %x : f32
  vector.print %round : f32
  // CHECK-NEXT: {{^}}0
  %roundeven = math.roundeven %x : f32
  vector.print %roundeven : f32
  // CHECK-NEXT: {{^}}1.4142
  %rsqrt = math.rsqrt %x : f32
  vector.print %rsqrt : f32
  // CHECK-NEXT: {{^}}0.4794
  %sin = math.sin %x : f32
  vector.print %sin : f32
  // CHECK-NEXT: {{^}}0.5210
  %sinh = math.sinh %x : f32
  vector.print %sinh : f32
  // CHECK-NEXT: {{^}}0.7071
  %sqrt = math.sqrt %x : f32
  vector.print %sqrt : f32
  // CHECK-NEXT: {{^}}0.5463
  %tan = math.tan %x : f32
  vector.print %tan : f32
  // CHECK-NEXT: {{^}}0.4621
  %tanh = math.tanh %x : f32
  vector.print %tanh : f32
  // CHECK-NEXT: {{^}}0
  %trunc = math.trunc %x : f32
  vector.print %trunc : f32
  // CHECK-NEXT: {{^}}1.3169
  %acosh = math.acosh %y : f32
  vector.print %acosh : f32
  // CHECK-NEXT: {{^}}0.2449
  %atan2 = math.atan2 %x, %y : f32
  vector.print %atan2 : f32
  // CHECK-NEXT: {{^}}-0.5
  %copysign = math.copysign %x, %log : f32
  vector.print %copysign : f32
  // CHECK-NEXT: {{^}}1.5
  %fma = math.fma %x, %y, %x : f32
  vector.print %fma : f32
  // CHECK-NEXT: {{^}}0.25
  %fpowi = math.fpowi %x, %i : f32, i32
  vector.print %fpowi : f32
  // CHECK-NEXT: {{^}}0.25
  %powf = math.powf %x, %y : f32
  vector.print %powf : f32
  // CHECK-NEXT: {{^}}0.5
  %clampf = math.clampf %y to [%half, %x] : f32
  vector.print %clampf : f32
  // CHECK-NEXT: {{^}}1
  %isfinite = math.isfinite %x : f32
  vector.print %isfinite : i1
  // CHECK-NEXT: {{^}}0
  %isinf = math.isinf %x : f32
  vector.print %isinf : i1
  // CHECK-NEXT: {{^}}0
  %isnan = math.isnan %x : f32
  vector.print %isnan : i1
  // CHECK-NEXT: {{^}}1
  %isnormal = math.isnormal %x : f32
  vector.print %isnormal : i1
  // CHECK-NEXT: 0.4794
  // CHECK-NEXT: 0.8775
  %sine, %cosine = math.sincos %x : f32
  vector.print %sine : f32
  vector.print %cosine : f32
  // CHECK-NEXT: {{^}}2
  %absi = math.absi %i : i32
  vector.print %absi : i32
  // CHECK-NEXT: {{^}}30
  %ctlz = math.ctlz %i : i32
  vector.print %ctlz : i32
  // CHECK-NEXT: {{^}}1
  %ctpop = math.ctpop %i : i32
  vector.print %ctpop : i32
  // CHECK-NEXT: {{^}}1
  %cttz = math.cttz %i : i32
  vector.print %cttz : i32
  // CHECK-NEXT: {{^}}4
  %ipowi = math.ipowi %i, %i : i32
  vector.print %ipowi : i32
  // Other types.
  // CHECK-NEXT: {{^}}0.5205
  %double = math.erf %d : f64
  vector.print %double : f64
  // CHECK-NEXT: {{^}}( ( 0.5463{{[0-9]*}}, 0.5463{{[0-9]*}} ), ( 0.5463{{[0-9]*}}, 0.5463{{[0-9]*}} ) )
  %vec = math.tan %v : vector<2x2xf32>
  vector.print %vec : vector<2x2xf32>
  // CHECK-NEXT: {{^}}( ( 1, 1 ), ( 1, 1 ) )
  %finite = math.isfinite %v : vector<2x2xf32>
  vector.print %finite : vector<2x2xi1>
  // CHECK-NEXT: 0.878906
  // CHECK-NEXT: 0.877
  %h1 = math.cos %h : f16
  %h2 = arith.extf %h1 : f16 to f32
  %b1 = math.cos %b : bf16
  %b2 = arith.extf %b1 : bf16 to f32
  vector.print %b2 : f32
  vector.print %h2 : f32
  return
}
