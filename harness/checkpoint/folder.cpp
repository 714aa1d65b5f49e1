#include "harness/checkpoint/folder.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>

#include "harness/base/error.h"
#include "harness/base/parse.h"

namespace moebench::checkpoint {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "step_";
constexpr std::string_view kTemporary = ".tmp";
constexpr std::string_view kLockPrefix = "save_";
constexpr std::string_view kLock = ".lock";

std::optional<std::int64_t> step_of(const std::string& name) {
  if (!name.starts_with(kPrefix)) return std::nullopt;
  const auto step = parse_number<std::int64_t>(std::string_view(name).substr(kPrefix.size()));
  return step && *step >= 1 ? step : std::nullopt;
}

bool is_owner(std::string_view name) {
  return name.size() == kOwnerLength &&
         name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

template <typename Visit>
void for_each_entry(const fs::path& folder, const Visit& visit) {
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    visit(*it);
  }
}

std::vector<fs::path> folders_in(const fs::path& folder) {
  std::vector<fs::path> found;
  for_each_entry(folder, [&](const fs::directory_entry& entry) {
    std::error_code ignored;
    if (entry.is_directory(ignored)) found.push_back(entry.path());
  });
  return found;
}

}  // namespace

fs::path step_folder(const fs::path& folder, std::int64_t step) {
  return folder / fmt::format("{}{}", kPrefix, step);
}

fs::path temporary_folder(const fs::path& folder, std::int64_t step, const std::string& owner) {
  return folder / fmt::format("{}{}.{}{}", kPrefix, step, owner, kTemporary);
}

fs::path lock_file(const fs::path& folder, const std::string& owner) {
  return folder / fmt::format("{}{}{}", kLockPrefix, owner, kLock);
}

std::vector<std::int64_t> saved_steps(const fs::path& folder) {
  std::vector<std::int64_t> steps;
  for (const fs::path& entry : folders_in(folder)) {
    if (const auto step = step_of(entry.filename().string())) steps.push_back(*step);
  }
  std::ranges::sort(steps);
  return steps;
}

std::vector<UnfinishedSave> unfinished_saves(const fs::path& folder) {
  std::vector<UnfinishedSave> saves;
  for (const fs::path& entry : folders_in(folder)) {
    if (entry.extension() != kTemporary) continue;
    const std::string name = entry.stem().string();  // step_<k> or step_<k>.<owner>
    const auto dot = std::min(name.find('.'), name.size());
    const std::string owner = dot == name.size() ? "" : name.substr(dot + 1);
    const bool is_ours = owner.empty() ? dot == name.size() : is_owner(owner);
    if (is_ours && step_of(name.substr(0, dot))) saves.push_back({entry, owner});
  }
  return saves;
}

std::vector<std::string> save_owners(const fs::path& folder) {
  std::vector<std::string> owners;
  for_each_entry(folder, [&](const fs::directory_entry& entry) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kLockPrefix) || !name.ends_with(kLock)) return;
    const std::string owner =
        name.substr(kLockPrefix.size(), name.size() - kLockPrefix.size() - kLock.size());
    if (is_owner(owner)) owners.push_back(owner);
  });
  return owners;
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
