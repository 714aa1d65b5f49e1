#include "harness/launch/programs.h"

#include <unistd.h>

#include <sstream>

#include "harness/base/environment_variable.h"

namespace moebench::launch {

bool is_program(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::is_regular_file(path, error) && ::access(path.c_str(), X_OK) == 0;
}

std::filesystem::path program_folder(const std::string& program) {
  std::istringstream folders(environment_variable("PATH").value_or(""));
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (is_program(std::filesystem::path(folder) / program)) return folder;
  }
  return {};
}

bool is_in_path(const std::string& program) { return !program_folder(program).empty(); }

}  // namespace moebench::launch
