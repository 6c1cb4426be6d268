// RUN: mempl-opt --mempl-instrument-steps="functions=net" --canonicalize %s | FileCheck %s
// RUN: not mempl-opt --mempl-instrument-steps="functions=none" %s 2>&1 | FileCheck %s --check-prefix=MISSING

// MISSING: error: option 'functions': there is no function 'none'

// CHECK-DAG: @[[FILL:mempl_string_[0-9]+]]("linalg.fill\00")
// CHECK-DAG: @[[WHERE:mempl_string_[0-9]+]]("clear\00")

#row = affine_map<(i) -> (i)>

// CHECK-LABEL: func.func @net
func.func @net(%a: memref<8xf32>, %table: memref<100xf32>, %index: memref<8xindex>, %n: index) {
  %zero = arith.constant 0.0 : f32
  // CHECK-DAG: %[[WRITE:.*]] = llvm.mlir.constant(2 : i32) : i32
  // CHECK-DAG: %[[READ:.*]] = llvm.mlir.constant(1 : i32) : i32
  // CHECK-DAG: %[[ROW:.*]] = arith.constant 32 : i64
  // CHECK-DAG: %[[INDICES:.*]] = arith.constant 64 : i64
  // CHECK-DAG: %[[TABLE:.*]] = arith.constant 400 : i64
  // CHECK: llvm.call @mempl_function_begin
  // CHECK: llvm.call @mempl_step_access(%{{.*}}, %[[ROW]], %[[ROW]], %[[WRITE]])
  // CHECK: llvm.call @mempl_step_begin(
  // CHECK-NEXT: linalg.fill
  // CHECK-NEXT: llvm.call @mempl_step_end()
  linalg.fill ins(%zero : f32) outs(%a : memref<8xf32>) loc("clear")
  // A gather moves an element per iteration, but may access all of the table.
  // CHECK: llvm.call @mempl_step_access(%{{.*}}, %[[INDICES]], %[[INDICES]], %[[READ]])
  // CHECK: llvm.call @mempl_step_access(%{{.*}}, %[[ROW]], %[[ROW]], %[[WRITE]])
  // CHECK: llvm.call @mempl_step_access(%{{.*}}, %[[TABLE]], %[[ROW]], %[[READ]])
  // CHECK: llvm.call @mempl_step_begin(
  // CHECK-NEXT: linalg.generic
  linalg.generic {indexing_maps = [#row, #row], iterator_types = ["parallel"]}
      ins(%index : memref<8xindex>) outs(%a : memref<8xf32>) {
  ^bb0(%i: index, %o: f32):
    // CHECK-NOT: step
    // CHECK: memref.load
    %v = memref.load %table[%i] : memref<100xf32>
    linalg.yield %v : f32
  }
  // In place: read once and written once.
  // CHECK: llvm.call @mempl_step_access(%{{.*}}, %[[ROW]], %[[ROW]], %[[READ]])
  // CHECK: llvm.call @mempl_step_access(%{{.*}}, %[[ROW]], %[[ROW]], %[[WRITE]])
  // CHECK: linalg.exp
  linalg.exp ins(%a : memref<8xf32>) outs(%a : memref<8xf32>)
  // CHECK: scf.for
  // CHECK: llvm.call @mempl_step_begin(
  // CHECK-NEXT: memref.copy
  // CHECK-NEXT: llvm.call @mempl_step_end()
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    %view = memref.subview %table[%i] [8] [1] : memref<100xf32> to memref<8xf32, strided<[1], offset: ?>>
    memref.copy %a, %view : memref<8xf32> to memref<8xf32, strided<[1], offset: ?>>
  }
  // CHECK: llvm.call @mempl_function_end()
  // CHECK-NEXT: return
  return
}

// CHECK-LABEL: func.func @other
// CHECK-NOT: llvm.call
func.func @other(%a: memref<8xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%a : memref<8xf32>)
  return
}

// Columns are rows at a distance: the runtime is told of both.
// RUN: mempl-opt --mempl-instrument-steps --canonicalize %s | FileCheck %s --check-prefix=COLUMNS
// COLUMNS-LABEL: func.func @columns
// COLUMNS: %[[SHAPE:.*]] = llvm.alloca %{{.*}} x i64
// COLUMNS: llvm.call @mempl_step_access_strided(%{{.*}}, %{{.*}}, %{{.*}}, %[[SHAPE]], %{{.*}}, %{{.*}})
// COLUMNS: llvm.call @mempl_step_begin(
// COLUMNS-NEXT: linalg.fill
func.func @columns(%a: memref<4x8xf32, strided<[32, 1], offset: ?>>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%a : memref<4x8xf32, strided<[32, 1], offset: ?>>)
  return
}

// What a payload calls runs inside of a step.
// RUN: mempl-opt --mempl-instrument-steps %s | FileCheck %s --check-prefix=CALLED
// CALLED-LABEL: func.func private @set
// CALLED-NOT: llvm.call
// CALLED-LABEL: func.func @calls_in_a_payload
// CALLED: llvm.call @mempl_step_begin(
// CALLED-NEXT: linalg.generic
func.func private @set(%m: memref<f32>, %v: f32) {
  func.call @set_it(%m, %v) : (memref<f32>, f32) -> ()
  return
}
func.func private @set_it(%m: memref<f32>, %v: f32) {
  memref.store %v, %m[] : memref<f32>
  return
}
func.func @calls_in_a_payload(%m: memref<f32>, %e: memref<4xf32>, %v: f32) {
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>], iterator_types = ["parallel"]} outs(%e : memref<4xf32>) {
  ^bb0(%q: f32):
    func.call @set(%m, %v) : (memref<f32>, f32) -> ()
    linalg.yield %v : f32
  }
  return
}
