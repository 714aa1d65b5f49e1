#pragma once

#include <algorithm>
#include <cstdint>

#include "harness/base/check.h"
#include "harness/config/cell.h"

namespace moebench::estimate {

// Tensors of one micro-batch on a rank, in bytes. Every row is taken as seq_len long and routing as
// balanced, so that with ep a rank receives as many rows as it sends.
class ActivationMemory {
 public:
  // `num_experts`: of those of a layer, whose rows the rank computes; fewer than all under ep.
  ActivationMemory(const config::CellConfig& cell, std::int64_t num_experts)
      : m_(cell.model),
        loop_(is_loop(cell.expert_kernel)),
        ep_(num_experts < m_.num_experts),
        at_once_(!loop_ && cell.device == config::Device::kCuda),
        checkpointing_(cell.activation_checkpointing),
        element_(static_cast<double>(element_bytes(cell.dtype))),
        tokens_(static_cast<double>(cell.micro_batch) * static_cast<double>(cell.seq_len)),
        num_experts_(static_cast<double>(num_experts)) {
    rows_ = tokens_ * static_cast<double>(m_.top_k);
    // On a CPU the grouped kernel fills each expert up to a multiple of 16 rows in bf16: 7.5 on
    // average.
    if (!loop_ && !at_once_ && cell.dtype == config::Dtype::kBf16) rows_ += 7.5 * num_experts_;
  }

  // Counts the bytes while the loss's gradient is computed: the final norm's output, its gradient
  // and the logits come on top of what is kept.
  double at_head() const {
    return kept(m_.num_layers) + token_hidden() * 2 + tokens_ * (4 + num(m_.vocab_size) * element_);
  }

  // Counts the bytes while a layer's gradients are computed, and those of the layers behind it are
  // done: its output's gradient comes in, and the layer is whole again where it was computed once
  // more.
  double at_layer(std::int64_t index) const {
    const double whole = checkpointing_ ? layer() - token_hidden() : 0;
    return kept(index + 1) + whole + token_hidden() +
           std::max(expert_backward(), attention_backward());
  }

  // Counts the bytes while the embedding's gradient is reduced.
  double at_embedding() const { return token_hidden() + 4 * tokens_; }

 private:
  static bool is_loop(config::ExpertKernel kernel) {
    switch (kernel) {
      case config::ExpertKernel::kLoop:
        return true;
      case config::ExpertKernel::kGrouped:
        return false;
    }
    MOEBENCH_CHECK(!"an expert kernel outside its enumeration");
  }

  static double num(std::int64_t value) { return static_cast<double>(value); }
  double token_hidden() const { return tokens_ * num(m_.hidden_size) * element_; }
  double token_heads() const { return tokens_ * num(m_.num_heads * m_.head_dim) * element_; }
  double row_hidden(double rows) const { return rows * num(m_.hidden_size) * element_; }
  double row_intermediate(double rows) const { return rows * num(m_.intermediate_size) * element_; }

  // Counts what so many layers keep for the backward pass, and the last one's output.
  double kept(std::int64_t layers) const {
    const double each = checkpointing_ ? token_hidden() : layer();
    return num(layers) * each + token_hidden() + 4 * tokens_;  // and which tokens are real
  }

  double layer() const { return dense_layer() + attention() + experts(); }

  // Counts the input, first norm's output, residual, second norm's output; per token in 4 bytes
  // each the two norms' factors, the router's probabilities, the chosen ones before and after
  // renormalisation with their sum, and in 8 bytes the chosen experts.
  double dense_layer() const {
    return 4 * token_hidden() + tokens_ * (8 + 4 * num(m_.num_experts) + 16 * num(m_.top_k) + 4);
  }

  // Counts q, and k and v repeated to all heads, the output, and the scores' logsumexp in 4 bytes.
  double attention() const { return 4 * token_heads() + 4 * tokens_ * num(m_.num_heads); }

  // loop: each expert's input, the two projections, silu of the first, their product, the output,
  // its weighted form where this rank applies the weights, where the rows came from (20 bytes).
  // grouped: input and both projections of all rows, and the output to be weighted.
  // With ep the weights are applied to the rows that came back, after the exchange.
  double experts() const {
    const double returned = ep_ ? row_hidden(tokens_ * num(m_.top_k)) : 0;
    if (loop_) {
      return returned + (ep_ ? 2 : 3) * row_hidden(rows_) + 4 * row_intermediate(rows_) +
             20 * rows_;
    }
    return returned + (ep_ ? 1 : 2) * row_hidden(rows_) + 2 * row_intermediate(rows_);
  }

  // Counts what the gradients take while the experts' are computed: what comes on top of what is
  // kept, less what was let go of by then. The rows that were weighted are gone. grouped: gradients
  // of all output and input rows, and two blocks of one expert's size.
  double expert_backward() const {
    const double weighted = row_hidden(ep_ ? tokens_ * num(m_.top_k) : rows_);
    if (loop_)
      return ep_ ? std::max(weighted, waiting_rows() - weighted + first_expert_backward())
                 : first_expert_backward();
    if (at_once_) return row_hidden(rows_) - weighted + largest_at_once();
    return 2 * row_hidden(rows_) - weighted + 2 * row_intermediate(rows_ / num_experts_);
  }

  // grouped on a GPU, for all experts at once: hidden rows with their gradient, then with the
  // gradient of the down projections, then that of the others, then the gradient of the input rows.
  double largest_at_once() const {
    const double down = num_experts_ * num(m_.hidden_size * m_.intermediate_size) * element_;
    return std::max(
        {2 * row_intermediate(rows_), row_intermediate(rows_) + down, 2 * down, row_hidden(rows_)});
  }

  // loop: two blocks of one expert's size for the expert that comes first, whose output is gone (in
  // both forms); or, where hidden is the larger, the two gradients that the weights ask for.
  double first_expert_backward() const {
    const double rows = rows_ / num_experts_;
    if (ep_) return 2 * row_intermediate(rows) - row_hidden(rows);
    return 2 * std::max(row_intermediate(rows) - row_hidden(rows), row_hidden(rows));
  }

  // With ep the gradient of all received rows waits for the experts to come.
  double waiting_rows() const { return num_experts_ > 1 ? row_hidden(rows_) : 0; }

  // Counts the same for attention: the experts' part, second norm's input and output are gone.
  // There are gradients of the output, of q, k and v as they were used, and as they were projected.
  double attention_backward() const {
    const double projected = num((m_.num_heads + 2 * m_.num_kv_heads) * m_.head_dim) * element_;
    return 4 * token_heads() + tokens_ * projected - token_hidden() - experts();
  }

  const config::ModelConfig& m_;
  bool loop_, ep_, at_once_, checkpointing_;
  double element_, tokens_, num_experts_;
  double rows_;  // that pass this rank's experts
};

}  // namespace moebench::estimate
