// REQUIRES: runner
// Programs that free buffers of their own: each is freed once, and so are those
// that bufferization adds.
// RUN: mempl-opt --split-input-file --mempl-mark-deallocations %s | FileCheck %s --check-prefix=MARKED
// RUN: split-file %s %t
// RUN: mempl-opt --mempl-lower-to-cpu %t/buffers.mlir -o %t/buffers.llvm
// RUN: %count_buffers %t/buffers.llvm | FileCheck %s --check-prefix=BUFFERS
// RUN: mempl-opt --mempl-lower-to-cpu %t/tensors.mlir -o %t/tensors.llvm
// RUN: %count_buffers %t/tensors.llvm | FileCheck %s --check-prefix=TENSORS
// RUN: mempl-opt --mempl-lower-to-cpu %t/realloc.mlir -o %t/realloc.llvm
// RUN: %count_buffers %t/realloc.llvm | FileCheck %s --check-prefix=REALLOC
// RUN: mempl-opt --mempl-lower-to-cpu %t/blocks.mlir -o %t/blocks.llvm
// RUN: %count_buffers %t/blocks.llvm | FileCheck %s --check-prefix=BLOCKS
// RUN: mempl-opt --mempl-lower-to-cpu %t/results.mlir -o %t/results.llvm
// RUN: %count_buffers %t/results.llvm | FileCheck %s --check-prefix=RESULTS
// RUN: mempl-opt --mempl-lower-to-cpu %t/spaces.mlir -o %t/spaces.llvm
// RUN: %count_buffers %t/spaces.llvm | FileCheck %s --check-prefix=SPACES
// RUN: mempl-opt --mempl-lower-to-cpu %t/placed.mlir -o %t/placed.llvm
// RUN: %count_buffers %t/placed.llvm | FileCheck %s --check-prefix=PLACED

//--- buffers.mlir
// Buffers that are made here and freed there.
// MARKED-LABEL: func.func private @make
// MARKED-NOT: mempl.frees_its_buffers
func.func private @make(%value: f32) -> memref<4xf32> {
  %m = memref.alloc() : memref<4xf32>
  linalg.fill ins(%value : f32) outs(%m : memref<4xf32>)
  return %m : memref<4xf32>
}

// MARKED-LABEL: func.func private @consume
// MARKED-SAME: mempl.frees_its_buffers
func.func private @consume(%m: memref<4xf32>) -> f32 {
  %c1 = arith.constant 1 : index
  %v = memref.load %m[%c1] : memref<4xf32>
  memref.dealloc %m : memref<4xf32>
  return %v : f32
}

// MARKED-LABEL: func.func private @through
// MARKED-SAME: mempl.frees_its_buffers
func.func private @through(%value: f32) -> f32 {
  %m = memref.alloc() : memref<4xf32>
  linalg.fill ins(%value : f32) outs(%m : memref<4xf32>)
  %v = func.call @consume(%m) : (memref<4xf32>) -> f32
  return %v : f32
}

// BUFFERS: 3
// BUFFERS: 5
// BUFFERS: buffers: 4, not freed: 0
func.func @main() {
  %c0 = arith.constant 0 : index
  %three = arith.constant 3.0 : f32
  %five = arith.constant 5.0 : f32
  %plain = memref.alloc() : memref<4xf32>
  %made = func.call @make(%three) : (f32) -> memref<4xf32>
  memref.copy %made, %plain : memref<4xf32> to memref<4xf32>
  %again = func.call @make(%three) : (f32) -> memref<4xf32>
  %v = func.call @consume(%again) : (memref<4xf32>) -> f32
  vector.print %v : f32
  %w = func.call @through(%five) : (f32) -> f32
  vector.print %w : f32
  memref.dealloc %made : memref<4xf32>
  memref.dealloc %plain : memref<4xf32>
  return
}

//--- tensors.mlir
// -----
// With tensors: all is freed, when nobody needs it any more.
// MARKED-LABEL: func.func @tensors
// MARKED-NOT: memref.dealloc
// MARKED: return
func.func @tensors(%value: f32) -> tensor<4xf32> {
  %m = memref.alloc() : memref<4xf32>
  linalg.fill ins(%value : f32) outs(%m : memref<4xf32>)
  %t = bufferization.to_tensor %m restrict writable : memref<4xf32> to tensor<4xf32>
  %e = tensor.empty() : tensor<4xf32>
  %s = linalg.add ins(%t, %t : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  memref.dealloc %m : memref<4xf32>
  return %s : tensor<4xf32>
}

// The caller's buffer is freed here, and that stays.
// MARKED-LABEL: func.func @argument
// MARKED: call @mempl_free_argument
func.func @argument(%m: memref<4xf32>, %t: tensor<4xf32>) -> f32 {
  %c2 = arith.constant 2 : index
  %a = memref.load %m[%c2] : memref<4xf32>
  %b = tensor.extract %t[%c2] : tensor<4xf32>
  %s = arith.addf %a, %b : f32
  memref.dealloc %m : memref<4xf32>
  return %s : f32
}

// MARKED: func.func private @mempl_free_argument{{.*}} attributes {mempl.frees_its_buffers}
// MARKED: memref.dealloc

func.func private @give(%value: f32, %t: memref<4xf32>) -> f32 {
  %m = memref.alloc() : memref<4xf32>
  linalg.fill ins(%value : f32) outs(%m : memref<4xf32>)
  %t2 = memref.alloc() : memref<4xf32>
  linalg.fill ins(%value : f32) outs(%t2 : memref<4xf32>)
  %s = func.call @sum(%m, %t2) : (memref<4xf32>, memref<4xf32>) -> f32
  memref.dealloc %t2 : memref<4xf32>
  return %s : f32
}

func.func private @sum(%m: memref<4xf32>, %b: memref<4xf32>) -> f32 {
  %t = bufferization.to_tensor %b restrict : memref<4xf32> to tensor<4xf32>
  %s = func.call @argument(%m, %t) : (memref<4xf32>, tensor<4xf32>) -> f32
  return %s : f32
}

// TENSORS: 6
// TENSORS: 4
// TENSORS: not freed: 0
func.func @main() {
  %c0 = arith.constant 0 : index
  %two = arith.constant 2.0 : f32
  %three = arith.constant 3.0 : f32
  %t = func.call @tensors(%three) : (f32) -> tensor<4xf32>
  %v = tensor.extract %t[%c0] : tensor<4xf32>
  vector.print %v : f32
  %m = memref.alloc() : memref<4xf32>
  %w = func.call @give(%two, %m) : (f32, memref<4xf32>) -> f32
  vector.print %w : f32
  memref.dealloc %m : memref<4xf32>
  return
}

//--- realloc.mlir
// -----
// REALLOC: 7
// REALLOC-NEXT: 7
// REALLOC-NEXT: 7
// REALLOC: buffers: 2, not freed: 0
func.func @main() {
  %c0 = arith.constant 0 : index
  %seven = arith.constant 7.0 : f32
  %m = memref.alloc() : memref<4xf32>
  memref.store %seven, %m[%c0] : memref<4xf32>
  %n = memref.realloc %m : memref<4xf32> to memref<16xf32>
  %v = memref.load %n[%c0] : memref<16xf32>
  vector.print %v : f32
  // Smaller, and as large as before.
  %p = memref.realloc %n : memref<16xf32> to memref<2xf32>
  %w = memref.load %p[%c0] : memref<2xf32>
  vector.print %w : f32
  %q = memref.realloc %p : memref<2xf32> to memref<2xf32>
  %x = memref.load %q[%c0] : memref<2xf32>
  vector.print %x : f32
  memref.dealloc %q : memref<2xf32>
  return
}

//--- blocks.mlir
// -----
// A loop of blocks with a new buffer in each trip: upstream's deallocation
// knows structured loops only.
// BLOCKS: 8
// BLOCKS: not freed: 0
func.func private @powers(%n: index) -> memref<1xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %one = arith.constant 1.0 : f32
  %m = memref.alloc() : memref<1xf32>
  memref.store %one, %m[%c0] : memref<1xf32>
  cf.br ^loop(%c0, %m : index, memref<1xf32>)
^loop(%i: index, %b: memref<1xf32>):
  %more = arith.cmpi slt, %i, %n : index
  cf.cond_br %more, ^body, ^end
^body:
  %next = memref.alloc() : memref<1xf32>
  %v = memref.load %b[%c0] : memref<1xf32>
  %w = arith.addf %v, %v : f32
  memref.store %w, %next[%c0] : memref<1xf32>
  %j = arith.addi %i, %c1 : index
  cf.br ^loop(%j, %next : index, memref<1xf32>)
^end:
  return %b : memref<1xf32>
}

func.func @main() {
  %c0 = arith.constant 0 : index
  %c3 = arith.constant 3 : index
  %m = func.call @powers(%c3) : (index) -> memref<1xf32>
  %v = memref.load %m[%c0] : memref<1xf32>
  vector.print %v : f32
  return
}

//--- results.mlir
// -----
// What ops with regions and calls return is used in other blocks: upstream's
// deallocation puts other ops in their place and forgets the uses.
// RESULTS: 2
// RESULTS: 6
// RESULTS: not freed: 0
func.func private @make(%value: f32) -> memref<1xf32> {
  %m = memref.alloc() : memref<1xf32>
  linalg.fill ins(%value : f32) outs(%m : memref<1xf32>)
  return %m : memref<1xf32>
}

func.func private @choose(%which: i1) {
  %c0 = arith.constant 0 : index
  %one = arith.constant 1.0 : f32
  %three = arith.constant 3.0 : f32
  %called = func.call @make(%three) : (f32) -> memref<1xf32>
  %chosen = scf.if %which -> (memref<1xf32>) {
    %m = func.call @make(%one) : (f32) -> memref<1xf32>
    scf.yield %m : memref<1xf32>
  } else {
    scf.yield %called : memref<1xf32>
  }
  cf.cond_br %which, ^low, ^high
^low:
  %v = memref.load %chosen[%c0] : memref<1xf32>
  %twice = arith.addf %v, %v : f32
  vector.print %twice : f32
  cf.br ^end
^high:
  %v2 = memref.load %chosen[%c0] : memref<1xf32>
  %w2 = memref.load %called[%c0] : memref<1xf32>
  %sum = arith.addf %v2, %w2 : f32
  vector.print %sum : f32
  cf.br ^end
^end:
  return
}

func.func @main() {
  %true = arith.constant true
  %false = arith.constant false
  func.call @choose(%true) : (i1) -> ()
  func.call @choose(%false) : (i1) -> ()
  return
}

//--- spaces.mlir
// -----
// Memory spaces of other dialects are ordinary memory, and programs for the
// transform-interpreter do not run.
// SPACES: 9
// SPACES: not freed: 0
module @library attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%module: !transform.any_op) {
    transform.yield
  }
}

func.func @main() {
  %c0 = arith.constant 0 : index
  %nine = arith.constant 9.0 : f32
  %m = memref.alloc() : memref<4xf32, 1>
  linalg.fill ins(%nine : f32) outs(%m : memref<4xf32, 1>)
  %v = memref.load %m[%c0] : memref<4xf32, 1>
  vector.print %v : f32
  return
}

//--- placed.mlir
// -----
// Marks are for functions of programs with ops of mempl as well.
// PLACED: 7
// PLACED: not freed: 0
// MARKED-LABEL: func.func private @consume_it
// MARKED-SAME: mempl.frees_its_buffers
func.func private @consume_it(%m: memref<4xf32>) -> f32 {
  %c0 = arith.constant 0 : index
  %v = memref.load %m[%c0] : memref<4xf32>
  memref.dealloc %m : memref<4xf32>
  return %v : f32
}

func.func @main() {
  %seven = arith.constant 7.0 : f32
  %m = memref.alloc() : memref<4xf32>
  %fast = mempl.alloc <fast> at 0 bytes 16 : memref<4xf32, #mempl.space<fast>>
  linalg.fill ins(%seven : f32) outs(%fast : memref<4xf32, #mempl.space<fast>>)
  %t = mempl.copy_start %fast to %m : memref<4xf32, #mempl.space<fast>> to memref<4xf32>
  mempl.copy_wait %t, %fast to %m : memref<4xf32, #mempl.space<fast>> to memref<4xf32>
  mempl.release %fast : memref<4xf32, #mempl.space<fast>>
  %v = func.call @consume_it(%m) : (memref<4xf32>) -> f32
  vector.print %v : f32
  return
}
