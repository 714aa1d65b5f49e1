#pragma once

#include "harness/config/cell.h"

namespace moebench::estimate {

// What a rank sends and computes in a step, from the cell alone. Assumes full rows and balanced
// routing; README.md says where each term comes from.
struct Traffic {
  // Bytes that leave the rank.
  double gathers = 0;     // all-gathers of parameters
  double reductions = 0;  // reduce-scatters of gradients, and their sums over copies
  double exchanges = 0;   // rows to their experts and back, and their gradients
  double flops = 0;       // with what activation checkpointing computes again

  double sent_bytes() const { return gathers + reductions + exchanges; }
  double bytes_per_flop() const { return sent_bytes() / flops; }
};

Traffic estimate_traffic(const config::CellConfig& cell);

}  // namespace moebench::estimate
