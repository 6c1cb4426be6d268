# Clp solves the linear programs of --bound-seconds and --bound-nodes
# (lib/Problem/LowerBoundMaster.cpp). Without it these get less far. Sets
# MEMPL_HAS_CLP and, if it is true, MEMPL_CLP_INCLUDE_DIR and MEMPL_CLP_LIBRARIES.

set(MEMPL_HAS_CLP OFF)
if(MEMPL_ENABLE_CLP)
  find_path(MEMPL_CLP_INCLUDE_DIR ClpSimplex.hpp PATH_SUFFIXES coin coin-or)
  find_library(MEMPL_CLP_LIBRARY Clp)
  find_library(MEMPL_COIN_UTILS_LIBRARY CoinUtils)
  mark_as_advanced(MEMPL_CLP_INCLUDE_DIR MEMPL_CLP_LIBRARY
    MEMPL_COIN_UTILS_LIBRARY)
  if(MEMPL_CLP_INCLUDE_DIR AND MEMPL_CLP_LIBRARY AND MEMPL_COIN_UTILS_LIBRARY)
    set(MEMPL_HAS_CLP ON)
    set(MEMPL_CLP_LIBRARIES ${MEMPL_CLP_LIBRARY} ${MEMPL_COIN_UTILS_LIBRARY})
  else()
    message(STATUS "Clp was not found (coinor-libclp-dev): bounds with "
      "--bound-seconds and --bound-nodes will be weaker")
  endif()
endif()
