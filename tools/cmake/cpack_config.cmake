# Read by cpack before it packs.
if(CPACK_MOEBENCH_NATIVE)
  message(WARNING "This package is for processors like this machine's alone; for others configure "
                  "with -DMOEBENCH_NATIVE=OFF")
endif()
