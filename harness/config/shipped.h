#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

// Models and scenario files that come with the suite (suite_files.h), by name.
namespace moebench::config {

// Folders of <name>.json, in the order in which a model's name is looked up: `models` in `folder`,
// then what the suite ships. Either may not exist.
std::vector<std::filesystem::path> model_folders(const std::filesystem::path& folder);

// What the suite ships alone: one folder, or none.
std::vector<std::filesystem::path> shipped_model_folders();

// The file that a name or a Hugging Face id means. An organisation before a slash is left out:
// "mistralai/X" is X.json of the first folder that has it. Where none has, case does not count, and
// words at the end of it that say nothing of dimensions ("-Instruct-2507") are left out from the
// last one on until a folder has what is left.
std::optional<std::filesystem::path> find_model(const std::string& name,
                                                const std::vector<std::filesystem::path>& folders);

// Names of all models there, sorted, each once.
std::vector<std::string> models_in(const std::vector<std::filesystem::path>& folders);

// The end of a message about a model that is not there: those whose names begin like it, or
// suggestion() of words.h.
std::string model_suggestion(const std::string& name,
                             const std::vector<std::filesystem::path>& folders);

// Names of the shipped scenario files, "quickstart" of quickstart.yaml, sorted.
std::vector<std::string> shipped_scenarios();

// The scenario file that a user's word means: one of that path, else a shipped one of that name,
// with or without .yaml. Error with a suggestion where a name without it is neither; another path
// is returned as it is.
std::filesystem::path find_scenario(const std::string& word);

}  // namespace moebench::config
