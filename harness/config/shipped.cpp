#include "harness/config/shipped.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <iterator>
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

std::string lowered(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

// Words at the end of a Hugging Face name that say what a model was trained for, and when, and not
// what its dimensions are. Other versions than 0.1 are not among them: vocabularies differ.
bool is_variant(const std::string& word) {
  constexpr auto kVariants = std::to_array<std::string_view>(
      {"base", "bf16", "chat", "hf", "instruct", "it", "thinking", "v0.1"});
  const auto is_digit = [](unsigned char c) { return std::isdigit(c) != 0; };
  const bool is_date = word.size() == 4 && std::ranges::all_of(word, is_digit);
  return is_date || std::ranges::count(kVariants, word) > 0;
}

// "" where the last word is no variant.
std::string without_last_variant(const std::string& name) {
  const std::size_t dash = name.rfind('-');
  if (dash == std::string::npos || !is_variant(name.substr(dash + 1))) return "";
  return name.substr(0, dash);
}

// Names that differ in case alone are found as they are written, and not in another case.
std::optional<fs::path> find_in_any_case(const std::string& lower, const fs::path& folder) {
  std::optional<std::string> found;
  for (const std::string& name : names_in(folder, ".json")) {
    if (lowered(name) != lower) continue;
    if (found) return std::nullopt;
    found = name;
  }
  if (!found) return std::nullopt;
  return folder / (*found + ".json");
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
  const std::string own = fs::path(name).filename().string();
  for (const fs::path& folder : folders) {
    // Not replace_extension: a version such as "v0.1" looks like an extension.
    fs::path file = folder / (own + ".json");
    // Also of a name that no file can have, such as one of more than 255 bytes.
    std::error_code error;
    if (fs::is_regular_file(file, error)) return file;
  }
  for (std::string rest = lowered(own); !rest.empty(); rest = without_last_variant(rest)) {
    for (const fs::path& folder : folders) {
      if (auto file = find_in_any_case(rest, folder)) return file;
    }
  }
  return std::nullopt;
}

std::string model_suggestion(const std::string& name, const std::vector<fs::path>& folders) {
  const std::string own = fs::path(name).filename().string();
  std::vector<std::string> known = models_in(folders), longer;
  std::ranges::copy_if(known, std::back_inserter(longer), [&](const std::string& other) {
    return !own.empty() && lowered(other).starts_with(lowered(own));
  });
  if (longer.empty()) return suggestion(own, known);
  for (std::string& other : longer) other = "'" + other + "'";
  return "did you mean " + join_alternatives(longer) + "?";
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
