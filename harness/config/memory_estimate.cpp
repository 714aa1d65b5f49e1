#include "harness/config/memory_estimate.h"

#include <algorithm>

namespace moebench::config {

namespace {

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

std::int64_t expert_parameters(const ModelConfig& m) {  // w1, w2, w3 of one expert
  return 3 * m.hidden_size * m.intermediate_size;
}

// q, k, v, o, router and the two norms of a layer.
std::int64_t dense_layer_parameters(const ModelConfig& m) {
  const std::int64_t query = m.num_heads * m.head_dim;
  const std::int64_t key_value = m.num_kv_heads * m.head_dim;
  return 2 * m.hidden_size * (query + key_value) + m.num_experts * m.hidden_size +
         2 * m.hidden_size;
}

// Embedding, final norm, lm_head.
std::int64_t root_parameters(const ModelConfig& m) {
  return m.vocab_size * m.hidden_size * (m.tie_word_embeddings ? 1 : 2) + m.hidden_size;
}

std::int64_t bytes_of(Dtype dtype) { return dtype == Dtype::kBf16 ? 2 : 4; }

std::int64_t to_bytes(double value) { return static_cast<std::int64_t>(std::min(value, 9e18)); }

// Elements of the flat units: what one rank keeps, and what a unit in flight takes gathered.
struct Units {
  std::int64_t shard = 0;           // of one rank, all units
  std::int64_t gathered_layer = 0;  // one layer
  std::int64_t gathered_root = 0;
};

// Every unit is flat and padded to a multiple of the ranks. With ep, a rank owns
// 1/ep_degree of each layer's experts, and these are sharded once more over the
// ranks/ep_degree replicas; without replicas they are whole and never gathered.
Units units_of(const CellConfig& cell) {
  const ModelConfig& m = cell.model;
  const std::int64_t dense = dense_layer_parameters(m);
  const std::int64_t local_experts = m.num_experts / cell.ep_degree * expert_parameters(m);
  const std::int64_t replicas = cell.ranks / cell.ep_degree;

  Units units;
  const std::int64_t layer_shard =
      cell.parallelism == Parallelism::kFsdp
          ? ceil_div(dense + local_experts, cell.ranks)
          : ceil_div(dense, cell.ranks) + ceil_div(local_experts, replicas);
  units.shard = ceil_div(root_parameters(m), cell.ranks) + m.num_layers * layer_shard;
  if (cell.ranks > 1) {
    units.gathered_root = root_parameters(m);
    units.gathered_layer = dense + (replicas > 1 ? local_experts : 0);
  }
  return units;
}

// Elements saved for backward by one layer and token: input and output of the two norms (4 hidden),
// q and the attention output (2 heads x head_dim), k and v, and for each of the top_k expert rows
// its input and output (2 hidden), gate, up and their product (3 intermediate). Routing is taken
// as balanced: with ep, a rank receives as many rows as it sends.
double activations_per_layer_token(const ModelConfig& m) {
  return static_cast<double>(4 * m.hidden_size + 2 * (m.num_heads + m.num_kv_heads) * m.head_dim +
                             m.top_k * (2 * m.hidden_size + 3 * m.intermediate_size));
}

// With checkpointing only the layers' inputs stay, plus one layer that is being recomputed. The
// root adds the final norm's input and output, and the logits: once in the cell's dtype and once
// in fp32 for the loss. Padding is counted in full: every sample is taken as seq_len long.
std::int64_t activation_bytes(const CellConfig& cell) {
  const ModelConfig& m = cell.model;
  const double tokens = static_cast<double>(cell.micro_batch) * static_cast<double>(cell.seq_len);
  const double layers = static_cast<double>(m.num_layers);
  const double hidden = static_cast<double>(m.hidden_size);
  const double element = static_cast<double>(bytes_of(cell.dtype));
  const double layer = activations_per_layer_token(m);
  const double saved = cell.activation_checkpointing ? layers * hidden + layer : layers * layer;
  const double logits = static_cast<double>(m.vocab_size) * (element + 4);
  return to_bytes(tokens * ((saved + 2 * hidden) * element + logits));
}

}  // namespace

// Gathered: the root unit stays for the whole step, parameters and gradient; of the layers two are
// whole at the worst moment (the next one is prefetched in backward), and one layer's gradient
// waits for its reduce-scatter. One rank gathers nothing.
MemoryEstimate estimate_memory(const CellConfig& cell) {
  const Units units = units_of(cell);
  const std::int64_t element = bytes_of(cell.dtype);
  const std::int64_t layers_in_flight = std::min<std::int64_t>(2, cell.model.num_layers);
  MemoryEstimate estimate;
  estimate.parameters = units.shard * element;
  estimate.gradients = units.shard * element;
  estimate.optimizer = 2 * units.shard * element;
  estimate.gathered =
      element * (2 * units.gathered_root + (layers_in_flight + 1) * units.gathered_layer);
  estimate.activations = activation_bytes(cell);
  return estimate;
}

std::int64_t num_parameters(const ModelConfig& model) {
  return root_parameters(model) + model.num_layers * (dense_layer_parameters(model) +
                                                      model.num_experts * expert_parameters(model));
}

std::int64_t num_active_parameters(const ModelConfig& model) {
  return root_parameters(model) + model.num_layers * (dense_layer_parameters(model) +
                                                      model.top_k * expert_parameters(model));
}

double model_flops_per_sequence(const ModelConfig& model, std::int64_t seq_len) {
  const std::int64_t table = model.vocab_size * model.hidden_size;
  // A tied table is still multiplied once, as lm_head.
  const std::int64_t matmul =
      num_active_parameters(model) - (model.tie_word_embeddings ? 0 : table);
  const double tokens = static_cast<double>(seq_len);
  const double attention = static_cast<double>(model.num_layers) *
                           static_cast<double>(model.num_heads * model.head_dim) * tokens * tokens;
  return 6.0 * static_cast<double>(matmul) * tokens + 6.0 * attention;
}

}  // namespace moebench::config
