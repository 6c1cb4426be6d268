// RUN: rm -rf %t && mkdir %t && cd %t
// RUN: mempl-opt %s --pass-pipeline="builtin.module(learned-memory-placement{target=tiny solver=search budget=200 capacity=512 eliminate-empty-tensors=false})" 2>&1 | FileCheck %s

// Where bufferization has a solution for a function as it is, but none for the
// placed one, the function stays as it is.
// CHECK: remark: left in slow memory: bufferization does not accept the placed function
// CHECK: note: {{.*}} cannot avoid RaW conflict
// CHECK-NOT: mempl.alloc
func.func private @callee(%a0: tensor<16xi64>, %a1: tensor<64xf32>, %flag: i1) -> (tensor<16xi64>) {

  return %a0 : tensor<16xi64>
}
func.func @refused(%a0: tensor<2x4x8xf32> {bufferization.writable = false}, %a1: tensor<?xf32>, %a2: tensor<64xf32>, %flag: i1) -> (tensor<16xi64>) {
  %c2 = arith.constant 12 : index
  %s3 = tensor.extract %a1[%c2] : tensor<?xf32>
  %s4 = arith.bitcast %s3 : f32 to i32
  %s5 = arith.extsi %s4 : i32 to i64
  %v1 = tensor.splat %s5 : tensor<16xi64>
  %v6 = tensor.empty() : tensor<16xi64>
  %v7 = linalg.transpose ins(%v1 : tensor<16xi64>) outs(%v6 : tensor<16xi64>) permutation = [0]
  %v8 = arith.select %flag, %a1, %a1 : tensor<?xf32>
  %c12 = arith.constant 0 : index
  %c13 = arith.constant 1 : index
  %c14 = arith.constant 1 : index
  %r11:2 = scf.while (%i15 = %c12, %v9 = %v7) : (index, tensor<16xi64>) -> (index, tensor<16xi64>) {
    %i18 = arith.cmpi slt, %i15, %c14 : index
    scf.condition(%i18) %i15, %v7 : index, tensor<16xi64>
  } do {
  ^bb0(%i16: index, %v10: tensor<16xi64>):
    %v19 = tensor.extract_slice %a1[3] [8] [1] : tensor<?xf32> to tensor<8xf32>
    %v20 = tensor.insert_slice %v19 into %v8[3] [8] [1] : tensor<8xf32> into tensor<?xf32>
    %v21 = tensor.empty() : tensor<16xf32>
    %v22 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} outs(%v21 : tensor<16xf32>) {
    ^bb0(%b23: f32):
      %c25 = arith.constant 16 : index
      %s24 = linalg.index 0 : index
      %s26 = arith.remui %s24, %c25 : index
      %s27 = tensor.extract %a1[%s26] : tensor<?xf32>
      linalg.yield %s27 : f32
    } -> tensor<16xf32>
    %r28 = scf.if %flag -> (tensor<16xf32>) {
      %c30 = arith.constant 5 : i64
      %v29 = tensor.generate  {
      ^bb0(%i31: index, %i32: index):
        %s33 = arith.index_cast %i31 : index to i64
        %s34 = arith.index_cast %i32 : index to i64
        %s35 = tensor.extract %v20[%i32] : tensor<?xf32>
        %s36 = arith.bitcast %s35 : f32 to i32
        %s37 = arith.extsi %s36 : i32 to i64
        %s38 = arith.addi %c30, %s33 : i64
        %s39 = arith.addi %s38, %s34 : i64
        %s40 = arith.subi %s39, %s37 : i64
        %c41 = arith.constant 3 : i64
        %s42 = arith.muli %s40, %c41 : i64
        tensor.yield %s42 : i64
      } : tensor<4x8xi64>
      scf.yield %v22 : tensor<16xf32>
    } else {
      scf.yield %v22 : tensor<16xf32>
    }
    %i17 = arith.addi %i16, %c13 : index
    scf.yield %i17, %v7 : index, tensor<16xi64>
  }
  %f44 = arith.constant false
  %r43 = scf.if %f44 -> (tensor<16xi64>) {
    %v45, %v46 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} ins(%v7, %v7 : tensor<16xi64>, tensor<16xi64>) outs(%v7, %a1 : tensor<16xi64>, tensor<?xf32>) {
    ^bb0(%b47: i64, %b48: i64, %b49: i64, %b50: f32):
      %s51 = arith.addi %b48, %b49 : i64
      %s52 = arith.xori %s51, %b47 : i64
      %c53 = arith.constant 5 : i64
      %s54 = arith.muli %s52, %c53 : i64
      %s55 = arith.trunci %b47 : i64 to i16
      %s56 = arith.sitofp %s55 : i16 to f32
      %s57 = arith.trunci %b48 : i64 to i16
      %s58 = arith.sitofp %s57 : i16 to f32
      %s59 = arith.addf %s56, %s58 : f32
      %s60 = arith.addf %s59, %b50 : f32
      %c61 = arith.constant 0.5 : f32
      %s62 = arith.mulf %s60, %c61 : f32
      linalg.yield %s54, %s62 : i64, f32
    } -> (tensor<16xi64>, tensor<?xf32>)
    %r63 = scf.if %flag -> (tensor<?xf32>) {
      scf.yield %v8 : tensor<?xf32>
    } else {
      scf.yield %a1 : tensor<?xf32>
    }
    scf.yield %v45 : tensor<16xi64>
  } else {
    %v64 = arith.constant dense<7> : tensor<5x3xindex>
    %v65 = tensor.concat dim(0) %a2, %a1 : (tensor<64xf32>, tensor<?xf32>) -> tensor<?xf32>
    scf.yield %v7 : tensor<16xi64>
  }
  %v66 = tensor.empty() : tensor<64xf32>
  %v67 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} ins(%a2, %a2 : tensor<64xf32>, tensor<64xf32>) outs(%v66 : tensor<64xf32>) {
  ^bb0(%b68: f32, %b69: f32, %b70: f32):
    %s71 = arith.addf %b69, %b68 : f32
    %c72 = arith.constant -0.5 : f32
    %s73 = arith.mulf %s71, %c72 : f32
    linalg.yield %s73 : f32
  } -> tensor<64xf32>
  %r74 = func.call @callee(%r11#1, %v67, %flag) : (tensor<16xi64>, tensor<64xf32>, i1) -> (tensor<16xi64>)
  %r75 = scf.if %flag -> (tensor<16xi64>) {
    scf.yield %v1 : tensor<16xi64>
  } else {
    %v76 = tensor.extract_slice %r74[4] [8] [1] : tensor<16xi64> to tensor<8xi64>
    %v77 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} ins(%v76, %v76 : tensor<8xi64>, tensor<8xi64>) outs(%v76 : tensor<8xi64>) {
    ^bb0(%b78: i64, %b79: i64, %b80: i64):
      %s81 = arith.addi %b79, %b78 : i64
      %s82 = arith.xori %s81, %b80 : i64
      %c83 = arith.constant 1 : i64
      %s84 = arith.muli %s82, %c83 : i64
      linalg.yield %s84 : i64
    } -> tensor<8xi64>
    %v85 = tensor.insert_slice %v77 into %r74[4] [8] [1] : tensor<8xi64> into tensor<16xi64>
    %v86 = tensor.extract_slice %v1[1] [8] [2] : tensor<16xi64> to tensor<8xi64>
    scf.yield %v85 : tensor<16xi64>
  }
  %v87 = tensor.concat dim(0) %r11#1, %r74 : (tensor<16xi64>, tensor<16xi64>) -> tensor<32xi64>
  %c89 = arith.constant 16 : index
  %v88 = tensor.empty(%c89) : tensor<?xf32>
  %v90 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} ins(%v8, %v8 : tensor<?xf32>, tensor<?xf32>) outs(%v88 : tensor<?xf32>) {
  ^bb0(%b91: f32, %b92: f32, %b93: f32):
    %s94 = arith.addf %b91, %b92 : f32
    %c95 = arith.constant -0.5 : f32
    %s96 = arith.mulf %s94, %c95 : f32
    linalg.yield %s96 : f32
  } -> tensor<?xf32>
  %v97 = tensor.extract_slice %a1[0] [8] [2] : tensor<?xf32> to tensor<8xf32>
  %v98 = tensor.insert_slice %v97 into %a1[0] [8] [2] : tensor<8xf32> into tensor<?xf32>
  %v99 = tensor.extract_slice %v7[4] [8] [1] : tensor<16xi64> to tensor<8xi64>
  %v100, %v101 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} ins(%r74, %v98 : tensor<16xi64>, tensor<?xf32>) outs(%r74, %v90 : tensor<16xi64>, tensor<?xf32>) {
  ^bb0(%b102: i64, %b103: f32, %b104: i64, %b105: f32):
    %s106 = arith.bitcast %b103 : f32 to i32
    %s107 = arith.extsi %s106 : i32 to i64
    %s108 = arith.subi %b104, %b102 : i64
    %s109 = arith.xori %s108, %s107 : i64
    %c110 = arith.constant 3 : i64
    %s111 = arith.muli %s109, %c110 : i64
    %s112 = arith.trunci %b102 : i64 to i16
    %s113 = arith.sitofp %s112 : i16 to f32
    %s114 = arith.addf %s113, %b105 : f32
    %s115 = arith.addf %s114, %b103 : f32
    %c116 = arith.constant -0.5 : f32
    %s117 = arith.mulf %s115, %c116 : f32
    linalg.yield %s111, %s117 : i64, f32
  } -> (tensor<16xi64>, tensor<?xf32>)
  return %v1 : tensor<16xi64>
}
