// RUN: mempl-opt --convert-mempl-spaces="map=vmem=1,hbm=2" %s | FileCheck %s --check-prefix=NUMBERS
// RUN: mempl-opt --convert-mempl-spaces="map=vmem=#gpu.address_space<workgroup>,*=none" %s | FileCheck %s --check-prefix=GPU
// RUN: mempl-opt --convert-mempl-spaces="map=*=none" %s | FileCheck %s --check-prefix=NONE

// NUMBERS: memref.global "private" @arena : memref<64xi8, 1>
// GPU: memref.global "private" @arena : memref<64xi8, #gpu.address_space<workgroup>>
// NONE: memref.global "private" @arena : memref<64xi8> =
memref.global "private" @arena : memref<64xi8, #mempl.space<vmem>> = uninitialized

// In signatures, in layouts' company, in types of types, in results and in
// arguments of blocks.
// NUMBERS-LABEL: func.func @types(%{{.*}}: memref<4xf32, strided<[2], offset: ?>, 1>, %{{.*}}: memref<*xf32, 2>
// NUMBERS-SAME:    (memref<4xf32, 1>) -> ()
// GPU-LABEL: func.func @types(%{{.*}}: memref<4xf32, strided<[2], offset: ?>, #gpu.address_space<workgroup>>, %{{.*}}: memref<*xf32>
// NONE-LABEL: func.func @types(%{{.*}}: memref<4xf32, strided<[2], offset: ?>>, %{{.*}}: memref<*xf32>
func.func @types(%a: memref<4xf32, strided<[2], offset: ?>, #mempl.space<vmem>>,
                 %b: memref<*xf32, #mempl.space<hbm>>, %f: (memref<4xf32, #mempl.space<vmem>>) -> ()) {
  // NUMBERS: memref.get_global @arena : memref<64xi8, 1>
  %0 = memref.get_global @arena : memref<64xi8, #mempl.space<vmem>>
  // NUMBERS: cf.br ^bb1(%{{.*}} : memref<64xi8, 1>)
  cf.br ^next(%0 : memref<64xi8, #mempl.space<vmem>>)
^next(%1: memref<64xi8, #mempl.space<vmem>>):
  return
}

// RUN: mempl-opt --convert-mempl-spaces="map=*=none others=none" %s | FileCheck %s --check-prefix=OTHERS

// OTHERS-LABEL: func.func @others(
// OTHERS-SAME: %[[M:.*]]: memref<4xf32>)
// OTHERS-NEXT: return %[[M]]
func.func @others(%m: memref<4xf32, 1>) -> memref<4xf32> {
  %n = memref.memory_space_cast %m : memref<4xf32, 1> to memref<4xf32>
  return %n : memref<4xf32>
}
