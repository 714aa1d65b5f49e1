# Language level, output folders, warnings and sanitizers: one INTERFACE target that every module links.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
# Only libtorch lies outside the system's folders, and brings its own rpath.
set(CMAKE_SKIP_RPATH ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1")

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  # pch_defines and time_macros let ccache hit with precompiled headers; relative paths let checkouts
  # and presets hit what another one compiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE_PROGRAM})
endif()

add_library(moebench_options INTERFACE)
target_include_directories(moebench_options INTERFACE ${PROJECT_SOURCE_DIR})
# nvcc takes none of these; MoebenchCuda.cmake has what CUDA sources are compiled with.
function(host_options)
  foreach(option IN LISTS ARGN)
    target_compile_options(moebench_options INTERFACE $<$<COMPILE_LANGUAGE:C,CXX>:${option}>)
  endforeach()
endfunction()
host_options(-Wall -Wextra -Wshadow -Wnon-virtual-dtor)
if(NOT CCACHE_PROGRAM)
  # ccache hands over relative paths. Programs shall name no folder of whoever built them.
  host_options(-fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=)
endif()
if(MOEBENCH_WERROR)
  host_options(-Werror)
endif()
if(MOEBENCH_SANITIZE)
  host_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined
               -fno-omit-frame-pointer
               # g++ 12 warns falsely inside fmt when sanitizers are on.
               -Wno-stringop-overflow)
  target_link_options(moebench_options INTERFACE -fsanitize=address,undefined)
endif()

# Hot loops: full optimisation in every build type, for this machine where MOEBENCH_NATIVE is on.
function(native_code target)
  target_compile_options(${target} PRIVATE -O3)
  # What is compiled otherwise cannot take the shared precompiled headers.
  set_target_properties(${target} PROPERTIES DISABLE_PRECOMPILE_HEADERS ON)
  if(MOEBENCH_NATIVE)
    target_compile_options(${target} PRIVATE -march=native -mprefer-vector-width=512)
  endif()
endfunction()
