# mempl_add_library(NAME sources... LINK libraries...) - a library of mempl with
# its public headers, installed and exported as Mempl::NAME.
# With SEPARATE its precompiled headers are its own.
# mempl_add_mlir_library(NAME sources... LINK libraries...) - the same for a
# library that uses MLIR.
# mempl_tablegen(TARGET FILE.td OUTPUT options OUTPUT options ...) - generates
# sources from TableGen into the build tree, beside where FILE.td's header is.
# mempl_add_tool(NAME sources... LINK libraries...) - one executable, or, with
# MEMPL_ONE_TOOL, its part of mempl-tools (tools/all).

# Headers that nearly every file includes.
set(MEMPL_PRECOMPILED_HEADERS
  <algorithm> <cstdint> <functional> <map> <memory> <string> <vector>
  <llvm/ADT/ArrayRef.h> <llvm/ADT/StringRef.h> <llvm/ADT/Twine.h>
  <llvm/Support/Error.h> <llvm/Support/raw_ostream.h>)

# Compiled once for all libraries and once for all programs: code of the first is
# -fPIC, of the others -fPIE, and Clang takes no header that differs in that.
# Not file(WRITE), after which everything would be compiled anew.
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/Headers.cpp CONTENT "")
foreach(name MemplHeaders MemplProgramHeaders)
  add_library(${name} OBJECT ${PROJECT_BINARY_DIR}/Headers.cpp)
  target_include_directories(${name} SYSTEM PRIVATE ${LLVM_INCLUDE_DIRS})
  target_precompile_headers(${name} PRIVATE ${MEMPL_PRECOMPILED_HEADERS})
endforeach()
set_target_properties(MemplProgramHeaders PROPERTIES
  POSITION_INDEPENDENT_CODE OFF)
target_compile_options(MemplProgramHeaders PRIVATE -fPIE)

function(mempl_common_setup target)
  target_include_directories(${target} SYSTEM PRIVATE ${LLVM_INCLUDE_DIRS})
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "EXECUTABLE")
    target_precompile_headers(${target} REUSE_FROM MemplProgramHeaders)
  else()
    target_precompile_headers(${target} REUSE_FROM MemplHeaders)
  endif()
endfunction()

# The same for what is compiled with flags of its own.
function(mempl_separate_setup target)
  target_include_directories(${target} SYSTEM PRIVATE ${LLVM_INCLUDE_DIRS})
  target_precompile_headers(${target} PRIVATE ${MEMPL_PRECOMPILED_HEADERS})
endfunction()

function(mempl_add_library name)
  cmake_parse_arguments(arg "SEPARATE" "" "LINK;PRIVATE_LINK" ${ARGN})
  add_library(${name} STATIC ${arg_UNPARSED_ARGUMENTS})
  add_library(Mempl::${name} ALIAS ${name})
  if(arg_SEPARATE)
    mempl_separate_setup(${name})
  else()
    mempl_common_setup(${name})
  endif()
  target_include_directories(${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${name} PUBLIC ${arg_LINK} PRIVATE ${arg_PRIVATE_LINK})
  set_property(GLOBAL APPEND PROPERTY MEMPL_LIBRARIES ${name})
endfunction()

function(mempl_add_tool name)
  cmake_parse_arguments(arg "" "" "LINK" ${ARGN})
  set_property(GLOBAL APPEND PROPERTY MEMPL_TOOLS ${name})
  if(MEMPL_ONE_TOOL)
    add_library(${name} OBJECT ${arg_UNPARSED_ARGUMENTS})
    target_include_directories(${name} SYSTEM PRIVATE ${LLVM_INCLUDE_DIRS})
    string(MAKE_C_IDENTIFIER ${name}_main main)
    target_compile_definitions(${name} PRIVATE main=${main})
    target_link_libraries(${name} PRIVATE ${arg_LINK})
    return()
  endif()
  add_executable(${name} ${arg_UNPARSED_ARGUMENTS})
  mempl_common_setup(${name})
  target_link_libraries(${name} PRIVATE ${arg_LINK})
  install(TARGETS ${name} EXPORT MemplTargets
    RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()

# MLIR's package names the program without its folder.
find_program(MEMPL_MLIR_TBLGEN NAMES mlir-tblgen mlir-tblgen-22
  HINTS ${LLVM_TOOLS_BINARY_DIR} REQUIRED)
mark_as_advanced(MEMPL_MLIR_TBLGEN)

# Headers that nearly every file of an MLIR library includes.
set(MEMPL_MLIR_PRECOMPILED_HEADERS
  ${MEMPL_PRECOMPILED_HEADERS}
  <mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h>
  <mlir/Dialect/Bufferization/IR/Bufferization.h>
  <mlir/Dialect/Func/IR/FuncOps.h>
  <mlir/Dialect/Linalg/IR/Linalg.h>
  <mlir/Dialect/MemRef/IR/MemRef.h>
  <mlir/Dialect/SCF/IR/SCF.h>
  <mlir/Dialect/Tensor/IR/Tensor.h>
  <mlir/IR/Builders.h>
  <mlir/IR/BuiltinOps.h>
  <mlir/IR/PatternMatch.h>
  <mlir/Pass/Pass.h>)

# Without assertions MLIR counts no statistics, and its passes have a smaller
# layout: code that includes its headers must agree, in every build type.
set(MEMPL_MLIR_DEFINITIONS "")
if(NOT LLVM_ENABLE_ASSERTIONS)
  set(MEMPL_MLIR_DEFINITIONS NDEBUG)
endif()

# Compiled once, for all MLIR libraries.
# Not file(WRITE), after which everything would be compiled anew.
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/MlirHeaders.cpp CONTENT "")
add_library(MemplMlirHeaders OBJECT ${PROJECT_BINARY_DIR}/MlirHeaders.cpp)
target_include_directories(MemplMlirHeaders SYSTEM PRIVATE
  ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
target_compile_definitions(MemplMlirHeaders PRIVATE ${MEMPL_MLIR_DEFINITIONS})
target_precompile_headers(MemplMlirHeaders PRIVATE
  ${MEMPL_MLIR_PRECOMPILED_HEADERS})

# For a tool or test that includes MLIR's headers.
function(mempl_use_mlir target)
  target_include_directories(${target} SYSTEM PRIVATE ${MLIR_INCLUDE_DIRS})
  target_compile_definitions(${target} PRIVATE ${MEMPL_MLIR_DEFINITIONS})
endfunction()

function(mempl_mlir_setup target)
  target_include_directories(${target} SYSTEM PRIVATE
    ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
  target_include_directories(${target} PRIVATE ${PROJECT_BINARY_DIR}/include)
  target_compile_definitions(${target} PRIVATE ${MEMPL_MLIR_DEFINITIONS})
  target_precompile_headers(${target} REUSE_FROM MemplMlirHeaders)
endfunction()

function(mempl_add_mlir_library name)
  cmake_parse_arguments(arg "" "" "LINK" ${ARGN})
  add_library(${name} STATIC ${arg_UNPARSED_ARGUMENTS})
  add_library(Mempl::${name} ALIAS ${name})
  mempl_mlir_setup(${name})
  target_include_directories(${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_include_directories(${name} SYSTEM INTERFACE
    "$<INSTALL_INTERFACE:${MLIR_INCLUDE_DIRS}>")
  target_link_libraries(${name} PUBLIC ${arg_LINK} ${MEMPL_MLIR_LIBRARIES})
  set_property(GLOBAL APPEND PROPERTY MEMPL_LIBRARIES ${name})
endfunction()

function(mempl_tablegen target file)
  set(source ${PROJECT_SOURCE_DIR}/include/mempl/${file})
  get_filename_component(folder ${file} DIRECTORY)
  set(outputs "")
  set(rest ${ARGN})
  while(rest)
    list(POP_FRONT rest name options)
    separate_arguments(options UNIX_COMMAND "${options}")
    set(output ${PROJECT_BINARY_DIR}/include/mempl/${folder}/${name})
    add_custom_command(OUTPUT ${output}
      COMMAND ${CMAKE_COMMAND} -E make_directory
        ${PROJECT_BINARY_DIR}/include/mempl/${folder}
      COMMAND ${MEMPL_MLIR_TBLGEN} ${options} ${source} -o ${output}
        --write-if-changed -d ${output}.d
        -I ${PROJECT_SOURCE_DIR}/include -I ${MLIR_INCLUDE_DIRS}
      DEPENDS ${source} DEPFILE ${output}.d
      COMMENT "Generating ${folder}/${name}" VERBATIM)
    list(APPEND outputs ${output})
  endwhile()
  add_custom_target(${target} DEPENDS ${outputs})
  install(FILES ${outputs}
    DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/mempl/${folder})
endfunction()
