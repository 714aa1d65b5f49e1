#include "harness/train/engine.h"

#include <ATen/ATen.h>
#include <c10/core/AutogradState.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <utility>

#include "harness/base/check.h"
#include "harness/base/error.h"
#include "harness/comm/device_communicator.h"
#include "harness/measure/nvtx.h"
#include "harness/measure/phases.h"
#include "harness/measure/unit_events.h"
#include "harness/parallel/expert_parallel.h"
#include "harness/train/load_weights.h"
#include "harness/train/optimizer.h"

namespace moebench::train {
namespace {

using measure::NvtxKind;
using measure::NvtxRange;
using measure::Phase;
using measure::UnitEvent;

// labels[t] = the token after t in its row; -1 where there is none.
std::vector<std::int64_t> next_token_labels(const data::MicroBatch& batch) {
  std::vector<std::int64_t> labels(batch.tokens.size(), -1);
  for (std::int64_t row = 0; row < batch.num_samples; ++row) {
    const std::int64_t begin = row * batch.length;
    for (std::int64_t i = 0; i + 1 < batch.lengths[static_cast<std::size_t>(row)]; ++i) {
      labels[static_cast<std::size_t>(begin + i)] =
          batch.tokens[static_cast<std::size_t>(begin + i + 1)];
    }
  }
  return labels;
}

at::Tensor real_token_mask(const data::MicroBatch& batch) {
  at::Tensor mask = at::zeros({batch.num_samples, batch.length});
  for (std::int64_t row = 0; row < batch.num_samples; ++row) {
    mask.select(0, row).narrow(0, 0, batch.lengths[static_cast<std::size_t>(row)]).fill_(1);
  }
  return mask.flatten();
}

std::int64_t real_tokens(const std::vector<data::MicroBatch>& micro_batches) {
  std::int64_t tokens = 0;
  for (const data::MicroBatch& batch : micro_batches) tokens += batch.real_tokens();
  return tokens;
}

// Parameters that the backward pass did not reach have gradient 0 (an expert without tokens).
void zero_unwritten(const std::vector<model::Weight*>& weights) {
  for (model::Weight* weight : weights) {
    if (!weight->written && !weight->accumulate) weight->grad.zero_();
  }
}

void start_writing(const std::vector<model::Weight*>& weights, bool accumulate) {
  for (model::Weight* weight : weights) {
    weight->accumulate = accumulate;
    weight->written = false;
  }
}

void visit_slots(const parallel::ShardedUnit& unit, const at::Tensor& shard,
                 const Engine::Visit& visit) {
  const at::Tensor flat = unit.gathered(shard);
  for (const model::Slot& slot : unit.layout().slots) {
    visit(slot, flat.narrow(0, slot.offset, slot.num_elements).view(slot.shape()));
  }
}

void sum_over_ranks(comm::Communicator& world, std::vector<double>& values) {
  const measure::PhaseScope phase(Phase::kReduce);
  world.all_reduce_sum(values);
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
  weights::Request request = load_request(cell_, world_.rank());
  const auto units = all_units();
  MOEBENCH_CHECK(units.size() == request.groups.size());
  std::vector<at::Tensor> shards;  // on the host: themselves, or what becomes a GPU's
  for (std::size_t i = 0; i < units.size(); ++i) {
    weights::Stack& stack = request.groups[i].stacks[0];
    MOEBENCH_CHECK(stack.name == units[i]->layout().name);
    MOEBENCH_CHECK(stack.keep_elements <= units[i]->shard().numel());
    shards.push_back(units[i]->shard().cpu());
    stack.destination = static_cast<std::byte*>(shards.back().data_ptr());
  }
  weights::Memory unused;
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

StepResult Engine::step(const std::vector<data::MicroBatch>& micro_batches) {
  MOEBENCH_CHECK(std::ssize(micro_batches) == cell_.grad_accumulation);
  static const measure::NvtxName kName("step");
  const NvtxRange range(NvtxKind::kStep, kName, real_tokens(micro_batches));
  std::vector<double> loss_tokens = {0};
  for (const auto& batch : micro_batches) {
    loss_tokens[0] += static_cast<double>(batch.loss_tokens());
  }
  sum_over_ranks(world_, loss_tokens);
  if (loss_tokens[0] == 0) throw Error("a step without any loss token; use longer samples");

  gather_root();
  std::vector<Outcome> outcomes;
  for (std::size_t i = 0; i < micro_batches.size(); ++i) {
    const Place place{i == 0, i + 1 == micro_batches.size()};
    outcomes.push_back(micro_step(micro_batches[i], place, 1.0 / loss_tokens[0]));
  }
  release_root();

  measure::PhaseScope phase(Phase::kRouter);
  std::vector<double> sums = {0, 0, 0};  // cross entropy, load balancing, squared gradients
  for (std::size_t i = 0; i < micro_batches.size(); ++i) {
    count_routing(outcomes[i].loads, micro_batches[i]);
    sums[0] += outcomes[i].cross_entropy_sum.item<double>();
    sums[1] += outcomes[i].load_balancing.item<double>();
  }
  phase.change(Phase::kOptimizer);
  sums[2] = squared_gradient_norm();
  sum_over_ranks(world_, sums);
  StepResult result;
  const auto num_micro_batches = static_cast<double>(cell_.ranks * cell_.grad_accumulation);
  result.loss =
      sums[0] / loss_tokens[0] + cell_.model.router_aux_loss_coef * sums[1] / num_micro_batches;
  result.grad_norm = std::sqrt(sums[2]);
  update_parameters(cell_, all_units(), result.grad_norm, ++num_updates_);
  if (!cell_.keep_gradients) {
    for (parallel::ShardedUnit* unit : all_units()) unit->free_gradient();
  }
  device::synchronize(place_);
  return result;
}

// Of this rank's slices.
double Engine::squared_gradient_norm() {
  std::vector<at::Tensor> squares;
  for (parallel::ShardedUnit* unit : all_units()) {
    squares.push_back(unit->gradient_sum_of_squares());
  }
  const at::Tensor on_host = at::stack(squares).cpu();
  const auto* begin = on_host.const_data_ptr<double>();
  return std::accumulate(begin, begin + on_host.numel(), 0.0);
}

at::Tensor Engine::logits(const data::MicroBatch& batch) {
  const at::AutoGradMode grad_mode(false);
  gather_root();
  std::vector<SavedLayer> saved(layers_.size());
  const at::Tensor x = forward(context_of(batch), saved);
  const at::Tensor logits = model::logits(x, root_weights_, cell_.model);
  release_root();
  return logits;
}

model::BatchContext Engine::context_of(const data::MicroBatch& batch) const {
  const config::ModelConfig& model = cell_.model;
  model::BatchContext context;
  // All that comes from the host, at once: a copy to a GPU waits for what it has to do.
  context.attention = {
      {batch.num_samples, batch.length, model.num_heads, model.num_kv_heads, model.head_dim},
      rope_,
      model.attention_multiplier};
  context.tokens_T = at::tensor(batch.tokens).to(place_.device);
  context.labels_T = at::tensor(next_token_labels(batch)).to(place_.device);
  context.mask_T = real_token_mask(batch).to(place_.device);
  context.experts = experts_;
  context.forced_ids_LTk = forced_ids(batch);
  return context;
}

at::Tensor Engine::forward(const model::BatchContext& context, std::vector<SavedLayer>& saved) {
  measure::PhaseScope phase(Phase::kEmbedding);
  at::Tensor x = model::embed(context.tokens_T, root_weights_, cell_.model);
  phase.change(Phase::kOther);
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    gather(layers_[i]);
    start_gathers_beyond(static_cast<std::int64_t>(i), +1);
    x = forward_layer(layers_[i], x, context, saved[i]);
    release(layers_[i]);
  }
  return x;
}

Engine::Outcome Engine::micro_step(const data::MicroBatch& batch, Place place, double loss_scale) {
  measure::PhaseScope phase(Phase::kOther);
  const config::ModelConfig& model = cell_.model;
  const model::BatchContext context = context_of(batch);
  std::vector<SavedLayer> saved(layers_.size());
  at::Tensor x = forward(context, saved);
  phase.change(Phase::kRouter);

  Outcome outcome;
  std::vector<model::LayerOutput> outputs;
  for (const SavedLayer& layer : saved) {
    outputs.push_back(layer.out);
    outcome.loads.push_back(layer.out.load);
  }
  const model::LoadBalancing balancing =
      model::load_balancing_loss(outputs, static_cast<double>(batch.real_tokens()));
  outputs.clear();
  outcome.load_balancing = balancing.loss;
  const double aux_scale =
      model.router_aux_loss_coef / static_cast<double>(cell_.ranks * cell_.grad_accumulation);
  const at::Tensor dprob_sum = balancing.dloss_dprob_sum_E * aux_scale;

  // The last layers' parameters travel while the loss is computed.
  start_gathers_beyond(std::ssize(layers_), -1);
  phase.change(Phase::kLoss);
  start_root_gradients(place.first);
  at::Tensor dx = head(x, context.labels_T, loss_scale, outcome.cross_entropy_sum);
  x = at::Tensor();
  phase.change(Phase::kOther);
  for (std::size_t i = layers_.size(); i-- > 0;) {
    Layer& layer = layers_[i];
    gather(layer);
    if (cell_.gathers == 3) {
      // As FSDP does where checkpointing lies around its units: the recomputation is a forward pass
      // like any other, and ends with a release.
      recompute(layer, saved[i], context);
      release(layer);
      gather(layer);
    }
    start_gathers_beyond(static_cast<std::int64_t>(i), -1);
    if (cell_.activation_checkpointing && cell_.gathers == 2) recompute(layer, saved[i], context);
    dx = backward_layer(layer, saved[i], dx, dprob_sum, place.first);
    if (i + 1 < layers_.size()) finish_reduce(layers_[i + 1]);
    start_reduce(layer, place);
    if (cell_.prefetch == 0) finish_reduce(layer);
  }
  phase.change(Phase::kEmbeddingBackward);
  model::embed_backward(context.tokens_T, dx, root_weights_, model);
  zero_unwritten(model::all_weights(root_weights_));
  model::unbind(root_weights_, &model::Weight::grad);
  finish_reduce(layers_.front());
  start_reduce(*root_, place);
  root_->finish_reduce();
  return outcome;
}

at::Tensor Engine::forward_layer(Layer& layer, const at::Tensor& x,
                                 const model::BatchContext& batch, SavedLayer& saved) {
  static const measure::NvtxName kName("forward");
  const NvtxRange range(NvtxKind::kLayer, kName, layer.weights.index);
  measure::note(UnitEvent::kForward, layer.name());
  const at::AutoGradMode grad_mode(!cell_.activation_checkpointing);
  saved.x_in = x.detach().requires_grad_(true);
  saved.out = model::decoder_layer(saved.x_in, layer.weights, cell_.model, batch);
  const at::Tensor out = saved.out.x_TH.detach();
  // Recomputed in the backward pass; the router's sums are still needed for the loss.
  if (cell_.activation_checkpointing) saved.out.x_TH = at::Tensor();
  return out;
}

void Engine::recompute(Layer& layer, SavedLayer& saved, const model::BatchContext& batch) {
  static const measure::NvtxName kName("recompute");
  const NvtxRange range(NvtxKind::kLayer, kName, layer.weights.index);
  measure::note(UnitEvent::kRecompute, layer.name());
  const at::AutoGradMode grad_mode(true);
  saved.out = model::decoder_layer(saved.x_in, layer.weights, cell_.model, batch);
}

at::Tensor Engine::backward_layer(Layer& layer, SavedLayer& saved, const at::Tensor& dx,
                                  const at::Tensor& dprob_sum, bool first) {
  static const measure::NvtxName kName("backward");
  const NvtxRange range(NvtxKind::kLayer, kName, layer.weights.index);
  measure::note(UnitEvent::kBackward, layer.name());
  std::vector<at::Tensor> flats;
  std::vector<parallel::ShardedUnit::GradientBuffer> buffers;
  for (auto& unit : layer.units) {
    buffers.push_back(unit->start_gradients(first));
    flats.push_back(buffers.back().flat);
  }
  bind_layer(layer, &model::Weight::grad, flats);
  start_writing(model::all_weights(layer.weights.dense), buffers.front().accumulates);
  start_writing(model::all_weights(layer.weights.experts, cell_.expert_kernel),
                buffers.back().accumulates);

  const measure::PhaseScope phase(
      Phase::kCombineBackward);  // until the marks of the layer take over
  torch::autograd::backward({saved.out.x_TH, saved.out.prob_sum_E}, {dx, dprob_sum});
  at::Tensor dx_in = std::move(saved.x_in.mutable_grad());
  saved = SavedLayer();

  zero_unwritten(model::all_weights(layer.weights.dense));
  zero_unwritten(model::all_weights(layer.weights.experts, cell_.expert_kernel));
  model::unbind(layer.weights, &model::Weight::grad);
  release(layer);
  return dx_in;
}

void Engine::start_root_gradients(bool first) {
  const auto buffer = root_->start_gradients(first);
  model::bind(root_weights_, cell_.model, buffer.flat, &model::Weight::grad);
  start_writing(model::all_weights(root_weights_), buffer.accumulates);
}

// Without synchronisation a unit's full gradient waits for the step's last micro-batch.
void Engine::start_reduce(parallel::ShardedUnit& unit, Place place) {
  if (cell_.sync_each_batch) {
    unit.start_reduce(/*accumulate=*/!place.first);
  } else if (place.last) {
    unit.start_reduce(/*accumulate=*/false);
  }
}

void Engine::start_reduce(Layer& layer, Place place) {
  for (auto& unit : layer.units) start_reduce(*unit, place);
}

void Engine::finish_reduce(Layer& layer) {
  for (auto& unit : layer.units) unit->finish_reduce();
}

at::Tensor Engine::head(const at::Tensor& x, const at::Tensor& labels, double loss_scale,
                        at::Tensor& loss_sum) {
  const at::AutoGradMode grad_mode(true);
  const at::Tensor x_in = x.detach().requires_grad_(true);
  const at::Tensor normed = model::head_input(x_in, root_weights_, cell_.model);
  const at::Tensor loss =
      model::lm_head_loss(normed, root_weights_.head(), {labels, static_cast<float>(loss_scale)});
  loss_sum = loss.detach();
  const measure::PhaseScope phase(Phase::kLossBackward);
  torch::autograd::backward({loss}, {});
  return x_in.grad();
}

at::Tensor Engine::forced_ids(const data::MicroBatch& batch) const {
  if (!forced_routing_) return at::Tensor();
  const config::ModelConfig& model = cell_.model;
  const at::Tensor ids =
      at::empty({model.num_layers, batch.num_samples * batch.length, model.top_k}, at::kInt);
  const auto layer_ids = static_cast<std::size_t>(ids.stride(0));
  for (std::int64_t layer = 0; layer < model.num_layers; ++layer) {
    auto* out = ids.data_ptr<std::int32_t>() + layer * ids.stride(0);
    forced_routing_->choose({batch.first_row, batch.num_samples, batch.length}, layer,
                            {out, layer_ids});
  }
  return ids.to(place_.device, at::kLong);
}

void Engine::count_routing(const std::vector<model::ExpertLoad>& loads,
                           const data::MicroBatch& batch) {
  const config::ModelConfig& model = cell_.model;
  std::vector<at::Tensor> rows;
  for (const model::ExpertLoad& load : loads) {
    rows.push_back(load.rows_E);
    routing_counts_.padded_rows += load.padded_rows;
  }
  const at::Tensor rows_LE = at::stack(rows).cpu();
  for (std::int64_t layer = 0; layer < model.num_layers; ++layer) {
    const auto* from = rows_LE.const_data_ptr<std::int64_t>() + layer * rows_LE.size(1);
    const auto to =
        routing_counts_.tokens_per_expert.begin() + layer * model.num_experts + first_expert_;
    std::transform(from, from + rows_LE.size(1), to, to, std::plus<>());
  }
  routing_counts_.routed_rows += batch.num_samples * batch.length * model.top_k * model.num_layers;
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
