# Installs mempl into a scratch folder, for the tests that use it from there.
#   cmake -D MEMPL_BUILD=.. -D PREFIX=.. -P install.cmake
file(REMOVE_RECURSE ${PREFIX})
execute_process(COMMAND ${CMAKE_COMMAND} --install ${MEMPL_BUILD}
  --prefix ${PREFIX} OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
