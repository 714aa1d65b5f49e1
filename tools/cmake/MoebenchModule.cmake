# module(NAME SRCS ... DEPS ... [LIBS ...] [TESTS ...] [RANK_TESTS ...] [BENCHES ...] [TORCH])
#
# One static library moebench_<name> from the sources of this folder.
#   DEPS        modules whose headers this one may include; checked against every #include
#   LIBS        third-party targets
#   TESTS       GoogleTest sources, one program <name>_test, label `unit`
#   RANK_TESTS  sources with their own MPI main; each is run on 1, 2 and 4 ranks, label `ranks`
#   BENCHES     Google Benchmark sources, one program <name>_bench (not run by ctest)
#   TORCH       uses libtorch and its precompiled header
set_property(GLOBAL PROPERTY MOEBENCH_ARROWS "")

function(moebench_torch_pch target)
  target_link_libraries(${target} PUBLIC libtorch)
  if(NOT TARGET moebench_pch)
    file(WRITE ${CMAKE_BINARY_DIR}/pch.cpp "// holds the precompiled header that torch modules share\n")
    add_library(moebench_pch OBJECT ${CMAKE_BINARY_DIR}/pch.cpp)
    target_link_libraries(moebench_pch PUBLIC moebench_options libtorch)
    target_precompile_headers(moebench_pch PRIVATE ${PROJECT_SOURCE_DIR}/tools/cmake/torch_pch.h)
  endif()
  target_precompile_headers(${target} REUSE_FROM moebench_pch)
endfunction()

function(module name)
  cmake_parse_arguments(M "TORCH" "" "SRCS;DEPS;LIBS;TESTS;RANK_TESTS;BENCHES" ${ARGN})
  set(lib moebench_${name})
  file(RELATIVE_PATH folder ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  string(REPLACE ";" "," arrow_deps "${M_DEPS}")
  set_property(GLOBAL APPEND PROPERTY MOEBENCH_ARROWS "${name}|${folder}|${arrow_deps}")
  list(TRANSFORM M_DEPS PREPEND moebench_ OUTPUT_VARIABLE deps)

  add_library(${lib} STATIC ${M_SRCS})
  target_link_libraries(${lib} PUBLIC moebench_options ${deps} ${M_LIBS})
  if(M_TORCH)
    moebench_torch_pch(${lib})
  endif()

  if(M_TESTS)
    add_executable(${name}_test ${M_TESTS})
    target_link_libraries(${name}_test PRIVATE ${lib} GTest::gtest GTest::gmock GTest::gtest_main)
    if(M_TORCH)
      moebench_torch_pch(${name}_test)
    endif()
    gtest_discover_tests(${name}_test TEST_PREFIX "${name}." DISCOVERY_MODE PRE_TEST
                         DISCOVERY_TIMEOUT 60 PROPERTIES LABELS unit TIMEOUT 120)
  endif()

  set(rank_timeout 300)
  if(MOEBENCH_SANITIZE)
    set(rank_timeout 1500)  # instrumented training is several times slower
  endif()
  foreach(source IN LISTS M_RANK_TESTS)
    get_filename_component(test ${source} NAME_WE)
    add_executable(${test} ${source})
    target_link_libraries(${test} PRIVATE ${lib} GTest::gtest)
    if(M_TORCH)
      moebench_torch_pch(${test})
    endif()
    foreach(ranks 1 2 4)
      add_test(NAME ${name}.${test}.${ranks}
               COMMAND ${CMAKE_COMMAND} -E env OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
                       OMP_NUM_THREADS=1 ${MPIEXEC_EXECUTABLE} --oversubscribe
                       --mca btl self,vader --mca oob_tcp_if_include lo --bind-to none
                       -n ${ranks} $<TARGET_FILE:${test}>)
      set_tests_properties(${name}.${test}.${ranks} PROPERTIES LABELS ranks TIMEOUT ${rank_timeout}
                           PROCESSORS 2)
    endforeach()
  endforeach()

  if(M_BENCHES)
    add_executable(${name}_bench ${M_BENCHES})
    target_link_libraries(${name}_bench PRIVATE ${lib} benchmark::benchmark benchmark::benchmark_main)
    if(M_TORCH)
      moebench_torch_pch(${name}_bench)
    endif()
  endif()
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
