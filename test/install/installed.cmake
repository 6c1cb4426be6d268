# Uses an installed mempl that was moved: tools, data, plugin.
#   cmake -D PREFIX=.. -D MOVED=.. -D DATA=.. -D NETWORK=.. -D BINDIR=..
#     -D LIBDIR=.. -D DATADIR=.. -D DOCDIR=.. [-D MLIR_OPT=..] -D TORCH=..
#     -P installed.cmake
include(${CMAKE_CURRENT_LIST_DIR}/check.cmake)
file(REMOVE_RECURSE ${MOVED})
file(COPY ${PREFIX}/ DESTINATION ${MOVED})
set(bin ${MOVED}/${BINDIR})

foreach(file ${DOCDIR}/LICENSE ${DOCDIR}/CHANGELOG.md ${DOCDIR}/docs/Problem.md
    ${DATADIR}/mempl/targets/edge-npu.json
    include/mempl/IR/MemplOps.h.inc include/mempl/Transforms/Passes.h.inc
    include/mempl-c/Problem.h ${LIBDIR}/MemplPlugin.so)
  if(NOT EXISTS ${MOVED}/${file})
    message(FATAL_ERROR "not installed: ${file}")
  endif()
endforeach()

foreach(tool mempl-opt mempl-solve mempl-translate mempl-lsp-server)
  check("^mempl [0-9.]+\nLLVM [0-9.]+\n$" ${bin}/${tool} --version)
endforeach()
set(place target=tiny\ solver=greedy)
check("mempl.copy_start prefetch"
  ${bin}/mempl-opt ${NETWORK} --learned-memory-placement=${place})
check("muzero  *[0-9]"
  ${bin}/mempl-solve ${DATA}/tiny.json --solver=muzero --budget=20)
if(TORCH)
  check("best plan: " ${bin}/mempl-train ${DATA}/tiny.json --rounds=1 --games=1
    --out=${MOVED}/run --plan-out=${MOVED}/plan.json)
endif()
if(MLIR_OPT)
  set(plugin ${MOVED}/${LIBDIR}/MemplPlugin.so)
  check("mempl.copy_start prefetch" ${MLIR_OPT} ${NETWORK}
    --load-dialect-plugin=${plugin} --load-pass-plugin=${plugin}
    "--pass-pipeline=builtin.module(learned-memory-placement{${place}})")
endif()
