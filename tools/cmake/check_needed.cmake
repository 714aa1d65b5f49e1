cmake_minimum_required(VERSION 3.25)

# That a program is linked to none of some shared libraries: where they are missing it must start.
# Usage: cmake -DPROGRAM=<file> "-DFORBIDDEN=<regular expression>" -P check_needed.cmake
find_program(READELF readelf REQUIRED)
execute_process(COMMAND ${READELF} -d ${PROGRAM} OUTPUT_VARIABLE dynamic COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "\\(NEEDED\\)[^\n]*\\[[^]]*\\]" needed "${dynamic}")
list(LENGTH needed count)
if(count EQUAL 0)
  message(FATAL_ERROR "${PROGRAM}: no shared libraries found; is it a dynamic executable?")
endif()
foreach(entry IN LISTS needed)
  if(entry MATCHES "\\[(${FORBIDDEN})")
    message(SEND_ERROR "${PROGRAM} is linked to ${entry}")
  endif()
endforeach()
message(STATUS "${PROGRAM}: ${count} shared libraries, none of them ${FORBIDDEN}")
