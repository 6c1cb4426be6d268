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

// -----

// Nor one whose order runs a step before one that it depends on.
func.func @f(%a: tensor<16xf32>, %b: tensor<16xf32>) -> (tensor<16xf32>, tensor<16xf32>) {
  %0 = bufferization.alloc_tensor() : tensor<16xf32>
  %x = linalg.exp ins(%a : tensor<16xf32>) outs(%0 : tensor<16xf32>) -> tensor<16xf32>
  %y = linalg.exp ins(%x : tensor<16xf32>) outs(%x : tensor<16xf32>) -> tensor<16xf32>
  %1 = bufferization.alloc_tensor() : tensor<16xf32>
  %z = linalg.log ins(%b : tensor<16xf32>) outs(%1 : tensor<16xf32>) -> tensor<16xf32>
  return %y, %z : tensor<16xf32>, tensor<16xf32>
}
mempl.instance @i name "f" function @f
    fast(capacity = 1024, alignment = 16, bandwidth = 1.0e9, max_carried = 0)
    slow(bandwidth = 1.0e8)
    copy(bandwidth = 1.0e8, latency = 1.0e-7, max_in = 0, max_out = 0)
    step(overhead = 0.0) order = free {
  mempl.value @arg0 input size 64
  mempl.value @arg1 input size 64
  mempl.value @v2 output size 64
  mempl.value @v3 output size 64
  mempl.step "linalg.exp" compute 1.28e-7 (read @arg0 64, write @v2 64)
  mempl.step "linalg.exp" compute 1.28e-7 (update @v2 128)
  mempl.step "linalg.log" compute 1.28e-7 (read @arg1 64, write @v3 64)
}
// expected-error @below {{V11}}
mempl.plan @p for @i order [2, 1, 0] {
  mempl.residency @arg1 at 0 issue 0 ready 0 last 0
}

// -----

// Nor is a second plan, after which nothing is as it was.
func.func @f(%a: tensor<16xf32>) -> tensor<16xf32> {
  %x = linalg.exp ins(%a : tensor<16xf32>) outs(%a : tensor<16xf32>) -> tensor<16xf32>
  return %x : tensor<16xf32>
}
mempl.instance @i name "f" function @f
    fast(capacity = 1024, alignment = 16, bandwidth = 1.0e9, max_carried = 0)
    slow(bandwidth = 1.0e8)
    copy(bandwidth = 1.0e8, latency = 1.0e-7, max_in = 0, max_out = 0)
    step(overhead = 0.0) order = free {
  mempl.value @arg0 inout size 64
  mempl.step "linalg.exp" compute 1.28e-7 (update @arg0 128)
}
mempl.plan @p for @i {
}
mempl.instance @j name "f" function @f
    fast(capacity = 1024, alignment = 16, bandwidth = 1.0e9, max_carried = 0)
    slow(bandwidth = 1.0e8)
    copy(bandwidth = 1.0e8, latency = 1.0e-7, max_in = 0, max_out = 0)
    step(overhead = 0.0) order = free {
  mempl.value @arg0 inout size 64
  mempl.step "linalg.exp" compute 1.28e-7 (update @arg0 128)
}
// expected-error @below {{@f has another plan already}}
mempl.plan @q for @j {
}

// -----

// Two plans for one instance.
func.func @f(%a: tensor<16xf32>) -> tensor<16xf32> {
  %x = linalg.exp ins(%a : tensor<16xf32>) outs(%a : tensor<16xf32>) -> tensor<16xf32>
  return %x : tensor<16xf32>
}
mempl.instance @i name "f" function @f
    fast(capacity = 1024, alignment = 16, bandwidth = 1.0e9, max_carried = 0)
    slow(bandwidth = 1.0e8)
    copy(bandwidth = 1.0e8, latency = 1.0e-7, max_in = 0, max_out = 0)
    step(overhead = 0.0) order = free {
  mempl.value @arg0 inout size 64
  mempl.step "linalg.exp" compute 1.28e-7 (update @arg0 128)
}
mempl.plan @p for @i {
}
// expected-error @below {{@f has another plan already}}
mempl.plan @q for @i {
}
