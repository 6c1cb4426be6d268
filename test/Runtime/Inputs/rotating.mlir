// A loop over columns, placed by hand as plans with copies across trips are: the
// columns of the next trip come in, and those of the trip before go out, while
// this trip computes. Beside it the same loop without a plan.

func.func @placed(%w: tensor<4x48xf32>, %o: tensor<4x48xf32>, %n: index) -> tensor<4x48xf32> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c8 = arith.constant 8 : index
  %no = mempl.no_copy
  %any = arith.cmpi ult, %c0, %n : index
  %t0 = scf.if %any -> !mempl.token {
    %s = tensor.extract_slice %w[0, 0] [4, 8] [1, 1] : tensor<4x48xf32> to tensor<4x8xf32>
    %a = mempl.alloc <fast> at 0 bytes 128 : tensor<4x8xf32>
    %t, %d = mempl.copy_start_carried prefetch %s to %a : tensor<4x8xf32> loc("first")
    scf.yield %t : !mempl.token
  } else {
    %none = mempl.no_copy
    scf.yield %none : !mempl.token
  }
  %r:3 = scf.for %i = %c0 to %n step %c8 iter_args(%x = %o, %t = %t0, %u = %no)
      -> (tensor<4x48xf32>, !mempl.token, !mempl.token) {
    %trip = arith.divui %i, %c8 : index
    %parity = arith.remui %trip, %c2 : index
    %even = arith.cmpi eq, %parity, %c0 : index
    %odd = arith.cmpi ne, %parity, %c0 : index
    %next = arith.addi %i, %c8 : index
    %more = arith.cmpi ult, %next, %n : index
    %tn = scf.if %more -> !mempl.token {
      %s = tensor.extract_slice %w[0, %next] [4, 8] [1, 1] : tensor<4x48xf32> to tensor<4x8xf32>
      %a = mempl.alloc <fast> at 0 or 128 if %even bytes 128 : tensor<4x8xf32>
      %t1, %d = mempl.copy_start_carried prefetch %s to %a : tensor<4x8xf32> loc("ahead")
      scf.yield %t1 : !mempl.token
    } else {
      %none = mempl.no_copy
      scf.yield %none : !mempl.token
    }
    %slot = mempl.alloc <fast> at 0 or 128 if %odd bytes 128 : tensor<4x8xf32>
    %b = mempl.copy_wait_carried %t to %slot : tensor<4x8xf32>
    %y = mempl.alloc <fast> at 256 or 384 if %odd bytes 128 : tensor<4x8xf32>
    %e = linalg.exp ins(%b : tensor<4x8xf32>) outs(%y : tensor<4x8xf32>) -> tensor<4x8xf32> loc("step")
    mempl.release %b : tensor<4x8xf32>
    mempl.copy_wait_carried %u
    %so = tensor.extract_slice %x[0, %i] [4, 8] [1, 1] : tensor<4x48xf32> to tensor<4x8xf32>
    %v, %so1 = mempl.copy_start_carried evict %e to %so : tensor<4x8xf32> loc("behind")
    %x1 = tensor.insert_slice %so1 into %x[0, %i] [4, 8] [1, 1] : tensor<4x8xf32> into tensor<4x48xf32>
    scf.yield %x1, %tn, %v : tensor<4x48xf32>, !mempl.token, !mempl.token
  }
  mempl.copy_wait_carried %r#2
  return %r#0 : tensor<4x48xf32>
}

func.func @plain(%w: tensor<4x48xf32>, %o: tensor<4x48xf32>, %n: index) -> tensor<4x48xf32> {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  %r = scf.for %i = %c0 to %n step %c8 iter_args(%x = %o) -> tensor<4x48xf32> {
    %s = tensor.extract_slice %w[0, %i] [4, 8] [1, 1] : tensor<4x48xf32> to tensor<4x8xf32>
    %so = tensor.extract_slice %x[0, %i] [4, 8] [1, 1] : tensor<4x48xf32> to tensor<4x8xf32>
    %e = linalg.exp ins(%s : tensor<4x8xf32>) outs(%so : tensor<4x8xf32>) -> tensor<4x8xf32>
    %x1 = tensor.insert_slice %e into %x[0, %i] [4, 8] [1, 1] : tensor<4x8xf32> into tensor<4x48xf32>
    scf.yield %x1 : tensor<4x48xf32>
  }
  return %r : tensor<4x48xf32>
}

func.func private @numbers(%first: i32) -> tensor<4x48xf32> {
  %e = tensor.empty() : tensor<4x48xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      outs(%e : tensor<4x48xf32>) {
  ^bb0(%z: f32):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %c64 = arith.constant 64 : index
    %scale = arith.constant 0.015625 : f32
    %m = arith.muli %i, %c64 : index
    %k = arith.addi %m, %j : index
    %n = arith.index_cast %k : index to i32
    %s = arith.addi %n, %first : i32
    %f = arith.sitofp %s : i32 to f32
    %v = arith.mulf %f, %scale : f32
    linalg.yield %v : f32
  } -> tensor<4x48xf32>
  return %r : tensor<4x48xf32>
}

// How many elements have other bits.
func.func private @differences(%a: tensor<4x48xf32>, %b: tensor<4x48xf32>) -> i64 {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  %init = tensor.from_elements %zero : tensor<i64>
  %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> ()>],
      iterator_types = ["reduction", "reduction"]}
      ins(%a, %b : tensor<4x48xf32>, tensor<4x48xf32>) outs(%init : tensor<i64>) {
  ^bb0(%x: f32, %y: f32, %count: i64):
    %m = arith.bitcast %x : f32 to i32
    %n = arith.bitcast %y : f32 to i32
    %d = arith.cmpi ne, %m, %n : i32
    %more = arith.addi %count, %one : i64
    %c = arith.select %d, %more, %count : i64
    linalg.yield %c : i64
  } -> tensor<i64>
  %d = tensor.extract %r[] : tensor<i64>
  return %d : i64
}

func.func private @compare(%n: index) {
  %one = arith.constant 1 : i32
  %nine = arith.constant 900 : i32
  %w = func.call @numbers(%one) : (i32) -> tensor<4x48xf32>
  %o = func.call @numbers(%nine) : (i32) -> tensor<4x48xf32>
  %placed = func.call @placed(%w, %o, %n) : (tensor<4x48xf32>, tensor<4x48xf32>, index) -> tensor<4x48xf32>
  %plain = func.call @plain(%w, %o, %n) : (tensor<4x48xf32>, tensor<4x48xf32>, index) -> tensor<4x48xf32>
  %wrong = func.call @differences(%placed, %plain) : (tensor<4x48xf32>, tensor<4x48xf32>) -> i64
  %changed = func.call @differences(%placed, %o) : (tensor<4x48xf32>, tensor<4x48xf32>) -> i64
  vector.print %changed : i64
  vector.print %wrong : i64
  return
}

// No trip, one, an even number of them, an odd one, and six.
func.func @main() {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  %c16 = arith.constant 16 : index
  %c40 = arith.constant 40 : index
  %c48 = arith.constant 48 : index
  func.call @compare(%c0) : (index) -> ()
  func.call @compare(%c8) : (index) -> ()
  func.call @compare(%c16) : (index) -> ()
  func.call @compare(%c40) : (index) -> ()
  func.call @compare(%c48) : (index) -> ()
  return
}
