# Writes the header of build facts; leaves it untouched where nothing changed, so that nothing is
# rebuilt. Run at build time, because a commit needs no new configuration.
# Usage: cmake -DHEADER=... -DSOURCE=<source tree> -DVERSION=... -DCOMPILER=... -DBUILD_TYPE=...
#              -P write_build_info.cmake
set(sha unknown)
set(dirty unknown)
find_program(GIT git)
if(GIT)
  execute_process(COMMAND ${GIT} rev-parse --verify --short=12 HEAD WORKING_DIRECTORY ${SOURCE}
                  OUTPUT_VARIABLE output RESULT_VARIABLE result ERROR_QUIET
                  OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(result EQUAL 0)
    set(sha ${output})
  endif()
  execute_process(COMMAND ${GIT} status --porcelain WORKING_DIRECTORY ${SOURCE}
                  OUTPUT_VARIABLE output RESULT_VARIABLE result ERROR_QUIET)
  if(result EQUAL 0)
    set(dirty false)
    if(NOT output STREQUAL "")
      set(dirty true)
    endif()
  endif()
endif()

file(WRITE ${HEADER}.new "#pragma once

namespace moebench::machine {

inline constexpr const char* kBuildVersion = \"${VERSION}\";
inline constexpr const char* kBuildGitSha = \"${sha}\";
inline constexpr const char* kBuildGitDirty = \"${dirty}\";
inline constexpr const char* kBuildCompiler = \"${COMPILER}\";
inline constexpr const char* kBuildType = \"${BUILD_TYPE}\";

}  // namespace moebench::machine
")
execute_process(COMMAND ${CMAKE_COMMAND} -E copy_if_different ${HEADER}.new ${HEADER})
file(REMOVE ${HEADER}.new)
