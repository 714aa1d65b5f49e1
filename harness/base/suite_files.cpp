#include "harness/base/suite_files.h"

#include "harness/base/environment_variable.h"

namespace moebench {

namespace fs = std::filesystem;

fs::path own_program() { return fs::read_symlink("/proc/self/exe"); }

fs::path program_prefix() { return own_program().parent_path().parent_path(); }

std::optional<fs::path> suite_folder(const std::string& name) {
  std::error_code error;
  fs::path folder = fs::canonical(program_prefix() / "share" / "moebench" / name, error);
  if (error || !fs::is_directory(folder, error)) return std::nullopt;
  return folder;
}

std::optional<fs::path> user_cache() {
  if (const auto cache = environment_variable("XDG_CACHE_HOME"))
    return fs::path(*cache) / "moebench";
  if (const auto home = environment_variable("HOME")) return fs::path(*home) / ".cache/moebench";
  return std::nullopt;
}

}  // namespace moebench
