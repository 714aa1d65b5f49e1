#pragma once

#include <cstdint>

#include "harness/config/cell.h"

namespace moebench::estimate {

using config::CellConfig;
using config::ModelConfig;

// Bytes of a rank's tensors at their peak within a step, from the cell alone. Assumes full rows and
// balanced routing; README.md says where each coefficient comes from.
struct MemoryEstimate {
  std::int64_t parameters = 0;  // the rank's shard
  std::int64_t gradients = 0;   // its shard, where it is kept between steps
  std::int64_t optimizer = 0;   // two AdamW moments
  // At the peak:
  std::int64_t gathered = 0;        // full parameters and gradients of the units in flight
  std::int64_t activations = 0;     // kept for the backward pass, and what it takes meanwhile
  std::int64_t step_gradients = 0;  // shards that live within the step alone
  std::int64_t update = 0;          // temporaries of the optimizer

  // Sums what stays between steps.
  std::int64_t state() const { return parameters + gradients + optimizer; }
  std::int64_t total() const { return state() + gathered + activations + step_gradients + update; }
};

MemoryEstimate estimate_memory(const CellConfig& cell);

}  // namespace moebench::estimate
