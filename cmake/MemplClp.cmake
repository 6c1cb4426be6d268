# Clp solves the linear programs of --bound-seconds and --bound-nodes
# (lib/Problem/LinearProgram.cpp), which load it. Without it these get less far.
# Sets MEMPL_HAS_CLP and, if it is true, MEMPL_CLP_INCLUDE_DIR and
# MEMPL_CLP_LIBRARY.

set(MEMPL_HAS_CLP OFF)
if(MEMPL_ENABLE_CLP)
  find_path(MEMPL_CLP_INCLUDE_DIR Clp_C_Interface.h PATH_SUFFIXES coin coin-or)
  find_library(MEMPL_CLP_LIBRARY Clp)
  mark_as_advanced(MEMPL_CLP_INCLUDE_DIR MEMPL_CLP_LIBRARY)
  if(MEMPL_CLP_INCLUDE_DIR AND MEMPL_CLP_LIBRARY)
    set(MEMPL_HAS_CLP ON)
  else()
    message(STATUS "Clp was not found (coinor-libclp-dev): bounds with "
      "--bound-seconds and --bound-nodes will be weaker")
  endif()
endif()
