#include "harness/merge/rank_facts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <map>
#include <set>
#include <string_view>

#include "harness/base/words.h"

namespace moebench::merge {
namespace {

// Every rank knows its build, so that one which does not say it is another program.
constexpr std::array<std::string_view, 6> kBuildFacts = {
    "moebench_version", "git_sha", "git_dirty", "compiler", "build_type", "sanitizers"};

// These differ from rank to rank by nature, or have warnings of their own (gpu_warnings.h).
constexpr std::array<std::string_view, 5> kOwnFacts = {"host", "gpu_uuid", "gpu_throttle_reasons",
                                                       "gpu_other_processes", "gpu_not_watched"};

constexpr const char* kNothing = "nothing";

bool is_one_of(const auto& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

// Hosts of one kind keep some megabytes more or less to themselves.
std::string comparable(const std::string& name, const std::string& fact) {
  if (name != "memory_total_bytes") return fmt::format("'{}'", fact);
  return fmt::format("{:.0f} GiB", std::round(std::strtod(fact.c_str(), nullptr) / (1 << 30)));
}

std::set<std::string> names_of(const RankResults& ranks) {
  std::set<std::string> names;
  for (const auto& rank : ranks) {
    if (!rank) continue;
    for (const auto& [name, fact] : rank->environment) names.insert(name);
  }
  return names;
}

// Groups the ranks by what they say under a name.
std::map<std::string, std::vector<int>> ranks_by_fact(const RankResults& ranks,
                                                      const std::string& name) {
  std::map<std::string, std::vector<int>> found;
  for (const auto& rank : ranks) {
    if (!rank) continue;
    const auto fact = rank->environment.find(name);
    if (fact != rank->environment.end()) {
      found[comparable(name, fact->second)].push_back(rank->rank);
    } else if (is_one_of(kBuildFacts, name)) {
      found[kNothing].push_back(rank->rank);
    }
  }
  return found;
}

// "the ranks differ in compiler: 'GNU 12' on ranks 0-1, 'Clang 14' on rank 2"
std::string difference(const std::string& name,
                       const std::map<std::string, std::vector<int>>& ranks_by_fact) {
  std::vector<std::pair<int, std::string>> parts;  // by the first rank
  for (const auto& [fact, ranks] : ranks_by_fact) {
    parts.emplace_back(ranks.front(), fmt::format("{} on {}", fact, rank_ranges(ranks)));
  }
  std::ranges::sort(parts);
  std::string text;
  for (const auto& [rank, part] : parts) text += (text.empty() ? "" : ", ") + part;
  return fmt::format("the ranks differ in {}: {}", name, text);
}

std::string host_names(const RankResults& ranks) {
  std::vector<std::string> hosts;
  for (const auto& rank : ranks) {
    if (!rank) continue;
    const std::string host = record::fact(rank->environment, "host");
    if (!host.empty() && std::ranges::find(hosts, host) == hosts.end()) hosts.push_back(host);
  }
  return fmt::format("{}", fmt::join(hosts, ", "));
}

}  // namespace

RankFacts merge_facts(const RankResults& ranks) {
  RankFacts facts;
  const auto first = std::ranges::find_if(ranks, [](const auto& rank) { return rank.has_value(); });
  if (first == ranks.end()) return facts;
  facts.environment = (*first)->environment;
  facts.environment.erase("host");
  const std::string hosts = host_names(ranks);
  if (!hosts.empty()) facts.environment["hosts"] = hosts;
  const std::set<std::string> names = names_of(ranks);
  for (const std::string& name : names) {
    if (is_one_of(kOwnFacts, name)) continue;
    const auto by_fact = ranks_by_fact(ranks, name);
    if (by_fact.size() > 1) facts.warnings.push_back(difference(name, by_fact));
  }
  if (std::ranges::none_of(kBuildFacts,
                           [&](auto name) { return names.contains(std::string(name)); })) {
    facts.warnings.emplace_back(
        "no rank says how it was built and on what machine: the worker is older than this "
        "moebench");
  }
  return facts;
}

}  // namespace moebench::merge
