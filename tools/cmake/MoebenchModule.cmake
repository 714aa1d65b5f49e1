# module(NAME SRCS ... DEPS ... [LIBS ...] [TESTS ...] [RANK_TESTS ...] [BENCHES ...] [TORCH])
#
# One static library moebench_<name> from the sources of this folder.
#   DEPS        modules whose headers this one may include; checked against every #include
#   LIBS        third-party targets
#   TESTS       GoogleTest sources, one program <name>_test, label `unit`
#   RANK_TESTS  GoogleTest sources, a program each, label `ranks`; its main() and its ranks come from
#               harness/testing/ranks. Each runs on 1, 2 and 4 ranks, under
#               sanitizers on 2; `source:1,3/2,4` says on 1 and 3, under sanitizers on 2 and 4
#   BENCHES     Google Benchmark sources, one program <name>_bench (target `benchmarks`, not run by
#               ctest)
#   TORCH       uses libtorch and its precompiled header
#   ALONE       each source, each test's as well, is a translation unit of its own, whatever
#               MOEBENCH_UNITY says
#
# Targets that gather others: `programs` (moebench and moebench-rank), `all` (those and the tests),
# `benchmarks`, and `headers`, which compiles every header by itself.
set_property(GLOBAL PROPERTY MOEBENCH_ARROWS "")
add_custom_target(programs)
add_custom_target(benchmarks)
add_custom_target(headers)

# Sets `out` to sources <name>_0.cpp and so on that include those of this folder six at a time: half of
# what a source costs is what it includes, and others have included it before. So few that a change of
# one of them is compiled in seconds. Names in anonymous namespaces are then unique among a module's
# sources, and among its tests. A source with definitions of its own, which must be set before, stays by
# itself. CMake's own UNITY_BUILD would write the names of folders, which end in programs and keep ccache
# from knowing another checkout's.
function(moebench_together out name)
  if(NOT MOEBENCH_UNITY)
    set(${out} ${ARGN} PARENT_SCOPE)
    return()
  endif()
  file(RELATIVE_PATH folder ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  set(sources)
  set(number 0)
  foreach(source IN LISTS ARGN)
    get_source_file_property(definitions ${source} COMPILE_DEFINITIONS)
    if(definitions OR IS_ABSOLUTE ${source} OR source MATCHES "^[$]<")
      list(APPEND sources ${source})
      continue()
    endif()
    math(EXPR file "${number} / 6")
    string(APPEND lines_${file} "#include \"${folder}/${source}\"\n")
    math(EXPR number "${number} + 1")
  endforeach()
  if(number EQUAL 0)
    set(${out} ${sources} PARENT_SCOPE)
    return()
  endif()
  foreach(at RANGE ${file})
    set(together ${CMAKE_CURRENT_BINARY_DIR}/${name}_${at}.cpp)
    file(CONFIGURE OUTPUT ${together} CONTENT "${lines_${at}}" @ONLY)
    list(APPEND sources ${together})
  endforeach()
  set(${out} ${sources} PARENT_SCOPE)
endfunction()

# Uses a precompiled header of tools/cmake, made once for all targets of one kind. Tests are compiled
# without optimisation: half of what a test costs is its compilation, and what it runs is the library.
function(moebench_precompiled target)
  cmake_parse_arguments(P "TORCH;TEST" "" "" ${ARGN})
  set(header pch)
  # libtorch's messages name its headers, whose folder is a home's; programs are for others, too.
  set(torch_places -fmacro-prefix-map=${MOEBENCH_TORCH_ROOT}/=)
  if(P_TEST)
    set(header test_${header})
    # Without optimisation g++ 12 takes empty objects that are passed by value for uninitialised.
    target_compile_options(${target} PRIVATE -O0 -Wno-maybe-uninitialized)
  endif()
  if(P_TORCH)
    set(header torch_${header})
    target_link_libraries(${target} PUBLIC libtorch)
    if(NOT P_TEST)
      target_compile_options(${target} PRIVATE ${torch_places})
    endif()
  endif()
  if(NOT TARGET moebench_${header})
    set(source ${CMAKE_BINARY_DIR}/${header}.cpp)
    file(WRITE ${source} "// holds a precompiled header that many targets share\n")
    add_library(moebench_${header} OBJECT EXCLUDE_FROM_ALL ${source})
    target_link_libraries(moebench_${header} PUBLIC moebench_options fmt::fmt)
    if(P_TORCH)
      target_link_libraries(moebench_${header} PUBLIC libtorch)
      if(NOT P_TEST)
        target_compile_options(moebench_${header} PRIVATE ${torch_places})
      endif()
    endif()
    if(P_TEST)
      target_link_libraries(moebench_${header} PUBLIC GTest::gmock)
      target_compile_options(moebench_${header} PRIVATE -O0 -Wno-maybe-uninitialized)
    endif()
    target_precompile_headers(moebench_${header} PRIVATE <tools/cmake/${header}.h>)
  endif()
  target_precompile_headers(${target} REUSE_FROM moebench_${header})
endfunction()

# One GoogleTest program. discover_tests() makes a test of each TEST; with TORCH one of the whole
# program, since starting libtorch takes longer than most tests.
function(moebench_test test)
  cmake_parse_arguments(T "TORCH" "PREFIX" "SRCS;LIBS;PROPERTIES" ${ARGN})
  add_executable(${test} ${T_SRCS})
  target_link_libraries(${test} PRIVATE ${T_LIBS} GTest::gtest GTest::gmock GTest::gtest_main)
  if(T_TORCH)
    moebench_precompiled(${test} TORCH TEST)
    add_test(NAME ${T_PREFIX}.${test} COMMAND ${test})
    set_tests_properties(${T_PREFIX}.${test} PROPERTIES ${T_PROPERTIES})
  else()
    moebench_precompiled(${test} TEST)
    gtest_discover_tests(${test} TEST_PREFIX "${T_PREFIX}." DISCOVERY_MODE PRE_TEST
                         DISCOVERY_TIMEOUT 60 PROPERTIES ${T_PROPERTIES})
  endif()
endfunction()

function(moebench_bench bench)
  add_executable(${bench} EXCLUDE_FROM_ALL ${ARGN})
  target_link_libraries(${bench} PRIVATE benchmark::benchmark benchmark::benchmark_main)
  add_dependencies(benchmarks ${bench})
endfunction()

# The rank test `entry`, a source with the numbers of ranks that it runs on, as module() describes.
function(moebench_rank_test module entry torch)
  string(REGEX MATCH "^([^:/]+)(:([0-9,]+))?(/([0-9,]+))?$" _ ${entry})
  set(source ${CMAKE_MATCH_1})
  set(counts 1,2,4)
  set(timeout 600)
  if(CMAKE_MATCH_3)
    set(counts ${CMAKE_MATCH_3})
  endif()
  if(MOEBENCH_SANITIZE)
    set(counts 2)
    set(timeout 1500)  # instrumented training is several times slower
    if(CMAKE_MATCH_5)
      set(counts ${CMAKE_MATCH_5})
    endif()
  endif()
  string(REPLACE "," ";" counts ${counts})

  get_filename_component(test ${source} NAME_WE)
  add_executable(${test} ${source})
  target_link_libraries(${test} PRIVATE moebench_${module} moebench_testing moebench_testing_ranks
                        GTest::gtest GTest::gmock)
  moebench_precompiled(${test} TEST ${torch})
  foreach(ranks IN LISTS counts)
    add_test(NAME ${module}.${test}.${ranks}
             COMMAND ${CMAKE_COMMAND} -E env OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
                     OMP_NUM_THREADS=1 ${MPIEXEC_EXECUTABLE} --oversubscribe
                     --mca btl self,vader --mca oob_tcp_if_include lo --bind-to none
                     -n ${ranks} $<TARGET_FILE:${test}>)
    set_tests_properties(${module}.${test}.${ranks} PROPERTIES LABELS ranks TIMEOUT ${timeout}
                         PROCESSORS 2)
  endforeach()
endfunction()

# Each header of this folder by itself: what it needs it must include. Without a precompiled one, but
# where parsing libtorch would cost each of them seconds. The preset `cuda` sees them all.
function(moebench_headers name lib torch)
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} *.h)
  set(sources)
  foreach(header IN LISTS headers)
    get_filename_component(folder ${header} DIRECTORY)
    if(folder AND EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/CMakeLists.txt)
      continue()  # another module's
    endif()
    set(source ${CMAKE_CURRENT_BINARY_DIR}/headers/${header}.cpp)
    file(GENERATE OUTPUT ${source}
         CONTENT "#include \"${CMAKE_CURRENT_SOURCE_DIR}/${header}\"\n")
    list(APPEND sources ${source})
  endforeach()
  if(sources)
    add_library(${name}_headers OBJECT EXCLUDE_FROM_ALL ${sources})
    target_link_libraries(${name}_headers PRIVATE ${lib})
    if(torch)
      moebench_precompiled(${name}_headers TORCH)
    else()
      target_compile_options(${name}_headers PRIVATE -O0 -g0)
    endif()
    if(TARGET ${name}_test)  # whose helpers take what it defines
      target_compile_definitions(${name}_headers PRIVATE
        $<TARGET_PROPERTY:${name}_test,COMPILE_DEFINITIONS>)
    endif()
    add_dependencies(headers ${name}_headers)
  endif()
endfunction()

function(module name)
  cmake_parse_arguments(M "TORCH;ALONE" "" "SRCS;DEPS;LIBS;TESTS;RANK_TESTS;BENCHES" ${ARGN})
  set(lib moebench_${name})
  file(RELATIVE_PATH folder ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  string(REPLACE ";" "," arrow_deps "${M_DEPS}")
  set_property(GLOBAL APPEND PROPERTY MOEBENCH_ARROWS "${name}|${folder}|${arrow_deps}")
  list(TRANSFORM M_DEPS PREPEND moebench_ OUTPUT_VARIABLE deps)
  set(torch)
  if(M_TORCH)
    set(torch TORCH)
  endif()

  set(sources ${M_SRCS})
  set(tests ${M_TESTS})
  if(NOT M_ALONE)
    moebench_together(sources together ${M_SRCS})
    moebench_together(tests tests_together ${M_TESTS})
  endif()
  add_library(${lib} STATIC ${sources})
  target_link_libraries(${lib} PUBLIC moebench_options ${deps} ${M_LIBS})
  moebench_precompiled(${lib} ${torch})

  if(M_TESTS)
    moebench_test(${name}_test ${torch} PREFIX ${name} SRCS ${tests} LIBS ${lib}
                  PROPERTIES LABELS unit TIMEOUT 120)
  endif()
  foreach(entry IN LISTS M_RANK_TESTS)
    moebench_rank_test(${name} ${entry} "${torch}")
  endforeach()
  moebench_headers(${name} ${lib} "${torch}")
  if(M_BENCHES)
    moebench_bench(${name}_bench ${M_BENCHES})
    target_link_libraries(${name}_bench PRIVATE ${lib})
    moebench_precompiled(${name}_bench ${torch})
  endif()
endfunction()

# A stand-in for a library that `test` loads in its place, of <name>.cpp, and another as an old release
# of it would be, compiled with MOEBENCH_<NAME>_OLD. The test finds their files as MOEBENCH_<NAME> and
# MOEBENCH_<NAME>_OLD.
function(fake_library name test)
  string(TOUPPER MOEBENCH_${name} macro)
  foreach(fake ${name} ${name}_old)
    add_library(${fake} MODULE ${name}.cpp)
    target_link_libraries(${fake} PRIVATE moebench_options)
    add_dependencies(${test} ${fake})
  endforeach()
  target_compile_definitions(${name}_old PRIVATE ${macro}_OLD=1)
  target_compile_definitions(${test} PRIVATE
    ${macro}="$<TARGET_FILE:${name}>"
    ${macro}_OLD="$<TARGET_FILE:${name}_old>")
endfunction()

# A test that fails where a source includes a header of a module it does not declare in DEPS.
function(check_include_arrows)
  get_property(arrows GLOBAL PROPERTY MOEBENCH_ARROWS)
  string(REPLACE ";" "\n" lines "${arrows}")
  file(WRITE ${CMAKE_BINARY_DIR}/arrows.txt "${lines}\n")
  add_test(NAME structure.include_arrows
           COMMAND ${CMAKE_COMMAND} -DROOT=${PROJECT_SOURCE_DIR} -DARROWS=${CMAKE_BINARY_DIR}/arrows.txt
                   -P ${PROJECT_SOURCE_DIR}/tools/cmake/check_includes.cmake)
  set_tests_properties(structure.include_arrows PROPERTIES LABELS unit)
endfunction()
