# Builds examples/standalone against an installed mempl and runs it.
include(${CMAKE_CURRENT_LIST_DIR}/build.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/check.cmake)
set(opt ${WORK}/standalone-opt ${SOURCE}/network.mlir)
check("standalone.fast_bytes = [1-9][0-9]* : i64.*mempl.copy_start prefetch"
  ${opt} --standalone-place=target=tiny)
check("whole-values, .*mempl.copy_start prefetch" ${opt}
  "--learned-memory-placement=target=tiny solver=whole-values summary")
check("search.start=whole-values.min-bytes=64.., " ${opt}
  "--learned-memory-placement=target=tiny solver=search{start=whole-values{min-bytes=64}} summary")
# 256 * 256 * 15 operations at 128e9 per second; without the model it is 0.
check("linalg.softmax. compute 7.68e-06"
  ${WORK}/standalone-opt ${SOURCE}/attention.mlir
  "--pass-pipeline=builtin.module(mempl-prepare,mempl-extract-instance{target=edge-npu})")
check("standalone.fast_bytes = 0 : i64"
  ${opt} --pass-pipeline=builtin.module\(func.func\(standalone-count-fast-bytes\)\))
