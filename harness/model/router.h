#pragma once

#include <ATen/core/Tensor.h>

#include "harness/config/cell.h"
#include "harness/model/flat_weights.h"
#include "harness/model/ops.h"

namespace moebench::model {

struct RouteOptions {
  // int32 [T, k], or undefined. They replace the router's choice, which is still made, so that it
  // costs what it costs; the weights are theirs, and pass on their gradient.
  at::Tensor forced_ids_Tk{};
  // Takes the next expert for the last chosen one where its score is within this of it, relative;
  // groups of experts likewise.
  double tie_margin = 0;
};

// The model's router on x_TH [T, H]. An expert is chosen by its score plus, where the model has
// one, its correction (Wang et al. 2024, "Auxiliary-loss-free load balancing"), and among the best
// groups of experts alone (DeepSeek V2 and V3, 2024). It is weighted by its score, as the model
// says divided by the sum of the chosen ones, times routed_scaling_factor. gpt-oss takes the
// softmax of the chosen logits: that is the same.
Routing route(const at::Tensor& x_TH, DenseWeights& weights, const config::ModelConfig& model,
              const RouteOptions& options = {});

}  // namespace moebench::model
