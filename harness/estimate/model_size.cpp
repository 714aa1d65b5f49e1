#include "harness/estimate/model_size.h"

#include "harness/partition/layout.h"

namespace moebench::estimate {
namespace {

// A layer of the kind, or -1 where the model has none.
std::int64_t layer_of_kind(const ModelConfig& m, bool is_dense) {
  for (std::int64_t i = 0; i < m.num_layers; ++i) {
    if (m.is_dense(i) == is_dense) return i;
  }
  return -1;
}

std::int64_t beside_experts(const ModelConfig& m, bool is_dense) {
  const std::int64_t layer = layer_of_kind(m, is_dense);
  return layer < 0 ? 0 : partition::dense_layout(m, layer).num_elements;
}

// As if each layer that has experts had so many.
std::int64_t layers_parameters(const ModelConfig& m, std::int64_t num_experts) {
  return std::ssize(m.dense_layers) * beside_experts(m, true) +
         m.num_sparse_layers() * (beside_experts(m, false) + expert_parameters(m, num_experts));
}

std::int64_t root_parameters(const ModelConfig& m) {
  return partition::root_layout(m).num_elements;
}

}  // namespace

std::int64_t expert_parameters(const ModelConfig& model, std::int64_t num_experts) {
  const std::int64_t layer = layer_of_kind(model, false);
  if (layer < 0) return 0;
  return num_experts * partition::expert_layout(model, layer, {0, 1}).num_elements;
}

std::int64_t num_parameters(const ModelConfig& model) {
  return root_parameters(model) + layers_parameters(model, model.num_experts);
}

std::int64_t num_active_parameters(const ModelConfig& model) {
  return root_parameters(model) + layers_parameters(model, model.top_k);
}

ModelFlops::ModelFlops(const ModelConfig& model)
    : layer_parameters_(static_cast<double>(layers_parameters(model, model.top_k))),
      per_pair_(2.0 * static_cast<double>(model.num_heads * (model.head_dim + model.value_dim()))),
      window_(static_cast<double>(model.sliding_window)) {
  // A tied table is still multiplied once, as lm_head.
  const std::int64_t table = model.vocab_size * model.hidden_size;
  matmul_parameters_ =
      static_cast<double>(num_active_parameters(model) - (model.tie_word_embeddings ? 0 : table));
  for (std::int64_t i = 0; i < model.num_layers; ++i) {
    ++(model.window_of(i) == 0 ? num_full_layers_ : num_windowed_layers_);
  }
}

double ModelFlops::attention(double seq_len) const {
  const double full = seq_len * seq_len / 2;
  const double windowed = seq_len <= window_ ? full : seq_len * window_ - window_ * window_ / 2;
  return per_pair_ * (static_cast<double>(num_full_layers_) * full +
                      static_cast<double>(num_windowed_layers_) * windowed);
}

double ModelFlops::per_sequence(std::int64_t seq_len) const {
  const auto tokens = static_cast<double>(seq_len);
  return 6 * matmul_parameters_ * tokens + 3 * attention(tokens);
}

double ModelFlops::recomputed(std::int64_t seq_len) const {
  const auto tokens = static_cast<double>(seq_len);
  return 2 * layer_parameters_ * tokens + attention(tokens);
}

}  // namespace moebench::estimate
