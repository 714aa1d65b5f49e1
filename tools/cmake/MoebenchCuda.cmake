# nvcc, the CUDA runtime, and cuda_kernels(). Included where MOEBENCH_WITH_CUDA is ON.
if(NOT CMAKE_CUDA_COMPILER AND "$ENV{CUDACXX}" STREQUAL "")
  find_program(MOEBENCH_NVCC nvcc HINTS ENV CUDA_HOME ENV CUDA_PATH PATHS /usr/local/cuda
               PATH_SUFFIXES bin)
  if(NOT MOEBENCH_NVCC)
    message(FATAL_ERROR
      "MOEBENCH_WITH_CUDA needs nvcc, and there is none on PATH, in CUDA_HOME or in /usr/local/cuda; "
      "install NVIDIA's CUDA toolkit 13 (packages cuda-nvcc-13-0 and cuda-cudart-dev-13-0 of its "
      "repository), or set CUDACXX to an nvcc elsewhere, or configure with -DMOEBENCH_WITH_CUDA=OFF")
  endif()
  set(CMAKE_CUDA_COMPILER ${MOEBENCH_NVCC})
endif()
if(NOT CMAKE_CUDA_HOST_COMPILER)
  set(CMAKE_CUDA_HOST_COMPILER ${CMAKE_CXX_COMPILER})
endif()
if(NOT CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES 80-real 90)
endif()
enable_language(CUDA)
if(CMAKE_CUDA_COMPILER_VERSION VERSION_LESS 13)
  message(FATAL_ERROR "${CMAKE_CUDA_COMPILER} is release ${CMAKE_CUDA_COMPILER_VERSION}; "
                      "moebench needs CUDA 13.0 or newer: set CUDACXX to its nvcc")
endif()
# CMake 3.25 does not know that nvcc speaks C++20; later ones do.
foreach(kind STANDARD EXTENSION)
  if(NOT CMAKE_CUDA20_${kind}_COMPILE_OPTION)
    set(CMAKE_CUDA20_${kind}_COMPILE_OPTION -std=c++20)
  endif()
endforeach()
set(CMAKE_CUDA_STANDARD 20)
find_package(CUDAToolkit REQUIRED)
find_path(NCCL_INCLUDE_DIR nccl.h HINTS ENV CUDA_HOME ${CUDAToolkit_INCLUDE_DIRS} REQUIRED)
set(CMAKE_CUDA_FLAGS_RELWITHDEBINFO "-O3 -lineinfo -DNDEBUG")

# That the rank tests <name>.1, .2 and .4 are for a GPU, which they share. They end with code 77 where
# there is none.
function(needs_gpu name)
  foreach(ranks 1 2 4)
    set_tests_properties(${name}.${ranks} PROPERTIES LABELS gpu RESOURCE_LOCK gpu
                         SKIP_RETURN_CODE 77)
  endforeach()
endfunction()

# cuda_kernels(NAME SRCS ... [TESTS ...] [BENCHES ...])
#
# One static library moebench_<name>_cuda beside moebench_<name>, linked by g++ and with the static
# CUDA runtime: programs start where there is neither a driver nor a toolkit.
#   TESTS    GoogleTest sources, one program <name>_gpu_test, label `gpu`; compiled with
#            MOEBENCH_ON_DEVICE, and skipped where there is no device
#   BENCHES  Google Benchmark sources, one program <name>_gpu_bench (not run by ctest)
function(cuda_kernels name)
  cmake_parse_arguments(M "" "" "SRCS;TESTS;BENCHES" ${ARGN})
  set(lib moebench_${name}_cuda)
  add_library(${lib} STATIC ${M_SRCS})
  # What headers offer as constexpr, such as bfloat16.h, may be called on the device too.
  set(flags --expt-relaxed-constexpr -Xcompiler=-Wall,-Wextra
            -Xcompiler=-fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=)
  if(MOEBENCH_WERROR)
    list(APPEND flags --Werror=all-warnings -Xcompiler=-Werror)
  endif()
  target_compile_options(${lib} PRIVATE "$<$<COMPILE_LANGUAGE:CUDA>:${flags}>")
  target_link_libraries(${lib} PUBLIC moebench_${name} CUDA::cudart_static)

  add_executable(${name}_gpu_test ${M_TESTS})
  target_compile_definitions(${name}_gpu_test PRIVATE MOEBENCH_ON_DEVICE=1)
  target_link_libraries(${name}_gpu_test PRIVATE ${lib} GTest::gtest GTest::gmock GTest::gtest_main)
  gtest_discover_tests(${name}_gpu_test TEST_PREFIX "${name}_gpu." DISCOVERY_MODE PRE_TEST
                       DISCOVERY_TIMEOUT 60 PROPERTIES LABELS gpu TIMEOUT 120 RESOURCE_LOCK gpu)

  if(M_BENCHES)
    add_executable(${name}_gpu_bench ${M_BENCHES})
    target_link_libraries(${name}_gpu_bench PRIVATE ${lib} benchmark::benchmark
                          benchmark::benchmark_main)
  endif()
endfunction()
