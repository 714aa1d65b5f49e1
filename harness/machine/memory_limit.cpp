#include "harness/machine/memory_limit.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>

namespace moebench::machine {
namespace {

namespace fs = std::filesystem;

std::int64_t physical_memory_bytes() {
  const std::int64_t pages = ::sysconf(_SC_PHYS_PAGES), page_size = ::sysconf(_SC_PAGESIZE);
  return pages > 0 && page_size > 0 ? pages * page_size : 0;
}

// nullopt where there is no such file, or where it says "max".
std::optional<std::int64_t> read_bytes(const fs::path& file) {
  std::int64_t bytes = 0;
  return std::ifstream(file) >> bytes && bytes > 0 ? std::optional(bytes) : std::nullopt;
}

// Of a group and all above it, down to the root of what is mounted. In a container the root may be
// the group itself, while the path is still the host's: what is not there is passed over.
void lower_to_groups(const fs::path& root, const fs::path& group, const char* file,
                     MemoryLimit& limit) {
  for (fs::path path = group;; path = path.parent_path()) {
    const auto bytes = read_bytes(root / path.relative_path() / file);
    if (bytes && (limit.bytes == 0 || *bytes < limit.bytes)) limit = {*bytes, true};
    if (!path.has_relative_path()) return;
  }
}

bool names_memory(const std::string& controllers) {
  return ("," + controllers + ",").find(",memory,") != std::string::npos;
}

}  // namespace

MemoryLimit read_memory_limit(const std::string& cgroup_root, const std::string& own_cgroups) {
  MemoryLimit limit{physical_memory_bytes(), false};
  std::ifstream in(own_cgroups);
  // "<number>:<controllers>:<path>"; version 2 is number 0 without controllers.
  for (std::string line; std::getline(in, line);) {
    const auto first = line.find(':');
    const auto second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const fs::path group = line.substr(second + 1);
    if (controllers.empty()) lower_to_groups(cgroup_root, group, "memory.max", limit);
    if (!names_memory(controllers)) continue;
    lower_to_groups(fs::path(cgroup_root) / "memory", group, "memory.limit_in_bytes", limit);
  }
  return limit;
}

}  // namespace moebench::machine
