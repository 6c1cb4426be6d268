// Valid pieces that few programs have. No pass may crash on one.

// An op of a dialect that is not registered, in the payload of a linalg op.
#map = affine_map<(d0) -> (d0)>
func.func @unregistered_payload(%a: tensor<64xf32>, %b: tensor<64xf32>) -> tensor<64xf32> {
  %e = tensor.empty() : tensor<64xf32>
  %0 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel"]}
      ins(%a, %b : tensor<64xf32>, tensor<64xf32>) outs(%e : tensor<64xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %1 = "other.gelu"(%x, %y) : (f32, f32) -> f32
    %2 = "other.region"(%1) ({
    ^bb0(%z: f32):
      "other.yield"(%z) : (f32) -> ()
    }) : (f32) -> f32
    linalg.yield %2 : f32
  } -> tensor<64xf32>
  return %0 : tensor<64xf32>
}

// -----

// The same on buffers.
#map = affine_map<(d0) -> (d0)>
func.func @unregistered_payload_on_buffers(%a: memref<64xf32>, %b: memref<64xf32>) {
  linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]}
      ins(%a : memref<64xf32>) outs(%b : memref<64xf32>) {
  ^bb0(%x: f32, %o: f32):
    %1 = "other.gelu"(%x) : (f32) -> f32
    linalg.yield %1 : f32
  }
  "other.use"(%b) : (memref<64xf32>) -> ()
  return
}

// -----

// Unknown ops on tensors: with results of all kinds, without any, and tokens.
func.func @unknown_ops(%a: tensor<8xf32>, %u: tensor<*xf32>) -> (tensor<8xf32>, tensor<*xf32>) {
  %0:4 = "other.many"(%a, %u) : (tensor<8xf32>, tensor<*xf32>) -> (tensor<8xf32>, !other.token, tensor<*xf32>, i32)
  "other.sink"(%0#0, %0#1) : (tensor<8xf32>, !other.token) -> ()
  %1 = "other.source"() : () -> tensor<8xf32>
  %e = tensor.empty() : tensor<8xf32>
  %2 = linalg.add ins(%0#0, %1 : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  return %2, %0#2 : tensor<8xf32>, tensor<*xf32>
}

// -----

// Unknown ops with regions: none, empty ones, one block, several, no terminator
// that is known, tensors from around them.
func.func @unknown_regions(%a: tensor<8xf32>, %c: i1) -> tensor<8xf32> {
  "other.empty_region"() ({}) : () -> ()
  "other.empty_region_on_tensor"(%a) ({}, {}) : (tensor<8xf32>) -> ()
  %0 = "other.one_block"(%a) ({
  ^bb0(%x: tensor<8xf32>):
    %e = tensor.empty() : tensor<8xf32>
    %s = linalg.add ins(%x, %a : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
    "other.yield"(%s) : (tensor<8xf32>) -> ()
  }) : (tensor<8xf32>) -> tensor<8xf32>
  %1 = "other.blocks"(%0) ({
  ^bb0(%x: tensor<8xf32>):
    "cf.cond_br"(%c, %x, %x)[^bb1, ^bb2] <{operandSegmentSizes = array<i32: 1, 1, 1>}> : (i1, tensor<8xf32>, tensor<8xf32>) -> ()
  ^bb1(%y: tensor<8xf32>):
    %e = tensor.empty() : tensor<8xf32>
    %s = linalg.add ins(%y, %a : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
    "cf.br"(%s)[^bb2] : (tensor<8xf32>) -> ()
  ^bb2(%z: tensor<8xf32>):
    "other.yield"(%z) : (tensor<8xf32>) -> ()
  }) : (tensor<8xf32>) -> tensor<8xf32>
  "other.no_terminator"() ({
    %k = arith.constant 1 : i32
  }) : () -> ()
  return %1 : tensor<8xf32>
}

// -----

// Unknown ops with regions on buffers.
func.func @unknown_regions_on_buffers(%a: memref<8xf32>, %c: i1) {
  "other.empty_region"(%a) ({}) : (memref<8xf32>) -> ()
  "other.blocks"(%a) ({
  ^bb0(%x: memref<8xf32>):
    "cf.cond_br"(%c)[^bb1, ^bb1] <{operandSegmentSizes = array<i32: 1, 0, 0>}> : (i1) -> ()
  ^bb1:
    linalg.add ins(%x, %x : memref<8xf32>, memref<8xf32>) outs(%a : memref<8xf32>)
    "other.yield"() : () -> ()
  }) : (memref<8xf32>) -> ()
  %0 = "other.buffer"() : () -> memref<8xf32>
  memref.copy %0, %a : memref<8xf32> to memref<8xf32>
  return
}

// -----

// Functions without a body, with an empty one, in modules in modules.
module @outer {
  func.func private @declared(tensor<8xf32>) -> tensor<8xf32>
  module @inner {
    func.func @f(%a: tensor<8xf32>) -> tensor<8xf32> {
      %e = tensor.empty() : tensor<8xf32>
      %0 = linalg.exp ins(%a : tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
      return %0 : tensor<8xf32>
    }
    module {
    }
    func.func @nothing() {
      return
    }
  }
  func.func @calls(%a: tensor<8xf32>) -> tensor<8xf32> {
    %0 = func.call @declared(%a) : (tensor<8xf32>) -> tensor<8xf32>
    return %0 : tensor<8xf32>
  }
  "other.module"() ({
    func.func @g(%a: tensor<8xf32>) -> tensor<8xf32> {
      return %a : tensor<8xf32>
    }
  }) {sym_name = "h"} : () -> ()
}

// -----

// Tensors of rank 0, of no elements, of one.
func.func @small(%a: tensor<f32>, %b: tensor<0xf32>, %c: tensor<1x0x4xf32>, %d: tensor<1x1xf32>) -> (tensor<f32>, tensor<0xf32>, tensor<1x0x4xf32>, tensor<1x0x4xf32>) {
  %e = tensor.empty() : tensor<f32>
  %0 = linalg.exp ins(%a : tensor<f32>) outs(%e : tensor<f32>) -> tensor<f32>
  %e1 = tensor.empty() : tensor<0xf32>
  %1 = linalg.exp ins(%b : tensor<0xf32>) outs(%e1 : tensor<0xf32>) -> tensor<0xf32>
  %e2 = tensor.empty() : tensor<1x0x4xf32>
  %2 = linalg.exp ins(%c : tensor<1x0x4xf32>) outs(%e2 : tensor<1x0x4xf32>) -> tensor<1x0x4xf32>
  %3 = tensor.collapse_shape %d [] : tensor<1x1xf32> into tensor<f32>
  %4 = linalg.add ins(%0, %3 : tensor<f32>, tensor<f32>) outs(%e : tensor<f32>) -> tensor<f32>
  %5 = tensor.from_elements : tensor<0xf32>
  %6 = tensor.concat dim(0) %1, %5 : (tensor<0xf32>, tensor<0xf32>) -> tensor<0xf32>
  %z = arith.constant 0.0 : f32
  %7 = tensor.pad %2 low[0, 0, 0] high[0, 0, 0] {
  ^bb0(%i: index, %j: index, %k: index):
    tensor.yield %z : f32
  } : tensor<1x0x4xf32> to tensor<1x0x4xf32>
  return %4, %6, %2, %7 : tensor<f32>, tensor<0xf32>, tensor<1x0x4xf32>, tensor<1x0x4xf32>
}

// -----

// No rank, and sizes that are not known.
func.func @unranked(%u: tensor<*xf32>, %d: tensor<?x?xf32>, %s: tensor<?xindex>, %i: index) -> (tensor<*xf32>, tensor<?x?xf32>, tensor<?xf32>, index) {
  %0 = tensor.cast %d : tensor<?x?xf32> to tensor<*xf32>
  %1 = tensor.cast %u : tensor<*xf32> to tensor<?x?xf32>
  %c0 = arith.constant 0 : index
  %n = tensor.dim %d, %c0 : tensor<?x?xf32>
  %r = tensor.rank %u : tensor<*xf32>
  %e = tensor.empty(%n, %n) : tensor<?x?xf32>
  %2 = linalg.add ins(%1, %d : tensor<?x?xf32>, tensor<?x?xf32>) outs(%e : tensor<?x?xf32>) -> tensor<?x?xf32>
  %3 = tensor.reshape %2(%s) : (tensor<?x?xf32>, tensor<?xindex>) -> tensor<*xf32>
  %4 = tensor.cast %3 : tensor<*xf32> to tensor<?xf32>
  %5 = tensor.extract_slice %2[%i, 0] [1, %n] [1, %i] : tensor<?x?xf32> to tensor<?xf32>
  %6 = tensor.concat dim(0) %4, %5 : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  %z = arith.constant 0.0 : f32
  %7 = tensor.pad %6 low[%i] high[%c0] {
  ^bb0(%k: index):
    tensor.yield %z : f32
  } : tensor<?xf32> to tensor<?xf32>
  return %0, %2, %7, %r : tensor<*xf32>, tensor<?x?xf32>, tensor<?xf32>, index
}

// -----

func.func @dynamic_buffers(%a: memref<?x?xf32, strided<[?, ?], offset: ?>>, %u: memref<*xf32>) {
  %0 = memref.cast %a : memref<?x?xf32, strided<[?, ?], offset: ?>> to memref<*xf32>
  %1 = memref.cast %u : memref<*xf32> to memref<?x?xf32>
  memref.copy %1, %a : memref<?x?xf32> to memref<?x?xf32, strided<[?, ?], offset: ?>>
  return
}

// -----

// Elements of other kinds.
func.func @elements(%v: tensor<4xvector<4xf32>>, %i: tensor<4xindex>, %c: tensor<4xcomplex<f32>>, %b: tensor<4xi1>, %n: tensor<4xi4>) -> (tensor<4xvector<4xf32>>, tensor<4xi64>, tensor<6xcomplex<f32>>, tensor<4xi1>, tensor<2x2xi4>) {
  %c0 = arith.constant 0 : index
  %0 = tensor.extract %v[%c0] : tensor<4xvector<4xf32>>
  %1 = tensor.insert %0 into %v[%c0] : tensor<4xvector<4xf32>>
  %2 = arith.index_cast %i : tensor<4xindex> to tensor<4xi64>
  %z = tensor.extract %c[%c0] : tensor<4xcomplex<f32>>
  %3 = tensor.pad %c low[1] high[1] {
  ^bb0(%k: index):
    tensor.yield %z : complex<f32>
  } : tensor<4xcomplex<f32>> to tensor<6xcomplex<f32>>
  %e = tensor.empty() : tensor<4xi1>
  %4 = linalg.add ins(%b, %b : tensor<4xi1>, tensor<4xi1>) outs(%e : tensor<4xi1>) -> tensor<4xi1>
  %5 = tensor.expand_shape %n [[0, 1]] output_shape [2, 2] : tensor<4xi4> into tensor<2x2xi4>
  %6 = tensor.pad %v low[1] high[1] {
  ^bb0(%k: index):
    tensor.yield %0 : vector<4xf32>
  } : tensor<4xvector<4xf32>> to tensor<6xvector<4xf32>>
  %7 = tensor.from_elements %0, %0 : tensor<2xvector<4xf32>>
  %8 = tensor.generate {
  ^bb0(%k: index):
    tensor.yield %0 : vector<4xf32>
  } : tensor<4xvector<4xf32>>
  return %1, %2, %3, %4, %5 : tensor<4xvector<4xf32>>, tensor<4xi64>, tensor<6xcomplex<f32>>, tensor<4xi1>, tensor<2x2xi4>
}

// -----

// Element types and encodings of dialects that are not registered.
func.func @foreign_types(%a: tensor<4x!other.number>, %b: tensor<4xf32, #other.layout>, %c: tensor<4xf32, "text">) -> (tensor<4x!other.number>, tensor<4xf32, #other.layout>) {
  %0 = "other.op"(%a) : (tensor<4x!other.number>) -> tensor<4x!other.number>
  %1 = "other.op"(%b) : (tensor<4xf32, #other.layout>) -> tensor<4xf32, #other.layout>
  %2 = tensor.cast %c : tensor<4xf32, "text"> to tensor<4xf32>
  return %0, %1 : tensor<4x!other.number>, tensor<4xf32, #other.layout>
}

// -----

// Amounts of a pad that are constants given as values.
func.func @pad_constant_amounts(%a: tensor<4xf32>, %b: tensor<?x3xf32>, %v: tensor<4xf32>) -> (tensor<?xf32>, tensor<?x5xf32>, tensor<?xf32>) {
  %k = arith.constant 2.0 : f32
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %0 = tensor.pad %a low[%c0] high[%c0] {
  ^bb0(%i: index):
    tensor.yield %k : f32
  } : tensor<4xf32> to tensor<?xf32>
  %1 = tensor.pad %b low[%c2, 0] high[%c0, 2] {
  ^bb0(%i: index, %j: index):
    %x = tensor.extract %v[%i] : tensor<4xf32>
    tensor.yield %x : f32
  } : tensor<?x3xf32> to tensor<?x5xf32>
  %2 = tensor.generate %c2 {
  ^bb0(%i: index):
    tensor.yield %k : f32
  } : tensor<?xf32>
  %3 = tensor.concat dim(0) %0, %2 : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  return %0, %1, %3 : tensor<?xf32>, tensor<?x5xf32>, tensor<?xf32>
}

// -----

// Several blocks: in a function, in a region, with a loop.
func.func @blocks(%a: tensor<8xf32>, %c: i1) -> tensor<8xf32> {
  cf.cond_br %c, ^bb1(%a : tensor<8xf32>), ^bb2(%a : tensor<8xf32>)
^bb1(%x: tensor<8xf32>):
  %e = tensor.empty() : tensor<8xf32>
  %s = linalg.add ins(%x, %a : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  cf.cond_br %c, ^bb1(%s : tensor<8xf32>), ^bb2(%s : tensor<8xf32>)
^bb2(%y: tensor<8xf32>):
  return %y : tensor<8xf32>
}
func.func @execute_region(%a: tensor<8xf32>, %c: i1) -> tensor<8xf32> {
  %0 = scf.execute_region -> tensor<8xf32> {
    cf.cond_br %c, ^bb1, ^bb2
  ^bb1:
    %e = tensor.empty() : tensor<8xf32>
    %s = linalg.add ins(%a, %a : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
    scf.yield %s : tensor<8xf32>
  ^bb2:
    scf.yield %a : tensor<8xf32>
  }
  return %0 : tensor<8xf32>
}

// -----

// No return.
func.func @unreachable(%a: tensor<8xf32>) -> tensor<8xf32> {
  %e = tensor.empty() : tensor<8xf32>
  %s = linalg.add ins(%a, %a : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  "other.unreachable"() : () -> ()
}

// -----

// Terminators, branches and loops of others around tensors.
func.func @loops(%a: tensor<8xf32>, %c: i1, %n: index) -> (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.if %c {
  }
  %0 = scf.while (%x = %a) : (tensor<8xf32>) -> tensor<8xf32> {
    %go = "other.test"(%x) : (tensor<8xf32>) -> i1
    scf.condition(%go) %x : tensor<8xf32>
  } do {
  ^bb0(%x: tensor<8xf32>):
    %y = "other.step"(%x) : (tensor<8xf32>) -> tensor<8xf32>
    scf.yield %y : tensor<8xf32>
  }
  %1 = scf.index_switch %n -> tensor<8xf32>
  case 1 {
    scf.yield %0 : tensor<8xf32>
  }
  default {
    scf.yield %a : tensor<8xf32>
  }
  %2 = scf.forall (%i) in (%n) shared_outs(%o = %1) -> (tensor<8xf32>) {
    scf.forall.in_parallel {
    }
  }
  %3 = affine.for %i = 0 to 4 iter_args(%x = %2) -> tensor<8xf32> {
    affine.yield %x : tensor<8xf32>
  }
  scf.parallel (%i) = (%c0) to (%n) step (%c1) {
    %v = tensor.extract %3[%i] : tensor<8xf32>
    "other.use"(%v) : (f32) -> ()
    scf.reduce
  }
  %4 = scf.for %i = %c0 to %n step %c1 iter_args(%x = %3) -> tensor<8xf32> {
    %y = "other.step"(%x) : (tensor<8xf32>) -> tensor<8xf32>
    scf.yield %y : tensor<8xf32>
  }
  return %3, %4, %1 : tensor<8xf32>, tensor<8xf32>, tensor<8xf32>
}

// -----

// Tensors that calls hand on, themselves among them.
func.func @recursive(%a: tensor<8xf32>, %c: i1) -> tensor<8xf32> {
  %0 = scf.if %c -> tensor<8xf32> {
    %1 = func.call @recursive(%a, %c) : (tensor<8xf32>, i1) -> tensor<8xf32>
    scf.yield %1 : tensor<8xf32>
  } else {
    scf.yield %a : tensor<8xf32>
  }
  return %0 : tensor<8xf32>
}
func.func @indirect(%f: (tensor<8xf32>) -> tensor<8xf32>, %a: tensor<8xf32>) -> tensor<8xf32> {
  %0 = func.call_indirect %f(%a) : (tensor<8xf32>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// -----

// Elements of unknown size on buffers.
func.func @foreign_elements(%a: memref<4xmemref<2xf32>>, %b: memref<4xmemref<2xf32>>, %v: memref<2xmemref<4xf32>>, %i: index) {
  memref.copy %a, %b : memref<4xmemref<2xf32>> to memref<4xmemref<2xf32>>
  %0 = memref.alloc() : memref<2xvector<[4]xf32>>
  %1 = memref.load %v[%i] : memref<2xmemref<4xf32>>
  %2 = memref.load %a[%i] : memref<4xmemref<2xf32>>
  memref.store %2, %b[%i] : memref<4xmemref<2xf32>>
  memref.copy %1, %1 : memref<4xf32> to memref<4xf32>
  return
}

// -----

// Copies and storage that are there already, in places where no pass puts them.
func.func @placed(%a: tensor<8xf32>, %c: i1) -> tensor<8xf32> {
  %0 = mempl.alloc <fast> at 0 bytes 32 : tensor<8xf32>
  %1 = mempl.copy_start prefetch %a to %0 : tensor<8xf32>
  %3 = mempl.copy_wait %1 : tensor<8xf32>
  %2 = "other.blocks"(%3) ({
    "other.use"(%3) : (tensor<8xf32>) -> ()
    "other.yield"(%3) : (tensor<8xf32>) -> ()
  }) : (tensor<8xf32>) -> tensor<8xf32>
  return %2 : tensor<8xf32>
}
func.func @on_buffers(%a: memref<8xf32>) {
  %0 = mempl.alloc <fast> at 0 bytes 32 : memref<8xf32, #mempl.space<fast>>
  %1 = mempl.copy_start prefetch %a to %0 : memref<8xf32> to memref<8xf32, #mempl.space<fast>>
  mempl.copy_wait %1, %a to %0 : memref<8xf32> to memref<8xf32, #mempl.space<fast>>
  "other.use"(%0) ({
    "other.use"(%0) : (memref<8xf32, #mempl.space<fast>>) -> ()
  }) : (memref<8xf32, #mempl.space<fast>>) -> ()
  mempl.release %0 : memref<8xf32, #mempl.space<fast>>
  return
}

// -----

// Copies and storage inside of an op that nobody knows.
func.func @placed_inside(%a: memref<8xf32>) {
  "other.region"() ({
    %0 = mempl.alloc <fast> at 0 bytes 32 : memref<8xf32, #mempl.space<fast>>
    mempl.transfer %a to %0 : memref<8xf32> to memref<8xf32, #mempl.space<fast>>
    linalg.exp ins(%0 : memref<8xf32, #mempl.space<fast>>) outs(%a : memref<8xf32>)
    mempl.release %0 : memref<8xf32, #mempl.space<fast>>
  }) : () -> ()
  return
}

// -----

// Insertions in parallel that stay so, inside of a loop.
func.func @inserted_in_parallel(%a: tensor<4x8xf32>, %b: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %c4 = arith.constant 4 : index
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %0 = scf.for %i = %c0 to %c4 step %c1 iter_args(%c = %b) -> (tensor<4x8xf32>) {
    %e = tensor.empty() : tensor<4x8xf32>
    %1 = linalg.exp ins(%a : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
    %2 = scf.forall (%j) in (4) shared_outs(%d = %c) -> (tensor<4x8xf32>) {
      %row = tensor.extract_slice %1[%j, 0] [1, 8] [1, 1] : tensor<4x8xf32> to tensor<8xf32>
      scf.forall.in_parallel {
        tensor.parallel_insert_slice %row into %d[%j, 0] [1, 8] [1, 1] : tensor<8xf32> into tensor<4x8xf32>
      }
    } {mapping = [#gpu.block<x>]}
    scf.yield %2 : tensor<4x8xf32>
  }
  return %0 : tensor<4x8xf32>
}

// -----

// A loop whose bound is an argument of the body of a pad.
func.func @loop_in_pad(%a: tensor<4xf32>, %b: tensor<8xf32>) -> tensor<?xf32> {
  %k = arith.constant 2.0 : f32
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %0 = tensor.pad %a low[%c2] high[%c0] {
  ^bb0(%i: index):
    %1 = scf.for %j = %c0 to %i step %c1 iter_args(%x = %k) -> (f32) {
      %y = tensor.extract %b[%i] : tensor<8xf32>
      scf.yield %y : f32
    }
    tensor.yield %1 : f32
  } : tensor<4xf32> to tensor<?xf32>
  return %0 : tensor<?xf32>
}

// -----

// A pad to another element type, in a block of its own.
func.func @pad_of_another_type(%a: tensor<4x4xf64>) -> tensor<6x6xf32> {
  cf.br ^next
^next:
  %k = arith.constant 0.0 : f32
  %0 = tensor.pad %a low[1, 1] high[1, 1] {
  ^bb0(%i: index, %j: index):
    tensor.yield %k : f32
  } : tensor<4x4xf64> to tensor<6x6xf32>
  return %0 : tensor<6x6xf32>
}

// -----

// A piece that is made beside what it is inserted into.
func.func @piece_of_its_own_region(%a: tensor<16xf32>) -> tensor<32xf32> {
  %0:2 = scf.execute_region -> (tensor<16xf32>, tensor<32xf32>) {
    %e = tensor.empty() : tensor<16xf32>
    %1 = linalg.log ins(%a : tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
    %2 = tensor.empty() : tensor<32xf32>
    %3 = tensor.insert_slice %a into %2[0] [16] [1] : tensor<16xf32> into tensor<32xf32>
    scf.yield %1, %3 : tensor<16xf32>, tensor<32xf32>
  }
  %4 = tensor.insert_slice %0#0 into %0#1[16] [16] [1] : tensor<16xf32> into tensor<32xf32>
  return %4 : tensor<32xf32>
}

// -----

// A step that is the largest number, without a sign.
func.func @largest_step(%n: i32, %a: tensor<128x16xf32>, %b: tensor<2x16xf32>) -> tensor<2x16xf32> {
  %c0 = arith.constant 0 : i32
  %c-1 = arith.constant -1 : i32
  %0 = scf.for unsigned %i = %c0 to %n step %c-1 iter_args(%c = %b) -> (tensor<2x16xf32>) : i32 {
    %j = arith.index_cast %i : i32 to index
    %s = tensor.extract_slice %a[%j, 0] [2, 16] [1, 1] : tensor<128x16xf32> to tensor<2x16xf32>
    %t = tensor.extract_slice %c[%j, 0] [2, 16] [1, 1] : tensor<2x16xf32> to tensor<2x16xf32>
    %1 = linalg.exp ins(%s : tensor<2x16xf32>) outs(%t : tensor<2x16xf32>) -> tensor<2x16xf32>
    %2 = linalg.add ins(%1, %s : tensor<2x16xf32>, tensor<2x16xf32>) outs(%1 : tensor<2x16xf32>) -> tensor<2x16xf32>
    %r = tensor.insert_slice %2 into %c[%j, 0] [2, 16] [1, 1] : tensor<2x16xf32> into tensor<2x16xf32>
    scf.yield %r : tensor<2x16xf32>
  }
  return %0 : tensor<2x16xf32>
}

// -----

// A declaration that has the name of a function of libm and another type.
func.func private @powf(tensor<4xf32>) -> tensor<4xf32>
func.func @another_powf(%a: tensor<4xf32>) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  %r = linalg.powf ins(%a, %a : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}

// -----

// Nothing is copied.
gpu.module @kernels {
  gpu.func @no_elements(%a: memref<0xf32>) kernel {
    %0 = mempl.alloc <shared> at 0 bytes 64 : memref<0xf32, #mempl.space<shared>>
    mempl.transfer %a to %0 : memref<0xf32> to memref<0xf32, #mempl.space<shared>>
    mempl.release %0 : memref<0xf32, #mempl.space<shared>>
    gpu.return
  }
}
