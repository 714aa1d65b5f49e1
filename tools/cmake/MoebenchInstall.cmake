# What `cmake --install` and CPack put where. Included last, when all targets are there.
#
#   bin/                                 the programs
#   lib/moebench/                        libtorch (torch/, nvidia/), where somebody puts it; not ours
#   share/moebench/{scenarios,tools}/    what the programs find by harness/base/suite_files.h
#   share/man/man1, share/*completion*   made by the program from its own options
#
# A build folder has the same beside its bin/, as links.
include(GNUInstallDirs)

set(_suite share/moebench)
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/${_suite} ${CMAKE_BINARY_DIR}/lib)
foreach(_folder scenarios tools)
  file(RELATIVE_PATH _target ${CMAKE_BINARY_DIR}/${_suite} ${PROJECT_SOURCE_DIR}/${_folder})
  file(CREATE_LINK ${_target} ${CMAKE_BINARY_DIR}/${_suite}/${_folder} SYMBOLIC)
endforeach()
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
file(RELATIVE_PATH _target ${CMAKE_BINARY_DIR}/bin ${PROJECT_SOURCE_DIR}/tools/testhosts)
file(CREATE_LINK ${_target} ${CMAKE_BINARY_DIR}/bin/moebench-testhosts SYMBOLIC)
if(MOEBENCH_WITH_TORCH)
  file(CREATE_LINK ${MOEBENCH_TORCH_ROOT} ${CMAKE_BINARY_DIR}/lib/moebench SYMBOLIC)
endif()

# What debuggers need is nine tenths of the programs, and names the folders of whoever built them.
install(CODE "set(CMAKE_INSTALL_DO_STRIP TRUE)")
install(TARGETS moebench RUNTIME)
if(MOEBENCH_WITH_TORCH)
  install(TARGETS moebench-rank RUNTIME)
endif()
install(PROGRAMS tools/testhosts DESTINATION ${CMAKE_INSTALL_BINDIR} RENAME moebench-testhosts)
install(DIRECTORY scenarios DESTINATION ${_suite} USE_SOURCE_PERMISSIONS)
install(PROGRAMS tools/setup DESTINATION ${_suite}/tools)
install(FILES tools/wheels.txt tools/wheels-cuda.txt DESTINATION ${_suite}/tools)
install(DIRECTORY tools/trainers DESTINATION ${_suite}/tools USE_SOURCE_PERMISSIONS
        PATTERN CMakeLists.txt EXCLUDE PATTERN "test_*" EXCLUDE PATTERN __pycache__ EXCLUDE)
install(FILES README.md TYPE DOC)
install(CODE "set(MOEBENCH_PROGRAM \"$<TARGET_FILE:moebench>\")")
install(SCRIPT tools/cmake/install_documents.cmake)

set(CPACK_PACKAGE_NAME moebench)
set(CPACK_PACKAGE_CONTACT "the developers of moebench")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY
    "Compares ways to train mixture-of-experts models: memory, time, tokens per second")
set(CPACK_GENERATOR TGZ DEB)
set(CPACK_PROJECT_CONFIG_FILE ${CMAKE_CURRENT_LIST_DIR}/cpack_config.cmake)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
# Beside what dpkg-shlibdeps finds: mpirun, and the text that the quickstart trains on.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "openmpi-bin, fortunes")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "python3-pip, unzip")  # tools/setup --torch
if(MOEBENCH_WITH_TORCH)
  file(GLOB CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS
       ${MOEBENCH_TORCH_ROOT}/torch/lib ${MOEBENCH_TORCH_ROOT}/nvidia/*/lib)
endif()
set(CPACK_MOEBENCH_NATIVE ${MOEBENCH_NATIVE})
include(CPack)
