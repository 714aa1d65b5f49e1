#pragma once

#include <string>

#include "harness/launch/launcher.h"

namespace moebench::cli {

// Says how ranks are started, as typed.
struct LauncherOptions {
  std::string name = "auto";
  std::string arguments;  // of mpirun or srun, one text of several words

  launch::LauncherChoice choice() const { return launch::launcher_choice(name, arguments); }
};

}  // namespace moebench::cli
