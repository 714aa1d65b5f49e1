# Read by cpack before each kind of package.
if(CPACK_MOEBENCH_NATIVE)
  message(WARNING "This package is for processors like this machine's alone; for others configure "
                  "with -DMOEBENCH_NATIVE=OFF")
endif()
if(CPACK_GENERATOR STREQUAL DEB)
  find_program(DPKG_SHLIBDEPS dpkg-shlibdeps)
  if(NOT DPKG_SHLIBDEPS)
    message(FATAL_ERROR "dpkg-shlibdeps, which finds out what a .deb depends on, is not in PATH; "
                        "apt-get install dpkg-dev, or pack with cpack -G TGZ")
  endif()
endif()
