#include "harness/config/shipped.h"

#include <algorithm>
#include <set>

#include "harness/base/error.h"
#include "harness/base/suite_files.h"
#include "harness/base/words.h"

namespace moebench::config {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kExtension = ".yaml";  // of scenario files

// Names without the extension of the files that have it.
std::set<std::string> names_in(const fs::path& folder, std::string_view extension) {
  std::set<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() == extension) names.insert(entry.path().stem().string());
  }
  return names;
}

}  // namespace

std::vector<fs::path> shipped_model_folders() {
  const auto shipped = suite_folder("scenarios");
  if (!shipped) return {};
  return {*shipped / "models"};
}

std::vector<fs::path> model_folders(const fs::path& folder) {
  std::vector<fs::path> folders = shipped_model_folders();
  folders.insert(folders.begin(), folder / "models");
  return folders;
}

std::optional<fs::path> find_model(const std::string& name, const std::vector<fs::path>& folders) {
  for (const fs::path& folder : folders) {
    // Not replace_extension: a version such as "v0.1" looks like an extension.
    fs::path file = folder / (fs::path(name).filename().string() + ".json");
    // Also of a name that no file can have, such as one of more than 255 bytes.
    std::error_code error;
    if (fs::is_regular_file(file, error)) return file;
  }
  return std::nullopt;
}

std::vector<std::string> models_in(const std::vector<fs::path>& folders) {
  std::set<std::string> names;
  for (const fs::path& folder : folders) names.merge(names_in(folder, ".json"));
  return {names.begin(), names.end()};
}

std::vector<std::string> shipped_scenarios() {
  const auto folder = suite_folder("scenarios");
  if (!folder) return {};
  const std::set<std::string> names = names_in(*folder, kExtension);
  return {names.begin(), names.end()};
}

fs::path find_scenario(const std::string& word) {
  std::error_code error;
  const fs::file_status status = fs::status(word, error);
  const bool is_there = fs::exists(status);
  if ((is_there && !fs::is_directory(status)) || word.find('/') != std::string::npos) return word;
  const std::vector<std::string> names = shipped_scenarios();
  const std::string name = word.ends_with(kExtension) ? fs::path(word).stem().string() : word;
  if (std::ranges::count(names, name) > 0) {
    return *suite_folder("scenarios") / (name + std::string(kExtension));
  }
  // Whoever reads it says what is wrong with it.
  if (is_there || name != word || names.empty()) return word;
  throw Error("cannot read '{}': no such file here, and no shipped scenario of that name; {}",
              shortened(word), suggestion(name, names));
}

}  // namespace moebench::config
