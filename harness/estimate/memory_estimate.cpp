#include "harness/estimate/memory_estimate.h"

#include <algorithm>
#include <functional>
#include <vector>

#include "harness/estimate/activation_memory.h"
#include "harness/partition/partition.h"

namespace moebench::estimate {
namespace {

using config::LoadTensors;
using config::Measure;
using config::Optimizer;

// Counts the parameters of one layer, but for its experts.
std::int64_t dense_parameters(const ModelConfig& m) {
  return partition::dense_layout(m, 0).num_elements;
}

// Counts the parameters of so many experts of one layer.
std::int64_t expert_parameters(const ModelConfig& m, std::int64_t num_experts) {
  return partition::expert_layout(m, 0, {0, num_experts}).num_elements;
}

std::int64_t root_parameters(const ModelConfig& m) {
  return partition::root_layout(m).num_elements;
}

// Counts the parameters of all layers, as if each had so many experts.
std::int64_t layers_parameters(const ModelConfig& m, std::int64_t num_experts) {
  return m.num_layers * (dense_parameters(m) + expert_parameters(m, num_experts));
}

// Scores and their product with the values, halved by the causal mask.
double forward_attention_flops(const ModelConfig& m, std::int64_t seq_len) {
  const double tokens = static_cast<double>(seq_len);
  return 2.0 * static_cast<double>(m.num_layers) * static_cast<double>(m.num_heads * m.head_dim) *
         tokens * tokens;
}

std::int64_t to_bytes(double value) { return static_cast<std::int64_t>(std::min(value, 9e18)); }

// Elements of a flat unit: what one rank keeps, and what it takes gathered, which a unit of one
// rank never is.
struct Unit {
  std::int64_t shard = 0;
  std::int64_t gathered = 0;
  bool is_replicated = false;

  bool alone() const { return gathered == 0; }
};

struct Units {
  Unit root;
  std::vector<Unit> layer;  // of one layer
  std::int64_t num_layers = 0;

  // Sum of f over the units of a layer.
  template <typename F>
  std::int64_t in_layer(const F& f) const {
    std::int64_t sum = 0;
    for (const Unit& unit : layer) sum += f(unit);
    return sum;
  }
  std::int64_t layer_shard() const { return in_layer(std::mem_fn(&Unit::shard)); }
  std::int64_t layer_gathered() const { return in_layer(std::mem_fn(&Unit::gathered)); }
  std::int64_t shard() const { return root.shard + num_layers * layer_shard(); }
  std::int64_t largest_shard() const {
    return std::max(root.shard, std::ranges::max(layer, {}, &Unit::shard).shard);
  }
};

Unit sizes_of(const partition::Unit& unit) {
  return {unit.slice_elements, unit.is_sharded() ? unit.padded_elements() : 0,
          unit.is_replicated()};
}

// Gives units as every rank has them: slices are equal, and each layer has those of the first.
Units units_of(const CellConfig& cell) {
  const partition::Partition partition(cell, 0);
  Units units{sizes_of(partition.root()), {}, cell.model.num_layers};
  for (const partition::Unit& unit : partition.layer(0)) {
    units.layer.push_back(sizes_of(unit));
  }
  return units;
}

// Counts what a rank keeps of a load: its part of every unit, or its experts and the routers whole.
std::int64_t loaded_elements(const CellConfig& cell) {
  if (cell.load.tensors == LoadTensors::kAll) return units_of(cell).shard();
  const ModelConfig& m = cell.model;
  const std::int64_t experts = partition::Partition(cell, 0).experts().size();
  return m.num_layers * (expert_parameters(m, experts) + m.num_experts * m.hidden_size);
}

// The moments of a step's last micro-batch at which a rank may need most, and what it needs then
// beyond the state. Gathered: the root unit stays for the whole step, and its gradient from the
// head on. At the head the parameters of the last `prefetch` layers are on their way; in a layer's
// backward pass those of the layers before it, the layer's gradient fills up, and that of the layer
// behind it is being reduced. One rank gathers nothing.
class Moments {
 public:
  explicit Moments(const CellConfig& cell)
      : cell_(cell),
        units_(units_of(cell)),
        activations_(cell, partition::Partition(cell, 0).experts().size()),
        element_(element_bytes(cell.dtype)) {}

  std::vector<MemoryEstimate> all() const {
    std::vector<MemoryEstimate> moments = {at_head()};
    for (std::int64_t i = units_.num_layers; i-- > 0;) moments.push_back(at_layer(i));
    moments.push_back(moment(2 * units_.root.gathered + reducing() * units_.layer_gathered() +
                                 addends(units_.num_layers),
                             units_.shard(), activations_.at_embedding()));
    moments.push_back(moment(2 * units_.root.gathered + addend(units_.root), units_.shard(),
                             activations_.at_embedding()));
    moments.push_back(at_update());
    return moments;
  }

 private:
  // Layers whose reduction lies behind the backward pass of another.
  std::int64_t reducing() const { return cell_.prefetch > 0 ? 1 : 0; }

  // A unit's gradient before its backward pass, unsharded and as a shard: what earlier
  // micro-batches of the step left.
  std::int64_t full_before(const Unit& unit) const {
    return cell_.grad_accumulation > 1 && !cell_.sync_each_batch ? unit.gathered : 0;
  }
  std::int64_t shard_before(const Unit& unit) const {
    const bool reduced = cell_.sync_each_batch || unit.alone();
    return cell_.grad_accumulation > 1 && reduced ? unit.shard : 0;
  }
  // The shard in its backward pass; a unit alone has no other place for the gradient.
  std::int64_t shard_within(const Unit& unit) const {
    return unit.alone() ? unit.shard : shard_before(unit);
  }

  // The shard group's sum, on its way to those of the replicas; it has a place of its own where
  // theirs is added to what earlier micro-batches left.
  std::int64_t addend(const Unit& unit) const {
    const bool adds = cell_.grad_accumulation > 1 && cell_.sync_each_batch;
    return unit.is_replicated && adds ? unit.shard : 0;
  }
  // Counts the addends of the layers behind one in its backward pass: of the one that is reduced
  // over its shard group, and of the one behind it, over its replicas.
  std::int64_t addends(std::int64_t behind) const {
    return std::min(behind, 2 * reducing()) * layer_sum(&Moments::addend);
  }

  // `shards`: elements of the gradients' shards, which count where they aren't part of the state.
  MemoryEstimate moment(std::int64_t gathered, std::int64_t shards, double activations) const {
    MemoryEstimate moment;
    moment.gathered = element_ * gathered;
    moment.activations = to_bytes(activations);
    if (!cell_.keep_gradients) moment.step_gradients = element_ * shards;
    return moment;
  }

  MemoryEstimate at_head() const {
    const std::int64_t full = layer_sum(&Moments::full_before);
    const std::int64_t shards = layer_sum(&Moments::shard_before);
    const std::int64_t gathered = std::min(cell_.prefetch, units_.num_layers);
    return moment(
        2 * units_.root.gathered + gathered * units_.layer_gathered() + units_.num_layers * full,
        shard_within(units_.root) + units_.num_layers * shards, activations_.at_head());
  }

  MemoryEstimate at_layer(std::int64_t index) const {
    const std::int64_t full = layer_sum(&Moments::full_before);
    const std::int64_t shards = layer_sum(&Moments::shard_before);
    const std::int64_t behind = units_.num_layers - 1 - index;  // whose gradients are reduced
    const std::int64_t in_flight =
        std::min(cell_.prefetch, index) + 2 + (behind > 0 ? reducing() : 0);
    return moment(2 * units_.root.gathered + in_flight * units_.layer_gathered() + index * full +
                      addends(behind),
                  shard_within(units_.root) + behind * units_.layer_shard() +
                      layer_sum(&Moments::shard_within) + index * shards,
                  activations_.at_layer(index));
  }

  MemoryEstimate at_update() const {
    MemoryEstimate update = moment(0, units_.shard(), 0);
    if (cell_.optimizer == Optimizer::kForeach) update.update = element_ * units_.shard();
    if (cell_.optimizer == Optimizer::kPerTensor) {
      update.update = 2 * element_ * units_.largest_shard();
    }
    return update;
  }

  std::int64_t layer_sum(std::int64_t (Moments::*of)(const Unit&) const) const {
    return units_.in_layer([&](const Unit& unit) { return (this->*of)(unit); });
  }

  const CellConfig& cell_;
  Units units_;
  ActivationMemory activations_;
  std::int64_t element_;
};

}  // namespace

MemoryEstimate estimate_memory(const CellConfig& cell) {
  const std::int64_t element = element_bytes(cell.dtype);
  if (cell.measure == Measure::kLoad) return {.parameters = loaded_elements(cell) * element};
  MemoryEstimate estimate =
      std::ranges::max(Moments(cell).all(), {}, [](const MemoryEstimate& m) { return m.total(); });
  const std::int64_t shard = element * units_of(cell).shard();
  estimate.parameters = shard;
  if (cell.keep_gradients) estimate.gradients = shard;
  estimate.optimizer = 2 * shard;
  return estimate;
}

std::int64_t num_parameters(const ModelConfig& model) {
  return root_parameters(model) + layers_parameters(model, model.num_experts);
}

std::int64_t num_active_parameters(const ModelConfig& model) {
  return root_parameters(model) + layers_parameters(model, model.top_k);
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
  const std::int64_t layers = layers_parameters(model, model.top_k);
  return 2.0 * static_cast<double>(layers) * static_cast<double>(seq_len) +
         forward_attention_flops(model, seq_len);
}

}  // namespace moebench::estimate
