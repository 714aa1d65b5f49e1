#include "harness/train/measured_steps.h"

#include <algorithm>
#include <functional>
#include <string>

#include "harness/train/rank_metrics.h"

namespace moebench::train {

void MeasuredSteps::add(const StepResult& step, std::int64_t elapsed_ns,
                        const measure::PhaseTimes& times) {
  step_time_ns.push_back(static_cast<double>(elapsed_ns));
  loss.push_back(step.loss);
  grad_norm.push_back(step.grad_norm);
  std::transform(phases.begin(), phases.end(), times.begin(), phases.begin(), std::plus<>());
}

void MeasuredSteps::write(record::Metrics& metrics) const {
  metrics["step_time"] = series("ns", step_time_ns);
  metrics["loss"] = series("1", loss);
  metrics["grad_norm"] = series("1", grad_norm);
  metrics["real_tokens"] = scalar("tokens", static_cast<double>(consumed.real));
  metrics["padding_tokens"] = scalar("tokens", static_cast<double>(consumed.padding));
  metrics["loss_tokens"] = scalar("tokens", static_cast<double>(consumed.loss));
  metrics["model_flops"] = scalar("FLOP", consumed.model_flops);
  metrics["hardware_flops"] = scalar("FLOP", consumed.hardware_flops);
  const auto num_steps = static_cast<double>(step_time_ns.size());
  for (std::size_t i = 0; i < measure::kNumPhases; ++i) {
    const auto phase = static_cast<measure::Phase>(i);
    if (phase == measure::Phase::kCheckpoint) continue;  // lies between steps
    const std::string name = measure::to_string(phase);
    metrics["phase_time_" + name] = scalar("ns", static_cast<double>(phases[i]) / num_steps);
  }
}

}  // namespace moebench::train
