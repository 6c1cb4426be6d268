# Installs everything that another project, tool or language needs: headers
# (those made by TableGen are with mempl_tablegen), libraries and tools as
# targets of find_package(Mempl), the plugin, descriptions of machines,
# documentation and licence.

include(CMakePackageConfigHelpers)
get_property(mempl_libraries GLOBAL PROPERTY MEMPL_LIBRARIES)
install(TARGETS ${mempl_libraries} EXPORT MemplTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/mempl include/mempl-c
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  PATTERN CMakeLists.txt EXCLUDE)
install(FILES LICENSE README.md CHANGELOG.md
  DESTINATION ${CMAKE_INSTALL_DOCDIR})
foreach(tool mempl-opt mempl-solve mempl-translate mempl-train)
  install(FILES tools/completion.bash RENAME ${tool}
    DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
  install(FILES tools/completion.fish RENAME ${tool}.fish
    DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
endforeach()
install(FILES tools/completion.zsh RENAME _mempl
  DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR}
  FILES_MATCHING PATTERN "*.md" PATTERN "*.svg")

set(mempl_cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Mempl)
set(mempl_targets_dir ${CMAKE_INSTALL_DATADIR}/mempl/targets)
set(mempl_plugin ${CMAKE_INSTALL_LIBDIR}/MemplPlugin.so)
install(EXPORT MemplTargets NAMESPACE Mempl:: DESTINATION ${mempl_cmake_dir})
configure_package_config_file(cmake/MemplConfig.cmake.in
  ${CMAKE_CURRENT_BINARY_DIR}/MemplConfig.cmake
  INSTALL_DESTINATION ${mempl_cmake_dir}
  PATH_VARS mempl_targets_dir mempl_plugin)
# Before 1.0 a minor version may change interfaces: docs/Compatibility.md.
write_basic_package_version_file(
  ${CMAKE_CURRENT_BINARY_DIR}/MemplConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/MemplConfig.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/MemplConfigVersion.cmake
  DESTINATION ${mempl_cmake_dir})
