#pragma once

#include <filesystem>
#include <string>

// What comes with the program (harness/base/suite_files.h), by name.
namespace moebench::cli {

// The path of the config.json that the user's word means: a file, a folder that holds one, or a
// shipped model's name. Error with a suggestion otherwise.
std::filesystem::path find_model_config(const std::string& word);

// The figures that others have published. Error where they are not shipped with this program.
std::filesystem::path shipped_figures();

}  // namespace moebench::cli
