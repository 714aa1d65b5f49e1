#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace moebench::merge {

// The rank that launchers blame: the first that ended without having done its work.
struct DeadRank {
  int rank = 0;
  std::string host;   // empty: nobody says
  int signal = 0;     // that ended it; 0: it exited
  int exit_code = 0;  // where it exited

  bool operator==(const DeadRank&) const = default;
};

// Finds it in what a launcher prints: Open MPI 4 and 5, srun, torchrun. nullopt where none is
// named.
std::optional<DeadRank> find_dead_rank(std::string_view text);

}  // namespace moebench::merge
