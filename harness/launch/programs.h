#pragma once

#include <filesystem>
#include <string>

namespace moebench::launch {

// Whether there is an executable file of that path.
bool is_program(const std::filesystem::path& path);

// Whether a folder of PATH has one of that name.
bool is_in_path(const std::string& program);

}  // namespace moebench::launch
