# Installs headers and libraries so that another project can say
# find_package(Mempl) and link Mempl::MemplSolvers.

include(CMakePackageConfigHelpers)
get_property(mempl_libraries GLOBAL PROPERTY MEMPL_LIBRARIES)
install(TARGETS ${mempl_libraries} EXPORT MemplTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/mempl DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
set(mempl_cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Mempl)
install(EXPORT MemplTargets NAMESPACE Mempl:: DESTINATION ${mempl_cmake_dir})
# -DMempl_DIR=<build tree> works as well.
export(EXPORT MemplTargets NAMESPACE Mempl::
  FILE ${CMAKE_CURRENT_BINARY_DIR}/MemplTargets.cmake)
configure_package_config_file(cmake/MemplConfig.cmake.in
  ${CMAKE_CURRENT_BINARY_DIR}/MemplConfig.cmake
  INSTALL_DESTINATION ${mempl_cmake_dir})
write_basic_package_version_file(
  ${CMAKE_CURRENT_BINARY_DIR}/MemplConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/MemplConfig.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/MemplConfigVersion.cmake
  DESTINATION ${mempl_cmake_dir})
