#include "harness/estimate/memory_estimate.h"

#include <algorithm>
#include <functional>
#include <vector>

#include "harness/estimate/activation_memory.h"
#include "harness/estimate/model_size.h"
#include "harness/partition/partition.h"

namespace moebench::estimate {
namespace {

using config::LoadTensors;
using config::Measure;
using config::Optimizer;

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
  // A layer's: of one without experts, and of one with them. Others of its kind are the same.
  std::vector<Unit> dense, sparse;
  const ModelConfig* model = nullptr;

  std::int64_t num_layers() const { return model->num_layers; }

  // Sum of f over the units of layers [begin, end), as far as there are such.
  template <typename F>
  std::int64_t in_layers(std::int64_t begin, std::int64_t end, const F& f) const {
    begin = std::clamp<std::int64_t>(begin, 0, num_layers());
    end = std::clamp<std::int64_t>(end, begin, num_layers());
    const std::int64_t num_dense = model->num_dense_before(end) - model->num_dense_before(begin);
    std::int64_t sum = 0;
    for (const Unit& unit : dense) sum += num_dense * f(unit);
    for (const Unit& unit : sparse) sum += (end - begin - num_dense) * f(unit);
    return sum;
  }
  std::int64_t shard() const {
    return root.shard + in_layers(0, num_layers(), std::mem_fn(&Unit::shard));
  }
  std::int64_t largest_shard() const {
    std::int64_t largest = root.shard;
    for (const auto* units : {&dense, &sparse}) {
      for (const Unit& unit : *units) largest = std::max(largest, unit.shard);
    }
    return largest;
  }
};

Unit sizes_of(const partition::Unit& unit) {
  return {unit.slice_elements, unit.is_sharded() ? unit.padded_elements() : 0,
          unit.is_replicated()};
}

// Gives units as every rank has them: slices are equal.
Units units_of(const CellConfig& cell) {
  const partition::Partition partition(cell, 0);
  Units units{sizes_of(partition.root()), {}, {}, &cell.model};
  for (std::int64_t i = 0; i < cell.model.num_layers; ++i) {
    std::vector<Unit>& kind = cell.model.is_dense(i) ? units.dense : units.sparse;
    if (!kind.empty()) continue;
    for (const partition::Unit& unit : partition.layer(i)) kind.push_back(sizes_of(unit));
  }
  return units;
}

// Counts what a rank keeps of a load: its part of every unit, or its experts and the routers whole.
std::int64_t loaded_elements(const CellConfig& cell) {
  if (cell.load.tensors == LoadTensors::kAll) return units_of(cell).shard();
  const ModelConfig& m = cell.model;
  const std::int64_t experts = partition::Partition(cell, 0).experts().size();
  const std::int64_t per_router =
      m.hidden_size + (m.router_bias ? 1 : 0) + (m.router_correction ? 1 : 0);
  return m.num_sparse_layers() * (expert_parameters(m, experts) + m.num_experts * per_router);
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
    for (std::int64_t i = units_.num_layers(); i-- > 0;) moments.push_back(at_layer(i));
    moments.push_back(
        moment(2 * units_.root.gathered + sum(0, reducing(), &Moments::gathered) + addends(0),
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
  // Counts the addends of layers from `first` on, in a layer's backward pass that before it: of the
  // one that is reduced over its shard group, and of the one behind it, over its replicas.
  std::int64_t addends(std::int64_t first) const {
    return sum(first, first + 2 * reducing(), &Moments::addend);
  }

  std::int64_t gathered(const Unit& unit) const { return unit.gathered; }
  std::int64_t shard(const Unit& unit) const { return unit.shard; }

  // `shards`: elements of the gradients' shards, which count where they aren't part of the state.
  MemoryEstimate moment(std::int64_t gathered, std::int64_t shards, double activations) const {
    MemoryEstimate moment;
    moment.gathered = element_ * gathered;
    moment.activations = to_bytes(activations);
    if (!cell_.keep_gradients) moment.step_gradients = element_ * shards;
    return moment;
  }

  MemoryEstimate at_head() const {
    const std::int64_t layers = units_.num_layers();
    return moment(
        2 * units_.root.gathered + sum(layers - cell_.prefetch, layers, &Moments::gathered) +
            sum(0, layers, &Moments::full_before),
        shard_within(units_.root) + sum(0, layers, &Moments::shard_before), activations_.at_head());
  }

  MemoryEstimate at_layer(std::int64_t index) const {
    const std::int64_t next = index + 1;
    const std::int64_t in_flight = sum(index - cell_.prefetch, index, &Moments::gathered) +
                                   2 * sum(index, next, &Moments::gathered) +
                                   sum(next, next + reducing(), &Moments::gathered);
    return moment(
        2 * units_.root.gathered + in_flight + sum(0, index, &Moments::full_before) + addends(next),
        shard_within(units_.root) + sum(next, units_.num_layers(), &Moments::shard) +
            sum(index, next, &Moments::shard_within) + sum(0, index, &Moments::shard_before),
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

  // Over the units of layers [begin, end), as far as there are such.
  std::int64_t sum(std::int64_t begin, std::int64_t end,
                   std::int64_t (Moments::*of)(const Unit&) const) const {
    return units_.in_layers(begin, end, [&](const Unit& unit) { return (this->*of)(unit); });
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

}  // namespace moebench::estimate
