#include "harness/train/engine.h"

#include <ATen/core/Tensor.h>

#include <optional>
#include <utility>

#include "harness/base/check.h"
#include "harness/base/error.h"
#include "harness/comm/device_communicator.h"
#include "harness/model/dtype.h"
#include "harness/parallel/expert_parallel.h"
#include "harness/train/load_weights.h"

namespace moebench::train {
namespace {

void visit_slots(const parallel::ShardedUnit& unit, const at::Tensor& shard,
                 const Engine::Visit& visit) {
  const at::Tensor flat = unit.gathered(shard);
  for (const partition::Slot& slot : unit.layout().slots) {
    visit(slot, flat.narrow(0, slot.offset, slot.num_elements).view(slot.shape()));
  }
}

// Returns options for communicators of tensors on the place's GPU; none on a CPU.
std::optional<comm::DeviceOptions> device_options(const config::CellConfig& cell,
                                                  const device::Place& place) {
  if (!place.is_cuda()) return std::nullopt;
  comm::DeviceOptions options;
  options.transport = cell.device_collectives == config::DeviceCollectives::kHost
                          ? comm::DeviceTransport::kHost
                          : comm::DeviceTransport::kNccl;
  options.device = place.device.index();
  options.stream = device::current_stream(place.device);
  options.sum_in_fp32 = cell.reduce_dtype == config::Dtype::kFp32;
  options.time_limit_s = cell.collective_time_limit_s;
  return options;
}

}  // namespace

Engine::Engine(const config::CellConfig& cell, comm::Communicator& world, BufferCaching caching,
               device::Place place)
    : cell_(cell),
      world_(world),
      place_(std::move(place)),
      partition_(cell_, world.rank()),
      groups_(world, device_options(cell_, place_)),
      options_(at::TensorOptions().dtype(model::scalar_type(cell.dtype)).device(place_.device)),
      pool_(options_, caching == BufferCaching::kOn) {
  MOEBENCH_CHECK(world.size() == cell.ranks);
  const config::ModelConfig& model = cell_.model;
  experts_ = model::local_experts(cell_.expert_kernel, model::expert_activation(model));
  const config::RankGroup ep_group = partition_.mesh().ep_group(world.rank());
  if (ep_group.size > 1) {
    experts_ =
        parallel::expert_parallel(groups_.of(ep_group), model.num_experts, std::move(experts_));
  }
  rope_ = model::rope_tables(model, cell_.seq_len, place_.device);
  forced_routing_ = model::make_forced_routing(cell_);
  build_units();
  if (cell_.keep_gradients) {
    for (parallel::ShardedUnit* unit : all_units()) unit->allocate_gradient();
  }
  take_routing_counts();
}

std::unique_ptr<parallel::ShardedUnit> Engine::make_unit(partition::Unit unit) {
  const parallel::ShardedUnit::Groups groups{groups_.of(unit.shard_group),
                                             groups_.of(unit.replica_group)};
  return std::make_unique<parallel::ShardedUnit>(std::move(unit), groups, pool_, options_);
}

void Engine::build_units() {
  root_ = make_unit(partition_.root());
  layers_.resize(static_cast<std::size_t>(cell_.model.num_layers));
  for (std::int64_t i = 0; i < cell_.model.num_layers; ++i) {
    Layer& layer = layers_[static_cast<std::size_t>(i)];
    layer.weights.index = i;
    layer.weights.experts.num_experts = partition_.experts().size();
    layer.weights.experts.kernel = cell_.expert_kernel;
    for (partition::Unit& unit : partition_.layer(i)) {
      layer.units.push_back(make_unit(std::move(unit)));
    }
  }
}

std::vector<parallel::ShardedUnit*> Engine::all_units() {
  std::vector<parallel::ShardedUnit*> units = {root_.get()};
  for (Layer& layer : layers_) {
    for (auto& unit : layer.units) units.push_back(unit.get());
  }
  return units;
}

void Engine::load(const weights::ParameterSource& source) {
  for (parallel::ShardedUnit* unit : all_units()) unit->load(source);
}

void Engine::load_pretrained() {
  load::Request request = load_request(cell_, world_.rank());
  const auto units = all_units();
  MOEBENCH_CHECK(units.size() == request.groups.size());
  std::vector<at::Tensor> shards;  // on the host: themselves, or what becomes a GPU's
  for (std::size_t i = 0; i < units.size(); ++i) {
    load::Stack& stack = request.groups[i].stacks[0];
    MOEBENCH_CHECK(stack.name == units[i]->layout().name);
    MOEBENCH_CHECK(stack.keep_elements <= units[i]->shard().numel());
    shards.push_back(units[i]->shard().cpu());
    stack.destination = static_cast<std::byte*>(shards.back().data_ptr());
  }
  load::Memory unused;
  load_weights(cell_, world_, request, unused);
  if (!place_.is_cuda()) return;
  for (std::size_t i = 0; i < units.size(); ++i) units[i]->shard().copy_(shards[i]);
}

// `flats`: one flat buffer for each unit of the layer.
void Engine::bind_layer(Layer& layer, model::Field field, const std::vector<at::Tensor>& flats) {
  for (std::size_t i = 0; i < flats.size(); ++i) {
    model::bind(layer.weights, layer.units[i]->layout(), flats[i], field);
  }
}

void Engine::start_gather(Layer& layer) {
  for (auto& unit : layer.units) unit->start_gather();
}

// Starts to gather the layers that come next, in the direction of the pass.
void Engine::start_gathers_beyond(std::int64_t index, std::int64_t direction) {
  for (std::int64_t ahead = 1; ahead <= cell_.prefetch; ++ahead) {
    const std::int64_t next = index + direction * ahead;
    if (next < 0 || next >= std::ssize(layers_)) return;
    start_gather(layers_[static_cast<std::size_t>(next)]);
  }
}

void Engine::gather(Layer& layer) {
  std::vector<at::Tensor> flats;
  for (auto& unit : layer.units) {
    unit->wait_gather();
    flats.push_back(unit->full());
  }
  bind_layer(layer, &model::Weight::value, flats);
}

void Engine::release(Layer& layer) {
  model::unbind(layer.weights, &model::Weight::value);
  for (auto& unit : layer.units) unit->free();
}

void Engine::gather_root() {
  root_->wait_gather();
  model::bind(root_weights_, root_->layout(), root_->full(), &model::Weight::value);
}

void Engine::release_root() {
  model::unbind(root_weights_, &model::Weight::value);
  root_->free();
}

RoutingCounts Engine::take_routing_counts() {
  const auto size =
      static_cast<std::size_t>(cell_.model.num_sparse_layers() * cell_.model.num_experts);
  RoutingCounts empty;
  empty.tokens_per_expert.resize(size);
  return std::exchange(routing_counts_, std::move(empty));
}

void Engine::visit_parameters(const Visit& visit) {
  for (parallel::ShardedUnit* unit : all_units()) visit_slots(*unit, unit->shard(), visit);
}

void Engine::visit_gradients(const Visit& visit) {
  if (!cell_.keep_gradients) {
    throw Error("gradients are freed after each step; set axis keep_gradients to true to see them");
  }
  for (parallel::ShardedUnit* unit : all_units()) visit_slots(*unit, unit->gradient_shard(), visit);
}

}  // namespace moebench::train
