#include "reports/compare/hosts.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

namespace moebench::compare {
namespace {

using Hosts = std::set<std::string>;

bool has_all_of(const Hosts& hosts, const Hosts& others) {
  return std::ranges::includes(hosts, others);
}

std::string names(const Hosts& hosts) {
  std::string text;
  for (const std::string& host : hosts) text += (text.empty() ? "'" : ", '") + host + "'";
  return text;
}

}  // namespace

std::set<std::string> hosts_of(const record::Environment& environment) {
  // Records of minor 0 have one host, under the name that a rank's file has it.
  for (const char* key : {"hosts", "host"}) {
    const auto found = environment.find(key);
    if (found == environment.end()) continue;
    Hosts hosts;
    std::istringstream list(found->second);
    for (std::string host; std::getline(list >> std::ws, host, ',');) hosts.insert(host);
    return hosts;
  }
  return {};
}

std::string hosts_difference(const record::CellRecord& run, const record::CellRecord& expected) {
  const bool are_whole =
      run.disposition == record::Disposition::kOk && expected.disposition == run.disposition;
  if (run.environment == expected.environment) return "";  // which thousands of runs may share
  if (!are_whole) return "";  // the ranks that left no result do not say where they were
  const Hosts hosts = hosts_of(run.environment);
  const Hosts others = hosts_of(expected.environment);
  if (hosts.empty() || others.empty() || hosts == others) return "";
  const bool is_part = has_all_of(hosts, others) || has_all_of(others, hosts);
  if (is_part && run.id != expected.id) return "";
  return fmt::format("it ran on {}, not on {}", names(hosts), names(others));
}

}  // namespace moebench::compare
