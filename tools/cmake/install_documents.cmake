# Manual pages and completions, which MOEBENCH_PROGRAM, the program in the build folder, prints.
set(_share $ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/share)
# Debian's zsh looks for those of packages elsewhere.
set(_zsh site-functions)
if(CMAKE_INSTALL_PREFIX STREQUAL /usr)
  set(_zsh vendor-completions)
endif()

function(install_completion shell file)
  get_filename_component(folder ${file} DIRECTORY)
  file(MAKE_DIRECTORY ${folder})
  execute_process(COMMAND ${MOEBENCH_PROGRAM} completion ${shell} OUTPUT_FILE ${file}
                  COMMAND_ERROR_IS_FATAL ANY)
  message(STATUS "Installing: ${file}")
endfunction()
install_completion(bash ${_share}/bash-completion/completions/moebench)
install_completion(zsh ${_share}/zsh/${_zsh}/_moebench)
install_completion(fish ${_share}/fish/vendor_completions.d/moebench.fish)

message(STATUS "Installing: ${_share}/man/man1")
file(MAKE_DIRECTORY ${_share}/man/man1)
execute_process(COMMAND ${MOEBENCH_PROGRAM} man --out ${_share}/man/man1
                COMMAND_ERROR_IS_FATAL ANY)
