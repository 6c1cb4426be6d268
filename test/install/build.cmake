# Builds a project that uses an installed mempl.
#   cmake -D PREFIX=.. -D SOURCE=.. -D WORK=.. -D GENERATOR=.. -D CC=.. -D CXX=..
#     -D FLAGS=.. -P build.cmake
file(REMOVE_RECURSE ${WORK})
execute_process(COMMAND ${CMAKE_COMMAND} -G ${GENERATOR} -S ${SOURCE} -B ${WORK}
  -D CMAKE_PREFIX_PATH=${PREFIX} -D CMAKE_BUILD_TYPE=Release
  -D CMAKE_C_COMPILER=${CC} -D CMAKE_CXX_COMPILER=${CXX}
  "-DCMAKE_C_FLAGS=${FLAGS}" "-DCMAKE_CXX_FLAGS=${FLAGS}"
  COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${CMAKE_COMMAND} --build ${WORK}
  COMMAND_ERROR_IS_FATAL ANY)
