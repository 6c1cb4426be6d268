# Compiler settings shared by every target: the language level, warnings,
# sanitizers, a compiler cache where there is one.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
# Installed tools find MLIR, LLVM and LibTorch where the build found them, and
# mempl's own libraries wherever they were moved to.
file(RELATIVE_PATH libdir_from_bindir
  ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
set(CMAKE_INSTALL_RPATH "$ORIGIN/${libdir_from_bindir};$ORIGIN")
set(CMAKE_INSTALL_RPATH_USE_LINK_PATH ON)

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

# A plan must cost the same on every machine: no fused multiply-add behind our
# back, no reassociation.
add_compile_options(-Wall -Wextra -Wno-unused-parameter -ffp-contract=off)
# libstdc++ 12 uses a deprecated function of its own inside stable_sort.
add_compile_options(-Wno-deprecated-declarations)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 sees overflows in std::string::replace that are none (bug 105329).
  add_compile_options(-Wno-stringop-overflow -Wno-restrict -Wno-array-bounds)
endif()

if(MEMPL_SANITIZE)
  add_compile_options(-fsanitize=${MEMPL_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${MEMPL_SANITIZE})
endif()
if(MEMPL_BUILD_FUZZERS)
  # What guides fuzzers; the runtime of a sanitizer has a stand-in for it, so
  # that other programs link too.
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fsanitize=fuzzer-no-link>)
endif()

find_program(MEMPL_CCACHE ccache)
mark_as_advanced(MEMPL_CCACHE)
if(MEMPL_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Precompiled headers are cached only if their time stamps are ignored.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
    ${MEMPL_CCACHE})
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:SHELL:-Xclang -fno-pch-timestamp>")
  endif()
endif()

if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  find_program(MEMPL_LLD NAMES ld.lld-22 ld.lld)
  mark_as_advanced(MEMPL_LLD)
  if(MEMPL_LLD)
    add_link_options(--ld-path=${MEMPL_LLD})
  endif()
endif()
