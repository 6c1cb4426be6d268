// RUN: mempl-opt %s --mempl-apply-plan="target=tiny" -split-input-file -verify-diagnostics

func.func @f(%a: tensor<16xf32>) -> tensor<16xf32> {
  %x = linalg.exp ins(%a : tensor<16xf32>) outs(%a : tensor<16xf32>) -> tensor<16xf32>
  return %x : tensor<16xf32>
}
mempl.instance @i name "f" function @f
    fast(capacity = 1024, alignment = 16, bandwidth = 1.0e9, max_carried = 0)
    slow(bandwidth = 1.0e8)
    copy(bandwidth = 1.0e8, latency = 1.0e-7, max_in = 0, max_out = 0)
    step(overhead = 0.0) {
  mempl.value @arg0 inout size 32
  mempl.step "linalg.exp" compute 1.28e-7 (update @arg0 64)
}
// expected-error @below {{@f is not the function that @i was extracted from: it, the target or the costs changed}}
mempl.plan @p for @i {
}

// -----

func.func @f(%a: tensor<16xf32>) -> tensor<16xf32> {
  cf.br ^b
^b:
  return %a : tensor<16xf32>
}
mempl.instance @i name "f" function @f
    fast(capacity = 1024, alignment = 16, bandwidth = 1.0e9, max_carried = 0)
    slow(bandwidth = 1.0e8)
    copy(bandwidth = 1.0e8, latency = 1.0e-7, max_in = 0, max_out = 0)
    step(overhead = 0.0) {
}
// expected-error @below {{@f is not placed: it has several blocks}}
mempl.plan @p for @i {
}

// -----

// A plan that breaks a rule is not applied.
func.func @f(%a: tensor<16xf32>) -> tensor<16xf32> {
  %x = linalg.exp ins(%a : tensor<16xf32>) outs(%a : tensor<16xf32>) -> tensor<16xf32>
  return %x : tensor<16xf32>
}
mempl.instance @i name "f" function @f
    fast(capacity = 1024, alignment = 16, bandwidth = 1.0e9, max_carried = 0)
    slow(bandwidth = 1.0e8)
    copy(bandwidth = 1.0e8, latency = 1.0e-7, max_in = 0, max_out = 0)
    step(overhead = 0.0) {
  mempl.value @arg0 inout size 64
  mempl.step "linalg.exp" compute 1.28e-7 (update @arg0 128)
}
mempl.plan @p for @i {
  // expected-error @below {{V5}}
  mempl.residency @arg0 at 0 issue 0 ready 0 last 0
}
