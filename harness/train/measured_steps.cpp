#include "harness/train/measured_steps.h"

#include <algorithm>
#include <functional>
#include <string>

#include "harness/record/put_metric.h"

namespace moebench::train {

namespace {

void add_to(measure::PhaseTimes& sums, const measure::PhaseTimes& times) {
  std::transform(sums.begin(), sums.end(), times.begin(), sums.begin(), std::plus<>());
}

}  // namespace

void MeasuredSteps::add(const StepResult& step, std::int64_t elapsed_ns,
                        const measure::PhaseTimes& times,
                        const std::optional<measure::PhaseTimes>& hidden_times) {
  step_time_ns.push_back(static_cast<double>(elapsed_ns));
  loss.push_back(step.loss);
  grad_norm.push_back(step.grad_norm);
  add_to(phases, times);
  if (!hidden_times) return;
  if (!hidden) hidden.emplace();
  add_to(*hidden, *hidden_times);
}

void MeasuredSteps::write(record::Metrics& metrics) const {
  put_series(metrics, "step_time", step_time_ns);
  put_series(metrics, "loss", loss);
  put_series(metrics, "grad_norm", grad_norm);
  put(metrics, "real_tokens", consumed.real);
  put(metrics, "padding_tokens", consumed.padding);
  put(metrics, "loss_tokens", consumed.loss);
  put(metrics, "model_flops", consumed.model_flops);
  put(metrics, "hardware_flops", consumed.hardware_flops);
  const auto num_steps = static_cast<double>(step_time_ns.size());
  for (const measure::Phase phase : measure::kStepPhases) {
    const auto ns = static_cast<double>(phases[static_cast<std::size_t>(phase)]);
    if (ns == 0 && is_of_some_models(phase)) continue;
    put(metrics, std::string("phase_time_") + to_string(phase), ns / num_steps);
  }
  if (!hidden) return;
  for (const measure::Phase phase : measure::kStartedEarly) {
    const auto ns = static_cast<double>((*hidden)[static_cast<std::size_t>(phase)]);
    put(metrics, std::string("hidden_time_") + to_string(phase), ns / num_steps);
  }
}

}  // namespace moebench::train
