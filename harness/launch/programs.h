#pragma once

#include <filesystem>
#include <string>

namespace moebench::launch {

// Whether there is an executable file of that path.
bool is_program(const std::filesystem::path& path);

// The folder of PATH that has one of that name; empty where none has.
std::filesystem::path program_folder(const std::string& program);
bool is_in_path(const std::string& program);

}  // namespace moebench::launch
