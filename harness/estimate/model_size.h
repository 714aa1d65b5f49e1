#pragma once

#include <cstdint>

#include "harness/config/cell.h"

namespace moebench::estimate {

using config::ModelConfig;

// Trained parameters of the whole model, and of the part that one token uses.
std::int64_t num_parameters(const ModelConfig& model);
std::int64_t num_active_parameters(const ModelConfig& model);

// Parameters of so many experts of one layer that has experts; 0 of a model that has none.
std::int64_t expert_parameters(const ModelConfig& model, std::int64_t num_experts);

// What a model computes for sequences of any length. Counted are products of matrices, each
// multiplication and addition as one FLOP; a parameter that a token uses counts as multiplied once.
class ModelFlops {
 public:
  explicit ModelFlops(const ModelConfig& model);

  // One forward and backward pass over one sequence of `seq_len` tokens: 6 x (active parameters
  // without the embedding table) x tokens, and 3 x the forward pass of attention. That is for each
  // layer 2 x heads x (head_dim + value_dim) x pairs, for the scores and for their product with the
  // values (Q K^T, P V). A token attends to the tokens up to it, which makes seq_len^2 / 2 pairs,
  // or, where it sees a window of w of them, seq_len x w - w^2 / 2. Recomputation is excluded.
  double per_sequence(std::int64_t seq_len) const;

  // What activation checkpointing adds: the layers' forward pass once more, 2 x (their active
  // parameters) x tokens and attention's. The scores that flash attention computes again in its
  // backward pass are not counted.
  double recomputed(std::int64_t seq_len) const;

 private:
  double attention(double seq_len) const;

  double layer_parameters_ = 0;  // active
  double matmul_parameters_ = 0;
  double per_pair_ = 0;  // of one layer's forward pass
  std::int64_t num_full_layers_ = 0, num_windowed_layers_ = 0;
  double window_ = 0;
};

}  // namespace moebench::estimate
