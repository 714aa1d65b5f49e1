// Steps of the engine, and what they take from a batch.
#include <ATen/TensorOperators.h>
#include <ATen/core/Reduction.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <c10/core/AutogradState.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <utility>

#include "harness/base/check.h"
#include "harness/base/error.h"
#include "harness/measure/nvtx.h"
#include "harness/measure/phases.h"
#include "harness/train/engine.h"
#include "harness/train/optimizer.h"

namespace moebench::train {
namespace {

using measure::Phase;

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

// While it lives, libtorch runs backward passes on this thread. Else it gives a GPU's a thread of
// its own, out of sight of what watches this one: phases, profiles, ranges.
class BackwardOnThisThread {
 public:
  BackwardOnThisThread() : before_(state().get_multithreading_enabled()) {
    state().set_multithreading_enabled(false);
  }
  ~BackwardOnThisThread() { state().set_multithreading_enabled(before_); }
  BackwardOnThisThread(const BackwardOnThisThread&) = delete;
  BackwardOnThisThread& operator=(const BackwardOnThisThread&) = delete;

 private:
  static c10::AutogradState& state() { return c10::AutogradState::get_tls_state(); }
  bool before_;
};

void sum_over_ranks(comm::Communicator& world, std::vector<double>& values) {
  const measure::PhaseScope phase(Phase::kReduce);
  world.all_reduce_sum(values);
}

}  // namespace

StepResult Engine::step(const std::vector<data::MicroBatch>& micro_batches) {
  MOEBENCH_CHECK(std::ssize(micro_batches) == cell_.grad_accumulation);
  static const measure::NvtxName kName("step");
  const measure::NvtxRange range(measure::NvtxKind::kStep, kName, real_tokens(micro_batches));
  const BackwardOnThisThread backward_on_this_thread;
  std::vector<double> loss_tokens = {0};
  for (const auto& batch : micro_batches) {
    loss_tokens[0] += static_cast<double>(batch.loss_tokens());
  }
  sum_over_ranks(world_, loss_tokens);
  if (loss_tokens[0] == 0) throw Error("a step without any loss token; use longer samples");

  gather_root();
  std::vector<Outcome> outcomes;
  for (std::size_t i = 0; i < micro_batches.size(); ++i) {
    const Turn turn{i == 0, i + 1 == micro_batches.size()};
    outcomes.push_back(micro_step(micro_batches[i], turn, 1.0 / loss_tokens[0]));
  }
  release_root();

  measure::PhaseScope phase(Phase::kRouter);
  std::vector<double> sums = {0, 0};  // cross entropy, load balancing, then squared gradients
  for (std::size_t i = 0; i < micro_batches.size(); ++i) {
    count_routing(outcomes[i].loads, micro_batches[i]);
    sums[0] += outcomes[i].cross_entropy_sum.item<double>();
    sums[1] += outcomes[i].load_balancing.item<double>();
  }
  phase.change(Phase::kOptimizer);
  const std::vector<double> squares = squared_gradient_norms();
  sums.insert(sums.end(), squares.begin(), squares.end());
  sum_over_ranks(world_, sums);
  StepResult result;
  const auto num_micro_batches = static_cast<double>(cell_.ranks * cell_.grad_accumulation);
  result.loss =
      sums[0] / loss_tokens[0] + cell_.router_aux_loss_weight() * sums[1] / num_micro_batches;
  result.grad_norm = std::sqrt(std::accumulate(sums.begin() + 2, sums.end(), 0.0));
  for (auto square = sums.begin() + 2; square != sums.end(); ++square) {
    result.layer_grad_norms.push_back(std::sqrt(*square));
  }
  update_parameters(cell_, all_units(), result.grad_norm, ++num_updates_);
  if (!cell_.keep_gradients) {
    for (parallel::ShardedUnit* unit : all_units()) unit->free_gradient();
  }
  device::synchronize(place_);
  // An aborted collective leaves garbage, which may well be finite.
  groups_.throw_if_failed();
  return result;
}

// Returns the squared norms of this rank's slices, by layer, the root's last.
std::vector<double> Engine::squared_gradient_norms() {
  std::vector<at::Tensor> squares;
  for (parallel::ShardedUnit* unit : all_units()) {
    squares.push_back(unit->gradient_sum_of_squares());
  }
  const at::Tensor on_host = at::stack(squares).cpu();
  const auto* square = on_host.const_data_ptr<double>();
  std::vector<double> sums;
  const double root = *square++;
  for (const Layer& layer : layers_) {
    const auto end = square + std::ssize(layer.units);
    sums.push_back(std::accumulate(square, end, 0.0));
    square = end;
  }
  sums.push_back(root);
  return sums;
}

void Engine::count_routing(const std::vector<model::ExpertLoad>& loads,
                           const data::MicroBatch& batch) {
  const config::ModelConfig& model = cell_.model;
  std::vector<at::Tensor> rows;
  for (const model::ExpertLoad& load : loads) {
    rows.push_back(load.rows_E);
    routing_counts_.padded_rows += load.padded_rows;
  }
  if (rows.empty()) return;  // dense layers alone
  const at::Tensor rows_LE = at::stack(rows).cpu();
  for (std::int64_t layer = 0; layer < rows_LE.size(0); ++layer) {
    const auto* from = rows_LE.const_data_ptr<std::int64_t>() + layer * rows_LE.size(1);
    const auto to = routing_counts_.tokens_per_expert.begin() + layer * model.num_experts +
                    partition_.experts().begin;
    std::transform(from, from + rows_LE.size(1), to, to, std::plus<>());
  }
  routing_counts_.routed_rows +=
      batch.num_samples * batch.length * model.top_k * model.num_sparse_layers();
}

at::Tensor Engine::token_losses(const data::MicroBatch& batch, double tie_margin) {
  constexpr std::int64_t kRowsAtOnce = 1024;  // of logits in fp32
  gather_root();
  std::vector<SavedLayer> saved(layers_.size());
  model::BatchContext context = context_of(batch);
  context.tie_margin = tie_margin;
  const at::Tensor x_TH = forward(context, saved);
  saved.clear();
  const at::AutoGradMode grad_mode(false);
  std::vector<at::Tensor> losses;
  for (std::int64_t row = 0; row < x_TH.size(0); row += kRowsAtOnce) {
    const std::int64_t rows = std::min(kRowsAtOnce, x_TH.size(0) - row);
    const at::Tensor logits =
        model::logits(x_TH.narrow(0, row, rows), root_weights_, cell_.model).to(at::kFloat);
    losses.push_back(at::cross_entropy_loss(logits, context.labels_T.narrow(0, row, rows), {},
                                            at::Reduction::None, /*ignore_index=*/-1));
  }
  release_root();
  return at::cat(losses).cpu();
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
  model::BatchContext context;
  context.attention =
      model::attention_context(cell_.model, {batch.num_samples, batch.length}, rope_, options_);
  // All that comes from the host, at once: a copy to a GPU waits for what it has to do.
  context.tokens_T = at::tensor(batch.tokens).to(place_.device);
  context.labels_T = at::tensor(next_token_labels(batch)).to(place_.device);
  context.mask_T = real_token_mask(batch).to(place_.device);
  context.forced_ids_LTk = forced_ids(batch);
  context.experts = experts_;
  context.balances = cell_.router_aux_loss_weight() != 0;
  return context;
}

at::Tensor Engine::forced_ids(const data::MicroBatch& batch) const {
  if (!forced_routing_) return at::Tensor();
  const config::ModelConfig& model = cell_.model;
  const at::Tensor ids = at::empty(
      {model.num_sparse_layers(), batch.num_samples * batch.length, model.top_k}, at::kInt);
  const auto layer_ids = static_cast<std::size_t>(ids.stride(0));
  for (std::int64_t layer = 0; layer < ids.size(0); ++layer) {
    auto* out = ids.data_ptr<std::int32_t>() + layer * ids.stride(0);
    forced_routing_->choose({batch.first_row, batch.num_samples, batch.length}, layer,
                            {out, layer_ids});
  }
  return ids.to(place_.device);
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

Engine::Outcome Engine::micro_step(const data::MicroBatch& batch, Turn turn, double loss_scale) {
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
    if (layer.out.load.rows_E.defined()) outcome.loads.push_back(layer.out.load);
  }
  const model::LoadBalancing balancing =
      model::load_balancing_loss(outputs, static_cast<double>(batch.real_tokens()));
  outputs.clear();
  outcome.load_balancing = balancing.loss;
  const double aux_scale =
      cell_.router_aux_loss_weight() / static_cast<double>(cell_.ranks * cell_.grad_accumulation);
  at::Tensor dprob_sum = balancing.dloss_dprob_sum_E;
  if (dprob_sum.defined()) dprob_sum *= aux_scale;

  // The last layers' parameters travel while the loss is computed.
  start_gathers_beyond(std::ssize(layers_), -1);
  phase.change(Phase::kLoss);
  start_root_gradients(turn.first);
  at::Tensor dx = head(x, context.labels_T, loss_scale, outcome.cross_entropy_sum);
  x = at::Tensor();
  phase.change(Phase::kOther);
  for (std::size_t i = layers_.size(); i-- > 0;) {
    Layer& layer = layers_[i];
    gather(layer);
    if (cell_.gathers == 3) {
      // FSDP does this where checkpointing lies around its units: the recomputation is a forward
      // pass like any other, and ends with a release.
      recompute(layer, saved[i], context);
      release(layer);
      gather(layer);
    }
    start_gathers_beyond(static_cast<std::int64_t>(i), -1);
    if (cell_.activation_checkpointing && cell_.gathers == 2) recompute(layer, saved[i], context);
    dx = backward_layer(layer, saved[i], dx, dprob_sum, turn.first);
    if (i + 2 < layers_.size()) finish_reduce(layers_[i + 2]);
    if (i + 1 < layers_.size()) continue_reduce(layers_[i + 1]);
    start_reduce(layer, turn);
    if (cell_.prefetch == 0) finish_reduce(layer);
  }
  phase.change(Phase::kEmbeddingBackward);
  model::embed_backward(context.tokens_T, dx, root_weights_, model);
  finish_root_gradients();
  if (layers_.size() > 1) finish_reduce(layers_[1]);
  finish_reduce(layers_.front());
  start_reduce(*root_, turn);
  root_->finish_reduce();
  return outcome;
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

}  // namespace moebench::train
