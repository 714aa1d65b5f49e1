#pragma once

#include <optional>
#include <vector>

#include "harness/measure/message_times.h"
#include "harness/measure/phases.h"
#include "harness/record/record.h"
#include "harness/train/run.h"

namespace moebench::train {

// Holds what the measured steps of a rank add up to.
struct MeasuredSteps {
  std::vector<double> step_time_ns, loss, grad_norm;
  measure::PhaseTimes phases{};
  // Communication that computing hid; nullopt where nobody saw when messages arrived.
  std::optional<measure::PhaseTimes> hidden{};
  Consumed consumed;

  void add(const StepResult& step, std::int64_t elapsed_ns, const measure::PhaseTimes& times,
           const std::optional<measure::PhaseTimes>& hidden_times);
  void write(record::Metrics& metrics) const;
};

}  // namespace moebench::train
