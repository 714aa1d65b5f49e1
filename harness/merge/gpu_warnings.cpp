#include "harness/merge/gpu_warnings.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "harness/base/words.h"

namespace moebench::merge {
namespace {

struct Affected {
  std::vector<int> ranks;
  double largest_share = 0;  // of the readings in which the GPU was throttled
};

// Groups the ranks by what their environment says under a key.
std::map<std::string, Affected> by_text(const RankResults& ranks, const char* key) {
  std::map<std::string, Affected> found;
  for (const auto& rank : ranks) {
    if (!rank || !rank->environment.contains(key)) continue;
    Affected& affected = found[rank->environment.at(key)];
    affected.ranks.push_back(rank->rank);
    const auto share = rank->metrics.find("gpu_throttled_share");
    if (share == rank->metrics.end()) continue;
    affected.largest_share = std::max(affected.largest_share, share->second.value.value_or(0));
  }
  return found;
}

std::string whose(const Affected& affected) { return "the GPU of " + rank_ranges(affected.ranks); }

}  // namespace

std::vector<std::string> gpu_warnings(const RankResults& ranks) {
  std::vector<std::string> warnings;
  for (const auto& [reasons, affected] : by_text(ranks, "gpu_throttle_reasons")) {
    warnings.push_back(
        fmt::format("{} was throttled: {}, in {}{:.0f} % of the readings", whose(affected), reasons,
                    affected.ranks.size() == 1 ? "" : "up to ", 100 * affected.largest_share));
  }
  for (const auto& [uuid, affected] : by_text(ranks, "gpu_uuid")) {
    if (affected.ranks.size() == 1) continue;
    warnings.push_back(fmt::format(
        "{} share a GPU: that shows what they compute and send, and nothing of how fast "
        "ranks with a GPU each are",
        rank_ranges(affected.ranks)));
  }
  for (const auto& [count, affected] : by_text(ranks, "gpu_other_processes")) {
    if (count == "0") continue;
    warnings.push_back(fmt::format("{} was shared with other processes, up to {} at once",
                                   whose(affected), count));
  }
  for (const auto& [reason, affected] : by_text(ranks, "gpu_not_watched")) {
    warnings.push_back(
        fmt::format("{} was not watched for throttling: {}", whose(affected), reason));
  }
  return warnings;
}

}  // namespace moebench::merge
