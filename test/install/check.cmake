# check(PATTERN command ...) runs a command and compares its output, errors
# included, with a regular expression; check_fails(PATTERN command ...) does so
# for one that has to fail.
function(run_and_match fails pattern)
  execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE output ERROR_VARIABLE output
    RESULT_VARIABLE code)
  list(JOIN ARGN " " command)
  message(STATUS "${command}\n${output}")
  if(fails AND code EQUAL 0)
    message(FATAL_ERROR "expected a failure")
  elseif(NOT fails AND NOT code EQUAL 0)
    message(FATAL_ERROR "failed: ${code}")
  elseif(NOT output MATCHES "${pattern}")
    message(FATAL_ERROR "expected ${pattern}")
  endif()
endfunction()
macro(check)
  run_and_match(FALSE ${ARGN})
endmacro()
macro(check_fails)
  run_and_match(TRUE ${ARGN})
endmacro()
