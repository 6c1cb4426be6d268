# Builds examples/lowering against an installed mempl, lowers a program with it,
# and runs that.
include(${CMAKE_CURRENT_LIST_DIR}/build.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/check.cmake)
set(opt ${WORK}/lowering-opt)
execute_process(COMMAND ${opt} ${SOURCE}/program.mlir
  "--pass-pipeline=builtin.module(mempl-attach-target{target=tiny},learned-memory-placement,one-shot-bufferize{bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map})"
  -o ${WORK}/buffers.mlir COMMAND_ERROR_IS_FATAL ANY)
check("memref.global \"private\" @mempl_arena_fast.*memref.view.*call @npu_copy_in.*call @npu_wait"
  ${opt} ${WORK}/buffers.mlir --convert-mempl-to-npu)
execute_process(COMMAND ${opt} ${WORK}/buffers.mlir --convert-mempl-to-npu
  "--convert-mempl-spaces=map=*=none" --convert-linalg-to-loops
  --convert-vector-to-scf --convert-scf-to-cf --expand-strided-metadata
  --lower-affine --convert-vector-to-llvm --finalize-memref-to-llvm
  --convert-func-to-llvm --convert-to-llvm --reconcile-unrealized-casts
  -o ${WORK}/lowered.mlir COMMAND_ERROR_IS_FATAL ANY)
check("npu: 64 bytes in.*10, 10, 10, 10.*26, 26, 26, 26"
  ${RUNNER} -O0 -e main -entry-point-result=void
  -shared-libs=${LIBS}/libmlir_c_runner_utils.so
  -shared-libs=${WORK}/libnpu.so ${WORK}/lowered.mlir)
# What the driver cannot do is an error that says so.
file(WRITE ${WORK}/columns.mlir "
func.func @f(%a: memref<4x4xf32, strided<[1, 4]>>, %b: memref<4x4xf32, #mempl.space<fast>>) {
  %t = mempl.copy_start %a to %b : memref<4x4xf32, strided<[1, 4]>> to memref<4x4xf32, #mempl.space<fast>>
  mempl.copy_wait %t, %a to %b : memref<4x4xf32, strided<[1, 4]>> to memref<4x4xf32, #mempl.space<fast>>
  return
}
")
check_fails("columns.mlir:3:8: error: 'mempl.copy_start' op cannot be lowered for the NPU: its driver copies bytes in a row"
  ${opt} ${WORK}/columns.mlir --convert-mempl-to-npu)
