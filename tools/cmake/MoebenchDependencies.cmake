# Third-party packages. Debian's packages and torch's wheel are installed by tools/setup.
find_package(fmt REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(GTest REQUIRED)
find_package(benchmark REQUIRED)
find_package(Boost REQUIRED) # headers alone: Boost.Math
find_package(Threads REQUIRED)
include(GoogleTest)

find_path(LIBCSV_INCLUDE_DIR csv.h REQUIRED)
find_library(LIBCSV_LIBRARY csv REQUIRED)
add_library(libcsv INTERFACE)
target_include_directories(libcsv SYSTEM INTERFACE ${LIBCSV_INCLUDE_DIR})
target_link_libraries(libcsv INTERFACE ${LIBCSV_LIBRARY})

find_path(XXHASH_INCLUDE_DIR xxhash.h REQUIRED)
find_library(XXHASH_LIBRARY xxhash REQUIRED)
add_library(libxxhash INTERFACE)
target_include_directories(libxxhash SYSTEM INTERFACE ${XXHASH_INCLUDE_DIR})
target_link_libraries(libxxhash INTERFACE ${XXHASH_LIBRARY})

# Draws the pictures of reports as SVG. Without it that format says how to get it.
find_path(DUKTAPE_INCLUDE_DIR duktape.h)
find_library(DUKTAPE_LIBRARY duktape)
if(DUKTAPE_INCLUDE_DIR AND DUKTAPE_LIBRARY)
  add_library(duktape INTERFACE)
  target_include_directories(duktape SYSTEM INTERFACE ${DUKTAPE_INCLUDE_DIR})
  target_link_libraries(duktape INTERFACE ${DUKTAPE_LIBRARY})
endif()

# Headers alone; they come with the CUDA toolkit. Without them, phases are no NVTX ranges.
find_path(NVTX_INCLUDE_DIR nvtx3/nvToolsExt.h HINTS ENV CUDA_HOME PATHS /usr/local/cuda
          PATH_SUFFIXES include)
if(NVTX_INCLUDE_DIR)
  add_library(nvtx INTERFACE)
  target_include_directories(nvtx SYSTEM INTERFACE ${NVTX_INCLUDE_DIR})
  target_compile_definitions(nvtx INTERFACE MOEBENCH_HAVE_NVTX=1)
endif()

if(MOEBENCH_WITH_MPI)
  find_package(MPI REQUIRED COMPONENTS C)
endif()

if(MOEBENCH_WITH_TORCH AND NOT MOEBENCH_WITH_MPI)
  message(FATAL_ERROR "MOEBENCH_WITH_TORCH needs MOEBENCH_WITH_MPI; switch both on or both off")
endif()

# The version that tools/setup unpacks, which the driver looks for too.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tools/wheels.txt)
file(STRINGS ${PROJECT_SOURCE_DIR}/tools/wheels.txt _pin REGEX "^torch==")
string(REGEX MATCH "^torch==([0-9.]+)" _ "${_pin}")
set(MOEBENCH_TORCH_VERSION ${CMAKE_MATCH_1})

if(MOEBENCH_WITH_TORCH)
  if(NOT MOEBENCH_TORCH_ROOT)
    # tools/setup unpacks the wheels here.
    if(NOT "$ENV{XDG_CACHE_HOME}" STREQUAL "")
      set(_cache $ENV{XDG_CACHE_HOME})
    else()
      set(_cache $ENV{HOME}/.cache)
    endif()
    set(MOEBENCH_TORCH_ROOT ${_cache}/moebench/torch-${MOEBENCH_TORCH_VERSION})
  endif()
  if(NOT EXISTS ${MOEBENCH_TORCH_ROOT}/torch/lib/libtorch_cpu.so)
    message(FATAL_ERROR "libtorch not found in ${MOEBENCH_TORCH_ROOT}; run tools/setup, or set "
                        "MOEBENCH_TORCH_ROOT, or configure with -DMOEBENCH_WITH_TORCH=OFF")
  endif()
  set(_torch ${MOEBENCH_TORCH_ROOT}/torch)
  file(GLOB _nvidia_libs ${MOEBENCH_TORCH_ROOT}/nvidia/*/lib)
  # Our own target: find_package(Torch) of this wheel insists on nvcc even for a C++-only project.
  add_library(libtorch INTERFACE)
  target_include_directories(libtorch SYSTEM INTERFACE
    ${_torch}/include ${_torch}/include/torch/csrc/api/include)
  # Headers of single operations where a header needs one, instead of all of them. The wheel brings an
  # fmt of its own, newer than the system's and without its library: torch sources see that one, and
  # take it from the headers.
  target_compile_definitions(libtorch INTERFACE
    _GLIBCXX_USE_CXX11_ABI=1 AT_PER_OPERATOR_HEADERS=1 FMT_HEADER_ONLY=1)
  target_link_directories(libtorch INTERFACE ${_torch}/lib)
  target_link_libraries(libtorch INTERFACE torch_cpu c10)
  set(_rpath -Wl,-rpath,${_torch}/lib)
  # Programs that are installed find it beside themselves (MOEBENCH_RELOCATABLE).
  set(MOEBENCH_TORCH_RPATH $ORIGIN/../lib/moebench/torch/lib)
  foreach(_dir IN LISTS _nvidia_libs)
    string(APPEND _rpath ",-rpath,${_dir}")
    file(RELATIVE_PATH _relative ${MOEBENCH_TORCH_ROOT} ${_dir})
    list(APPEND MOEBENCH_TORCH_RPATH $ORIGIN/../lib/moebench/${_relative})
    target_link_options(libtorch INTERFACE "-Wl,-rpath-link,${_dir}")
  endforeach()
  # Old-style RPATH also serves libtorch_cpu's own needs (cudart, cupti) and wins over LD_LIBRARY_PATH.
  target_link_options(libtorch INTERFACE
    "$<$<NOT:$<BOOL:$<TARGET_PROPERTY:MOEBENCH_RELOCATABLE>>>:${_rpath}>" -Wl,--disable-new-dtags)
  if(MOEBENCH_WITH_CUDA)
    # Devices, streams and the caching allocator. Operations on GPUs are in libtorch_cuda, which is
    # loaded when a cell asks for a GPU.
    add_library(libtorch_cuda_runtime INTERFACE)
    target_link_libraries(libtorch_cuda_runtime INTERFACE libtorch c10_cuda)
  endif()
endif()
