#include "harness/checkpoint/folder.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "harness/base/error.h"

namespace moebench::checkpoint {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "step_";
constexpr std::string_view kTemporary = ".tmp";

std::optional<std::int64_t> step_of(const std::string& name) {
  if (!name.starts_with(kPrefix)) return std::nullopt;
  std::int64_t step = 0;
  const char* const end = name.data() + name.size();
  const auto [rest, error] = std::from_chars(name.data() + kPrefix.size(), end, step);
  if (error != std::errc() || rest != end || step < 1) return std::nullopt;
  return step;
}

std::vector<fs::path> folders_in(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error, ignored;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (it->is_directory(ignored)) found.push_back(it->path());
  }
  return found;
}

}  // namespace

fs::path step_folder(const fs::path& folder, std::int64_t step) {
  return folder / fmt::format("{}{}", kPrefix, step);
}

fs::path temporary_folder(const fs::path& folder, std::int64_t step) {
  return step_folder(folder, step) += kTemporary;
}

std::vector<std::int64_t> saved_steps(const fs::path& folder) {
  std::vector<std::int64_t> steps;
  for (const fs::path& entry : folders_in(folder)) {
    if (const auto step = step_of(entry.filename().string())) steps.push_back(*step);
  }
  std::ranges::sort(steps);
  return steps;
}

std::vector<fs::path> unfinished_saves(const fs::path& folder) {
  std::vector<fs::path> saves = folders_in(folder);
  std::erase_if(saves, [](const fs::path& entry) {
    return entry.extension() != kTemporary || !step_of(entry.stem().string());
  });
  return saves;
}

fs::path find_checkpoint(const fs::path& path) {
  std::error_code ignored;
  const bool is_step = step_of(path.filename().string()) && fs::is_directory(path, ignored);
  if (is_step || fs::exists(path / kManifestName, ignored)) return path;
  const auto steps = saved_steps(path);
  if (!steps.empty()) return step_folder(path, steps.back());
  throw Error(
      "no checkpoint in '{}'; let resume_from name a folder step_<k> that holds {}, or the "
      "folder around it",
      path.string(), kManifestName);
}

std::string remedy_for(const fs::path& checkpoint) {
  const auto step = step_of(checkpoint.filename().string());
  const auto steps = step ? saved_steps(checkpoint.parent_path()) : std::vector<std::int64_t>();
  const auto here = step ? std::ranges::lower_bound(steps, *step) : steps.begin();
  if (here == steps.begin()) return "copy the checkpoint again, or resume from another one";
  return fmt::format("copy the checkpoint again, or resume from '{}'",
                     step_folder(checkpoint.parent_path(), *(here - 1)).string());
}

}  // namespace moebench::checkpoint
