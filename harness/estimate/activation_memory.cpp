#include "harness/estimate/activation_memory.h"

#include <algorithm>

#include "harness/base/check.h"
#include "harness/config/expert_rows.h"

namespace moebench::estimate {
namespace {

bool is_loop(config::ExpertKernel kernel) {
  switch (kernel) {
    case config::ExpertKernel::kLoop:
      return true;
    case config::ExpertKernel::kGrouped:
      return false;
  }
  MOEBENCH_CHECK(!"an expert kernel outside its enumeration");
}

double num(std::int64_t value) { return static_cast<double>(value); }

// Of a micro-batch: fp32 [seq_len, seq_len], rows padded to a multiple of 16, where a layer's
// window hides something. Flash attention on a GPU needs none.
double window_mask(const config::CellConfig& cell) {
  const config::ModelConfig& m = cell.model;
  const bool slides = m.sliding_window > 0 && m.sliding_window < cell.seq_len &&
                      std::ssize(m.full_attention_layers) < m.num_layers;
  const bool is_flash = cell.device == config::Device::kCuda && cell.dtype == config::Dtype::kBf16;
  return slides && !is_flash ? 4 * num(cell.seq_len) * num((cell.seq_len + 15) / 16 * 16) : 0;
}

// By which the grouped kernel fills up experts on a CPU, half of the most on average.
double rows_to_fill_up(const config::CellConfig& cell, std::int64_t num_experts) {
  const std::int64_t rows = cell.micro_batch * cell.seq_len * cell.model.top_k;
  return num(num_experts * (config::expert_row_multiple(cell.dtype, rows, num_experts) - 1)) / 2;
}

}  // namespace

ActivationMemory::ActivationMemory(const config::CellConfig& cell, std::int64_t num_experts)
    : m_(cell.model),
      loop_(is_loop(cell.expert_kernel)),
      ep_(num_experts < m_.num_experts),
      at_once_(!loop_ && cell.device == config::Device::kCuda),
      checkpointing_(cell.activation_checkpointing),
      element_(static_cast<double>(element_bytes(cell.dtype))),
      tokens_(static_cast<double>(cell.micro_batch) * static_cast<double>(cell.seq_len)),
      num_experts_(static_cast<double>(num_experts)) {
  rows_ = tokens_ * static_cast<double>(m_.top_k);
  window_mask_ = window_mask(cell);
  if (!loop_ && !at_once_) rows_ += rows_to_fill_up(cell, num_experts);
}

double ActivationMemory::at_head() const {
  return kept(m_.num_layers) + token_hidden() * 2 + tokens_ * (4 + num(m_.vocab_size) * element_);
}

double ActivationMemory::at_layer(std::int64_t index) const {
  const double whole = checkpointing_ ? layer(m_.is_dense(index)) - token_hidden() : 0;
  return kept(index + 1) + whole + token_hidden() +
         std::max(feed_forward_backward(index), attention_backward(index));
}

double ActivationMemory::at_embedding() const { return token_hidden() + 4 * tokens_; }

double ActivationMemory::elements(double rows, std::int64_t cols) const {
  return rows * num(cols) * element_;
}
double ActivationMemory::token_hidden() const { return elements(tokens_, m_.hidden_size); }
std::int64_t ActivationMemory::padded_dim() const { return std::max(m_.head_dim, m_.value_dim()); }
double ActivationMemory::token_heads() const {
  return elements(tokens_, m_.num_heads * padded_dim());
}
double ActivationMemory::row_hidden(double rows) const { return elements(rows, m_.hidden_size); }
double ActivationMemory::row_intermediate(double rows) const {
  return elements(rows, m_.intermediate_size);
}

// Counts what so many layers keep for the backward pass, and the last one's output.
double ActivationMemory::kept(std::int64_t layers) const {
  const std::int64_t num_dense = m_.num_dense_before(layers);
  const double each = checkpointing_
                          ? num(layers) * token_hidden()
                          : num(num_dense) * layer(true) + num(layers - num_dense) * layer(false);
  // And which tokens are real, and what of them a window shows.
  return each + token_hidden() + 4 * tokens_ + window_mask_;
}

double ActivationMemory::layer(bool is_dense) const {
  return norms() + attention() + (is_dense ? mlp(m_.dense_intermediate_size) : sparse());
}

// Counts the input, first norm's output, residual, second norm's output, and per token in 4 bytes
// each the two norms' factors.
double ActivationMemory::norms() const { return 4 * token_hidden() + 8 * tokens_; }

double ActivationMemory::sparse() const { return router() + experts() + shared(); }

// Counts q, and k and v repeated to all heads, the output, and the scores' logsumexp in 4 bytes.
// Values are padded to the dimension of keys; then the output's own part is kept beside it.
double ActivationMemory::attention() const {
  double bytes = 4 * token_heads() + 4 * tokens_ * num(m_.num_heads);
  if (m_.value_dim() < padded_dim()) bytes += elements(tokens_, m_.num_heads * m_.value_dim());
  return bytes + qk_norm() + latents();
}

// Counts q and k before their norms, and a factor in 4 bytes for each row that is normed.
double ActivationMemory::qk_norm() const {
  const std::int64_t heads = m_.num_heads + m_.num_kv_heads;
  const double unnormed = elements(tokens_, heads * m_.head_dim);
  switch (m_.qk_norm) {
    case config::QkNorm::kNone:
      return 0;
    case config::QkNorm::kPerHead:
      return unnormed + 4 * tokens_ * num(heads);
    case config::QkNorm::kAllHeads:
      return unnormed + 8 * tokens_;
  }
  MOEBENCH_CHECK(!"a norm of queries and keys outside its enumeration");
}

// Counts each latent vector before and after its norm, with the norm's factor in 4 bytes.
double ActivationMemory::latents() const {
  double bytes = 0;
  for (const std::int64_t rank : {m_.kv_lora_rank, m_.q_lora_rank}) {
    if (rank > 0) bytes += elements(tokens_, 2 * rank) + 4 * tokens_;
  }
  return bytes;
}

// Counts per token in 4 bytes each the router's scores, weights and chosen experts; or, where no
// one kernel does it, instead of the weights the chosen scores, where they are renormalised before
// and after that with their sum, and the chosen experts in 8 bytes.
double ActivationMemory::router() const {
  const double scores = 4 * num(m_.num_experts);
  if (m_.takes_best_of_softmax()) return tokens_ * (scores + 8 * num(m_.top_k));
  const double chosen = m_.normalise_top_k ? 8 * num(m_.top_k) + 4 : 4 * num(m_.top_k);
  return tokens_ * (scores + chosen + 8 * num(m_.top_k));
}

// Counts gate and up projection of all tokens; their input is the second norm's output.
double ActivationMemory::mlp(std::int64_t intermediate) const {
  return elements(tokens_, 2 * intermediate);
}

// With a gate also the output and its factor, which multiply each other.
double ActivationMemory::shared() const {
  const double gated = m_.shared_gate ? token_hidden() + tokens_ * element_ : 0;
  return mlp(m_.shared_intermediate_size) + gated;
}

// loop: each expert's input, the two projections, silu of the first, their product, the output,
// its weighted form where this rank applies the weights, where the rows came from (20 bytes).
// Clamped: both projections as one of twice the size, the clamped gate, its sigmoid, their product,
// the clamped up projection plus 1, and the product of all.
// grouped: input and both projections of all rows, and the output to be weighted.
// With ep the weights are applied to the rows that came back, after the exchange.
double ActivationMemory::experts() const {
  const double returned = ep_ ? row_hidden(tokens_ * num(m_.top_k)) : 0;
  if (loop_) {
    const double activated = m_.swiglu_limit > 0 ? 7 : 4;
    return returned + (ep_ ? 2 : 3) * row_hidden(rows_) + activated * row_intermediate(rows_) +
           20 * rows_;
  }
  return returned + (ep_ ? 1 : 2) * row_hidden(rows_) + 2 * row_intermediate(rows_);
}

// Counts what the gradients take until those of the second norm's output are there: what comes on
// top of what is kept, less what was let go of by then.
double ActivationMemory::feed_forward_backward(std::int64_t index) const {
  if (m_.is_dense(index)) return mlp_backward(m_.dense_intermediate_size);
  if (m_.shared_intermediate_size == 0) return expert_backward();
  return std::max(expert_backward(),
                  token_hidden() + mlp_backward(m_.shared_intermediate_size) - experts());
}

// Counts the gradient of silu x product, and that again; and the input's gradient.
double ActivationMemory::mlp_backward(std::int64_t intermediate) const {
  return elements(tokens_, 2 * intermediate) + token_hidden();
}

// Counts the same while the experts' are computed. The rows that were weighted are gone. grouped:
// gradients of all output and input rows, and two blocks of one expert's size.
double ActivationMemory::expert_backward() const {
  const double weighted = row_hidden(ep_ ? tokens_ * num(m_.top_k) : rows_);
  if (loop_)
    return ep_ ? std::max(weighted, waiting_rows() - weighted + first_expert_backward())
               : first_expert_backward();
  if (at_once_) return row_hidden(rows_) - weighted + largest_at_once();
  return 2 * row_hidden(rows_) - weighted + 2 * row_intermediate(rows_ / num_experts_);
}

// grouped on a GPU, for all experts at once: hidden rows with their gradient, then with the
// gradient of the down projections, then that of the others, then the gradient of the input rows.
double ActivationMemory::largest_at_once() const {
  const double down = num_experts_ * num(m_.hidden_size * m_.intermediate_size) * element_;
  return std::max(
      {2 * row_intermediate(rows_), row_intermediate(rows_) + down, 2 * down, row_hidden(rows_)});
}

// loop: two blocks of one expert's size for the expert that comes first, whose output is gone (in
// both forms); or, where hidden is the larger, the two gradients that the weights ask for.
double ActivationMemory::first_expert_backward() const {
  const double rows = rows_ / num_experts_;
  if (ep_) return 2 * row_intermediate(rows) - row_hidden(rows);
  return 2 * std::max(row_intermediate(rows) - row_hidden(rows), row_hidden(rows));
}

// With ep the gradient of all received rows waits for the experts to come.
double ActivationMemory::waiting_rows() const { return num_experts_ > 1 ? row_hidden(rows_) : 0; }

// Counts the same for attention: the second norm's input and output, and what lies behind, are
// gone. There are gradients of the output, of q, k and v as they were used, and as they were
// projected.
double ActivationMemory::attention_backward(std::int64_t index) const {
  const double behind = m_.is_dense(index) ? mlp(m_.dense_intermediate_size) : experts() + shared();
  return 4 * token_heads() + elements(tokens_, projected()) - token_hidden() - behind;
}

// Columns of what is projected for attention: q, k and v; or of latent attention queries, keys and
// values of all heads, and the part of a key that all heads share.
std::int64_t ActivationMemory::projected() const {
  if (!m_.is_latent()) return (m_.num_heads + 2 * m_.num_kv_heads) * m_.head_dim;
  return m_.num_heads * (m_.head_dim + m_.qk_nope_head_dim + m_.v_head_dim) + m_.qk_rope_head_dim;
}

}  // namespace moebench::estimate
