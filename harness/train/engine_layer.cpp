// The engine's work on one layer, and on gradients of units.
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include <utility>

#include "harness/measure/nvtx.h"
#include "harness/measure/phases.h"
#include "harness/parallel/unit_events.h"
#include "harness/train/engine.h"

namespace moebench::train {
namespace {

using measure::NvtxKind;
using measure::NvtxRange;
using measure::Phase;
using parallel::UnitEvent;

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

}  // namespace

at::Tensor Engine::forward_layer(Layer& layer, const at::Tensor& x,
                                 const model::BatchContext& batch, SavedLayer& saved) {
  static const measure::NvtxName kName("forward");
  const NvtxRange range(NvtxKind::kLayer, kName, layer.weights.index);
  parallel::note(UnitEvent::kForward, layer.name());
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
  parallel::note(UnitEvent::kRecompute, layer.name());
  const at::AutoGradMode grad_mode(true);
  saved.out = model::decoder_layer(saved.x_in, layer.weights, cell_.model, batch);
}

at::Tensor Engine::backward_layer(Layer& layer, SavedLayer& saved, const at::Tensor& dx,
                                  const at::Tensor& dprob_sum, bool first) {
  static const measure::NvtxName kName("backward");
  const NvtxRange range(NvtxKind::kLayer, kName, layer.weights.index);
  parallel::note(UnitEvent::kBackward, layer.name());
  std::vector<at::Tensor> flats;
  std::vector<parallel::ShardedUnit::GradientBuffer> buffers;
  for (auto& unit : layer.units) {
    buffers.push_back(unit->start_gradients(first));
    flats.push_back(buffers.back().flat);
  }
  bind_layer(layer, &model::Weight::grad, flats);
  start_writing(model::all_weights(layer.weights.dense), buffers.front().accumulates);
  start_writing(model::all_weights(layer.weights.experts), buffers.back().accumulates);

  const measure::PhaseScope phase(
      Phase::kCombineBackward);  // until the marks of the layer take over
  std::vector<at::Tensor> outputs = {saved.out.x_TH}, gradients = {dx};
  if (saved.out.prob_sum_E.defined()) {
    outputs.push_back(saved.out.prob_sum_E);
    gradients.push_back(dprob_sum);
  }
  torch::autograd::backward(outputs, gradients);
  outputs.clear();
  at::Tensor dx_in = std::move(saved.x_in.mutable_grad());
  saved = SavedLayer();

  zero_unwritten(model::all_weights(layer.weights.dense));
  zero_unwritten(model::all_weights(layer.weights.experts));
  model::unbind(layer.weights, &model::Weight::grad);
  release(layer);
  return dx_in;
}

void Engine::start_root_gradients(bool first) {
  const auto buffer = root_->start_gradients(first);
  model::bind(root_weights_, root_->layout(), buffer.flat, &model::Weight::grad);
  start_writing(model::all_weights(root_weights_), buffer.accumulates);
}

void Engine::finish_root_gradients() {
  zero_unwritten(model::all_weights(root_weights_));
  model::unbind(root_weights_, &model::Weight::grad);
}

// Without synchronisation a unit's full gradient waits for the step's last micro-batch.
void Engine::start_reduce(parallel::ShardedUnit& unit, Turn turn) {
  if (cell_.sync_each_batch) {
    unit.start_reduce(/*accumulate=*/!turn.first);
  } else if (turn.last) {
    unit.start_reduce(/*accumulate=*/false);
  }
}

void Engine::start_reduce(Layer& layer, Turn turn) {
  for (auto& unit : layer.units) start_reduce(*unit, turn);
}

void Engine::continue_reduce(Layer& layer) {
  for (auto& unit : layer.units) unit->continue_reduce();
}

void Engine::finish_reduce(Layer& layer) {
  for (auto& unit : layer.units) unit->finish_reduce();
}

}  // namespace moebench::train
