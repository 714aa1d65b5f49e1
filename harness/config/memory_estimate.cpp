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

// Scores and their product with the values, halved by the causal mask.
double forward_attention_flops(const ModelConfig& m, std::int64_t seq_len) {
  const double tokens = static_cast<double>(seq_len);
  return 2.0 * static_cast<double>(m.num_layers) * static_cast<double>(m.num_heads * m.head_dim) *
         tokens * tokens;
}

std::int64_t bytes_of(Dtype dtype) { return dtype == Dtype::kBf16 ? 2 : 4; }

std::int64_t to_bytes(double value) { return static_cast<std::int64_t>(std::min(value, 9e18)); }

// Elements of the flat units: what one rank keeps, and what a unit takes gathered.
struct Units {
  std::int64_t shard = 0;  // of one rank, all units
  std::int64_t gathered_layer = 0;
  std::int64_t gathered_root = 0;
};

// Slices of a unit are equal, and a multiple of 32 elements.
std::int64_t slice(std::int64_t elements, std::int64_t ranks) {
  return ceil_div(elements, 32 * ranks) * 32;
}

// What the unit takes while it is gathered; a unit of one rank never is.
std::int64_t gathered(std::int64_t elements, std::int64_t ranks) {
  return ranks > 1 ? slice(elements, ranks) * ranks : 0;
}

// With ep, a rank owns 1/ep_degree of each layer's experts, and these are sharded once more over
// the ranks/ep_degree replicas.
Units units_of(const CellConfig& cell) {
  const ModelConfig& m = cell.model;
  const std::int64_t dense = dense_layer_parameters(m);
  const std::int64_t experts = m.num_experts / cell.ep_degree * expert_parameters(m);
  const std::int64_t replicas = cell.ranks / cell.ep_degree;

  Units units;
  units.gathered_root = gathered(root_parameters(m), cell.ranks);
  units.shard = slice(root_parameters(m), cell.ranks);
  if (cell.ep_degree == 1) {
    units.gathered_layer = gathered(dense + experts, cell.ranks);
    units.shard += m.num_layers * slice(dense + experts, cell.ranks);
  } else {
    units.gathered_layer = gathered(dense, cell.ranks) + gathered(experts, replicas);
    units.shard += m.num_layers * (slice(dense, cell.ranks) + slice(experts, replicas));
  }
  return units;
}

// What a rank keeps of a load: its part of every unit, or its experts whole, and the routers.
std::int64_t loaded_elements(const CellConfig& cell) {
  if (cell.load.tensors == LoadTensors::kAll) return units_of(cell).shard;
  const ModelConfig& m = cell.model;
  return m.num_layers *
         (m.num_experts / cell.ep_degree * expert_parameters(m) + m.num_experts * m.hidden_size);
}

// Tensors of one micro-batch on a rank, in bytes. Every row is taken as seq_len long and routing as
// balanced, so that with ep a rank receives as many rows as it sends.
class Activations {
 public:
  explicit Activations(const CellConfig& cell)
      : m_(cell.model),
        loop_(cell.expert_kernel == ExpertKernel::kLoop),
        ep_(cell.ep_degree > 1),
        checkpointing_(cell.activation_checkpointing),
        element_(static_cast<double>(bytes_of(cell.dtype))),
        tokens_(static_cast<double>(cell.micro_batch) * static_cast<double>(cell.seq_len)),
        num_experts_(static_cast<double>(m_.num_experts / cell.ep_degree)) {
    rows_ = tokens_ * static_cast<double>(m_.top_k);
    // The grouped kernel fills each expert up to a multiple of 16 rows in bf16: 7.5 on average.
    if (!loop_ && cell.dtype == Dtype::kBf16) rows_ += 7.5 * num_experts_;
  }

  // While the loss's gradient is computed: the final norm's output and its gradient, the logits.
  double at_head() const {
    return kept() + token_hidden() * 2 + tokens_ * (4 + num(m_.vocab_size) * element_);
  }

  // While the last layer's gradients are computed: its output's gradient comes in, and the layer
  // is whole again where it was computed once more.
  double at_last_layer() const {
    const double whole = checkpointing_ ? layer() - token_hidden() : 0;
    return kept() + whole + token_hidden() + std::max(expert_backward(), attention_backward());
  }

 private:
  static double num(std::int64_t value) { return static_cast<double>(value); }
  double token_hidden() const { return tokens_ * num(m_.hidden_size) * element_; }
  double token_heads() const { return tokens_ * num(m_.num_heads * m_.head_dim) * element_; }
  double row_hidden(double rows) const { return rows * num(m_.hidden_size) * element_; }
  double row_intermediate(double rows) const { return rows * num(m_.intermediate_size) * element_; }

  // What all layers keep for the backward pass, and the last one's output.
  double kept() const {
    const double each = checkpointing_ ? token_hidden() : layer();
    return num(m_.num_layers) * each + token_hidden() + 4 * tokens_;  // and which tokens are real
  }

  double layer() const { return dense_layer() + attention() + experts(); }

  // Input, first norm's output, residual, second norm's output; per token in 4 bytes each the two
  // norms' factors, the router's probabilities, the chosen ones before and after renormalisation
  // with their sum, and in 8 bytes the chosen experts.
  double dense_layer() const {
    return 4 * token_hidden() + tokens_ * (8 + 4 * num(m_.num_experts) + 16 * num(m_.top_k) + 4);
  }

  // q, and k and v repeated to all heads, the output, and the scores' logsumexp in 4 bytes.
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

  // What the gradients take beyond what is kept, less what was let go of by then, while the
  // experts' are computed. The rows that were weighted are gone. grouped: gradients of all output
  // and input rows, and two blocks of one expert's size.
  double expert_backward() const {
    const double weighted = row_hidden(ep_ ? tokens_ * num(m_.top_k) : rows_);
    if (loop_)
      return ep_ ? std::max(weighted, waiting_rows() - weighted + first_expert_backward())
                 : first_expert_backward();
    return 2 * row_hidden(rows_) - weighted + 2 * row_intermediate(rows_ / num_experts_);
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

  // The same for attention: the experts' part, second norm's input and output are gone. Gradients
  // of the output, of q, k and v as they were used, and as they were projected.
  double attention_backward() const {
    const double projected = num((m_.num_heads + 2 * m_.num_kv_heads) * m_.head_dim) * element_;
    return 4 * token_heads() + tokens_ * projected - token_hidden() - experts();
  }

  const ModelConfig& m_;
  bool loop_, ep_, checkpointing_;
  double element_, tokens_, num_experts_;
  double rows_;  // that pass this rank's experts
};

}  // namespace

// Gathered: the root unit stays for the whole step, and its gradient from the head on. At the head
// the last layer's parameters are on their way; in a layer's backward pass those of the layer
// before it as well, and the layer's gradient fills up. One rank gathers nothing. The largest of
// the two moments counts: what came before and comes after both is less.
MemoryEstimate estimate_memory(const CellConfig& cell) {
  const std::int64_t element = bytes_of(cell.dtype);
  if (cell.measure == Measure::kLoad) return {.parameters = loaded_elements(cell) * element};
  const Units units = units_of(cell);
  MemoryEstimate estimate;
  estimate.parameters = units.shard * element;
  estimate.gradients = units.shard * element;
  estimate.optimizer = 2 * units.shard * element;

  const Activations activations(cell);
  const std::int64_t layers = std::min<std::int64_t>(2, cell.model.num_layers) + 1;
  const std::int64_t head_gathered = element * (2 * units.gathered_root + units.gathered_layer);
  const std::int64_t layer_gathered =
      element * (2 * units.gathered_root + layers * units.gathered_layer);
  const std::int64_t head = to_bytes(activations.at_head());
  const std::int64_t layer = to_bytes(activations.at_last_layer());
  const bool at_head = head_gathered + head > layer_gathered + layer;
  estimate.gathered = at_head ? head_gathered : layer_gathered;
  estimate.activations = at_head ? head : layer;
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
  return 6.0 * static_cast<double>(matmul) * static_cast<double>(seq_len) +
         3 * forward_attention_flops(model, seq_len);
}

double recomputed_flops_per_sequence(const ModelConfig& model, std::int64_t seq_len) {
  const std::int64_t layers = num_active_parameters(model) - root_parameters(model);
  return 2.0 * static_cast<double>(layers) * static_cast<double>(seq_len) +
         forward_attention_flops(model, seq_len);
}

}  // namespace moebench::config
