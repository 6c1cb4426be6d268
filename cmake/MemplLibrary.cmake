# mempl_add_library(NAME sources... LINK libraries...) - one room of the house:
# a library with its public headers, installed and exported as Mempl::NAME.
# mempl_add_tool(NAME sources... LINK libraries...) - one executable.

# Headers that nearly every file includes.
set(MEMPL_PRECOMPILED_HEADERS
  <algorithm> <cstdint> <functional> <map> <memory> <string> <vector>
  <llvm/ADT/ArrayRef.h> <llvm/ADT/StringRef.h> <llvm/ADT/Twine.h>
  <llvm/Support/Error.h> <llvm/Support/raw_ostream.h>)

function(mempl_common_setup target)
  target_include_directories(${target} SYSTEM PRIVATE ${LLVM_INCLUDE_DIRS})
  target_precompile_headers(${target} PRIVATE ${MEMPL_PRECOMPILED_HEADERS})
endfunction()

function(mempl_add_library name)
  cmake_parse_arguments(arg "" "" "LINK;PRIVATE_LINK" ${ARGN})
  add_library(${name} STATIC ${arg_UNPARSED_ARGUMENTS})
  add_library(Mempl::${name} ALIAS ${name})
  mempl_common_setup(${name})
  target_include_directories(${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${name} PUBLIC ${arg_LINK} PRIVATE ${arg_PRIVATE_LINK})
  set_property(GLOBAL APPEND PROPERTY MEMPL_LIBRARIES ${name})
endfunction()

function(mempl_add_tool name)
  cmake_parse_arguments(arg "" "" "LINK" ${ARGN})
  add_executable(${name} ${arg_UNPARSED_ARGUMENTS})
  mempl_common_setup(${name})
  target_link_libraries(${name} PRIVATE ${arg_LINK})
  install(TARGETS ${name} EXPORT MemplTargets
    RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()
