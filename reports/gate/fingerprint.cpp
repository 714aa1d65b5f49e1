#include "reports/gate/fingerprint.h"

#include <fmt/core.h>

#include <cmath>
#include <cstdlib>
#include <initializer_list>
#include <set>

namespace moebench::gate {
namespace {

void take(std::initializer_list<const char*> keys, const record::Environment& from,
          record::Environment& to) {
  for (const char* key : keys) {
    const auto found = from.find(key);
    if (found != from.end()) to.insert(*found);
  }
}

std::string value_of(const record::Environment& environment, const std::string& key) {
  const auto found = environment.find(key);
  return found == environment.end() ? "unknown" : "'" + found->second + "'";
}

}  // namespace

record::Environment machine_fingerprint(const record::Environment& environment) {
  record::Environment result;
  take({"cpu_model", "cores_online", "cores_allowed", "gpu_model", "gpu_driver"}, environment,
       result);
  // A kernel keeps some megabytes more or less to itself from one start to the next.
  const auto memory = environment.find("memory_total_bytes");
  if (memory != environment.end()) {
    const double gib = std::strtod(memory->second.c_str(), nullptr) / (1 << 30);
    result["memory_gib"] = fmt::format("{:.0f}", std::round(gib));
  }
  return result;
}

record::Environment fingerprint(const record::Environment& environment) {
  record::Environment result = machine_fingerprint(environment);
  take({"torch_version", "mpi_version", "cpu_capability", "compiler", "build_type", "sanitizers"},
       environment, result);
  return result;
}

std::string difference(const record::Environment& fingerprint,
                       const record::Environment& expected) {
  std::set<std::string> keys;
  for (const auto& [key, value] : fingerprint) keys.insert(key);
  for (const auto& [key, value] : expected) keys.insert(key);
  std::string text;
  for (const std::string& key : keys) {
    const std::string here = value_of(fingerprint, key);
    const std::string there = value_of(expected, key);
    if (here != there) {
      text += fmt::format("{}{} is {}, not {}", text.empty() ? "" : "; ", key, here, there);
    }
  }
  return text;
}

}  // namespace moebench::gate
