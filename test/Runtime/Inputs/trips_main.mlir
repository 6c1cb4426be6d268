// Calls the functions of test/Transforms/apply-plan-trips.mlir and shows what they return.
func.func private @numbers(%first: i32) -> tensor<128x32xf32> {
  %e = tensor.empty() : tensor<128x32xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      outs(%e : tensor<128x32xf32>) {
  ^bb0(%z: f32):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %c37 = arith.constant 37 : index
    %c211 = arith.constant 211 : index
    %scale = arith.constant 0.015625 : f32
    %m = arith.muli %i, %c37 : index
    %k = arith.addi %m, %j : index
    %l = arith.remui %k, %c211 : index
    %n = arith.index_cast %l : index to i32
    %s = arith.addi %n, %first : i32
    %f = arith.sitofp %s : i32 to f32
    %v = arith.mulf %f, %scale : f32
    linalg.yield %v : f32
  } -> tensor<128x32xf32>
  return %r : tensor<128x32xf32>
}


func.func private @numbers_a(%first: i32) -> tensor<64x16xf32> {
  %n = func.call @numbers(%first) : (i32) -> tensor<128x32xf32>
  %s = tensor.extract_slice %n[0, 0] [64, 16] [1, 1] : tensor<128x32xf32> to tensor<64x16xf32>
  return %s : tensor<64x16xf32>
}

func.func private @numbers_b(%first: i32) -> tensor<128x16xf32> {
  %n = func.call @numbers(%first) : (i32) -> tensor<128x32xf32>
  %s = tensor.extract_slice %n[0, 0] [128, 16] [1, 1] : tensor<128x32xf32> to tensor<128x16xf32>
  return %s : tensor<128x16xf32>
}

func.func private @numbers_c(%first: i32) -> tensor<64x32xf32> {
  %n = func.call @numbers(%first) : (i32) -> tensor<128x32xf32>
  %s = tensor.extract_slice %n[0, 0] [64, 32] [1, 1] : tensor<128x32xf32> to tensor<64x32xf32>
  return %s : tensor<64x32xf32>
}

// A hash of all bits.
func.func private @show_a(%x: tensor<64x16xf32>) {
  %zero = arith.constant 0 : i64
  %factor = arith.constant 6364136223846793005 : i64
  %init = tensor.from_elements %zero : tensor<i64>
  %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> ()>],
      iterator_types = ["reduction", "reduction"]} ins(%x : tensor<64x16xf32>) outs(%init : tensor<i64>) {
  ^bb0(%v: f32, %sum: i64):
    %b = arith.bitcast %v : f32 to i32
    %l = arith.extui %b : i32 to i64
    %m = arith.muli %sum, %factor : i64
    %s = arith.addi %m, %l : i64
    linalg.yield %s : i64
  } -> tensor<i64>
  %d = tensor.extract %r[] : tensor<i64>
  vector.print %d : i64
  return
}

// A hash of all bits.
func.func private @show_c(%x: tensor<64x32xf32>) {
  %zero = arith.constant 0 : i64
  %factor = arith.constant 6364136223846793005 : i64
  %init = tensor.from_elements %zero : tensor<i64>
  %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> ()>],
      iterator_types = ["reduction", "reduction"]} ins(%x : tensor<64x32xf32>) outs(%init : tensor<i64>) {
  ^bb0(%v: f32, %sum: i64):
    %b = arith.bitcast %v : f32 to i32
    %l = arith.extui %b : i32 to i64
    %m = arith.muli %sum, %factor : i64
    %s = arith.addi %m, %l : i64
    linalg.yield %s : i64
  } -> tensor<i64>
  %d = tensor.extract %r[] : tensor<i64>
  vector.print %d : i64
  return
}

func.func private @rotate(%n: index, %k: index) {
  %one = arith.constant 1 : i32
  %two = arith.constant 2 : i32
  %w = func.call @numbers_b(%one) : (i32) -> tensor<128x16xf32>
  %o = func.call @numbers_a(%two) : (i32) -> tensor<64x16xf32>
  %r = func.call @rotating(%n, %k, %w, %o) : (index, index, tensor<128x16xf32>, tensor<64x16xf32>) -> tensor<64x16xf32>
  func.call @show_a(%r) : (tensor<64x16xf32>) -> ()
  return
}

func.func @main() {
  %i0 = arith.constant 0 : index
  %i1 = arith.constant 1 : index
  %i2 = arith.constant 2 : index
  %i4 = arith.constant 4 : index
  %i6 = arith.constant 6 : index
  %i63 = arith.constant 63 : index
  %i64 = arith.constant 64 : index
  func.call @rotate(%i0, %i0) : (index, index) -> ()
  func.call @rotate(%i2, %i0) : (index, index) -> ()
  func.call @rotate(%i1, %i2) : (index, index) -> ()
  func.call @rotate(%i4, %i0) : (index, index) -> ()
  func.call @rotate(%i6, %i0) : (index, index) -> ()
  func.call @rotate(%i63, %i1) : (index, index) -> ()
  func.call @rotate(%i64, %i0) : (index, index) -> ()
  %one = arith.constant 1 : i32
  %two = arith.constant 2 : i32
  %three = arith.constant 3 : i32
  %a = func.call @numbers_a(%one) : (i32) -> tensor<64x16xf32>
  %b = func.call @numbers_a(%two) : (i32) -> tensor<64x16xf32>
  %c = func.call @numbers_a(%three) : (i32) -> tensor<64x16xf32>
  %r = func.call @updated(%a, %b) : (tensor<64x16xf32>, tensor<64x16xf32>) -> tensor<64x16xf32>
  func.call @show_a(%r) : (tensor<64x16xf32>) -> ()
  %s:2 = func.call @beside(%a, %b, %c) : (tensor<64x16xf32>, tensor<64x16xf32>, tensor<64x16xf32>) -> (tensor<64x16xf32>, tensor<64x16xf32>)
  func.call @show_a(%s#0) : (tensor<64x16xf32>) -> ()
  func.call @show_a(%s#1) : (tensor<64x16xf32>) -> ()
  %d = func.call @numbers_c(%one) : (i32) -> tensor<64x32xf32>
  %e = func.call @numbers_c(%two) : (i32) -> tensor<64x32xf32>
  %t = func.call @nest(%d, %e) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
  func.call @show_c(%t) : (tensor<64x32xf32>) -> ()
  return
}
