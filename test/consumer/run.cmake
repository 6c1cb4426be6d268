# Builds the consumer against an installed mempl and runs it.
include(${CMAKE_CURRENT_LIST_DIR}/../install/build.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/../install/check.cmake)
# The plan of search, of 10 seconds.
check("search 1.0+e\\+01" ${WORK}/consumer)
check("1 in fast memory" ${WORK}/placer)
check("mempl [0-9.]+, with [0-9]+ solvers" ${WORK}/c-consumer)
check(".*" ${WORK}/runner)
