// RUN: mempl-opt %s --learned-memory-placement="target=tiny solver=portfolio" -split-input-file -verify-diagnostics

// A pin that cannot be met names what is needed and what is there.
// expected-error @below {{'mempl.pin' cannot be kept: 'arg0' has 4096 bytes, and fast memory has 1024}}
func.func @too_large(%a: tensor<1024xf32> {mempl.pin}) -> tensor<1024xf32> {
  %e = tensor.empty() : tensor<1024xf32>
  %x = linalg.exp ins(%a : tensor<1024xf32>) outs(%e : tensor<1024xf32>) -> tensor<1024xf32>
  return %x : tensor<1024xf32>
}

// -----

func.func @pinned_but_dynamic(
  // expected-error @below {{'arg0' is constrained to fast memory by 'mempl.pin', but it has a dynamic size without a bound}}
    %a: tensor<?xf32> {mempl.pin}) {
  return
}

// -----

func.func @contradiction(
    %a: tensor<16xf32> {mempl.forbid}) -> tensor<16xf32> {
  // expected-error @below {{the tensors that share the storage of 'arg0' are constrained to fast and into slow memory}}
  %x = linalg.exp {mempl.pin} ins(%a : tensor<16xf32>) outs(%a : tensor<16xf32>) -> tensor<16xf32>
  return %x : tensor<16xf32>
}

// -----

func.func @unknown_space(
  // expected-error @below {{the target 'tiny' has no memory space 'l3'}}
    %a: tensor<16xf32> {mempl.pin = #mempl.space<l3>}) {
  return
}
