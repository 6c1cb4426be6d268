// Loops over parts of tensors.

func.func @product(%x: tensor<16x24xf32>, %w: tensor<24x32xf32>, %o: tensor<16x32xf32>) -> tensor<16x32xf32> {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  %c16 = arith.constant 16 : index
  %c24 = arith.constant 24 : index
  %c32 = arith.constant 32 : index
  %r = scf.for %i = %c0 to %c16 step %c8 iter_args(%a = %o) -> tensor<16x32xf32> {
    %s = scf.for %j = %c0 to %c32 step %c8 iter_args(%b = %a) -> tensor<16x32xf32> {
      %t = scf.for %k = %c0 to %c24 step %c8 iter_args(%c = %b) -> tensor<16x32xf32> {
        %p = tensor.extract_slice %x[%i, %k] [8, 8] [1, 1] : tensor<16x24xf32> to tensor<8x8xf32>
        %q = tensor.extract_slice %w[%k, %j] [8, 8] [1, 1] : tensor<24x32xf32> to tensor<8x8xf32>
        %d = tensor.extract_slice %c[%i, %j] [8, 8] [1, 1] : tensor<16x32xf32> to tensor<8x8xf32>
        %m = linalg.matmul ins(%p, %q : tensor<8x8xf32>, tensor<8x8xf32>) outs(%d : tensor<8x8xf32>) -> tensor<8x8xf32>
        %u = tensor.insert_slice %m into %c[%i, %j] [8, 8] [1, 1] : tensor<8x8xf32> into tensor<16x32xf32>
        scf.yield %u : tensor<16x32xf32>
      }
      scf.yield %t : tensor<16x32xf32>
    }
    scf.yield %s : tensor<16x32xf32>
  }
  return %r : tensor<16x32xf32>
}

// Blocks of rows and columns in a loop without an order, which holds one in
// order over the reduction.
func.func @product_of_blocks(%x: tensor<16x24xf32>, %w: tensor<24x32xf32>, %o: tensor<16x32xf32>) -> tensor<16x32xf32> {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  %c24 = arith.constant 24 : index
  %z = arith.constant 0.0 : f32
  %r = scf.forall (%n, %m) in (2, 4) shared_outs(%c = %o) -> tensor<16x32xf32> {
    %i = affine.apply affine_map<(d0) -> (d0 * 8)>(%n)
    %j = affine.apply affine_map<(d0) -> (d0 * 8)>(%m)
    %a = tensor.extract_slice %x[%i, 0] [8, 24] [1, 1] : tensor<16x24xf32> to tensor<8x24xf32>
    %b = tensor.extract_slice %w[0, %j] [24, 8] [1, 1] : tensor<24x32xf32> to tensor<24x8xf32>
    %e = tensor.empty() : tensor<8x8xf32>
    %f = linalg.fill ins(%z : f32) outs(%e : tensor<8x8xf32>) -> tensor<8x8xf32>
    %s = scf.for %k = %c0 to %c24 step %c8 iter_args(%d = %f) -> tensor<8x8xf32> {
      %p = tensor.extract_slice %a[0, %k] [8, 8] [1, 1] : tensor<8x24xf32> to tensor<8x8xf32>
      %q = tensor.extract_slice %b[%k, 0] [8, 8] [1, 1] : tensor<24x8xf32> to tensor<8x8xf32>
      %u = linalg.matmul ins(%p, %q : tensor<8x8xf32>, tensor<8x8xf32>) outs(%d : tensor<8x8xf32>) -> tensor<8x8xf32>
      scf.yield %u : tensor<8x8xf32>
    }
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %s into %c[%i, %j] [8, 8] [1, 1] : tensor<8x8xf32> into tensor<16x32xf32>
    }
  }
  return %r : tensor<16x32xf32>
}

// An odd number of trips; what is cut out of one tensor is used several times.
func.func @rows(%a: tensor<7x16xf32>, %b: tensor<7x16xf32>, %o: tensor<7x16xf32>) -> tensor<7x16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c7 = arith.constant 7 : index
  %r = scf.for %i = %c0 to %c7 step %c1 iter_args(%x = %o) -> tensor<7x16xf32> {
    %s = tensor.extract_slice %a[%i, 0] [1, 16] [1, 1] : tensor<7x16xf32> to tensor<16xf32>
    %t = tensor.extract_slice %b[%i, 0] [1, 16] [1, 1] : tensor<7x16xf32> to tensor<16xf32>
    %e = tensor.empty() : tensor<16xf32>
    %y = linalg.sub ins(%s, %t : tensor<16xf32>, tensor<16xf32>) outs(%e : tensor<16xf32>) -> tensor<16xf32>
    %f = tensor.empty() : tensor<16xf32>
    %z = linalg.mul ins(%y, %s : tensor<16xf32>, tensor<16xf32>) outs(%f : tensor<16xf32>) -> tensor<16xf32>
    %g = tensor.empty() : tensor<16xf32>
    %w = linalg.add ins(%z, %t : tensor<16xf32>, tensor<16xf32>) outs(%g : tensor<16xf32>) -> tensor<16xf32>
    %u = tensor.insert_slice %w into %x[%i, 0] [1, 16] [1, 1] : tensor<16xf32> into tensor<7x16xf32>
    scf.yield %u : tensor<7x16xf32>
  }
  return %r : tensor<7x16xf32>
}

// Columns, with their neighbours on both sides.
func.func @columns(%a: tensor<8x18xf32>, %o: tensor<8x16xf32>) -> tensor<8x16xf32> {
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  %c16 = arith.constant 16 : index
  %r = scf.for %i = %c0 to %c16 step %c4 iter_args(%x = %o) -> tensor<8x16xf32> {
    %s = tensor.extract_slice %a[0, %i] [8, 6] [1, 1] : tensor<8x18xf32> to tensor<8x6xf32>
    %p = tensor.extract_slice %s[0, 0] [8, 4] [1, 1] : tensor<8x6xf32> to tensor<8x4xf32>
    %q = tensor.extract_slice %s[0, 2] [8, 4] [1, 1] : tensor<8x6xf32> to tensor<8x4xf32>
    %t = tensor.extract_slice %x[0, %i] [8, 4] [1, 1] : tensor<8x16xf32> to tensor<8x4xf32>
    %y = linalg.add ins(%p, %q : tensor<8x4xf32>, tensor<8x4xf32>) outs(%t : tensor<8x4xf32>) -> tensor<8x4xf32>
    %z = linalg.mul ins(%y, %p : tensor<8x4xf32>, tensor<8x4xf32>) outs(%y : tensor<8x4xf32>) -> tensor<8x4xf32>
    %u = tensor.insert_slice %z into %x[0, %i] [8, 4] [1, 1] : tensor<8x4xf32> into tensor<8x16xf32>
    scf.yield %u : tensor<8x16xf32>
  }
  return %r : tensor<8x16xf32>
}

// The weights of a layer per trip, counted down, while the tensor that goes
// through the layers is carried.
func.func @layers(%x: tensor<4x8xf32>, %w: tensor<5x8x8xf32>) -> tensor<4x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c5 = arith.constant 5 : index
  %z = arith.constant 0.0 : f32
  %r = scf.for %i = %c0 to %c5 step %c1 iter_args(%h = %x) -> tensor<4x8xf32> {
    %j = affine.apply affine_map<(d0) -> (4 - d0)>(%i)
    %s = tensor.extract_slice %w[%j, 0, 0] [1, 8, 8] [1, 1, 1] : tensor<5x8x8xf32> to tensor<8x8xf32>
    %e = tensor.empty() : tensor<4x8xf32>
    %f = linalg.fill ins(%z : f32) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
    %y = linalg.matmul ins(%h, %s : tensor<4x8xf32>, tensor<8x8xf32>) outs(%f : tensor<4x8xf32>) -> tensor<4x8xf32>
    %t = linalg.abs ins(%y : tensor<4x8xf32>) outs(%h : tensor<4x8xf32>) -> tensor<4x8xf32>
    scf.yield %t : tensor<4x8xf32>
  }
  return %r : tensor<4x8xf32>
}

// Two tensors at once, with as many trips as the caller says: there may be none.
func.func @two_results(%a: tensor<8x16xf32>, %o: tensor<8x16xf32>, %q: tensor<8x16xf32>, %n: index) -> (tensor<8x16xf32>, tensor<8x16xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c7 = arith.constant 7 : index
  %m = arith.muli %n, %c7 : index
  %r:2 = scf.for %i = %c0 to %m step %c1 iter_args(%x = %o, %y = %q) -> (tensor<8x16xf32>, tensor<8x16xf32>) {
    %s = tensor.extract_slice %a[%i, 0] [1, 16] [1, 1] : tensor<8x16xf32> to tensor<16xf32>
    %t = tensor.extract_slice %x[%i, 0] [1, 16] [1, 1] : tensor<8x16xf32> to tensor<16xf32>
    %u = tensor.extract_slice %y[%i, 0] [1, 16] [1, 1] : tensor<8x16xf32> to tensor<16xf32>
    %v = linalg.add ins(%s, %t : tensor<16xf32>, tensor<16xf32>) outs(%t : tensor<16xf32>) -> tensor<16xf32>
    %w = linalg.mul ins(%v, %s : tensor<16xf32>, tensor<16xf32>) outs(%u : tensor<16xf32>) -> tensor<16xf32>
    %v2 = linalg.sub ins(%v, %w : tensor<16xf32>, tensor<16xf32>) outs(%v : tensor<16xf32>) -> tensor<16xf32>
    %x2 = tensor.insert_slice %v2 into %x[%i, 0] [1, 16] [1, 1] : tensor<16xf32> into tensor<8x16xf32>
    %y2 = tensor.insert_slice %w into %y[%i, 0] [1, 16] [1, 1] : tensor<16xf32> into tensor<8x16xf32>
    scf.yield %x2, %y2 : tensor<8x16xf32>, tensor<8x16xf32>
  }
  return %r#0, %r#1 : tensor<8x16xf32>, tensor<8x16xf32>
}

// Tiles that are smaller at the ends.
func.func @product_with_rests(%x: tensor<20x28xf32>, %w: tensor<28x35xf32>, %o: tensor<20x35xf32>) -> tensor<20x35xf32> {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  %c20 = arith.constant 20 : index
  %c28 = arith.constant 28 : index
  %c35 = arith.constant 35 : index
  %r = scf.for %i = %c0 to %c20 step %c8 iter_args(%a = %o) -> tensor<20x35xf32> {
    %s = scf.for %j = %c0 to %c35 step %c8 iter_args(%b = %a) -> tensor<20x35xf32> {
      %t = scf.for %k = %c0 to %c28 step %c8 iter_args(%c = %b) -> tensor<20x35xf32> {
        %m = affine.min affine_map<(d0) -> (-d0 + 20, 8)>(%i)
        %n = affine.min affine_map<(d0) -> (-d0 + 35, 8)>(%j)
        %l = affine.min affine_map<(d0) -> (-d0 + 28, 8)>(%k)
        %p = tensor.extract_slice %x[%i, %k] [%m, %l] [1, 1] : tensor<20x28xf32> to tensor<?x?xf32>
        %q = tensor.extract_slice %w[%k, %j] [%l, %n] [1, 1] : tensor<28x35xf32> to tensor<?x?xf32>
        %d = tensor.extract_slice %c[%i, %j] [%m, %n] [1, 1] : tensor<20x35xf32> to tensor<?x?xf32>
        %e = linalg.matmul ins(%p, %q : tensor<?x?xf32>, tensor<?x?xf32>) outs(%d : tensor<?x?xf32>) -> tensor<?x?xf32>
        %u = tensor.insert_slice %e into %c[%i, %j] [%m, %n] [1, 1] : tensor<?x?xf32> into tensor<20x35xf32>
        scf.yield %u : tensor<20x35xf32>
      }
      scf.yield %t : tensor<20x35xf32>
    }
    scf.yield %s : tensor<20x35xf32>
  }
  return %r : tensor<20x35xf32>
}

// A tile that is put back and taken again, for what the loop over the reduction
// leaves.
func.func @rest_of_a_product(%x: tensor<16x20xf32>, %w: tensor<20x16xf32>, %o: tensor<16x16xf32>) -> tensor<16x16xf32> {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  %c16 = arith.constant 16 : index
  %r = scf.for %i = %c0 to %c16 step %c8 iter_args(%a = %o) -> tensor<16x16xf32> {
    %s = scf.for %j = %c0 to %c16 step %c8 iter_args(%b = %a) -> tensor<16x16xf32> {
      %t = scf.for %k = %c0 to %c16 step %c8 iter_args(%c = %b) -> tensor<16x16xf32> {
        %p = tensor.extract_slice %x[%i, %k] [8, 8] [1, 1] : tensor<16x20xf32> to tensor<8x8xf32>
        %q = tensor.extract_slice %w[%k, %j] [8, 8] [1, 1] : tensor<20x16xf32> to tensor<8x8xf32>
        %d = tensor.extract_slice %c[%i, %j] [8, 8] [1, 1] : tensor<16x16xf32> to tensor<8x8xf32>
        %m = linalg.matmul ins(%p, %q : tensor<8x8xf32>, tensor<8x8xf32>) outs(%d : tensor<8x8xf32>) -> tensor<8x8xf32>
        %u = tensor.insert_slice %m into %c[%i, %j] [8, 8] [1, 1] : tensor<8x8xf32> into tensor<16x16xf32>
        scf.yield %u : tensor<16x16xf32>
      }
      %p = tensor.extract_slice %x[%i, 16] [8, 4] [1, 1] : tensor<16x20xf32> to tensor<8x4xf32>
      %q = tensor.extract_slice %w[16, %j] [4, 8] [1, 1] : tensor<20x16xf32> to tensor<4x8xf32>
      %d = tensor.extract_slice %t[%i, %j] [8, 8] [1, 1] : tensor<16x16xf32> to tensor<8x8xf32>
      %m = linalg.matmul ins(%p, %q : tensor<8x4xf32>, tensor<4x8xf32>) outs(%d : tensor<8x8xf32>) -> tensor<8x8xf32>
      %u = tensor.insert_slice %m into %t[%i, %j] [8, 8] [1, 1] : tensor<8x8xf32> into tensor<16x16xf32>
      scf.yield %u : tensor<16x16xf32>
    }
    scf.yield %s : tensor<16x16xf32>
  }
  return %r : tensor<16x16xf32>
}
