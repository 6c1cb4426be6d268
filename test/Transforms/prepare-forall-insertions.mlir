// RUN: mempl-opt %s --mempl-prepare | FileCheck %s

// Insertions are of the tensor that they name, in whatever order they stand and
// however many there are of each.
// CHECK-LABEL: func.func @forall_insertions(
// CHECK-SAME: %[[A:.*]]: tensor<16xf32>, %[[B:.*]]: tensor<16xf32>
// CHECK: %[[R:.*]]:2 = scf.for {{.*}} iter_args(%[[X:.*]] = %[[A]], %[[Y:.*]] = %[[B]])
// CHECK-DAG: %[[Z:.*]] = tensor.insert_slice %{{.*}} into %[[Y]]
// CHECK-DAG: %[[V:.*]] = tensor.insert_slice %{{.*}} into %[[Z]]
// CHECK-DAG: %[[W:.*]] = tensor.insert_slice %{{.*}} into %[[X]]
// CHECK: scf.yield %[[W]], %[[V]]
// CHECK: return %[[R]]#0, %[[R]]#1
func.func @forall_insertions(%a: tensor<16xf32>, %b: tensor<16xf32>, %v: tensor<1xf32>, %w: tensor<1xf32>) -> (tensor<16xf32>, tensor<16xf32>) {
  %r:2 = scf.forall (%i) in (15) shared_outs(%x = %a, %y = %b) -> (tensor<16xf32>, tensor<16xf32>) {
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %v into %y[%i] [1] [1] : tensor<1xf32> into tensor<16xf32>
      tensor.parallel_insert_slice %w into %y[15] [1] [1] : tensor<1xf32> into tensor<16xf32>
      tensor.parallel_insert_slice %w into %x[%i] [1] [1] : tensor<1xf32> into tensor<16xf32>
    }
  }
  return %r#0, %r#1 : tensor<16xf32>, tensor<16xf32>
}
