#include "harness/machine/environment.h"

#include <fmt/core.h>
#include <sched.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "harness/base/host_name.h"
#include "harness/machine/build_info.h"

namespace moebench::machine {
namespace {

std::string first_line(const char* path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

// Text after "key<blanks>:" in a file of such lines, "" where there is none.
std::string field(const char* path, const std::string& key) {
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    const auto colon = line.find(':');
    if (colon == std::string::npos || line.compare(0, key.size(), key) != 0) continue;
    if (line.find_first_not_of(" \t", key.size()) != colon) continue;
    const auto begin = line.find_first_not_of(" \t", colon + 1);
    return begin == std::string::npos ? "" : line.substr(begin);
  }
  return "";
}

// /proc/meminfo counts in kB, which are 1024 bytes.
std::int64_t memory_bytes(const std::string& key) {
  std::int64_t kilobytes = 0;
  std::istringstream(field("/proc/meminfo", key)) >> kilobytes;
  return kilobytes * 1024;
}

// "always [madvise] never" -> "madvise".
std::string bracketed(const std::string& text) {
  const auto begin = text.find('[');
  const auto end = text.find(']');
  if (begin == std::string::npos || end == std::string::npos || end < begin) return text;
  return text.substr(begin + 1, end - begin - 1);
}

std::string kernel_name() {
  utsname names{};
  return ::uname(&names) == 0 ? fmt::format("{} {}", names.sysname, names.release) : "unknown";
}

std::optional<double> load_average() {
  double load = 0;
  std::istringstream in(first_line("/proc/loadavg"));
  return in >> load ? std::optional(load) : std::nullopt;
}

// Version 2 of control groups: "<microseconds or max> <period>".
std::optional<double> cpu_quota() {
  double quota = 0, period = 0;
  std::istringstream in(first_line("/sys/fs/cgroup/cpu.max"));
  if (!(in >> quota >> period) || !(period > 0)) return std::nullopt;
  return quota / period;
}

// g++ defines a macro, clang answers by a feature.
#if !defined(__has_feature)
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

bool is_optimised(const std::string& build_type) {
  return build_type == "Release" || build_type == "RelWithDebInfo" || build_type == "MinSizeRel";
}

}  // namespace

MachineFacts read_machine_facts() {
  MachineFacts facts;
  facts.version = kBuildVersion;
  facts.git_sha = kBuildGitSha;
  facts.git_dirty = kBuildGitDirty;
  facts.compiler = kBuildCompiler;
  facts.build_type = kBuildType;
  facts.sanitized = kSanitized;
  facts.host = host_name();
  facts.cpu_model = field("/proc/cpuinfo", "model name");
  facts.cores_online = static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN));
  facts.cores_allowed = count_allowed_cores();
  facts.memory_total_bytes = memory_bytes("MemTotal");
  facts.swap_used_bytes = memory_bytes("SwapTotal") - memory_bytes("SwapFree");
  facts.governor = first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
  facts.load_average = load_average();
  facts.kernel = kernel_name();
  facts.transparent_hugepages =
      bracketed(first_line("/sys/kernel/mm/transparent_hugepage/enabled"));
  facts.cpu_quota = cpu_quota();
  return facts;
}

int count_allowed_cores() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  if (::sched_getaffinity(0, sizeof cores, &cores) == 0) return CPU_COUNT(&cores);
  return static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN));
}

std::string version_text() {
  const std::string dirty = std::string(kBuildGitDirty) == "true" ? ", dirty" : "";
  return fmt::format("{} (git {}{})", kBuildVersion, kBuildGitSha, dirty);
}

record::Environment to_environment(const MachineFacts& facts) {
  record::Environment::Map environment = {
      {"moebench_version", facts.version},
      {"git_sha", facts.git_sha},
      {"git_dirty", facts.git_dirty},
      {"compiler", facts.compiler},
      {"build_type", facts.build_type},
      {"sanitizers", facts.sanitized ? "on" : "off"},
      {"host", facts.host},
      {"cpu_model", facts.cpu_model},
      {"cores_online", std::to_string(facts.cores_online)},
      {"cores_allowed", std::to_string(facts.cores_allowed)},
      {"memory_total_bytes", std::to_string(facts.memory_total_bytes)},
      {"swap_used_bytes", std::to_string(facts.swap_used_bytes)},
      {"kernel", facts.kernel},
      {"governor", facts.governor},
      {"transparent_hugepages", facts.transparent_hugepages},
      {"load_average_at_start",
       facts.load_average ? fmt::format("{:.2f}", *facts.load_average) : ""},
  };
  std::erase_if(environment, [](const auto& entry) { return entry.second.empty(); });
  return record::Environment(std::move(environment));
}

record::Environment rank_environment() {
  record::Environment environment = to_environment(read_machine_facts());
  environment.erase("swap_used_bytes");
  environment.erase("load_average_at_start");
  return environment;
}

record::Environment driver_environment(const MachineFacts& facts) {
  record::Environment environment;
  for (const auto& [name, fact] : to_environment(facts)) environment["driver_" + name] = fact;
  return environment;
}

std::vector<std::string> build_warnings(const record::Environment& environment) {
  std::vector<std::string> warnings;
  const std::string build_type = record::fact(environment, "build_type");
  if (!build_type.empty() && !is_optimised(build_type)) {
    warnings.push_back(fmt::format("build type '{}' is not optimised", build_type));
  }
  const std::string sanitizers = record::fact(environment, "sanitizers");
  if (!sanitizers.empty() && sanitizers != "off") warnings.emplace_back("built with sanitizers");
  return warnings;
}

std::vector<std::string> environment_warnings(const MachineFacts& facts, const Demand& demand) {
  std::vector<std::string> warnings;
  const std::int64_t threads = demand.ranks * demand.threads_per_rank;
  if (facts.load_average && *facts.load_average > facts.cores_allowed / 2.0) {
    warnings.push_back(fmt::format("the machine was busy: load average {:.2f} on {} cores",
                                   *facts.load_average, facts.cores_allowed));
  }
  if (!facts.governor.empty() && facts.governor != "performance") {
    warnings.push_back(
        fmt::format("CPU frequency governor is '{}', not 'performance'", facts.governor));
  }
  if (!demand.elsewhere && threads > facts.cores_allowed) {
    warnings.push_back(fmt::format("oversubscribed: {} ranks x {} threads on {} cores",
                                   demand.ranks, demand.threads_per_rank, facts.cores_allowed));
  }
  return warnings;
}

}  // namespace moebench::machine
