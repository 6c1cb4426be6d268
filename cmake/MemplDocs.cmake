# The references in docs/ that are made from code: `ninja mempl-doc`
# writes them, the test `docs` compares them.

find_package(Python3 REQUIRED COMPONENTS Interpreter)
set(mempl_doc_command ${Python3_EXECUTABLE}
  ${PROJECT_SOURCE_DIR}/docs/generate.py ${MEMPL_MLIR_TBLGEN}
  ${PROJECT_SOURCE_DIR} ${MLIR_INCLUDE_DIRS} $<TARGET_FILE:mempl-solve>)
add_custom_target(mempl-doc COMMAND ${mempl_doc_command} DEPENDS mempl-solve
  VERBATIM)
if(MEMPL_BUILD_TESTS)
  add_test(NAME docs COMMAND ${mempl_doc_command} --check)
  set_tests_properties(docs PROPERTIES LABELS tree)
endif()
