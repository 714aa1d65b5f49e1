#pragma once

#include <filesystem>
#include <vector>

namespace moebench::cli {

// Where a file or folder of the source tree may be: seen from the working directory, then from the
// program's build folder upwards.
std::vector<std::filesystem::path> tree_places(const std::filesystem::path& relative);

}  // namespace moebench::cli
