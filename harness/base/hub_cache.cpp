#include "harness/base/hub_cache.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/file.h"

namespace moebench {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kModelPrefix = "models--";
constexpr std::size_t kMaxRefBytes = 4096;

// Says how to get what a path lacks: "run 'hf download mistralai/Mixtral-8x7B-v0.1'".
std::string download_remedy(const fs::path& path) {
  for (const fs::path& part : fs::absolute(path).lexically_normal()) {
    const std::string folder = part.string();
    if (!folder.starts_with(kModelPrefix)) continue;
    const std::string name = folder.substr(kModelPrefix.size());
    const std::size_t at = name.find("--");
    if (at == std::string::npos) return fmt::format("run 'hf download {}'", name);
    return fmt::format("run 'hf download {}/{}'", name.substr(0, at), name.substr(at + 2));
  }
  return "download it again, or correct the link";
}

std::vector<std::string> folders_in(const fs::path& folder) {
  std::vector<std::string> folders;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_directory()) folders.push_back(fmt::format("'{}'", entry.path().string()));
  }
  std::ranges::sort(folders);
  return folders;
}

// The commit that refs/main names; empty where there is none.
std::string main_commit(const fs::path& folder) {
  std::error_code ignored;
  const fs::path ref = folder / "refs" / "main";
  if (!fs::is_regular_file(ref, ignored)) return "";
  const std::string text = read_file(ref, kMaxRefBytes);
  const std::string commit = text.substr(0, text.find_first_of(" \r\n"));
  return commit.starts_with('.') || commit.find('/') != std::string::npos ? "" : commit;
}

}  // namespace

fs::path snapshot_in(const fs::path& folder) {
  std::error_code ignored;
  const fs::path snapshots = folder / "snapshots";
  const bool is_model_of_cache = fs::is_directory(snapshots, ignored) &&
                                 !fs::exists(folder / "config.json", ignored) &&
                                 fs::is_directory(folder / "blobs", ignored);
  if (!is_model_of_cache) return folder;
  const std::string commit = main_commit(folder);
  if (!commit.empty() && fs::is_directory(snapshots / commit, ignored)) return snapshots / commit;
  const std::vector<std::string> there = folders_in(snapshots);
  throw Error("'{}' holds no snapshot of the model's branch main{}; {}", folder.string(),
              commit.empty() ? "" : fmt::format(", commit {}", commit),
              there.empty() ? download_remedy(folder)
                            : fmt::format("name a snapshot itself: {}", fmt::join(there, " or ")));
}

void refuse_dangling_link(const fs::path& path) {
  std::error_code ignored;
  if (!fs::is_symlink(path, ignored) || fs::exists(path, ignored)) return;
  const fs::path target = (path.parent_path() / fs::read_symlink(path)).lexically_normal();
  const bool is_unfinished = fs::exists(target.string() + ".incomplete", ignored);
  throw Error("'{}' is a link to '{}', {}; {}", path.string(), target.string(),
              is_unfinished ? "whose download has not ended" : "which is not there",
              download_remedy(path));
}

}  // namespace moebench
