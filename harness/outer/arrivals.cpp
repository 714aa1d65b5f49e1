#include "harness/outer/arrivals.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>

#include "harness/base/error.h"
#include "harness/base/host_name.h"
#include "harness/launch/process.h"

namespace moebench::outer {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLook(200);  // between two looks for a signal
constexpr std::size_t kMaxNamed = 20;            // ranks that a message lists

// Each host's processes count from 0 where the launcher numbers them.
void check_local_ranks(const std::vector<Hello>& all) {
  std::map<std::pair<std::string, int>, int> places;
  for (const Hello& hello : all) {
    if (hello.local_rank < 0) continue;
    const auto [place, is_new] =
        places.emplace(std::pair(hello.host, hello.local_rank), hello.rank);
    if (is_new) continue;
    throw Error(
        "ranks {} and {} both are local rank {} of host '{}': two hosts have the same name; give "
        "each its own (hostname NAME)",
        place->second, hello.rank, hello.local_rank, hello.host);
  }
}

}  // namespace

std::vector<JoinedHost> joined_hosts(const Hello& rank_0, const std::map<int, Hello>& others) {
  std::vector<Hello> all = {rank_0};
  for (const auto& [rank, hello] : others) all.push_back(hello);
  check_local_ranks(all);
  std::vector<JoinedHost> hosts;
  for (const Hello& hello : all) {
    auto host = std::ranges::find(hosts, short_host_name(hello.host), [](const JoinedHost& other) {
      return short_host_name(other.name);
    });
    if (host == hosts.end()) host = hosts.insert(host, {hello.host, 0, {}});
    if (host->name != hello.host) {
      throw Error(
          "hosts '{}' and '{}' differ in their domain alone, which mpirun leaves away; give them "
          "different names (hostname NAME)",
          host->name, hello.host);
    }
    host->slots += hello.slots;
    host->ranks.push_back(hello.rank);
  }
  return hosts;
}

bool Arrivals::add(const Hello& hello) {
  const std::lock_guard lock(mutex_);
  const bool is_new = come_.emplace(hello.rank, hello).second;
  has_come_.notify_all();
  return is_new;
}

void Arrivals::note_refusal(const std::string& text) {
  const std::lock_guard lock(mutex_);
  refusal_ = text;
}

std::optional<std::vector<JoinedHost>> Arrivals::wait_for_all(const RankContract& contract,
                                                              const std::string& host,
                                                              const std::string& place) {
  const auto deadline = Clock::now() + std::chrono::duration<double>(contract.wait_limit_s);
  std::unique_lock lock(mutex_);
  const auto are_all_here = [&] {
    return static_cast<int>(come_.size()) == contract.world_size - 1;
  };
  // In pieces, since a signal wakes nobody here.
  while (!has_come_.wait_for(lock, kLook, are_all_here)) {
    if (launch::interrupted()) return std::nullopt;
    if (Clock::now() > deadline) throw Error(missing_text(contract, place));
  }
  return joined_hosts(hello_of(contract, host), come_);
}

std::string Arrivals::missing_text(const RankContract& contract, const std::string& place) const {
  std::vector<std::string> missing;
  for (int rank = 1; rank < contract.world_size; ++rank) {
    if (!come_.contains(rank)) missing.push_back(std::to_string(rank));
  }
  std::string more;
  if (missing.size() > kMaxNamed) {
    more = fmt::format(" and {} more", missing.size() - kMaxNamed);
    missing.resize(kMaxNamed);
  }
  return fmt::format(
      "of the {} processes of the outer launcher ({}) rank {}{} did not come to {} within {:g} "
      "s{}; "
      "see their output, and that the port can be reached; MOEBENCH_PORT names another, "
      "MOEBENCH_WAIT_S a longer limit",
      contract.world_size, contract.source, fmt::join(missing, ", "), more, place,
      contract.wait_limit_s, refusal_.empty() ? "" : "; " + refusal_);
}

}  // namespace moebench::outer
