#pragma once

#include <cstdint>

#include "harness/config/cell.h"

namespace moebench::estimate {

// Tensors of one micro-batch on a rank, in bytes. Every row is taken as seq_len long and routing as
// balanced, so that with ep a rank receives as many rows as it sends. README.md says where each
// coefficient comes from.
class ActivationMemory {
 public:
  // `num_experts`: of those of a layer, whose rows the rank computes; fewer than all under ep.
  ActivationMemory(const config::CellConfig& cell, std::int64_t num_experts);

  // Counts the bytes while the loss's gradient is computed: the final norm's output, its gradient
  // and the logits come on top of what is kept.
  double at_head() const;

  // Counts the bytes while a layer's gradients are computed, and those of the layers behind it are
  // done: its output's gradient comes in, and the layer is whole again where it was computed once
  // more.
  double at_layer(std::int64_t index) const;

  // Counts the bytes while the embedding's gradient is reduced.
  double at_embedding() const;

 private:
  double elements(double rows, std::int64_t cols) const;  // in bytes
  double token_hidden() const;
  std::int64_t padded_dim() const;
  std::int64_t projected() const;
  double token_heads() const;
  double row_hidden(double rows) const;
  double row_intermediate(double rows) const;

  double kept(std::int64_t layers) const;
  double layer(bool is_dense) const;
  double norms() const;
  double attention() const;
  double qk_norm() const;
  double latents() const;
  double sparse() const;
  double router() const;
  double experts() const;
  double mlp(std::int64_t intermediate) const;
  double shared() const;
  double feed_forward_backward(std::int64_t index) const;
  double mlp_backward(std::int64_t intermediate) const;
  double expert_backward() const;
  double largest_at_once() const;
  double first_expert_backward() const;
  double waiting_rows() const;
  double attention_backward(std::int64_t index) const;

  const config::ModelConfig& m_;
  bool loop_, ep_, at_once_, checkpointing_;
  double element_, tokens_, num_experts_;
  double rows_;  // that pass this rank's experts
  double window_mask_;
};

}  // namespace moebench::estimate
