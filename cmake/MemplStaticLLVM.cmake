# What mempl's libraries link of LLVM and MLIR: MEMPL_LLVM_LIBRARIES and
# MEMPL_MLIR_LIBRARIES, by default the shared libraries.
#
# With MEMPL_STATIC_LLVM they are the archives, for tools and modules that need no
# LLVM on the machine that they run on, such as those of the Python package. The
# targets of these archives may name the shared libraries, so files are linked.
# Sets also MEMPL_NO_TARGETS, a source with empty initializers of all code
# generators but the host's and NVIDIA's, which would be half of such a program.

set(MEMPL_LLVM_LIBRARIES LLVM)
set(MEMPL_MLIR_LIBRARIES MLIR LLVM)
if(NOT MEMPL_STATIC_LLVM)
  return()
endif()
if(NOT MEMPL_LLD)
  message(FATAL_ERROR "MEMPL_STATIC_LLVM needs Clang and lld, which take "
    "archives in any order")
endif()

file(GLOB MEMPL_LLVM_LIBRARIES ${LLVM_LIBRARY_DIR}/libLLVM*.a)
list(FILTER MEMPL_LLVM_LIBRARIES EXCLUDE REGEX "BOLT|Exegesis|TableGen")
file(GLOB mlir_archives ${LLVM_LIBRARY_DIR}/libMLIR*.a)
list(FILTER mlir_archives EXCLUDE REGEX "Test|TableGen|MlirOptMain")
find_library(MEMPL_ZSTD libzstd.a REQUIRED)
mark_as_advanced(MEMPL_ZSTD)
list(APPEND MEMPL_LLVM_LIBRARIES ${MEMPL_ZSTD} ZLIB::ZLIB ${CMAKE_DL_LIBS} m)
set(MEMPL_MLIR_LIBRARIES ${mlir_archives} ${MEMPL_LLVM_LIBRARIES})

set(MEMPL_NO_TARGETS ${PROJECT_BINARY_DIR}/NoTargets.cpp)
set(left_out ${LLVM_TARGETS_TO_BUILD})
list(REMOVE_ITEM left_out ${LLVM_NATIVE_ARCH} NVPTX)
set(content "// Made by cmake/MemplStaticLLVM.cmake.\nextern \"C\" {\n")
foreach(target IN LISTS left_out)
  foreach(part TargetInfo Target TargetMC AsmPrinter AsmParser Disassembler)
    string(APPEND content "void LLVMInitialize${target}${part}() {}\n")
  endforeach()
endforeach()
file(CONFIGURE OUTPUT ${MEMPL_NO_TARGETS} CONTENT "${content}}\n")

add_compile_options(-ffunction-sections -fdata-sections)
add_link_options(-Wl,--gc-sections -Wl,--icf=safe -Wl,--exclude-libs,ALL)
