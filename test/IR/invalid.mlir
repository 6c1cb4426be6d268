// RUN: mempl-opt %s -split-input-file -verify-diagnostics

// expected-error @below {{unknown attribute 'mempl.pinn' on an argument; expected mempl.pin, mempl.forbid or mempl.max_bytes}}
func.func @misspelt_on_argument(%a: tensor<4xf32> {mempl.pinn}) { return }

// -----

func.func @misspelt_on_op() {
  // expected-error @below {{unknown attribute 'mempl.max_byte' on an op}}
  %a = tensor.empty() {mempl.max_byte = 4 : i64} : tensor<4xf32>
  return
}

// -----

// expected-error @below {{unknown attribute 'mempl.pin' on a result}}
func.func @on_result() -> (tensor<4xf32> {mempl.pin}) {
  %a = tensor.empty() : tensor<4xf32>
  return %a : tensor<4xf32>
}

// -----

// expected-error @below {{expected 'mempl.pin' to be a unit attribute or a #mempl.space}}
func.func @pin_of_wrong_kind(%a: tensor<4xf32> {mempl.pin = "fast"}) { return }

// -----

// expected-error @below {{'mempl.pin' and 'mempl.forbid' contradict}}
func.func @pin_and_forbid(%a: tensor<4xf32> {mempl.pin, mempl.forbid}) { return }

// -----

// expected-error @below {{expected 'mempl.pin' on an op with a result of tensor type, or on an argument of such a type}}
func.func @pin_on_function() attributes {mempl.pin} { return }

// -----

// expected-error @below {{expected 'mempl.max_bytes' to be bytes, an integer of at least 0 or a string such as "64KiB", found -1 : i64}}
func.func @negative_max_bytes(%a: tensor<?xf32> {mempl.max_bytes = -1 : i64}) { return }

// -----

// expected-error @below {{expected 'mempl.max_bytes' to be bytes, an integer of at least 0 or a string such as "64KiB", found "1 parsec"}}
func.func @max_bytes_of_no_unit(%a: tensor<?xf32> {mempl.max_bytes = "1 parsec"}) { return }

// -----

// expected-error @below {{expected 'mempl.max_bytes' on an argument of tensor type, argument 1 is of type 'f32'}}
func.func @max_bytes_of_a_scalar(%a: tensor<4xf32>, %b: f32 {mempl.max_bytes = 4}) { return }

// -----

// expected-error @below {{expected 'mempl.pin' on an argument of tensor type, argument 0 is of type 'f32'}}
func.func @pin_of_a_scalar(%a: f32 {mempl.pin}) { return }

// -----

func.func @orders_of_scalar_ops(%a: f32) -> f32 {
  // expected-error @below {{expected 'mempl.forbid' on an op with a result of tensor type}}
  %b = arith.addf %a, %a {mempl.forbid} : f32
  return %b : f32
}

// -----

func.func @max_bytes_of_scalar_ops(%a: f32) -> f32 {
  // expected-error @below {{expected 'mempl.max_bytes' on an op with a result of tensor type}}
  %b = arith.addf %a, %a {mempl.max_bytes = 4} : f32
  return %b : f32
}

// -----

func.func @trips_on_no_loop() {
  // expected-error @below {{expected 'mempl.trips' on a loop}}
  %a = tensor.empty() {mempl.trips = 4 : i64} : tensor<4xf32>
  return
}

// -----

func.func @target_on_op() {
  // expected-error @below {{expected 'mempl.target' on a function or a module}}
  %a = tensor.empty() {mempl.target = "tiny"} : tensor<4xf32>
  return
}

// -----

// expected-error @below {{expected 'mempl.original' on a function, with the name of another}}
func.func @original() attributes {mempl.original = "f"} { return }

// -----

// expected-error @below {{expected 'mempl.frees_its_buffers' on a function, as a unit attribute}}
func.func @frees() attributes {mempl.frees_its_buffers = 1 : i64} { return }

// -----

// expected-error @below {{expected 'mempl.target' to be a string or a dictionary}}
func.func @target_of_wrong_kind() attributes {mempl.target = 4 : i64} { return }

// -----

// expected-error @below {{expected a name of a memory space}}
func.func @space_without_name(%m: memref<1xi8, #mempl.space<"">>) { return }

// -----

func.func @too_few_bytes() {
  // expected-error @below {{expected at least 64 bytes for the type 'tensor<16xf32>', got 63}}
  %a = mempl.alloc <fast> at 0 bytes 63 : tensor<16xf32>
  return
}

// -----

func.func @second_offset_without_condition() {
  // expected-error @below {{expected a second offset and the condition for it together}}
  %a = "mempl.alloc"() {space = #mempl.space<fast>, offset = 0 : i64, offset2 = 64 : i64, bytes = 64 : i64, operandSegmentSizes = array<i32: 0, 0>} : () -> tensor<16xf32>
  return
}

// -----

func.func @sizes_of_dynamic_dimensions(%n: index) {
  // expected-error @below {{expected one size operand for each of 2 dynamic dimensions, got 1}}
  %a = mempl.alloc <fast> at 0 bytes 64 (%n) : tensor<?x?xf32>
  return
}

// -----

func.func @space_of_memref() {
  // expected-error @below {{expected the memory space of the memref to be #mempl.space<fast>}}
  %a = mempl.alloc <fast> at 0 bytes 64 : memref<16xf32>
  return
}

// -----

func.func @layout_of_memref() {
  // expected-error @below {{expected a memref without a layout}}
  %a = mempl.alloc <fast> at 0 bytes 64 : memref<4xf32, strided<[2]>, #mempl.space<fast>>
  return
}

// -----

func.func @negative_offset() {
  // expected-error @below {{attribute 'offset' failed to satisfy constraint}}
  %a = mempl.alloc <fast> at -16 bytes 64 : tensor<16xf32>
  return
}

// -----

func.func @never_waited(%w: tensor<4xf32>, %a: tensor<4xf32>) {
  // expected-error @below {{expected its copy to be waited for}}
  %f = mempl.copy_start %w to %a : tensor<4xf32>
  return
}

// -----

func.func @waited_twice(%w: tensor<4xf32>, %a: tensor<4xf32>) {
  // expected-error @below {{expected its copy to be waited for once, but a path waits 2 times}}
  %f = mempl.copy_start %w to %a : tensor<4xf32>
  %c = mempl.copy_wait %f : tensor<4xf32>
  %d = mempl.copy_wait %f : tensor<4xf32>
  return
}

// -----

func.func @waited_in_one_branch(%w: tensor<4xf32>, %a: tensor<4xf32>, %cond: i1) {
  // expected-error @below {{expected its copy to be waited for on each path, but a region of 'scf.if' does not}}
  %f = mempl.copy_start %w to %a : tensor<4xf32>
  scf.if %cond {
    %c = mempl.copy_wait %f : tensor<4xf32>
  }
  return
}

// -----

func.func @waited_in_loop(%w: tensor<4xf32>, %a: tensor<4xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // expected-error @below {{expected its copy not to be waited for inside 'scf.for'}}
  %f = mempl.copy_start %w to %a : tensor<4xf32>
  scf.for %i = %c0 to %n step %c1 {
    %c = mempl.copy_wait %f : tensor<4xf32>
  }
  return
}

// -----

func.func @future_as_result(%w: tensor<4xf32>, %a: tensor<4xf32>) -> !mempl.future<tensor<4xf32>> {
  // expected-error @below {{expected only mempl.copy_wait to use its result, found 'func.return'}}
  %f = mempl.copy_start %w to %a : tensor<4xf32>
  return %f : !mempl.future<tensor<4xf32>>
}

// -----

func.func @shapes_of_copy(%m: memref<4xf32>, %n: memref<8xf32>) {
  // expected-error @below {{expected memrefs of one shape and element type}}
  mempl.transfer %m to %n : memref<4xf32> to memref<8xf32>
  return
}

// -----

func.func @other_buffers(%m: memref<4xf32>, %n: memref<4xf32>) {
  %t = mempl.copy_start %m to %n : memref<4xf32> to memref<4xf32>
  // expected-error @below {{expected the buffers of the mempl.copy_start}}
  mempl.copy_wait %t, %n to %m : memref<4xf32> to memref<4xf32>
  return
}

// -----

func.func @outs_per_result(%a: tensor<4xf32>) {
  // expected-error @below {{expected 'outs' to have one entry for each of 1 results, got 2}}
  %r = mempl.kernel "k"(%a) {outs = array<i64: 0, 0>} : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @outs_name_operands(%a: tensor<4xf32>) {
  // expected-error @below {{expected 'outs' to name an operand, got 1}}
  %r = mempl.kernel "k"(%a) {outs = array<i64: 1>} : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @type_of_out(%a: tensor<8xf32>) {
  // expected-error @below {{expected result 0 to have the type of operand 0, 'tensor<8xf32>'}}
  %r = mempl.kernel "k"(%a) {outs = array<i64: 0>} : (tensor<8xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @updates_are_outs(%a: tensor<4xf32>) {
  // expected-error @below {{expected 'updates' to name operands of 'outs', got 0}}
  %r = mempl.kernel "k"(%a) {updates = array<i64: 0>} : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @bytes_per_operand(%a: tensor<4xf32>) {
  // expected-error @below {{expected 'bytes' to have 1 entries, got 2}}
  %r = mempl.kernel "k"(%a) {bytes = array<i64: 4, 4>} : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @negative_seconds(%a: tensor<4xf32>) {
  // expected-error @below {{expected 'seconds' to be finite and not negative}}
  %r = mempl.kernel "k"(%a) {seconds = -1.0 : f64} : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @seconds_and_operations(%a: tensor<4xf32>) {
  // expected-error @below {{expected 'seconds' or operations, not both}}
  %r = mempl.kernel "k"(%a) {seconds = 1.0 : f64, vector_ops = 1.0 : f64} : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @token_of_carried_copy(%w: tensor<4xf32>, %a: tensor<4xf32>) {
  // expected-error @below {{expected only mempl.copy_wait_carried and control flow to use its token, found 'func.call'}}
  %t, %c = mempl.copy_start_carried %w to %a : tensor<4xf32>
  func.call @f(%t) : (!mempl.token) -> ()
  return
}
func.func private @f(!mempl.token)
