#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "harness/outer/hello.h"
#include "harness/outer/rank_contract.h"

namespace moebench::outer {

// A host of the outer launcher's ranks.
struct JoinedHost {
  std::string name;
  int slots = 0;           // of all its processes
  std::vector<int> ranks;  // those of its processes, ascending
};

// The hosts of rank 0 and of the others, rank 0's first, the others by their lowest ranks. Error
// where two hosts have the same name.
std::vector<JoinedHost> joined_hosts(const Hello& rank_0, const std::map<int, Hello>& others);

// Which ranks have come to rank 0. Each function may be called by any thread.
class Arrivals {
 public:
  // False where the rank is there already.
  bool add(const Hello& hello);

  // Keeps the last reason for which somebody was sent away, for whom ranks are missing.
  void note_refusal(const std::string& text);

  // Returns the hosts once all ranks but 0, whose contract this is, have come to `place`; nullopt
  // only when interrupted (process.h). Error where some have not within the contract's limit.
  std::optional<std::vector<JoinedHost>> wait_for_all(const RankContract& contract,
                                                      const std::string& host,
                                                      const std::string& place);

 private:
  std::string missing_text(const RankContract& contract, const std::string& place) const;

  std::mutex mutex_;
  std::condition_variable has_come_;
  std::map<int, Hello> come_;
  std::string refusal_;
};

}  // namespace moebench::outer
