#include "reports/compare/fingerprint.h"

#include <fmt/core.h>

#include <cmath>
#include <cstdlib>
#include <initializer_list>
#include <set>

namespace moebench::compare {
namespace {

// Takes the first of the names that is there; nothing where none is.
void take_first(std::initializer_list<std::string> names, const std::string& key,
                const record::Environment& from, record::Environment& to) {
  for (const std::string& name : names) {
    const auto found = from.find(name);
    if (found == from.end()) continue;
    to[key] = found->second;
    return;
  }
}

void take(std::initializer_list<const char*> keys, const record::Environment& from,
          record::Environment& to) {
  for (const char* key : keys) take_first({key}, key, from, to);
}

// A kernel keeps some megabytes more or less to itself from one start to the next.
void round_memory(record::Environment& fingerprint) {
  const auto memory = fingerprint.find("memory_total_bytes");
  if (memory == fingerprint.end()) return;
  const double gib = std::strtod(memory->second.c_str(), nullptr) / (1 << 30);
  fingerprint.erase("memory_total_bytes");
  fingerprint["memory_gib"] = fmt::format("{:.0f}", std::round(gib));
}

constexpr const char* kHostFacts[] = {"cpu_model", "cores_online", "cores_allowed",
                                      "memory_total_bytes"};

std::string value_of(const record::Environment& environment, const std::string& key) {
  const auto found = environment.find(key);
  return found == environment.end() ? "unknown" : "'" + found->second + "'";
}

}  // namespace

record::Environment machine_fingerprint(const record::Environment& environment) {
  record::Environment result;
  for (const std::string key : kHostFacts) {
    take_first({key, "driver_" + key}, key, environment, result);
  }
  round_memory(result);
  take({"gpu_model", "gpu_driver"}, environment, result);
  return result;
}

record::Environment driver_fingerprint(const record::Environment& environment) {
  record::Environment result;
  for (const std::string key : kHostFacts) {
    take_first({"driver_" + key, key}, key, environment, result);
  }
  round_memory(result);
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

}  // namespace moebench::compare
