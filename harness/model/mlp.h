#pragma once

#include <ATen/core/Tensor.h>

#include "harness/model/flat_weights.h"

namespace moebench::model {

// silu(x gate^T) * (x up^T), times down^T: [T, H] -> [T, H]. Saves x and both projections for its
// backward pass, [T, H] and [T, 2I]. Weights must outlive the graph.
at::Tensor gated_mlp(const at::Tensor& x_TH, MlpWeights& weights);

}  // namespace moebench::model
