#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/outer/arrivals.h"
#include "harness/outer/rank_contract.h"

namespace moebench::outer {

// Rank 0's end of all connections: the other ranks come, and agent_exec() has commands started on
// their hosts, by the lowest rank that is alive there. A thread of its own serves them, which takes
// no signals, and no descriptor goes to programs that are started. Where this process ends, however
// that is, the other ranks see their connection end.
class Rendezvous {
 public:
  // Listens on the contract's port, 0 being any that is free, and on a Unix socket `socket` of mode
  // 0600. `host` is this host's name.
  Rendezvous(const RankContract& contract, std::string host, const std::filesystem::path& socket);
  ~Rendezvous();

  int port() const;

  // Returns the hosts, this one first, once all ranks have come; nullopt only when interrupted
  // (process.h). Error where some have not within the contract's limit, which names them, or where
  // two hosts have the same name.
  std::optional<std::vector<JoinedHost>> wait_for_all();

  // Lets all ranks exit with this code.
  void end(int exit_code);

 private:
  class Server;
  std::unique_ptr<Server> server_;
};

}  // namespace moebench::outer
