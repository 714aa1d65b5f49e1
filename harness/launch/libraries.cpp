#include "harness/launch/libraries.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>

#include "harness/base/environment_variable.h"
#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/suite_files.h"
#include "harness/base/temporary_folder.h"
#include "harness/launch/programs.h"
#include "harness/launch/shell_words.h"

namespace moebench::launch {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLibraryPath = "LD_LIBRARY_PATH";
constexpr const char* kTorchRoot = "MOEBENCH_TORCH_ROOT";
constexpr double kLimitS = 60;

bool is_elf(const fs::path& program) {
  std::ifstream file(program, std::ios::binary);
  std::string magic(4, '\0');
  return file.read(magic.data(), 4) && magic == "\177ELF";
}

// Where tools/setup unpacks libtorch; nullopt where there is no home either.
std::optional<fs::path> cached_torch() {
  const auto cache = user_cache();
  if (!cache) return std::nullopt;
  return *cache / "torch-" MOEBENCH_TORCH_VERSION;
}

bool holds_torch(const fs::path& root) {
  std::error_code error;
  return fs::exists(root / "torch/lib/libtorch_cpu.so", error);
}

// LD_LIBRARY_PATH with the folders of libraries in `root` before the driver's own.
std::string library_path(const fs::path& root) {
  std::set<std::string> of_nvidia;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(root / "nvidia", error)) {
    if (fs::is_directory(entry.path() / "lib", error)) of_nvidia.insert(entry.path() / "lib");
  }
  std::vector<std::string> folders = {root / "torch/lib"};
  folders.insert(folders.end(), of_nvidia.begin(), of_nvidia.end());
  if (const auto others = environment_variable(kLibraryPath)) folders.push_back(*others);
  return fmt::format("{}", fmt::join(folders, ":"));
}

bool lacks_torch(const std::vector<std::string>& missing) {
  return std::ranges::any_of(missing, [](const std::string& library) {
    return library.starts_with("libtorch") || library.starts_with("libc10");
  });
}

[[noreturn]] void fail_without_torch(const fs::path& worker, const std::optional<fs::path>& cache) {
  const auto tools = suite_folder("tools");
  const std::string setup = tools ? (*tools / "setup").string() : "tools/setup";
  throw Error(
      "'{}' needs libtorch {}, which is neither in '{}' nor in '{}'; run {} --torch, or let {} "
      "name "
      "the folder that holds torch/",
      worker.string(), MOEBENCH_TORCH_VERSION,
      (worker.parent_path().parent_path() / "lib/moebench").lexically_normal().string(),
      cache ? cache->string() : "~/.cache/moebench", joined_shell_words({setup, "--torch"}),
      kTorchRoot);
}

[[noreturn]] void fail_without(const fs::path& worker, const std::vector<std::string>& missing) {
  throw Error(
      "'{}' needs {}, which the dynamic linker does not find; install {} (ldd lists all that it "
      "needs; Debian: openmpi-bin has MPI's), or let {} name the folder",
      worker.string(), fmt::join(missing, ", "), missing.size() == 1 ? "it" : "them", kLibraryPath);
}

// The folder that holds torch/ for a worker that does not find it by itself.
fs::path find_torch(const fs::path& worker) {
  if (const auto named = environment_variable(kTorchRoot)) {
    if (holds_torch(*named)) return fs::absolute(*named);
    throw Error("{}: '{}' holds no torch/lib/libtorch_cpu.so; correct the variable, or unset it",
                kTorchRoot, *named);
  }
  const auto cache = cached_torch();
  if (!cache || !holds_torch(*cache)) fail_without_torch(worker, cache);
  return fs::absolute(*cache);
}

EnvironmentVariables find_libraries(const fs::path& worker) {
  std::vector<std::string> missing = missing_libraries(worker);
  if (missing.empty()) return {};
  if (!lacks_torch(missing)) fail_without(worker, missing);
  const std::string path = library_path(find_torch(worker));
  missing = missing_libraries(worker, path);
  if (!missing.empty()) fail_without(worker, missing);
  return {{kLibraryPath, path}};
}

}  // namespace

std::vector<std::string> missing_libraries(const fs::path& program,
                                           const std::string& library_path) {
  if (!is_elf(program) || !is_in_path("ldd")) return {};
  const TemporaryFolder folder("moebench-libraries");
  ProcessOptions process;
  process.command = {"ldd", fs::absolute(program)};
  process.environment = {{"LC_ALL", "C"}};
  if (!library_path.empty()) process.environment.emplace_back(kLibraryPath, library_path);
  process.stdout_path = folder.path() / "stdout";
  process.stderr_path = folder.path() / "stderr";
  process.time_limit_s = kLimitS;
  run_process(process);
  std::vector<std::string> missing;
  std::istringstream text(read_file(process.stdout_path));
  for (std::string line; std::getline(text, line);) {
    const std::size_t arrow = line.find(" => not found");
    const std::size_t begin = line.find_first_not_of(" \t");
    if (arrow == std::string::npos || begin >= arrow) continue;
    const std::string library = line.substr(begin, arrow - begin);
    if (std::ranges::count(missing, library) == 0) missing.push_back(library);
  }
  return missing;
}

EnvironmentVariables library_environment(const fs::path& worker) {
  static std::map<fs::path, EnvironmentVariables> known;
  const auto found = known.find(worker);
  if (found != known.end()) return found->second;
  return known[worker] = find_libraries(worker);
}

}  // namespace moebench::launch
