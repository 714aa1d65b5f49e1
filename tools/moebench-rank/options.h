#pragma once

#include <cstdint>
#include <string>

#include "harness/probe/probe.h"

namespace moebench {

inline constexpr const char* kRankUsage =
    R"(usage: moebench-rank --cell FILE --out DIR [--gemm-rate-known]
       moebench-rank --probe RANKS --out DIR [--threads N] [--quick]

One rank of one repetition of a cell, or of a probe of the machine; started by moebench.

  --cell FILE        resolved cell (cell.yaml) to train
  --gemm-rate-known  do not measure the GEMM rate; moebench knows it from a run before
  --probe RANKS      measure the machine with so many ranks instead
  --threads N        threads of a rank of the probe
  --quick            a shorter probe
  --out DIR          existing folder for rank_<r>.started and rank_<r>.json
  --help             print this and exit
  --version          print the version and exit

Exit codes: 0 ok, 1 failed (the rank file says why), 2 usage, 70 failed without a rank file.
Run by hand: the command.sh that each repetition leaves in its folder.
)";

struct RankOptions {
  bool help = false;
  bool version = false;
  std::string cell;                 // empty: a probe
  bool gemm_rate_is_known = false;  // of the cell's ranks
  std::int64_t probe_ranks = 0;     // 0: a cell
  probe::ProbeOptions probe;
  std::string out;
};

// Throws Error that says what is wrong, followed by the usage.
RankOptions parse_rank_options(int argc, char** argv);

}  // namespace moebench
