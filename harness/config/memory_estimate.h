#pragma once

#include <cstdint>

#include "harness/config/cell.h"

namespace moebench::config {

// Analytic bytes of the largest rank; formulas in the source.
struct MemoryEstimate {
  std::int64_t parameters = 0;  // the rank's shard
  std::int64_t gradients = 0;
  std::int64_t optimizer = 0;    // two AdamW moments
  std::int64_t gathered = 0;     // full parameters and gradients of the units in flight
  std::int64_t activations = 0;  // saved for backward, all layers of one micro-batch
  std::int64_t total() const { return parameters + gradients + optimizer + gathered + activations; }
};

MemoryEstimate estimate_memory(const CellConfig& cell);

// Parameters of the whole model, and of the part that one token uses.
std::int64_t num_parameters(const ModelConfig& model);
std::int64_t num_active_parameters(const ModelConfig& model);

// Model FLOPs of one forward and backward pass over one sequence of `seq_len` tokens:
// 6 x (active parameters without the embedding table) x tokens, plus causal attention
// 6 x layers x heads x head_dim x seq_len^2 (QK^T and PV, forward and twice backward, halved by
// the causal mask). Recomputation is excluded.
double model_flops_per_sequence(const ModelConfig& model, std::int64_t seq_len);

}  // namespace moebench::config
