#include "harness/comm/host_ranks.h"

#include <fstream>
#include <string>

#include "harness/base/host_name.h"
#include "harness/comm/agreement.h"

namespace moebench::comm {
namespace {

std::string host_id() {
  std::string id;
  std::ifstream boot_id("/proc/sys/kernel/random/boot_id");
  if (std::getline(boot_id, id)) return id;
  return host_name();
}

}  // namespace

HostRanks host_ranks(Communicator& world) {
  const std::string mine = host_id();
  const std::vector<std::string> all = all_gather_text(world, mine);
  HostRanks host;
  for (int rank = 0; rank < world.size(); ++rank) {
    if (all[static_cast<std::size_t>(rank)] == mine) host.ranks.push_back(rank);
  }
  host.group = world.split(host.ranks.front());
  return host;
}

}  // namespace moebench::comm
