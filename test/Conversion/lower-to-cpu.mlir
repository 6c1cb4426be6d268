// REQUIRES: runner
// The example of the README, placed by hand, runs with its copy still on its
// way when the product could begin.
// RUN: mempl-opt --mempl-lower-to-cpu %s -o %t.mlir
// RUN: env MEMPL_RUNTIME_CHECK=1 MEMPL_RUNTIME_COPY_LATENCY=0.02 %run_main %t.mlir | FileCheck %s
// RUN: mempl-opt --pass-pipeline='builtin.module(mempl-lower-to-cpu{instrument=false})' %s -o %t.plain
// RUN: not grep mempl_step %t.plain
// RUN: %run_main %t.plain | FileCheck %s

// The same with fast memory as an array, and with tasks.
// RUN: mempl-opt --one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" \
// RUN:   --convert-mempl-to-memref=copies=sync --convert-mempl-spaces="map=*=none" --mempl-lower-to-cpu %s \
// RUN:   | %run_main | FileCheck %s

// CHECK: ( 4, 4, 4 )
func.func @net(%x: tensor<2x4xf32>, %w: tensor<4x3xf32>) -> tensor<2x3xf32> {
  %zero = arith.constant 0.0 : f32
  %0 = mempl.alloc <vmem> at 256 bytes 48 : tensor<4x3xf32>
  %1 = mempl.copy_start prefetch %w to %0 : tensor<4x3xf32>
  %2 = mempl.alloc <vmem> at 0 bytes 24 : tensor<2x3xf32>
  %3 = linalg.fill ins(%zero : f32) outs(%2 : tensor<2x3xf32>) -> tensor<2x3xf32>
  %4 = mempl.copy_wait %1 : tensor<4x3xf32>
  %5 = linalg.matmul ins(%x, %4 : tensor<2x4xf32>, tensor<4x3xf32>) outs(%3 : tensor<2x3xf32>) -> tensor<2x3xf32>
  mempl.release %4 : tensor<4x3xf32>
  %6 = bufferization.alloc_tensor() : tensor<2x3xf32>
  %7 = mempl.copy_start evict %5 to %6 : tensor<2x3xf32>
  %8 = mempl.copy_wait %7 : tensor<2x3xf32>
  return %8 : tensor<2x3xf32>
}

func.func @main() {
  %one = arith.constant 1.0 : f32
  %c1 = arith.constant 1 : index
  %c0 = arith.constant 0 : index
  %xe = tensor.empty() : tensor<2x4xf32>
  %x = linalg.fill ins(%one : f32) outs(%xe : tensor<2x4xf32>) -> tensor<2x4xf32>
  %we = tensor.empty() : tensor<4x3xf32>
  %w = linalg.fill ins(%one : f32) outs(%we : tensor<4x3xf32>) -> tensor<4x3xf32>
  %r = call @net(%x, %w) : (tensor<2x4xf32>, tensor<4x3xf32>) -> tensor<2x3xf32>
  %row = tensor.extract_slice %r[1, 0] [1, 3] [1, 1] : tensor<2x3xf32> to tensor<3xf32>
  %a = tensor.extract %row[%c0] : tensor<3xf32>
  %v = vector.transfer_read %row[%c0], %one {in_bounds = [true]} : tensor<3xf32>, vector<3xf32>
  vector.print %v : vector<3xf32>
  return
}
