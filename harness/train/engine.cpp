#include "harness/train/engine.h"

#include <ATen/core/Tensor.h>
#include <c10/core/AutogradState.h>

#include <utility>

#include "harness/base/check.h"
#include "harness/base/error.h"
#include "harness/comm/device_communicator.h"
#include "harness/parallel/expert_parallel.h"
#include "harness/train/load_weights.h"

namespace moebench::train {
namespace {

void visit_slots(const parallel::ShardedUnit& unit, const at::Tensor& shard,
                 const Engine::Visit& visit) {
  const at::Tensor flat = unit.gathered(shard);
  for (const model::Slot& slot : unit.layout().slots) {
    visit(slot, flat.narrow(0, slot.offset, slot.num_elements).view(slot.shape()));
  }
}

}  // namespace

Engine::Engine(const config::CellConfig& cell, comm::Communicator& world, BufferCaching caching,
               device::Place place)
    : cell_(cell),
      world_(world),
      place_(std::move(place)),
      options_(at::TensorOptions()
                   .dtype(cell.dtype == config::Dtype::kBf16 ? at::kBFloat16 : at::kFloat)
                   .device(place_.device)),
      pool_(options_, caching == BufferCaching::kOn) {
  MOEBENCH_CHECK(world.size() == cell.ranks);
  // Else libtorch runs a GPU's backward pass on a thread of its own, out of sight of what watches
  // this one: phases, profiles, ranges.
  if (place_.is_cuda()) c10::AutogradState::get_tls_state().set_multithreading_enabled(false);
  const config::ModelConfig& model = cell_.model;
  const auto ep = static_cast<int>(cell_.ep_degree);
  ep_group_ = world.split(world.rank() / ep);
  replica_group_ = world.split(world.rank() % ep);
  experts_ = model::local_experts(cell_.expert_kernel);
  if (ep_group_->size() > 1) {
    experts_ =
        parallel::expert_parallel(for_units(*ep_group_), model.num_experts, std::move(experts_));
  }
  rope_ = model::rope_tables(kernels::RopeTable(cell_.seq_len, model.head_dim, model.rope_theta),
                             place_.device);
  forced_routing_ = model::make_forced_routing(cell_);
  build_layers();
  if (cell_.keep_gradients) {
    for (parallel::ShardedUnit* unit : all_units()) unit->allocate_gradient();
  }
  take_routing_counts();
}

// The group itself, or the same ranks for tensors on a GPU. A group of one exchanges nothing.
comm::Communicator& Engine::for_units(comm::Communicator& group) {
  if (!place_.is_cuda() || group.size() == 1) return group;
  comm::DeviceOptions options;
  options.transport = cell_.device_collectives == config::DeviceCollectives::kNccl
                          ? comm::DeviceTransport::kNccl
                          : comm::DeviceTransport::kHost;
  options.device = place_.device.index();
  options.stream = device::current_stream(place_.device);
  options.sum_in_fp32 = cell_.reduce_dtype == config::Dtype::kFp32;
  options.time_limit_s = cell_.collective_time_limit_s;
  device_groups_.push_back(group.on_device(options));
  return *device_groups_.back();
}

void Engine::build_layers() {
  const config::ModelConfig& model = cell_.model;
  comm::Communicator& all = for_units(world_);
  comm::Communicator& replicas = for_units(*replica_group_);
  root_ = std::make_unique<parallel::ShardedUnit>(model::root_layout(model), all, pool_, options_);
  const std::int64_t local = model.num_experts / ep_group_->size();
  const model::ExpertRange range{ep_group_->rank() * local, (ep_group_->rank() + 1) * local};
  first_expert_ = range.begin;
  layers_.resize(static_cast<std::size_t>(model.num_layers));
  for (std::int64_t i = 0; i < model.num_layers; ++i) {
    Layer& layer = layers_[static_cast<std::size_t>(i)];
    layer.weights.index = i;
    layer.weights.experts.num_experts = local;
    model::Layout dense = model::dense_layout(model, i);
    model::Layout experts = model::expert_layout(model, i, range);
    const auto add_unit = [&](model::Layout layout, comm::Communicator& group) {
      layer.units.push_back(
          std::make_unique<parallel::ShardedUnit>(std::move(layout), group, pool_, options_));
    };
    if (ep_group_->size() == 1) {
      layer.experts_offset = dense.num_elements;
      add_unit(model::concatenate(std::move(dense), experts), all);
    } else {
      add_unit(std::move(dense), all);
      add_unit(std::move(experts), replicas);
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
  model::bind(layer.weights.dense, cell_.model, flats.front(), field);
  const at::Tensor& last = flats.back();
  model::bind(layer.weights.experts, cell_.model,
              last.narrow(0, layer.experts_offset, last.numel() - layer.experts_offset), field);
}

void Engine::start_gather(Layer& layer) {
  for (auto& unit : layer.units) unit->start_gather();
}

// Of the layers that come next, in the direction of the pass.
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
  model::bind(root_weights_, cell_.model, root_->full(), &model::Weight::value);
}

void Engine::release_root() {
  model::unbind(root_weights_, &model::Weight::value);
  root_->free();
}

RoutingCounts Engine::take_routing_counts() {
  const auto size = static_cast<std::size_t>(cell_.model.num_layers * cell_.model.num_experts);
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
