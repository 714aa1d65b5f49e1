#pragma once

#include <string>

#include "harness/launch/launcher.h"

namespace moebench::cli {

// Says how ranks are started, as typed.
struct LauncherOptions {
  std::string name = "auto";
  std::string arguments;  // of mpirun or srun, one text of several words
  std::string hosts;      // a hostfile; empty: what the environment says

  launch::LauncherChoice choice() const {
    launch::LauncherChoice choice = launch::launcher_choice(name, arguments);
    choice.hosts_file = hosts;
    return choice;
  }
};

}  // namespace moebench::cli
