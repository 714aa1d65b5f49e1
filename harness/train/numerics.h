#pragma once

#include <vector>

#include "harness/record/record.h"
#include "harness/train/run.h"

namespace moebench::train {

// Measures what arms that do the same work are compared by (record/agreement.h), of the first steps
// of a run. The values are global, the same on every rank.
class Numerics {
 public:
  // Runs a forward pass over what the step will train on; call it before the step. Collective.
  void before_step(Run& run, const PassInputs& inputs);
  // Runs another one after it, with ties the other way; for fp32 alone. Collective.
  void measure_ties(Run& run, const PassInputs& inputs);
  void after_step(const StepResult& step);

  void write(record::Metrics& metrics) const;

  // Both say by how much the two are apart in each step: token losses by the root mean square;
  // gradient norms of the layers by the root mean square of the relative differences.
  std::vector<double> token_loss_difference(const Numerics& other) const;
  std::vector<double> layer_grad_difference(const Numerics& other) const;

 private:
  std::vector<double> losses_;                         // [steps]
  std::vector<std::vector<double>> projections_;       // [steps][record::kTokenLossProjections]
  std::vector<std::vector<double>> layer_grad_norms_;  // [steps][layers + 1]
  std::vector<double> token_loss_by_ties_;             // [steps]; fp32 alone
};

// The first steps once more from perturbed parameters: how far rounding alone moves what `numerics`
// holds. Adds token_loss_noise and layer_grad_noise. Collective.
void noise_pass(const PassInputs& inputs, const Numerics& numerics, std::int64_t num_steps,
                record::Metrics& metrics);

}  // namespace moebench::train
