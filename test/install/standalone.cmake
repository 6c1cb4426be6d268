# Builds examples/standalone against an installed mempl and runs it.
include(${CMAKE_CURRENT_LIST_DIR}/build.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/check.cmake)
set(opt ${WORK}/standalone-opt ${SOURCE}/network.mlir)
check("standalone.fast_bytes = [1-9][0-9]* : i64.*mempl.copy_start prefetch"
  ${opt} --standalone-place=target=tiny)
check("standalone.fast_bytes = 0 : i64"
  ${opt} --pass-pipeline=builtin.module\(func.func\(standalone-count-fast-bytes\)\))
