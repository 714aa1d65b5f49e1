#include "harness/train/numerics.h"

#include <ATen/core/Tensor.h>

#include <cmath>
#include <cstdint>
#include <string>

#include "harness/base/check.h"
#include "harness/base/counter_random.h"
#include "harness/base/hash.h"
#include "harness/record/agreement.h"
#include "harness/record/put_metric.h"
#include "harness/train/perturb.h"

namespace moebench::train {
namespace {

static_assert(record::kTokenLossProjections <= 64);  // bits of a hash

// Ties are few and far between in fp32: a run one rounding aside may have none where another arm
// has one. In bf16 there are many, and such a run holds its share of them.
constexpr double kTieMargin = 2e-6;  // ten times what fp32 noise moves a token's loss by

// Adds each token's loss, with random signs that its place in the data alone decides.
void project(const data::MicroBatch& batch, const at::Tensor& losses,
             std::vector<double>& projections) {
  const auto* loss = losses.const_data_ptr<float>();
  for (std::int64_t row = 0; row < batch.num_samples; ++row) {
    const std::uint64_t key = stream_key(0, Stream::kProjection, batch.first_row + row);
    for (std::int64_t i = 0; i < batch.length; ++i, ++loss) {
      if (*loss == 0) continue;
      const std::uint64_t signs = mix64(key + static_cast<std::uint64_t>(i));
      for (std::size_t p = 0; p < projections.size(); ++p) {
        projections[p] += (signs >> p & 1) != 0 ? *loss : -*loss;
      }
    }
  }
}

// Returns the projections of the micro-batches of all ranks, divided by sqrt(loss tokens).
std::vector<double> projections(Run& run, const PassInputs& inputs, double tie_margin) {
  std::vector<double> sums(record::kTokenLossProjections, 0.0);
  double tokens = 0;
  for (const data::MicroBatch& batch : run.next_micro_batches()) {
    project(batch, run.engine().token_losses(batch, tie_margin), sums);
    tokens += static_cast<double>(batch.loss_tokens());
  }
  sums.push_back(tokens);
  inputs.world.all_reduce_sum(sums);
  tokens = sums.back();
  sums.pop_back();
  for (double& sum : sums) sum /= std::sqrt(tokens);
  return sums;
}

std::vector<double> flat(const std::vector<std::vector<double>>& steps) {
  std::vector<double> all;
  for (const auto& step : steps) all.insert(all.end(), step.begin(), step.end());
  return all;
}

std::vector<double> by_step(const std::vector<std::vector<double>>& a,
                            const std::vector<std::vector<double>>& b, bool relative) {
  MOEBENCH_CHECK(a.size() == b.size());
  std::vector<double> differences;
  for (std::size_t step = 0; step < a.size(); ++step) {
    differences.push_back(record::root_mean_square(a[step], b[step], relative));
  }
  return differences;
}

}  // namespace

void Numerics::before_step(Run& run, const PassInputs& inputs) {
  projections_.push_back(projections(run, inputs, 0));
}

void Numerics::measure_ties(Run& run, const PassInputs& inputs) {
  if (inputs.cell.dtype != config::Dtype::kFp32) return;
  token_loss_by_ties_.push_back(record::root_mean_square(projections(run, inputs, kTieMargin),
                                                         projections_.back(), /*relative=*/false));
}

void Numerics::after_step(const StepResult& step) {
  losses_.push_back(step.loss);
  layer_grad_norms_.push_back(step.layer_grad_norms);
}

void Numerics::write(record::Metrics& metrics) const {
  put_series(metrics, "first_losses", losses_);
  const auto put_steps = [&](const std::string& name,
                             const std::vector<std::vector<double>>& steps) {
    put_series(metrics, name, flat(steps));
    metrics.at(name).shape = {std::ssize(steps), std::ssize(steps.front())};
  };
  put_steps("token_loss_projections", projections_);
  put_steps("layer_grad_norms", layer_grad_norms_);
  if (token_loss_by_ties_.empty()) return;
  put_series(metrics, "token_loss_by_ties", token_loss_by_ties_);
}

std::vector<double> Numerics::token_loss_difference(const Numerics& other) const {
  return by_step(other.projections_, projections_, /*relative=*/false);
}

std::vector<double> Numerics::layer_grad_difference(const Numerics& other) const {
  return by_step(other.layer_grad_norms_, layer_grad_norms_, /*relative=*/true);
}

void noise_pass(const PassInputs& inputs, const Numerics& numerics, std::int64_t num_steps,
                record::Metrics& metrics) {
  Run run(inputs, Engine::BufferCaching::kOn);
  perturb_parameters(run.engine());
  Numerics perturbed;
  Consumed consumed;
  for (std::int64_t i = 0; i < num_steps; ++i) {
    perturbed.before_step(run, inputs);
    perturbed.after_step(run.step(consumed));
    inputs.tell_progress("numerics", i + 1, num_steps);
  }
  put_series(metrics, "token_loss_noise", numerics.token_loss_difference(perturbed));
  put_series(metrics, "layer_grad_noise", numerics.layer_grad_difference(perturbed));
}

}  // namespace moebench::train
