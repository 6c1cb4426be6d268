// RUN: mempl-opt %s --convert-mempl-to-nvgpu --split-input-file --verify-diagnostics

gpu.module @m {
  gpu.func @evict(%x: memref<4xf32>) kernel {
    %a = mempl.alloc <shared> at 0 bytes 16 : memref<4xf32, #mempl.space<shared>>
    // expected-error@+1 {{can copy only into workgroup memory, from global memory}}
    mempl.transfer %a to %x : memref<4xf32, #mempl.space<shared>> to memref<4xf32>
    mempl.release %a : memref<4xf32, #mempl.space<shared>>
    gpu.return
  }
}

// -----

gpu.module @m {
  gpu.func @dynamic(%n: index) kernel {
    // expected-error@+1 {{cannot give a dynamic shape to a tile}}
    %a = mempl.alloc <shared> at 0 bytes 16 (%n) : memref<?xf32, #mempl.space<shared>>
    mempl.release %a : memref<?xf32, #mempl.space<shared>>
    gpu.return
  }
}

// -----

gpu.module @m {
  gpu.func @odd_bytes(%x: memref<3xi8>) kernel {
    %a = mempl.alloc <shared> at 0 bytes 3 : memref<3xi8, #mempl.space<shared>>
    // expected-error@+1 {{in aligned chunks of 4, 8 or 16 bytes}}
    mempl.transfer %x to %a : memref<3xi8> to memref<3xi8, #mempl.space<shared>>
    mempl.release %a : memref<3xi8, #mempl.space<shared>>
    gpu.return
  }
}

// -----

gpu.module @m {
  gpu.func @columns(%x: memref<4x4xf32, strided<[1, 4]>>) kernel {
    %a = mempl.alloc <shared> at 0 bytes 64 : memref<4x4xf32, #mempl.space<shared>>
    // expected-error@+1 {{expected rows of contiguous elements}}
    mempl.transfer %x to %a : memref<4x4xf32, strided<[1, 4]>> to memref<4x4xf32, #mempl.space<shared>>
    mempl.release %a : memref<4x4xf32, #mempl.space<shared>>
    gpu.return
  }
}

// -----

// The copy of nvgpu asks the stride of one element as well.
gpu.module @m {
  gpu.func @column_of_one(%x: memref<1x1xf32, strided<[1, 4]>>) kernel {
    %a = mempl.alloc <shared> at 0 bytes 16 : memref<1x1xf32, #mempl.space<shared>>
    // expected-error@+1 {{expected rows of contiguous elements}}
    mempl.transfer %x to %a : memref<1x1xf32, strided<[1, 4]>> to memref<1x1xf32, #mempl.space<shared>>
    mempl.release %a : memref<1x1xf32, #mempl.space<shared>>
    gpu.return
  }
}

// -----

gpu.module @m {
  gpu.func @too_much() kernel {
    // expected-error@+1 {{ends at byte 65536 of workgroup memory, of which a kernel has at most 49152}}
    %a = mempl.alloc <shared> at 32768 bytes 32768 : memref<8192xf32, #mempl.space<shared>>
    mempl.release %a : memref<8192xf32, #mempl.space<shared>>
    gpu.return
  }
}

// -----

gpu.module @m {
  gpu.func @not_released() kernel {
    // expected-error@+1 {{expected a mempl.release}}
    %a = mempl.alloc <shared> at 0 bytes 16 : memref<4xf32, #mempl.space<shared>>
    gpu.return
  }
}

// -----

gpu.module @m {
  gpu.func @wait_in_branch(%x: memref<4xf32>, %p: i1) kernel {
    %a = mempl.alloc <shared> at 0 bytes 16 : memref<4xf32, #mempl.space<shared>>
    %t = mempl.copy_start %x to %a : memref<4xf32> to memref<4xf32, #mempl.space<shared>>
    scf.if %p {
      // expected-error@+1 {{expected a copy that started in this block}}
      mempl.copy_wait %t, %x to %a : memref<4xf32> to memref<4xf32, #mempl.space<shared>>
    } else {
      mempl.copy_wait %t, %x to %a : memref<4xf32> to memref<4xf32, #mempl.space<shared>>
    }
    mempl.release %a : memref<4xf32, #mempl.space<shared>>
    gpu.return
  }
}

// -----

gpu.module @m {
  gpu.func @opaque(%x: memref<4xf32>) kernel {
    // expected-error@+1 {{'mempl.kernel' op cannot be lowered to the nvgpu dialect}}
    mempl.kernel "k"(%x) {outs = array<i64: 0>, seconds = 1.0 : f64} : (memref<4xf32>) -> ()
    gpu.return
  }
}
