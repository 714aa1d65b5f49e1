#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace moebench::launch {

// A host, and how many ranks it has room for.
struct HostSlots {
  std::string name;
  int slots = 1;
  bool operator==(const HostSlots&) const = default;
};

// Adds slots to a host that is there already, or the host behind the others.
void add_slots(std::vector<HostSlots>& hosts, const HostSlots& more);

// Reads a hostfile of Open MPI's: a line is a name, and behind it `slots=4` and, which means
// nothing here, `max_slots=8`; '#' begins a remark. A name without slots has one for each line that
// it stands on, as PBS writes them. Error with file, line and remedy, also where a name with slots
// stands on two lines, and where there is no name at all.
std::vector<HostSlots> read_hosts_file(const std::filesystem::path& path);

}  // namespace moebench::launch
