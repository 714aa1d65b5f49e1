#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace moebench::record {

// Says where a rank runs. It leaves it as rank_<r>.started before it does anything else, so that a
// rank which leaves nothing else can be told from one that never started.
struct RankTrace {
  std::string host;
  int pid = 0;

  bool operator==(const RankTrace&) const = default;
};

// Index = rank; nullopt where a rank left none.
using RankTraces = std::vector<std::optional<RankTrace>>;

// Writes the trace of this process, which is `rank`. Error where the folder cannot be written to.
void write_trace(const std::filesystem::path& folder, std::int64_t rank);

// Reads the traces of so many ranks; a damaged one counts as none.
RankTraces read_traces(const std::filesystem::path& folder, std::int64_t ranks);

}  // namespace moebench::record
